/* Objects of a schema. Declared properties come in the order in which they are declared (first appearance, over all
 * schemas that hold), then those that are only required, then others if there may be any. A place is (the first
 * property that may still come, how many have come as far as that matters):
 *
 *   key[i][c]    a property from number i on must come    after[i][c]   one has come: a comma, or the end
 *
 * JSON lets a name come twice, and validators see the last. That cannot happen to declared ones: order forbids it, and
 * other keys are none of them. Other keys may repeat each other: each has a value of the same schema, so every reading
 * is valid, but minProperties counts no more than one of them. */
#include <string.h>

#include "limits.h"
#include "schema.h"

typedef struct member {
    phi_str name;
    const phi_doc_value *place;
    bool is_required;
    uint32_t part; /* the property with its key, up to the RETURN */
} member;

typedef struct object {
    phi_schema *s;
    phi_builder *b;
    const phi_schema_rule *rule;
    member *members; /* (n) */
    uint32_t n, cap;
    uint32_t min, max;
    uint32_t count_max; /* counts go from 0 to this */
    uint32_t other;     /* one other property, up to the RETURN */
    uint32_t end;       /* white space and the brace */
} object;

/* ------------------------------------------------------------------ names */

static phi_status find_member(member **out, object *o, phi_str name, const phi_doc_value *place)
{
    PHI_TRY(phi_schema_spend(o->s, o->n + 1));
    for (uint32_t i = 0; i < o->n; i++) {
        if (phi_str_equal(o->members[i].name, name)) {
            *out = &o->members[i];
            return PHI_OK;
        }
    }
    if (o->n == PHI_LIMIT_CONSTRAINT_MEMBERS)
        return phi_schema_refuse(o->s, place, "an object of more than 4096 properties");
    if (o->n == o->cap) {
        const uint32_t cap = o->cap ? 2 * o->cap : 16;
        member *grown = phi_arena_array(o->s->arena, member, cap);
        if (!grown)
            return phi_schema_no_memory(o->s);
        if (o->n > 0)
            memcpy(grown, o->members, o->n * sizeof *grown);
        o->members = grown;
        o->cap = cap;
    }
    o->members[o->n] = (member){.name = name, .place = place};
    *out = &o->members[o->n++];
    return PHI_OK;
}

static phi_status find_members(object *o)
{
    member *found;
    for (uint32_t i = 0; i < o->rule->n; i++) {
        const phi_doc_value *properties = phi_schema_keyword(&o->rule->items[i], "properties");
        for (const phi_doc_value *v = properties ? properties->first : NULL; v; v = v->next)
            PHI_TRY(find_member(&found, o, v->key, v));
    }
    for (uint32_t i = 0; i < o->rule->n; i++) {
        const phi_doc_value *required = phi_schema_keyword(&o->rule->items[i], "required");
        for (const phi_doc_value *v = required ? required->first : NULL; v; v = v->next) {
            PHI_TRY(find_member(&found, o, v->text, v));
            found->is_required = true;
        }
    }
    return PHI_OK;
}

/* ------------------------------------------------------------------ values */

/* What each schema says of a property, together: its own entry, or additionalProperties. NULL: of any other name. */
static phi_status value_part(object *o, const phi_str *name, const phi_doc_value *place, uint32_t *node)
{
    phi_schema_list *list = phi_schema_clear_list(o->s);
    for (uint32_t i = 0; i < o->rule->n; i++) {
        const phi_doc_value *properties = phi_schema_keyword(&o->rule->items[i], "properties");
        const phi_doc_value *said = name ? phi_doc_get(properties, *name) : NULL;
        PHI_TRY(phi_schema_spend(o->s, properties && name ? properties->n_items + 1 : 1));
        if (!said)
            said = phi_schema_keyword(&o->rule->items[i], "additionalProperties");
        if (said)
            PHI_TRY(phi_schema_gather(list, o->s, said));
        place = said && !place ? said : place;
    }
    return phi_schema_part(o->s, place ? place : o->rule->place, node);
}

static phi_status write_members(object *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        uint32_t value;
        member *m = &o->members[i];
        PHI_TRY(value_part(o, &m->name, m->place, &value));
        value = phi_part_colon(o->b, phi_builder_call(o->b, value, PHI_NODE_END));
        m->part = phi_part_literal(o->b, m->name, value);
    }
    return o->b->status;
}

static phi_status write_other(object *o)
{
    uint32_t value;
    phi_str *names = phi_arena_array(o->s->arena, phi_str, o->n);
    if (!names)
        return phi_schema_no_memory(o->s);
    for (uint32_t i = 0; i < o->n; i++)
        names[i] = o->members[i].name;
    PHI_TRY(value_part(o, NULL, NULL, &value));
    const uint32_t key = phi_part_other_key(&o->s->sets, names, o->n);
    o->other = phi_builder_call(o->b, key, phi_part_colon(o->b, phi_builder_call(o->b, value, PHI_NODE_END)));
    return o->b->status;
}

/* ------------------------------------------------------------------ order */

/* Behind a property: a comma and `key`, or the end. PHI_NODE_END as `key`: nothing may come. */
static uint32_t write_after(object *o, uint32_t key, bool may_end)
{
    if (key == PHI_NODE_END)
        return may_end ? o->end : phi_builder_switch(o->b, NULL, 0);
    const uint32_t more = phi_builder_byte(o->b, ',', phi_part_white_space(o->b, key));
    return may_end ? phi_builder_split(o->b, more, o->end) : more;
}

/* keys[c] for the other properties, that come last. The first of them may complete minProperties, more do not. */
static void write_others(object *o, uint32_t *keys)
{
    const bool has_max = o->max != PHI_NO_MAX;
    uint32_t next = PHI_NODE_END; /* the key behind one that was number c + 1 */
    if (!has_max) {
        const uint32_t after = phi_builder_reserve(o->b);
        next = phi_builder_call(o->b, o->other, after);
        const uint32_t more = write_after(o, next, true);
        phi_builder_set_split(o->b, after, more, more);
    }
    for (uint32_t c = o->count_max + 1; c-- > 0 && o->b->status == PHI_OK;) {
        keys[c] = PHI_NODE_END;
        if (has_max && c >= o->max)
            continue;
        const uint32_t key = phi_builder_call(o->b, o->other, write_after(o, next, true));
        keys[c] = c + 1 >= o->min ? key : PHI_NODE_END;
        next = has_max ? key : next;
    }
}

/* keys[c] for properties from number i on, out of those for i + 1 on. */
static void write_keys(object *o, uint32_t i, uint32_t *keys, uint32_t *made, bool is_any_required)
{
    const member *m = &o->members[i];
    for (uint32_t c = 0; c <= o->count_max && o->b->status == PHI_OK; c++) {
        const uint32_t counted = c < o->count_max ? c + 1 : c;
        made[c] = m->is_required ? PHI_NODE_END : keys[c];
        if (o->max != PHI_NO_MAX && c >= o->max)
            continue;
        const uint32_t after = write_after(o, keys[counted], !is_any_required && counted >= o->min);
        const uint32_t key = phi_builder_call(o->b, m->part, after);
        made[c] = made[c] != PHI_NODE_END ? phi_builder_split(o->b, key, made[c]) : key;
    }
}

static phi_status write_order(object *o, uint32_t *node)
{
    uint32_t *keys = phi_arena_array(o->s->arena, uint32_t, (size_t)o->count_max + 1);
    uint32_t *made = phi_arena_array(o->s->arena, uint32_t, (size_t)o->count_max + 1);
    const uint32_t brace = phi_builder_byte(o->b, '}', PHI_NODE_END);
    bool is_any_required = false; /* among those from i + 1 on */
    if (!keys || !made)
        return phi_schema_no_memory(o->s);
    o->end = phi_part_white_space(o->b, brace);
    write_others(o, keys);
    for (uint32_t i = o->n; i > 0 && o->b->status == PHI_OK; i--) {
        uint32_t *const swap = keys;
        write_keys(o, i - 1, keys, made, is_any_required);
        is_any_required = is_any_required || o->members[i - 1].is_required;
        keys = made;
        made = swap;
    }
    PHI_TRY(o->b->status);
    uint32_t first = keys[0];
    if (!is_any_required && o->min == 0)
        first = first != PHI_NODE_END ? phi_builder_split(o->b, first, brace) : brace;
    *node = first != PHI_NODE_END ? phi_builder_byte(o->b, '{', phi_part_white_space(o->b, first))
                                  : phi_builder_switch(o->b, NULL, 0);
    return o->b->status;
}

static phi_status check_min(const object *o)
{
    for (uint32_t i = 0; i < o->rule->n && o->min > o->n + 1; i++) {
        const phi_doc_value *min = phi_schema_keyword(&o->rule->items[i], "minProperties");
        if (min)
            return phi_schema_refuse(o->s, min, "minProperties over the number of declared properties and one");
    }
    return PHI_OK;
}

phi_status phi_schema_object(phi_schema *s, const phi_schema_rule *rule, uint32_t *node)
{
    object o = {.s = s,
                .b = s->b,
                .rule = rule,
                .min = phi_schema_count(rule->items, rule->n, "minProperties", 0),
                .max = phi_schema_count(rule->items, rule->n, "maxProperties", PHI_NO_MAX)};
    PHI_TRY(find_members(&o));
    PHI_TRY(check_min(&o));
    if (o.min > o.max) {
        *node = phi_builder_switch(s->b, NULL, 0);
        return s->b->status;
    }
    /* More than all declared ones and one other need not be told apart, unless others are counted too. */
    o.count_max = o.max != PHI_NO_MAX ? o.max : o.min;
    if (!phi_builder_expect(s->b, o.count_max))
        return s->b->status;
    PHI_TRY(write_members(&o));
    PHI_TRY(write_other(&o));
    return write_order(&o, node);
}
