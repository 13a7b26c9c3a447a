/* The bit planes of one block of 16 rows (layouts.h) out of the nibbles and bits of a file's blocks. The specification;
 * pack_planes_simd.h holds the fast versions of the same functions.
 *
 * `rows` points, for each of the 16 rows, at that row's bytes. */
#ifndef PHI_PACK_PLANES_H
#define PHI_PACK_PLANES_H

#include <stdint.h>

#include "layouts.h"

/* Column k of row r. */
static inline void plane_put(uint8_t *plane, int32_t r, int32_t k, uint32_t nibble)
{
    uint8_t *at = plane + k / 8 * 64 + r / 4 * 16 + r % 4 * 4 + k % 4;
    *at = (uint8_t)(k / 4 % 2 == 0 ? nibble : *at | nibble << 4);
}

/* 16 bytes a row: low nibbles are columns 0 … 15, high nibbles are columns 16 … 31 (Q4_0, Q4_1). */
static inline void plane_from_halves(uint8_t *plane, const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++)
            plane_put(plane, r, k, (uint32_t)rows[r][k % 16] >> (k / 16 * 4) & 15u);
}

/* 32 bytes a row: low nibbles are one block of 32 columns, high nibbles another (Q4_K, Q5_K, Q6_K). */
static inline void planes_from_pair(uint8_t *low, uint8_t *high, const uint8_t *const rows[PHI_GROUP_ROWS])
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++) {
            plane_put(low, r, k, (uint32_t)rows[r][k] & 15u);
            plane_put(high, r, k, (uint32_t)rows[r][k] >> 4);
        }
}

/* 32 bytes a row; bit `bit` of byte k is bit 4 of column k (Q5_K). */
static inline void bits_from_bytes(uint8_t *bits, const uint8_t *const rows[PHI_GROUP_ROWS], int32_t bit)
{
    for (int32_t i = 0; i < 64; i++)
        bits[i] = 0;
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++) {
            uint8_t *at = bits + k / 8 * 16 + r % 4 * 4 + k % 4;
            *at = (uint8_t)(*at | ((uint32_t)rows[r][k] >> bit & 1u) << (r / 4 * 2 + k / 4 % 2));
        }
}

/* 32 bytes a row; bits `bit` and the next of byte k are bits 4 and 5 of column k (Q6_K). */
static inline void pairs_from_bytes(uint8_t *pairs, const uint8_t *const rows[PHI_GROUP_ROWS], int32_t bit)
{
    for (int32_t i = 0; i < 128; i++)
        pairs[i] = 0;
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++) {
            uint8_t *at = pairs + k / 8 * 32 + r / 8 * 16 + r % 4 * 4 + k % 4;
            *at = (uint8_t)(*at | ((uint32_t)rows[r][k] >> bit & 3u) << (r / 4 % 2 * 4 + k / 4 % 2 * 2));
        }
}

/* Byte of column k of row r in a block of bytes (Q8, Q8M). */
static inline int8_t *byte_at(uint8_t *bytes, int32_t r, int32_t k)
{
    return (int8_t *)(bytes + k / 4 * 64 + r * 4 + k % 4);
}

/* 16 bytes a row, nibbles in the order of plane_from_halves(): each is the index of a level (IQ4_NL). */
static inline void bytes_from_levels(uint8_t *bytes, const uint8_t *const rows[PHI_GROUP_ROWS], const int8_t levels[16])
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++)
            *byte_at(bytes, r, k) = levels[rows[r][k % 16] >> (k / 16 * 4) & 15];
}

/* 20 bytes a row: 32 bits, bit k being bit 4 of column k, then nibbles in the order of plane_from_halves(); `offset`, 0
 * or 16, is taken off (Q5_1, Q5_0). */
static inline void bytes_from_fives(uint8_t *bytes, const uint8_t *const rows[PHI_GROUP_ROWS], int32_t offset)
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t k = 0; k < PHI_BLOCK_COLS; k++) {
            const int32_t low = rows[r][4 + k % 16] >> (k / 16 * 4) & 15;
            const int32_t high = rows[r][k / 8] >> k % 8 & 1;
            *byte_at(bytes, r, k) = (int8_t)(low + 16 * high - offset);
        }
}

#endif
