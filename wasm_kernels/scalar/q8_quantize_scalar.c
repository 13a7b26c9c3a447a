/* Activations to int8. Scalar: the specification.
 *
 * A block whose largest value is below 2^-100 counts as zero: 127 / amax would overflow for denormal numbers. */
#include <math.h>

#include "kernels_quant.h"

/* NaN compares false, so it neither raises amax nor passes the test below. */
static float block_amax(const float *x)
{
    float amax = 0;
    for (int32_t k = 0; k < PHI_BLOCK_COLS; k++)
        amax = amax < fabsf(x[k]) ? fabsf(x[k]) : amax;
    return amax;
}

static void quantize_block(const phi_q8 *out, const float *x, size_t block)
{
    int8_t *q = out->q + block * PHI_BLOCK_COLS;
    int16_t *sums = out->sums + block * 4;
    float amax = block_amax(x);
    amax = amax < 0x1p-100f ? 0 : amax;
    const float inverse = amax == 0 ? 0 : 127.0f / amax;
    int32_t total = 0;
    for (int32_t i = 0; i < 4; i++)
        sums[i] = 0;
    for (int32_t k = 0; k < PHI_BLOCK_COLS; k++) {
        const float scaled = x[k] * inverse; /* |scaled| < 127.5, or NaN */
        const int32_t value = scaled == scaled ? (int32_t)rintf(scaled) : 0;
        q[k] = (int8_t)value;
        sums[k % 4 / 2] = (int16_t)(sums[k % 4 / 2] - value);
        if (k < 16)
            sums[2 + k % 4 / 2] = (int16_t)(sums[2 + k % 4 / 2] - value);
        total += value;
    }
    out->scale[block] = amax / 127.0f * 0x1p56f;
    out->weighted[block] = out->scale[block] * (float)total;
}

void phi_q8_quantize__scalar(const phi_q8 *out, const float *x, int32_t n_rows)
{
    const size_t n_blocks = (size_t)n_rows * (size_t)(out->n_cols / PHI_BLOCK_COLS);
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(out, x + b * PHI_BLOCK_COLS, b);
}
