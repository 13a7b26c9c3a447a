/* What the readers of files' structure share. */
#ifndef PHI_PICTURE_FILE_H
#define PHI_PICTURE_FILE_H

#include "picture.h"

static inline uint32_t read_le(const uint8_t *at, int32_t n)
{
    uint32_t value = 0;
    for (int32_t i = 0; i < n; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static inline uint32_t read_be(const uint8_t *at, int32_t n)
{
    uint32_t value = 0;
    for (int32_t i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

/* PHI_ECORRUPT: "… end before `missing`". */
phi_status phi_picture_fail_cut(phi_error *err, phi_picture_kind kind, size_t n_bytes, const char *missing);

/* phi_picture_examine() of a JPEG. */
phi_status phi_jpeg_examine(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err);

#endif
