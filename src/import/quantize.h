/* Rows of floats in and out of the types of files. The scalar functions are the specification, the others give the same
 * bytes. All work on blocks of 32; n is a multiple of it where blocks are made.
 *
 * Q4_0: the value of largest magnitude becomes -8 (the first of equals), d = that / -8; d is rounded to f16, quants are
 * rounded by what it was before: llama.cpp's quantize_row_q4_0_ref, byte for byte.
 * A d that f16 cannot tell from 0 makes the block 0 (a division by it would overflow).
 * Q8_0: d = amax / 127 likewise, quants rounded to the nearest, ties to even. */
#ifndef PHI_QUANTIZE_H
#define PHI_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dtype.h"
#include "half.h"

/* 1 / d, or 0 where d becomes 0 in f16. */
static inline float phi_quantize_inverse(float d)
{
    return d > 0x1p-25f || d < -0x1p-25f ? 1.0f / d : 0.0f;
}

/* Writes x as f16, two bytes. false: it became infinite, or is not a number. */
static inline bool phi_quantize_put_half(uint8_t *out, float x)
{
    const uint16_t half = phi_f32_to_f16(x);
    memcpy(out, &half, sizeof half);
    return (half & 0x7c00u) != 0x7c00u;
}

typedef struct phi_quantizers {
    /* To floats; false if one of them is not finite. */
    bool (*expand)(float *out, const uint8_t *row, phi_dtype from, size_t n);
    /* Finite x; false if a d is too large for f16. */
    bool (*to_q4_0)(uint8_t *out, const float *x, size_t n);
    bool (*to_q8_0)(uint8_t *out, const float *x, size_t n);
} phi_quantizers;

extern const phi_quantizers phi_quantizers_scalar, phi_quantizers_simd;

typedef struct phi_row_kind {
    phi_dtype to, from;
    size_t n; /* values */
} phi_row_kind;

/* One row. `room` takes n floats. false: a value that is not finite, or that the type cannot hold. */
bool phi_quantize_row(uint8_t *out, const uint8_t *row, phi_row_kind kind, float *room, const phi_quantizers *q);

#endif
