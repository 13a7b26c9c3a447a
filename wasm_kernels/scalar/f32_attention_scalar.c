/* Attention of a few queries over the cache of one kv head. Scalar: the specification.
 *
 * binary16 is read as h * 2^-112 (phi_f16_shifted). Scores spread the missing factor over the query and the scale, 2^56
 * each, so that queries up to 2^72 are fine and products stay normal down to 2^-70. Weights of the mix are at most 1:
 * they take all of it, and then every product is what the plain formula gives.
 *
 * int8 is read as 2^24 times its value, which is what a conversion of the byte at the top of a 32-bit lane gives. */
#include "f32_math.h"
#include "kernels_f32.h"

void phi_f32_attn_scores_f16__scalar(float *scores, int32_t stride, const float *q, int32_t n_q, const uint16_t *k,
                                     int32_t head_dim, int32_t first_key, int32_t n_keys, float scale)
{
    const float score_scale = scale * 0x1p56f;
    for (int32_t i = 0; i < n_q; i++) {
        for (int32_t j = first_key; j < n_keys; j++) {
            const uint16_t *key = k + (size_t)(j / 4) * (size_t)head_dim * 4 + j % 4;
            float sum = 0.0f;
            for (int32_t d = 0; d < head_dim; d++)
                sum += (q[i * head_dim + d] * 0x1p56f) * phi_f16_shifted(key[d * 4]);
            scores[(ptrdiff_t)i * stride + j] = sum * score_scale;
        }
    }
}

void phi_f32_attn_mix_f16__scalar(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q,
                                  const uint16_t *v, int32_t head_dim, int32_t first_key, int32_t n_keys)
{
    for (int32_t i = 0; i < n_q; i++) {
        for (int32_t d = 0; d < head_dim; d++) {
            float sum = 0.0f;
            for (int32_t j = first_key; j < n_keys; j++)
                sum += (p[(ptrdiff_t)i * stride + j] * 0x1p112f) * phi_f16_shifted(v[(ptrdiff_t)j * head_dim + d]);
            out[(ptrdiff_t)i * out_stride + d] = sum;
        }
    }
}

void phi_f32_attn_scores_q8__scalar(float *scores, int32_t stride, const float *q, int32_t n_q, const int8_t *k,
                                    const float *k_scale, int32_t head_dim, int32_t first_key, int32_t n_keys,
                                    float scale)
{
    const float score_scale = scale * 0x1p-24f;
    for (int32_t i = 0; i < n_q; i++) {
        for (int32_t j = first_key; j < n_keys; j++) {
            const int8_t *key = k + (size_t)(j / 4) * (size_t)head_dim * 4 + j % 4 * 4;
            float sum = 0.0f;
            for (int32_t d = 0; d < head_dim; d++)
                sum += q[i * head_dim + d] * ((float)key[d / 4 * 16 + d % 4] * 0x1p24f);
            scores[(ptrdiff_t)i * stride + j] = sum * (k_scale[j] * score_scale);
        }
    }
}

void phi_f32_attn_mix_q8__scalar(float *out, int32_t out_stride, const float *p, int32_t stride, int32_t n_q,
                                 const int8_t *v, const float *v_scale, int32_t head_dim, int32_t first_key,
                                 int32_t n_keys)
{
    for (int32_t i = 0; i < n_q; i++) {
        for (int32_t d = 0; d < head_dim; d++) {
            float sum = 0.0f;
            for (int32_t j = first_key; j < n_keys; j++)
                sum += (p[(ptrdiff_t)i * stride + j] * v_scale[j]) * ((float)v[(ptrdiff_t)j * head_dim + d] * 0x1p24f);
            out[(ptrdiff_t)i * out_stride + d] = sum * 0x1p-24f;
        }
    }
}
