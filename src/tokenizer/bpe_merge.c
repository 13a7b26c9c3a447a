#include "bpe_merge.h"

enum { WORK_CAP_MIN = 256 };

phi_bpe_work phi_bpe_work_open(phi_arena *arena)
{
    return (phi_bpe_work){.arena = arena, .mark = phi_arena_get_mark(arena)};
}

phi_status phi_bpe_work_reserve(phi_bpe_work *w, size_t n, phi_error *err)
{
    w->n_symbols = 0;
    w->n_heap = 0;
    if (n <= w->cap)
        return PHI_OK;
    size_t cap = w->cap > 0 ? w->cap : WORK_CAP_MIN;
    while (cap < n)
        cap *= 2;
    phi_arena_rewind(w->arena, w->mark);
    w->cap = 0;
    w->symbols = phi_arena_array(w->arena, phi_bpe_symbol, cap);
    w->heap = phi_arena_array(w->arena, phi_bpe_candidate, 2 * cap);
    if (!w->symbols || !w->heap)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory to merge a piece of %zu characters", n);
    w->cap = cap;
    return PHI_OK;
}

void phi_bpe_work_add(phi_bpe_work *w, uint32_t start, uint32_t n_bytes, int32_t id)
{
    const int32_t at = (int32_t)w->n_symbols++;
    w->symbols[at] = (phi_bpe_symbol){start, n_bytes, at - 1, PHI_BPE_NO_SYMBOL, id};
    if (at > 0)
        w->symbols[at - 1].next = at;
}

static void push(phi_bpe_work *w, phi_bpe_candidate item)
{
    phi_bpe_candidate *heap = w->heap;
    size_t at = w->n_heap++;
    while (at > 0 && heap[(at - 1) / 2].order > item.order) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = item;
}

static phi_bpe_candidate pop(phi_bpe_work *w)
{
    phi_bpe_candidate *heap = w->heap;
    const phi_bpe_candidate top = heap[0];
    const phi_bpe_candidate last = heap[--w->n_heap];
    size_t at = 0;
    for (size_t child = 1; child < w->n_heap; child = 2 * at + 1) {
        if (child + 1 < w->n_heap && heap[child + 1].order < heap[child].order)
            child++;
        if (heap[child].order >= last.order)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

static void try_pair(phi_bpe_work *w, int32_t left, phi_bpe_lookup lookup, const void *context)
{
    if (left == PHI_BPE_NO_SYMBOL || w->symbols[left].next == PHI_BPE_NO_SYMBOL)
        return;
    const phi_bpe_symbol *l = &w->symbols[left];
    const phi_bpe_symbol *r = &w->symbols[l->next];
    uint32_t rank;
    int32_t id;
    if (lookup(&rank, &id, context, l, r))
        push(w, (phi_bpe_candidate){(uint64_t)rank << 32 | (uint32_t)left, l->n_bytes + r->n_bytes, id});
}

/* A symbol only grows, at the cost of its right neighbour, whose place another one takes: so the bytes of a symbol and
 * its right neighbour together change whenever either changes. */
static bool is_current(const phi_bpe_work *w, const phi_bpe_symbol *left, uint32_t n_bytes)
{
    return left->n_bytes > 0 && left->next != PHI_BPE_NO_SYMBOL &&
           left->n_bytes + w->symbols[left->next].n_bytes == n_bytes;
}

void phi_bpe_work_merge(phi_bpe_work *w, phi_bpe_lookup lookup, const void *context)
{
    for (size_t i = 0; i + 1 < w->n_symbols; i++)
        try_pair(w, (int32_t)i, lookup, context);
    while (w->n_heap > 0) {
        const phi_bpe_candidate top = pop(w);
        const int32_t at = (int32_t)(uint32_t)top.order;
        phi_bpe_symbol *left = &w->symbols[at];
        if (!is_current(w, left, top.n_bytes))
            continue;
        phi_bpe_symbol *right = &w->symbols[left->next];
        left->n_bytes = top.n_bytes;
        left->id = top.id;
        left->next = right->next;
        right->n_bytes = 0;
        if (left->next != PHI_BPE_NO_SYMBOL)
            w->symbols[left->next].prev = at;
        try_pair(w, left->prev, lookup, context);
        try_pair(w, at, lookup, context);
    }
}
