/* The dtypes with super-blocks of 256 (ggml's K quants; ggml-common.h and ggml-quants.c define them). */
#include <string.h>

#include "pack_internal.h"
#include "pack_planes_simd.h"

/* The 8 scales and 8 minima of six bits that Q4_K and Q5_K keep in 12 bytes. */
static void put_six_bit_scales(uint8_t *scales, uint8_t *minima, int32_t sub, const uint8_t packed[12])
{
    if (sub < 4) {
        *scales = packed[sub] & 63;
        *minima = packed[sub + 4] & 63;
        return;
    }
    *scales = (uint8_t)((packed[sub + 4] & 15) | packed[sub - 4] >> 6 << 4);
    *minima = (uint8_t)(packed[sub + 4] >> 4 | packed[sub] >> 6 << 4);
}

/* sc u8[16] | mn u8[16] behind each of the eight blocks. */
static void put_scales(uint8_t *out, int32_t block_bytes, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    for (int32_t sub = 0; sub < 8; sub++) {
        uint8_t *tail = out + (sub + 1) * block_bytes - 32;
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
            put_six_bit_scales(tail + r, tail + 16 + r, sub, blocks[r] + 4);
    }
}

/* d f16 | dmin f16 | scales 12 | nibbles 128: bytes 32c … 32c+31 hold block 2c in the low nibbles, 2c+1 in the high */
bool phi_pack_q4_k(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const bool has_finite_d = phi_pack_halves(out, blocks, 0);
    const bool has_finite_min = phi_pack_halves(out + 32, blocks, 2);
    out += 64;
    for (int32_t c = 0; c < 4; c++) {
        const uint8_t *rows[PHI_GROUP_ROWS];
        pack_rows_at(rows, blocks, 16 + 32 * c);
        simd_planes_from_pair(out + 2 * c * 288, out + (2 * c + 1) * 288, rows);
    }
    put_scales(out, 288, blocks);
    return has_finite_d && has_finite_min;
}

/* d f16 | dmin f16 | scales 12 | bits 32 | nibbles 128: bit i of byte k of `bits` is bit 4 of column k of block i */
bool phi_pack_q5_k(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    const bool has_finite_d = phi_pack_halves(out, blocks, 0);
    const bool has_finite_min = phi_pack_halves(out + 32, blocks, 2);
    out += 64;
    for (int32_t c = 0; c < 4; c++) {
        pack_rows_at(rows, blocks, 48 + 32 * c);
        simd_planes_from_pair(out + 2 * c * 352, out + (2 * c + 1) * 352, rows);
    }
    pack_rows_at(rows, blocks, 16);
    uint8_t *bits[8];
    for (int32_t sub = 0; sub < 8; sub++)
        bits[sub] = out + sub * 352 + PHI_NIBBLES_BYTES;
    simd_bits_from_bytes(bits, rows);
    put_scales(out, 352, blocks);
    return has_finite_d && has_finite_min;
}

/* nibbles 128 | pairs 64 | sc i8[16] | d f16. Each half of 128 columns: byte l of its 64 nibble bytes holds block l/32
 * low, block 2 + l/32 high; byte l of its 32 pair bytes holds bits 4, 5 of column l of blocks 0 … 3. */
bool phi_pack_q6_k(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    const bool has_finite_d = phi_pack_halves(out, blocks, 208);
    out += 32;
    for (int32_t n = 0; n < 2; n++) {
        uint8_t *half = out + n * 4 * 416;
        for (int32_t i = 0; i < 2; i++) {
            pack_rows_at(rows, blocks, 64 * n + 32 * i);
            simd_planes_from_pair(half + i * 416, half + (2 + i) * 416, rows);
        }
        pack_rows_at(rows, blocks, 128 + 32 * n);
        uint8_t *pairs[4];
        for (int32_t i = 0; i < 4; i++)
            pairs[i] = half + i * 416 + PHI_NIBBLES_BYTES;
        simd_pairs_from_bytes(pairs, rows);
    }
    for (int32_t i = 0; i < 16; i++) /* scale i belongs to columns 16i … 16i + 15 */
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
            out[i / 2 * 416 + PHI_NIBBLES_BYTES + 128 + i % 2 * 16 + r] = blocks[r][192 + i];
    return has_finite_d;
}
