/* The integer dot of the GEMV and GEMM bodies without relaxed SIMD: simd128 has no product of bytes, so even and odd
 * bytes are taken apart into 16-bit lanes and multiplied by i32x4.dot_i16x8 (pmaddwd).
 *
 * Weights are unsigned bytes, "too large" by an offset; the accumulator starts at -offset * (sum of the
 * activations), so signed weights cost nothing. */
#ifndef PHI_DOT_H
#define PHI_DOT_H

#include "simd.h"

typedef struct dot_act { /* four activations, in every lane: k = 0, 2 and k = 1, 3 */
    v128_t even, odd;
} dot_act;
typedef struct dot_acc {
    v128_t v;
} dot_acc;

PHI_ALWAYS_INLINE dot_act dot_load(const int8_t *a)
{
    const v128_t bytes = wasm_v128_load32_splat(a);
    return (dot_act){wasm_i16x8_shr(wasm_i16x8_shl(bytes, 8), 8), wasm_i16x8_shr(bytes, 8)};
}

/* The first value: -offset times the sums of the activations. `sums` comes from simd_load_sums(). */
PHI_ALWAYS_INLINE dot_acc dot_start(v128_t sums, int32_t offset)
{
    const uint32_t log2 = offset == 8 ? 3 : offset == 16 ? 4 : 5;
    if (offset == 0)
        return (dot_acc){wasm_i32x4_splat(0)};
    return (dot_acc){wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_shl(sums, log2))};
}

PHI_ALWAYS_INLINE dot_acc dot_step(dot_acc acc, v128_t w, dot_act a)
{
    const v128_t even = wasm_v128_and(w, wasm_i16x8_splat(0xff)), odd = wasm_u16x8_shr(w, 8);
    return (dot_acc){
        wasm_i32x4_add(wasm_i32x4_add(acc.v, wasm_i32x4_dot_i16x8(even, a.even)), wasm_i32x4_dot_i16x8(odd, a.odd))};
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
