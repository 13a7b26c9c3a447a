/* Text <-> token ids. Two families: SentencePiece BPE with byte fallback (Phi-3, Llama 2) and byte-level BPE with a
 * regular-expression pre-split (Phi-4, Phi-4-mini, SmolLM2, Llama 3). The vocabulary comes as views from whichever
 * container held it; this folder never sees a container. Immutable once created; any thread may use it. */
#ifndef PHI_TOKENIZER_H
#define PHI_TOKENIZER_H

#include "arena.h"
#include "bytes.h"

/* The ids of GGUF. */
typedef enum phi_token_type {
    PHI_TOKEN_NORMAL = 1,
    PHI_TOKEN_UNKNOWN = 2,
    PHI_TOKEN_CONTROL = 3,
    PHI_TOKEN_USER_DEFINED = 4,
    PHI_TOKEN_UNUSED = 5,
    PHI_TOKEN_BYTE = 6
} phi_token_type;

/* Which added tokens swallow the white space after them. GGUF has no such flag, and four different sets were published
 * for the Phi-3 family; see docs/MODELS.md. Models made from Hugging Face folders say it (phi_token_flags). */
typedef enum phi_strip_rule {
    PHI_STRIP_AUTO, /* what the file says; else as llama.cpp: ALL if its name contains "phi-3" or "phi3", or NONE */
    PHI_STRIP_NONE,
    PHI_STRIP_ALL,   /* every special token but <unk>, <s>, <|endoftext|>; also </s> (June 2024 and later) */
    PHI_STRIP_VISION /* <|assistant|>, <|placeholderN|>, <|image|>, </s> */
} phi_strip_rule;

/* What tokenizer.json says of added tokens, and GGUF has no keys for. */
typedef struct phi_token_flags {
    const int32_t *strips_right; /* (n_strips_right) ids that swallow the white space after them, */
    const int32_t *strips_left;  /* (n_strips_left) and before them */
    const int32_t *stop_ids;     /* (n_stop_ids) at which generation ends, besides those known by their text */
    size_t n_strips_right, n_strips_left, n_stop_ids;
    bool has_strips; /* the file says it, if only that there are none */
} phi_token_flags;

/* What a file says of its vocabulary. The bytes of `texts` must outlive the tokenizer; the arrays
 * themselves, the merges and the names are only read by phi_tokenizer_create(). */
typedef struct phi_vocabulary {
    phi_str model;         /* row of tokenizers.def */
    phi_str pre;           /* pre-tokenizer of byte-level BPE: "gpt-4o", "dbrx", "smollm", … */
    phi_str model_name;    /* general.name, for PHI_STRIP_AUTO */
    const phi_str *texts;  /* (n_tokens) */
    const float *scores;   /* (n_tokens) or NULL: the order of the ids; higher merges first */
    const int32_t *types;  /* (n_tokens) or NULL: all normal */
    const phi_str *merges; /* (n_merges) "left right", in rank order */
    size_t n_tokens, n_merges;
    int32_t bos_id, eos_id, unknown_id; /* -1: none */
    bool adds_bos, adds_eos;
    bool adds_space_prefix; /* SentencePiece's dummy prefix, default true */
    phi_strip_rule strip_rule;
    phi_token_flags flags;
} phi_vocabulary;

typedef struct phi_tokenizer phi_tokenizer;

/* Builds the lookup tables in `arena`, which owns them.
 * Refused as PHI_ECORRUPT, naming the id: a text that two ids share (unless all but one of them are
 * unused), a text over PHI_LIMIT_TOKEN_BYTES, a type outside the list, a byte token that is not <0xNN>,
 * a score that is not a number, a merge without two parts, an id of BOS, EOS, unknown or a flag out of range,
 * more stop ids than PHI_LIMIT_STOP_IDS.
 * PHI_EUNSUPPORTED names an unknown model or pre-tokenizer and lists those known.
 * Real files hold, and this accepts: empty texts (they count as unused), padding rows, merges of which
 * a part or the result is not in the vocabulary (they never apply), type 0 (normal). Texts like <|name|>
 * are control tokens whatever the file says, for some files of the family call them normal. */
phi_status phi_tokenizer_create(phi_tokenizer **out, phi_arena *arena, const phi_vocabulary *vocabulary,
                                phi_error *err);

typedef struct phi_encode_options {
    bool adds_special;   /* BOS / EOS as the file says */
    bool parses_special; /* strings of control tokens become their ids; else they are plain text */
} phi_encode_options;

/* At least enough ids for any encoding of a text of this many bytes. */
size_t phi_tokenizer_ids_max(const phi_tokenizer *t, size_t text_bytes);

/* Encodes any bytes. What is not UTF-8 goes through byte tokens like everything else; a byte for which
 * the vocabulary has no token is the unknown token in SentencePiece, and dropped in byte-level BPE.
 * O(n log n); takes up to 3 bytes of scratch per byte of text, and 104 per character of the longest word.
 * `scratch` is rewound before return. PHI_EINVAL when ids_cap is below phi_tokenizer_ids_max(). */
phi_status phi_tokenizer_encode(int32_t *ids, size_t *n_ids, size_t ids_cap, const phi_tokenizer *t, phi_str text,
                                const phi_encode_options *options, phi_arena *scratch, phi_error *err);

int32_t phi_tokenizer_n_tokens(const phi_tokenizer *t);
phi_token_type phi_tokenizer_type(const phi_tokenizer *t, int32_t id);
/* Does a text that is decoded from its start lose a first space? (SentencePiece's dummy prefix.) */
bool phi_tokenizer_drops_first_space(const phi_tokenizer *t);
int32_t phi_tokenizer_bos_id(const phi_tokenizer *t);
int32_t phi_tokenizer_eos_id(const phi_tokenizer *t);
/* The id whose text is exactly this, or -1. */
int32_t phi_tokenizer_find(const phi_tokenizer *t, phi_str text);
/* The token's text as the file spells it, or an empty view for an id out of range. */
phi_str phi_tokenizer_text(const phi_tokenizer *t, int32_t id);
/* The ids at which generation ends: EOS, and every end-of-turn token known by its text (<|end|>, <|endoftext|>,
 * <|im_end|>, <|eot_id|>, …). Borrowed for the tokenizer's life. */
const int32_t *phi_tokenizer_stop_ids(const phi_tokenizer *t, size_t *n_out);

/* Bytes that a token stands for in running text ("▁the" -> " the", "<0x0A>" -> "\n", byte-level "Ġthe" -> " the").
 * Control tokens give nothing unless `shows_special`. Writes at most PHI_LIMIT_TOKEN_BYTES; returns the count. */
size_t phi_tokenizer_piece(uint8_t *out, const phi_tokenizer *t, int32_t id, bool shows_special);

/* Streaming decoder: feeds ids, gives text that never ends inside a UTF-8 sequence. Bytes that can no longer become
 * valid are replaced by U+FFFD. The family's leading space of a whole text is dropped when `is_start`. */
typedef struct phi_decoder {
    uint8_t held[4]; /* an incomplete sequence */
    uint8_t n_held;
    bool is_start;
    bool shows_special;
} phi_decoder;

phi_decoder phi_decoder_open(bool is_start, bool shows_special);
/* Bytes that one push or flush may write. */
enum { PHI_DECODER_BYTES_MAX = 3 * 4096 + 16 };
size_t phi_decoder_push(uint8_t *out, phi_decoder *d, const phi_tokenizer *t, int32_t id);
size_t phi_decoder_flush(uint8_t *out, phi_decoder *d);

#endif
