#include "schema.h"

#include <string.h>

#include "limits.h"

/* ------------------------------------------------------------------ rules */

static uint32_t hash_list(const phi_schema_list *list)
{
    uint32_t h = 2166136261u ^ list->is_never;
    for (uint32_t i = 0; i < list->n; i++) {
        const uint64_t address = (uint64_t)(uintptr_t)list->items[i].schema;
        h = (h ^ (uint32_t)address ^ (uint32_t)(address >> 32)) * 16777619u;
        h = (h ^ (uint32_t)list->items[i].role) * 16777619u;
    }
    return h ^ h >> 15;
}

static bool same_list(const phi_schema_rule *rule, const phi_schema_list *list)
{
    if (rule->n != list->n || rule->is_never != list->is_never)
        return false;
    for (uint32_t i = 0; i < list->n; i++)
        if (rule->items[i].schema != list->items[i].schema || rule->items[i].role != list->items[i].role)
            return false;
    return true;
}

static phi_status grow_rules(phi_schema *s)
{
    const uint32_t cap = s->rules_cap ? 2 * s->rules_cap : 64;
    if (s->n_rules == PHI_LIMIT_CONSTRAINT_RULES)
        return phi_fail(s->err, PHI_EUNSUPPORTED, "schema: more than %d combinations of its anyOf, oneOf and allOf",
                        PHI_LIMIT_CONSTRAINT_RULES);
    if (s->n_rules < s->rules_cap)
        return PHI_OK;
    phi_schema_rule *grown = phi_arena_array(s->arena, phi_schema_rule, cap);
    if (!grown)
        return phi_schema_no_memory(s);
    if (s->n_rules > 0)
        memcpy(grown, s->rules, s->n_rules * sizeof *grown);
    s->rules = grown;
    s->rules_cap = cap;
    return PHI_OK;
}

phi_schema_list *phi_schema_clear_list(phi_schema *s)
{
    s->list.n = 0;
    s->list.is_never = false;
    return &s->list;
}

phi_status phi_schema_part(phi_schema *s, const phi_doc_value *place, uint32_t *node)
{
    const phi_schema_list *list = &s->list;
    const uint32_t hash = hash_list(list);
    uint32_t *slot = &s->slots[hash % PHI_RULE_SLOTS];
    for (uint32_t i = *slot; i != 0; i = s->rules[i - 1].next) {
        if (s->rules[i - 1].hash == hash && same_list(&s->rules[i - 1], list)) {
            *node = s->rules[i - 1].node;
            return PHI_OK;
        }
    }
    PHI_TRY(grow_rules(s));
    PHI_TRY(phi_schema_spend(s, 64 + list->n)); /* a rule costs more than it compares */
    phi_schema_item *items = phi_arena_array(s->arena, phi_schema_item, list->n);
    if (!items)
        return phi_schema_no_memory(s);
    if (list->n > 0)
        memcpy(items, list->items, list->n * sizeof *items);
    *node = phi_builder_reserve(s->b);
    s->rules[s->n_rules] = (phi_schema_rule){.items = items,
                                             .n = list->n,
                                             .hash = hash,
                                             .next = *slot,
                                             .is_never = list->is_never,
                                             .node = *node,
                                             .place = place};
    *slot = ++s->n_rules;
    return s->b->status;
}

/* ------------------------------------------------------------------ anyOf, oneOf */

/* The item `at` of the rule, an anyOf or oneOf, gives way to its branches. */
static phi_status compile_branches(phi_schema *s, const phi_schema_rule *rule, uint32_t at)
{
    const phi_schema_item item = rule->items[at];
    const bool is_one = item.role == PHI_ROLE_ONE_OF;
    const phi_doc_value *branches = phi_doc_get(item.schema, is_one ? PHI_STR("oneOf") : PHI_STR("anyOf"));
    uint32_t node = PHI_NODE_END;
    if (is_one)
        PHI_TRY(phi_schema_check_apart(s, branches, phi_schema_types(rule->items, rule->n, false)));
    for (const phi_doc_value *branch = branches->first; branch; branch = branch->next) {
        uint32_t part;
        phi_schema_list *list = phi_schema_clear_list(s);
        for (uint32_t i = 0; i < rule->n; i++)
            if (i != at)
                list->items[list->n++] = rule->items[i];
        PHI_TRY(phi_schema_gather(list, s, branch));
        PHI_TRY(phi_schema_part(s, branch, &part));
        node = node != PHI_NODE_END ? phi_builder_split(s->b, node, part) : part;
    }
    phi_builder_set_split(s->b, rule->node, node, node);
    return s->b->status;
}

/* ------------------------------------------------------------------ enum, const */

static bool is_beside_enum(phi_str key)
{
    static const char *const names[] = {"type",    "enum",        "const",      "title",    "description",
                                        "default", "examples",    "$schema",    "$id",      "$comment",
                                        "$defs",   "definitions", "deprecated", "readOnly", "writeOnly",
                                        "$ref",    "allOf",       "anyOf",      "oneOf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (phi_str_equal(key, phi_str_of(names[i])))
            return true;
    return false;
}

static bool holds_value(const phi_schema_item *item, const phi_doc_value *value)
{
    const phi_doc_value *one = phi_schema_keyword(item, "const");
    const phi_doc_value *some = phi_schema_keyword(item, "enum");
    bool is_there = some == NULL;
    for (const phi_doc_value *v = some ? some->first : NULL; v && !is_there; v = v->next)
        is_there = phi_doc_equal(v, value);
    return is_there && (!one || phi_doc_equal(one, value));
}

/* The values of one enum or const that the other items allow. */
static phi_status compile_values(phi_schema *s, const phi_schema_rule *rule, const phi_doc_value *given, bool is_const)
{
    const uint32_t types = phi_schema_types(rule->items, rule->n, false);
    const uint32_t n_given = is_const ? 1 : given->n_items;
    const phi_doc_value **values = phi_arena_array(s->arena, const phi_doc_value *, n_given);
    const phi_doc_value *value = is_const ? given : given->first;
    uint32_t n = 0;
    if (!values)
        return phi_schema_no_memory(s);
    for (uint32_t i = 0; i < n_given; i++, value = value->next) {
        bool is_allowed = (phi_doc_value_type(value) & types) != 0;
        PHI_TRY(phi_schema_spend(s, (uint64_t)rule->n * n_given / 16 + 1));
        for (uint32_t k = 0; k < rule->n && is_allowed; k++)
            is_allowed = holds_value(&rule->items[k], value);
        if (is_allowed)
            values[n++] = value;
    }
    if (n > 0) {
        const uint32_t node = phi_part_one_of(s->b, values, n);
        phi_builder_set_split(s->b, rule->node, node, node);
    }
    return s->b->status;
}

/* The enum or const of a rule, the first of several; NULL: none. What they stand beside must be types and annotations.
 * */
static phi_status find_given(const phi_doc_value **out, bool *is_const, phi_schema *s, const phi_schema_rule *rule)
{
    *out = NULL;
    for (uint32_t i = 0; i < rule->n; i++) {
        const phi_doc_value *one = phi_schema_keyword(&rule->items[i], "const");
        const phi_doc_value *some = phi_schema_keyword(&rule->items[i], "enum");
        *is_const = *out ? *is_const : one != NULL;
        *out = *out ? *out : one ? one : some;
    }
    for (uint32_t i = 0; i < rule->n && *out; i++)
        for (const phi_doc_value *v = rule->items[i].schema->first; v; v = v->next)
            if (!is_beside_enum(v->key))
                return phi_schema_refuse(s, v, "a keyword beside enum or const, other than type,");
    return PHI_OK;
}

/* ------------------------------------------------------------------ types */

static phi_status compile_types(phi_schema *s, const phi_schema_rule *rule)
{
    const uint32_t types = phi_schema_types(rule->items, rule->n, true);
    uint32_t parts[8];
    uint32_t n = 0;
    if (types & PHI_TYPE_NULL)
        parts[n++] = phi_builder_bytes(s->b, (const uint8_t *)"null", 4, PHI_NODE_END);
    if (types & PHI_TYPE_BOOLEAN) {
        parts[n++] = phi_builder_bytes(s->b, (const uint8_t *)"true", 4, PHI_NODE_END);
        parts[n++] = phi_builder_bytes(s->b, (const uint8_t *)"false", 5, PHI_NODE_END);
    }
    if (types & PHI_TYPE_NUMBER)
        PHI_TRY(phi_schema_number(s, rule, !(types & PHI_TYPE_FRACTION), &parts[n++]));
    if (types & PHI_TYPE_STRING)
        PHI_TRY(phi_schema_string(s, rule, &parts[n++]));
    if (types & PHI_TYPE_ARRAY)
        PHI_TRY(phi_schema_array(s, rule, &parts[n++]));
    if (types & PHI_TYPE_OBJECT)
        PHI_TRY(phi_schema_object(s, rule, &parts[n++]));
    for (; n > 1; n--)
        parts[n - 2] = phi_builder_split(s->b, parts[n - 2], parts[n - 1]);
    if (n == 1)
        phi_builder_set_split(s->b, rule->node, parts[0], parts[0]);
    return s->b->status;
}

static phi_status compile_rule(phi_schema *s, const phi_schema_rule *rule)
{
    const phi_doc_value *given;
    bool is_const = false;
    if (rule->is_never)
        return PHI_OK;
    for (uint32_t i = 0; i < rule->n; i++)
        if (rule->items[i].role != PHI_ROLE_ALL)
            return compile_branches(s, rule, i);
    PHI_TRY(find_given(&given, &is_const, s, rule));
    return given ? compile_values(s, rule, given, is_const) : compile_types(s, rule);
}

phi_status phi_schema_compile(phi_schema *s, phi_builder *b, phi_str text, uint32_t *start, phi_error *err)
{
    phi_doc_value *root;
    *s = (phi_schema){.arena = b->arena, .b = b, .err = err};
    phi_charsets_init(&s->sets, b);
    PHI_TRY(phi_doc_parse(&root, s->arena, text, err));
    if (root->type != PHI_DOC_OBJECT && root->type != PHI_DOC_TRUE && root->type != PHI_DOC_FALSE)
        return phi_fail(err, PHI_EINVAL, "schema: #: expected a schema: an object, true or false");
    s->root = root;
    PHI_TRY(phi_schema_gather(phi_schema_clear_list(s), s, root));
    PHI_TRY(phi_schema_part(s, root, start));
    for (uint32_t i = 0; i < s->n_rules; i++) {
        const phi_schema_rule rule = s->rules[i]; /* the array may move */
        PHI_TRY(compile_rule(s, &rule));
        s->rules[i].nodes_end = b->n_nodes;
    }
    return b->status;
}

const phi_doc_value *phi_schema_find_cause(const phi_schema *s, const phi_program *p)
{
    const phi_doc_value *cause = s->root;
    uint32_t at = 0;
    /* Rules are compiled in order, so those that a rule made come later: one without a way out among its own is nearer
     * to the cause. */
    for (uint32_t i = 1; i < s->n_rules; i++) {
        const uint32_t node = s->rules[i].node;
        const uint32_t begin = at > 0 ? s->rules[at - 1].nodes_end : 0;
        if (node < begin || node >= s->rules[at].nodes_end || p->heights[node] != PHI_HEIGHT_NEVER)
            continue;
        cause = s->rules[i].place;
        at = i;
    }
    return cause;
}
