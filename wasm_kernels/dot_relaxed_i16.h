/* The integer dot of the GEMV and GEMM bodies: two products a lane, added to 16-bit lanes, widened once a block. On x64
 * that is pmaddubsw and paddw.
 *
 * Weights are unsigned bytes below 64, "too large" by an offset; the accumulator starts at -offset * (sum of the
 * activations), so signed weights cost nothing. 16-bit lanes wrap around, so only the final sum of a lane must fit, and
 * it does, with |activation| <= 127:
 *   4 bits, 32 columns = 16 products a lane: 15 * 127 * 16 = 30480 with offset 0; 16256 with offset 8
 *   5 bits, 32 columns: too much (62992) with offset 0, but 16 * 127 * 16 = 32512 with offset 16
 *   6 bits, 16 columns = 8 products a lane:  32 * 127 * 8  = 32512 with offset 32
 * One pmaddubsw (two products) never saturates: 63 * 127 * 2 = 16002. */
#ifndef PHI_DOT_H
#define PHI_DOT_H

#include "simd.h"

typedef v128_t dot_act; /* four activations, in every lane */
typedef struct dot_acc {
    v128_t v;
} dot_acc;

PHI_ALWAYS_INLINE dot_act dot_load(const int8_t *a)
{
    return wasm_v128_load32_splat(a);
}

/* The first value: -offset times the sums of the activations. `sums` comes from simd_load_sums(). */
PHI_ALWAYS_INLINE dot_acc dot_start(v128_t sums, int32_t offset)
{
    const uint32_t log2 = offset == 8 ? 3 : offset == 16 ? 4 : 5;
    return (dot_acc){offset == 0 ? wasm_i16x8_splat(0) : wasm_i16x8_shl(sums, log2)};
}

PHI_ALWAYS_INLINE dot_acc dot_step(dot_acc acc, v128_t w, dot_act a)
{
    return (dot_acc){wasm_i16x8_add(acc.v, wasm_i16x8_relaxed_dot_i8x16_i7x16(a, w))};
}

/* The sums, one 32-bit lane a row. */
PHI_ALWAYS_INLINE v128_t dot_finish(dot_acc acc)
{
    return wasm_i32x4_dot_i16x8(acc.v, simd_keep(&simd_ones));
}

/* Weights of five bits and offset 0 are summed with this offset instead, which the bodies add back in 32 bits. */
enum { DOT_CENTRE_5_BITS = 16 };

/* What makes up for a centre other than 0: centre times the sum of the block's activations. */
PHI_ALWAYS_INLINE v128_t dot_correction(v128_t sums, int32_t centre)
{
    return wasm_i32x4_dot_i16x8(sums, wasm_i16x8_splat((int16_t)-centre));
}

#endif
