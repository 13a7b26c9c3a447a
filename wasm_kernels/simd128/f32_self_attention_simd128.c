/* Attention of eight queries at a time, 128-bit. The specification is f32_self_attention_scalar.c.
 *
 * Lanes are queries. The product keeps 4 rows x 8 queries in eight accumulators, with two vectors of b, a splat and a
 * product fifteen registers at most; a step is 6 loads, 8 products and 8 sums. */
#include <math.h>

#include "f32_simd.h"
#include "kernels_f32.h"

PHI_ALWAYS_INLINE void product_quad(float *c, const float *a, const float *b, int32_t n_k)
{
    v128_t low[4], high[4];
    PHI_UNROLL
    for (int r = 0; r < 4; r++)
        low[r] = high[r] = wasm_f32x4_splat(0);
    const float *end = a + (ptrdiff_t)n_k * 4;
    PHI_ROLLED
    for (; a != end; a += 4, b += 8) {
        PHI_HIDE(a);
        PHI_HIDE(b);
        const v128_t b_low = wasm_v128_load(b), b_high = wasm_v128_load(b + 4);
        PHI_UNROLL
        for (int r = 0; r < 4; r++) {
            const v128_t factor = wasm_v128_load32_splat(a + r);
            low[r] = simd_mul_add(factor, b_low, low[r]);
            high[r] = simd_mul_add(factor, b_high, high[r]);
        }
    }
    PHI_UNROLL
    for (int r = 0; r < 4; r++) {
        wasm_v128_store(c + 8 * r, low[r]);
        wasm_v128_store(c + 8 * r + 4, high[r]);
    }
}

void phi_f32_product8__simd128(float *c, const float *a, const float *b, int32_t n_k, int32_t n_quads)
{
    for (int32_t g = 0; g < n_quads; g++, c += 32, a += (ptrdiff_t)n_k * 4)
        product_quad(c, a, b, n_k);
}

/* Four columns at a time. pmax(a, b) is a < b ? b : a. */
void phi_f32_softmax8__simd128(float *x, float *inverse, int32_t n)
{
    const simd_exp c = simd_exp_make();
    const ptrdiff_t end = (ptrdiff_t)n * 8;
    PHI_ROLLED
    for (int half = 0; half < 2; half++, x += 4, inverse += 4) {
        v128_t max = wasm_f32x4_splat(-INFINITY), sum = wasm_f32x4_splat(0);
        for (ptrdiff_t j = 0; j < end; j += 8)
            max = wasm_f32x4_pmax(max, wasm_v128_load(x + j));
        PHI_ROLLED
        for (ptrdiff_t j = 0; j < end; j += 8) {
            const v128_t p = simd_exp_f32(&c, wasm_f32x4_sub(wasm_v128_load(x + j), max));
            wasm_v128_store(x + j, p);
            sum = wasm_f32x4_add(sum, p);
        }
        wasm_v128_store(inverse, wasm_f32x4_div(c.one, sum));
    }
}
