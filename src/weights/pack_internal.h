/* Between pack.c and the packers: one function per dtype that packs what its block covers, for 16 rows at once. */
#ifndef PHI_PACK_INTERNAL_H
#define PHI_PACK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "layouts.h"

/* `out` is where the block (or super-block) of the group belongs; blocks[r] is row r's block in the file. Returns
 * whether every scale is finite. */
typedef bool pack_block_fn(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS]);

pack_block_fn phi_pack_q4_0;
pack_block_fn phi_pack_q4_1;
pack_block_fn phi_pack_q5_0;
pack_block_fn phi_pack_q5_1;
pack_block_fn phi_pack_q8_0;
pack_block_fn phi_pack_iq4_nl;
pack_block_fn phi_pack_q4_k;
pack_block_fn phi_pack_q5_k;
pack_block_fn phi_pack_q6_k;

/* 16 halves, from `offset` in each block, to `out`. Returns whether all are finite. */
bool phi_pack_halves(uint8_t *out, const uint8_t *const blocks[PHI_GROUP_ROWS], int32_t offset);

/* rows[r] = blocks[r] + offset */
static inline void pack_rows_at(const uint8_t *rows[PHI_GROUP_ROWS], const uint8_t *const blocks[PHI_GROUP_ROWS],
                                int32_t offset)
{
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++)
        rows[r] = blocks[r] + offset;
}

#endif
