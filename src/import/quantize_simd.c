/* The same in 128-bit vectors: four floats at a time, no order of sums to keep. */
#include <math.h>
#include <string.h>

#include "half.h"
#include "quantize.h"
#include "simd.h"

enum { BLOCK = 32, VECTORS = BLOCK / 4 };

static inline v128_t magnitude_of(v128_t x)
{
    return wasm_v128_and(x, wasm_i32x4_splat(0x7fffffff));
}

static uint32_t largest_lane(v128_t v)
{
    v = wasm_u32x4_max(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    v = wasm_u32x4_max(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
    return (uint32_t)wasm_i32x4_extract_lane(v, 0);
}

/* Four binary16 in the low halves of 32-bit lanes (phi_f16_to_f32). */
static inline v128_t floats_of_halves(v128_t h)
{
    const v128_t sign = wasm_i32x4_shl(wasm_v128_and(h, wasm_i32x4_splat(0x8000)), 16);
    const v128_t rest = wasm_i32x4_shl(wasm_v128_and(h, wasm_i32x4_splat(0x7fff)), 13);
    const v128_t finite = wasm_f32x4_mul(rest, wasm_f32x4_splat(0x1p112f));
    const v128_t special = wasm_v128_or(rest, wasm_i32x4_splat(0x7f800000));
    const v128_t is_special = wasm_i32x4_ge(rest, wasm_i32x4_splat(0x0f800000));
    return wasm_v128_or(sign, wasm_v128_bitselect(special, finite, is_special));
}

static bool expand_halves(float *out, const uint8_t *row, bool is_bf16, size_t n)
{
    v128_t largest = wasm_i32x4_splat(0);
    for (size_t i = 0; i < n; i += 8) {
        const v128_t v = wasm_v128_load(row + 2 * i);
        const v128_t low = wasm_u32x4_extend_low_u16x8(v);
        const v128_t high = wasm_u32x4_extend_high_u16x8(v);
        const v128_t a = is_bf16 ? wasm_i32x4_shl(low, 16) : floats_of_halves(low);
        const v128_t b = is_bf16 ? wasm_i32x4_shl(high, 16) : floats_of_halves(high);
        wasm_v128_store(out + i, a);
        wasm_v128_store(out + i + 4, b);
        largest = wasm_u32x4_max(largest, wasm_u32x4_max(magnitude_of(a), magnitude_of(b)));
    }
    return largest_lane(largest) < 0x7f800000u;
}

static bool expand_floats(float *out, const uint8_t *row, size_t n)
{
    v128_t largest = wasm_i32x4_splat(0);
    for (size_t i = 0; i < n; i += 4) {
        const v128_t v = wasm_v128_load(row + 4 * i);
        wasm_v128_store(out + i, v);
        largest = wasm_u32x4_max(largest, magnitude_of(v));
    }
    return largest_lane(largest) < 0x7f800000u;
}

static bool expand(float *out, const uint8_t *row, phi_dtype from, size_t n)
{
    if (from == PHI_DTYPE_Q8_0)
        return phi_quantizers_scalar.expand(out, row, from, n);
    const size_t whole = n & ~(size_t)7;
    const size_t bytes = from == PHI_DTYPE_F32 ? 4 : 2;
    const bool is_finite = from == PHI_DTYPE_F32 ? expand_floats(out, row, whole)
                                                 : expand_halves(out, row, from == PHI_DTYPE_BF16, whole);
    return phi_quantizers_scalar.expand(out + whole, row + whole * bytes, from, n - whole) && is_finite;
}

/* The first value of the block that has the largest magnitude. */
static float first_largest(const float *x, uint32_t magnitude)
{
    for (size_t j = 0; j < BLOCK; j++)
        if ((phi_f32_to_bits(x[j]) & 0x7fffffffu) == magnitude)
            return x[j];
    return 0.0f;
}

static uint32_t largest_of(v128_t v[VECTORS], const float *x)
{
    v128_t largest = wasm_i32x4_splat(0);
    for (size_t k = 0; k < VECTORS; k++) {
        v[k] = wasm_v128_load(x + 4 * k);
        largest = wasm_u32x4_max(largest, magnitude_of(v[k]));
    }
    return largest_lane(largest);
}

static inline v128_t nibbles_of(v128_t x, v128_t inverse)
{
    const v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(x, inverse), wasm_f32x4_splat(8.5f));
    return wasm_i32x4_min(wasm_i32x4_trunc_sat_f32x4(shifted), wasm_i32x4_splat(15));
}

static bool to_q4_0(uint8_t *out, const float *x, size_t n)
{
    bool is_finite = true;
    for (size_t b = 0; b < n / BLOCK; b++, x += BLOCK, out += 18) {
        v128_t v[VECTORS];
        const uint32_t magnitude = largest_of(v, x);
        const float d = first_largest(x, magnitude) / -8.0f;
        const v128_t inverse = wasm_f32x4_splat(phi_quantize_inverse(d));
        for (size_t k = 0; k < VECTORS; k++)
            v[k] = nibbles_of(v[k], inverse);
        for (size_t k = 0; k < VECTORS / 2; k++)
            v[k] = wasm_v128_or(v[k], wasm_i32x4_shl(v[k + VECTORS / 2], 4));
        is_finite = phi_quantize_put_half(out, d) && is_finite;
        const v128_t low = wasm_i16x8_narrow_i32x4(v[0], v[1]);
        const v128_t high = wasm_i16x8_narrow_i32x4(v[2], v[3]);
        wasm_v128_store(out + 2, wasm_u8x16_narrow_i16x8(low, high));
    }
    return is_finite;
}

static inline v128_t bytes_of(v128_t x, v128_t inverse)
{
    return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_mul(x, inverse)));
}

static bool to_q8_0(uint8_t *out, const float *x, size_t n)
{
    bool is_finite = true;
    for (size_t b = 0; b < n / BLOCK; b++, x += BLOCK, out += 34) {
        v128_t v[VECTORS];
        const float d = phi_bits_to_f32(largest_of(v, x)) / 127.0f;
        const v128_t inverse = wasm_f32x4_splat(phi_quantize_inverse(d));
        is_finite = phi_quantize_put_half(out, d) && is_finite;
        for (size_t k = 0; k < VECTORS; k += 4) {
            const v128_t low = wasm_i16x8_narrow_i32x4(bytes_of(v[k], inverse), bytes_of(v[k + 1], inverse));
            const v128_t high = wasm_i16x8_narrow_i32x4(bytes_of(v[k + 2], inverse), bytes_of(v[k + 3], inverse));
            wasm_v128_store(out + 2 + 4 * k, wasm_i8x16_narrow_i16x8(low, high));
        }
    }
    return is_finite;
}

const phi_quantizers phi_quantizers_simd = {expand, to_q4_0, to_q8_0};
