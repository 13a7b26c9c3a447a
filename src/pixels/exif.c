#include "picture_file.h"

enum {
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ENTRY_BYTES = 12,
    MAGIC = 42 /* behind the mark of the byte order */
};

typedef struct tiff_block {
    const uint8_t *bytes;
    size_t n_bytes;
    bool is_little_endian;
} tiff_block;

/* 0 beyond the block: no field that is read here means anything by 0. */
static uint32_t read_uint(const tiff_block *t, size_t at, int32_t n)
{
    if (at > t->n_bytes || (size_t)n > t->n_bytes - at)
        return 0;
    return t->is_little_endian ? read_le(t->bytes + at, n) : read_be(t->bytes + at, n);
}

int32_t phi_exif_orientation(const uint8_t *tiff, size_t n_bytes)
{
    tiff_block t = {tiff, n_bytes, n_bytes > 0 && tiff[0] == 'I'};
    const uint8_t mark = t.is_little_endian ? 'I' : 'M';
    if (n_bytes < 8 || tiff[0] != mark || tiff[1] != mark || read_uint(&t, 2, 2) != MAGIC)
        return 1;
    const size_t directory = read_uint(&t, 4, 4);
    const uint32_t n_entries = read_uint(&t, directory, 2);
    for (uint32_t i = 0; i < n_entries; i++) {
        const uint64_t entry = (uint64_t)directory + 2 + (uint64_t)ENTRY_BYTES * i;
        if (entry + ENTRY_BYTES > n_bytes)
            return 1;
        if (read_uint(&t, (size_t)entry, 2) != TAG_ORIENTATION)
            continue;
        const bool is_short = read_uint(&t, (size_t)entry + 2, 2) == TYPE_SHORT;
        const uint32_t value = read_uint(&t, (size_t)entry + 8, 2);
        return is_short && value >= 1 && value <= 8 ? (int32_t)value : 1;
    }
    return 1;
}
