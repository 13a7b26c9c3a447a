#include "pack.h"

#include "half.h"
#include "pack_internal.h"

typedef struct packer {
    phi_layout layout;
    pack_block_fn *pack_block;
    uint16_t out_bytes;       /* of one file block's 16 rows, packed */
    int16_t scale_offsets[2]; /* of the halves in a file block; -1: there is no second one */
} packer;

static const packer packers[PHI_N_DTYPES] = {
    [PHI_DTYPE_F32] = {.layout = PHI_LAYOUT_F32},
    [PHI_DTYPE_F16] = {.layout = PHI_LAYOUT_F16},
    [PHI_DTYPE_BF16] = {.layout = PHI_LAYOUT_BF16},
    [PHI_DTYPE_Q4_0] = {PHI_LAYOUT_Q4, phi_pack_q4_0, 288, {0, -1}},
    [PHI_DTYPE_Q4_1] = {PHI_LAYOUT_Q4M, phi_pack_q4_1, 320, {0, 2}},
    [PHI_DTYPE_Q5_0] = {PHI_LAYOUT_Q8, phi_pack_q5_0, 544, {0, -1}},
    [PHI_DTYPE_Q5_1] = {PHI_LAYOUT_Q8M, phi_pack_q5_1, 576, {0, 2}},
    [PHI_DTYPE_Q8_0] = {PHI_LAYOUT_Q8, phi_pack_q8_0, 544, {0, -1}},
    [PHI_DTYPE_IQ4_NL] = {PHI_LAYOUT_Q8, phi_pack_iq4_nl, 544, {0, -1}},
    [PHI_DTYPE_Q4_K] = {PHI_LAYOUT_Q4K, phi_pack_q4_k, 64 + 8 * 288, {0, 2}},
    [PHI_DTYPE_Q5_K] = {PHI_LAYOUT_Q5K, phi_pack_q5_k, 64 + 8 * 352, {0, 2}},
    [PHI_DTYPE_Q6_K] = {PHI_LAYOUT_Q6K, phi_pack_q6_k, 32 + 8 * 416, {208, -1}},
};

phi_layout phi_pack_layout_of(phi_dtype dtype)
{
    return packers[dtype].layout;
}

bool phi_pack_halves(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS], int32_t offset)
{
    uint32_t n_bad = 0;
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
        const uint16_t half = phi_load_u16(blocks[r] + offset);
        n_bad += (half & 0x7c00u) == 0x7c00u;
        memcpy(out + 2 * r, &half, sizeof half);
    }
    return n_bad == 0;
}

/* A packer met a scale that is not finite in block `block`: says which. */
static phi_status fail_scale(phi_dtype dtype, const uint8_t *const blocks[PHI_GROUP_ROWS], int32_t block,
                             phi_error *err)
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        for (int32_t i = 0; i < 2; i++) {
            const int32_t at = packers[dtype].scale_offsets[i];
            const uint16_t half = at < 0 ? 0 : phi_load_u16(blocks[r] + at);
            if ((half & 0x7c00u) == 0x7c00u)
                return phi_fail(err, PHI_ECORRUPT,
                                "%s: row %d of the group, block %d: %s is %s (0x%04x), expected a finite number",
                                phi_dtype_get(dtype)->name, r, block, i == 0 ? "the scale" : "the minimum",
                                half & 0x3ffu ? "NaN" : "infinite", half);
        }
    return phi_fail(err, PHI_ECORRUPT, "%s: block %d has a scale that is not finite", phi_dtype_get(dtype)->name,
                    block);
}

phi_status phi_pack_group(uint8_t *out, phi_dtype dtype, const uint8_t *rows, int32_t n_rows, int32_t n_cols,
                          phi_error *err)
{
    static const uint8_t zeros[256]; /* the block of a missing row: all scales zero */
    const phi_dtype_info *info = phi_dtype_get(dtype);
    const packer *p = &packers[dtype];
    const int32_t n_blocks = n_cols / info->block_elements;
    const size_t row_bytes = (size_t)n_blocks * info->block_bytes;
    for (int32_t b = 0; b < n_blocks; b++) {
        const uint8_t *blocks[PHI_GROUP_ROWS];
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
            blocks[r] = r < n_rows ? rows + (size_t)r * row_bytes + (size_t)b * info->block_bytes : zeros;
        if (!p->pack_block(out + (size_t)b * p->out_bytes, blocks))
            return fail_scale(dtype, blocks, b, err);
    }
    return PHI_OK;
}
