/* oneOf asks for exactly one branch. A generator that follows one branch must know that no other holds as well; this
 * proves it from types, from enum and const, or from a property that both require and whose schemas are apart
 * themselves. */

#include "schema.h"

enum { DEPTH_MAX = 6, BRANCHES_MAX = 256 };

/* The first enum or const of a list: its values are the first `n` from `first` on (const: one, which has a `next` of
 * its own). */
typedef struct values {
    const phi_doc_value *first;
    uint32_t n;
} values;

static values find_values(const phi_schema_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const phi_doc_value *one = phi_schema_keyword(&list->items[i], "const");
        const phi_doc_value *some = phi_schema_keyword(&list->items[i], "enum");
        if (one)
            return (values){one, 1};
        if (some)
            return (values){some->first, some->n_items};
    }
    return (values){NULL, 0};
}

static phi_status find_shared_value(bool *out, phi_schema *s, values a, values b)
{
    const phi_doc_value *x = a.first;
    *out = false;
    PHI_TRY(phi_schema_spend(s, (uint64_t)a.n * b.n));
    for (uint32_t i = 0; i < a.n; i++, x = x->next) {
        const phi_doc_value *y = b.first;
        for (uint32_t k = 0; k < b.n; k++, y = y->next)
            *out = *out || phi_doc_equal(x, y);
    }
    return PHI_OK;
}

static uint32_t types_in(const phi_schema_list *list, bool guesses)
{
    const values v = find_values(list);
    uint32_t types = phi_schema_types(list->items, list->n, guesses && v.n == 0);
    uint32_t found = 0;
    const phi_doc_value *x = v.first;
    for (uint32_t i = 0; i < v.n; i++, x = x->next)
        found |= phi_doc_value_type(x);
    types = v.n > 0 ? types & found : types;
    return list->is_never ? 0 : types;
}

static phi_status find_required(bool *out, phi_schema *s, const phi_schema_list *list, phi_str name)
{
    *out = false;
    for (uint32_t i = 0; i < list->n; i++) {
        const phi_doc_value *names = phi_schema_keyword(&list->items[i], "required");
        PHI_TRY(phi_schema_spend(s, 1 + (names ? names->n_items : 0)));
        for (const phi_doc_value *item = names ? names->first : NULL; item; item = item->next)
            *out = *out || phi_str_equal(item->text, name);
    }
    return PHI_OK;
}

static phi_status gather_property(phi_schema_list *out, phi_schema *s, const phi_schema_list *list, phi_str name)
{
    out->n = 0;
    out->is_never = false;
    for (uint32_t i = 0; i < list->n; i++) {
        const phi_doc_value *properties = phi_schema_keyword(&list->items[i], "properties");
        const phi_doc_value *property = phi_doc_get(properties, name);
        PHI_TRY(phi_schema_spend(s, 1 + (properties ? properties->n_items : 0)));
        if (property)
            PHI_TRY(phi_schema_gather(out, s, property));
    }
    return PHI_OK;
}

static phi_status find_apart(bool *out, phi_schema *s, const phi_schema_list *a, const phi_schema_list *b,
                             uint32_t types, int depth);

/* A property that both require and that is not the same in both: what tells them apart. */
static phi_status find_discriminator(bool *out, phi_schema *s, const phi_schema_list *a, const phi_schema_list *b,
                                     int depth)
{
    phi_schema_list *lists = phi_arena_array(s->arena, phi_schema_list, 2);
    if (!lists)
        return phi_schema_no_memory(s);
    const phi_arena_mark mark = phi_arena_get_mark(s->arena);
    for (uint32_t i = 0; i < a->n && !*out; i++) {
        const phi_doc_value *names = phi_schema_keyword(&a->items[i], "required");
        for (const phi_doc_value *name = names ? names->first : NULL; name && !*out; name = name->next) {
            bool is_common;
            phi_arena_rewind(s->arena, mark);
            PHI_TRY(find_required(&is_common, s, b, name->text));
            if (!is_common)
                continue;
            PHI_TRY(gather_property(&lists[0], s, a, name->text));
            PHI_TRY(gather_property(&lists[1], s, b, name->text));
            PHI_TRY(find_apart(out, s, &lists[0], &lists[1], PHI_TYPE_ALL, depth + 1));
        }
    }
    return PHI_OK;
}

static phi_status find_apart(bool *out, phi_schema *s, const phi_schema_list *a, const phi_schema_list *b,
                             uint32_t types, int depth)
{
    const values x = find_values(a);
    const values y = find_values(b);
    /* What one branch generates (its guessed types), the other may accept whatever its keywords are about. */
    const uint32_t common = types &
                            ((types_in(a, true) & types_in(b, false)) | (types_in(b, true) & types_in(a, false)));
    bool has_shared = true;
    if (x.n > 0 && y.n > 0)
        PHI_TRY(find_shared_value(&has_shared, s, x, y));
    *out = common == 0 || !has_shared;
    if (*out || common != PHI_TYPE_OBJECT || depth == DEPTH_MAX)
        return PHI_OK;
    return find_discriminator(out, s, a, b, depth);
}

static phi_status check_pair(phi_schema *s, const phi_doc_value *a, const phi_doc_value *b, uint32_t types)
{
    phi_schema_list *lists = phi_arena_zeroed(s->arena, phi_schema_list, 2);
    bool is_apart = false;
    if (!lists)
        return phi_schema_no_memory(s);
    PHI_TRY(phi_schema_gather(&lists[0], s, a));
    PHI_TRY(phi_schema_gather(&lists[1], s, b));
    PHI_TRY(find_apart(&is_apart, s, &lists[0], &lists[1], types, 0));
    if (is_apart)
        return PHI_OK;
    char place[PHI_DOC_PLACE_BYTES];
    return phi_fail(
        s->err, PHI_EUNSUPPORTED,
        "schema: %s: branches %u and %u may both hold, as far as types, const, enum and required properties "
        "tell; use anyOf, or a required property with another const in each branch",
        phi_doc_place(place, a->parent), (unsigned)a->idx, (unsigned)b->idx);
}

phi_status phi_schema_check_apart(phi_schema *s, const phi_doc_value *one_of, uint32_t types)
{
    if (one_of->n_items > BRANCHES_MAX)
        return phi_schema_refuse(s, one_of, "a oneOf of more than 256 branches");
    for (const phi_doc_value *a = one_of->first; a; a = a->next) {
        for (const phi_doc_value *b = a->next; b; b = b->next) {
            const phi_arena_mark mark = phi_arena_get_mark(s->arena);
            PHI_TRY(check_pair(s, a, b, types));
            phi_arena_rewind(s->arena, mark);
        }
    }
    return PHI_OK;
}
