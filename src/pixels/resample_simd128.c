/* Both passes, 128-bit: the scalar ones' bits (resample_scalar.c).
 *
 * A weight has 23 bits and the dot product of WebAssembly 16, so it is taken in two parts of 15 and 8 bits: two dot
 * products give two taps of four channels. The sum of the lower parts may wrap around; that of all does not, so
 * arithmetic modulo 2^32 gives it exactly. */
#include "resample.h"
#include "simd.h"

enum { CHANNELS = 3, LOW_BITS = 15 };

typedef struct tap_sums {
    v128_t low, high;
} tap_sums;

/* pairs: eight 16-bit samples, of both taps in turn. */
PHI_ALWAYS_INLINE void add_pair(tap_sums *s, v128_t pairs, v128_t low, v128_t high)
{
    s->low = wasm_i32x4_add(s->low, wasm_i32x4_dot_i16x8(pairs, low));
    s->high = wasm_i32x4_add(s->high, wasm_i32x4_dot_i16x8(pairs, high));
}

/* Four samples as 32-bit lanes, not yet limited to a byte. */
PHI_ALWAYS_INLINE v128_t finish_sums(const tap_sums *s)
{
    const v128_t half = wasm_i32x4_splat(1 << (PHI_TAPS_BITS - 1));
    const v128_t sum = wasm_i32x4_add(wasm_i32x4_shl(s->high, LOW_BITS), wasm_i32x4_add(s->low, half));
    return wasm_i32x4_shr(sum, PHI_TAPS_BITS);
}

PHI_ALWAYS_INLINE tap_sums no_sums(void)
{
    return (tap_sums){wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
}

/* ---- Along rows: a pixel's three channels and one lane that is not used ------------------------------------------ */

/* Pixel x of one row. */
PHI_ALWAYS_INLINE void resample_pixel(uint8_t *out, const uint8_t *row, const phi_taps *taps, int32_t x)
{
    /* Two pixels' channels side by side, widened to 16 bits; -128: a zero. */
    const v128_t beside = wasm_i8x16_make(0, -128, 3, -128, 1, -128, 4, -128, 2, -128, 5, -128, -128, -128, -128, -128);
    const size_t pairs_at = (size_t)x * (size_t)taps->stride / 2;
    const uint32_t *low = taps->low + pairs_at, *high = taps->high + pairs_at;
    const uint8_t *sample = row + (size_t)taps->first[x] * CHANNELS;
    tap_sums sums = no_sums();
    for (int32_t k = 0; k < taps->count[x]; k += 2, sample += (size_t)2 * CHANNELS) {
        const v128_t pairs = wasm_i8x16_swizzle(wasm_v128_load64_zero(sample), beside);
        add_pair(&sums, pairs, wasm_v128_load32_splat(low++), wasm_v128_load32_splat(high++));
    }
    const v128_t words = wasm_i16x8_narrow_i32x4(finish_sums(&sums), wasm_i32x4_splat(0));
    const uint32_t bytes = (uint32_t)wasm_i32x4_extract_lane(wasm_u8x16_narrow_i16x8(words, words), 0);
    out[0] = (uint8_t)bytes;
    out[1] = (uint8_t)(bytes >> 8);
    out[2] = (uint8_t)(bytes >> 16);
}

void phi_resample_rows_simd128(uint8_t *out, const uint8_t *in, int32_t n_rows, const phi_taps *taps)
{
    for (int32_t y = 0; y < n_rows; y++) {
        for (int32_t x = 0; x < taps->n_out; x++, out += CHANNELS)
            resample_pixel(out, in, taps, x);
        in += (size_t)taps->n_in * CHANNELS;
    }
}

/* ---- Along columns: sixteen bytes of a row ----------------------------------------------------------------------- */

/* Sixteen bytes at in, taps of output row y. */
PHI_ALWAYS_INLINE v128_t resample_sixteen(const uint8_t *in, size_t row_bytes, const phi_taps *taps, int32_t y)
{
    const v128_t zero = wasm_i32x4_splat(0);
    const size_t pairs_at = (size_t)y * (size_t)taps->stride / 2;
    const uint32_t *low = taps->low + pairs_at, *high = taps->high + pairs_at;
    const int32_t count = taps->count[y];
    tap_sums sums[4] = {no_sums(), no_sums(), no_sums(), no_sums()};
    for (int32_t k = 0; k < count; k += 2, in += 2 * row_bytes) {
        const v128_t a = wasm_v128_load(in);
        const v128_t b = k + 1 < count ? wasm_v128_load(in + row_bytes) : zero;
        const v128_t l = wasm_v128_load32_splat(low++), h = wasm_v128_load32_splat(high++);
        const v128_t near = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const v128_t far = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        add_pair(&sums[0], wasm_u16x8_extend_low_u8x16(near), l, h);
        add_pair(&sums[1], wasm_u16x8_extend_high_u8x16(near), l, h);
        add_pair(&sums[2], wasm_u16x8_extend_low_u8x16(far), l, h);
        add_pair(&sums[3], wasm_u16x8_extend_high_u8x16(far), l, h);
    }
    return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(finish_sums(&sums[0]), finish_sums(&sums[1])),
                                   wasm_i16x8_narrow_i32x4(finish_sums(&sums[2]), finish_sums(&sums[3])));
}

/* What is left of a row, fewer than sixteen bytes. */
static void resample_rest(uint8_t *out, const uint8_t *in, size_t row_bytes, const phi_taps *taps, int32_t y)
{
    const size_t first = row_bytes & ~(size_t)15;
    const int32_t *weight = taps->weight + (size_t)y * (size_t)taps->stride;
    for (size_t i = first; i < row_bytes; i++) {
        uint32_t sum = 1u << (PHI_TAPS_BITS - 1);
        for (int32_t k = 0; k < taps->count[y]; k++)
            sum += (uint32_t)in[(size_t)k * row_bytes + i] * (uint32_t)weight[k];
        const uint32_t value = sum >> PHI_TAPS_BITS;
        out[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

void phi_resample_columns_simd128(uint8_t *out, const uint8_t *in, size_t row_bytes, const phi_taps *taps)
{
    for (int32_t y = 0; y < taps->n_out; y++, out += row_bytes) {
        const uint8_t *rows = in + (size_t)taps->first[y] * row_bytes;
        for (size_t i = 0; i + 16 <= row_bytes; i += 16)
            wasm_v128_store(out + i, resample_sixteen(rows + i, row_bytes, taps, y));
        resample_rest(out, rows, row_bytes, taps, y);
    }
}
