/* The operations of a transformer over activations in f32, on the pool. Nothing here knows a model's name.
 *
 * Legend: T tokens, D head dim, H query heads, G kv heads, K columns (inputs) and N rows (outputs) of a matrix. */
#ifndef PHI_NN_H
#define PHI_NN_H

#include "kernels.h"
#include "kv.h"
#include "pool.h"
#include "weights.h"

/* Tile buffers of one thread. */
typedef struct phi_thread_scratch {
    phi_panel panel;
    float *rows;    /* (16, K_max) weights as floats */
    float *partial; /* (T_max, 16) outputs of a group that need more work, or are not full */
    float *scores;  /* (PHI_ATTN_TILE, context rounded up to 4) */
    float *self;    /* self_attention.c */
} phi_thread_scratch;

/* What every operation needs: the kernels, the pool, and room. Dealt once per session. */
typedef struct phi_exec {
    const phi_kernels *kernels;
    phi_pool *pool;
    int32_t accuracy_level;      /* 4: int8 activations; 1: f32 */
    phi_thread_scratch *threads; /* (n_threads) */
    phi_q8 quantized;            /* (T_max, K_max) */
} phi_exec;

typedef struct phi_exec_shape {
    int32_t n_tokens_max;  /* T_max */
    int32_t n_cols_max;    /* K_max, a multiple of 32 */
    int32_t n_context;     /* 0: no phi_attention_forward */
    int32_t n_self_tokens; /* of one phi_self_attention, at most; 0: none */
    int32_t self_head_dim;
} phi_exec_shape;

/* Bytes that init takes from a fixed arena. */
uint64_t phi_exec_bytes(const phi_exec_shape *shape, int32_t n_threads);
phi_status phi_exec_init(phi_exec *x, phi_arena *arena, const phi_exec_shape *shape, phi_error *err);

/* Matrices that share their input, their outputs concatenated: fused qkv and gate/up, however the file stores them. A
 * bias is a vector of its part's rows; data NULL: none. */
enum { PHI_LINEAR_PARTS = 3 };
typedef struct phi_linear {
    phi_matrix parts[PHI_LINEAR_PARTS];
    phi_matrix bias[PHI_LINEAR_PARTS];
    int32_t n_parts;
    int32_t n_rows; /* of all parts */
    int32_t n_cols;
    phi_activation activation; /* of all outputs */
} phi_linear;

/* y (T, n_rows) = activation(x (T, n_cols) Wᵀ + bias). */
void phi_linear_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_linear *linear);
/* y (T, n_cols): rows `ids` of an embedding table. ids in [0, n_rows). */
void phi_embed_rows(const phi_exec *x, float *y, const int32_t *ids, int32_t n_tokens, const phi_matrix *table);

typedef struct phi_norm {
    phi_matrix weight;
    phi_matrix bias;
    float eps;
} phi_norm;

/* y (T, K) = rms norm of each row; y may be in. */
void phi_norm_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_matrix *weight,
                      float eps);
/* y (T, K) = layer norm of each row; y may be in. */
void phi_layer_norm_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_norm *norm);
/* out (T, I) from gate_up (T, 2 I): up * silu(gate), gate first. */
void phi_silu_forward(const phi_exec *x, float *out, const float *gate_up, int32_t n_tokens, int32_t n_inner);
/* y += in, n floats. */
void phi_residual_forward(const phi_exec *x, float *y, const float *in, int32_t n);

/* Where a batch of tokens stands in the text, and the rotations of those positions. */
typedef struct phi_batch {
    int32_t n_tokens;
    int32_t first_pos;
    int32_t n_freqs;  /* n_rot / 2 */
    float *cos_table; /* (T, n_freqs) */
    float *sin_table;
} phi_batch;

/* Fills the rotary tables: angle = position * inv_freq in f32 as Hugging Face computes it, cos and sin times
 * `factor`. */
void phi_rope_tables(const phi_batch *batch, const float *inv_freq, float factor);

typedef struct phi_attention {
    int32_t n_heads;    /* H */
    int32_t n_kv_heads; /* G, divides H */
    int32_t head_dim;
    int32_t n_rot;  /* rotated dims, even */
    bool is_neox;   /* pairs (i, i + n_rot/2); else (2i, 2i+1) */
    int32_t window; /* a query sees this many keys, itself included; 0: all */
    float scale;    /* of the scores */
} phi_attention;

/* One layer's share of the cache. */
typedef struct phi_kv_layer {
    phi_kv *kv;
    int32_t layer;
} phi_kv_layer;

/* Rotates q and k of qkv (T, (H + 2G) D) in place, writes k and v to the cache at first_pos …, and computes
 * out (T, H D) = softmax(scale q kᵀ + mask) v. */
void phi_attention_forward(const phi_exec *x, float *out, float *qkv, const phi_batch *batch, const phi_attention *a,
                           phi_kv_layer cache);

/* Attention without positions, mask or cache: the tokens of a tile all see each other, and no other tile's. */
typedef struct phi_self_attention {
    int32_t n_tokens; /* of a tile */
    int32_t n_heads;
    int32_t head_dim;
    float scale; /* of the scores */
} phi_self_attention;

/* out (n_tiles * n_tokens, H D) = softmax(scale q kᵀ) v for qkv (n_tiles * n_tokens, 3 H D): the heads of q, of k, of
 * v. n_tokens and head_dim at most those of the exec's shape. f32 at either accuracy level. */
void phi_self_attention_forward(const phi_exec *x, float *out, const float *qkv, int32_t n_tiles,
                                const phi_self_attention *a);
/* Floats that one thread needs for it; part of phi_exec_bytes(). */
size_t phi_self_attention_floats(int32_t n_tokens, int32_t head_dim);

#endif
