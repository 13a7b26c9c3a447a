/* What a model is (hyper-parameters, weights by meaning) and the forward pass over it. A descriptor turns a file's
 * directory into that; adding an architecture of this block is one file and one line in models.def. */
#ifndef PHI_MODEL_H
#define PHI_MODEL_H

#include "format.h"
#include "nn.h"

/* Pre-norm decoder: x += attn(norm x); x += down(up * silu(gate))(norm x); logits = head(norm x). */
typedef struct phi_hparams {
    int32_t n_vocabulary;
    int32_t d_model;
    int32_t d_inner; /* of the gated MLP */
    int32_t n_layers;
    int32_t n_context_max;      /* the file's context length */
    int32_t n_context_original; /* LongRoPE: where the long factors begin; else n_context_max */
    float norm_eps;
    float rope_theta;
    float rope_scale;  /* linear scaling: positions are multiplied by it */
    float rope_factor; /* on cos and sin (LongRoPE's attention factor), else 1 */
    bool is_tied;      /* output weights are the token embedding */
    phi_attention attention;
} phi_hparams;

typedef struct phi_layer {
    phi_matrix attn_norm; /* (d_model) */
    phi_linear qkv;       /* (d_model) -> ((H + 2G) D): all q heads, all k heads, all v heads */
    phi_linear attn_out;  /* (H D) -> (d_model) */
    phi_matrix ffn_norm;  /* (d_model) */
    phi_linear gate_up;   /* (d_model) -> (2 d_inner): gate, then up */
    phi_linear down;      /* (d_inner) -> (d_model) */
} phi_layer;

typedef struct phi_model phi_model;
typedef struct phi_vision phi_vision; /* vision.h */

typedef struct phi_descriptor {
    const char *architecture;
    /* Fills model->hparams from metadata, checked against limits.h. */
    phi_status (*read_hparams)(phi_model *model, const phi_directory *dir, phi_error *err);
    /* Names of the tensors of one layer, with %d for its number; NULL: not of this architecture. */
    const char *qkv[PHI_LINEAR_PARTS];
    const char *gate_up[PHI_LINEAR_PARTS];
} phi_descriptor;

struct phi_model {
    const phi_descriptor *descriptor;
    phi_hparams hparams;
    phi_matrix token_embedding; /* (n_vocabulary, d_model) */
    phi_matrix output_norm;     /* (d_model) */
    phi_linear output;          /* (d_model) -> (n_vocabulary) */
    phi_layer *layers;          /* (n_layers) */
    phi_matrix factors_short;   /* (n_rot / 2) divisors of the frequencies; data NULL: none */
    phi_matrix factors_long;
    float *inv_freq_short; /* (n_rot / 2), made by phi_model_finish */
    float *inv_freq_long;  /* the same array where there is only one set */
    phi_vision *vision;    /* NULL: the model reads text only */
};

/* Chooses the descriptor by general.architecture, reads and checks everything, and lists the tensors to load. Tensors
 * that the architecture does not know are refused by name. The model lives in `arena`. */
phi_status phi_model_bind(phi_model **out, phi_weights *weights, phi_arena *arena, const phi_directory *dir,
                          phi_error *err);
/* After loading: derives what needs loaded values (frequencies), and checks them. */
phi_status phi_model_finish(phi_model *model, phi_error *err);

phi_kv_shape phi_model_kv_shape(const phi_model *model, phi_kv_kind kind, int32_t n_context);
phi_exec_shape phi_model_exec_shape(const phi_model *model, int32_t n_batch, int32_t n_context);

/* ---- Forward ------------------------------------------------------------------------------------------------- */

/* Activations of one batch of tokens on their way through the layers. Dealt once per session. */
typedef struct phi_forward {
    const phi_model *model;
    int32_t n_tokens_max;
    phi_batch batch; /* on its way */
    float *x;        /* (T, d_model) the residual stream */
    float *normed;   /* (T, d_model) */
    float *wide;     /* (T, max of qkv and gate_up rows) */
    float *inner;    /* (T, max of H D and d_inner) */
    float *branch;   /* (T, d_model) */
    float *logits;   /* (n_vocabulary), of a PHI_HEAD_LOGITS */
    double *sum;     /* (d_model) of the hidden states so far, of a PHI_HEAD_HIDDEN */
    float *last;     /* (d_model) the last of them */
} phi_forward;

/* What a session wants to know at the end of the layers. */
typedef enum phi_head { PHI_HEAD_LOGITS, PHI_HEAD_HIDDEN } phi_head;

uint64_t phi_forward_bytes(const phi_model *model, int32_t n_batch, phi_head head);
phi_status phi_forward_init(phi_forward *f, phi_arena *arena, const phi_model *model, int32_t n_batch, phi_head head,
                            phi_error *err);
/* Takes a batch: n_tokens <= n_tokens_max at positions first_pos …, whose rows of f->x the caller fills: with
 * phi_forward_embed(), or with vectors of its own. */
void phi_forward_begin(phi_forward *f, int32_t n_tokens, int32_t first_pos, bool uses_long_factors);
/* Rows [first, first + n) of the batch are these tokens; all are in the vocabulary. */
void phi_forward_embed(phi_forward *f, const phi_exec *x, int32_t first, const int32_t *tokens, int32_t n);
void phi_forward_layer(phi_forward *f, const phi_exec *x, phi_kv *kv, int32_t layer);
/* Logits of the batch's last token, in f->logits. */
void phi_forward_head(phi_forward *f, const phi_exec *x);
/* Adds the batch's hidden states (behind the final norm) to f->sum, one token after the other, and keeps the last. */
void phi_forward_hidden(phi_forward *f, const phi_exec *x);

/* For descriptors: <architecture>.<suffix>, in a buffer of the model's lifetime is not needed, so by value. */
typedef struct phi_meta_key {
    char text[96];
} phi_meta_key;
phi_str phi_model_key(phi_meta_key *key, const phi_model *model, const char *suffix);
/* Reads <architecture>.<suffix> as a whole number in [low, high]; required. */
phi_status phi_model_read_count(int32_t *out, const phi_model *model, const phi_directory *dir, const char *suffix,
                                int32_t low, int32_t high, phi_error *err);
/* The same of a key as it is. */
phi_status phi_model_read_key(int32_t *out, const phi_directory *dir, phi_str key, int32_t low, int32_t high,
                              phi_error *err);
/* A float under a key as it is, greater than 0; *out is kept where the file does not have the key. */
phi_status phi_model_read_positive(float *out, const phi_directory *dir, phi_str key, phi_error *err);
/* The dimensions that every decoder file names alike. */
phi_status phi_model_read_common(phi_model *model, const phi_directory *dir, phi_error *err);

#define PHI_MODEL(name, descriptor) extern const phi_descriptor descriptor;
#include "models.def"
#undef PHI_MODEL

#endif
