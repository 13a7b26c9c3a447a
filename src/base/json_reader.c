#include "json_reader.h"

#include <string.h>

#include "utf8.h"

phi_status phi_json_fail(const phi_json_reader *r, const char *expected)
{
    if (r->at >= r->text.len)
        return phi_fail(r->err, r->bad, "%s: the text ends at byte %zu; expected %s", r->what, r->text.len, expected);
    return phi_fail(r->err, r->bad, "%s: byte %zu is 0x%02x; expected %s", r->what, r->at, (uint8_t)r->text.ptr[r->at],
                    expected);
}

void phi_json_skip_space(phi_json_reader *r)
{
    int c = phi_json_peek(r);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        r->at++;
        c = phi_json_peek(r);
    }
}

/* ------------------------------------------------------------------ strings */

static bool read_hex4(phi_json_reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const int c = phi_json_peek(r);
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
static phi_status read_unicode_escape(phi_json_reader *r, uint32_t *out)
{
    uint32_t low;
    if (!read_hex4(r, out))
        return phi_json_fail(r, "four hexadecimal digits");
    if (*out < 0xd800 || *out > 0xdfff)
        return PHI_OK;
    if (*out > 0xdbff || !phi_json_take(r, '\\') || !phi_json_take(r, 'u') || !read_hex4(r, &low) || low < 0xdc00 ||
        low > 0xdfff)
        return phi_json_fail(r, "no lone surrogate (\\ud83d needs \\ude00 behind it)");
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return PHI_OK;
}

static phi_status read_escape(phi_json_reader *r, uint32_t *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const int c = phi_json_peek(r);
    const char *found = c > 0 ? strchr(names, c) : NULL;
    if (found) {
        r->at++;
        *out = (uint8_t)values[found - names];
        return PHI_OK;
    }
    return phi_json_take(r, 'u') ? read_unicode_escape(r, out) : phi_json_fail(r, "an escape such as \\n or \\u00e9");
}

/* The part of a string that is as it is written, up to its quote or its first escape. */
static phi_status skip_plain(phi_json_reader *r)
{
    while (phi_json_peek(r) != '"' && phi_json_peek(r) != '\\') {
        int32_t c = PHI_UTF8_BAD;
        if (phi_json_peek(r) < 0x20)
            return phi_json_fail(r, "a closing quote (control characters are written \\u00XX)");
        const size_t n = phi_utf8_decode(&c, (const uint8_t *)r->text.ptr + r->at, r->text.len - r->at);
        if (c < 0)
            return phi_json_fail(r, "UTF-8");
        r->at += n;
    }
    return PHI_OK;
}

/* Bytes from `at` to the closing quote: no string is longer decoded than written. */
static size_t measure_string(const phi_json_reader *r)
{
    size_t end = r->at;
    while (end < r->text.len && r->text.ptr[end] != '"')
        end += r->text.ptr[end] == '\\' ? 2 : 1;
    return (end < r->text.len ? end : r->text.len) - r->at;
}

/* A string that has escapes; its first `n` bytes, from `begin`, have none. */
static phi_status decode_string(phi_json_reader *r, phi_str *out, size_t begin)
{
    size_t n = r->at - begin;
    uint8_t *bytes = phi_arena_array(r->arena, uint8_t, n + measure_string(r) + 4);
    if (!bytes)
        return phi_fail(r->err, PHI_ENOMEM, "%s: no memory for a string", r->what);
    memcpy(bytes, r->text.ptr + begin, n);
    while (!phi_json_take(r, '"')) {
        uint32_t escaped = 0;
        if (phi_json_take(r, '\\')) {
            PHI_TRY(read_escape(r, &escaped));
            n += phi_utf8_encode(bytes + n, escaped);
            continue;
        }
        const size_t from = r->at;
        PHI_TRY(skip_plain(r));
        memcpy(bytes + n, r->text.ptr + from, r->at - from);
        n += r->at - from;
    }
    *out = (phi_str){(const char *)bytes, n};
    return PHI_OK;
}

phi_status phi_json_read_string(phi_json_reader *r, phi_str *out)
{
    if (!phi_json_take(r, '"'))
        return phi_json_fail(r, "a string");
    const size_t begin = r->at;
    PHI_TRY(skip_plain(r));
    if (phi_json_peek(r) == '\\')
        return decode_string(r, out, begin);
    *out = (phi_str){r->text.ptr + begin, r->at - begin};
    r->at++;
    return PHI_OK;
}

/* ------------------------------------------------------------------ numbers and words */

static size_t skip_digits(phi_json_reader *r)
{
    const size_t begin = r->at;
    while (phi_json_peek(r) >= '0' && phi_json_peek(r) <= '9')
        r->at++;
    return r->at - begin;
}

phi_status phi_json_read_number(phi_json_reader *r, phi_str *out)
{
    const size_t begin = r->at;
    (void)phi_json_take(r, '-');
    if (!phi_json_take(r, '0') && skip_digits(r) == 0)
        return phi_json_fail(r, "a value");
    if (phi_json_take(r, '.') && skip_digits(r) == 0)
        return phi_json_fail(r, "a digit");
    if (phi_json_take(r, 'e') || phi_json_take(r, 'E')) {
        if (!phi_json_take(r, '+'))
            (void)phi_json_take(r, '-');
        if (skip_digits(r) == 0)
            return phi_json_fail(r, "a digit");
    }
    *out = (phi_str){r->text.ptr + begin, r->at - begin};
    return PHI_OK;
}

phi_status phi_json_read_word(phi_json_reader *r, phi_str word)
{
    if (!phi_str_has_prefix((phi_str){r->text.ptr + r->at, r->text.len - r->at}, word))
        return phi_json_fail(r, "a value");
    r->at += word.len;
    return PHI_OK;
}
