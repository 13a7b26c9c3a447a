/* The byte automaton that a schema or an expression compiles to: nodes in one array, written by a builder, then sealed.
 *
 *   SWITCH  one byte: every edge whose range holds it is followed (they may overlap)
 *   SPLIT   no byte: goes to a and to b
 *   CALL    no byte: runs the part that begins at a up to its RETURN, then goes to b. This is what recursion and counts
 *           are made of: a string of 2 to 500 characters is a chain of 500 calls of one part
 *   RETURN  no byte: ends the part that was called last; with none open, the text may end. Node 0, the only one
 *
 * A node's `height` is how many further calls must be open at once on the way to its part's RETURN, at best, over bytes
 * that the vocabulary can write one at a time. HEIGHT_NEVER: there is no way. A position (a node and the calls that are
 * open) whose depth and height together stay within PHI_LIMIT_CONSTRAINT_DEPTH can always be brought to an end, and one
 * byte at a time: that is why a mask is never empty. */
#ifndef PHI_PROGRAM_H
#define PHI_PROGRAM_H

#include "arena.h"

typedef enum phi_node_kind { PHI_NODE_RETURN, PHI_NODE_SWITCH, PHI_NODE_SPLIT, PHI_NODE_CALL } phi_node_kind;

enum {
    PHI_NODE_END = 0, /* the RETURN */
    PHI_HEIGHT_NEVER = 255,
    /* What a SWITCH promises of plain characters (token_trie.h): so many of them may come in a row, whatever they are.
     * The promise is about the place, not about the edges of this node. */
    PHI_PLAIN_NONE = 0,
    PHI_PLAIN_ALL = 1 << 24, /* any number */
    PHI_PLAIN_PART = 1 << 25 /* this node takes the characters that another one promises, and no others */
};

typedef struct phi_node {
    phi_node_kind kind;
    uint32_t n_edges; /* SWITCH */
    uint32_t a;       /* SWITCH: first edge; SPLIT, CALL: a node */
    uint32_t b;       /* SWITCH: plain characters, a PHI_PLAIN_… or their number; SPLIT, CALL: a node */
} phi_node;

typedef struct phi_edge {
    uint32_t to;
    uint8_t low, high;
} phi_edge;

typedef struct phi_program {
    const phi_node *nodes;  /* (n_nodes) */
    const uint8_t *heights; /* (n_nodes) */
    const phi_edge *edges;
    uint32_t n_nodes, n_edges;
    uint32_t start;
    uint32_t n_classes; /* bytes that no edge tells apart are one class */
    uint8_t class_of[256];
} phi_program;

/* Nodes and edges as they come. The first failure stays (`status`), and what is written after it is nothing. */
typedef struct phi_builder {
    phi_arena *arena;
    phi_node *nodes;
    phi_edge *edges;
    uint32_t n_nodes, nodes_cap, n_edges, edges_cap;
    phi_status status;
    phi_error *err;
    uint32_t free_string; /* parts made on demand, 0: not yet (string_part.c) */
    uint32_t free_char;
    uint32_t white_space;
} phi_builder;

/* `arena` holds the work; `err` gets the first failure. */
void phi_builder_init(phi_builder *b, phi_arena *arena, phi_error *err);
/* False, and failed, when so many more nodes would be too many: asked before memory is taken for them. */
bool phi_builder_expect(phi_builder *b, uint64_t n_nodes);
/* A node to be filled in later; until then it has no way out. */
uint32_t phi_builder_reserve(phi_builder *b);
void phi_builder_set_plain(phi_builder *b, uint32_t node, uint32_t plain);
void phi_builder_set_switch(phi_builder *b, uint32_t node, const phi_edge *edges, uint32_t n_edges);
void phi_builder_set_split(phi_builder *b, uint32_t node, uint32_t to_a, uint32_t to_b);
void phi_builder_set_call(phi_builder *b, uint32_t node, uint32_t part, uint32_t then);
/* Reserve and fill in. */
uint32_t phi_builder_switch(phi_builder *b, const phi_edge *edges, uint32_t n_edges);
uint32_t phi_builder_byte(phi_builder *b, uint8_t byte, uint32_t then);
uint32_t phi_builder_split(phi_builder *b, uint32_t to_a, uint32_t to_b);
uint32_t phi_builder_call(phi_builder *b, uint32_t part, uint32_t then);
/* The bytes one after the other. */
uint32_t phi_builder_bytes(phi_builder *b, const uint8_t *bytes, size_t n, uint32_t then);

/* Copies the nodes to `arena`, finds heights and byte classes. `single` says which bytes the vocabulary has a token of
 * its own for. Fails with the builder's status. O(nodes). */
phi_status phi_program_seal(phi_program *out, phi_arena *arena, phi_builder *b, uint32_t start, const bool single[256]);

#endif
