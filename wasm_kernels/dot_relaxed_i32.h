/* The integer dot of the GEMV and GEMM bodies: four products a lane, added to 32-bit lanes (one instruction on x64 with
 * AVX-VNNI and on arm64 with dotprod; five elsewhere, where dot_relaxed_i16.h is faster).
 *
 * Weights are unsigned bytes below 128, "too large" by an offset; the accumulator starts at -offset * (sum of the
 * activations), so signed weights cost nothing. */
#ifndef PHI_DOT_H
#define PHI_DOT_H

#include "dot_signed.h"
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
    if (offset == 0)
        return (dot_acc){wasm_i32x4_splat(0)};
    if (offset == 128) /* too much for 16 bits */
        return (dot_acc){dot_wide_start(sums)};
    return (dot_acc){wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_shl(sums, log2))};
}

PHI_ALWAYS_INLINE dot_acc dot_step(dot_acc acc, v128_t w, dot_act a)
{
    return (dot_acc){wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, w, acc.v)};
}

/* The sums, one 32-bit lane a row. */
PHI_ALWAYS_INLINE v128_t dot_finish(dot_acc acc)
{
    return acc.v;
}

/* Weights of five bits and offset 0 need no care here (dot_relaxed_i16.h tells why they could). */
enum { DOT_CENTRE_5_BITS = 0 };

/* What makes up for a centre other than 0: nothing, there is none. */
PHI_ALWAYS_INLINE v128_t dot_correction(v128_t sums, int32_t centre)
{
    (void)centre;
    return sums;
}

#endif
