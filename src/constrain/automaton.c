#include "automaton.h"

#include <string.h>

#include "limits.h"

enum {
    WAYS_BYTES_MAX = 2 << 20,
    STATES_MIN = 512, /* of the limit */
    STATES_MAX = 8192,
    STATES_FIRST = 64,
    THREADS_MAX = 1 << 18, /* of all states: then old ones are forgotten */
    FRAMES_MAX = 1 << 16,
    WORK_MAX = 1 << 25, /* places looked at for one mask: about a second */
    SEEN_MAX = 1 << 16  /* places that one state may be in at once */
};

/* ------------------------------------------------------------------ memory */

/* Room for `n` items at *items; the old ones are copied. */
static bool reserve(phi_automaton *a, void **items, uint32_t *cap, uint32_t n, size_t item_bytes)
{
    if (n <= *cap)
        return true;
    uint32_t grown_cap = *cap ? 2 * *cap : 64;
    while (grown_cap < n)
        grown_cap *= 2;
    void *grown = phi_arena_alloc(a->arena, grown_cap, item_bytes);
    if (!grown) {
        a->status = PHI_ENOMEM;
        return false;
    }
    if (*cap > 0)
        memcpy(grown, *items, *cap * item_bytes);
    *items = grown;
    *cap = grown_cap;
    return true;
}

#define RESERVE(a, field, cap, n) reserve_##field((a), (n))

static bool reserve_stack(phi_automaton *a, uint32_t n)
{
    void *items = a->stack;
    const bool is_good = reserve(a, &items, &a->stack_cap, n, sizeof *a->stack);
    a->stack = items;
    return is_good;
}

static bool reserve_set(phi_automaton *a, uint32_t n)
{
    void *items = a->set;
    const bool is_good = reserve(a, &items, &a->set_cap, n, sizeof *a->set);
    a->set = items;
    return is_good;
}

static bool reserve_threads(phi_automaton *a, uint32_t n)
{
    void *items = a->now.threads;
    const bool is_good = reserve(a, &items, &a->now.threads_cap, n, sizeof *a->now.threads);
    a->now.threads = items;
    return is_good;
}

static uint32_t hash_pair(uint32_t x, uint32_t y)
{
    uint32_t h = (x * 2654435761u ^ y) * 0x7feb352du;
    return h ^ h >> 15;
}

/* ------------------------------------------------------------------ frames */

static bool reserve_frames(phi_automaton *a, uint32_t n)
{
    const uint32_t cap = a->now.frames_cap;
    void *items = a->now.frames;
    if (!reserve(a, &items, &a->now.frames_cap, n, sizeof *a->now.frames))
        return false;
    a->now.frames = items;
    if (a->now.frames_cap == cap && a->frame_slots && a->frame_mask + 1 >= cap)
        return true;
    uint32_t *slots = phi_arena_zeroed(a->arena, uint32_t, a->now.frames_cap);
    if (!slots) {
        a->status = PHI_ENOMEM;
        return false;
    }
    a->frame_slots = slots;
    a->frame_mask = a->now.frames_cap - 1;
    for (uint32_t i = 1; i < a->now.n_frames; i++) {
        phi_frame *f = &a->now.frames[i];
        uint32_t *slot = &slots[hash_pair(f->then, f->parent) & a->frame_mask];
        f->next = *slot;
        *slot = i + 1;
    }
    return true;
}

/* The frame that returns to `then` inside `parent`; 0 when it failed. */
static uint32_t find_frame(phi_automaton *a, uint32_t then, uint32_t parent)
{
    if (a->status != PHI_OK || !reserve_frames(a, a->now.n_frames + 1))
        return 0;
    uint32_t *slot = &a->frame_slots[hash_pair(then, parent) & a->frame_mask];
    for (uint32_t i = *slot; i != 0; i = a->now.frames[i - 1].next)
        if (a->now.frames[i - 1].then == then && a->now.frames[i - 1].parent == parent)
            return i - 1;
    a->now.frames[a->now.n_frames] = (phi_frame){then, parent, a->now.frames[parent].depth + 1, *slot};
    *slot = a->now.n_frames + 1;
    return a->now.n_frames++;
}

/* ------------------------------------------------------------------ sets */

static bool grow_seen(phi_automaton *a)
{
    const uint32_t cap = a->seen ? 2 * (a->seen_mask + 1) : 256;
    phi_thread *seen = phi_arena_array(a->arena, phi_thread, cap);
    uint32_t *stamps = phi_arena_zeroed(a->arena, uint32_t, cap);
    if (!seen || !stamps) {
        a->status = PHI_ENOMEM;
        return false;
    }
    for (uint32_t i = 0; a->seen && i <= a->seen_mask; i++) {
        if (a->seen_stamps[i] != a->stamp)
            continue;
        uint32_t slot = hash_pair(a->seen[i].node, a->seen[i].frame) & (cap - 1);
        while (stamps[slot] == a->stamp)
            slot = (slot + 1) & (cap - 1);
        seen[slot] = a->seen[i];
        stamps[slot] = a->stamp;
    }
    a->seen = seen;
    a->seen_stamps = stamps;
    a->seen_mask = cap - 1;
    return true;
}

/* True the first time that the set in the making meets this place. */
static bool see(phi_automaton *a, phi_thread t)
{
    if (2 * (a->n_seen + 1) > a->seen_mask && !grow_seen(a))
        return false;
    uint32_t slot = hash_pair(t.node, t.frame) & a->seen_mask;
    for (; a->seen_stamps[slot] == a->stamp; slot = (slot + 1) & a->seen_mask)
        if (a->seen[slot].node == t.node && a->seen[slot].frame == t.frame)
            return false;
    a->seen[slot] = t;
    a->seen_stamps[slot] = a->stamp;
    if (++a->n_seen > SEEN_MAX)
        a->status = PHI_EUNSUPPORTED;
    return true;
}

static void begin_set(phi_automaton *a)
{
    a->n_set = 0;
    a->n_seen = 0;
    a->set_may_end = false;
    if (++a->stamp == 0) { /* once in 2^32 sets the old stamps would count again */
        memset(a->seen_stamps, 0, (a->seen_mask + 1) * sizeof *a->seen_stamps);
        a->stamp = 1;
    }
}

static void push(phi_automaton *a, uint32_t node, uint32_t frame)
{
    if (reserve_stack(a, a->n_stack + 1))
        a->stack[a->n_stack++] = (phi_thread){node, frame};
}

/* A call is made only if the part and what follows it can be brought to an end within the depth. */
static void follow_call(phi_automaton *a, const phi_node *node, uint32_t frame)
{
    const uint8_t *heights = a->program->heights;
    const uint32_t depth = a->now.frames[frame].depth;
    const bool is_tail = node->b == PHI_NODE_END;
    const uint32_t inner_depth = is_tail ? depth : depth + 1;
    if (inner_depth + heights[node->a] > PHI_LIMIT_CONSTRAINT_DEPTH ||
        depth + heights[node->b] > PHI_LIMIT_CONSTRAINT_DEPTH)
        return;
    push(a, node->a, is_tail ? frame : find_frame(a, node->b, frame));
}

/* Follows everything that takes no byte. */
static void add(phi_automaton *a, uint32_t node_idx, uint32_t frame)
{
    push(a, node_idx, frame);
    while (a->n_stack > 0 && a->status == PHI_OK) {
        const phi_thread t = a->stack[--a->n_stack];
        const phi_node *node = &a->program->nodes[t.node];
        if (!see(a, t))
            continue;
        switch (node->kind) {
        case PHI_NODE_SPLIT:
            push(a, node->b, t.frame);
            push(a, node->a, t.frame);
            break;
        case PHI_NODE_CALL:
            follow_call(a, node, t.frame);
            break;
        case PHI_NODE_RETURN:
            if (t.frame == 0)
                a->set_may_end = true;
            else
                push(a, a->now.frames[t.frame].then, a->now.frames[t.frame].parent);
            break;
        default:
            if ((node->n_edges > 0 || node->b != PHI_PLAIN_NONE) && reserve_set(a, a->n_set + 1))
                a->set[a->n_set++] = t;
        }
    }
    a->n_stack = 0;
}

/* Shell sort (gaps of Ciura 2001), by frame and node: one order for one set. */
static void sort_set(phi_thread *set, uint32_t n)
{
    static const uint32_t gaps[] = {3548, 1577, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (uint32_t i = gaps[g]; i < n; i++) {
            const phi_thread item = set[i];
            const uint64_t key = (uint64_t)item.frame << 32 | item.node;
            uint32_t k = i;
            for (; k >= gaps[g] && ((uint64_t)set[k - gaps[g]].frame << 32 | set[k - gaps[g]].node) > key; k -= gaps[g])
                set[k] = set[k - gaps[g]];
            set[k] = item;
        }
    }
}

/* ------------------------------------------------------------------ states */

static bool grow_states(phi_automaton *a)
{
    const uint32_t n_classes = a->program->n_classes;
    uint32_t cap = a->states_cap ? 2 * a->states_cap : STATES_FIRST;
    cap = cap < a->states_max ? cap : a->states_max;
    phi_state *states = phi_arena_array(a->arena, phi_state, cap);
    uint32_t *ways = phi_arena_alloc(a->arena, cap, n_classes * sizeof *ways);
    if (!states || !ways) {
        a->status = PHI_ENOMEM;
        return false;
    }
    if (a->states_cap > 0) {
        memcpy(states, a->states, a->n_states * sizeof *states);
        memcpy(ways, a->ways, (size_t)a->n_states * n_classes * sizeof *ways);
    }
    a->states = states;
    a->ways = ways;
    a->states_cap = cap;
    return true;
}

/* What masks need to know of the set. */
static void describe(phi_state *s, const phi_automaton *a)
{
    s->is_plain_only = true;
    s->is_safe = s->may_end;
    for (uint32_t i = 0; i < s->n; i++) {
        const phi_thread t = a->now.threads[s->first + i];
        const uint32_t plain = a->program->nodes[t.node].b;
        if (a->program->heights[t.node] + a->now.frames[t.frame].depth <= PHI_LIMIT_CONSTRAINT_DEPTH)
            s->is_safe = true;
        if (plain == PHI_PLAIN_NONE)
            s->is_plain_only = false;
        else if (plain != PHI_PLAIN_PART && plain > s->plain)
            s->plain = plain;
    }
}

/* The state of the set in the making. */
static uint32_t intern(phi_automaton *a, bool is_start)
{
    if (a->status != PHI_OK)
        return PHI_STATE_UNKNOWN;
    if (a->n_set == 0 && !a->set_may_end)
        return PHI_STATE_DEAD;
    sort_set(a->set, a->n_set);
    uint32_t hash = hash_pair(a->n_set, (uint32_t)is_start << 1 | a->set_may_end);
    for (uint32_t i = 0; i < a->n_set; i++)
        hash = hash_pair(hash ^ a->set[i].node, a->set[i].frame);
    uint32_t *slot = &a->slots[hash & a->mask];
    for (uint32_t i = *slot; i != 0; i = a->states[i].next) {
        const phi_state *s = &a->states[i];
        if (s->hash == hash && s->n == a->n_set && s->may_end == a->set_may_end && s->is_start == is_start &&
            (s->n == 0 || memcmp(&a->now.threads[s->first], a->set, s->n * sizeof *a->set) == 0))
            return i;
    }
    if ((a->n_states == a->states_cap && !grow_states(a)) || !reserve_threads(a, a->now.n_threads + a->n_set))
        return PHI_STATE_UNKNOWN;
    const uint32_t state = a->n_states++;
    if (a->n_set > 0)
        memcpy(&a->now.threads[a->now.n_threads], a->set, a->n_set * sizeof *a->set);
    a->states[state] = (phi_state){.first = a->now.n_threads,
                                   .n = a->n_set,
                                   .hash = hash,
                                   .next = *slot,
                                   .may_end = a->set_may_end,
                                   .is_start = is_start,
                                   .mask_idx = -1};
    a->now.n_threads += a->n_set;
    describe(&a->states[state], a);
    memset(&a->ways[(size_t)state * a->program->n_classes], 0, a->program->n_classes * sizeof *a->ways);
    *slot = state;
    return state;
}

/* ------------------------------------------------------------------ forgetting */

/* A frame of the store before in the store now. Frames are at most PHI_LIMIT_CONSTRAINT_DEPTH deep. */
static uint32_t move_frame(phi_automaton *a, uint32_t frame)
{
    if (frame == 0)
        return 0;
    const phi_frame f = a->before.frames[frame];
    return find_frame(a, f.then, move_frame(a, f.parent));
}

static uint32_t move_state(phi_automaton *a, const phi_state *old)
{
    begin_set(a);
    if (!reserve_set(a, old->n))
        return PHI_STATE_UNKNOWN;
    for (uint32_t i = 0; i < old->n; i++) {
        const phi_thread t = a->before.threads[old->first + i];
        a->set[a->n_set++] = (phi_thread){t.node, move_frame(a, t.frame)};
    }
    a->set_may_end = old->may_end;
    return intern(a, old->is_start);
}

static uint32_t count_positions(const phi_automaton *a)
{
    uint32_t n = 0;
    for (const phi_position *p = a->positions; p; p = p->next)
        n++;
    return n;
}

static void forget(phi_automaton *a, uint32_t *live, uint32_t n_live)
{
    phi_arena scratch;
    const phi_state_store swap = a->now;
    phi_arena_init(&scratch, 0);
    phi_state *kept = phi_arena_array(&scratch, phi_state, (size_t)n_live + count_positions(a));
    if (!kept) {
        a->status = PHI_ENOMEM;
        return;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_live; i++)
        kept[n++] = a->states[live[i]];
    for (const phi_position *p = a->positions; p; p = p->next)
        kept[n++] = a->states[p->state];
    a->now = a->before;
    a->before = swap;
    a->now.n_threads = 0;
    a->now.n_frames = 0;
    a->n_states = PHI_STATE_FIRST;
    a->n_forgotten++;
    memset(a->slots, 0, (a->mask + 1) * sizeof *a->slots);
    memset(a->frame_slots, 0, (a->frame_mask + 1) * sizeof *a->frame_slots);
    if (reserve_frames(a, 1))
        a->now.frames[a->now.n_frames++] = (phi_frame){0};
    n = 0;
    for (uint32_t i = 0; i < n_live && a->status == PHI_OK; i++)
        live[i] = move_state(a, &kept[n++]);
    for (phi_position *p = a->positions; p && a->status == PHI_OK; p = p->next)
        p->state = move_state(a, &kept[n++]);
    phi_arena_deinit(&scratch);
}

/* ------------------------------------------------------------------ interface */

void phi_automaton_register(phi_automaton *a, phi_position *position)
{
    position->previous = NULL;
    position->next = a->positions;
    if (a->positions)
        a->positions->previous = position;
    a->positions = position;
}

void phi_automaton_unregister(phi_automaton *a, phi_position *position)
{
    if (position->previous)
        position->previous->next = position->next;
    else
        a->positions = position->next;
    if (position->next)
        position->next->previous = position->previous;
}

phi_status phi_automaton_fail(const phi_automaton *a, phi_error *err)
{
    if (a->status == PHI_EUNSUPPORTED)
        return phi_fail(
            err, a->status,
            "constraint: it can be read in too many ways at one place; smaller counts, or alternatives that "
            "differ sooner, need fewer");
    return phi_fail(err, PHI_ENOMEM, "constraint: no memory for %u states", (unsigned)a->n_states);
}

phi_status phi_automaton_init(phi_automaton *a, phi_arena *arena, const phi_program *program, bool skips_first_space,
                              phi_error *err)
{
    *a = (phi_automaton){.program = program, .arena = arena, .n_states = PHI_STATE_FIRST};
    const uint32_t fitting = WAYS_BYTES_MAX / (program->n_classes * (uint32_t)sizeof *a->ways);
    a->states_max = fitting < STATES_MIN ? STATES_MIN : fitting > STATES_MAX ? STATES_MAX : fitting;
    a->mask = STATES_MAX - 1;
    a->slots = phi_arena_zeroed(arena, uint32_t, STATES_MAX);
    if (!a->slots || !reserve_frames(a, 1) || !grow_seen(a) || !grow_states(a)) {
        a->status = PHI_ENOMEM;
        return phi_automaton_fail(a, err);
    }
    a->now.frames[a->now.n_frames++] = (phi_frame){0};
    begin_set(a);
    add(a, program->start, 0);
    a->start.state = intern(a, skips_first_space);
    if (a->status != PHI_OK)
        return phi_automaton_fail(a, err);
    phi_automaton_register(a, &a->start);
    return PHI_OK;
}

uint32_t phi_automaton_compute(phi_automaton *a, uint32_t *live, uint32_t n_live, uint8_t byte)
{
    if (a->n_states == a->states_max || a->now.n_threads > THREADS_MAX || a->now.n_frames > FRAMES_MAX)
        forget(a, live, n_live);
    if (a->status != PHI_OK)
        return PHI_STATE_UNKNOWN;
    const uint32_t state = live[n_live - 1];
    const phi_state s = a->states[state];
    begin_set(a);
    if (s.is_start && byte == ' ')
        add(a, a->program->start, 0);
    for (uint32_t i = 0; i < s.n && !(s.is_start && byte == ' '); i++) {
        const phi_thread t = a->now.threads[s.first + i];
        const phi_node *node = &a->program->nodes[t.node];
        for (uint32_t k = 0; k < node->n_edges; k++) {
            const phi_edge *edge = &a->program->edges[node->a + k];
            if (byte >= edge->low && byte <= edge->high)
                add(a, edge->to, t.frame);
        }
    }
    a->work += (uint64_t)a->n_seen + s.n;
    if (a->work > WORK_MAX && a->status == PHI_OK)
        a->status = PHI_EUNSUPPORTED;
    const uint32_t to = intern(a, false);
    if (to != PHI_STATE_UNKNOWN)
        a->ways[(size_t)state * a->program->n_classes + a->program->class_of[byte]] = to;
    return to;
}
