#include "stop.h"

#include <string.h>

/* A node stands for a beginning of stop strings; node 0 for the empty one. */
typedef struct node {
    int32_t child, sibling; /* first child, next child of the same parent; 0: none */
    int32_t fail;           /* the longest proper suffix that is also a beginning */
    int32_t depth;          /* bytes */
    int32_t stop_idx;       /* the longest stop string that ends here, or -1 */
    uint8_t byte;           /* the last one */
} node;

struct phi_stop {
    node *nodes;
    int32_t n_nodes;
    const int32_t *stop_bytes; /* (n_stops) */
    int32_t state;
    int32_t hit_idx;
    uint8_t *held; /* (chunk_bytes + PHI_STOP_BYTES_MAX) [0, n_held): the text that is in work */
    size_t n_held;
    size_t n_gone; /* of it, the bytes that the caller has got */
    size_t chunk_bytes;
};

static int32_t find_child(const node *nodes, int32_t parent, uint8_t byte)
{
    int32_t child = nodes[parent].child;
    while (child != 0 && nodes[child].byte != byte)
        child = nodes[child].sibling;
    return child;
}

static void insert(phi_stop *s, phi_str stop, int32_t stop_idx)
{
    int32_t at = 0;
    for (size_t i = 0; i < stop.len; i++) {
        const uint8_t byte = (uint8_t)stop.ptr[i];
        int32_t child = find_child(s->nodes, at, byte);
        if (child == 0) {
            child = s->n_nodes++;
            s->nodes[child] = (node){
                .sibling = s->nodes[at].child, .depth = (int32_t)i + 1, .stop_idx = -1, .byte = byte};
            s->nodes[at].child = child;
        }
        at = child;
    }
    if (s->nodes[at].stop_idx < 0)
        s->nodes[at].stop_idx = stop_idx;
}

static int32_t step(const node *nodes, int32_t state, uint8_t byte)
{
    int32_t next = find_child(nodes, state, byte);
    while (next == 0 && state != 0) {
        state = nodes[state].fail;
        next = find_child(nodes, state, byte);
    }
    return next;
}

/* Breadth first, so that a shorter beginning is done before a longer one needs it. */
static void link_nodes(node *nodes, int32_t *queue)
{
    size_t n_queued = 1;
    queue[0] = 0;
    for (size_t i = 0; i < n_queued; i++) {
        const int32_t parent = queue[i];
        for (int32_t child = nodes[parent].child; child != 0; child = nodes[child].sibling) {
            nodes[child].fail = parent == 0 ? 0 : step(nodes, nodes[parent].fail, nodes[child].byte);
            if (nodes[child].stop_idx < 0)
                nodes[child].stop_idx = nodes[nodes[child].fail].stop_idx;
            queue[n_queued++] = child;
        }
    }
}

static phi_status measure_stops(size_t *n_bytes, const phi_str *stops, size_t n_stops, phi_error *err)
{
    if (n_stops > PHI_LIMIT_STOP_STRINGS)
        return phi_fail(err, PHI_EINVAL, "stop: %zu strings, expected at most %d", n_stops, PHI_LIMIT_STOP_STRINGS);
    if (n_stops > 0 && !stops)
        return phi_fail(err, PHI_EINVAL, "stop: the list is NULL, expected %zu strings", n_stops);
    for (size_t i = 0; i < n_stops; i++) {
        if (!stops[i].ptr)
            return phi_fail(err, PHI_EINVAL, "stop: string %zu is NULL, expected text", i);
        if (stops[i].len < 1 || stops[i].len > PHI_STOP_BYTES_MAX)
            return phi_fail(err, PHI_EINVAL, "stop: string %zu has %zu bytes, expected 1 to %d", i, stops[i].len,
                            PHI_STOP_BYTES_MAX);
        if (((uint8_t)stops[i].ptr[0] & 0xc0u) == 0x80u)
            return phi_fail(err, PHI_EINVAL,
                            "stop: string %zu begins with byte 0x%02x, inside a UTF-8 sequence; expected "
                            "whole characters",
                            i, (uint8_t)stops[i].ptr[0]);
        *n_bytes += stops[i].len;
    }
    return PHI_OK;
}

phi_status phi_stop_create(phi_stop **out, phi_arena *arena, const phi_str *stops, size_t n_stops, size_t chunk_bytes,
                           phi_error *err)
{
    size_t n_bytes = 0;
    PHI_TRY(measure_stops(&n_bytes, stops, n_stops, err));
    phi_stop *s = phi_arena_zeroed(arena, phi_stop, 1);
    node *nodes = phi_arena_array(arena, node, n_bytes + 1);
    int32_t *stop_bytes = phi_arena_array(arena, int32_t, n_stops);
    uint8_t *held = chunk_bytes < SIZE_MAX - PHI_STOP_BYTES_MAX
                        ? phi_arena_array(arena, uint8_t, chunk_bytes + PHI_STOP_BYTES_MAX)
                        : NULL;
    const phi_arena_mark mark = phi_arena_get_mark(arena);
    int32_t *queue = phi_arena_array(arena, int32_t, n_bytes + 1);
    if (!s || !nodes || !stop_bytes || !held || !queue)
        return phi_fail(err, PHI_ENOMEM, "stop: no memory for %zu strings of %zu bytes", n_stops, n_bytes);
    *s = (phi_stop){.nodes = nodes,
                    .n_nodes = 1,
                    .stop_bytes = stop_bytes,
                    .hit_idx = -1,
                    .held = held,
                    .chunk_bytes = chunk_bytes};
    nodes[0] = (node){.stop_idx = -1};
    for (size_t i = 0; i < n_stops; i++) {
        stop_bytes[i] = (int32_t)stops[i].len;
        insert(s, stops[i], (int32_t)i);
    }
    link_nodes(nodes, queue);
    phi_arena_rewind(arena, mark);
    *out = s;
    return PHI_OK;
}

/* Forgets what the caller has seen. Fewer bytes than a stop string stay. */
static void drop_gone(phi_stop *s)
{
    s->n_held -= s->n_gone;
    memmove(s->held, s->held + s->n_gone, s->n_held);
    s->n_gone = 0;
}

phi_status phi_stop_feed(phi_stop_output *out, phi_stop *s, phi_str text, phi_error *err)
{
    if (text.len > s->chunk_bytes)
        return phi_fail(err, PHI_EINVAL, "stop: %zu bytes were fed at once, expected at most %zu", text.len,
                        s->chunk_bytes);
    drop_gone(s);
    *out = (phi_stop_output){{(const char *)s->held, 0}, s->hit_idx};
    if (s->hit_idx >= 0)
        return PHI_OK;
    for (size_t i = 0; i < text.len && s->hit_idx < 0; i++) {
        s->held[s->n_held++] = (uint8_t)text.ptr[i];
        s->state = step(s->nodes, s->state, s->held[s->n_held - 1]);
        s->hit_idx = s->nodes[s->state].stop_idx;
    }
    if (s->hit_idx >= 0) {
        out->text.len = s->n_held - (size_t)s->stop_bytes[s->hit_idx];
        s->n_gone = s->n_held;
    } else {
        out->text.len = s->n_held - (size_t)s->nodes[s->state].depth;
        s->n_gone = out->text.len;
    }
    out->hit_idx = s->hit_idx;
    return PHI_OK;
}

phi_str phi_stop_flush(phi_stop *s)
{
    drop_gone(s);
    s->n_gone = s->n_held;
    s->state = 0;
    s->hit_idx = -1;
    return (phi_str){(const char *)s->held, s->n_held};
}
