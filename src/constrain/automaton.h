/* A program made deterministic as it is used (as RE2 does; Cox 2010, "Regular Expression Matching in the Wild"). A
 * state is a set of threads: a SWITCH node with the calls that are open around it. Calls are linked frames, each kept
 * once, so equal sets are equal numbers: states are interned, and each byte's way from a state is computed once.
 *
 * Memory is bounded: past a number of states everything is forgotten but the states that are in use, whose numbers
 * change: those of registered positions, and those that the caller of phi_automaton_compute() lists. */
#ifndef PHI_AUTOMATON_H
#define PHI_AUTOMATON_H

#include "program.h"

enum {
    PHI_STATE_UNKNOWN = 0, /* of a way: not computed yet */
    PHI_STATE_DEAD = 1,    /* no thread left */
    PHI_STATE_FIRST = 2
};

typedef struct phi_thread {
    uint32_t node, frame;
} phi_thread;

typedef struct phi_frame {
    uint32_t then, parent; /* the node to return to, and the frame around it; frame 0: no call is open */
    uint32_t depth, next;  /* next: frame + 1 of the same hash */
} phi_frame;

typedef struct phi_state {
    uint32_t first, n; /* its threads */
    uint32_t hash, next;
    uint32_t plain;     /* plain characters that may come in a row: a number or PHI_PLAIN_ALL */
    bool is_plain_only; /* no others may come: every thread is of the string that promises them */
    bool may_end;       /* the text may end here */
    bool is_safe;       /* it may end, or can be brought to an end byte by byte with the tokens that there are */
    bool is_start;      /* nothing has come yet, and a first space will mean nothing */
    int32_t mask_idx;   /* for the caller: a cached mask, or -1 */
} phi_state;

/* Threads and frames: swapped with a second set when old states are forgotten. */
typedef struct phi_state_store {
    phi_thread *threads;
    phi_frame *frames;
    uint32_t n_threads, threads_cap, n_frames, frames_cap;
} phi_state_store;

/* A state that is in use: its number is kept up to date. */
typedef struct phi_position {
    uint32_t state;
    struct phi_position *previous, *next;
} phi_position;

typedef struct phi_automaton {
    const phi_program *program;
    phi_arena *arena;
    phi_state_store now, before;
    phi_state *states; /* (n_states) */
    uint32_t *ways;    /* (states_cap, n_classes) */
    uint32_t n_states, states_cap, states_max;
    uint32_t *slots; /* (mask + 1) 0 or a state */
    uint32_t mask;
    uint32_t *frame_slots; /* (frame_mask + 1) 0 or frame + 1 */
    uint32_t frame_mask;
    /* A set in the making: what is still to be followed, its threads, and what was followed already. */
    phi_thread *stack, *set, *seen;
    uint32_t *seen_stamps; /* (seen_mask + 1) */
    uint32_t n_stack, stack_cap, n_set, set_cap, n_seen, seen_mask, stamp;
    bool set_may_end;
    phi_status status; /* the first failure stays */
    phi_position *positions;
    phi_position start;
    uint64_t n_forgotten; /* times */
    uint64_t work;        /* places looked at since the caller last set it to 0: too many end it */
} phi_automaton;

/* `skips_first_space`: the first byte, if a space, is no part of the text. Everything is dealt from `arena`. */
phi_status phi_automaton_init(phi_automaton *a, phi_arena *arena, const phi_program *program, bool skips_first_space,
                              phi_error *err);
void phi_automaton_register(phi_automaton *a, phi_position *position);
void phi_automaton_unregister(phi_automaton *a, phi_position *position);

/* The state behind a byte after live[n_live - 1], or PHI_STATE_DEAD. PHI_STATE_UNKNOWN: it failed, see a->status: out
 * of memory, or too many threads at once. When old states are forgotten, `live` (n_live) gets the new numbers. */
uint32_t phi_automaton_compute(phi_automaton *a, uint32_t *live, uint32_t n_live, uint8_t byte);
/* What a->status says, in words. */
phi_status phi_automaton_fail(const phi_automaton *a, phi_error *err);

static inline uint32_t phi_automaton_way(const phi_automaton *a, uint32_t state, uint8_t byte)
{
    return a->ways[(size_t)state * a->program->n_classes + a->program->class_of[byte]];
}

#endif
