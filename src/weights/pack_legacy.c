/* The dtypes with blocks of 32 (phi3-family formats; https://github.com/ggml-org/ggml, ggml-common.h and ggml-quants.c
 * define them). */
#include <string.h>

#include "half.h"
#include "pack_internal.h"
#include "pack_planes_simd.h"

/* d f16 | nibbles 16: y[j] = (low nibble j - 8) d, y[j + 16] = (high nibble j - 8) d */
bool phi_pack_q4_0(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    pack_rows_at(rows, blocks, 2);
    simd_plane_from_halves(out, rows);
    return phi_pack_halves(out + PHI_NIBBLES_BYTES, blocks, 0);
}

/* d f16 | m f16 | nibbles 16: y = q d + m */
bool phi_pack_q4_1(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    pack_rows_at(rows, blocks, 4);
    simd_plane_from_halves(out, rows);
    const bool has_finite_d = phi_pack_halves(out + PHI_NIBBLES_BYTES, blocks, 0);
    const bool has_finite_m = phi_pack_halves(out + PHI_NIBBLES_BYTES + 32, blocks, 2);
    return has_finite_d && has_finite_m;
}

/* One row's 32 signed bytes into a Q8 block. */
static void put_bytes(uint8_t *out, int32_t r, const int8_t q[PHI_BLOCK_COLS])
{
    for (int32_t step = 0; step < PHI_BLOCK_COLS / 4; step++)
        memcpy(out + step * 64 + r * 4, q + step * 4, 4);
}

/* d f16 | q i8[32] */
bool phi_pack_q8_0(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
        int8_t q[PHI_BLOCK_COLS];
        memcpy(q, blocks[r] + 2, sizeof q);
        put_bytes(out, r, q);
    }
    return phi_pack_halves(out + 512, blocks, 0);
}

/* d f16 | bits 4 | nibbles 16: y = (q - 16) d */
bool phi_pack_q5_0(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    pack_rows_at(rows, blocks, 2);
    simd_bytes_from_fives(out, rows, 16);
    return phi_pack_halves(out + 512, blocks, 0);
}

/* d f16 | m f16 | bits 4 | nibbles 16: y = q d + m */
bool phi_pack_q5_1(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    const uint8_t *rows[PHI_GROUP_ROWS];
    pack_rows_at(rows, blocks, 4);
    simd_bytes_from_fives(out, rows, 0);
    const bool has_finite_d = phi_pack_halves(out + 512, blocks, 0);
    const bool has_finite_m = phi_pack_halves(out + 512 + 32, blocks, 2);
    return has_finite_d && has_finite_m;
}

/* d f16 | nibbles 16, each the index of one of 16 levels. */
bool phi_pack_iq4_nl(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS])
{
    static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const uint8_t *rows[PHI_GROUP_ROWS];
    pack_rows_at(rows, blocks, 2);
    simd_bytes_from_levels(out, rows, levels);
    return phi_pack_halves(out + 512, blocks, 0);
}
