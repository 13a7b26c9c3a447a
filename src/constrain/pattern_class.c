/* The characters of an expression: literals, escapes, classes. */
#include <string.h>

#include "limits.h"
#include "pattern_tree.h"
#include "utf8.h"

/* A set on its way. */
typedef struct range_list {
    phi_char_range *items;
    uint32_t n, cap;
} range_list;

phi_status phi_pattern_take(phi_pattern_reader *r, uint32_t *out)
{
    int32_t c = PHI_UTF8_BAD;
    if (r->at >= r->text.len)
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "the expression ends here");
    const size_t n = phi_utf8_decode(&c, (const uint8_t *)r->text.ptr + r->at, r->text.len - r->at);
    if (c < 0)
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "this is not UTF-8");
    r->at += n;
    *out = (uint32_t)c;
    return PHI_OK;
}

static phi_status push(phi_pattern_reader *r, range_list *list, uint32_t low, uint32_t high)
{
    if (list->n == list->cap) {
        const uint32_t cap = list->cap ? 2 * list->cap : 16;
        phi_char_range *grown = phi_arena_array(r->arena, phi_char_range, cap);
        if (!grown)
            return phi_fail(r->err, PHI_ENOMEM, "constraint: no memory for a class of characters");
        if (list->n > 0)
            memcpy(grown, list->items, list->n * sizeof *grown);
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->n++] = (phi_char_range){low, high};
    return PHI_OK;
}

static bool is_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* With flag i, both cases of ASCII letters. Two characters beyond ASCII fold to one of them under the flags iu, and do
 * not under i alone: they are left out of a set, and out of a negated set too, so that what is generated matches either
 * way. Other characters beyond ASCII are refused: folding them takes tables. */
static phi_status push_cased(phi_pattern_reader *r, range_list *list, uint32_t low, uint32_t high, bool is_negated)
{
    static const uint32_t long_s = 0x017f;
    static const uint32_t kelvin = 0x212a;
    const size_t at = r->at;
    PHI_TRY(push(r, list, low, high));
    if (!r->ignores_case)
        return PHI_OK;
    if (high > 0x7f)
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, at, "flag i with characters beyond ASCII");
    for (uint32_t c = low; c <= high; c++) {
        if (!is_letter(c))
            continue;
        PHI_TRY(push(r, list, c ^ 0x20, c ^ 0x20));
        if (is_negated && ((c | 0x20) == 'k' || (c | 0x20) == 's'))
            PHI_TRY(push(r, list, (c | 0x20) == 'k' ? kelvin : long_s, (c | 0x20) == 'k' ? kelvin : long_s));
    }
    return PHI_OK;
}

static uint32_t finish(phi_pattern_reader *r, const range_list *list)
{
    return phi_charsets_add(r->sets, list->items, list->n);
}

/* ------------------------------------------------------------------ escapes */

static const phi_char_range digits[] = {{'0', '9'}};
static const phi_char_range word_chars[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
/* WhiteSpace and LineTerminator of ECMA-262. */
static const phi_char_range spaces[] = {{0x09, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680},
                                        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                        {0x3000, 0x3000}, {0xfeff, 0xfeff}};
static const phi_char_range newlines[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

static phi_status push_all(phi_pattern_reader *r, range_list *list, const phi_char_range *ranges, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        PHI_TRY(push(r, list, ranges[i].low, ranges[i].high));
    return PHI_OK;
}

static phi_status push_negated(phi_pattern_reader *r, range_list *list, const phi_char_range *ranges, uint32_t n)
{
    uint32_t low = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (ranges[i].low > low)
            PHI_TRY(push(r, list, low, ranges[i].low - 1));
        low = ranges[i].high + 1;
    }
    return push(r, list, low, PHI_CODE_POINT_MAX);
}

/* \d, \D, …: false when `c` names no such class. */
static bool push_class_escape(phi_pattern_reader *r, range_list *list, uint32_t c, phi_status *status)
{
    const bool is_negated = c == 'D' || c == 'W' || c == 'S';
    if (r->ignores_case && (c | 0x20) == 'w') {
        *status = phi_pattern_fail(r, PHI_EUNSUPPORTED, r->at, "\\w and \\W with flag i");
        return true;
    }
    const phi_char_range *ranges = digits;
    uint32_t n = 1;
    if ((c | 0x20) == 'w') {
        ranges = word_chars;
        n = sizeof word_chars / sizeof word_chars[0];
    } else if ((c | 0x20) == 's') {
        ranges = spaces;
        n = sizeof spaces / sizeof spaces[0];
    } else if ((c | 0x20) != 'd') {
        return false;
    }
    *status = is_negated ? push_negated(r, list, ranges, n) : push_all(r, list, ranges, n);
    return true;
}

/* Up to `n_max` hexadecimal digits, at least `n_min`. */
static phi_status read_hex(phi_pattern_reader *r, uint32_t n_min, uint32_t n_max, uint32_t *out)
{
    uint32_t n = 0;
    for (*out = 0; n < n_max && r->at < r->text.len; n++, r->at++) {
        const int c = (uint8_t)r->text.ptr[r->at];
        const int lower = c | 0x20;
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *out = *out << 4 | (uint32_t)(lower - 'a' + 10);
        else
            break;
    }
    return n >= n_min ? PHI_OK : phi_pattern_fail(r, PHI_EINVAL, r->at, "a hexadecimal digit is expected");
}

/* Behind \u. */
static phi_status read_unicode(phi_pattern_reader *r, uint32_t *out)
{
    const size_t begin = r->at;
    uint32_t low = 0;
    if (r->at < r->text.len && r->text.ptr[r->at] == '{') {
        r->at++;
        PHI_TRY(read_hex(r, 1, 8, out));
        if (r->at >= r->text.len || r->text.ptr[r->at++] != '}')
            return phi_pattern_fail(r, PHI_EINVAL, r->at, "'}' is expected");
        if (*out > PHI_CODE_POINT_MAX)
            return phi_pattern_fail(r, PHI_EINVAL, begin, "a code point is at most 10FFFF");
    } else {
        PHI_TRY(read_hex(r, 4, 4, out));
        const phi_str rest = {r->text.ptr + r->at, r->text.len - r->at};
        if (*out >= 0xd800 && *out <= 0xdbff && phi_str_has_prefix(rest, PHI_STR("\\u"))) {
            r->at += 2;
            PHI_TRY(read_hex(r, 4, 4, &low));
            if (low < 0xdc00 || low > 0xdfff)
                return phi_pattern_fail(r, PHI_EUNSUPPORTED, begin, "a lone surrogate");
            *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (*out >= 0xd800 && *out <= 0xdfff)
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, begin, "a lone surrogate");
    return PHI_OK;
}

static bool is_punctuation(uint32_t c)
{
    return c > ' ' && c < 0x7f && !is_letter(c) && !(c >= '0' && c <= '9');
}

/* An escape that stands for one character, behind its backslash. */
static phi_status read_char_escape(phi_pattern_reader *r, bool is_in_class, uint32_t *out)
{
    static const char names[] = "tnvfr";
    static const char values[] = "\t\n\v\f\r";
    const size_t at = r->at - 1;
    uint32_t c = 0;
    PHI_TRY(phi_pattern_take(r, &c));
    *out = c;
    const char *found = c > 0 && c < 0x80 ? strchr(names, (int)c) : NULL;
    if (found) {
        *out = (uint8_t)values[found - names];
        return PHI_OK;
    }
    if (c == 'x')
        return read_hex(r, 2, 2, out);
    if (c == 'u')
        return read_unicode(r, out);
    if (c == 'b' && is_in_class) {
        *out = '\b';
        return PHI_OK;
    }
    const bool is_followed_by_digit = r->at < r->text.len && r->text.ptr[r->at] >= '0' && r->text.ptr[r->at] <= '9';
    if (c == '0' && !is_followed_by_digit) {
        *out = 0;
        return PHI_OK;
    }
    if (c == 'c') {
        PHI_TRY(phi_pattern_take(r, &c));
        *out = c & 0x1f;
        return is_letter(c) ? PHI_OK : phi_pattern_fail(r, PHI_EINVAL, at, "\\c needs a letter");
    }
    if (is_punctuation(c))
        return PHI_OK;
    if (c == 'b' || c == 'B')
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, at, "\\b and \\B (word boundaries)");
    if (c == 'p' || c == 'P')
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, at, "\\p (Unicode properties)");
    if (c == 'k' || (c >= '0' && c <= '9'))
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, at, "backreferences and octal escapes");
    return phi_pattern_fail(r, PHI_EINVAL, at, "this escape is unknown");
}

phi_status phi_pattern_read_escape(phi_pattern_reader *r, uint32_t *set)
{
    range_list list = {NULL, 0, 0};
    const size_t begin = r->at;
    phi_status status = PHI_OK;
    uint32_t c = 0;
    PHI_TRY(phi_pattern_take(r, &c));
    if (!push_class_escape(r, &list, c, &status)) {
        r->at = begin;
        PHI_TRY(read_char_escape(r, false, &c));
        status = push_cased(r, &list, c, c, false);
    }
    PHI_TRY(status);
    *set = finish(r, &list);
    return PHI_OK;
}

phi_status phi_pattern_read_char(phi_pattern_reader *r, uint32_t *set)
{
    range_list list = {NULL, 0, 0};
    uint32_t c = 0;
    PHI_TRY(phi_pattern_take(r, &c));
    PHI_TRY(push_cased(r, &list, c, c, false));
    *set = finish(r, &list);
    return PHI_OK;
}

phi_status phi_pattern_read_dot(phi_pattern_reader *r, uint32_t *set)
{
    range_list list = {NULL, 0, 0};
    PHI_TRY(r->dot_takes_newlines ? push(r, &list, 0, PHI_CODE_POINT_MAX)
                                  : push_negated(r, &list, newlines, sizeof newlines / sizeof newlines[0]));
    *set = finish(r, &list);
    return PHI_OK;
}

/* ------------------------------------------------------------------ classes */

/* One member of a class; *is_char when it is a single character, which may begin or end a range. */
static phi_status read_member(phi_pattern_reader *r, range_list *list, bool *is_char, uint32_t *c)
{
    phi_status status = PHI_OK;
    *is_char = true;
    PHI_TRY(phi_pattern_take(r, c));
    if (*c != '\\')
        return PHI_OK;
    const size_t at = r->at;
    PHI_TRY(phi_pattern_take(r, c));
    *is_char = !push_class_escape(r, list, *c, &status);
    if (!*is_char)
        return status;
    r->at = at;
    return read_char_escape(r, true, c);
}

static phi_status read_members(phi_pattern_reader *r, range_list *list, bool is_negated)
{
    while (r->at < r->text.len && r->text.ptr[r->at] != ']') {
        const size_t at = r->at;
        bool is_char, is_end_char;
        uint32_t low = 0;
        uint32_t high = 0;
        PHI_TRY(read_member(r, list, &is_char, &low));
        const bool is_range = r->at + 1 < r->text.len && r->text.ptr[r->at] == '-' && r->text.ptr[r->at + 1] != ']';
        high = low;
        if (is_range) {
            r->at++;
            PHI_TRY(read_member(r, list, &is_end_char, &high));
            if (!is_char || !is_end_char || high < low)
                return phi_pattern_fail(r, PHI_EINVAL, at, "this range of a class is out of order");
        }
        if (is_char)
            PHI_TRY(push_cased(r, list, low, high, is_negated));
    }
    if (r->at >= r->text.len)
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "']' is expected");
    r->at++;
    return PHI_OK;
}

phi_status phi_pattern_read_class(phi_pattern_reader *r, uint32_t *set)
{
    range_list list = {NULL, 0, 0};
    const bool is_negated = r->at < r->text.len && r->text.ptr[r->at] == '^';
    r->at += is_negated;
    PHI_TRY(read_members(r, &list, is_negated));
    *set = finish(r, &list);
    if (is_negated)
        *set = phi_charsets_complement(r->sets, *set);
    return PHI_OK;
}
