/* What the files of this folder share: what a source says, and what becomes of it.
 *
 *   import.c        the handle: files in, in their order      flat_calls.c  its calls without C's structs
 *   json_walk.c     JSON without a tree                       config.c, rope.c  fields of config.json
 *   tokens.c, token_parts.c  tokenizer.json                   merges.c    scores of SentencePiece, out of its merges
 *   safetensors.c   headers and the index of shards
 *   products.c      which tensor becomes which     names.c     names of Hugging Face -> names of GGUF
 *   gguf_writer.c   values of a GGUF header        header.c    which of them
 *   window.c        output bytes out of source bytes          quantize*.c  rows of floats -> blocks */
#ifndef PHI_IMPORT_IMPL_H
#define PHI_IMPORT_IMPL_H

#include "format.h"
#include "json_walk.h"
#include "phi_import.h"

/* ---- config.json ------------------------------------------------------------------------------------------------- */

enum { PHI_HF_FACTORS_MAX = 512, PHI_HF_IDS_MAX = 32 };

typedef struct phi_hf_floats {
    double values[PHI_HF_FACTORS_MAX];
    int32_t n; /* 0: not there */
} phi_hf_floats;

/* One id, or a list of them. */
typedef struct phi_hf_ids {
    int32_t ids[PHI_HF_IDS_MAX];
    int32_t n;
} phi_hf_ids;

typedef struct phi_hf_rope {
    phi_str type, old_type; /* "rope_type", and "type" as configurations before it have it */
    double factor, low_freq_factor, high_freq_factor, attention_factor, theta, partial;
    int64_t original_max;
    phi_hf_floats *short_factor, *long_factor; /* NULL: not there */
} phi_hf_rope;

typedef struct phi_hf_vision {
    int64_t layer_idx; /* which of the hidden states is taken; -2: the last but one */
    int64_t n_heads, num_crops;
    double mean[3], std[3];
    phi_str order; /* of tiles and global view */
} phi_hf_vision;

typedef struct phi_hf_config {
    phi_str model_type, hidden_act, path;
    int64_t vocab_size, hidden, inner, n_layers, n_heads, n_kv_heads, head_dim, max_position, original_max, window;
    double eps, theta, partial;
    bool is_tied, has_attention_bias, has_mlp_bias, is_quantized;
    phi_hf_rope rope;
    phi_hf_ids bos, eos, pad;
    phi_hf_vision vision;
} phi_hf_config;

phi_status phi_hf_read_config(phi_hf_config *c, phi_arena *arena, phi_bytes text, phi_error *err);
phi_status phi_hf_read_preprocessor(phi_hf_vision *v, phi_arena *arena, phi_bytes text, phi_error *err);
phi_status phi_hf_read_rope(phi_json_walk *w, void *field); /* phi_hf_rope */
phi_status phi_hf_read_ids(phi_json_walk *w, void *field);  /* phi_hf_ids */
/* "phi3" or "llama" */
const char *phi_hf_architecture(const phi_hf_config *c);
int32_t phi_hf_head_dim(const phi_hf_config *c);
int32_t phi_hf_rotary_dim(const phi_hf_config *c);

/* The divisors of the frequencies that the configuration asks for, f32; NULL where it asks for none. */
typedef struct phi_hf_factors {
    const float *plain; /* rope_freqs.weight */
    const float *short_text, *long_text;
    int32_t n;
    double attention_factor; /* 0: none */
    double linear;           /* of linear scaling; 0: none */
} phi_hf_factors;
phi_status phi_hf_factors_of(phi_hf_factors *out, const phi_hf_config *c, phi_arena *arena, phi_error *err);

/* ---- tokenizer.json ---------------------------------------------------------------------------------------------- */

typedef struct phi_hf_merge {
    phi_str left, right;
} phi_hf_merge;

typedef struct phi_hf_tokens {
    bool is_byte_level; /* "gpt2", else "llama" */
    const char *pre;
    phi_str *texts; /* (n_tokens); ptr NULL: a row that no token has */
    int32_t *types; /* (n_tokens) ids of GGUF */
    float *scores;  /* (n_tokens), SentencePiece only */
    int32_t n_tokens;
    phi_hf_merge *merges;
    size_t n_merges;
    bool adds_bos, adds_eos, adds_space_prefix;
    int32_t bos_id, eos_id, unknown_id, pad_id; /* -1: none */
    int32_t *strips_right, *strips_left;        /* ids of added tokens that swallow white space */
    size_t n_strips_right, n_strips_left;
    phi_hf_ids stops;
    phi_str chat_template;
} phi_hf_tokens;

/* The small files beside tokenizer.json; ptr NULL: not there. */
typedef struct phi_hf_texts {
    phi_bytes tokenizer, tokenizer_config, generation_config, chat_template;
} phi_hf_texts;

phi_status phi_hf_read_tokens(phi_hf_tokens *t, const phi_hf_config *c, const phi_hf_texts *texts, phi_arena *arena,
                              phi_error *err);
/* merges.c: scores in the order of the merges. PHI_EUNSUPPORTED when merging by score would not do what they say. */
phi_status phi_hf_score_tokens(phi_hf_tokens *t, phi_arena *arena, phi_error *err);

/* ---- Tensors ---------------------------------------------------------------------------------------------------- */

typedef struct phi_source {
    phi_tensor_info info; /* dtype PHI_N_DTYPES: one that is not read, */
    phi_str type;         /* which has this name */
} phi_source;

typedef struct phi_sources {
    phi_source *items; /* (n) */
    size_t n, cap;
    uint32_t *order; /* (n) by name, once sorted */
} phi_sources;

/* One tensor of the output. */
typedef struct phi_product {
    phi_str name;
    phi_dtype dtype, from;
    uint32_t n_dims;
    uint64_t dims[PHI_TENSOR_DIMS];
    uint64_t n_cols, n_rows;   /* dims[0], and all others together */
    uint64_t row_bytes;        /* of the output */
    uint64_t source_row_bytes; /* of the source */
    const float *constant;     /* (n_cols) values of the configuration; NULL: of a file */
    uint32_t file_idx;
    uint64_t source_offset;
    uint32_t head_rows; /* > 0: rows i and i + head_rows / 2 of every head become neighbours */
    uint64_t offset;    /* in its output file */
} phi_product;

typedef struct phi_output {
    uint8_t *header;
    size_t header_bytes; /* with the padding to the first tensor */
    uint64_t bytes;
    size_t first, n; /* products */
} phi_output;

typedef struct phi_import_asked {
    const uint8_t *bytes; /* made already: part of a header, a constant, zeros; NULL: to be converted */
    uint32_t n;
    const phi_product *product;
    uint64_t first_row, n_rows; /* of the output */
    uint32_t skip;              /* bytes of the first row */
} phi_import_asked;

/* Rows of one tensor's source that are in memory: those that a take() has converted. */
typedef struct phi_window {
    const phi_product *product;
    uint64_t first_row, n_rows;
    uint8_t *source, *out;
    float *row; /* one, as floats */
    phi_import_asked asked;
} phi_window;

/* A file beside the tensors', by the table of names in import.c. */
typedef struct phi_import_file {
    const char *name;
    uint8_t *bytes;
    size_t n;
    bool is_there;
} phi_import_file;

enum { PHI_IMPORT_N_NAMES = 8 };

struct phi_import {
    phi_arena arena; /* all of it */
    phi_import_options options;
    phi_error error;
    phi_import_file files[PHI_IMPORT_N_NAMES];
    phi_arena_mark room_mark;
    uint8_t *room;
    uint64_t room_bytes;
    phi_str *file_names; /* (n_files) NUL-terminated */
    uint32_t n_files, n_described;
    bool is_gguf, is_finished;
    phi_directory directory; /* of a GGUF source */
    phi_sources sources;
    phi_sources promised; /* names and files of the index */
    phi_product *products;
    size_t n_products;
    phi_output *outputs;
    uint32_t n_outputs;
    phi_hf_config config;
    phi_hf_tokens tokens;
    phi_hf_factors factors;
    phi_window window;
    uint64_t results[4]; /* of flat_calls.c */
};

/* safetensors.c */
phi_status phi_safetensors_open(phi_sources *out, phi_arena *arena, phi_bytes header, uint32_t file_idx,
                                uint64_t file_bytes, uint64_t *wanted_bytes, phi_error *err);
phi_status phi_safetensors_read_index(phi_import *i, phi_bytes text);
phi_status phi_sources_add(phi_sources *s, const phi_source *source, phi_arena *arena, phi_error *err);
/* Sorts by name; PHI_ECORRUPT names one that is there twice. */
phi_status phi_sources_sort(phi_sources *s, phi_arena *arena, phi_error *err);
const phi_source *phi_sources_find(const phi_sources *s, phi_str name);

/* names.c */
typedef enum phi_role {
    PHI_ROLE_IGNORED,
    PHI_ROLE_VECTOR,
    PHI_ROLE_LINEAR,
    PHI_ROLE_ROTARY, /* a linear whose rows are rotated in pairs: q, k */
    PHI_ROLE_EMBEDDING,
    PHI_ROLE_OUTPUT,
    PHI_ROLE_VISION,
    PHI_ROLE_VISION_TABLE /* patches, positions: floats always */
} phi_role;
enum { PHI_NAME_BYTES = 96 };
/* The GGUF name of a tensor of Hugging Face's; *layer: its number, or -1. PHI_EUNSUPPORTED for a name that is not
 * known. */
phi_status phi_hf_name(char out[PHI_NAME_BYTES], phi_role *role, int32_t *layer, phi_str name, phi_error *err);
/* Of a tensor in a GGUF file. */
phi_role phi_gguf_role(phi_str name, uint32_t n_dims);

/* products.c */
phi_status phi_import_make_products(phi_import *i);
/* Layers of the vision encoder that are run, 0 without one. */
int32_t phi_import_vision_layers(const phi_import *i);

/* header.c */
phi_status phi_import_make_headers(phi_import *i);

/* window.c */
phi_status phi_window_init(phi_import *i);

#endif
