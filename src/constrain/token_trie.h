/* The tokens of a vocabulary as two trees of bytes, in the order of a depth-first walk: a node's subtree is a run of
 * nodes, and the tokens in it are a run of ids. Made once for a tokenizer.
 *
 * Plain tokens are whole characters that a JSON string holds as they are: no quote, no backslash, no control character,
 * nothing that begins or ends inside a character. Nine of ten tokens are. Inside a string they all may come, so a mask
 * copies them and walks only the tree of the others. */
#ifndef PHI_TOKEN_TRIE_H
#define PHI_TOKEN_TRIE_H

#include "arena.h"
#include "tokenizer.h"

typedef struct phi_trie_node {
    uint32_t skip;  /* the node behind the subtree */
    uint32_t first; /* into ids: of the subtree's tokens; the node's own ones come before those of the node after it */
    uint16_t depth; /* bytes before this one */
    uint8_t byte;
} phi_trie_node;

typedef struct phi_trie {
    phi_trie_node *nodes; /* (n_nodes + 1) the last one only ends the ids */
    int32_t *ids;         /* (n_ids) */
    uint32_t n_nodes, n_ids;
} phi_trie;

typedef struct phi_token_trie {
    phi_trie plain, other;
    int32_t n_tokens;
    uint32_t n_words;       /* of a mask: one bit a token */
    uint32_t *plain_mask;   /* (n_words) every plain token */
    int32_t *by_length;     /* (plain.n_ids) plain tokens by rising number of characters */
    uint32_t *length_end;   /* (length_max + 1) [n]: into by_length, behind the tokens of up to n characters */
    uint32_t length_max;    /* characters of the longest plain token */
    uint32_t bytes_max;     /* of the longest token */
    bool single[256];       /* bytes that are a token */
    bool drops_first_space; /* see phi_tokenizer_drops_first_space() */
    const phi_tokenizer *tokenizer;
} phi_token_trie;

/* Everything is dealt from `arena`, about 25 bytes a token and 12 a node. Control, unknown and unused tokens and those
 * without bytes are in no tree. O(bytes * log tokens), 20 ms for 32,064 tokens. */
phi_status phi_token_trie_create(phi_token_trie **out, phi_arena *arena, const phi_tokenizer *t, phi_error *err);

#endif
