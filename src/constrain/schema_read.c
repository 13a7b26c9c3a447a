#include <string.h>

#include "limits.h"
#include "schema.h"
#include "write_text.h"

enum { WORK_MAX = 1 << 26 };

/* ------------------------------------------------------------------ keywords */

typedef enum shape {
    SHAPE_ANY, /* annotations: whatever */
    SHAPE_COUNT,
    SHAPE_NUMBER,
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_SCHEMA,
    SHAPE_SCHEMA_LIST,
    SHAPE_SCHEMA_MAP,
    SHAPE_NAME_LIST,
    SHAPE_LIST,
    SHAPE_TYPES
} shape;

typedef struct keyword {
    const char *name;
    shape shape;
    uint32_t types; /* what it is about; 0: any type */
} keyword;

static const keyword keywords[] = {
    {"type", SHAPE_TYPES, 0},
    {"enum", SHAPE_LIST, 0},
    {"const", SHAPE_ANY, 0},
    {"properties", SHAPE_SCHEMA_MAP, PHI_TYPE_OBJECT},
    {"required", SHAPE_NAME_LIST, PHI_TYPE_OBJECT},
    {"additionalProperties", SHAPE_SCHEMA, PHI_TYPE_OBJECT},
    {"minProperties", SHAPE_COUNT, PHI_TYPE_OBJECT},
    {"maxProperties", SHAPE_COUNT, PHI_TYPE_OBJECT},
    {"items", SHAPE_SCHEMA, PHI_TYPE_ARRAY},
    {"prefixItems", SHAPE_SCHEMA_LIST, PHI_TYPE_ARRAY},
    {"minItems", SHAPE_COUNT, PHI_TYPE_ARRAY},
    {"maxItems", SHAPE_COUNT, PHI_TYPE_ARRAY},
    {"uniqueItems", SHAPE_BOOLEAN, PHI_TYPE_ARRAY},
    {"minLength", SHAPE_COUNT, PHI_TYPE_STRING},
    {"maxLength", SHAPE_COUNT, PHI_TYPE_STRING},
    {"pattern", SHAPE_STRING, PHI_TYPE_STRING},
    {"format", SHAPE_STRING, PHI_TYPE_STRING},
    {"minimum", SHAPE_NUMBER, PHI_TYPE_NUMBER},
    {"maximum", SHAPE_NUMBER, PHI_TYPE_NUMBER},
    {"exclusiveMinimum", SHAPE_NUMBER, PHI_TYPE_NUMBER},
    {"exclusiveMaximum", SHAPE_NUMBER, PHI_TYPE_NUMBER},
    {"multipleOf", SHAPE_NUMBER, PHI_TYPE_NUMBER},
    {"anyOf", SHAPE_SCHEMA_LIST, 0},
    {"oneOf", SHAPE_SCHEMA_LIST, 0},
    {"allOf", SHAPE_SCHEMA_LIST, 0},
    {"$ref", SHAPE_STRING, 0},
    {"$defs", SHAPE_SCHEMA_MAP, 0},
    {"definitions", SHAPE_SCHEMA_MAP, 0},
    /* Annotations. */
    {"title", SHAPE_ANY, 0},
    {"description", SHAPE_ANY, 0},
    {"default", SHAPE_ANY, 0},
    {"examples", SHAPE_ANY, 0},
    {"deprecated", SHAPE_ANY, 0},
    {"readOnly", SHAPE_ANY, 0},
    {"writeOnly", SHAPE_ANY, 0},
    {"$schema", SHAPE_ANY, 0},
    {"$id", SHAPE_STRING, 0},
    {"$comment", SHAPE_ANY, 0},
};

phi_status phi_schema_refuse(const phi_schema *s, const phi_doc_value *at, const char *what)
{
    char place[PHI_DOC_PLACE_BYTES];
    return phi_fail(s->err, PHI_EUNSUPPORTED, "schema: %s at %s is not supported", what, phi_doc_place(place, at));
}

phi_status phi_schema_no_memory(const phi_schema *s)
{
    return phi_fail(s->err, PHI_ENOMEM, "schema: no memory to compile it");
}

phi_status phi_schema_spend(phi_schema *s, uint64_t n)
{
    s->work += n;
    if (s->work <= WORK_MAX)
        return PHI_OK;
    return phi_fail(s->err, PHI_EUNSUPPORTED,
                    "schema: it is too large: its names and branches take over %d comparisons", WORK_MAX);
}

static phi_status invalid(const phi_schema *s, const phi_doc_value *at, const char *expected)
{
    char place[PHI_DOC_PLACE_BYTES];
    return phi_fail(s->err, PHI_EINVAL, "schema: %s: expected %s", phi_doc_place(place, at), expected);
}

static bool is_schema(const phi_doc_value *v)
{
    return v->type == PHI_DOC_OBJECT || v->type == PHI_DOC_TRUE || v->type == PHI_DOC_FALSE;
}

static bool is_count(const phi_doc_value *v)
{
    phi_decimal d;
    return v->type == PHI_DOC_NUMBER && phi_decimal_read(&d, v->text) && !d.is_negative && phi_decimal_is_whole(&d);
}

static uint32_t type_named(phi_str name)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } types[] = {{"null", PHI_TYPE_NULL},    {"boolean", PHI_TYPE_BOOLEAN}, {"object", PHI_TYPE_OBJECT},
                 {"array", PHI_TYPE_ARRAY},  {"number", PHI_TYPE_NUMBER},   {"integer", PHI_TYPE_INTEGER},
                 {"string", PHI_TYPE_STRING}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (phi_str_equal(name, phi_str_of(types[i].name)))
            return types[i].bits;
    return 0;
}

static uint32_t types_of(const phi_doc_value *v)
{
    uint32_t bits = 0;
    if (v->type == PHI_DOC_STRING)
        return type_named(v->text);
    for (const phi_doc_value *item = v->first; item; item = item->next) {
        const uint32_t one = item->type == PHI_DOC_STRING ? type_named(item->text) : 0;
        if (one == 0)
            return 0;
        bits |= one;
    }
    return v->type == PHI_DOC_ARRAY ? bits : 0;
}

static phi_status check_items(const phi_schema *s, const phi_doc_value *v, bool (*holds)(const phi_doc_value *),
                              const char *expected)
{
    for (const phi_doc_value *item = v->first; item; item = item->next)
        if (!holds(item))
            return invalid(s, item, expected);
    return PHI_OK;
}

static bool is_string(const phi_doc_value *v)
{
    return v->type == PHI_DOC_STRING;
}

static phi_status check_shape(const phi_schema *s, const phi_doc_value *v, shape wanted)
{
    switch (wanted) {
    case SHAPE_COUNT:
        return is_count(v) ? PHI_OK : invalid(s, v, "a whole number, 0 or more");
    case SHAPE_NUMBER:
        return v->type == PHI_DOC_NUMBER ? PHI_OK : invalid(s, v, "a number");
    case SHAPE_STRING:
        return is_string(v) ? PHI_OK : invalid(s, v, "a string");
    case SHAPE_BOOLEAN:
        return v->type == PHI_DOC_TRUE || v->type == PHI_DOC_FALSE ? PHI_OK : invalid(s, v, "true or false");
    case SHAPE_SCHEMA:
        return is_schema(v) ? PHI_OK : invalid(s, v, "a schema: an object, true or false");
    case SHAPE_SCHEMA_LIST:
        if (v->type != PHI_DOC_ARRAY || v->n_items == 0)
            return invalid(s, v, "a list of at least one schema");
        return check_items(s, v, is_schema, "a schema: an object, true or false");
    case SHAPE_SCHEMA_MAP:
        if (v->type != PHI_DOC_OBJECT)
            return invalid(s, v, "an object of schemas");
        return check_items(s, v, is_schema, "a schema: an object, true or false");
    case SHAPE_NAME_LIST:
        return v->type == PHI_DOC_ARRAY ? check_items(s, v, is_string, "a string") : invalid(s, v, "a list of strings");
    case SHAPE_LIST:
        return v->type == PHI_DOC_ARRAY && v->n_items > 0 ? PHI_OK : invalid(s, v, "a list of at least one value");
    case SHAPE_TYPES:
        return types_of(v) ? PHI_OK : invalid(s, v, "null, boolean, object, array, number, integer, string, or a list");
    default:
        return PHI_OK;
    }
}

static const keyword *find_keyword(phi_str name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (phi_str_equal(name, phi_str_of(keywords[i].name)))
            return &keywords[i];
    return NULL;
}

/* Every keyword is known and has a value of its shape. Once for each schema. */
static phi_status check_keywords(const phi_schema *s, const phi_doc_value *schema)
{
    if (schema->is_checked)
        return PHI_OK;
    for (const phi_doc_value *v = schema->first; v; v = v->next) {
        const keyword *k = find_keyword(v->key);
        char what[96];
        (void)phi_write_text(what, sizeof what, "keyword '%.*s'", phi_str_print_len(v->key) < 64 ? (int)v->key.len : 64,
                             v->key.ptr);
        if (!k)
            return phi_schema_refuse(s, v, what);
        /* Draft 7 and older give a list here; a schema identified by itself is a root for its references. */
        if (v->type == PHI_DOC_ARRAY && strcmp(k->name, "items") == 0)
            return phi_schema_refuse(s, v, "a list as 'items' (its name is prefixItems now)");
        if (schema->parent && strcmp(k->name, "$id") == 0)
            return phi_schema_refuse(s, v, "'$id' below the root");
        PHI_TRY(check_shape(s, v, k->shape));
    }
    ((phi_doc_value *)(uintptr_t)schema)->is_checked = true;
    return PHI_OK;
}

/* ------------------------------------------------------------------ $ref */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* One step of a JSON pointer in a URI fragment, decoded to `out`, of which there is room: it gets no longer. */
static phi_str decode_step(char *out, phi_str step)
{
    size_t n = 0;
    for (size_t i = 0; i < step.len; i++) {
        char c = step.ptr[i];
        if (c == '%' && i + 2 < step.len && hex_digit(step.ptr[i + 1]) >= 0 && hex_digit(step.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(step.ptr[i + 1]) << 4 | hex_digit(step.ptr[i + 2]));
            i += 2;
        }
        if (c == '~' && i + 1 < step.len && (step.ptr[i + 1] == '0' || step.ptr[i + 1] == '1'))
            c = step.ptr[++i] == '0' ? '~' : '/';
        out[n++] = c;
    }
    return (phi_str){out, n};
}

static const phi_doc_value *step_into(const phi_doc_value *at, phi_str step)
{
    size_t idx = 0;
    if (at->type == PHI_DOC_OBJECT)
        return phi_doc_get(at, step);
    if (at->type != PHI_DOC_ARRAY || step.len == 0 || step.len > 6)
        return NULL;
    for (size_t i = 0; i < step.len; i++) {
        if (step.ptr[i] < '0' || step.ptr[i] > '9')
            return NULL;
        idx = idx * 10 + (size_t)(step.ptr[i] - '0');
    }
    const phi_doc_value *item = at->first;
    for (; item && idx > 0; idx--)
        item = item->next;
    return item;
}

static phi_status resolve(const phi_doc_value **out, const phi_schema *s, const phi_doc_value *ref)
{
    const phi_doc_value *at = s->root;
    phi_str rest = ref->text;
    char *step = phi_arena_array(s->arena, char, rest.len + 1);
    if (!step)
        return phi_schema_no_memory(s);
    if (rest.len == 0 || rest.ptr[0] != '#' || (rest.len > 1 && rest.ptr[1] != '/'))
        return phi_schema_refuse(s, ref, "a $ref that does not begin with '#/'");
    for (rest = (phi_str){rest.ptr + 1, rest.len - 1}; rest.len > 0 && at;) {
        size_t n = 1;
        while (n < rest.len && rest.ptr[n] != '/')
            n++;
        at = step_into(at, decode_step(step, (phi_str){rest.ptr + 1, n - 1}));
        rest = (phi_str){rest.ptr + n, rest.len - n};
    }
    if (!at || !is_schema(at))
        return invalid(s, ref, "a $ref to a schema that is there");
    *out = at;
    return PHI_OK;
}

/* ------------------------------------------------------------------ lists */

/* Schemas that are being put on the list, so that a $ref to one of them ends. */
typedef struct chain {
    const phi_doc_value *schema;
    const struct chain *previous;
    uint32_t depth;
} chain;

static phi_status add(phi_schema_list *list, const phi_schema *s, const phi_doc_value *schema, phi_schema_role role)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].schema == schema && list->items[i].role == role)
            return PHI_OK;
    if (list->n == PHI_LIST_MAX)
        return phi_fail(s->err, PHI_EUNSUPPORTED, "schema: more than %d schemas must hold of one value", PHI_LIST_MAX);
    list->items[list->n++] = (phi_schema_item){schema, role};
    return PHI_OK;
}

static phi_status gather(phi_schema_list *list, const phi_schema *s, const phi_doc_value *schema, const chain *previous)
{
    const chain here = {schema, previous, previous ? previous->depth + 1 : 1};
    for (const chain *c = previous; c; c = c->previous)
        if (c->schema == schema)
            return PHI_OK;
    if (here.depth > PHI_LIMIT_CONSTRAINT_NESTING)
        return phi_schema_refuse(s, schema, "a chain of so many $ref and allOf");
    list->is_never = list->is_never || schema->type == PHI_DOC_FALSE;
    if (schema->type != PHI_DOC_OBJECT)
        return PHI_OK;
    PHI_TRY(check_keywords(s, schema));
    const phi_doc_value *ref = phi_doc_get(schema, PHI_STR("$ref"));
    const phi_doc_value *all_of = phi_doc_get(schema, PHI_STR("allOf"));
    PHI_TRY(add(list, s, schema, PHI_ROLE_ALL));
    if (phi_doc_get(schema, PHI_STR("anyOf")))
        PHI_TRY(add(list, s, schema, PHI_ROLE_ANY_OF));
    if (phi_doc_get(schema, PHI_STR("oneOf")))
        PHI_TRY(add(list, s, schema, PHI_ROLE_ONE_OF));
    if (ref) {
        const phi_doc_value *target = NULL;
        PHI_TRY(resolve(&target, s, ref));
        PHI_TRY(gather(list, s, target, &here));
    }
    for (const phi_doc_value *item = all_of ? all_of->first : NULL; item; item = item->next)
        PHI_TRY(gather(list, s, item, &here));
    return PHI_OK;
}

phi_status phi_schema_gather(phi_schema_list *list, phi_schema *s, const phi_doc_value *schema)
{
    return gather(list, s, schema, NULL);
}

/* ------------------------------------------------------------------ questions */

const phi_doc_value *phi_schema_keyword(const phi_schema_item *item, const char *name)
{
    return item->role == PHI_ROLE_ALL ? phi_doc_get(item->schema, phi_str_of(name)) : NULL;
}

uint32_t phi_doc_value_type(const phi_doc_value *v)
{
    static const uint32_t types[] = {
        [PHI_DOC_NULL] = PHI_TYPE_NULL,       [PHI_DOC_FALSE] = PHI_TYPE_BOOLEAN, [PHI_DOC_TRUE] = PHI_TYPE_BOOLEAN,
        [PHI_DOC_NUMBER] = PHI_TYPE_FRACTION, [PHI_DOC_STRING] = PHI_TYPE_STRING, [PHI_DOC_ARRAY] = PHI_TYPE_ARRAY,
        [PHI_DOC_OBJECT] = PHI_TYPE_OBJECT};
    return v->type == PHI_DOC_NUMBER && phi_decimal_text_is_whole(v->text) ? PHI_TYPE_INTEGER : types[v->type];
}

uint32_t phi_schema_types(const phi_schema_item *items, uint32_t n, bool guesses)
{
    uint32_t types = PHI_TYPE_ALL;
    uint32_t guess = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].role != PHI_ROLE_ALL)
            continue;
        for (const phi_doc_value *v = items[i].schema->first; v; v = v->next) {
            const keyword *k = find_keyword(v->key);
            guess |= k ? k->types : 0;
            if (k && k->shape == SHAPE_TYPES)
                types &= types_of(v);
        }
    }
    return guesses && guess && types == PHI_TYPE_ALL ? guess : types;
}

uint32_t phi_schema_count(const phi_schema_item *items, uint32_t n, const char *name, uint32_t when_absent)
{
    const bool is_max = name[1] == 'a';
    uint32_t best = when_absent;
    for (uint32_t i = 0; i < n; i++) {
        const phi_doc_value *v = phi_schema_keyword(&items[i], name);
        phi_decimal d;
        if (!v || !phi_decimal_read(&d, v->text))
            continue;
        uint64_t value = d.is_huge ? PHI_NO_MAX - 1 : 0;
        for (uint32_t k = 0; k < PHI_DECIMAL_INT && !d.is_huge; k++)
            value = value * 10 + d.digits[k];
        const uint32_t count = value < PHI_NO_MAX - 1 ? (uint32_t)value : PHI_NO_MAX - 1;
        best = is_max ? (count < best ? count : best) : (count > best ? count : best);
    }
    return best;
}
