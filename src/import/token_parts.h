/* The parts of tokenizer.json around its vocabulary: what happens to a text before and after merging. */
#ifndef PHI_TOKEN_PARTS_H
#define PHI_TOKEN_PARTS_H

#include "json_walk.h"

enum { PHI_PARTS_MAX = 8 };

/* One component of a normaliser or pre-tokeniser; fields that its type does not have are as they were preset. */
typedef struct phi_token_part {
    phi_str type;
    phi_str prepend, content, text, regex, scheme, behaviour, replacement;
    bool adds_prefix_space, uses_regex, isolates_digits, is_inverted, splits;
} phi_token_part;

/* In order, sequences flattened. */
typedef struct phi_token_parts {
    phi_token_part items[PHI_PARTS_MAX];
    size_t n;
} phi_token_parts;

/* Texts of the tokens that a post-processor puts around a text; len 0: none. */
typedef struct phi_token_frame {
    phi_str before, after;
} phi_token_frame;

phi_status phi_read_token_parts(phi_json_walk *w, void *field); /* phi_token_parts */
phi_status phi_read_token_frame(phi_json_walk *w, void *field); /* phi_token_frame */

/* SentencePiece's normaliser: spaces become U+2581, and one is put in front or not. PHI_EUNSUPPORTED for another. */
phi_status phi_match_spm(bool *adds_prefix, const phi_token_parts *normalizer, const phi_token_parts *pre,
                         phi_error *err);
/* The name by which GGUF knows the split before byte-level merging. */
phi_status phi_match_pre(const char **out, const phi_token_parts *normalizer, const phi_token_parts *pre,
                         bool ignores_merges, phi_error *err);

#endif
