/* What this build can compile. WebAssembly builds always have simd128 and may have relaxed SIMD; native builds have
 * both through SIMDe and the shims of simd.h. */
#ifndef PHI_ISA_H
#define PHI_ISA_H

#if !defined(__wasm__) || defined(__wasm_relaxed_simd__)
#define PHI_HAS_RELAXED 1
#else
#define PHI_HAS_RELAXED 0
#endif

#endif
