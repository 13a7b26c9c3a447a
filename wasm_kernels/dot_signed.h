/* The integer dot for weights of eight bits, which not every machine's relaxed dot takes (its second operand has
 * seven). Even and odd bytes are widened to 16 bits and multiplied by i32x4.dot_i16x8. */
#ifndef PHI_DOT_SIGNED_H
#define PHI_DOT_SIGNED_H

#include "simd.h"

typedef struct dot_wide {
    v128_t even, odd;
} dot_wide;

PHI_ALWAYS_INLINE dot_wide dot_widen(v128_t bytes)
{
    return (dot_wide){wasm_i16x8_shr(wasm_i16x8_shl(bytes, 8), 8), wasm_i16x8_shr(bytes, 8)};
}

PHI_ALWAYS_INLINE dot_wide dot_widen_unsigned(v128_t bytes)
{
    return (dot_wide){wasm_u16x8_shr(wasm_i16x8_shl(bytes, 8), 8), wasm_u16x8_shr(bytes, 8)};
}

/* The first value for weights that are too large by 128. `sums` comes from simd_load_sums(). */
PHI_ALWAYS_INLINE v128_t dot_wide_start(v128_t sums)
{
    return wasm_i32x4_shl(wasm_i32x4_extadd_pairwise_i16x8(sums), 7);
}

PHI_ALWAYS_INLINE v128_t dot_wide_step(v128_t acc, dot_wide w, dot_wide a)
{
    return wasm_i32x4_add(wasm_i32x4_add(acc, wasm_i32x4_dot_i16x8(w.even, a.even)),
                          wasm_i32x4_dot_i16x8(w.odd, a.odd));
}

#endif
