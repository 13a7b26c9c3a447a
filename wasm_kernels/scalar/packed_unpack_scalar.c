/* Packed groups to panels of bytes (for the GEMM) and to plain floats. Scalar: the specification. */
#include "kernels_quant.h"
#include "packed_weight.h"

static void unpack(phi_layout layout, phi_panel *out, const uint8_t *group, int32_t first_col)
{
    const packed_format f = packed_format_of(layout);
    const int32_t n_blocks = out->n_cols / PHI_BLOCK_COLS, first_block = first_col / PHI_BLOCK_COLS;
    out->n_scales = f.n_scales;
    const int32_t to_unsigned = f.is_signed ? 128 : 0;
    out->offset = f.offset + to_unsigned;
    out->n_bits = f.n_bits;
    out->has_min = f.has_min;
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
        for (int32_t k = 0; k < out->n_cols; k++) {
            const uint8_t *block = packed_block(layout, group, first_block + k / PHI_BLOCK_COLS);
            const int32_t q = packed_integer(layout, block, r, k % PHI_BLOCK_COLS);
            out->q[k / 4 * 64 + r * 4 + k % 4] = (uint8_t)(q + to_unsigned);
        }
        for (int32_t b = 0; b < n_blocks; b++)
            for (int32_t half = 0; half < f.n_scales; half++) {
                const packed_scale s = packed_scale_of(layout, group, first_block + b, r, half);
                out->scale[(b * f.n_scales + half) * 16 + r] = packed_f16_small(s.d) * s.sc;
                if (f.has_min)
                    out->min[b * 16 + r] = packed_f16_small(s.m) * s.mn;
            }
    }
}

/* d * sc * q is exact (11 + 8 + 5 bits at most), so one rounding is left, in the sum with the minimum: the result is
 * what any correct dequantiser gives, ggml's included. */
static void dequantize(phi_layout layout, float *out, const uint8_t *group, int32_t n_cols)
{
    const packed_format f = packed_format_of(layout);
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < n_cols; k++) {
            const int32_t b = k / PHI_BLOCK_COLS, col = k % PHI_BLOCK_COLS;
            const packed_scale s = packed_scale_of(layout, group, b, r, col / 16);
            const int32_t q = packed_integer(layout, packed_block(layout, group, b), r, col) - f.offset;
            float value = phi_f16_to_f32(s.d) * s.sc * (float)q;
            if (f.has_min)
                value += phi_f16_to_f32(s.m) * s.mn;
            out[(size_t)r * (size_t)n_cols + (size_t)k] = value;
        }
}

void phi_q4_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q4, out, group, first_col);
}

void phi_q4_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4, out, group, n_cols);
}

void phi_q4m_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q4M, out, group, first_col);
}

void phi_q4m_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4M, out, group, n_cols);
}

void phi_q4k_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q4K, out, group, first_col);
}

void phi_q4k_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4K, out, group, n_cols);
}

void phi_q5k_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q5K, out, group, first_col);
}

void phi_q5k_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q5K, out, group, n_cols);
}

void phi_q6k_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q6K, out, group, first_col);
}

void phi_q6k_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q6K, out, group, n_cols);
}

void phi_q8_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q8, out, group, first_col);
}

void phi_q8_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q8, out, group, n_cols);
}

void phi_q8m_unpack__scalar(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    (void)n_cols;
    unpack(PHI_LAYOUT_Q8M, out, group, first_col);
}

void phi_q8m_dequantize__scalar(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q8M, out, group, n_cols);
}
