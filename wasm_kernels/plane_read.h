/* Bytes out of the bit planes of a packed block (layouts.h). `layout` is a constant in every use. */
#ifndef PHI_PLANE_READ_H
#define PHI_PLANE_READ_H

#include "layouts.h"
#include "simd.h"

enum { N_PANELS = PHI_GROUP_ROWS / 4 };

/* Shifts bits `from` and up of each byte to bit 4 (bits of neighbours come along; callers mask). */
PHI_ALWAYS_INLINE v128_t plane_to_bit_4(v128_t bits, int32_t from)
{
    return from <= 4 ? wasm_i16x8_shl(bits, (uint32_t)(4 - from)) : wasm_u16x8_shr(bits, (uint32_t)(from - 4));
}

/* Constants of a kernel, loaded once. */
typedef struct plane_masks {
    v128_t low, high, half;
} plane_masks;

PHI_ALWAYS_INLINE plane_masks plane_masks_load(phi_layout layout)
{
    return (plane_masks){simd_keep(&simd_low_nibbles),
                         simd_keep(layout == PHI_LAYOUT_Q6K ? &simd_bits_4_5 : &simd_bit_4),
                         simd_keep(&simd_half_mask)};
}

/* A step of 8 columns of a block: its nibbles, and its bits 4 (and 5). */
typedef struct plane_step {
    const uint8_t *nibbles, *high;
} plane_step;

PHI_ALWAYS_INLINE plane_step plane_at(phi_layout layout, const uint8_t *block, int32_t step)
{
    return (plane_step){block + 64 * step, block + PHI_NIBBLES_BYTES + (layout == PHI_LAYOUT_Q6K ? 32 : 16) * step};
}

PHI_ALWAYS_INLINE plane_step plane_next(phi_layout layout, plane_step at)
{
    return (plane_step){at.nibbles + 64, at.high + (layout == PHI_LAYOUT_Q6K ? 32 : 16)};
}

/* Panel p of a step: w[h] holds columns 4h … 4h + 3 of its four rows, unsigned. */
PHI_ALWAYS_INLINE void plane_read(phi_layout layout, v128_t w[2], plane_step at, int32_t p, const plane_masks *mask)
{
    const v128_t v = wasm_v128_load(at.nibbles + p * 16);
    w[0] = wasm_v128_and(v, mask->low);
    w[1] = wasm_v128_and(wasm_u16x8_shr(v, 4), mask->low);
    if (layout == PHI_LAYOUT_Q5K) {
        const v128_t bits = wasm_v128_load(at.high);
        w[0] = wasm_v128_or(w[0], wasm_v128_and(plane_to_bit_4(bits, 2 * p), mask->high));
        w[1] = wasm_v128_or(w[1], wasm_v128_and(plane_to_bit_4(bits, 2 * p + 1), mask->high));
    }
    if (layout == PHI_LAYOUT_Q6K) {
        const v128_t pairs = wasm_v128_load(at.high + p / 2 * 16);
        w[0] = wasm_v128_or(w[0], wasm_v128_and(plane_to_bit_4(pairs, p % 2 * 4), mask->high));
        w[1] = wasm_v128_or(w[1], wasm_v128_and(plane_to_bit_4(pairs, p % 2 * 4 + 2), mask->high));
    }
}

PHI_ALWAYS_INLINE bool plane_is_signed(phi_layout layout)
{
    return layout == PHI_LAYOUT_Q8 || layout == PHI_LAYOUT_Q8M;
}

/* Layouts with a header a super-block, and scales of scales behind each block. */
PHI_ALWAYS_INLINE bool plane_is_k(phi_layout layout)
{
    return layout == PHI_LAYOUT_Q4K || layout == PHI_LAYOUT_Q5K || layout == PHI_LAYOUT_Q6K;
}

PHI_ALWAYS_INLINE bool plane_has_min(phi_layout layout)
{
    return layout != PHI_LAYOUT_Q4 && layout != PHI_LAYOUT_Q6K && layout != PHI_LAYOUT_Q8;
}

PHI_ALWAYS_INLINE int32_t plane_offset(phi_layout layout)
{
    return layout == PHI_LAYOUT_Q4 ? 8 : layout == PHI_LAYOUT_Q6K ? 32 : 0;
}

PHI_ALWAYS_INLINE int32_t plane_bits(phi_layout layout)
{
    return plane_is_signed(layout) ? 8 : layout == PHI_LAYOUT_Q6K ? 6 : layout == PHI_LAYOUT_Q5K ? 5 : 4;
}

PHI_ALWAYS_INLINE int32_t plane_header_bytes(phi_layout layout)
{
    return layout == PHI_LAYOUT_Q6K ? 32 : plane_is_k(layout) ? 64 : 0;
}

PHI_ALWAYS_INLINE int32_t plane_block_bytes(phi_layout layout)
{
    return ((int32_t)phi_layout_group_bytes(layout, PHI_SUPER_COLS) - plane_header_bytes(layout)) / 8;
}

/* Where the scales of a block begin. */
PHI_ALWAYS_INLINE int32_t plane_tail(phi_layout layout)
{
    return plane_is_signed(layout)    ? 512
           : layout == PHI_LAYOUT_Q5K ? PHI_NIBBLES_BYTES + 64
           : layout == PHI_LAYOUT_Q6K ? PHI_NIBBLES_BYTES + 128
                                      : PHI_NIBBLES_BYTES;
}

/* The header of a super-block, times 2^-112. m is unchanged where the layout has none. */
PHI_ALWAYS_INLINE void plane_read_header(phi_layout layout, v128_t d[N_PANELS], v128_t m[N_PANELS],
                                         const uint8_t *header, v128_t half_mask)
{
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++) {
        d[p] = simd_load_f16x4_masked(header + 8 * p, half_mask);
        if (plane_has_min(layout))
            m[p] = simd_load_f16x4_masked(header + 32 + 8 * p, half_mask);
    }
}

/* S of the four panels, times 2^-112. `tail` is block + plane_tail(). */
PHI_ALWAYS_INLINE void plane_scales(phi_layout layout, v128_t out[N_PANELS], const v128_t d[N_PANELS],
                                    const uint8_t *tail, int32_t half, v128_t half_mask)
{
    if (layout == PHI_LAYOUT_Q6K)
        simd_load_i8x16_f32(out, tail + 16 * half);
    else if (plane_is_k(layout))
        simd_load_u8x16_f32(out, tail);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++)
        out[p] = plane_is_k(layout) ? wasm_f32x4_mul(d[p], out[p]) : simd_load_f16x4_masked(tail + 8 * p, half_mask);
}

/* M of the four panels, times 2^-112; of a K layout -M, to be subtracted. Nothing where the layout has none. */
PHI_ALWAYS_INLINE void plane_mins(phi_layout layout, v128_t out[N_PANELS], const v128_t m[N_PANELS],
                                  const uint8_t *tail, v128_t half_mask)
{
    if (!plane_has_min(layout))
        return;
    if (plane_is_k(layout))
        simd_load_u8x16_f32(out, tail + 16);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++)
        out[p] = plane_is_k(layout) ? wasm_f32x4_mul(m[p], out[p])
                                    : simd_load_f16x4_masked(tail + 32 + 8 * p, half_mask);
}

#endif
