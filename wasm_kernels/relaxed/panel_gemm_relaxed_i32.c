/* Many tokens times an unpacked panel: relaxed SIMD, 32-bit sums. */
#include "isa.h"

#if PHI_HAS_RELAXED
#include "dot_relaxed_i32.h"

#include "gemm_forms.h"
#include "kernels_quant.h"

void phi_panel_gemm__relaxed_i32(float *y, int32_t y_stride, const phi_q8 *x, const phi_panel *panel, int32_t n_tokens,
                                 int32_t first_col, bool is_first, bool is_last)
{
    gemm_run(&(gemm_job){y, y_stride, x, panel, n_tokens, first_col, is_first, is_last});
}

#endif
