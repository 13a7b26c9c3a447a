/* The operations of f32_math.h four lanes wide: the same roundings in the same order, hence the same bits. */
#ifndef PHI_F32_SIMD_H
#define PHI_F32_SIMD_H

#include "f32_math.h"
#include "simd.h"

PHI_ALWAYS_INLINE v128_t simd_mul_add(v128_t a, v128_t b, v128_t c)
{
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); /* two roundings; compiled with -ffp-contract=off */
}

/* The constants of phi_exp_f32, loaded in front of a loop (see simd_keep). */
typedef struct simd_exp {
    v128_t min, max, log2e, round, ln2_high, ln2_low, q0, q1, q2, q3, q4, one, bias, infinity;
} simd_exp;

PHI_ALWAYS_INLINE v128_t simd_keep_f32(const float *value)
{
    return simd_keep((const uint32_t *)(const void *)value);
}

PHI_ALWAYS_INLINE simd_exp simd_exp_make(void)
{
    static const float min = PHI_EXP_MIN, max = PHI_EXP_MAX, log2e = PHI_EXP_LOG2E, round = PHI_EXP_ROUND;
    static const float ln2_high = PHI_EXP_LN2_HIGH, ln2_low = PHI_EXP_LN2_LOW, one = 1.0f;
    static const float q0 = PHI_EXP_Q0, q1 = PHI_EXP_Q1, q2 = PHI_EXP_Q2, q3 = PHI_EXP_Q3, q4 = PHI_EXP_Q4;
    static const uint32_t bias = 127, infinity = 0x7f800000;
    return (simd_exp){
        .min = simd_keep_f32(&min),
        .max = simd_keep_f32(&max),
        .log2e = simd_keep_f32(&log2e),
        .round = simd_keep_f32(&round),
        .ln2_high = simd_keep_f32(&ln2_high),
        .ln2_low = simd_keep_f32(&ln2_low),
        .q0 = simd_keep_f32(&q0),
        .q1 = simd_keep_f32(&q1),
        .q2 = simd_keep_f32(&q2),
        .q3 = simd_keep_f32(&q3),
        .q4 = simd_keep_f32(&q4),
        .one = simd_keep_f32(&one),
        .bias = simd_keep(&bias),
        .infinity = simd_keep(&infinity),
    };
}

/* phi_exp_f32 */
PHI_ALWAYS_INLINE v128_t simd_exp_f32(const simd_exp *c, v128_t x)
{
    const v128_t shifted = simd_mul_add(x, c->log2e, c->round);
    const v128_t n = wasm_f32x4_sub(shifted, c->round);
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(n, c->ln2_high));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, c->ln2_low));
    const v128_t r2 = wasm_f32x4_mul(r, r);
    v128_t q = wasm_f32x4_add(wasm_f32x4_mul(c->q4, r2), simd_mul_add(c->q3, r, c->q2));
    q = simd_mul_add(q, r2, simd_mul_add(c->q1, r, c->q0));
    const v128_t mantissa = wasm_f32x4_add(simd_mul_add(r2, q, r), c->one);
    const v128_t power = wasm_i32x4_shl(wasm_i32x4_add(shifted, c->bias), 23);
    const v128_t y = wasm_v128_andnot(wasm_f32x4_mul(mantissa, power), wasm_f32x4_lt(x, c->min));
    return wasm_v128_bitselect(c->infinity, y, wasm_f32x4_gt(x, c->max));
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
 * the sign, the lower one h << 13. `mask` is simd_keep(&simd_word_mask). */
static const uint32_t simd_word_mask = 0x8fff8fff;

PHI_ALWAYS_INLINE simd_pair simd_f16x8_shifted(v128_t h, v128_t mask)
{
    const v128_t upper = wasm_v128_and(wasm_i16x8_shr(h, 3), mask);
    const v128_t lower = wasm_i16x8_shl(h, 13);
    return (simd_pair){wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11),
                       wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15)};
}

#endif
