#include <string.h>

#include "constrain.h"
#include "limits.h"
#include "schema.h"

enum { MASKS_BYTES_MAX = 2 << 20, MASKS_MIN = 16, MASKS_MAX = 512 };

typedef struct cached_mask {
    uint32_t *bits; /* (n_words); NULL: no memory taken yet */
    uint32_t state; /* that it belongs to, 0: none */
    uint64_t used;  /* when: greater is later */
    bool is_empty;
} cached_mask;

struct phi_constraint {
    phi_arena arena; /* the constraint itself and everything below */
    const phi_token_trie *trie;
    phi_constraint_text text;
    struct phi_constraint *link;
    phi_program program;
    phi_automaton automaton;
    uint32_t *walk;     /* (bytes_max + 1) states along the token in work */
    uint32_t *bits;     /* (n_words) the mask in work */
    cached_mask *masks; /* (n_masks) */
    uint32_t n_masks;
    uint64_t clock;
    uint64_t n_forgotten; /* of the automaton, when `masks` were last true */
};

/* ------------------------------------------------------------------ creating */

static phi_status open(phi_constraint **out, const phi_token_trie *trie, phi_error *err)
{
    phi_arena arena;
    phi_arena_init(&arena, 1 << 14);
    phi_constraint *c = phi_arena_zeroed(&arena, phi_constraint, 1);
    if (!c) {
        phi_arena_deinit(&arena);
        return phi_fail(err, PHI_ENOMEM, "constraint: no memory for it");
    }
    c->arena = arena;
    c->trie = trie;
    c->n_masks = MASKS_BYTES_MAX / (trie->n_words * (uint32_t)sizeof *c->bits + 1);
    c->n_masks = c->n_masks < MASKS_MIN ? MASKS_MIN : c->n_masks > MASKS_MAX ? MASKS_MAX : c->n_masks;
    c->walk = phi_arena_array(&c->arena, uint32_t, (size_t)trie->bytes_max + 1);
    c->bits = phi_arena_array(&c->arena, uint32_t, trie->n_words);
    c->masks = phi_arena_zeroed(&c->arena, cached_mask, c->n_masks);
    *out = c;
    if (!c->walk || !c->bits || !c->masks)
        return phi_fail(err, PHI_ENOMEM, "constraint: no memory for its masks");
    return PHI_OK;
}

/* A program without a way to its end: with every byte at hand there may be one, and then the vocabulary is the reason.
 * */
static phi_status fail_unsatisfiable(const phi_schema *schema, phi_program *p, phi_builder *b, phi_error *err)
{
    bool all[256];
    phi_program with_all;
    char place[PHI_DOC_PLACE_BYTES];
    memset(all, true, sizeof all);
    PHI_TRY(phi_program_seal(&with_all, b->arena, b, p->start, all));
    if (with_all.heights[p->start] != PHI_HEIGHT_NEVER)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "constraint: the model's vocabulary lacks tokens for single bytes that the text needs");
    if (!schema)
        return phi_fail(err, PHI_EINVAL, "constraint: no text matches the expression");
    return phi_fail(err, PHI_EINVAL, "schema: %s: no value satisfies it (or it nests deeper than %d levels)",
                    phi_doc_place(place, phi_schema_find_cause(schema, p)), PHI_LIMIT_CONSTRAINT_DEPTH);
}

static phi_status seal(phi_constraint *c, phi_builder *b, uint32_t start, const phi_schema *schema, phi_error *err)
{
    PHI_TRY(phi_program_seal(&c->program, &c->arena, b, start, c->trie->single));
    if (c->program.heights[start] == PHI_HEIGHT_NEVER)
        return fail_unsatisfiable(schema, &c->program, b, err);
    return phi_automaton_init(&c->automaton, &c->arena, &c->program, c->trie->drops_first_space, err);
}

static phi_status compile_schema(phi_constraint *c, phi_arena *scratch, phi_error *err)
{
    phi_builder b;
    uint32_t start;
    phi_schema *schema = phi_arena_array(scratch, phi_schema, 1);
    if (!schema)
        return phi_fail(err, PHI_ENOMEM, "schema: no memory to compile it");
    phi_builder_init(&b, scratch, err);
    PHI_TRY(phi_schema_compile(schema, &b, c->text.text, &start, err));
    return seal(c, &b, start, schema, err);
}

static phi_status compile_regex(phi_constraint *c, phi_arena *scratch, phi_error *err)
{
    phi_builder b;
    phi_charsets sets;
    phi_text_rules rules = {.n_patterns = 1, .max = PHI_NO_MAX};
    const phi_pattern_options options = {.flags = c->text.flags, .place = "regular expression"};
    phi_builder_init(&b, scratch, err);
    phi_charsets_init(&sets, &b);
    PHI_TRY(phi_pattern_parse(&rules.patterns[0], &sets, c->text.text, &options, err));
    return seal(c, &b, phi_part_text(&sets, &rules, false, PHI_NODE_END), NULL, err);
}

static phi_status copy_str(phi_str *out, phi_arena *arena, phi_str text, phi_error *err)
{
    char *copy = phi_arena_array(arena, char, text.len);
    if (!copy)
        return phi_fail(err, PHI_ENOMEM, "constraint: no memory for its text of %zu bytes", text.len);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    *out = (phi_str){copy, text.len};
    return PHI_OK;
}

static phi_status compile(phi_constraint *c, phi_arena *scratch, const phi_constraint_text *text, phi_error *err)
{
    c->text.is_regex = text->is_regex;
    PHI_TRY(copy_str(&c->text.text, &c->arena, text->text, err));
    PHI_TRY(copy_str(&c->text.flags, &c->arena, text->flags, err));
    return text->is_regex ? compile_regex(c, scratch, err) : compile_schema(c, scratch, err);
}

phi_status phi_constraint_create(phi_constraint **out, const phi_token_trie *trie, const phi_constraint_text *text,
                                 phi_error *err)
{
    phi_arena scratch;
    phi_constraint *c = NULL;
    *out = NULL;
    if (text->text.len > PHI_LIMIT_CONSTRAINT_BYTES)
        return phi_fail(err, PHI_EINVAL, "constraint: a text of %zu bytes, at most %d", text->text.len,
                        PHI_LIMIT_CONSTRAINT_BYTES);
    phi_arena_init(&scratch, 1 << 16);
    phi_status status = open(&c, trie, err);
    if (status == PHI_OK)
        status = compile(c, &scratch, text, err);
    phi_arena_deinit(&scratch);
    if (status == PHI_OK)
        *out = c;
    else
        phi_constraint_destroy(c);
    return status;
}

bool phi_constraint_is_of(const phi_constraint *c, const phi_constraint_text *text)
{
    return c->text.is_regex == text->is_regex && phi_str_equal(c->text.text, text->text) &&
           phi_str_equal(c->text.flags, text->flags);
}

phi_constraint **phi_constraint_link(phi_constraint *c)
{
    return &c->link;
}

void phi_constraint_destroy(phi_constraint *c)
{
    if (!c)
        return;
    phi_arena arena = c->arena; /* which holds the constraint */
    phi_arena_deinit(&arena);
}

size_t phi_constraint_bytes(const phi_constraint *c)
{
    return c->arena.held_bytes;
}

bool phi_constraint_is_used(const phi_constraint *c)
{
    return c->automaton.positions != &c->automaton.start || c->automaton.start.next != NULL;
}

bool phi_constraint_is_broken(const phi_constraint *c)
{
    return c->automaton.status != PHI_OK;
}

/* ------------------------------------------------------------------ masks */

static void set_bits(uint32_t *bits, const int32_t *ids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        bits[ids[i] / 32] |= 1u << (ids[i] % 32);
}

/* Every token of the tree that the state allows. A whole subtree of plain tokens comes at once where any may follow. */
static phi_status walk_trie(phi_constraint *c, const phi_trie *trie, uint32_t state)
{
    phi_automaton *a = &c->automaton;
    const bool is_plain = trie == &c->trie->plain;
    c->walk[0] = state;
    for (uint32_t i = 0; i < trie->n_nodes;) {
        const phi_trie_node *node = &trie->nodes[i];
        uint32_t to = phi_automaton_way(a, c->walk[node->depth], node->byte);
        if (to == PHI_STATE_UNKNOWN) {
            to = phi_automaton_compute(a, c->walk, node->depth + 1u, node->byte);
            if (to == PHI_STATE_UNKNOWN)
                return a->status;
        }
        if (to == PHI_STATE_DEAD) {
            i = node->skip;
            continue;
        }
        const phi_state *s = &a->states[to];
        const bool takes_all = is_plain && s->plain == PHI_PLAIN_ALL;
        const uint32_t end = takes_all ? node->skip : i + 1;
        if (s->is_safe)
            set_bits(c->bits, trie->ids + node->first, trie->nodes[end].first - node->first);
        c->walk[node->depth + 1] = to;
        i = end;
    }
    return PHI_OK;
}

static phi_status compute_mask(phi_constraint *c, phi_position *position)
{
    const phi_token_trie *t = c->trie;
    const phi_state s = c->automaton.states[position->state];
    memset(c->bits, 0, t->n_words * sizeof *c->bits);
    c->automaton.work = 0;
    if (s.n == 0)
        return PHI_OK;
    if (s.plain >= t->length_max && s.plain != PHI_PLAIN_NONE)
        memcpy(c->bits, t->plain_mask, t->n_words * sizeof *c->bits);
    else if (s.is_plain_only)
        set_bits(c->bits, t->by_length, t->length_end[s.plain]);
    else
        PHI_TRY(walk_trie(c, &t->plain, position->state));
    return walk_trie(c, &t->other, position->state);
}

/* The mask that was not used for longest gives way. */
static cached_mask *take_mask(phi_constraint *c)
{
    cached_mask *oldest = &c->masks[0];
    for (uint32_t i = 1; i < c->n_masks && oldest->used > 0; i++)
        oldest = c->masks[i].used < oldest->used ? &c->masks[i] : oldest;
    if (!oldest->bits)
        oldest->bits = phi_arena_array(&c->arena, uint32_t, c->trie->n_words);
    if (oldest->state != 0)
        c->automaton.states[oldest->state].mask_idx = -1;
    return oldest->bits ? oldest : NULL;
}

/* States were forgotten: masks belong to none of those that are left. */
static void disown_masks(phi_constraint *c)
{
    if (c->n_forgotten == c->automaton.n_forgotten)
        return;
    for (uint32_t i = 0; i < c->n_masks; i++) {
        c->masks[i].state = 0;
        c->masks[i].used = 0;
    }
    c->n_forgotten = c->automaton.n_forgotten;
}

static phi_status find_mask(cached_mask **out, phi_constraint *c, phi_position *position, phi_error *err)
{
    const int32_t known = c->automaton.states[position->state].mask_idx;
    if (known >= 0) {
        *out = &c->masks[known];
        return PHI_OK;
    }
    if (compute_mask(c, position) != PHI_OK)
        return phi_automaton_fail(&c->automaton, err);
    disown_masks(c);
    cached_mask *mask = take_mask(c);
    if (!mask)
        return phi_fail(err, PHI_ENOMEM, "constraint: no memory for a mask of %d tokens", (int)c->trie->n_tokens);
    mask->is_empty = true;
    for (uint32_t i = 0; i < c->trie->n_words; i++) {
        mask->bits[i] = c->bits[i];
        mask->is_empty = mask->is_empty && c->bits[i] == 0;
    }
    mask->state = position->state;
    c->automaton.states[position->state].mask_idx = (int32_t)(mask - c->masks);
    *out = mask;
    return PHI_OK;
}

/* ------------------------------------------------------------------ matchers */

void phi_matcher_begin(phi_matcher *m, phi_constraint *c)
{
    *m = (phi_matcher){.constraint = c, .position = {.state = c->automaton.start.state}};
    phi_automaton_register(&c->automaton, &m->position);
}

void phi_matcher_end(phi_matcher *m)
{
    if (m->constraint)
        phi_automaton_unregister(&m->constraint->automaton, &m->position);
    m->constraint = NULL;
}

phi_status phi_matcher_get_mask(phi_mask *out, phi_matcher *m, phi_error *err)
{
    phi_constraint *c = m->constraint;
    cached_mask *mask = NULL;
    disown_masks(c);
    PHI_TRY(find_mask(&mask, c, &m->position, err));
    mask->used = ++c->clock;
    *out = (phi_mask){mask->bits, mask->is_empty, c->automaton.states[m->position.state].may_end};
    return PHI_OK;
}

phi_status phi_matcher_accept(phi_matcher *m, int32_t id, phi_error *err)
{
    phi_automaton *a = &m->constraint->automaton;
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    const size_t n = phi_tokenizer_piece(piece, m->constraint->trie->tokenizer, id, false);
    uint32_t state = m->position.state;
    for (size_t i = 0; i < n && state != PHI_STATE_DEAD; i++) {
        uint32_t to = phi_automaton_way(a, state, piece[i]);
        if (to == PHI_STATE_UNKNOWN)
            to = phi_automaton_compute(a, &state, 1, piece[i]);
        if (to == PHI_STATE_UNKNOWN)
            return phi_automaton_fail(a, err);
        state = to;
    }
    if (n == 0 || state == PHI_STATE_DEAD || !a->states[state].is_safe)
        return phi_fail(err, PHI_EINVAL, "constraint: token %d is not allowed here", (int)id);
    m->position.state = state;
    return PHI_OK;
}
