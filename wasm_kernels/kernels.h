/* The kernels: pure functions over borrowed memory. No allocation, no threads, no globals, no error path: callers check
 * shapes. Pointers are 16-byte aligned unless said otherwise; kernels never write outside what is documented and never
 * read past the arrays given.
 *
 * Each op has a scalar C version (the specification), a simd128 version and, where relaxed SIMD helps, a relaxed one.
 * All versions give the SAME BITS: sums run in the order that the scalar version states, products and sums are rounded
 * separately (no fused multiply-add), integer parts are exact. Tests compare with memcmp. So results do not depend on
 * the machine, on the number of threads, or on how a prompt was cut into batches.
 *
 * Legend: T tokens (rows of activations), N rows of a matrix, K columns, D head dimension, B = K/32 blocks.
 */
#ifndef PHI_KERNELS_H
#define PHI_KERNELS_H

#include <stdbool.h>

#include "layouts.h"

/* Activations in int8, symmetric, one scale per block of 32 (accuracy level 4).
 *
 *   amax = max |x|,  s = amax / 127,  q = nearest-even(x * (127 / amax)), all 0 when amax is 0
 *
 * `scale` holds s * 2^56: weight scales are decoded from binary16 by integer shifts as d * 2^-112 (three instructions
 * instead of a conversion that WebAssembly lacks), and every kernel multiplies its finished sum by 2^56. The two
 * factors keep all products normal for any |s| in 2^-46 … 2^60, so that kernels may move powers of two about.
 * `sums` holds four numbers a block: minus the sums of q over columns with k%4 in {0,1} and in {2,3}, of the whole
 * block and then of its first half. Times the offset of unsigned weights they are what turns those back into signed
 * ones, in the form that 16-bit and 32-bit accumulators both start from.
 * `weighted` holds scale * (sum of the block's q), the factor of a minimum m. */
typedef struct phi_q8 {
    int8_t *q;       /* (T, K) */
    float *scale;    /* (T, B) */
    float *weighted; /* (T, B) */
    int16_t *sums;   /* (T, B, 4) */
    int32_t n_cols;  /* K */
} phi_q8;

/* A stretch of a 16-row group unpacked for the GEMM: unsigned bytes, which but for Q8 and Q8M fit 7 bits, scales as
 * floats.
 *   q:     for every 4 columns, 16 rows x 4 bytes: q[k/4 * 64 + r * 4 + k%4] is row r, column k of the stretch
 *   scale: (n_cols/32 * n_scales, 16): d * 2^-112 (times sc where the layout has one)
 *   min:   (n_cols/32, 16): m * 2^-112, or -(dmin * mn) * 2^-112; unused without has_min */
typedef struct phi_panel {
    uint8_t *q;
    float *scale;
    float *min;
    int32_t n_cols;   /* columns of the stretch, a multiple of 32 (256 for the K layouts) */
    int32_t n_scales; /* scales per block of 32 columns: 1, or 2 for Q6K */
    int32_t offset;   /* what the integer weights are too large by: 8, 32, 128 or 0 */
    int32_t n_bits;   /* of the integer weights: 4, 5, 6 or 8 */
    bool has_min;
} phi_panel;

enum { PHI_PANEL_COLS_MAX = 1024 }; /* columns of one stretch: 16 KiB of bytes, so that it stays in the L1 cache */

/* What may be applied to the outputs of a matrix. */
typedef enum phi_activation {
    PHI_ACTIVATION_NONE,
    PHI_ACTIVATION_GELU,       /* x * (1 + erf(x / sqrt 2)) / 2 */
    PHI_ACTIVATION_QUICK_GELU, /* x * sigmoid(1.702 x) */
    PHI_N_ACTIVATIONS
} phi_activation;

typedef struct phi_kernels {
    const char *name; /* "scalar", "simd128", "relaxed-i16", "relaxed-i32", "relaxed-s8", "relaxed-u8" */

    /* x (T, K) floats to q8; K a multiple of 32. A NaN becomes 0, its block's scale may be NaN. */
    void (*quantize)(const phi_q8 *out, const float *x, int32_t n_rows);

    /* y[r] = sum over blocks b, in order, of  (S[r,b] * scale[b]) * (float)dot[r,b]  ( + M[r,b] * weighted[b] ),
     * one rounding an operation, then * 2^56; Q6K adds its two halves of a block one after the other. `x` is one row
     * (T = 1). `w` is n_groups packed groups; y has 16 * n_groups floats. Indexed by phi_layout. */
    void (*gemv[PHI_N_PACKED])(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups);

    /* Unpacks columns first_col … first_col + out->n_cols - 1 of one group; sets n_scales, offset, n_bits, has_min. */
    void (*unpack[PHI_N_PACKED])(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col);

    /* Adds a panel's contribution to y (T, y_stride), 16 columns of y, for n_tokens rows of x from column first_col on.
     * is_first: y starts from zero; is_last: multiplied by 2^56. Same sum, same order, same bits as gemv. */
    void (*gemm)(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                 int32_t first_col, bool is_first, bool is_last);

    /* Weights of rows of one group as plain floats (accuracy level 1, embeddings): out (16, K). Of F16 and BF16, whose
     * groups are one row: out (K), to the bit what dot_float reads; unaligned allowed. No entry for F32. */
    void (*dequantize[PHI_N_LAYOUTS])(float *out, const uint8_t *group, int32_t n_cols);

    /* y[t * y_stride + r] = sum_k x[t,k] w[r,k], r < n_rows, for float weights of a row-major layout (F32, F16, BF16,
     * index layout - PHI_LAYOUT_F32). Eight partial sums by k%8 (the tail k >= K - K%8 goes to partial k%8 too), then
     * ((p0+p4)+(p2+p6))+((p1+p5)+(p3+p7)). x (T, K). Unaligned w allowed. */
    void (*dot_float[3])(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w, int32_t n_rows,
                         int32_t n_cols);

    /* y = w * (x / sqrt(mean(x^2) + eps)); sums of squares in eight partials as above. y may be x. Any K. */
    void (*rms_norm)(float *y, const float *x, const float *w, int32_t n, float eps);
    /* y = (x - mean) * (1 / sqrt(variance + eps)) * w + b, with the biased variance, the mean of (x - mean)^2; sums in
     * eight partials as above. y may be x. Any K. */
    void (*layer_norm)(float *y, const float *x, const float *w, const float *b, int32_t n, float eps);
    /* In place, indexed by phi_activation; no entry for PHI_ACTIVATION_NONE. */
    void (*activate[PHI_N_ACTIVATIONS])(float *x, int32_t n);
    /* y = up * gate * sigmoid(gate). y may be gate. */
    void (*silu_mul)(float *y, const float *gate, const float *up, int32_t n);
    /* y += x */
    void (*add)(float *y, const float *x, int32_t n);
    /* In place over n > 0 scores: p = exp(x - max) * (1 / sum). exp is the polynomial of f32_math.h; eight
     * partial sums. */
    void (*softmax)(float *x, int32_t n);
    /* One head in place, NeoX pairs (i, i + n_rot/2): x (D), cos/sin (n_rot/2). Dimensions >= n_rot pass. */
    void (*rope_neox)(float *x, const float *cos, const float *sin, int32_t n_rot);
    /* The same for neighbouring pairs (2i, 2i+1), as GGUF files of the llama architecture are permuted for. */
    void (*rope_pairs)(float *x, const float *cos, const float *sin, int32_t n_rot);

    /* Attention over a cache of one kv head (see kv.h): keys in quads, k[(j/4) * D*4 + d*4 + j%4], values row by row,
     * v[j * D + d]. n_q <= PHI_ATTN_TILE queries share the loads (tokens, or heads of one group).
     * scores[i * stride + j] = scale * sum_d q[i,d] k[j,d] for j in [first_key, n_keys), d in order, one accumulator.
     * first_key is a multiple of 4; scores past n_keys up to the next multiple of 4 may be written (garbage).
     * binary16 is decoded by shifts as h * 2^-112, the rest of the power is in q (2^56) and scale (2^56): the plain
     * formula for |q| < 2^72 and products above 2^-70. Infinities and NaN of a cache read as finite numbers of 2^16 and
     * more. head_dim is at most PHI_LIMIT_HEAD_DIM. */
    void (*attn_scores_f16)(float *scores, int32_t stride, const float *q, int32_t n_q, const uint16_t *k,
                            int32_t head_dim, int32_t first_key, int32_t n_keys, float scale);
    /* out[i,d] = sum_j p[i * stride + j] v[j,d] for j in [first_key, n_keys), in order, one accumulator.
     * p carries 2^112 for the decoding, so |p| < 2^16; softmax gives at most 1. */
    void (*attn_mix_f16)(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q, const uint16_t *v,
                         int32_t head_dim, int32_t first_key, int32_t n_keys);
    /* The same over an int8 cache: q8 with one f32 scale per key and head. keys: bytes in quads of 4 keys x 4 dims,
     * k[(j/4) * D*4 + (d/4) * 16 + (j%4) * 4 + d%4]; values v[j * D + d]; D a multiple of 4. Exact value: scale * q. */
    void (*attn_scores_q8)(float *scores, int32_t stride, const float *q, int32_t n_q, const int8_t *k,
                           const float *k_scale, int32_t head_dim, int32_t first_key, int32_t n_keys, float scale);
    void (*attn_mix_q8)(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q, const int8_t *v,
                        const float *v_scale, int32_t head_dim, int32_t first_key, int32_t n_keys);
    /* Attention among a few hundred tokens that all see each other (nn/self_attention.c), eight queries at a time,
     * which lie side by side: c (4 n_quads, 8) = A b for b (n_k, 8). A (4 n_quads, n_k) is stored in quads of rows,
     * a[(r/4 * n_k + k) * 4 + r%4]. One accumulator, k in order. */
    void (*product8)(float *c, const float *a, const float *b, int32_t n_k, int32_t n_quads);
    /* Each of 8 columns in place over n > 0 scores: x = exp(x - max), without the quotient: inverse (8) gets 1 / sum.
     * One accumulator. */
    void (*softmax8)(float *x, float *inverse, int32_t n);
    /* n floats to binary16, round to nearest even (cache writes). */
    void (*to_f16)(uint16_t *out, const float *x, int32_t n);
} phi_kernels;

enum { PHI_ATTN_TILE = 4 };

typedef enum phi_isa {
    PHI_ISA_SCALAR,
    PHI_ISA_SIMD128,
    PHI_ISA_RELAXED_I16,
    PHI_ISA_RELAXED_I32,
    PHI_ISA_RELAXED_S8, /* the relaxed dot has 32-bit sums and takes bytes of eight bits as well: signed ones (arm64) */
    PHI_ISA_RELAXED_U8, /* unsigned ones (x64 with AVX-VNNI) */
    PHI_N_ISAS
} phi_isa;

/* Fills `out` with the kernels of `isa`; ops without a version of their own get the next simpler one's. Returns false,
 * and leaves *out alone, if this build lacks the isa or a probe shows that the machine's relaxed instructions do not
 * compute what the kernels need (dispatch.c). */
bool phi_kernels_get(phi_kernels *out, phi_isa isa);

/* The fastest isa that passes its probes: a timing of a few microseconds settles i16 against i32 form. `now_us` gives
 * microseconds, or NULL to prefer by order. */
phi_isa phi_kernels_best(double (*now_us)(void));

#endif
