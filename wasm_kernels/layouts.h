/* Packed weight layouts: what the kernels read. Made once at load (src/weights/pack_*.c) from the file's blocks.
 *
 * A matrix is n_rows x n_cols, y = W x. Rows go in groups of 16, columns in blocks of 32; a group holds its blocks one
 * after the other, so a kernel streams one group front to back. Rows past n_rows in the last group are zero.
 *
 * Nibble plane of one block (256 bytes: 16 rows x 32 columns), in steps of 8 columns, in panels of 4 rows:
 *
 *     byte(step s, panel p, row r of 4, j of 4) = plane[s*64 + p*16 + r*4 + j]
 *         low  nibble: row 4p+r, column 8s+j
 *         high nibble: row 4p+r, column 8s+4+j
 *
 * so that one 16-byte load gives, after a mask, four rows of four consecutive columns: the shape that a 4-way int8 dot
 * with one activation splat wants.
 *
 *   layout  per block of 32 columns (16 rows)                              weight value              bytes/weight*8
 *   Q4      nibbles 256 | d f16[16]                                        d (q - 8)                 4.5
 *   Q4M     nibbles 256 | d f16[16] | m f16[16]                            d q + m                   5.0
 *   Q4K     per 8 blocks: d f16[16] | dmin f16[16];                        (d sc) q - (dmin mn)      4.625
 *           per block: nibbles 256 | sc u8[16] | mn u8[16]
 *   Q5K     as Q4K with bits 64 behind the nibbles                         same, q in 0..31          5.625
 *   Q6K     per 8 blocks: d f16[16];                                       (d sc) (q - 32)           6.5625
 *           per block: nibbles 256 | pairs 128 | sc i8[2][16]              (sc[h]: columns 16h..16h+15)
 *   Q8      bytes 512 | d f16[16]                                          d q, q signed             8.5
 *   Q8M     bytes 512 | d f16[16] | m f16[16]                              d q + m                   9.0
 *
 * bits (Q5K, 64 bytes, 16 a step): bit 2p+h of bits[s*16 + r*4 + j] is bit 4 of row 4p+r, column 8s+4h+j.
 * pairs (Q6K, 128 bytes, 32 a step): bits 4(p%2)+2h and the next of pairs[s*32 + (p/2)*16 + r*4 + j] are bits 4, 5.
 * bytes (Q8, 512 bytes, 64 a step of 4 columns): row 4p+r, column 4s+j at bytes[s*64 + p*16 + r*4 + j].
 * Scale vectors are in row order. F32, F16 and BF16 matrices stay row-major as in the file, without padding rows.
 */
#ifndef PHI_LAYOUTS_H
#define PHI_LAYOUTS_H

#include <stddef.h>
#include <stdint.h>

enum {
    PHI_GROUP_ROWS = 16,
    PHI_BLOCK_COLS = 32,
    PHI_SUPER_COLS = 256, /* 8 blocks that share d (and dmin) in the K layouts */
    PHI_NIBBLES_BYTES = 256
};

/*         name  super-header  per block  columns of a super-block */
#define PHI_LAYOUTS(XX)   \
    XX(Q4, 0, 288, 32)    \
    XX(Q4M, 0, 320, 32)   \
    XX(Q4K, 64, 288, 256) \
    XX(Q5K, 64, 352, 256) \
    XX(Q6K, 32, 416, 256) \
    XX(Q8, 0, 544, 32)    \
    XX(Q8M, 0, 576, 32)

typedef enum phi_layout {
#define XX(name, header, block, cols) PHI_LAYOUT_##name,
    PHI_LAYOUTS(XX)
#undef XX
        PHI_N_PACKED, /* those above are packed and quantised; those below are row-major floats */
    PHI_LAYOUT_F32 = PHI_N_PACKED,
    PHI_LAYOUT_F16,
    PHI_LAYOUT_BF16,
    PHI_N_LAYOUTS
} phi_layout;

_Static_assert(64 + 8 * 288 == 16 * 148, "Q4K: 148 bytes a row and super-block, 4.625 bits a weight");
_Static_assert(32 + 8 * 416 == 16 * 210, "Q6K: as many bytes as the file has");

/* Columns that a row must be a multiple of. */
static inline int32_t phi_layout_cols_step(phi_layout layout)
{
    switch (layout) {
#define XX(name, header, block, cols) \
    case PHI_LAYOUT_##name:           \
        return cols;
        PHI_LAYOUTS(XX)
#undef XX
    default:
        return 1;
    }
}

/* Bytes of one 16-row group of a packed layout; of one row of a float layout. */
static inline size_t phi_layout_group_bytes(phi_layout layout, int32_t n_cols)
{
    const size_t cols = (size_t)n_cols;
    switch (layout) {
#define XX(name, header, block, super_cols) \
    case PHI_LAYOUT_##name:                 \
        return cols / 32 * block + cols / super_cols * header;
        PHI_LAYOUTS(XX)
#undef XX
    case PHI_LAYOUT_F32:
        return cols * 4;
    default:
        return cols * 2;
    }
}

#endif
