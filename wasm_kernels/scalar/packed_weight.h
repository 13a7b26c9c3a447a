/* One weight at a time out of a packed group: layouts.h, read literally. */
#ifndef PHI_PACKED_WEIGHT_H
#define PHI_PACKED_WEIGHT_H

#include "half.h"
#include "kernels.h"

/* What the layouts differ in. */
typedef struct packed_format {
    int32_t header_bytes, block_bytes, blocks_per_super; /* of a group of 16 rows */
    int32_t n_scales;                                    /* per block of 32 columns */
    int32_t offset;                                      /* integers are stored too large by this */
    int32_t n_bits;                                      /* of the integers */
    bool has_min, is_signed;
} packed_format;

static inline packed_format packed_format_of(phi_layout layout)
{
    static const packed_format formats[PHI_N_PACKED] = {
#define XX(name, header, block, cols) \
    [PHI_LAYOUT_##name] = {.header_bytes = header, .block_bytes = block, .blocks_per_super = cols / 32, .n_scales = 1},
        PHI_LAYOUTS(XX)
#undef XX
    };
    packed_format f = formats[layout];
    f.n_scales = layout == PHI_LAYOUT_Q6K ? 2 : 1;
    f.offset = layout == PHI_LAYOUT_Q4 ? 8 : layout == PHI_LAYOUT_Q6K ? 32 : 0;
    f.n_bits = layout == PHI_LAYOUT_Q5K ? 5 : layout == PHI_LAYOUT_Q6K ? 6 : layout >= PHI_LAYOUT_Q8 ? 8 : 4;
    f.is_signed = layout == PHI_LAYOUT_Q8 || layout == PHI_LAYOUT_Q8M;
    f.has_min = layout != PHI_LAYOUT_Q4 && layout != PHI_LAYOUT_Q6K && layout != PHI_LAYOUT_Q8;
    return f;
}

/* The header that block b shares with its neighbours; the block itself follows the headers and blocks before it. */
static inline const uint8_t *packed_header(phi_layout layout, const uint8_t *group, int32_t b)
{
    const packed_format f = packed_format_of(layout);
    const int32_t super_bytes = f.header_bytes + f.blocks_per_super * f.block_bytes;
    return group + (size_t)(b / f.blocks_per_super) * (size_t)super_bytes;
}

static inline const uint8_t *packed_block(phi_layout layout, const uint8_t *group, int32_t b)
{
    const packed_format f = packed_format_of(layout);
    return packed_header(layout, group, b) + f.header_bytes + b % f.blocks_per_super * f.block_bytes;
}

/* The stored integer of row r (of 16), column k (of 32): unsigned, too large by `offset`; signed for Q8 and Q8M. */
static inline int32_t packed_integer(phi_layout layout, const uint8_t *block, int32_t r, int32_t k)
{
    const int32_t panel = r / 4, lane = r % 4 * 4 + k % 4;
    if (packed_format_of(layout).is_signed)
        return (int8_t)block[k / 4 * 64 + panel * 16 + lane];
    const int32_t step = k / 8, half = k / 4 % 2;
    const int32_t nibble = block[step * 64 + panel * 16 + lane] >> (4 * half) & 15;
    const uint8_t *high = block + PHI_NIBBLES_BYTES;
    if (layout == PHI_LAYOUT_Q5K)
        return nibble | (high[step * 16 + lane] >> (2 * panel + half) & 1) << 4;
    if (layout == PHI_LAYOUT_Q6K)
        return nibble | (high[step * 32 + panel / 2 * 16 + lane] >> (4 * (panel % 2) + 2 * half) & 3) << 4;
    return nibble;
}

/* What an integer of row r is multiplied by, and what is added to the product, as the layout stores it:
 * scale = d * sc, min = m * mn. */
typedef struct packed_scale {
    uint16_t d, m; /* binary16 */
    float sc, mn;
} packed_scale;

static inline packed_scale packed_scale_of(phi_layout layout, const uint8_t *group, int32_t b, int32_t r, int32_t half)
{
    const uint8_t *header = packed_header(layout, group, b), *block = packed_block(layout, group, b);
    const uint8_t *tail = block + (packed_format_of(layout).is_signed ? 512 : PHI_NIBBLES_BYTES);
    switch (layout) {
    case PHI_LAYOUT_Q4K:
    case PHI_LAYOUT_Q5K:
        tail += layout == PHI_LAYOUT_Q5K ? 64 : 0;
        return (packed_scale){phi_load_u16(header + 2 * r), phi_load_u16(header + 32 + 2 * r), (float)tail[r],
                              -(float)tail[16 + r]};
    case PHI_LAYOUT_Q6K:
        return (packed_scale){phi_load_u16(header + 2 * r), 0, (float)(int8_t)tail[128 + 16 * half + r], 0};
    case PHI_LAYOUT_Q4M:
    case PHI_LAYOUT_Q8M:
        return (packed_scale){phi_load_u16(tail + 2 * r), phi_load_u16(tail + 32 + 2 * r), 1, 1};
    default:
        return (packed_scale){phi_load_u16(tail + 2 * r), 0, 1, 0};
    }
}

/* binary16 times 2^-112: the exponent field stays where it is, so shifting the bits is all (kernels.h, phi_q8). */
static inline float packed_f16_small(uint16_t h)
{
    return phi_bits_to_f32((uint32_t)(h & 0x8000u) << 16 | (uint32_t)(h & 0x7fffu) << 13);
}

#endif
