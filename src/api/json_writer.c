#include <stdarg.h>
#include <string.h>

#include "engine_internal.h"
#include "write_text.h"

static bool make_room(phi_json *j, size_t more)
{
    if (j->is_failed)
        return false;
    if (more < j->cap - j->len)
        return true;
    const size_t cap = (j->cap ? j->cap * 2 : 4096) + more;
    char *text = phi_arena_array(j->arena, char, cap);
    if (!text) {
        j->is_failed = true;
        return false;
    }
    if (j->len)
        memcpy(text, j->text, j->len);
    j->text = text;
    j->cap = cap;
    return true;
}

static void put(phi_json *j, const char *bytes, size_t n)
{
    if (!make_room(j, n + 1))
        return;
    memcpy(j->text + j->len, bytes, n);
    j->len += n;
}

void phi_json_raw(phi_json *j, const char *fmt, ...)
{
    char piece[256];
    va_list args;
    va_start(args, fmt);
    const int n = phi_write_text_args(piece, sizeof piece, fmt, args);
    va_end(args);
    put(j, piece, n < (int)sizeof piece ? (size_t)n : sizeof piece - 1);
}

/* Length of the valid UTF-8 sequence at s, or 0. */
static size_t utf8_length(const char *s, size_t left)
{
    const unsigned char c = (unsigned char)s[0];
    const size_t n = c < 0x80                ? 1
                     : c >= 0xc2 && c < 0xe0 ? 2
                     : c >= 0xe0 && c < 0xf0 ? 3
                     : c >= 0xf0 && c < 0xf5 ? 4
                                             : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
    const unsigned char second = n > 1 ? (unsigned char)s[1] : 0x80;
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f))
        return 0;
    return n;
}

static void put_string(phi_json *j, phi_str s)
{
    put(j, "\"", 1);
    for (size_t i = 0; i < s.len;) {
        const size_t n = utf8_length(s.ptr + i, s.len - i);
        const unsigned char c = (unsigned char)s.ptr[i];
        if (n == 0)
            put(j, "\xef\xbf\xbd", 3);
        else if (c == '"' || c == '\\')
            phi_json_raw(j, "\\%c", c);
        else if (c < 0x20)
            phi_json_raw(j, "\\u%04x", c);
        else
            put(j, s.ptr + i, n);
        i += n ? n : 1;
    }
    put(j, "\"", 1);
}

static void begin_value(phi_json *j, const char *key)
{
    if (j->wants_comma)
        put(j, ",", 1);
    if (key) {
        put_string(j, phi_str_of(key));
        put(j, ":", 1);
    }
    j->wants_comma = true;
}

void phi_json_open(phi_json *j, const char *key, char bracket)
{
    begin_value(j, key);
    put(j, &bracket, 1);
    j->wants_comma = false;
}

void phi_json_close(phi_json *j, char bracket)
{
    put(j, &bracket, 1);
    j->wants_comma = true;
}

void phi_json_str(phi_json *j, const char *key, phi_str value)
{
    begin_value(j, key);
    put_string(j, value);
}

void phi_json_int(phi_json *j, const char *key, int64_t value)
{
    begin_value(j, key);
    phi_json_raw(j, "%lld", (long long)value);
}

void phi_json_float(phi_json *j, const char *key, double value)
{
    begin_value(j, key);
    phi_json_raw(j, "%.9g", value);
}

void phi_json_bool(phi_json *j, const char *key, bool value)
{
    begin_value(j, key);
    phi_json_raw(j, "%s", value ? "true" : "false");
}

const char *phi_json_finish(phi_json *j)
{
    put(j, "", 1);
    return j->is_failed ? NULL : j->text;
}
