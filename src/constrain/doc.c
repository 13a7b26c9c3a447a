#include "doc.h"

#include <string.h>

#include "decimal.h"
#include "limits.h"
#include "utf8.h"
#include "write_text.h"

typedef struct parser {
    phi_arena *arena;
    phi_str text;
    size_t at;
    uint32_t depth;
    phi_error *err;
} parser;

static phi_status fail(const parser *p, const char *expected)
{
    if (p->at >= p->text.len)
        return phi_fail(p->err, PHI_EINVAL, "JSON: the text ends at byte %zu; expected %s", p->at, expected);
    return phi_fail(p->err, PHI_EINVAL, "JSON: byte %zu is 0x%02x; expected %s", p->at, (uint8_t)p->text.ptr[p->at],
                    expected);
}

static phi_status no_memory(const parser *p)
{
    return phi_fail(p->err, PHI_ENOMEM, "JSON: no memory for the tree of %zu bytes of text", p->text.len);
}

static int peek(const parser *p)
{
    return p->at < p->text.len ? (uint8_t)p->text.ptr[p->at] : -1;
}

static void skip_space(parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\n' || peek(p) == '\r' || peek(p) == '\t')
        p->at++;
}

static bool take(parser *p, char c)
{
    if (peek(p) != c)
        return false;
    p->at++;
    return true;
}

/* ------------------------------------------------------------------ strings */

size_t phi_doc_write_utf8(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(leads[n] | c);
    return n;
}

static bool read_hex4(parser *p, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const int c = peek(p);
        const int lower = c | 0x20;
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *out = *out << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Behind "\u". */
static phi_status read_unicode_escape(parser *p, uint32_t *out)
{
    uint32_t low;
    if (!read_hex4(p, out))
        return fail(p, "four hexadecimal digits");
    if (*out < 0xd800 || *out > 0xdfff)
        return PHI_OK;
    if (*out > 0xdbff || !take(p, '\\') || !take(p, 'u') || !read_hex4(p, &low) || low < 0xdc00 || low > 0xdfff)
        return fail(p, "no lone surrogate (\\ud83d needs \\ude00 behind it)");
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return PHI_OK;
}

static phi_status read_escape(parser *p, uint32_t *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const int c = peek(p);
    const char *found = c > 0 ? strchr(names, c) : NULL;
    if (found) {
        p->at++;
        *out = (uint8_t)values[found - names];
        return PHI_OK;
    }
    return take(p, 'u') ? read_unicode_escape(p, out) : fail(p, "an escape such as \\n or \\u00e9");
}

/* Bytes that the string at `at` (behind its quote) may decode to: none is longer decoded than written. */
static size_t measure_string(const parser *p)
{
    size_t end = p->at;
    while (end < p->text.len && p->text.ptr[end] != '"')
        end += p->text.ptr[end] == '\\' ? 2 : 1;
    return (end < p->text.len ? end : p->text.len) - p->at;
}

static phi_status read_string(parser *p, phi_str *out)
{
    if (!take(p, '"'))
        return fail(p, "a string");
    uint8_t *bytes = phi_arena_array(p->arena, uint8_t, measure_string(p) + 4);
    size_t n = 0;
    if (!bytes)
        return no_memory(p);
    while (!take(p, '"')) {
        int32_t c = PHI_UTF8_BAD;
        if (take(p, '\\')) {
            uint32_t escaped = 0;
            PHI_TRY(read_escape(p, &escaped));
            n += phi_doc_write_utf8(bytes + n, escaped);
            continue;
        }
        if (peek(p) < 0x20)
            return fail(p, "a closing quote (control characters are written \\u00XX)");
        const size_t taken = phi_utf8_decode(&c, (const uint8_t *)p->text.ptr + p->at, p->text.len - p->at);
        if (c < 0)
            return fail(p, "UTF-8");
        memcpy(bytes + n, p->text.ptr + p->at, taken);
        n += taken;
        p->at += taken;
    }
    *out = (phi_str){(const char *)bytes, n};
    return PHI_OK;
}

/* ------------------------------------------------------------------ values */

static size_t skip_digits(parser *p)
{
    const size_t begin = p->at;
    while (peek(p) >= '0' && peek(p) <= '9')
        p->at++;
    return p->at - begin;
}

static phi_status read_number(parser *p, phi_doc_value *v)
{
    const size_t begin = p->at;
    (void)take(p, '-');
    if (!take(p, '0') && skip_digits(p) == 0)
        return fail(p, "a value");
    if (take(p, '.') && skip_digits(p) == 0)
        return fail(p, "a digit");
    if (take(p, 'e') || take(p, 'E')) {
        if (!take(p, '+'))
            (void)take(p, '-');
        if (skip_digits(p) == 0)
            return fail(p, "a digit");
    }
    v->type = PHI_DOC_NUMBER;
    v->text = (phi_str){p->text.ptr + begin, p->at - begin};
    return PHI_OK;
}

static phi_status read_word(parser *p, phi_doc_value *v, phi_str word, phi_doc_type type)
{
    if (!phi_str_has_prefix((phi_str){p->text.ptr + p->at, p->text.len - p->at}, word))
        return fail(p, "a value");
    p->at += word.len;
    v->type = type;
    return PHI_OK;
}

static uint32_t hash_key(phi_str key)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (uint8_t)key.ptr[i]) * 16777619u;
    return h;
}

static phi_status read_key(parser *p, phi_doc_value *item, const phi_doc_value *object)
{
    const size_t begin = p->at;
    PHI_TRY(read_string(p, &item->key));
    item->key_hash = hash_key(item->key);
    for (const phi_doc_value *other = object->first; other; other = other->next)
        if (other->key_hash == item->key_hash && phi_str_equal(other->key, item->key))
            return phi_fail(p->err, PHI_EINVAL, "JSON: byte %zu: the name \"%.*s\" is there twice", begin,
                            phi_str_print_len(item->key), item->key.ptr);
    skip_space(p);
    return take(p, ':') ? PHI_OK : fail(p, "':'");
}

static phi_status read_value(parser *p, phi_doc_value *v);

static phi_status read_items(parser *p, phi_doc_value *v, char closing)
{
    phi_doc_value **at = &v->first;
    p->at++;
    v->type = closing == ']' ? PHI_DOC_ARRAY : PHI_DOC_OBJECT;
    skip_space(p);
    if (take(p, closing))
        return PHI_OK;
    do {
        phi_doc_value *item = phi_arena_zeroed(p->arena, phi_doc_value, 1);
        if (!item)
            return no_memory(p);
        if (v->n_items == PHI_LIMIT_CONSTRAINT_MEMBERS)
            return phi_fail(p->err, PHI_EINVAL, "JSON: byte %zu: more than %d items in one %s", p->at,
                            PHI_LIMIT_CONSTRAINT_MEMBERS, closing == ']' ? "array" : "object");
        item->parent = v;
        item->idx = v->n_items;
        skip_space(p);
        if (closing == '}')
            PHI_TRY(read_key(p, item, v));
        PHI_TRY(read_value(p, item));
        v->n_items++;
        *at = item;
        at = &item->next;
        skip_space(p);
    } while (take(p, ','));
    return take(p, closing) ? PHI_OK : fail(p, closing == ']' ? "',' or ']'" : "',' or '}'");
}

static phi_status read_value(parser *p, phi_doc_value *v)
{
    phi_status status;
    skip_space(p);
    if (p->depth == PHI_LIMIT_CONSTRAINT_NESTING)
        return phi_fail(p->err, PHI_EINVAL, "JSON: byte %zu: more than %d levels", p->at, PHI_LIMIT_CONSTRAINT_NESTING);
    p->depth++;
    switch (peek(p)) {
    case '{':
        status = read_items(p, v, '}');
        break;
    case '[':
        status = read_items(p, v, ']');
        break;
    case '"':
        v->type = PHI_DOC_STRING;
        status = read_string(p, &v->text);
        break;
    case 't':
        status = read_word(p, v, PHI_STR("true"), PHI_DOC_TRUE);
        break;
    case 'f':
        status = read_word(p, v, PHI_STR("false"), PHI_DOC_FALSE);
        break;
    case 'n':
        status = read_word(p, v, PHI_STR("null"), PHI_DOC_NULL);
        break;
    default:
        status = read_number(p, v);
    }
    p->depth--;
    return status;
}

phi_status phi_doc_parse(phi_doc_value **out, phi_arena *arena, phi_str text, phi_error *err)
{
    parser p = {.arena = arena, .text = text, .err = err};
    if (text.len > PHI_LIMIT_CONSTRAINT_BYTES)
        return phi_fail(err, PHI_EINVAL, "JSON: %zu bytes of text, at most %d", text.len, PHI_LIMIT_CONSTRAINT_BYTES);
    *out = phi_arena_zeroed(arena, phi_doc_value, 1);
    if (!*out)
        return no_memory(&p);
    PHI_TRY(read_value(&p, *out));
    skip_space(&p);
    return p.at == text.len ? PHI_OK : fail(&p, "the end of the text");
}

/* ------------------------------------------------------------------ questions */

phi_doc_value *phi_doc_get(const phi_doc_value *object, phi_str key)
{
    if (!object || object->type != PHI_DOC_OBJECT)
        return NULL;
    const uint32_t hash = hash_key(key);
    phi_doc_value *item = object->first;
    while (item && (item->key_hash != hash || !phi_str_equal(item->key, key)))
        item = item->next;
    return item;
}

static bool equal_items(const phi_doc_value *a, const phi_doc_value *b)
{
    if (a->n_items != b->n_items)
        return false;
    const phi_doc_value *y = b->first;
    for (const phi_doc_value *x = a->first; x; x = x->next) {
        const phi_doc_value *other = a->type == PHI_DOC_ARRAY ? y : phi_doc_get(b, x->key);
        if (!other || !phi_doc_equal(x, other))
            return false;
        y = y->next;
    }
    return true;
}

bool phi_doc_equal(const phi_doc_value *a, const phi_doc_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case PHI_DOC_STRING:
        return phi_str_equal(a->text, b->text);
    case PHI_DOC_NUMBER:
        return phi_decimal_text_equal(a->text, b->text);
    case PHI_DOC_ARRAY:
    case PHI_DOC_OBJECT:
        return equal_items(a, b);
    default:
        return true;
    }
}

/* Room for the last steps is kept: they say most. */
const char *phi_doc_place(char out[PHI_DOC_PLACE_BYTES], const phi_doc_value *value)
{
    char back[PHI_DOC_PLACE_BYTES];
    size_t at = sizeof back - 1;
    back[at] = 0;
    for (const phi_doc_value *v = value; v->parent; v = v->parent) {
        char step[64];
        if (v->parent->type == PHI_DOC_ARRAY)
            (void)phi_write_text(step, sizeof step, "/%u", (unsigned)v->idx);
        else
            (void)phi_write_text(step, sizeof step, "/%.*s", v->key.len < 60 ? (int)v->key.len : 60, v->key.ptr);
        const size_t n = strlen(step);
        if (n + 8 > at) {
            at -= 4;
            memcpy(back + at, "/...", 4);
            break;
        }
        at -= n;
        memcpy(back + at, step, n);
    }
    (void)phi_write_text(out, PHI_DOC_PLACE_BYTES, "#%s", back + at);
    return out;
}
