#include "doc.h"

#include <string.h>

#include "decimal.h"
#include "json_reader.h"
#include "limits.h"
#include "write_text.h"

typedef struct parser {
    phi_json_reader r;
    uint32_t depth;
} parser;

static phi_status no_memory(const parser *p)
{
    return phi_fail(p->r.err, PHI_ENOMEM, "JSON: no memory for the tree of %zu bytes of text", p->r.text.len);
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
    const size_t begin = p->r.at;
    PHI_TRY(phi_json_read_string(&p->r, &item->key));
    item->key_hash = hash_key(item->key);
    for (const phi_doc_value *other = object->first; other; other = other->next)
        if (other->key_hash == item->key_hash && phi_str_equal(other->key, item->key))
            return phi_fail(p->r.err, PHI_EINVAL, "JSON: byte %zu: the name \"%.*s\" is there twice", begin,
                            phi_str_print_len(item->key), item->key.ptr);
    phi_json_skip_space(&p->r);
    return phi_json_take(&p->r, ':') ? PHI_OK : phi_json_fail(&p->r, "':'");
}

static phi_status read_value(parser *p, phi_doc_value *v);

static phi_status read_items(parser *p, phi_doc_value *v, char closing)
{
    phi_doc_value **at = &v->first;
    p->r.at++;
    v->type = closing == ']' ? PHI_DOC_ARRAY : PHI_DOC_OBJECT;
    phi_json_skip_space(&p->r);
    if (phi_json_take(&p->r, closing))
        return PHI_OK;
    do {
        phi_doc_value *item = phi_arena_zeroed(p->r.arena, phi_doc_value, 1);
        if (!item)
            return no_memory(p);
        if (v->n_items == PHI_LIMIT_CONSTRAINT_MEMBERS)
            return phi_fail(p->r.err, PHI_EINVAL, "JSON: byte %zu: more than %d items in one %s", p->r.at,
                            PHI_LIMIT_CONSTRAINT_MEMBERS, closing == ']' ? "array" : "object");
        item->parent = v;
        item->idx = v->n_items;
        phi_json_skip_space(&p->r);
        if (closing == '}')
            PHI_TRY(read_key(p, item, v));
        PHI_TRY(read_value(p, item));
        v->n_items++;
        *at = item;
        at = &item->next;
        phi_json_skip_space(&p->r);
    } while (phi_json_take(&p->r, ','));
    return phi_json_take(&p->r, closing) ? PHI_OK : phi_json_fail(&p->r, closing == ']' ? "',' or ']'" : "',' or '}'");
}

static phi_status read_value(parser *p, phi_doc_value *v)
{
    phi_status status;
    phi_json_skip_space(&p->r);
    if (p->depth == PHI_LIMIT_CONSTRAINT_NESTING)
        return phi_fail(p->r.err, PHI_EINVAL, "JSON: byte %zu: more than %d levels", p->r.at,
                        PHI_LIMIT_CONSTRAINT_NESTING);
    p->depth++;
    switch (phi_json_peek(&p->r)) {
    case '{':
        status = read_items(p, v, '}');
        break;
    case '[':
        status = read_items(p, v, ']');
        break;
    case '"':
        v->type = PHI_DOC_STRING;
        status = phi_json_read_string(&p->r, &v->text);
        break;
    case 't':
        v->type = PHI_DOC_TRUE;
        status = phi_json_read_word(&p->r, PHI_STR("true"));
        break;
    case 'f':
        v->type = PHI_DOC_FALSE;
        status = phi_json_read_word(&p->r, PHI_STR("false"));
        break;
    case 'n':
        v->type = PHI_DOC_NULL;
        status = phi_json_read_word(&p->r, PHI_STR("null"));
        break;
    default:
        v->type = PHI_DOC_NUMBER;
        status = phi_json_read_number(&p->r, &v->text);
    }
    p->depth--;
    return status;
}

phi_status phi_doc_parse(phi_doc_value **out, phi_arena *arena, phi_str text, phi_error *err)
{
    parser p = {.r = {.arena = arena, .text = text, .what = "JSON", .bad = PHI_EINVAL, .err = err}};
    if (text.len > PHI_LIMIT_CONSTRAINT_BYTES)
        return phi_fail(err, PHI_EINVAL, "JSON: %zu bytes of text, at most %d", text.len, PHI_LIMIT_CONSTRAINT_BYTES);
    *out = phi_arena_zeroed(arena, phi_doc_value, 1);
    if (!*out)
        return no_memory(&p);
    PHI_TRY(read_value(&p, *out));
    phi_json_skip_space(&p.r);
    return p.r.at == text.len ? PHI_OK : phi_json_fail(&p.r, "the end of the text");
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
