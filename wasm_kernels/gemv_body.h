/* The GEMV of one group of 16 rows, for every layout, over whichever dot_*.h was included before. `layout` is a
 * constant in every use, so that all that depends on it vanishes.
 *
 * The sums are those of scalar/packed_gemv_scalar.c, in the same order: (S * scale) * dot ( + M * weighted ), each
 * product and sum rounded, added block by block. */
#ifndef PHI_GEMV_BODY_H
#define PHI_GEMV_BODY_H

#include "dot_signed.h"
#include "kernels.h"
#include "plane_read.h"

/* What a group's kernel goes through, block by block. */
typedef struct gemv_cursor {
    const int8_t *a;
    const int16_t *sums;
    const float *scale, *weighted;
    const uint8_t *w;
} gemv_cursor;

/* Integer dots of a block, or of half a block where each half has its scale: one lane a row. */
PHI_ALWAYS_INLINE void gemv_dots(phi_layout layout, v128_t out[N_PANELS], const gemv_cursor *c, int32_t half,
                                 const plane_masks *masks)
{
    const int32_t n_steps = layout == PHI_LAYOUT_Q6K ? 2 : 4;
    const int32_t centre = layout == PHI_LAYOUT_Q5K ? DOT_CENTRE_5_BITS : 0;
    const v128_t sums = simd_load_sums(c->sums, layout == PHI_LAYOUT_Q6K ? half : SIMD_WHOLE);
    const dot_acc start = dot_start(sums, plane_offset(layout) + centre);
    dot_acc acc[N_PANELS] = {start, start, start, start};
    plane_step at = plane_at(layout, c->w, 2 * half);
    const uint8_t *end = at.nibbles + 64 * n_steps;
    const int8_t *a = c->a + 16 * half;
    PHI_ROLLED
    for (; at.nibbles != end; at = plane_next(layout, at), a += 8) {
        const dot_act a0 = dot_load(a), a1 = dot_load(a + 4);
        PHI_UNROLL
        for (int32_t p = 0; p < N_PANELS; p++) {
            v128_t w[2];
            plane_read(layout, w, at, p, masks);
            acc[p] = dot_step(dot_step(acc[p], w[0], a0), w[1], a1);
        }
    }
    const v128_t correction = dot_correction(sums, centre);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++)
        out[p] = centre != 0 ? wasm_i32x4_add(dot_finish(acc[p]), correction) : dot_finish(acc[p]);
}

/* The same for bytes: 4 columns a step. */
PHI_ALWAYS_INLINE void gemv_dots_signed(v128_t out[N_PANELS], const gemv_cursor *c)
{
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++)
        out[p] = wasm_i32x4_splat(0);
    PHI_ROLLED
    for (int32_t step = 0; step < 8; step++) {
        const dot_wide a = dot_widen(wasm_v128_load32_splat(c->a + 4 * step));
        PHI_UNROLL
        for (int32_t p = 0; p < N_PANELS; p++)
            out[p] = dot_wide_step(out[p], dot_widen(wasm_v128_load(c->w + step * 64 + p * 16)), a);
    }
}

/* y[p] += (S * x scale) * dot ( + M * x weighted ). `d` and `m` come from the header of a K layout. */
PHI_ALWAYS_INLINE void gemv_add_block(phi_layout layout, v128_t y[N_PANELS], const v128_t d[N_PANELS],
                                      const v128_t m[N_PANELS], const gemv_cursor *c, int32_t half,
                                      const plane_masks *masks)
{
    const uint8_t *tail = c->w + plane_tail(layout);
    v128_t dots[N_PANELS];
    if (plane_is_signed(layout))
        gemv_dots_signed(dots, c);
    else
        gemv_dots(layout, dots, c, half, masks);
    const v128_t x_scale = wasm_v128_load32_splat(c->scale), x_weighted = wasm_v128_load32_splat(c->weighted);
    v128_t scales[N_PANELS], mins[N_PANELS];
    plane_scales(layout, scales, d, tail, half, masks->half);
    plane_mins(layout, mins, m, tail, masks->half);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++) {
        v128_t term = wasm_f32x4_mul(wasm_f32x4_mul(scales[p], x_scale), wasm_f32x4_convert_i32x4(dots[p]));
        if (plane_has_min(layout)) {
            const v128_t min = wasm_f32x4_mul(mins[p], x_weighted);
            term = plane_is_k(layout) ? wasm_f32x4_sub(term, min) : wasm_f32x4_add(term, min);
        }
        y[p] = wasm_f32x4_add(y[p], term);
    }
}

/* d and m of a K layout are often subnormal as binary16 (a scale of scales: 1e-5), so times 2^-112 they are subnormal
 * floats, and each product with one is slow on x64. Times 2^40 they are not, until the very end. Powers of two round
 * nothing: the bits stay those of the specification. */
PHI_ALWAYS_INLINE void gemv_lift_header(phi_layout layout, v128_t d[N_PANELS], v128_t m[N_PANELS])
{
    const v128_t lift = wasm_f32x4_splat(0x1p40f);
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++) {
        d[p] = wasm_f32x4_mul(d[p], lift);
        if (plane_has_min(layout))
            m[p] = wasm_f32x4_mul(m[p], lift);
    }
}

PHI_ALWAYS_INLINE void gemv_group(phi_layout layout, float *y, const phi_q8 *x, const uint8_t *w)
{
    const int32_t n_blocks = x->n_cols / PHI_BLOCK_COLS, n_inner = plane_is_k(layout) ? 8 : n_blocks;
    const v128_t zero = wasm_f32x4_splat(0);
    const plane_masks masks = plane_masks_load(layout);
    gemv_cursor c = {x->q, x->sums, x->scale, x->weighted, w};
    v128_t sums[N_PANELS] = {zero, zero, zero, zero};
    v128_t d[N_PANELS] = {zero, zero, zero, zero}, m[N_PANELS] = {zero, zero, zero, zero};
    for (int32_t done = 0; done < n_blocks; done += n_inner) {
        if (plane_is_k(layout)) {
            plane_read_header(layout, d, m, c.w, masks.half);
            gemv_lift_header(layout, d, m);
        }
        c.w += plane_header_bytes(layout);
        for (int32_t b = 0; b < n_inner; b++) {
            gemv_add_block(layout, sums, d, m, &c, 0, &masks);
            if (layout == PHI_LAYOUT_Q6K)
                gemv_add_block(layout, sums, d, m, &c, 1, &masks);
            c.a += PHI_BLOCK_COLS;
            c.sums += 4;
            c.scale++;
            c.weighted++;
            c.w += plane_block_bytes(layout);
        }
    }
    PHI_UNROLL
    for (int32_t p = 0; p < N_PANELS; p++)
        wasm_v128_store(y + 4 * p, wasm_f32x4_mul(sums[p], wasm_f32x4_splat(plane_is_k(layout) ? 0x1p16f : 0x1p56f)));
}

PHI_ALWAYS_INLINE void gemv_groups(phi_layout layout, float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    const size_t group_bytes = phi_layout_group_bytes(layout, x->n_cols);
    for (int32_t g = 0; g < n_groups; g++)
        gemv_group(layout, y + g * PHI_GROUP_ROWS, x, w + (size_t)g * group_bytes);
}

#endif
