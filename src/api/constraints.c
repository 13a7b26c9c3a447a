/* Constraints that an engine has compiled: the last few are kept, for the same schema tends to come again, and with it
 * the masks that it has met. */
#include "engine_internal.h"

enum { KEPT_MAX = 4, TRIE_BLOCK_BYTES = 1 << 16 };

static phi_status make_trie(phi_engine *e, phi_error *err)
{
    if (e->trie)
        return PHI_OK;
    phi_arena_init(&e->trie_arena, TRIE_BLOCK_BYTES);
    const phi_status status = phi_token_trie_create(&e->trie, &e->trie_arena, e->tokenizer, err);
    if (status != PHI_OK)
        phi_arena_deinit(&e->trie_arena);
    return status;
}

/* Takes the constraint of this text off the list; NULL: there is none. */
static phi_constraint *take_known(phi_engine *e, const phi_constraint_text *text)
{
    for (phi_constraint **at = &e->constraints; *at; at = phi_constraint_link(*at)) {
        phi_constraint *c = *at;
        if (phi_constraint_is_broken(c) || !phi_constraint_is_of(c, text))
            continue;
        *at = *phi_constraint_link(c);
        return c;
    }
    return NULL;
}

/* Those in use stay; of the others, the last ones used. */
static void trim(phi_engine *e)
{
    uint32_t n_unused = 0;
    for (phi_constraint **at = &e->constraints; *at;) {
        phi_constraint *c = *at;
        const bool is_used = phi_constraint_is_used(c);
        n_unused += !is_used;
        if (is_used || (n_unused <= KEPT_MAX && !phi_constraint_is_broken(c))) {
            at = phi_constraint_link(c);
            continue;
        }
        *at = *phi_constraint_link(c);
        phi_constraint_destroy(c);
    }
}

static phi_status read_text(phi_constraint_text *out, const phi_generate_options *o, phi_error *err)
{
    switch (o->constraint_kind) {
    case PHI_CONSTRAINT_JSON_OBJECT:
        *out = (phi_constraint_text){.text = PHI_STR("{\"type\":\"object\"}"), .flags = PHI_STR("")};
        return PHI_OK;
    case PHI_CONSTRAINT_JSON_SCHEMA:
    case PHI_CONSTRAINT_REGEX:
        *out = (phi_constraint_text){o->constraint_kind == PHI_CONSTRAINT_REGEX, o->constraint, o->constraint_flags};
        break;
    default:
        return phi_fail(err, PHI_EINVAL, "generate options: constraint_kind is %d, expected 0 to 3",
                        (int)o->constraint_kind);
    }
    if ((!out->text.ptr && out->text.len > 0) || (!out->flags.ptr && out->flags.len > 0))
        return phi_fail(err, PHI_EINVAL, "generate options: the constraint's text is NULL but has a length");
    if (!out->is_regex && out->flags.len > 0)
        return phi_fail(err, PHI_EINVAL, "generate options: constraint_flags are for regular expressions");
    return PHI_OK;
}

phi_status phi_engine_begin_constraint(phi_matcher *m, phi_engine *e, const phi_generate_options *options,
                                       phi_error *err)
{
    phi_constraint_text text;
    phi_matcher_end(m);
    if (options->constraint_kind == PHI_CONSTRAINT_NONE)
        return PHI_OK;
    PHI_TRY(read_text(&text, options, err));
    PHI_TRY(make_trie(e, err));
    phi_constraint *c = take_known(e, &text);
    if (!c)
        PHI_TRY(phi_constraint_create(&c, e->trie, &text, err));
    *phi_constraint_link(c) = e->constraints;
    e->constraints = c;
    phi_matcher_begin(m, c);
    trim(e);
    return PHI_OK;
}

void phi_engine_drop_constraints(phi_engine *e)
{
    while (e->constraints) {
        phi_constraint *c = e->constraints;
        e->constraints = *phi_constraint_link(c);
        phi_constraint_destroy(c);
    }
    if (e->trie)
        phi_arena_deinit(&e->trie_arena);
    e->trie = NULL;
}
