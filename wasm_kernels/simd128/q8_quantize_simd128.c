/* Activations to int8: simd128. */
#include "kernels_quant.h"
#include "simd.h"

enum { N_VECTORS = PHI_BLOCK_COLS / 4 };

/* pmax(a, b) is a < b ? b : a, so a NaN in b is passed over. */
PHI_ALWAYS_INLINE float block_amax(const v128_t x[N_VECTORS])
{
    v128_t a = wasm_f32x4_splat(0), b = a;
    PHI_UNROLL
    for (int32_t i = 0; i < N_VECTORS; i += 2) {
        a = wasm_f32x4_pmax(a, wasm_f32x4_abs(x[i]));
        b = wasm_f32x4_pmax(b, wasm_f32x4_abs(x[i + 1]));
    }
    a = wasm_f32x4_pmax(a, b);
    a = wasm_f32x4_pmax(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
    a = wasm_f32x4_pmax(a, wasm_i32x4_shuffle(a, a, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(a, 0);
}

/* Nearest integers, ties to even, of numbers below 2^22: adding 1.5 * 2^23 lets the addition do the rounding. NaN:
 * 0. */
PHI_ALWAYS_INLINE v128_t round_to_i32(v128_t x)
{
    const v128_t shifted = wasm_f32x4_add(x, wasm_f32x4_splat(0x1.8p23f));
    return wasm_v128_and(wasm_i32x4_sub(shifted, wasm_i32x4_splat(0x4b400000)), wasm_f32x4_eq(x, x));
}

/* phi_q8.sums of 16 columns, in 32-bit lanes 0 and 1, and again in 2 and 3. */
PHI_ALWAYS_INLINE v128_t pair_sums(v128_t a, v128_t b)
{
    const v128_t pairs = wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_add(a, b));
    return wasm_i32x4_add(pairs, wasm_i32x4_shuffle(pairs, pairs, 2, 3, 0, 1));
}

PHI_ALWAYS_INLINE void quantize_block(const phi_q8 *out, const float *x, size_t block)
{
    v128_t v[N_VECTORS];
    PHI_UNROLL
    for (int32_t i = 0; i < N_VECTORS; i++)
        v[i] = wasm_v128_load(x + 4 * i);
    float amax = block_amax(v);
    amax = amax < 0x1p-100f ? 0 : amax; /* as the scalar version explains */
    const v128_t inverse = wasm_f32x4_splat(amax == 0 ? 0 : 127.0f / amax);
    v128_t q[N_VECTORS / 2];
    PHI_UNROLL
    for (int32_t i = 0; i < N_VECTORS / 2; i++)
        q[i] = wasm_i16x8_narrow_i32x4(round_to_i32(wasm_f32x4_mul(v[2 * i], inverse)),
                                       round_to_i32(wasm_f32x4_mul(v[2 * i + 1], inverse)));
    int8_t *to = out->q + block * PHI_BLOCK_COLS;
    wasm_v128_store(to, wasm_i8x16_narrow_i16x8(q[0], q[1]));
    wasm_v128_store(to + 16, wasm_i8x16_narrow_i16x8(q[2], q[3]));
    const v128_t first = pair_sums(q[0], q[1]), second = pair_sums(q[2], q[3]);
    const v128_t whole = wasm_i32x4_add(first, second);
    const v128_t sums = wasm_i32x4_neg(wasm_i32x4_shuffle(whole, first, 0, 1, 4, 5));
    wasm_v128_store64_lane(out->sums + block * 4, wasm_i16x8_narrow_i32x4(sums, sums), 0);
    const int32_t total = wasm_i32x4_extract_lane(whole, 0) + wasm_i32x4_extract_lane(whole, 1);
    out->scale[block] = amax / 127.0f * 0x1p56f;
    out->weighted[block] = out->scale[block] * (float)total;
}

void phi_q8_quantize__simd128(const phi_q8 *out, const float *x, int32_t n_rows)
{
    const size_t n_blocks = (size_t)n_rows * (size_t)(out->n_cols / PHI_BLOCK_COLS);
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(out, x + b * PHI_BLOCK_COLS, b);
}
