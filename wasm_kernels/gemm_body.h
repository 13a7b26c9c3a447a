/* The GEMM over an unpacked panel, over whichever dot_*.h was included before: micro tiles of 16 rows x 1 or 2
 * tokens. Same sums, same order as the GEMV.
 *
 * A tile of 2 tokens keeps 8 integer accumulators, an activation and a weight vector in registers while a block is
 * summed (V8 has 15 vector registers on x64); its 8 float accumulators wait on the stack meanwhile. Measured against
 * 8 x 3 and 8 x 4 (Node 26, Zen 4 without AVX-VNNI, 16-bit sums, GOP/s):
 *   Q4 123, 120, 121; Q4K 100, 93, 93; Q6K 97, 85, 91. */
#ifndef PHI_GEMM_BODY_H
#define PHI_GEMM_BODY_H

#include "dot_signed.h"
#include "kernels.h"

enum { TILE_TOKENS_MAX = 2, N_QUADS = PHI_GROUP_ROWS / 4 };

/* What to do with weights of eight bits: widen them to 16, or let the machine's dot have them, as it reads bytes. */
typedef enum gemm_bytes { BYTES_WIDENED, BYTES_UNSIGNED, BYTES_SIGNED } gemm_bytes;

/* What a tile's code is made for; constants in every use. */
typedef struct gemm_form {
    int32_t n_tokens; /* 1 … TILE_TOKENS_MAX */
    int32_t n_scales, offset, n_bits;
    bool has_min;
    gemm_bytes bytes;
} gemm_form;

/* A tile's place in x and y: tokens are strides apart. */
typedef struct gemm_tile {
    float *y;
    int32_t y_stride;
    const int8_t *a;
    int32_t a_stride;
    const int16_t *sums;
    const float *scale, *weighted;
    int32_t block_stride; /* blocks of a row of x */
} gemm_tile;

/* Integer dots over 32 / n_scales columns. The pointers are hidden from the compiler, which would turn them into base
 * plus index: an addition more a step, 4 % of the whole. */
PHI_ALWAYS_INLINE void gemm_dots(gemm_form f, v128_t out[][N_QUADS], const gemm_tile *t, const uint8_t *q, int32_t half)
{
    const int32_t centre = f.n_bits == 5 ? DOT_CENTRE_5_BITS : 0;
    const uint8_t *end = q + 512 / f.n_scales;
    const int8_t *a = t->a + 16 * half;
    const v128_t sign_bits = simd_keep(&simd_sign_bits);
    dot_acc acc[TILE_TOKENS_MAX][N_QUADS];
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        const v128_t sums = simd_load_sums(t->sums + 4 * i * t->block_stride, f.n_scales == 2 ? half : SIMD_WHOLE);
        acc[i][0] = acc[i][1] = acc[i][2] = acc[i][3] = dot_start(sums, f.offset + centre);
    }
    PHI_ROLLED
    for (; q != end; q += 64, a += 4) {
        PHI_HIDE(q);
        PHI_HIDE(a);
        v128_t w[N_QUADS];
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++) {
            w[p] = wasm_v128_load(q + 16 * p);
            if (f.bytes == BYTES_SIGNED)
                w[p] = wasm_v128_xor(w[p], sign_bits);
        }
        PHI_UNROLL
        for (int32_t i = 0; i < f.n_tokens; i++) {
            const dot_act act = dot_load(a + i * t->a_stride);
            PHI_UNROLL
            for (int32_t p = 0; p < N_QUADS; p++)
                acc[i][p] = dot_step(acc[i][p], w[p], act);
        }
    }
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        const v128_t sums = wasm_v128_load32_splat(t->sums + 4 * i * t->block_stride);
        const v128_t correction = dot_correction(sums, centre);
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++)
            out[i][p] = centre != 0 ? wasm_i32x4_add(dot_finish(acc[i][p]), correction) : dot_finish(acc[i][p]);
    }
}

/* The same for weights of eight bits, widened to 16. */
PHI_ALWAYS_INLINE void gemm_dots_widened(gemm_form f, v128_t out[][N_QUADS], const gemm_tile *t, const uint8_t *q)
{
    const uint8_t *end = q + 512;
    const int8_t *a = t->a;
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++)
        out[i][0] = out[i][1] = out[i][2] = out[i][3] = dot_wide_start(
            wasm_v128_load32_splat(t->sums + 4 * i * t->block_stride));
    PHI_ROLLED
    for (; q != end; q += 64, a += 4) {
        dot_wide act[TILE_TOKENS_MAX];
        PHI_HIDE(q);
        PHI_HIDE(a);
        PHI_UNROLL
        for (int32_t i = 0; i < f.n_tokens; i++)
            act[i] = dot_widen(wasm_v128_load32_splat(a + i * t->a_stride));
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++) {
            const dot_wide w = dot_widen_unsigned(wasm_v128_load(q + 16 * p));
            PHI_UNROLL
            for (int32_t i = 0; i < f.n_tokens; i++)
                out[i][p] = dot_wide_step(out[i][p], w, act[i]);
        }
    }
}

/* y += (scale * x scale) * dot ( + min * x weighted ) */
PHI_ALWAYS_INLINE void gemm_add_block(gemm_form f, v128_t y[][N_QUADS], v128_t dots[][N_QUADS], const gemm_tile *t,
                                      const float *scale, const float *min)
{
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        const v128_t x_scale = wasm_v128_load32_splat(t->scale + i * t->block_stride);
        const v128_t x_weighted = wasm_v128_load32_splat(t->weighted + i * t->block_stride);
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++) {
            const v128_t s = wasm_f32x4_mul(wasm_v128_load(scale + 4 * p), x_scale);
            v128_t term = wasm_f32x4_mul(s, wasm_f32x4_convert_i32x4(dots[i][p]));
            if (f.has_min)
                term = wasm_f32x4_add(term, wasm_f32x4_mul(wasm_v128_load(min + 4 * p), x_weighted));
            y[i][p] = wasm_f32x4_add(y[i][p], term);
        }
    }
}

/* f.n_tokens tokens over all columns of the panel. */
PHI_ALWAYS_INLINE void gemm_run_tile(gemm_form f, gemm_tile t, const phi_panel *panel, bool is_first, bool is_last)
{
    const int32_t n_blocks = panel->n_cols / PHI_BLOCK_COLS;
    const uint8_t *q = panel->q;
    const float *scale = panel->scale, *min = panel->min;
    v128_t y[TILE_TOKENS_MAX][N_QUADS], dots[TILE_TOKENS_MAX][N_QUADS];
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++)
            y[i][p] = is_first ? wasm_f32x4_splat(0) : wasm_v128_load(t.y + i * t.y_stride + 4 * p);
    }
    for (int32_t b = 0; b < n_blocks; b++) {
        PHI_UNROLL
        for (int32_t half = 0; half < f.n_scales; half++) {
            if (f.n_bits == 8 && f.bytes == BYTES_WIDENED)
                gemm_dots_widened(f, dots, &t, q);
            else
                gemm_dots(f, dots, &t, q + 256 * half, half);
            gemm_add_block(f, y, dots, &t, scale + 16 * half, min);
        }
        q += 512;
        scale += 16 * f.n_scales;
        min += f.has_min ? 16 : 0;
        t.a += PHI_BLOCK_COLS;
        t.sums += 4;
        t.scale++;
        t.weighted++;
    }
    const v128_t factor = wasm_f32x4_splat(is_last ? 0x1p56f : 1.0f);
    PHI_UNROLL
    for (int32_t i = 0; i < f.n_tokens; i++) {
        PHI_UNROLL
        for (int32_t p = 0; p < N_QUADS; p++)
            wasm_v128_store(t.y + i * t.y_stride + 4 * p, wasm_f32x4_mul(y[i][p], factor));
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

PHI_ALWAYS_INLINE void gemm_run_tokens(gemm_form f, const gemm_job *job, int32_t token)
{
    const phi_q8 *x = job->x;
    const int32_t x_blocks = x->n_cols / PHI_BLOCK_COLS;
    const size_t block = (size_t)token * (size_t)x_blocks + (size_t)(job->first_col / PHI_BLOCK_COLS);
    const gemm_tile tile = {.y = job->y + (size_t)token * (size_t)job->y_stride,
                            .y_stride = job->y_stride,
                            .a = x->q + block * PHI_BLOCK_COLS,
                            .a_stride = x->n_cols,
                            .sums = x->sums + 4 * block,
                            .scale = x->scale + block,
                            .weighted = x->weighted + block,
                            .block_stride = x_blocks};
    gemm_run_tile(f, tile, job->panel, job->is_first, job->is_last);
}

#endif
