#include "program.h"

#include <string.h>

#include "limits.h"

enum { EDGES_MAX = 4 * PHI_LIMIT_CONSTRAINT_NODES };

/* ------------------------------------------------------------------ building */

void phi_builder_init(phi_builder *b, phi_arena *arena, phi_error *err)
{
    *b = (phi_builder){.arena = arena, .err = err};
    (void)phi_builder_reserve(b);
    if (b->status == PHI_OK)
        b->nodes[PHI_NODE_END].kind = PHI_NODE_RETURN;
}

/* Room for one more item of *items; false when the builder has failed. */
static bool grow(phi_builder *b, void **items, uint32_t n, uint32_t *cap, size_t item_bytes)
{
    if (b->status != PHI_OK)
        return false;
    if (n < *cap)
        return true;
    const uint32_t grown_cap = *cap ? 2 * *cap : 256;
    void *grown = phi_arena_alloc(b->arena, grown_cap, item_bytes);
    if (!grown) {
        b->status = phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for %u nodes", (unsigned)grown_cap);
        return false;
    }
    if (n > 0)
        memcpy(grown, *items, n * item_bytes);
    *items = grown;
    *cap = grown_cap;
    return true;
}

static bool is_within(phi_builder *b, uint64_t n, uint32_t limit)
{
    if (n >= limit && b->status == PHI_OK)
        b->status = phi_fail(b->err, PHI_EUNSUPPORTED,
                             "constraint: it needs more than %u steps; smaller counts or lengths need fewer",
                             (unsigned)limit);
    return b->status == PHI_OK;
}

bool phi_builder_expect(phi_builder *b, uint64_t n_nodes)
{
    return is_within(b, b->n_nodes + n_nodes, PHI_LIMIT_CONSTRAINT_NODES);
}

uint32_t phi_builder_reserve(phi_builder *b)
{
    void *items = b->nodes;
    if (!is_within(b, b->n_nodes, PHI_LIMIT_CONSTRAINT_NODES) ||
        !grow(b, &items, b->n_nodes, &b->nodes_cap, sizeof *b->nodes))
        return PHI_NODE_END;
    b->nodes = items;
    b->nodes[b->n_nodes] = (phi_node){.kind = PHI_NODE_SWITCH};
    return b->n_nodes++;
}

void phi_builder_set_switch(phi_builder *b, uint32_t node, const phi_edge *edges, uint32_t n_edges)
{
    if (b->status != PHI_OK || !is_within(b, (uint64_t)b->n_edges + n_edges, EDGES_MAX))
        return;
    const uint32_t first = b->n_edges;
    for (uint32_t i = 0; i < n_edges; i++) {
        void *items = b->edges;
        if (!grow(b, &items, b->n_edges, &b->edges_cap, sizeof *b->edges))
            return;
        b->edges = items;
        b->edges[b->n_edges++] = edges[i];
    }
    b->nodes[node] = (phi_node){.kind = PHI_NODE_SWITCH, .n_edges = n_edges, .a = first};
}

void phi_builder_set_plain(phi_builder *b, uint32_t node, uint32_t plain)
{
    if (b->status == PHI_OK)
        b->nodes[node].b = plain;
}

static void set_pair(phi_builder *b, uint32_t node, phi_node_kind kind, uint32_t a, uint32_t to_b)
{
    if (b->status == PHI_OK)
        b->nodes[node] = (phi_node){.kind = kind, .a = a, .b = to_b};
}

void phi_builder_set_split(phi_builder *b, uint32_t node, uint32_t to_a, uint32_t to_b)
{
    set_pair(b, node, PHI_NODE_SPLIT, to_a, to_b);
}

void phi_builder_set_call(phi_builder *b, uint32_t node, uint32_t part, uint32_t then)
{
    set_pair(b, node, PHI_NODE_CALL, part, then);
}

uint32_t phi_builder_switch(phi_builder *b, const phi_edge *edges, uint32_t n_edges)
{
    const uint32_t node = phi_builder_reserve(b);
    phi_builder_set_switch(b, node, edges, n_edges);
    return node;
}

uint32_t phi_builder_byte(phi_builder *b, uint8_t byte, uint32_t then)
{
    return phi_builder_switch(b, &(phi_edge){then, byte, byte}, 1);
}

uint32_t phi_builder_split(phi_builder *b, uint32_t to_a, uint32_t to_b)
{
    const uint32_t node = phi_builder_reserve(b);
    phi_builder_set_split(b, node, to_a, to_b);
    return node;
}

uint32_t phi_builder_call(phi_builder *b, uint32_t part, uint32_t then)
{
    const uint32_t node = phi_builder_reserve(b);
    phi_builder_set_call(b, node, part, then);
    return node;
}

uint32_t phi_builder_bytes(phi_builder *b, const uint8_t *bytes, size_t n, uint32_t then)
{
    for (; n > 0 && b->status == PHI_OK; n--)
        then = phi_builder_byte(b, bytes[n - 1], then);
    return then;
}

/* ------------------------------------------------------------------ heights */

/* Nodes that wait for others, by the node waited for: items[first[n]] … items[first[n + 1] - 1]. */
typedef struct waiters {
    uint32_t *first; /* (n_nodes + 1) */
    uint32_t *items;
} waiters;

typedef void (*visit_fn)(void *context, uint32_t from, uint32_t to);

static void visit_ways(const phi_builder *b, const bool single[256], visit_fn visit, void *context)
{
    for (uint32_t i = 0; i < b->n_nodes; i++) {
        const phi_node *node = &b->nodes[i];
        if (node->kind == PHI_NODE_SPLIT || node->kind == PHI_NODE_CALL) {
            visit(context, i, node->a);
            visit(context, i, node->b);
        }
        for (uint32_t k = 0; k < node->n_edges; k++) {
            const phi_edge *edge = &b->edges[node->a + k];
            uint32_t byte = edge->low;
            while (byte <= edge->high && !single[byte])
                byte++;
            if (byte <= edge->high)
                visit(context, i, edge->to);
        }
    }
}

static void count_waiter(void *context, uint32_t from, uint32_t to)
{
    (void)from;
    ((waiters *)context)->first[to + 1]++;
}

static void add_waiter(void *context, uint32_t from, uint32_t to)
{
    waiters *w = context;
    w->items[w->first[to]++] = from;
}

static bool find_waiters(waiters *w, phi_arena *arena, const phi_builder *b, const bool single[256])
{
    w->first = phi_arena_zeroed(arena, uint32_t, (size_t)b->n_nodes + 2);
    if (!w->first)
        return false;
    visit_ways(b, single, count_waiter, w);
    for (uint32_t i = 0; i <= b->n_nodes; i++)
        w->first[i + 1] += w->first[i];
    w->items = phi_arena_array(arena, uint32_t, w->first[b->n_nodes]);
    if (!w->items)
        return false;
    visit_ways(b, single, add_waiter, w); /* moves first[i] to where i + 1 begins */
    memmove(w->first + 1, w->first, ((size_t)b->n_nodes + 1) * sizeof *w->first);
    w->first[0] = 0;
    return true;
}

/* `height`: of those that settle now; what is higher has not settled. */
static uint32_t height_of(const phi_node *node, const uint8_t *heights, uint32_t height)
{
    if (node->kind != PHI_NODE_CALL)
        return height;
    if (heights[node->a] > height || heights[node->b] > height)
        return PHI_HEIGHT_NEVER;
    const uint32_t inside = heights[node->a] + (node->b != PHI_NODE_END ? 1u : 0u);
    return inside > heights[node->b] ? inside : heights[node->b];
}

/* Knuth 1977, "A generalization of Dijkstra's algorithm": nodes settle in the order of their heights. A node settles at
 * the height of the one that settled it or one more, so two queues do; both live in `queue`, from its two ends. */
static void settle_heights(uint8_t *heights, const phi_builder *b, const waiters *w, uint32_t *queue)
{
    uint32_t *now = queue;
    uint32_t *later = queue + b->n_nodes;
    uint32_t n_now = 1;
    uint32_t n_later = 0;
    memset(heights, PHI_HEIGHT_NEVER, b->n_nodes);
    heights[PHI_NODE_END] = 0;
    now[0] = PHI_NODE_END;
    for (uint32_t height = 0; n_now > 0 && height <= PHI_LIMIT_CONSTRAINT_DEPTH; height++) {
        for (uint32_t i = 0; i < n_now; i++) {
            const uint32_t settled = now[i];
            for (uint32_t k = w->first[settled]; k < w->first[settled + 1] && heights[settled] == height; k++) {
                const uint32_t node = w->items[k];
                const uint32_t found = height_of(&b->nodes[node], heights, height);
                if (found >= heights[node])
                    continue;
                heights[node] = (uint8_t)found;
                if (found == height)
                    now[n_now++] = node;
                else
                    later[n_later++] = node;
            }
        }
        uint32_t *const swap = now;
        now = later;
        later = swap;
        n_now = n_later;
        n_later = 0;
    }
}

static bool find_heights(uint8_t *heights, phi_builder *b, const bool single[256])
{
    const phi_arena_mark mark = phi_arena_get_mark(b->arena);
    waiters w;
    uint32_t *queue = phi_arena_array(b->arena, uint32_t, 2 * (size_t)b->n_nodes);
    const bool is_good = queue && find_waiters(&w, b->arena, b, single);
    if (is_good)
        settle_heights(heights, b, &w, queue);
    phi_arena_rewind(b->arena, mark);
    return is_good;
}

/* ------------------------------------------------------------------ sealing */

static void find_classes(phi_program *p)
{
    bool begins[257] = {true};
    begins[' '] = begins[' ' + 1] = true; /* a first space may mean nothing (automaton.h) */
    for (uint32_t i = 0; i < p->n_edges; i++) {
        begins[p->edges[i].low] = true;
        begins[p->edges[i].high + 1] = true;
    }
    p->n_classes = 0;
    for (uint32_t byte = 0; byte < 256; byte++) {
        p->n_classes += begins[byte];
        p->class_of[byte] = (uint8_t)(p->n_classes - 1);
    }
}

phi_status phi_program_seal(phi_program *out, phi_arena *arena, phi_builder *b, uint32_t start, const bool single[256])
{
    if (b->status != PHI_OK)
        return b->status;
    phi_node *nodes = phi_arena_array(arena, phi_node, b->n_nodes);
    phi_edge *edges = phi_arena_array(arena, phi_edge, b->n_edges);
    uint8_t *heights = phi_arena_array(arena, uint8_t, b->n_nodes);
    if (!nodes || !edges || !heights || !find_heights(heights, b, single))
        return phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for %u nodes", (unsigned)b->n_nodes);
    memcpy(nodes, b->nodes, b->n_nodes * sizeof *nodes);
    if (b->n_edges > 0)
        memcpy(edges, b->edges, b->n_edges * sizeof *edges);
    *out = (phi_program){.nodes = nodes,
                         .heights = heights,
                         .edges = edges,
                         .n_nodes = b->n_nodes,
                         .n_edges = b->n_edges,
                         .start = start};
    find_classes(out);
    return PHI_OK;
}
