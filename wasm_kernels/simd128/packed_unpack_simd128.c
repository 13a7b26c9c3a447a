/* Packed groups to panels of bytes (for the GEMM) and to plain floats: simd128. */
#include "kernels_quant.h"
#include "plane_read.h"

/* The bytes of one block: 16 rows x 4 columns at a time. */
PHI_ALWAYS_INLINE void unpack_bytes(phi_layout layout, uint8_t *q, const uint8_t *block, const plane_masks *masks)
{
    if (plane_is_signed(layout)) {
        const v128_t sign_bits = simd_keep(&simd_sign_bits);
        PHI_ROLLED
        for (int32_t i = 0; i < 512; i += 16)
            wasm_v128_store(q + i, wasm_v128_xor(wasm_v128_load(block + i), sign_bits));
        return;
    }
    PHI_ROLLED
    for (int32_t step = 0; step < 4; step++) {
        PHI_UNROLL
        for (int32_t p = 0; p < N_PANELS; p++) {
            v128_t w[2];
            plane_read(layout, w, plane_at(layout, block, step), p, masks);
            wasm_v128_store(q + step * 128 + p * 16, w[0]);
            wasm_v128_store(q + step * 128 + 64 + p * 16, w[1]);
        }
    }
}

PHI_ALWAYS_INLINE void unpack(phi_layout layout, phi_panel *out, const uint8_t *group, int32_t n_cols,
                              int32_t first_col)
{
    const int32_t n_blocks = out->n_cols / PHI_BLOCK_COLS, n_scales = layout == PHI_LAYOUT_Q6K ? 2 : 1;
    const plane_masks masks = plane_masks_load(layout);
    const v128_t zero = wasm_f32x4_splat(0);
    v128_t d[N_PANELS] = {zero, zero, zero, zero}, m[N_PANELS] = {zero, zero, zero, zero};
    const uint8_t *block = group + phi_layout_group_bytes(layout, n_cols) / (size_t)(n_cols / PHI_BLOCK_COLS) *
                                       (size_t)(first_col / PHI_BLOCK_COLS);
    out->n_scales = n_scales;
    out->offset = plane_is_signed(layout) ? 128 : plane_offset(layout);
    out->n_bits = plane_bits(layout);
    out->has_min = plane_has_min(layout);
    for (int32_t b = 0; b < n_blocks; b++, block += plane_block_bytes(layout)) {
        if (plane_is_k(layout) && b % 8 == 0) {
            plane_read_header(layout, d, m, block, masks.half);
            block += plane_header_bytes(layout);
        }
        unpack_bytes(layout, out->q + b * 512, block, &masks);
        const uint8_t *tail = block + plane_tail(layout);
        v128_t scales[N_PANELS], mins[N_PANELS];
        for (int32_t half = 0; half < n_scales; half++) {
            plane_scales(layout, scales, d, tail, half, masks.half);
            PHI_UNROLL
            for (int32_t p = 0; p < N_PANELS; p++)
                wasm_v128_store(out->scale + (b * n_scales + half) * 16 + p * 4, scales[p]);
        }
        plane_mins(layout, mins, m, tail, masks.half);
        if (!plane_has_min(layout))
            continue;
        PHI_UNROLL
        for (int32_t p = 0; p < N_PANELS; p++)
            wasm_v128_store(out->min + b * 16 + p * 4, plane_is_k(layout) ? wasm_f32x4_neg(mins[p]) : mins[p]);
    }
}

/* Four rows of four integers, as 32-bit lanes. */
PHI_ALWAYS_INLINE void widen(v128_t out[4], v128_t bytes, bool is_signed)
{
    const v128_t low = is_signed ? wasm_i16x8_extend_low_i8x16(bytes) : wasm_u16x8_extend_low_u8x16(bytes);
    const v128_t high = is_signed ? wasm_i16x8_extend_high_i8x16(bytes) : wasm_u16x8_extend_high_u8x16(bytes);
    out[0] = wasm_i32x4_extend_low_i16x8(low);
    out[1] = wasm_i32x4_extend_high_i16x8(low);
    out[2] = wasm_i32x4_extend_low_i16x8(high);
    out[3] = wasm_i32x4_extend_high_i16x8(high);
}

/* What the 16 rows of a block multiply by and add. */
typedef struct row_scales {
    float scale[PHI_GROUP_ROWS], min[PHI_GROUP_ROWS];
} row_scales;

/* Four columns of panel p, to the four rows of `out`. */
PHI_ALWAYS_INLINE void put_floats(phi_layout layout, float *out, int32_t n_cols, v128_t bytes, const row_scales *s,
                                  int32_t p)
{
    v128_t lanes[4];
    widen(lanes, bytes, plane_is_signed(layout));
    PHI_UNROLL
    for (int32_t r = 0; r < 4; r++) {
        const v128_t q = wasm_i32x4_sub(lanes[r], wasm_i32x4_splat(plane_offset(layout)));
        v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(q), wasm_v128_load32_splat(s->scale + 4 * p + r));
        if (plane_has_min(layout))
            value = wasm_f32x4_add(value, wasm_v128_load32_splat(s->min + 4 * p + r));
        wasm_v128_store(out + (size_t)r * (size_t)n_cols, value);
    }
}

/* Eight columns of all rows. */
PHI_ALWAYS_INLINE void put_step(phi_layout layout, float *out, int32_t n_cols, const uint8_t *block, int32_t step,
                                const row_scales *scales)
{
    const plane_masks masks = plane_masks_load(layout);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++) {
        v128_t w[2];
        if (plane_is_signed(layout)) {
            w[0] = wasm_v128_load(block + step * 128 + p * 16);
            w[1] = wasm_v128_load(block + step * 128 + 64 + p * 16);
        } else {
            plane_read(layout, w, plane_at(layout, block, step), p, &masks);
        }
        float *at = out + (size_t)(4 * p) * (size_t)n_cols;
        put_floats(layout, at, n_cols, w[0], scales, p);
        put_floats(layout, at + 4, n_cols, w[1], scales, p);
    }
}

PHI_ALWAYS_INLINE void read_scales(phi_layout layout, row_scales *out, const v128_t d[N_PANELS],
                                   const v128_t m[N_PANELS], const uint8_t *tail, int32_t half)
{
    const v128_t half_mask = simd_keep(&simd_half_mask);
    const v128_t factor = wasm_f32x4_splat(0x1p112f);
    v128_t scales[N_PANELS], mins[N_PANELS];
    plane_scales(layout, scales, d, tail, half, half_mask);
    plane_mins(layout, mins, m, tail, half_mask);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++) {
        wasm_v128_store(out->scale + 4 * p, wasm_f32x4_mul(scales[p], factor));
        if (plane_has_min(layout)) {
            const v128_t min = wasm_f32x4_mul(mins[p], factor);
            wasm_v128_store(out->min + 4 * p, plane_is_k(layout) ? wasm_f32x4_neg(min) : min);
        }
    }
}

PHI_ALWAYS_INLINE void dequantize(phi_layout layout, float *out, const uint8_t *group, int32_t n_cols)
{
    const v128_t zero = wasm_f32x4_splat(0);
    const plane_masks masks = plane_masks_load(layout);
    v128_t d[N_PANELS] = {zero, zero, zero, zero}, m[N_PANELS] = {zero, zero, zero, zero};
    const uint8_t *block = group;
    for (int32_t k = 0; k < n_cols; k += PHI_BLOCK_COLS, block += plane_block_bytes(layout)) {
        if (plane_is_k(layout) && k % PHI_SUPER_COLS == 0) {
            plane_read_header(layout, d, m, block, masks.half);
            block += plane_header_bytes(layout);
        }
        row_scales scales;
        read_scales(layout, &scales, d, m, block + plane_tail(layout), 0);
        for (int32_t step = 0; step < 4; step++) {
            if (layout == PHI_LAYOUT_Q6K && step == 2)
                read_scales(layout, &scales, d, m, block + plane_tail(layout), 1);
            put_step(layout, out + k + 8 * step, n_cols, block, step, &scales);
        }
    }
}

void phi_q4_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q4, out, group, n_cols, first_col);
}

void phi_q4_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4, out, group, n_cols);
}

void phi_q4m_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q4M, out, group, n_cols, first_col);
}

void phi_q4m_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4M, out, group, n_cols);
}

void phi_q4k_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q4K, out, group, n_cols, first_col);
}

void phi_q4k_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q4K, out, group, n_cols);
}

void phi_q5k_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q5K, out, group, n_cols, first_col);
}

void phi_q5k_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q5K, out, group, n_cols);
}

void phi_q6k_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q6K, out, group, n_cols, first_col);
}

void phi_q6k_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q6K, out, group, n_cols);
}

void phi_q8_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q8, out, group, n_cols, first_col);
}

void phi_q8_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q8, out, group, n_cols);
}

void phi_q8m_unpack__simd128(phi_panel *out, const uint8_t *group, int32_t n_cols, int32_t first_col)
{
    unpack(PHI_LAYOUT_Q8M, out, group, n_cols, first_col);
}

void phi_q8m_dequantize__simd128(float *out, const uint8_t *group, int32_t n_cols)
{
    dequantize(PHI_LAYOUT_Q8M, out, group, n_cols);
}
