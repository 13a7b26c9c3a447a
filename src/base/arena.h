/* The only allocator of the project: malloc appears in arena.c and nowhere else.
 *
 * An arena is a chain of blocks. Memory is dealt front to back, never freed singly, and all given back by deinit.
 *
 *   block  [ header | object | redzone | object | redzone | … free … ]
 *
 * phi_arena_init(&a, n) with n > 0 reserves one block of n bytes at the first use; an arena that is `is_fixed` refuses
 * to grow beyond it (plan, reserve once, deal). Under AddressSanitizer the space between objects is poisoned. */
#ifndef PHI_ARENA_H
#define PHI_ARENA_H

#include "status.h"

enum { PHI_ARENA_ALIGN = 64 };

typedef struct phi_arena_block phi_arena_block;

typedef struct phi_arena {
    phi_arena_block *top; /* newest block, linked to older ones */
    size_t block_bytes;   /* size of the next block */
    size_t used_bytes;    /* dealt, alignment included */
    size_t held_bytes;    /* reserved from the system */
    bool is_fixed;        /* one block only */
} phi_arena;

/* A place to rewind to. Valid until the arena is rewound past it or deinitialised. */
typedef struct phi_arena_mark {
    phi_arena_block *block;
    size_t block_used;
    size_t used_bytes;
} phi_arena_mark;

void phi_arena_init(phi_arena *a, size_t block_bytes);
/* One block of exactly `bytes`, taken now, never grown; `what` they are for, in the error's words. PHI_ENOMEM: so many
 * were not to be had, or are more than half of the address space, as sums that overflowed to UINT64_MAX are;
 * err->requested says how many. */
phi_status phi_arena_init_fixed(phi_arena *a, uint64_t bytes, const char *what, phi_error *err);
/* Gives everything back. The arena may be initialised again. A zeroed arena is fine. */
void phi_arena_deinit(phi_arena *a);

/* count * item_bytes bytes, 64-byte aligned, not zeroed; NULL when the product overflows or memory is out.
 * A count of 0 gives a valid pointer to nothing. */
void *phi_arena_alloc(phi_arena *a, size_t count, size_t item_bytes);
void *phi_arena_calloc(phi_arena *a, size_t count, size_t item_bytes);
#define phi_arena_array(a, type, count)  ((type *)phi_arena_alloc((a), (count), sizeof(type)))
#define phi_arena_zeroed(a, type, count) ((type *)phi_arena_calloc((a), (count), sizeof(type)))

phi_arena_mark phi_arena_get_mark(const phi_arena *a);
/* Frees everything dealt since the mark. */
void phi_arena_rewind(phi_arena *a, phi_arena_mark mark);

/* Bytes that dealing count * item_bytes takes from a block, for planning fixed arenas. Saturates at SIZE_MAX. */
size_t phi_arena_cost(size_t count, size_t item_bytes);

/* Bytes that all arenas of the process hold from the system, now and at most so far. */
uint64_t phi_arena_total_held(void);
uint64_t phi_arena_total_peak(void);

/* For bindings that need memory outside any arena (phi_alloc in phi.h). NULL when out of memory. */
void *phi_system_alloc(size_t bytes);
void phi_system_free(void *p);

/* Test hook: the n-th block request from now on (1 = the next) fails once; 0 switches it off. Returns how many
 * requests were made since the last call. Not thread-safe; tests only. */
uint64_t phi_arena_fail_at(uint64_t n);

#endif
