/* What the files of this folder share: the tokenizer's tables, and what a family adds to them.
 *
 *   tokenizer.c     create, the common accessors, cutting a text at its added tokens
 *   token_table.c   text -> id          added_tokens.c  the longest added token at a place
 *   spm_bpe.c, byte_bpe.c   families: a segment of text -> ids, a token's text -> bytes
 *   bpe_merge.c     the merging that both share
 *   decoder.c       ids -> text, in pieces that never cut a character */
#ifndef PHI_TOKENIZER_IMPL_H
#define PHI_TOKENIZER_IMPL_H

#include "bpe_merge.h"
#include "limits.h"
#include "tokenizer.h"

/* Open addressing: 0 is free, else id + 1 in the low 21 bits and the top 11 bits of the hash above them, so that
 * nearly every miss is settled without touching a text. */
typedef struct phi_token_table {
    uint32_t *slots; /* (mask + 1) */
    uint32_t mask;
} phi_token_table;

/* A token that is looked for in the raw text before the family's algorithm sees it. */
typedef struct phi_added_token {
    phi_str text;
    int32_t id;
    bool eats_right; /* swallows the white space after it, */
    bool eats_left;  /* and before it */
} phi_added_token;

typedef struct phi_added_tokens {
    phi_added_token *items; /* (n) in byte order of the texts */
    size_t n;
    uint32_t first_at[257]; /* items that begin with byte b: first_at[b] .. first_at[b + 1] */
} phi_added_tokens;

typedef struct phi_spm_tables {
    uint32_t *ranks;       /* (n_tokens) order of merging by falling score */
    int32_t byte_ids[256]; /* <0x00> .. <0xFF>; -1: the vocabulary has none */
    size_t text_bytes_max; /* of a token that merging may make */
    bool has_word_starts;  /* no token holds U+2581 behind another character: words never merge with each other */
} phi_spm_tables;

typedef struct phi_byte_merge {
    int32_t left, right, result;
} phi_byte_merge;

typedef struct phi_byte_tables {
    const struct phi_pretokenizer *pre;
    phi_byte_merge *merges; /* in rank order */
    uint32_t *slots;        /* (mask + 1) 0 is free, else rank + 1 */
    uint32_t mask;
    int32_t byte_ids[256]; /* -1: the vocabulary has none */
    size_t text_bytes_max; /* of a token that a whole piece may be */
} phi_byte_tables;

typedef struct phi_encoder {
    const phi_tokenizer *t;
    phi_arena *scratch;
    int32_t *ids; /* (n_ids), room for ids_cap */
    size_t n_ids, ids_cap;
} phi_encoder;

/* Set by the family's build function. */
typedef struct phi_token_family {
    phi_status (*encode)(phi_encoder *e, phi_str segment, phi_error *err);
    /* The bytes of a normal, byte or user-defined token; at most text.len of them. */
    size_t (*piece)(uint8_t *out, phi_str text, phi_token_type type);
    size_t ids_per_byte;    /* upper bound, see phi_tokenizer_ids_max() */
    bool drops_first_space; /* the text of a whole decoding begins behind the dummy prefix */
} phi_token_family;

struct phi_tokenizer {
    phi_str *texts; /* (n_tokens) as the file spells them */
    uint8_t *types; /* (n_tokens) phi_token_type, control strings of the family put right */
    int32_t n_tokens;
    int32_t bos_id, eos_id, unknown_id;
    bool adds_bos, adds_eos, adds_space_prefix;
    int32_t *stop_ids; /* (n_stop_ids) */
    size_t n_stop_ids;
    phi_token_table table;
    phi_added_tokens added;
    phi_token_family family;
    union {
        phi_spm_tables spm;
        phi_byte_tables byte;
    } u;
};

/* token_table.c */
phi_status phi_token_table_build(phi_tokenizer *t, phi_arena *arena, phi_error *err);
int32_t phi_token_table_find(const phi_tokenizer *t, phi_str text);

/* added_tokens.c */
phi_status phi_added_tokens_build(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err);
/* The longest added token at `at`, or NULL. Control and unknown tokens only if `parses_special`. */
const phi_added_token *phi_added_tokens_match(const phi_tokenizer *t, phi_str text, size_t at, bool parses_special);

/* tokenizer.c */
void phi_encoder_push(phi_encoder *e, int32_t id);

/* May this token come out of merging? Control, unknown, unused and byte tokens never do. */
static inline bool phi_token_is_mergeable(const phi_tokenizer *t, int32_t id)
{
    return t->types[id] == PHI_TOKEN_NORMAL || t->types[id] == PHI_TOKEN_USER_DEFINED;
}

#define PHI_TOKENIZER(name, build) \
    phi_status build(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err);
#include "tokenizers.def"
#undef PHI_TOKENIZER

#endif
