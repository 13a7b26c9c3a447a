/* Attention over a binary16 cache, 128-bit. The specification is f32_attention_scalar.c.
 *
 * Scores: lanes are keys. One query takes four quads of keys at a time, so that four independent sums hide the latency
 * of an addition; several queries take two quads and share their loads and decoding. Two dimensions of a quad are one
 * 16-byte load.
 * Mix: lanes are dimensions. Sums of 32 dimensions (one query) or 8 (several) stay in registers over a stretch of a few
 * keys; between stretches they rest in `out`. Short stretches read the values nearly front to back. */
#include "f32_simd.h"
#include "kernels_f32.h"
#include "limits.h"

enum {
    AHEAD_QUADS = 4, /* of scores: 3 KiB at D = 96 */
    WEIGHTS = 128,   /* of a mix, scaled at a time */
    STRETCH_ONE = 8, /* keys: 1.5 KiB of values */
    STRETCH_MORE = 16
};

/* Loads what will be needed soon, front to back. The accesses proper (four streams 768 bytes apart; columns of a few
 * rows) are not what processors foresee: from memory, scores run at 19 instead of 5 GB/s with this; a mix gains nothing
 * on a quiet machine and a third when others use the memory too. */
PHI_ALWAYS_INLINE void touch(const uint16_t *ahead)
{
    (void)*(const volatile uint16_t *)ahead;
}

/* --- scores ---------------------------------------------------------------------------------------------------- */

typedef struct scores_job {
    float *scores;           /* at the first key of the quads at hand */
    const float *q;          /* (n_q, head_dim), times 2^56 */
    const uint16_t *k;       /* the first quad */
    const uint16_t *k_ahead; /* quads soon to come, or those at hand */
    ptrdiff_t stride;
    int32_t head_dim;
    float scale;
} scores_job;

/* sums[query][quad] */
PHI_ALWAYS_INLINE void add_pair(v128_t sums[PHI_ATTN_TILE][4], const scores_job *job, int32_t d, int n_q, int n_quads,
                                v128_t mask)
{
    for (int b = 0; b < n_quads; b++) {
        const uint16_t *at = job->k + ((ptrdiff_t)b * job->head_dim + d) * 4;
        const simd_pair keys = simd_f16x8_shifted(wasm_v128_load(at), mask);
        for (int i = 0; i < n_q; i++) {
            const float *q = job->q + (ptrdiff_t)i * job->head_dim + d;
            sums[i][b] = simd_mul_add(wasm_v128_load32_splat(q), keys.low, sums[i][b]);
            sums[i][b] = simd_mul_add(wasm_v128_load32_splat(q + 1), keys.high, sums[i][b]);
        }
    }
}

/* The last dimension of an odd head. */
PHI_ALWAYS_INLINE void add_last(v128_t sums[PHI_ATTN_TILE][4], const scores_job *job, int n_q, int n_quads, v128_t mask)
{
    const int32_t d = job->head_dim - 1;
    for (int b = 0; b < n_quads; b++) {
        const uint16_t *at = job->k + ((ptrdiff_t)b * job->head_dim + d) * 4;
        const v128_t keys = simd_f16x8_shifted(wasm_v128_load64_zero(at), mask).low;
        for (int i = 0; i < n_q; i++) {
            const v128_t q = wasm_v128_load32_splat(job->q + (ptrdiff_t)i * job->head_dim + d);
            sums[i][b] = simd_mul_add(q, keys, sums[i][b]);
        }
    }
}

PHI_ALWAYS_INLINE void score_quads(const scores_job *job, int n_q, int n_quads)
{
    v128_t sums[PHI_ATTN_TILE][4];
    for (int i = 0; i < n_q; i++)
        for (int b = 0; b < n_quads; b++)
            sums[i][b] = wasm_f32x4_splat(0);
    const v128_t mask = simd_keep(&simd_word_mask);
    for (int32_t d = 0; d + 2 <= job->head_dim; d += 2) {
        touch(job->k_ahead + (ptrdiff_t)d * n_quads * 4);
        add_pair(sums, job, d, n_q, n_quads, mask);
    }
    if (job->head_dim % 2)
        add_last(sums, job, n_q, n_quads, mask);
    const v128_t scale = wasm_f32x4_splat(job->scale);
    for (int i = 0; i < n_q; i++)
        for (int b = 0; b < n_quads; b++)
            wasm_v128_store(job->scores + i * job->stride + b * 4, wasm_f32x4_mul(sums[i][b], scale));
}

PHI_ALWAYS_INLINE void score_all(scores_job job, int32_t n_quads, int n_q, int step)
{
    while (n_quads > 0) {
        const int32_t n_taken = n_quads >= step ? step : 1;
        const ptrdiff_t quad = (ptrdiff_t)job.head_dim * 4;
        job.k_ahead = n_quads >= AHEAD_QUADS + n_taken ? job.k + AHEAD_QUADS * quad : job.k;
        if (n_taken == step)
            score_quads(&job, n_q, step);
        else
            score_quads(&job, n_q, 1);
        n_quads -= n_taken;
        job.k += n_taken * quad;
        job.scores += n_taken * 4;
    }
}

void phi_f32_attn_scores_f16__simd128(float *scores, int32_t stride, const float *q, int32_t n_q, const uint16_t *k,
                                      int32_t head_dim, int32_t first_key, int32_t n_keys, float scale)
{
    float scaled[PHI_ATTN_TILE * PHI_LIMIT_HEAD_DIM];
    for (int32_t i = 0; i < n_q * head_dim; i++)
        scaled[i] = q[i] * 0x1p56f;
    const scores_job job = {scores + first_key, scaled,         k + (ptrdiff_t)first_key * head_dim, NULL, stride,
                            head_dim,           scale * 0x1p56f};
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
    const float *p;    /* (n_q, WEIGHTS), times 2^112 */
    const uint16_t *v; /* the first key of p */
    const uint16_t *v_end;
    ptrdiff_t out_stride;
    int32_t head_dim;
    int32_t n_keys; /* at most WEIGHTS */
    bool is_first;
} mix_job;

/* Dimensions d … d + 8 n_eights - 1 over one stretch. */
PHI_ALWAYS_INLINE void mix_eights(const mix_job *job, int32_t d, int n_q, int n_eights, const uint16_t *ahead)
{
    simd_pair sums[PHI_ATTN_TILE][4];
    for (int i = 0; i < n_q; i++)
        for (int e = 0; e < n_eights; e++) {
            const float *out = job->out + i * job->out_stride + d + 8 * e;
            const v128_t zero = wasm_f32x4_splat(0);
            sums[i][e].low = job->is_first ? zero : wasm_v128_load(out);
            sums[i][e].high = job->is_first ? zero : wasm_v128_load(out + 4);
        }
    const v128_t mask = simd_keep(&simd_word_mask);
    const uint16_t *v = job->v + d;
    ahead += (ptrdiff_t)d * job->n_keys;
    for (int32_t j = 0; j < job->n_keys; j++, v += job->head_dim, ahead += 8 * n_eights) {
        touch(ahead);
        for (int e = 0; e < n_eights; e++) {
            const simd_pair values = simd_f16x8_shifted(wasm_v128_load(v + 8 * e), mask);
            for (int i = 0; i < n_q; i++) {
                const v128_t p = wasm_v128_load32_splat(job->p + i * WEIGHTS + j);
                sums[i][e].low = simd_mul_add(p, values.low, sums[i][e].low);
                sums[i][e].high = simd_mul_add(p, values.high, sums[i][e].high);
            }
        }
    }
    for (int i = 0; i < n_q; i++)
        for (int e = 0; e < n_eights; e++) {
            float *out = job->out + i * job->out_stride + d + 8 * e;
            wasm_v128_store(out, sums[i][e].low);
            wasm_v128_store(out + 4, sums[i][e].high);
        }
}

/* Dimensions from d on, one by one: the last head_dim % 8. */
static void mix_rest(const mix_job *job, int32_t d, int32_t n_q)
{
    for (int32_t i = 0; i < n_q; i++)
        for (int32_t at = d; at < job->head_dim; at++) {
            float *out = job->out + i * job->out_stride + at;
            float sum = job->is_first ? 0.0f : *out;
            for (int32_t j = 0; j < job->n_keys; j++)
                sum += job->p[i * WEIGHTS + j] * phi_f16_shifted(job->v[(ptrdiff_t)j * job->head_dim + at]);
            *out = sum;
        }
}

/* All of the job's keys, a stretch at a time. */
PHI_ALWAYS_INLINE void mix_keys(mix_job job, int n_q, int step, int32_t stretch)
{
    const int32_t n_all = job.n_keys;
    for (int32_t j = 0; j < n_all || job.is_first; j += stretch) {
        const ptrdiff_t n_halves = (ptrdiff_t)stretch * job.head_dim;
        const uint16_t *ahead = job.v_end - job.v >= 2 * n_halves ? job.v + n_halves : job.v;
        int32_t d = 0;
        job.n_keys = n_all - j < stretch ? n_all - j : stretch;
        for (; d + 8 * step <= job.head_dim; d += 8 * step)
            mix_eights(&job, d, n_q, step, ahead);
        for (; d + 8 <= job.head_dim; d += 8)
            mix_eights(&job, d, n_q, 1, ahead);
        if (d < job.head_dim)
            mix_rest(&job, d, n_q);
        job.p += stretch;
        job.v += n_halves;
        job.is_first = false;
    }
}

static void mix_any(const mix_job *job, int32_t n_q)
{
    switch (n_q) {
    case 1:
        mix_keys(*job, 1, 4, STRETCH_ONE);
        break;
    case 2:
        mix_keys(*job, 2, 2, STRETCH_MORE);
        break;
    case 3:
        mix_keys(*job, 3, 1, STRETCH_MORE);
        break;
    default:
        mix_keys(*job, 4, 1, STRETCH_MORE);
        break;
    }
}

void phi_f32_attn_mix_f16__simd128(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q,
                                   const uint16_t *v, int32_t head_dim, int32_t first_key, int32_t n_keys)
{
    float scaled[PHI_ATTN_TILE * WEIGHTS];
    mix_job job = {out, scaled, NULL, v + (ptrdiff_t)n_keys * head_dim, out_stride, head_dim, 0, true};
    for (int32_t j = first_key; j < n_keys || job.is_first; j += WEIGHTS) {
        job.n_keys = n_keys - j < WEIGHTS ? n_keys - j : WEIGHTS;
        job.v = v + (ptrdiff_t)j * head_dim;
        for (int32_t i = 0; i < n_q; i++)
            for (int32_t at = 0; at < job.n_keys; at++)
                scaled[i * WEIGHTS + at] = p[(ptrdiff_t)i * stride + j + at] * 0x1p112f;
        mix_any(&job, n_q);
        job.is_first = false;
    }
}
