/* What this build can compile. WebAssembly builds always have simd128 and may have relaxed SIMD; native builds have
 * both through SIMDe and the shims of simd.h. */
#ifndef PHI_ISA_H
#define PHI_ISA_H

#if !defined(__wasm__) || defined(__wasm_relaxed_simd__)
#define PHI_HAS_RELAXED 1
#else
#define PHI_HAS_RELAXED 0
#endif

/* A page's module (PHI_FOR_PAGE, tools/build/wasm.cmake) leaves out what it never runs: the scalar kernels, and where
 * there are relaxed dots, those that stand in for them. web/base/detect.ts picks the simd128 module for a browser whose
 * relaxed dots are not exact. */
#ifdef PHI_FOR_PAGE
#define PHI_HAS_SCALAR       0
#define PHI_HAS_SIMD128_DOTS (!PHI_HAS_RELAXED)
#else
#define PHI_HAS_SCALAR       1
#define PHI_HAS_SIMD128_DOTS 1
#endif

#endif
