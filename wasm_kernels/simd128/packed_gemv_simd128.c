/* y = W x for one token: simd128. */
#include "dot_simd128.h"

#include "gemv_body.h"
#include "kernels_quant.h"

void phi_q4_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4, y, x, w, n_groups);
}

void phi_q4m_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4M, y, x, w, n_groups);
}

void phi_q4k_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q4K, y, x, w, n_groups);
}

void phi_q5k_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q5K, y, x, w, n_groups);
}

void phi_q6k_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q6K, y, x, w, n_groups);
}

void phi_q8_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q8, y, x, w, n_groups);
}

void phi_q8m_gemv__simd128(float *y, const phi_q8 *x, const uint8_t *w, int32_t n_groups)
{
    gemv_groups(PHI_LAYOUT_Q8M, y, x, w, n_groups);
}
