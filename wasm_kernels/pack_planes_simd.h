/* The functions of pack_planes.h, fast: packing goes on while a model downloads. A row's 4 bytes (4 columns) are a
 * 32-bit lane; transposing 4 rows makes panels of them. Bits and pairs of all blocks that share bytes are made at
 * once. */
#ifndef PHI_PACK_PLANES_SIMD_H
#define PHI_PACK_PLANES_SIMD_H

#include "layouts.h"
#include "simd.h"

/* Lane i of out[j] = lane j of rows[i] at `offset`: columns 4j … 4j + 3 of a panel's four rows. */
PHI_ALWAYS_INLINE void plane_transpose(v128_t out[4], const uint8_t *const rows[4], int32_t offset)
{
    const v128_t a = wasm_v128_load(rows[0] + offset), b = wasm_v128_load(rows[1] + offset);
    const v128_t c = wasm_v128_load(rows[2] + offset), d = wasm_v128_load(rows[3] + offset);
    const v128_t ab01 = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab23 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    const v128_t cd01 = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd23 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    out[0] = wasm_i64x2_shuffle(ab01, cd01, 0, 2);
    out[1] = wasm_i64x2_shuffle(ab01, cd01, 1, 3);
    out[2] = wasm_i64x2_shuffle(ab23, cd23, 0, 2);
    out[3] = wasm_i64x2_shuffle(ab23, cd23, 1, 3);
}

/* Low nibbles of a, and of b above them. */
PHI_ALWAYS_INLINE v128_t plane_low_nibbles(v128_t a, v128_t b)
{
    const v128_t low = wasm_i8x16_splat(15);
    return wasm_v128_or(wasm_v128_and(a, low), wasm_v128_andnot(wasm_i16x8_shl(b, 4), low));
}

/* High nibbles of b, and of a below them. */
PHI_ALWAYS_INLINE v128_t plane_high_nibbles(v128_t a, v128_t b)
{
    const v128_t low = wasm_i8x16_splat(15);
    return wasm_v128_or(wasm_v128_and(wasm_u16x8_shr(a, 4), low), wasm_v128_andnot(b, low));
}

PHI_ALWAYS_INLINE void simd_plane_from_halves(uint8_t *plane, const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t p = 0; p < PHI_GROUP_ROWS / 4; p++) {
        v128_t t[4];
        plane_transpose(t, rows + 4 * p, 0);
        wasm_v128_store(plane + p * 16, plane_low_nibbles(t[0], t[1]));
        wasm_v128_store(plane + 64 + p * 16, plane_low_nibbles(t[2], t[3]));
        wasm_v128_store(plane + 128 + p * 16, plane_high_nibbles(t[0], t[1]));
        wasm_v128_store(plane + 192 + p * 16, plane_high_nibbles(t[2], t[3]));
    }
}

PHI_ALWAYS_INLINE void simd_planes_from_pair(uint8_t *low, uint8_t *high, const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t p = 0; p < PHI_GROUP_ROWS / 4; p++)
        for (int32_t half = 0; half < 2; half++) {
            const int32_t at = half * 128 + p * 16;
            v128_t t[4];
            plane_transpose(t, rows + 4 * p, 16 * half);
            wasm_v128_store(low + at, plane_low_nibbles(t[0], t[1]));
            wasm_v128_store(low + at + 64, plane_low_nibbles(t[2], t[3]));
            wasm_v128_store(high + at, plane_high_nibbles(t[0], t[1]));
            wasm_v128_store(high + at + 64, plane_high_nibbles(t[2], t[3]));
        }
}

/* Bits `from` and up of each byte, moved to bit `to`; callers mask. */
PHI_ALWAYS_INLINE v128_t plane_move_bits(v128_t v, int32_t from, int32_t to)
{
    return from < to ? wasm_i16x8_shl(v, (uint32_t)(to - from)) : wasm_u16x8_shr(v, (uint32_t)(from - to));
}

/* One step's bits i of 16 rows: t[p][h] holds panel p, columns 4h … 4h + 3 of the step. */
PHI_ALWAYS_INLINE v128_t plane_gather_bits(v128_t t[4][2], int32_t i)
{
    v128_t out = wasm_i32x4_splat(0);
    PHI_UNROLL
    for (int32_t to = 0; to < 8; to++) {
        const v128_t moved = plane_move_bits(t[to / 2][to % 2], i, to);
        out = wasm_v128_or(out, wasm_v128_and(moved, wasm_i8x16_splat((int8_t)(1u << to))));
    }
    return out;
}

/* bits[i] takes the plane of bit i. */
PHI_ALWAYS_INLINE void simd_bits_from_bytes(uint8_t *const bits[8], const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t half = 0; half < 2; half++) {
        v128_t first[4][2], second[4][2]; /* of the half's two steps */
        PHI_UNROLL
        for (int32_t p = 0; p < 4; p++) {
            v128_t t[4];
            plane_transpose(t, rows + 4 * p, 16 * half);
            first[p][0] = t[0];
            first[p][1] = t[1];
            second[p][0] = t[2];
            second[p][1] = t[3];
        }
        PHI_UNROLL
        for (int32_t i = 0; i < 8; i++) {
            wasm_v128_store(bits[i] + half * 32, plane_gather_bits(first, i));
            wasm_v128_store(bits[i] + half * 32 + 16, plane_gather_bits(second, i));
        }
    }
}

/* One step's bits 2i, 2i + 1 of 8 rows: a holds the first panel, columns 0 … 3 and 4 … 7 of the step, b the second. */
PHI_ALWAYS_INLINE v128_t plane_gather_pairs(const v128_t *a, const v128_t *b, int32_t i)
{
    const v128_t lanes[4] = {a[0], a[1], b[0], b[1]};
    v128_t out = wasm_i32x4_splat(0);
    PHI_UNROLL
    for (int32_t to = 0; to < 4; to++) {
        const v128_t moved = plane_move_bits(lanes[to], 2 * i, 2 * to);
        out = wasm_v128_or(out, wasm_v128_and(moved, wasm_i8x16_splat((int8_t)(3u << 2 * to))));
    }
    return out;
}

/* pairs[i] takes the plane of bits 2i and 2i + 1. */
PHI_ALWAYS_INLINE void simd_pairs_from_bytes(uint8_t *const pairs[4], const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t n = 0; n < 4; n++) {
        const int32_t half = n / 2, two = n % 2; /* panels 2 two, 2 two + 1 */
        v128_t a[4], b[4];
        plane_transpose(a, rows + 8 * two, 16 * half);
        plane_transpose(b, rows + 8 * two + 4, 16 * half);
        PHI_UNROLL
        for (int32_t i = 0; i < 4; i++) {
            wasm_v128_store(pairs[i] + half * 64 + two * 16, plane_gather_pairs(a, b, i));
            wasm_v128_store(pairs[i] + half * 64 + 32 + two * 16, plane_gather_pairs(a + 2, b + 2, i));
        }
    }
}

/* Byte i of each 32-bit lane, four times; i is constant. */
PHI_ALWAYS_INLINE v128_t plane_spread_byte(v128_t words, int32_t i)
{
    switch (i) {
    case 0:
        return wasm_i8x16_shuffle(words, words, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
    case 1:
        return wasm_i8x16_shuffle(words, words, 1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13);
    case 2:
        return wasm_i8x16_shuffle(words, words, 2, 2, 2, 2, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14, 14, 14);
    default:
        return wasm_i8x16_shuffle(words, words, 3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
    }
}

PHI_ALWAYS_INLINE void simd_bytes_from_levels(uint8_t *bytes, const uint8_t *const rows[PHI_GROUP_ROWS],
                                              const int8_t levels[16])
{
    const v128_t low = wasm_i8x16_splat(15), table = wasm_v128_load(levels);
    for (int32_t p = 0; p < PHI_GROUP_ROWS / 4; p++) {
        v128_t t[4];
        plane_transpose(t, rows + 4 * p, 0);
        PHI_UNROLL
        for (int32_t step = 0; step < 4; step++) {
            uint8_t *at = bytes + step * 64 + p * 16;
            wasm_v128_store(at, wasm_i8x16_swizzle(table, wasm_v128_and(t[step], low)));
            wasm_v128_store(at + 256, wasm_i8x16_swizzle(table, wasm_u8x16_shr(t[step], 4)));
        }
    }
}

/* Bits 4 of one step's columns: byte lanes of 0x10, or of 0xf0 (-16) where the bit is missing if `offset` is 16. */
PHI_ALWAYS_INLINE v128_t plane_fifth_bits(v128_t words, int32_t step, int32_t offset)
{
    const v128_t mask = wasm_i32x4_splat(step % 2 == 0 ? 0x08040201 : (int32_t)0x80402010);
    const v128_t bits = wasm_v128_and(plane_spread_byte(words, step / 2), mask);
    if (offset == 0)
        return wasm_v128_and(wasm_i8x16_eq(bits, mask), wasm_i8x16_splat(0x10));
    return wasm_v128_and(wasm_i8x16_eq(bits, wasm_i8x16_splat(0)), wasm_i8x16_splat(-16));
}

PHI_ALWAYS_INLINE void simd_bytes_from_fives(uint8_t *bytes, const uint8_t *const rows[PHI_GROUP_ROWS], int32_t offset)
{
    const v128_t low = wasm_i8x16_splat(15);
    for (int32_t p = 0; p < PHI_GROUP_ROWS / 4; p++) {
        const uint8_t *const *four = rows + 4 * p;
        v128_t words = wasm_v128_load32_zero(four[0]), t[4];
        words = wasm_v128_load32_lane(four[1], words, 1);
        words = wasm_v128_load32_lane(four[2], words, 2);
        words = wasm_v128_load32_lane(four[3], words, 3);
        plane_transpose(t, four, 4);
        PHI_UNROLL
        for (int32_t step = 0; step < 4; step++) {
            uint8_t *at = bytes + step * 64 + p * 16;
            const v128_t first = plane_fifth_bits(words, step, offset),
                         second = plane_fifth_bits(words, 4 + step, offset);
            wasm_v128_store(at, wasm_v128_or(wasm_v128_and(t[step], low), first));
            wasm_v128_store(at + 256, wasm_v128_or(wasm_u8x16_shr(t[step], 4), second));
        }
    }
}

#endif
