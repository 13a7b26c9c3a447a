/* Attention over an int8 cache, 128-bit. The specification is f32_attention_scalar.c.
 *
 * A byte is brought to the top of a 32-bit lane, zeros below it, and converted: 2^24 times the number. Otherwise as
 * f32_attention_f16_simd128.c. */
#include "f32_simd.h"
#include "kernels_f32.h"

enum { STRETCH = 64 };

static const uint32_t top_bytes = 0xff000000;

/* Byte t of each lane, times 2^24. `mask` is simd_keep(&top_bytes). */
PHI_ALWAYS_INLINE v128_t byte_of_lanes(v128_t lanes, int t, v128_t mask)
{
    const v128_t top = wasm_i32x4_shl(lanes, (uint32_t)(24 - 8 * t));
    return wasm_f32x4_convert_i32x4(t == 0 ? top : wasm_v128_and(top, mask));
}

/* The first eight bytes in order, times 2^24. */
PHI_ALWAYS_INLINE simd_pair eight_bytes(v128_t bytes)
{
    const v128_t zero = wasm_i32x4_splat(0);
    const v128_t words = wasm_i8x16_shuffle(zero, bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t low = wasm_i16x8_shuffle(zero, words, 0, 8, 1, 9, 2, 10, 3, 11);
    const v128_t high = wasm_i16x8_shuffle(zero, words, 4, 12, 5, 13, 6, 14, 7, 15);
    return (simd_pair){wasm_f32x4_convert_i32x4(low), wasm_f32x4_convert_i32x4(high)};
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
    const v128_t mask = simd_keep(&top_bytes);
    for (int32_t d = 0; d < job->head_dim; d += 4)
        for (int b = 0; b < n_quads; b++) {
            const v128_t bytes = wasm_v128_load(job->k + ((ptrdiff_t)b * job->head_dim + d) * 4);
            for (int t = 0; t < 4; t++) {
                const v128_t keys = byte_of_lanes(bytes, t, mask);
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
    const scores_job job = {scores + first_key,  q,      k + (ptrdiff_t)first_key * head_dim,
                            k_scale + first_key, stride, head_dim,
                            scale * 0x1p-24f};
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

/* Dimensions d … d + 8 n_eights - 1. */
PHI_ALWAYS_INLINE void mix_eights(const mix_job *job, int32_t d, int n_q, int n_eights)
{
    simd_pair sums[PHI_ATTN_TILE][4];
    for (int i = 0; i < n_q; i++)
        for (int e = 0; e < n_eights; e++) {
            const float *out = job->out + i * job->out_stride + d + 8 * e;
            const v128_t zero = wasm_f32x4_splat(0);
            sums[i][e].low = job->is_first ? zero : wasm_v128_load(out);
            sums[i][e].high = job->is_first ? zero : wasm_v128_load(out + 4);
        }
    const int8_t *v = job->v + d;
    for (int32_t j = 0; j < job->n_keys; j++, v += job->head_dim)
        for (int e = 0; e < n_eights; e++) {
            const simd_pair values = eight_bytes(wasm_v128_load64_zero(v + 8 * e));
            for (int i = 0; i < n_q; i++) {
                const v128_t p = wasm_v128_load32_splat(job->p + i * STRETCH + j);
                sums[i][e].low = simd_mul_add(p, values.low, sums[i][e].low);
                sums[i][e].high = simd_mul_add(p, values.high, sums[i][e].high);
            }
        }
    const v128_t unscale = wasm_f32x4_splat(job->unscale);
    for (int i = 0; i < n_q; i++)
        for (int e = 0; e < n_eights; e++) {
            float *out = job->out + i * job->out_stride + d + 8 * e;
            wasm_v128_store(out, wasm_f32x4_mul(sums[i][e].low, unscale));
            wasm_v128_store(out + 4, wasm_f32x4_mul(sums[i][e].high, unscale));
        }
}

/* The last four dimensions of a head of 8n + 4. */
static void mix_four(const mix_job *job, int32_t d, int32_t n_q)
{
    for (int32_t i = 0; i < n_q; i++) {
        float *out = job->out + i * job->out_stride + d;
        v128_t sum = job->is_first ? wasm_f32x4_splat(0) : wasm_v128_load(out);
        for (int32_t j = 0; j < job->n_keys; j++) {
            const v128_t p = wasm_v128_load32_splat(job->p + i * STRETCH + j);
            const v128_t bytes = wasm_v128_load32_zero(job->v + (ptrdiff_t)j * job->head_dim + d);
            sum = simd_mul_add(p, eight_bytes(bytes).low, sum);
        }
        wasm_v128_store(out, wasm_f32x4_mul(sum, wasm_f32x4_splat(job->unscale)));
    }
}

PHI_ALWAYS_INLINE void mix_stretch(const mix_job *job, int n_q, int step)
{
    int32_t d = 0;
    for (; d + 8 * step <= job->head_dim; d += 8 * step)
        mix_eights(job, d, n_q, step);
    for (; d + 8 <= job->head_dim; d += 8)
        mix_eights(job, d, n_q, 1);
    if (d < job->head_dim)
        mix_four(job, d, n_q);
}

static void mix_any(const mix_job *job, int32_t n_q)
{
    switch (n_q) {
    case 1:
        mix_stretch(job, 1, 4);
        break;
    case 2:
        mix_stretch(job, 2, 2);
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
