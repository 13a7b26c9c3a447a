/* y = W x for one token. Scalar: the specification. */
#include "kernels_quant.h"
#include "packed_weight.h"

/* Sum of integer weights times activations over columns first … first + n of a block. */
static int32_t dot(phi_layout layout, const uint8_t *block, const int8_t *a, int32_t r, int32_t first, int32_t n)
{
    const int32_t offset = packed_format_of(layout).offset;
    int32_t sum = 0;
    for (int32_t k = first; k < first + n; k++)
        sum += (packed_integer(layout, block, r, k) - offset) * a[k];
    return sum;
}

static float row_block(phi_layout layout, float y, const phi_q8 *x, const uint8_t *group, int32_t b, int32_t r)
{
    const packed_format f = packed_format_of(layout);
    const uint8_t *block = packed_block(layout, group, b);
    const int32_t n = PHI_BLOCK_COLS / f.n_scales;
    for (int32_t half = 0; half < f.n_scales; half++) {
        const packed_scale s = packed_scale_of(layout, group, b, r, half);
        const float scale = packed_f16_small(s.d) * s.sc;
        const float product = (float)dot(layout, block, x->q + b * PHI_BLOCK_COLS, r, half * n, n);
        float term = (scale * x->scale[b]) * product;
        if (f.has_min)
            term += (packed_f16_small(s.m) * s.mn) * x->weighted[b];
        y += term;
    }
    return y;
}

static void gemv(phi_layout layout, float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    const size_t group_bytes = phi_layout_group_bytes(layout, x->n_cols);
    for (int32_t g = 0; g < n_groups; g++)
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
            float sum = 0;
            for (int32_t b = 0; b < x->n_cols / PHI_BLOCK_COLS; b++)
                sum = row_block(layout, sum, x, w + (size_t)g * group_bytes, b, r);
            y[g * PHI_GROUP_ROWS + r] = sum * 0x1p56f;
        }
}

void phi_q4_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q4, y, x, w, n_groups);
}

void phi_q4m_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q4M, y, x, w, n_groups);
}

void phi_q4k_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q4K, y, x, w, n_groups);
}

void phi_q5k_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q5K, y, x, w, n_groups);
}

void phi_q6k_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q6K, y, x, w, n_groups);
}

void phi_q8_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q8, y, x, w, n_groups);
}

void phi_q8m_gemv__scalar(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv(PHI_LAYOUT_Q8M, y, x, w, n_groups);
}
