/* y = W x for one token: relaxed SIMD, 16-bit sums. (Q8 has no use for the relaxed dot.) */
#include "isa.h"

#if PHI_HAS_RELAXED
#include "dot_relaxed_i16.h"

#include "gemv_body.h"
#include "kernels_quant.h"

void phi_q4_gemv__relaxed_i16(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4, y, x, w, n_groups);
}

void phi_q4m_gemv__relaxed_i16(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4M, y, x, w, n_groups);
}

void phi_q4k_gemv__relaxed_i16(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4K, y, x, w, n_groups);
}

void phi_q5k_gemv__relaxed_i16(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q5K, y, x, w, n_groups);
}

void phi_q6k_gemv__relaxed_i16(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q6K, y, x, w, n_groups);
}

#endif
