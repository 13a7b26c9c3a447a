/* The GEMM over an unpacked panel, over whichever dot_*.h was included before: micro tiles of 8 rows x n tokens, whose
 * integer and float sums stay in registers. Same sums, same order as the GEMV.
 *
 * A tile of 3 tokens needs 6 integer and 6 float accumulators, 2 weight vectors and an activation: the 15 vector
 * registers that V8 has on x64. (The float ones wait on the stack while a block is summed, if it comes to that.) */
#ifndef PHI_GEMM_BODY_H
#define PHI_GEMM_BODY_H

#include "dot_signed.h"
#include "kernels.h"

enum { TILE_TOKENS_MAX = 4 };

/* One micro tile's place: rows of y and of x are strides apart. */
typedef struct gemm_tile {
    float *y;
    int32_t y_stride;
    const int8_t *a;
    int32_t a_stride;
    const int16_t *sums;
    const float *scale, *weighted;
    int32_t block_stride; /* blocks of a row of x */
} gemm_tile;

/* What a tile's code is made for; constants in every use. */
typedef struct gemm_form {
    int32_t n_tokens; /* 1 … TILE_TOKENS_MAX */
    int32_t n_scales;
    int32_t offset;
    bool has_min, is_signed;
} gemm_form;

/* Integer dots over 32 / n_scales columns. */
PHI_ALWAYS_INLINE void gemm_dots(gemm_form f, v128_t out[][2], const gemm_tile *t, const uint8_t *q, int32_t half)
{
    const int32_t n_halves = 2 / f.n_scales;
    const int32_t centre = f.offset == 0 ? DOT_CENTRE_5_BITS : 0;
    dot_acc acc[TILE_TOKENS_MAX][2];
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++)
        acc[i][0] = acc[i][1] =
            dot_start(t->sums + 4 * i * t->block_stride + 2 * half, n_halves, f.offset + centre);
    PHI_ROLLED
    for (int32_t step = 0; step < 4 * n_halves; step++) {
        const v128_t w0 = wasm_v128_load(q + step * 32), w1 = wasm_v128_load(q + step * 32 + 16);
        PHI_UNROLL
        for (int32_t i = 0; i < f.n_tokens; i++) {
            const dot_act a = dot_load(t->a + i * t->a_stride + 16 * half + 4 * step);
            acc[i][0] = dot_step(acc[i][0], w0, a);
            acc[i][1] = dot_step(acc[i][1], w1, a);
        }
    }
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        out[i][0] = dot_finish(acc[i][0]);
        out[i][1] = dot_finish(acc[i][1]);
        if (centre != 0) {
            const v128_t correction = dot_correction(t->sums + 4 * i * t->block_stride, centre);
            out[i][0] = wasm_i32x4_add(out[i][0], correction);
            out[i][1] = wasm_i32x4_add(out[i][1], correction);
        }
    }
}

/* The same for signed weights of eight bits. */
PHI_ALWAYS_INLINE void gemm_dots_signed(gemm_form f, v128_t out[][2], const gemm_tile *t, const uint8_t *q)
{
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++)
        out[i][0] = out[i][1] = wasm_i32x4_splat(0);
    PHI_ROLLED
    for (int32_t step = 0; step < 8; step++) {
        const dot_wide w0 = dot_widen(wasm_v128_load(q + step * 32));
        const dot_wide w1 = dot_widen(wasm_v128_load(q + step * 32 + 16));
        PHI_UNROLL
        for (int32_t i = 0; i < f.n_tokens; i++) {
            const dot_wide a = dot_widen(wasm_v128_load32_splat(t->a + i * t->a_stride + 4 * step));
            out[i][0] = dot_wide_step(out[i][0], w0, a);
            out[i][1] = dot_wide_step(out[i][1], w1, a);
        }
    }
}

/* y += (scale * x scale) * dot ( + min * x weighted ) */
PHI_ALWAYS_INLINE void gemm_add_block(gemm_form f, v128_t y[][2], v128_t dots[][2], const gemm_tile *t,
                                      const float *scale, const float *min)
{
    const v128_t scale0 = wasm_v128_load(scale), scale1 = wasm_v128_load(scale + 4);
    v128_t min0 = scale0, min1 = scale1;
    if (f.has_min) {
        min0 = wasm_v128_load(min);
        min1 = wasm_v128_load(min + 4);
    }
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        const v128_t x_scale = wasm_v128_load32_splat(t->scale + i * t->block_stride);
        v128_t term0 = wasm_f32x4_mul(wasm_f32x4_mul(scale0, x_scale), wasm_f32x4_convert_i32x4(dots[i][0]));
        v128_t term1 = wasm_f32x4_mul(wasm_f32x4_mul(scale1, x_scale), wasm_f32x4_convert_i32x4(dots[i][1]));
        if (f.has_min) {
            const v128_t x_weighted = wasm_v128_load32_splat(t->weighted + i * t->block_stride);
            term0 = wasm_f32x4_add(term0, wasm_f32x4_mul(min0, x_weighted));
            term1 = wasm_f32x4_add(term1, wasm_f32x4_mul(min1, x_weighted));
        }
        y[i][0] = wasm_f32x4_add(y[i][0], term0);
        y[i][1] = wasm_f32x4_add(y[i][1], term1);
    }
}

/* 8 rows, starting at row 8h, for f.n_tokens tokens over all columns of the panel. */
PHI_ALWAYS_INLINE void gemm_run_tile(gemm_form f, gemm_tile t, const phi_panel *panel, int32_t h, bool is_first,
                                     bool is_last)
{
    const int32_t n_blocks = panel->n_cols / PHI_BLOCK_COLS;
    const uint8_t *q = panel->q + h * panel->n_cols * 8;
    const float *scale = panel->scale + h * n_blocks * f.n_scales * 8, *min = panel->min + h * n_blocks * 8;
    v128_t y[TILE_TOKENS_MAX][2], dots[TILE_TOKENS_MAX][2];
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        y[i][0] = is_first ? wasm_f32x4_splat(0) : wasm_v128_load(t.y + i * t.y_stride);
        y[i][1] = is_first ? wasm_f32x4_splat(0) : wasm_v128_load(t.y + i * t.y_stride + 4);
    }
    for (int32_t b = 0; b < n_blocks; b++) {
        PHI_UNROLL
        for (int32_t half = 0; half < f.n_scales; half++) {
            if (f.is_signed)
                gemm_dots_signed(f, dots, &t, q);
            else
                gemm_dots(f, dots, &t, q + half * 128, half);
            gemm_add_block(f, y, dots, &t, scale + 8 * half, min);
        }
        q += 256;
        scale += 8 * f.n_scales;
        min += f.has_min ? 8 : 0;
        t.a += PHI_BLOCK_COLS;
        t.sums += 4;
        t.scale++;
        t.weighted++;
    }
    const v128_t factor = wasm_f32x4_splat(is_last ? 0x1p56f : 1.0f);
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        wasm_v128_store(t.y + i * t.y_stride, wasm_f32x4_mul(y[i][0], factor));
        wasm_v128_store(t.y + i * t.y_stride + 4, wasm_f32x4_mul(y[i][1], factor));
    }
}

/* Everything that a call of the op is about. */
typedef struct gemm_job {
    float *y;
    int32_t y_stride;
    const phi_q8 *x;
    const phi_panel *panel;
    int32_t n_tokens;
    int32_t first_col;
    bool is_first, is_last;
} gemm_job;

/* Both halves of the panel for f.n_tokens tokens from `token` on. Two halves a tile of tokens: the panel stays in the L1
 * cache, the activations come through it once. */
PHI_ALWAYS_INLINE void gemm_run_tokens(gemm_form f, const gemm_job *job, int32_t token)
{
    const phi_q8 *x = job->x;
    const int32_t x_blocks = x->n_cols / PHI_BLOCK_COLS;
    const size_t block = (size_t)token * (size_t)x_blocks + (size_t)(job->first_col / PHI_BLOCK_COLS);
    gemm_tile tile = {.y = job->y + (size_t)token * (size_t)job->y_stride,
                      .y_stride = job->y_stride,
                      .a = x->q + block * PHI_BLOCK_COLS,
                      .a_stride = x->n_cols,
                      .sums = x->sums + 4 * block,
                      .scale = x->scale + block,
                      .weighted = x->weighted + block,
                      .block_stride = x_blocks};
    for (int32_t h = 0; h < 2; h++, tile.y += 8)
        gemm_run_tile(f, tile, job->panel, h, job->is_first, job->is_last);
}

#endif
