#include "json_walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, NUMBER_BYTES_MAX = 63 };

phi_json_walk phi_walk_open(phi_arena *arena, const char *what, phi_bytes text, phi_error *err)
{
    return (phi_json_walk){
        .r = {
            .arena = arena, .text = {(const char *)text.ptr, text.len}, .what = what, .bad = PHI_ECORRUPT, .err = err}};
}

phi_status phi_walk_end(phi_json_walk *w)
{
    phi_json_skip_space(&w->r);
    return w->r.at == w->r.text.len ? PHI_OK : phi_json_fail(&w->r, "the end of the text");
}

int phi_walk_peek(phi_json_walk *w)
{
    phi_json_skip_space(&w->r);
    return phi_json_peek(&w->r);
}

phi_status phi_walk_enter(phi_json_walk *w, char opening)
{
    if (phi_walk_peek(w) != opening)
        return phi_json_fail(&w->r, opening == '{' ? "an object" : "an array");
    if (w->depth == DEPTH_MAX)
        return phi_fail(w->r.err, PHI_ECORRUPT, "%s: byte %zu: more than %d levels", w->r.what, w->r.at, DEPTH_MAX);
    w->r.at++;
    w->depth++;
    w->is_first = true;
    return PHI_OK;
}

static phi_status advance(phi_json_walk *w, char closing, bool *has_more)
{
    const bool is_first = w->is_first;
    phi_json_skip_space(&w->r);
    w->is_first = false;
    *has_more = !phi_json_take(&w->r, closing);
    if (!*has_more) {
        w->depth--;
        return PHI_OK;
    }
    if (!is_first && !phi_json_take(&w->r, ','))
        return phi_json_fail(&w->r, closing == ']' ? "',' or ']'" : "',' or '}'");
    phi_json_skip_space(&w->r);
    return PHI_OK;
}

phi_status phi_walk_member(phi_json_walk *w, phi_str *key, bool *has_more)
{
    PHI_TRY(advance(w, '}', has_more));
    if (!*has_more)
        return PHI_OK;
    PHI_TRY(phi_json_read_string(&w->r, key));
    phi_json_skip_space(&w->r);
    return phi_json_take(&w->r, ':') ? PHI_OK : phi_json_fail(&w->r, "':'");
}

phi_status phi_walk_item(phi_json_walk *w, bool *has_more)
{
    return advance(w, ']', has_more);
}

phi_status phi_walk_items(phi_json_walk *w, phi_status (*read)(phi_json_walk *w, void *ctx), void *ctx)
{
    bool has_more;
    PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        PHI_TRY(read(w, ctx));
    }
}

static phi_status skip_members(phi_json_walk *w, char opening)
{
    bool has_more = true;
    phi_str key;
    PHI_TRY(phi_walk_enter(w, opening));
    for (;;) {
        PHI_TRY(opening == '{' ? phi_walk_member(w, &key, &has_more) : phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        PHI_TRY(phi_walk_skip(w));
    }
}

phi_status phi_walk_skip(phi_json_walk *w)
{
    phi_str text;
    switch (phi_walk_peek(w)) {
    case '{':
    case '[':
        return skip_members(w, (char)phi_json_peek(&w->r));
    case '"':
        return phi_json_read_string(&w->r, &text);
    case 't':
        return phi_json_read_word(&w->r, PHI_STR("true"));
    case 'f':
        return phi_json_read_word(&w->r, PHI_STR("false"));
    case 'n':
        return phi_json_read_word(&w->r, PHI_STR("null"));
    default:
        return phi_json_read_number(&w->r, &text);
    }
}

phi_status phi_walk_text(phi_json_walk *w, phi_str *out)
{
    phi_json_skip_space(&w->r);
    return phi_json_read_string(&w->r, out);
}

phi_status phi_walk_flag(phi_json_walk *w, bool *out)
{
    const int c = phi_walk_peek(w);
    if (c != 't' && c != 'f')
        return phi_json_fail(&w->r, "true or false");
    *out = c == 't';
    return phi_json_read_word(&w->r, *out ? PHI_STR("true") : PHI_STR("false"));
}

static phi_status read_number(phi_json_walk *w, char out[NUMBER_BYTES_MAX + 1])
{
    const int c = phi_walk_peek(w);
    const size_t begin = w->r.at;
    phi_str text;
    if (c != '-' && (c < '0' || c > '9'))
        return phi_json_fail(&w->r, "a number");
    PHI_TRY(phi_json_read_number(&w->r, &text));
    if (text.len > NUMBER_BYTES_MAX) {
        w->r.at = begin;
        return phi_json_fail(&w->r, "a number of at most 63 characters");
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return PHI_OK;
}

phi_status phi_walk_int(phi_json_walk *w, int64_t *out)
{
    char text[NUMBER_BYTES_MAX + 1];
    phi_json_skip_space(&w->r);
    const size_t begin = w->r.at;
    PHI_TRY(read_number(w, text));
    const bool is_negative = text[0] == '-';
    int64_t value = 0;
    for (const char *at = text + is_negative; *at; at++) {
        const bool is_digit = *at >= '0' && *at <= '9';
        if (!is_digit || value > (INT64_MAX - 9) / 10) {
            w->r.at = begin;
            return phi_json_fail(&w->r, "a whole number below 2^63, without fraction or exponent");
        }
        value = value * 10 + (*at - '0');
    }
    *out = is_negative ? -value : value;
    return PHI_OK;
}

phi_status phi_walk_real(phi_json_walk *w, double *out)
{
    char text[NUMBER_BYTES_MAX + 1];
    phi_json_skip_space(&w->r);
    const size_t begin = w->r.at;
    PHI_TRY(read_number(w, text));
    *out = strtod(text, NULL);
    if (isfinite(*out))
        return PHI_OK;
    w->r.at = begin;
    return phi_json_fail(&w->r, "a number that is finite in 64 bits");
}

/* null is taken, and nothing else. */
static bool takes_null(phi_json_walk *w)
{
    return phi_walk_peek(w) == 'n' && phi_json_read_word(&w->r, PHI_STR("null")) == PHI_OK;
}

/* ------------------------------------------------------------------ fields */

static phi_status read_field(phi_json_walk *w, const phi_field *f, void *out)
{
    void *field = (char *)out + f->offset;
    if (f->kind != PHI_FIELD_OTHER && takes_null(w))
        return PHI_OK;
    switch (f->kind) {
    case PHI_FIELD_INT:
        return phi_walk_int(w, field);
    case PHI_FIELD_REAL:
        return phi_walk_real(w, field);
    case PHI_FIELD_FLAG:
        return phi_walk_flag(w, field);
    case PHI_FIELD_TEXT:
        return phi_walk_text(w, field);
    case PHI_FIELD_OTHER:
        break;
    }
    return takes_null(w) ? PHI_OK : f->read(w, field);
}

phi_status phi_walk_fields(phi_json_walk *w, const phi_field *fields, size_t n_fields, void *out)
{
    uint64_t seen = 0;
    bool has_more;
    phi_str key;
    PHI_TRY(phi_walk_enter(w, '{'));
    for (;;) {
        const size_t begin = w->r.at;
        size_t k = 0;
        PHI_TRY(phi_walk_member(w, &key, &has_more));
        if (!has_more)
            return PHI_OK;
        while (k < n_fields && !phi_str_equal(key, phi_str_of(fields[k].name)))
            k++;
        if (k < n_fields && (seen >> k & 1))
            return phi_fail(w->r.err, PHI_ECORRUPT, "%s: byte %zu: '%s' is there twice", w->r.what, begin,
                            fields[k].name);
        seen |= k < n_fields ? (uint64_t)1 << k : 0;
        PHI_TRY(k < n_fields ? read_field(w, &fields[k], out) : phi_walk_skip(w));
    }
}
