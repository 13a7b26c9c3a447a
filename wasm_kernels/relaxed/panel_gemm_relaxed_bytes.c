/* Many tokens times an unpacked panel where the relaxed dot takes weights of eight bits (relaxed_probe.h): as panels have
 * them, unsigned and too large by 128, or signed. Panels of fewer bits go to panel_gemm_relaxed_i32.c. */
#include "isa.h"

#if PHI_HAS_RELAXED
#include "dot_relaxed_i32.h"

#include "gemm_body.h"
#include "kernels_quant.h"

typedef void bytes_tile_fn(const gemm_job *job, int32_t token);

/* Functions of their own, so that each gets all registers. */
#define BYTES_FORMS(X)         \
    X(u8, 128, BYTES_UNSIGNED) \
    X(s8, 0, BYTES_SIGNED)

#define X(name, offset, bytes)                                                                        \
    static void run_##name##_1(const gemm_job *job, int32_t token)                                    \
    {                                                                                                 \
        gemm_run_tokens((gemm_form){1, 1, offset, 8, false, bytes}, job, token);                      \
    }                                                                                                 \
    static void run_##name##_2(const gemm_job *job, int32_t token)                                    \
    {                                                                                                 \
        gemm_run_tokens((gemm_form){2, 1, offset, 8, false, bytes}, job, token);                      \
    }                                                                                                 \
    static void run_##name##_and_min_1(const gemm_job *job, int32_t token)                            \
    {                                                                                                 \
        gemm_run_tokens((gemm_form){1, 1, offset, 8, true, bytes}, job, token);                       \
    }                                                                                                 \
    static void run_##name##_and_min_2(const gemm_job *job, int32_t token)                            \
    {                                                                                                 \
        gemm_run_tokens((gemm_form){2, 1, offset, 8, true, bytes}, job, token);                       \
    }                                                                                                 \
    static bytes_tile_fn *const tiles_##name[2][TILE_TOKENS_MAX] = {{run_##name##_1, run_##name##_2}, \
                                                                    {run_##name##_and_min_1, run_##name##_and_min_2}};
BYTES_FORMS(X)
#undef X

static void run_bytes(bytes_tile_fn *const tiles[TILE_TOKENS_MAX], const gemm_job *job)
{
    int32_t token = 0;
    for (; token + 2 <= job->n_tokens; token += 2)
        tiles[1](job, token);
    if (token < job->n_tokens)
        tiles[0](job, token);
}

void phi_panel_gemm__relaxed_u8(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                                int32_t first_col, bool is_first, bool is_last)
{
    const gemm_job job = {y, y_stride, x, panel, n_tokens, first_col, is_first, is_last};
    if (panel->n_bits == 8)
        run_bytes(tiles_u8[panel->has_min], &job);
    else
        phi_panel_gemm__relaxed_i32(y, y_stride, x, panel, n_tokens, first_col, is_first, is_last);
}

void phi_panel_gemm__relaxed_s8(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                                int32_t first_col, bool is_first, bool is_last)
{
    const gemm_job job = {y, y_stride, x, panel, n_tokens, first_col, is_first, is_last};
    if (panel->n_bits == 8)
        run_bytes(tiles_s8[panel->has_min], &job);
    else
        phi_panel_gemm__relaxed_i32(y, y_stride, x, panel, n_tokens, first_col, is_first, is_last);
}

#endif
