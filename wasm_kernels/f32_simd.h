/* The operations of f32_math.h four lanes wide: the same roundings in the same order, hence the same bits. */
#ifndef PHI_F32_SIMD_H
#define PHI_F32_SIMD_H

#include "f32_math.h"
#include "simd.h"

PHI_ALWAYS_INLINE v128_t simd_mul_add(v128_t a, v128_t b, v128_t c)
{
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); /* two roundings; compiled with -ffp-contract=off */
}

/* phi_exp_f32 */
PHI_ALWAYS_INLINE v128_t simd_exp_f32(v128_t x)
{
    const v128_t round = wasm_f32x4_splat(PHI_EXP_ROUND);
    const v128_t shifted = simd_mul_add(x, wasm_f32x4_splat(PHI_EXP_LOG2E), round);
    const v128_t n = wasm_f32x4_sub(shifted, round);
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(n, wasm_f32x4_splat(PHI_EXP_LN2_HIGH)));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, wasm_f32x4_splat(PHI_EXP_LN2_LOW)));
    v128_t q = simd_mul_add(wasm_f32x4_splat(PHI_EXP_Q4), r, wasm_f32x4_splat(PHI_EXP_Q3));
    q = simd_mul_add(q, r, wasm_f32x4_splat(PHI_EXP_Q2));
    q = simd_mul_add(q, r, wasm_f32x4_splat(PHI_EXP_Q1));
    q = simd_mul_add(q, r, wasm_f32x4_splat(PHI_EXP_Q0));
    const v128_t mantissa = wasm_f32x4_add(simd_mul_add(wasm_f32x4_mul(r, r), q, r), wasm_f32x4_splat(1.0f));
    const v128_t power = wasm_i32x4_shl(wasm_i32x4_add(shifted, wasm_i32x4_splat(127)), 23);
    const v128_t is_above = wasm_f32x4_gt(x, wasm_f32x4_splat(PHI_EXP_MAX));
    const v128_t is_below = wasm_f32x4_lt(x, wasm_f32x4_splat(PHI_EXP_MIN));
    const v128_t y = wasm_v128_andnot(wasm_f32x4_mul(mantissa, power), is_below);
    return wasm_v128_bitselect(wasm_i32x4_splat(0x7f800000), y, is_above);
}

/* phi_sum8 of the lanes of two vectors. */
PHI_ALWAYS_INLINE float simd_sum8(v128_t low, v128_t high)
{
    const v128_t s = wasm_f32x4_add(low, high);
    return (wasm_f32x4_extract_lane(s, 0) + wasm_f32x4_extract_lane(s, 2)) +
           (wasm_f32x4_extract_lane(s, 1) + wasm_f32x4_extract_lane(s, 3));
}

typedef struct simd_pair {
    v128_t low, high;
} simd_pair;

/* Eight halves in phi_f16_shifted form. In 16-bit lanes: the upper word of a float is (h >> 3) without the copies of
 * the sign, the lower one h << 13. `mask` is 0x8fff in every lane. */
PHI_ALWAYS_INLINE simd_pair simd_f16x8_shifted(v128_t h, v128_t mask)
{
    const v128_t upper = wasm_v128_and(wasm_i16x8_shr(h, 3), mask);
    const v128_t lower = wasm_i16x8_shl(h, 13);
    return (simd_pair){wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11),
                       wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15)};
}

/* A splat that the compiler takes for a variable: V8 would build a constant anew at each use in a loop. */
PHI_ALWAYS_INLINE v128_t simd_kept_i16x8(int32_t value)
{
    __asm__("" : "+r"(value));
    return wasm_i16x8_splat((int16_t)value);
}

#endif
