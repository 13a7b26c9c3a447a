/* Many tokens times an unpacked panel of Q8 where the relaxed dot takes weights of eight bits (relaxed_probe.h): as
 * panels have them, unsigned and too large by 128, or signed. Other panels and a last odd token, which is not worth a
 * function, go to panel_gemm_relaxed_i32.c. */
#include "isa.h"

#if PHI_HAS_RELAXED
#include "dot_relaxed_i32.h"

#include "gemm_body.h"
#include "kernels_quant.h"

typedef void bytes_tile_fn(const gemm_job *job, int32_t token);

/* Functions of their own, so that each gets all registers. */
static void run_unsigned(const gemm_job *job, int32_t token)
{
    gemm_run_tokens((gemm_form){2, 1, 128, 8, false, BYTES_UNSIGNED}, job, token);
}

static void run_signed(const gemm_job *job, int32_t token)
{
    gemm_run_tokens((gemm_form){2, 1, 0, 8, false, BYTES_SIGNED}, job, token);
}

static void run(const gemm_job *job, bytes_tile_fn *run_two)
{
    const int32_t n_done = job->panel->n_bits == 8 && !job->panel->has_min ? job->n_tokens & ~1 : 0;
    for (int32_t token = 0; token < n_done; token += 2)
        run_two(job, token);
    if (n_done == job->n_tokens)
        return;
    const phi_q8 *x = job->x;
    const size_t cols = (size_t)n_done * (size_t)x->n_cols, blocks = cols / PHI_BLOCK_COLS;
    const phi_q8 rest = {x->q + cols, x->scale + blocks, x->weighted + blocks, x->sums + 4 * blocks, x->n_cols};
    phi_panel_gemm__relaxed_i32(job->y + (size_t)n_done * (size_t)job->y_stride, job->y_stride, &rest, job->panel,
                                job->n_tokens - n_done, job->first_col, job->is_first, job->is_last);
}

void phi_panel_gemm__relaxed_u8(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                                int32_t first_col, bool is_first, bool is_last)
{
    run(&(gemm_job){y, y_stride, x, panel, n_tokens, first_col, is_first, is_last}, run_unsigned);
}

void phi_panel_gemm__relaxed_s8(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                                int32_t first_col, bool is_first, bool is_last)
{
    run(&(gemm_job){y, y_stride, x, panel, n_tokens, first_col, is_first, is_last}, run_signed);
}

#endif
