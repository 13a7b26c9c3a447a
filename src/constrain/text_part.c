/* Expressions and a length, together: a place in the text is a state of every expression's automaton and a count of
 * characters, and only the places that can be reached are written. Steps without a character are taken one automaton at
 * a time, so the places grow like states * counts, not like their closures. */
#include <string.h>

#include "parts.h"

typedef struct place {
    uint32_t states[PHI_PATTERNS_MAX];
    uint32_t count; /* characters so far, up to what matters */
    bool has_begun; /* a character has been: ^ holds no more */
    bool has_ended; /* a $ was passed: no character may follow */
    uint32_t node;  /* of the program */
    uint32_t next;  /* place + 1 with the same hash */
} place;

typedef struct product {
    phi_charsets *sets;
    phi_builder *b;
    const phi_text_rules *rules;
    bool is_json;
    uint32_t then;
    place *places;
    uint32_t n, cap;
    uint32_t *slots; /* (mask + 1) 0: none, else place + 1 */
    uint32_t mask;
} product;

static uint32_t hash_place(const place *p)
{
    uint32_t h = p->count * 2654435761u ^ (uint32_t)p->has_begun << 8 ^ (uint32_t)p->has_ended << 9;
    for (uint32_t i = 0; i < PHI_PATTERNS_MAX; i++)
        h = (h ^ p->states[i]) * 16777619u;
    return h ^ h >> 15;
}

static bool same_place(const place *a, const place *b)
{
    return memcmp(a->states, b->states, sizeof a->states) == 0 && a->count == b->count &&
           a->has_begun == b->has_begun && a->has_ended == b->has_ended;
}

static bool grow(product *x)
{
    const uint32_t cap = x->cap ? 2 * x->cap : 128;
    place *places = phi_arena_array(x->b->arena, place, cap);
    uint32_t *slots = phi_arena_zeroed(x->b->arena, uint32_t, cap);
    if (!places || !slots)
        return false;
    if (x->n > 0)
        memcpy(places, x->places, x->n * sizeof *places);
    for (uint32_t i = 0; i < x->n; i++) {
        uint32_t *slot = &slots[hash_place(&places[i]) & (cap - 1)];
        places[i].next = *slot;
        *slot = i + 1;
    }
    x->places = places;
    x->slots = slots;
    x->cap = cap;
    x->mask = cap - 1;
    return true;
}

/* The node of a place; a new one waits to be written. */
static uint32_t node_at(product *x, const place *p)
{
    if (x->b->status != PHI_OK)
        return PHI_NODE_END;
    if (x->n == x->cap && !grow(x)) {
        x->b->status = phi_fail(x->b->err, PHI_ENOMEM, "constraint: no memory for %u places", (unsigned)x->cap);
        return PHI_NODE_END;
    }
    uint32_t *slot = &x->slots[hash_place(p) & x->mask];
    for (uint32_t i = *slot; i != 0; i = x->places[i - 1].next)
        if (same_place(&x->places[i - 1], p))
            return x->places[i - 1].node;
    place *added = &x->places[x->n];
    *added = *p;
    added->node = phi_builder_reserve(x->b);
    added->next = *slot;
    *slot = ++x->n;
    return added->node;
}

/* Every automaton takes a character that all of them allow. */
static void write_character(product *x, const place *p)
{
    const phi_text_rules *rules = x->rules;
    const uint32_t count_max = rules->max != PHI_NO_MAX ? rules->max : rules->min;
    uint32_t set = PHI_CHARSET_ALL;
    place after = *p;
    for (uint32_t i = 0; i < rules->n_patterns; i++) {
        const phi_pattern_state *state = &rules->patterns[i].states[p->states[i]];
        set = phi_charsets_intersect(x->sets, set, state->b);
        after.states[i] = state->a;
    }
    if (p->has_ended || set == PHI_CHARSET_EMPTY || (rules->max != PHI_NO_MAX && p->count == rules->max))
        return;
    after.count += p->count < count_max;
    after.has_begun = true;
    phi_charsets_write(x->sets, set, x->is_json, p->node, node_at(x, &after));
}

static void write_place(product *x, const place *p)
{
    uint32_t n_matches = 0;
    for (uint32_t i = 0; i < x->rules->n_patterns; i++) {
        const phi_pattern_state *state = &x->rules->patterns[i].states[p->states[i]];
        place after = *p;
        after.states[i] = state->a;
        if (state->kind == PHI_PATTERN_CHAR)
            continue;
        if (state->kind == PHI_PATTERN_MATCH) {
            n_matches++;
            continue;
        }
        if (state->kind == PHI_PATTERN_BEGIN && p->has_begun)
            return;
        after.has_ended = after.has_ended || state->kind == PHI_PATTERN_END;
        const uint32_t a = node_at(x, &after);
        after.states[i] = state->kind == PHI_PATTERN_SPLIT ? state->b : state->a;
        phi_builder_set_split(x->b, p->node, a, node_at(x, &after));
        return;
    }
    if (n_matches == 0)
        write_character(x, p);
    else if (n_matches == x->rules->n_patterns && p->count >= x->rules->min)
        phi_builder_set_split(x->b, p->node, x->then, x->then);
}

uint32_t phi_part_text(phi_charsets *sets, const phi_text_rules *rules, bool is_json, uint32_t then)
{
    product x = {.sets = sets, .b = sets->builder, .rules = rules, .is_json = is_json, .then = then};
    place start = {0};
    for (uint32_t i = 0; i < rules->n_patterns; i++)
        start.states[i] = rules->patterns[i].start;
    const uint32_t node = node_at(&x, &start);
    for (uint32_t i = 0; i < x.n && x.b->status == PHI_OK; i++) {
        const place p = x.places[i]; /* the array may move */
        write_place(&x, &p);
    }
    return node;
}
