/* 16-bit floats by integer arithmetic. IEEE 754-2008 binary16 and bfloat16, both little endian in files.
 * The kernels include this file too, so it depends on nothing. */
#ifndef PHI_HALF_H
#define PHI_HALF_H

#include <stdint.h>
#include <string.h>

static inline float phi_bits_to_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t phi_f32_to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* binary16 -> binary32, exact for every input, NaN and infinity included. */
static inline float phi_f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t rest = (uint32_t)(h & 0x7fffu) << 13;
    if (rest >= 0x0f800000u) /* exponent 31 */
        return phi_bits_to_f32(sign | rest | 0x7f800000u);
    /* The exponent field moved from bias 15 to bias 127: a multiplication by 2^112 puts that right, and turns
     * binary16 subnormals into normal numbers on the way. */
    return phi_bits_to_f32(sign | phi_f32_to_bits(phi_bits_to_f32(rest) * 0x1p112f));
}

/* binary32 -> binary16, round to nearest, ties to even; overflow gives infinity, NaN stays NaN. */
static inline uint16_t phi_f32_to_f16(float x)
{
    const uint32_t bits = phi_f32_to_bits(x);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t mag = bits & 0x7fffffffu;
    if (mag >= 0x7f800000u)
        return (uint16_t)(sign | 0x7c00u | (mag > 0x7f800000u ? 0x0200u : 0u));
    if (mag >= 0x477ff000u) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (mag < 0x38800000u) { /* below 2^-14: adding 0.5 makes the FPU round at binary16's last subnormal bit */
        const float shifted = phi_bits_to_f32(mag) + 0.5f;
        return (uint16_t)(sign | (phi_f32_to_bits(shifted) - 0x3f000000u));
    }
    return (uint16_t)(sign | ((mag + 0xc8000fffu + ((mag >> 13) & 1u)) >> 13));
}

static inline float phi_bf16_to_f32(uint16_t h)
{
    return phi_bits_to_f32((uint32_t)h << 16);
}

/* Little-endian loads from unaligned bytes. */
static inline uint16_t phi_load_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t phi_load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline float phi_load_f32(const void *p)
{
    return phi_bits_to_f32(phi_load_u32(p));
}

#endif
