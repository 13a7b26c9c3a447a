/* 128-bit SIMD for the kernels. WebAssembly: the compiler's own intrinsics. Native: SIMDe gives the same functions,
 * and the relaxed ones that it lacks are below, so that every version of a kernel is compiled, tested and sanitised
 * natively too. (SIMDe, MIT licence, is not part of this tree: Debian's libsimde-dev, or PHI_SIMDE_DIR.) */
#ifndef PHI_SIMD_H
#define PHI_SIMD_H

#include <stdint.h>

#include "isa.h"

#if defined(__wasm__)
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#include <simde/x86/ssse3.h>

/* Pairs of products of signed bytes with bytes below 128, as 16-bit sums. */
static inline v128_t wasm_i16x8_relaxed_dot_i8x16_i7x16(v128_t a, v128_t b)
{
    return (v128_t)simde_mm_maddubs_epi16((simde__m128i)b, (simde__m128i)a);
}

/* Quadruples of such products, added to 32-bit lanes: as x64 with AVX-VNNI computes them, which takes all bytes. */
static inline v128_t wasm_i32x4_relaxed_dot_i8x16_i7x16_add(v128_t a, v128_t b, v128_t c)
{
    const v128_t even = wasm_i32x4_dot_i16x8(wasm_i16x8_shr(wasm_i16x8_shl(a, 8), 8),
                                             wasm_u16x8_shr(wasm_i16x8_shl(b, 8), 8));
    const v128_t odd = wasm_i32x4_dot_i16x8(wasm_i16x8_shr(a, 8), wasm_u16x8_shr(b, 8));
    return wasm_i32x4_add(c, wasm_i32x4_add(even, odd));
}
#endif

/* Bodies that several kernels share, with constant arguments: they must vanish into each. */
#define PHI_ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before loops. PHI_ROLLED loops must stay as they are: unrolled, their loads drift to the front or their chains to
 * one side (LLVM, Binaryen), and V8, which keeps the order it is given and has 15 vector registers on x64, spills. */
#if defined(__clang__)
#define PHI_UNROLL _Pragma("clang loop unroll(full)")
#define PHI_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define PHI_UNROLL _Pragma("GCC unroll 16")
#define PHI_ROLLED _Pragma("GCC unroll 1")
#endif

/* The compiler forgets what it knows about a variable. */
#define PHI_HIDE(variable) __asm__("" : "+r"(variable))

/* Four times `*bits`, in a register: V8 makes a v128.const anew wherever it is used (three instructions on x64), so
 * constants of inner loops are loaded from memory, behind the compiler's back. */
PHI_ALWAYS_INLINE v128_t simd_keep(const uint32_t *bits)
{
    PHI_HIDE(bits);
    return wasm_v128_load32_splat(bits);
}

static const uint32_t simd_low_nibbles = 0x0f0f0f0f;
static const uint32_t simd_ones = 0x00010001;
static const uint32_t simd_bit_4 = 0x10101010;
static const uint32_t simd_sign_bits = 0x80808080;
static const uint32_t simd_bits_4_5 = 0x30303030;
static const uint32_t simd_half_mask = 0x8fffe000; /* sign, exponent and mantissa of a binary16 shifted left by 13 */

/* Four binary16 numbers times 2^-112 (see phi_q8 in kernels.h). */
PHI_ALWAYS_INLINE v128_t simd_load_f16x4_small(const uint8_t *p)
{
    return wasm_v128_and(wasm_i32x4_shl(wasm_i32x4_load16x4(p), 13), wasm_i32x4_splat((int32_t)0x8fffe000));
}

/* The same with the mask kept by the caller: simd_keep(&simd_half_mask). */
PHI_ALWAYS_INLINE v128_t simd_load_f16x4_masked(const uint8_t *p, v128_t half_mask)
{
    return wasm_v128_and(wasm_i32x4_shl(wasm_i32x4_load16x4(p), 13), half_mask);
}

/* 16 bytes as floats, four a vector. */
PHI_ALWAYS_INLINE void simd_load_u8x16_f32(v128_t out[4], const uint8_t *p)
{
    PHI_UNROLL
    for (int32_t i = 0; i < 2; i++) {
        const v128_t eight = wasm_u16x8_load8x8(p + 8 * i);
        out[2 * i] = wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(eight));
        out[2 * i + 1] = wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(eight));
    }
}

PHI_ALWAYS_INLINE void simd_load_i8x16_f32(v128_t out[4], const uint8_t *p)
{
    PHI_UNROLL
    for (int32_t i = 0; i < 2; i++) {
        const v128_t eight = wasm_i16x8_load8x8(p + 8 * i);
        out[2 * i] = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(eight));
        out[2 * i + 1] = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(eight));
    }
}

/* Of phi_q8.sums at a block: the pair for the whole block, or for one of its halves (half = 0, 1). */
enum { SIMD_WHOLE = -1 };
PHI_ALWAYS_INLINE v128_t simd_load_sums(const int16_t *sums, int32_t half)
{
    if (half == SIMD_WHOLE)
        return wasm_v128_load32_splat(sums);
    const v128_t first = wasm_v128_load32_splat(sums + 2);
    return half == 0 ? first : wasm_i16x8_sub(wasm_v128_load32_splat(sums), first);
}

#endif
