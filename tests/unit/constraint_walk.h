/* For tests of constraints: a vocabulary of all bytes and some words, and texts fed to a constraint byte by byte. */
#ifndef PHI_TEST_CONSTRAINT_WALK_H
#define PHI_TEST_CONSTRAINT_WALK_H

#include "constrain.h"
#include "small_vocabulary.h"

typedef struct walk_bench {
    small_vocabulary *v; /* ids 3 to 258 are the bytes */
    phi_arena arena;
    phi_token_trie *trie;
    phi_error err;
} walk_bench;

enum { FIRST_BYTE_ID = 3 };

/* With further tokens as the file would spell them. */
static inline bool walk_open(walk_bench *b, const char *const *words, size_t n_words)
{
    *b = (walk_bench){.v = small_open_spm()};
    b->v->v.adds_space_prefix = false; /* a first space is a space */
    for (size_t i = 0; i < n_words; i++)
        (void)small_add(b->v, phi_str_of(words[i]), 0, PHI_TOKEN_NORMAL);
    phi_arena_init(&b->arena, 1 << 14);
    return small_create(b->v) == PHI_OK && phi_token_trie_create(&b->trie, &b->arena, b->v->t, &b->err) == PHI_OK;
}

static inline void walk_close(walk_bench *b)
{
    phi_arena_deinit(&b->arena);
    small_close(b->v);
}

static inline phi_constraint *walk_compile(walk_bench *b, bool is_regex, const char *text, const char *flags)
{
    phi_constraint *c = NULL;
    const phi_constraint_text given = {is_regex, phi_str_of(text), phi_str_of(flags)};
    b->err = (phi_error){0};
    (void)phi_constraint_create(&c, b->trie, &given, &b->err);
    return c;
}

/* Is the whole text allowed? */
static inline bool walk_accepts(phi_constraint *c, phi_str text)
{
    phi_matcher m;
    phi_mask mask;
    phi_error err;
    phi_matcher_begin(&m, c);
    bool is_good = true;
    for (size_t i = 0; i < text.len && is_good; i++)
        is_good = phi_matcher_accept(&m, FIRST_BYTE_ID + (uint8_t)text.ptr[i], &err) == PHI_OK;
    is_good = is_good && phi_matcher_get_mask(&mask, &m, &err) == PHI_OK && mask.may_end;
    phi_matcher_end(&m);
    return is_good;
}

#endif
