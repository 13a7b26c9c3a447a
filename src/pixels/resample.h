/* Pillow's antialiased bilinear for 8-bit RGB, to the bit: one direction at a time, each result rounded to a byte.
 *
 * An output sample is the sum of `count` input samples from `first` on, each times its weight, a whole number of
 * 2^-22; half is added, the sum is cut to a byte. The weights form a triangle around the sample's place whose width is
 * that of two input samples, or of two output samples when shrinking. Sums are of integers, so their order is free. */
#ifndef PHI_RESAMPLE_H
#define PHI_RESAMPLE_H

#include "arena.h"

enum { PHI_TAPS_BITS = 22 };

/* One direction's weights. Rows of `stride` weights, zeros behind the last; stride is even. */
typedef struct phi_taps {
    int32_t n_in, n_out;
    int32_t stride;
    int32_t *first;  /* (n_out) */
    int32_t *count;  /* (n_out), 1 … stride */
    int32_t *weight; /* (n_out, stride), 0 … 2^22 */
    /* For SIMD: weights 2i and 2i + 1 in one word, their lower 15 bits, and what is above. */
    uint32_t *low;  /* (n_out, stride / 2) */
    uint32_t *high; /* (n_out, stride / 2) */
} phi_taps;

/* From the arena. `mirrors`: the input counts from its far end. n_in, n_out >= 1. */
phi_status phi_taps_init(phi_taps *taps, phi_arena *arena, int32_t n_in, int32_t n_out, bool mirrors, phi_error *err);

/* Along rows: in (n_rows, n_in, 3) -> out (n_rows, n_out, 3). Reads up to PHI_PICTURE_SLACK bytes behind `in`. */
void phi_resample_rows_scalar(uint8_t *out, const uint8_t *in, int32_t n_rows, const phi_taps *taps);
void phi_resample_rows_simd128(uint8_t *out, const uint8_t *in, int32_t n_rows, const phi_taps *taps);
/* Along columns: in (n_in, row_bytes) -> out (n_out, row_bytes). */
void phi_resample_columns_scalar(uint8_t *out, const uint8_t *in, size_t row_bytes, const phi_taps *taps);
void phi_resample_columns_simd128(uint8_t *out, const uint8_t *in, size_t row_bytes, const phi_taps *taps);

#endif
