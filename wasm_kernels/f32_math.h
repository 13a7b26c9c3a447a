/* What the float kernels share: the exponential, the error function, the order of sums, the shifted form of binary16.
 * These scalar forms are the specification. f32_simd.h has the same operations four lanes wide. */
#ifndef PHI_F32_MATH_H
#define PHI_F32_MATH_H

#include "half.h"

/* exp(x) = 2^n exp(r),  n = nearest(x log2 e),  r = x - n ln 2,  |r| <= 0.347,  exp(r) = 1 + r + r^2 q(r)
 *
 * ln 2 is split: the high part has 15 significant bits, so n * high is exact for |n| < 2^9. Adding 1.5 * 2^23 rounds to
 * the nearest integer and leaves n in the low mantissa bits. q is a minimax fit of degree 4, relative error 4.4e-9
 * after rounding to binary32 (tools/reference/exp_poly.py), summed in pairs, which shortens the chain. Error of the
 * whole: below 1 ulp on [-87, 88]. Below -87 the result is 0, above 88 it is infinity (88.72 would be the true limit:
 * 2^128 has no binary32 form); -infinity gives 0, NaN gives NaN. */
#define PHI_EXP_MIN      (-87.0f)
#define PHI_EXP_MAX      88.0f
#define PHI_EXP_LOG2E    0x1.715476p+0f
#define PHI_EXP_ROUND    0x1.8p+23f
#define PHI_EXP_LN2_HIGH 0x1.62e4p-1f
#define PHI_EXP_LN2_LOW  0x1.7f7d1cp-20f
#define PHI_EXP_Q0       0x1.fffffcp-2f
#define PHI_EXP_Q1       0x1.555490p-3f
#define PHI_EXP_Q2       0x1.5558f4p-5f
#define PHI_EXP_Q3       0x1.123a6cp-7f
#define PHI_EXP_Q4       0x1.6a2352p-10f

static inline float phi_exp_f32(float x)
{
    const float shifted = x * PHI_EXP_LOG2E + PHI_EXP_ROUND;
    const float n = shifted - PHI_EXP_ROUND;
    const float r = (x - n * PHI_EXP_LN2_HIGH) - n * PHI_EXP_LN2_LOW;
    const float r2 = r * r;
    const float q = ((PHI_EXP_Q4 * r2) + (PHI_EXP_Q3 * r + PHI_EXP_Q2)) * r2 + (PHI_EXP_Q1 * r + PHI_EXP_Q0);
    /* The bits of 1.5 * 2^23 end in 23 zeros + n, and the shift pushes the rest out. */
    const float power = phi_bits_to_f32((phi_f32_to_bits(shifted) + 127u) << 23);
    const float y = ((r2 * q + r) + 1.0f) * power;
    if (x < PHI_EXP_MIN)
        return 0.0f;
    return x > PHI_EXP_MAX ? phi_bits_to_f32(0x7f800000u) : y;
}

/* erf(z) = z + z s(z^2) for |z| <= 15/16,  +-(1 - exp(p(|z|))) beyond; from |z| = 4 on it is +-1. s and p are minimax
 * fits of degree 6 (tools/reference/erf_poly.py). Relative error below 9.8e-8 everywhere. */
#define PHI_ERF_MAX  4.0f
#define PHI_ERF_NEAR 0.9375f
#define PHI_ERF_S0   0x1.06eba8p-3f
#define PHI_ERF_S1   -0x1.812742p-2f
#define PHI_ERF_S2   0x1.ce2e06p-4f
#define PHI_ERF_S3   -0x1.b80e30p-6f
#define PHI_ERF_S4   0x1.54c2d0p-8f
#define PHI_ERF_S5   -0x1.aa06bcp-11f
#define PHI_ERF_S6   0x1.5bfc34p-14f
#define PHI_ERF_P0   -0x1.ecfe08p-13f
#define PHI_ERF_P1   -0x1.20a4aap+0f
#define PHI_ERF_P2   -0x1.4660c6p-1f
#define PHI_ERF_P3   -0x1.a8b6ecp-4f
#define PHI_ERF_P4   0x1.6a418cp-6f
#define PHI_ERF_P5   -0x1.8b0b24p-9f
#define PHI_ERF_P6   0x1.94a544p-13f

static inline float phi_erf_f32(float z)
{
    const float magnitude = phi_bits_to_f32(phi_f32_to_bits(z) & 0x7fffffffu);
    const float a = PHI_ERF_MAX < magnitude ? PHI_ERF_MAX : magnitude;
    float s = PHI_ERF_S6, p = PHI_ERF_P6;
    const float s_steps[] = {PHI_ERF_S5, PHI_ERF_S4, PHI_ERF_S3, PHI_ERF_S2, PHI_ERF_S1, PHI_ERF_S0};
    const float p_steps[] = {PHI_ERF_P5, PHI_ERF_P4, PHI_ERF_P3, PHI_ERF_P2, PHI_ERF_P1, PHI_ERF_P0};
    for (int i = 0; i < 6; i++) {
        s = s * (a * a) + s_steps[i];
        p = p * a + p_steps[i];
    }
    const float near = z * s + z, far = 1.0f - phi_exp_f32(p);
    if (a <= PHI_ERF_NEAR)
        return near;
    return phi_bits_to_f32(phi_f32_to_bits(far) | (phi_f32_to_bits(z) & 0x80000000u));
}

/* hf activations.py, GELUActivation: x * 0.5 * (1 + erf(x / sqrt(2))). */
static inline float phi_gelu_f32(float x)
{
    return (x * 0.5f) * (1.0f + phi_erf_f32(x * 0x1.6a09e6p-1f));
}

/* The sum of eight partial sums, in the order that two vectors of four fold in. */
static inline float phi_sum8(const float p[8])
{
    return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
}

/* A binary16 h as h * 2^-112: its fields moved to the places of binary32, three integer operations on a vector where
 * WebAssembly has no conversion. Exact, subnormals too; infinity and NaN read as numbers of at least 2^16. Whoever uses
 * it multiplies the other factor by a power of two. */
static inline float phi_f16_shifted(uint16_t h)
{
    return phi_bits_to_f32(((uint32_t)(h & 0x8000u) << 16) | ((uint32_t)(h & 0x7fffu) << 13));
}

#endif
