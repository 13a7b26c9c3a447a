/* The merging that both families share: a chain of symbols, and a heap of the neighbours that may merge.
 *
 *   [h][e][l][l][o]   the neighbours of lowest rank merge first, the leftmost of equals; then the merged
 *   [he][l][l][o]     symbol is tried with its new neighbours, until nothing merges. O(n log n).
 *
 * What a merge is, the family says through a callback. */
#ifndef PHI_BPE_MERGE_H
#define PHI_BPE_MERGE_H

#include "arena.h"

enum { PHI_BPE_NO_SYMBOL = -1 };

typedef struct phi_bpe_symbol {
    uint32_t start;   /* bytes into the text */
    uint32_t n_bytes; /* 0 once it has been merged into its left neighbour */
    int32_t prev, next;
    int32_t id; /* -1: not a token, or not looked up */
} phi_bpe_symbol;

/* A heap item: neighbours that may merge. Stale once either of them has changed, see is_current(). */
typedef struct phi_bpe_candidate {
    uint64_t order;   /* rank << 32 | index of the left symbol */
    uint32_t n_bytes; /* of both symbols together */
    int32_t id;
} phi_bpe_candidate;

/* Whether two neighbours merge: if so, the rank of the merge (lower is first) and the token that it makes. */
typedef bool (*phi_bpe_lookup)(uint32_t *rank, int32_t *id, const void *context, const phi_bpe_symbol *left,
                               const phi_bpe_symbol *right);

typedef struct phi_bpe_work {
    phi_arena *arena;
    phi_arena_mark mark;     /* the arrays are all that lies above it */
    phi_bpe_symbol *symbols; /* (n_symbols), room for cap */
    phi_bpe_candidate *heap; /* (n_heap), room for 2 cap: each merge takes one item and adds two at most */
    size_t n_symbols, n_heap, cap;
} phi_bpe_work;

/* Until the arena is rewound, nothing else may be dealt from it. */
phi_bpe_work phi_bpe_work_open(phi_arena *arena);
/* Makes room for n symbols and empties the chain. */
phi_status phi_bpe_work_reserve(phi_bpe_work *w, size_t n, phi_error *err);
/* Appends a symbol; the caller has reserved its place. */
void phi_bpe_work_add(phi_bpe_work *w, uint32_t start, uint32_t n_bytes, int32_t id);
/* Merges all that can be. */
void phi_bpe_work_merge(phi_bpe_work *w, phi_bpe_lookup lookup, const void *context);
/* Index of the leftmost symbol of the chain. */
static inline int32_t phi_bpe_work_first(const phi_bpe_work *w)
{
    return w->n_symbols > 0 ? 0 : PHI_BPE_NO_SYMBOL;
}

#endif
