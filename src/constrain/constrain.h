/* Output that obeys a JSON schema or a regular expression: which tokens may come next, exactly.
 *
 *   text ─▶ doc, schema / pattern ─▶ program (byte automaton) ─▶ automaton (states as they are met) ─▶ mask of tokens,
 * cached
 *
 * A constraint is compiled once and may guide several generations in turn; each keeps its place in a matcher. One
 * thread at a time. docs/CONSTRAINTS.md lists what schemas and expressions may hold; docs/decisions/0007 says why it is
 * built so. */
#ifndef PHI_CONSTRAIN_H
#define PHI_CONSTRAIN_H

#include "automaton.h"
#include "bytes.h"
#include "token_trie.h"

typedef struct phi_constraint phi_constraint;

/* What the output obeys: a JSON schema, or an expression that all of it matches, with the flags i and s if wanted. */
typedef struct phi_constraint_text {
    bool is_regex;
    phi_str text;
    phi_str flags;
} phi_constraint_text;

/* Compiles; the text is copied. `trie` must outlive the constraint. PHI_EINVAL: the text is malformed, or nothing
 * satisfies it; PHI_EUNSUPPORTED: it asks for what is not supported, or the vocabulary lacks bytes that it needs. The
 * message says what and where. */
phi_status phi_constraint_create(phi_constraint **out, const phi_token_trie *trie, const phi_constraint_text *text,
                                 phi_error *err);
bool phi_constraint_is_of(const phi_constraint *c, const phi_constraint_text *text);
/* For a list of constraints that the owner keeps: the link to the next one. */
phi_constraint **phi_constraint_link(phi_constraint *c);
/* NULL is fine. Matchers first. */
void phi_constraint_destroy(phi_constraint *c);
/* What it holds now: program, states, masks. */
size_t phi_constraint_bytes(const phi_constraint *c);
/* Is a matcher using it? */
bool phi_constraint_is_used(const phi_constraint *c);
/* Has memory run out, or a limit been passed, on the way? Then it fails for good. */
bool phi_constraint_is_broken(const phi_constraint *c);

/* A place in a text that obeys. */
typedef struct phi_matcher {
    phi_constraint *constraint; /* NULL: none */
    phi_position position;
} phi_matcher;

typedef struct phi_mask {
    const uint32_t
        *bits;     /* bit id % 32 of word id / 32: the token may come; borrowed until the next call on the constraint */
    bool is_empty; /* no token may come: the text is complete. Never so while may_end is false */
    bool may_end;
} phi_mask;

void phi_matcher_begin(phi_matcher *m, phi_constraint *c);
void phi_matcher_end(phi_matcher *m); /* one that never began is fine */
/* PHI_ENOMEM, or PHI_EUNSUPPORTED for a constraint that is too ambiguous at this place. */
phi_status phi_matcher_get_mask(phi_mask *out, phi_matcher *m, phi_error *err);
/* A token comes. PHI_EINVAL if the mask does not have it; the place stays. */
phi_status phi_matcher_accept(phi_matcher *m, int32_t id, phi_error *err);

#endif
