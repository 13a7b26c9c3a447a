/* Attention over an int8 cache, 128-bit. The specification is f32_attention_scalar.c.
 *
 * A 16-byte load holds four vectors of bytes. A swizzle with a constant puts one byte at the top of each lane and zeros
 * below it (one pshufb), and the conversion to float gives 2^24 times the number. Otherwise as f32_attention_f16_simd128.c. */
#include "f32_simd.h"
#include "kernels_f32.h"

enum { STRETCH = 64 };

typedef struct byte_picks {
    v128_t at[4];
} byte_picks;

/* Scores: byte t of each lane. */
PHI_ALWAYS_INLINE byte_picks picks_of_lanes(void)
{
    byte_picks picks;
    for (int t = 0; t < 4; t++)
        picks.at[t] = wasm_i8x16_make(-1, -1, -1, (int8_t)t, -1, -1, -1, (int8_t)(4 + t), -1, -1, -1, (int8_t)(8 + t),
                                      -1, -1, -1, (int8_t)(12 + t));
    return picks;
}

/* Mix: bytes 4t … 4t+3. */
PHI_ALWAYS_INLINE byte_picks picks_in_order(void)
{
    byte_picks picks;
    for (int t = 0; t < 4; t++) {
        const int8_t at = (int8_t)(4 * t);
        picks.at[t] = wasm_i8x16_make(-1, -1, -1, at, -1, -1, -1, (int8_t)(at + 1), -1, -1, -1, (int8_t)(at + 2), -1,
                                      -1, -1, (int8_t)(at + 3));
    }
    return picks;
}

/* Times 2^24. */
PHI_ALWAYS_INLINE v128_t floats_of(v128_t bytes, v128_t pick)
{
    return wasm_f32x4_convert_i32x4(wasm_i8x16_swizzle(bytes, pick));
}

/* --- scores ---------------------------------------------------------------------------------------------------- */

typedef struct scores_job {
    float *scores;
    const float *q;
    const int8_t *k;
    const float *k_scale;
    ptrdiff_t stride;
    int32_t head_dim;
    float scale;
} scores_job;

PHI_ALWAYS_INLINE void score_quads(const scores_job *job, int n_q, int n_quads)
{
    v128_t sums[PHI_ATTN_TILE][4];
    for (int i = 0; i < n_q; i++)
        for (int b = 0; b < n_quads; b++)
            sums[i][b] = wasm_f32x4_splat(0);
    const byte_picks picks = picks_of_lanes();
    for (int32_t d = 0; d < job->head_dim; d += 4)
        for (int b = 0; b < n_quads; b++) {
            const v128_t bytes = wasm_v128_load(job->k + ((ptrdiff_t)b * job->head_dim + d) * 4);
            for (int t = 0; t < 4; t++) {
                const v128_t keys = floats_of(bytes, picks.at[t]);
                for (int i = 0; i < n_q; i++) {
                    const v128_t q = wasm_v128_load32_splat(job->q + (ptrdiff_t)i * job->head_dim + d + t);
                    sums[i][b] = simd_mul_add(q, keys, sums[i][b]);
                }
            }
        }
    const v128_t scale = wasm_f32x4_splat(job->scale);
    for (int b = 0; b < n_quads; b++) {
        const v128_t key_scale = wasm_f32x4_mul(wasm_v128_load(job->k_scale + b * 4), scale);
        for (int i = 0; i < n_q; i++)
            wasm_v128_store(job->scores + i * job->stride + b * 4, wasm_f32x4_mul(sums[i][b], key_scale));
    }
}

PHI_ALWAYS_INLINE void score_all(scores_job job, int32_t n_quads, int n_q, int step)
{
    while (n_quads > 0) {
        const int32_t n_taken = n_quads >= step ? step : 1;
        if (n_taken == step)
            score_quads(&job, n_q, step);
        else
            score_quads(&job, n_q, 1);
        n_quads -= n_taken;
        job.k += (ptrdiff_t)n_taken * job.head_dim * 4;
        job.k_scale += n_taken * 4;
        job.scores += n_taken * 4;
    }
}

void phi_f32_attn_scores_q8__simd128(float *scores, int32_t stride, const float *q, int32_t n_q, const int8_t *k,
                                     const float *k_scale, int32_t head_dim, int32_t first_key, int32_t n_keys,
                                     float scale)
{
    const scores_job job = {scores + first_key, q, k + (ptrdiff_t)first_key * head_dim, k_scale + first_key,
                            stride, head_dim, scale * 0x1p-24f};
    const int32_t n_quads = (n_keys - first_key + 3) / 4;
    switch (n_q) {
    case 1:
        score_all(job, n_quads, 1, 4);
        break;
    case 2:
        score_all(job, n_quads, 2, 2);
        break;
    case 3:
        score_all(job, n_quads, 3, 2);
        break;
    default:
        score_all(job, n_quads, 4, 2);
        break;
    }
}

/* --- mix ------------------------------------------------------------------------------------------------------- */

typedef struct mix_job {
    float *out;
    const float *p;  /* (n_q, STRETCH): weight times the value's scale */
    const int8_t *v; /* the stretch's first key */
    ptrdiff_t out_stride;
    int32_t head_dim;
    int32_t n_keys; /* of the stretch */
    bool is_first;
    float unscale; /* 2^-24 after the last stretch, else 1 */
} mix_job;

/* Dimensions d … d + 16 n_blocks - 1. */
PHI_ALWAYS_INLINE void mix_blocks(const mix_job *job, int32_t d, int n_q, int n_blocks)
{
    v128_t sums[PHI_ATTN_TILE][8];
    for (int i = 0; i < n_q; i++)
        for (int t = 0; t < 4 * n_blocks; t++)
            sums[i][t] = job->is_first ? wasm_f32x4_splat(0)
                                       : wasm_v128_load(job->out + i * job->out_stride + d + 4 * t);
    const byte_picks picks = picks_in_order();
    const int8_t *v = job->v + d;
    for (int32_t j = 0; j < job->n_keys; j++, v += job->head_dim)
        for (int b = 0; b < n_blocks; b++) {
            const v128_t bytes = wasm_v128_load(v + 16 * b);
            for (int t = 0; t < 4; t++) {
                const v128_t values = floats_of(bytes, picks.at[t]);
                for (int i = 0; i < n_q; i++) {
                    const v128_t p = wasm_v128_load32_splat(job->p + i * STRETCH + j);
                    sums[i][4 * b + t] = simd_mul_add(p, values, sums[i][4 * b + t]);
                }
            }
        }
    const v128_t unscale = wasm_f32x4_splat(job->unscale);
    for (int i = 0; i < n_q; i++)
        for (int t = 0; t < 4 * n_blocks; t++)
            wasm_v128_store(job->out + i * job->out_stride + d + 4 * t, wasm_f32x4_mul(sums[i][t], unscale));
}

/* Dimensions from d on, four at a time: the last head_dim % 16. */
static void mix_rest(const mix_job *job, int32_t d, int32_t n_q)
{
    const v128_t pick = picks_in_order().at[0];
    for (int32_t i = 0; i < n_q; i++)
        for (int32_t at = d; at < job->head_dim; at += 4) {
            float *out = job->out + i * job->out_stride + at;
            v128_t sum = job->is_first ? wasm_f32x4_splat(0) : wasm_v128_load(out);
            for (int32_t j = 0; j < job->n_keys; j++) {
                const v128_t bytes = wasm_v128_load32_zero(job->v + (ptrdiff_t)j * job->head_dim + at);
                sum = simd_mul_add(wasm_v128_load32_splat(job->p + i * STRETCH + j), floats_of(bytes, pick), sum);
            }
            wasm_v128_store(out, wasm_f32x4_mul(sum, wasm_f32x4_splat(job->unscale)));
        }
}

PHI_ALWAYS_INLINE void mix_stretch(const mix_job *job, int n_q, int step)
{
    int32_t d = 0;
    for (; d + 16 * step <= job->head_dim; d += 16 * step)
        mix_blocks(job, d, n_q, step);
    for (; d + 16 <= job->head_dim; d += 16)
        mix_blocks(job, d, n_q, 1);
    mix_rest(job, d, n_q);
}

static void mix_any(const mix_job *job, int32_t n_q)
{
    switch (n_q) {
    case 1:
        mix_stretch(job, 1, 2);
        break;
    case 2:
        mix_stretch(job, 2, 1);
        break;
    case 3:
        mix_stretch(job, 3, 1);
        break;
    default:
        mix_stretch(job, 4, 1);
        break;
    }
}

void phi_f32_attn_mix_q8__simd128(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q,
                                  const int8_t *v, const float *v_scale, int32_t head_dim, int32_t first_key,
                                  int32_t n_keys)
{
    float scaled[PHI_ATTN_TILE * STRETCH];
    mix_job job = {out, scaled, NULL, out_stride, head_dim, 0, true, 1.0f};
    for (int32_t j = first_key; j < n_keys || job.is_first; j += STRETCH) {
        job.n_keys = n_keys - j < STRETCH ? n_keys - j : STRETCH;
        job.v = v + (ptrdiff_t)j * head_dim;
        for (int32_t i = 0; i < n_q; i++)
            for (int32_t at = 0; at < job.n_keys; at++)
                scaled[i * STRETCH + at] = p[(ptrdiff_t)i * stride + j + at] * v_scale[j + at];
        job.unscale = j + STRETCH < n_keys ? 1.0f : 0x1p-24f;
        mix_any(&job, n_q);
        job.is_first = false;
    }
}
