/* Many tokens times an unpacked panel. Scalar: the specification. Same sum, same order as the GEMV. */
#include "kernels_quant.h"

/* One token's dot with row r of the panel, added to y. */
static float dot_row(float y, const phi_q8 *x, const phi_panel *p, int32_t token, int32_t first_col, int32_t r)
{
    const int32_t n_sums = p->n_cols / PHI_BLOCK_COLS * p->n_scales, n = PHI_BLOCK_COLS / p->n_scales;
    const int8_t *a = x->q + (size_t)token * (size_t)x->n_cols + first_col;
    const size_t x_block = (size_t)token * (size_t)(x->n_cols / PHI_BLOCK_COLS) + (size_t)(first_col / PHI_BLOCK_COLS);
    for (int32_t i = 0; i < n_sums; i++) {
        const int32_t b = i / p->n_scales;
        int32_t sum = 0;
        for (int32_t k = i * n; k < (i + 1) * n; k++)
            sum += ((int32_t)p->q[k / 4 * 64 + r * 4 + k % 4] - p->offset) * a[k];
        float term = (p->scale[i * 16 + r] * x->scale[x_block + (size_t)b]) * (float)sum;
        if (p->has_min)
            term += p->min[b * 16 + r] * x->weighted[x_block + (size_t)b];
        y += term;
    }
    return y;
}

void phi_panel_gemm__scalar(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                            int32_t first_col, bool is_first, bool is_last)
{
    for (int32_t t = 0; t < n_tokens; t++)
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
            float *at = y + (size_t)t * (size_t)y_stride + r;
            const float sum = dot_row(is_first ? 0 : *at, x, panel, t, first_col, r);
            *at = is_last ? sum * 0x1p56f : sum;
        }
}
