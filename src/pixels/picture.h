/* A picture between its file and the transform: 8-bit RGB as the file stores it, and how to turn it. */
#ifndef PHI_PICTURE_H
#define PHI_PICTURE_H

#include "phi_pixels.h"

/* Bytes behind every buffer of pixels that may be read, not used: SIMD loads are wider than a pixel. */
enum { PHI_PICTURE_SLACK = 16 };

typedef struct phi_picture {
    int32_t width;  /* of a stored row */
    int32_t height; /* rows stored */
    int32_t orientation;
    const uint8_t *rgb; /* (height, width, 3) and slack */
} phi_picture;

/* EXIF's orientations 1 … 8, taken apart. Seen at (x, y) is what is stored at column `swaps ? y : x`, row
 * `swaps ? x : y`, each counted from the far end where it is mirrored. */
static inline bool phi_orientation_swaps(int32_t orientation)
{
    return orientation >= 5;
}

static inline bool phi_orientation_mirrors_columns(int32_t orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static inline bool phi_orientation_mirrors_rows(int32_t orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

/* What a file says before anything is decoded. */
typedef struct phi_picture_facts {
    phi_picture_kind kind;
    int32_t orientation;    /* 1 when the file does not say, or says nonsense */
    uint32_t width, height; /* as stored, whatever the header says; not 0 */
} phi_picture_facts;

/* From the file's header; PHI_ECORRUPT for a file that ends before its picture does, as far as its structure shows. */
phi_status phi_picture_examine(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err);
/* "JPEG" … */
const char *phi_picture_kind_name(phi_picture_kind kind);
/* EXIF's orientation in a TIFF block, 1 … 8; 1 when it is not there or the block is malformed. */
int32_t phi_exif_orientation(const uint8_t *tiff, size_t n_bytes);

/* Pixels as a file gives them. */
typedef struct phi_decoded {
    int32_t n_channels; /* 1: grey, 2: grey and alpha, 3: RGB, 4: RGBA */
    uint8_t *pixels;    /* (height, width, n_channels) and slack, inside `memory` */
    void *memory;       /* the receiver gives it to phi_system_free() */
} phi_decoded;

/* facts: of these bytes, its size within the caller's limits; sides <= PHI_LIMIT_PICTURE_SIDE, n_bytes <=
 * PHI_LIMIT_PICTURE_BYTES. A GIF's background colour is set to none: bytes is written to. */
phi_status phi_picture_decode(phi_decoded *out, const phi_picture_facts *facts, uint8_t *bytes, size_t n_bytes,
                              phi_error *err);

/* RGB over white of n_pixels. n_channels as above but 3; rgb may be `pixels` when it is 4. */
void phi_picture_flatten(uint8_t *rgb, const uint8_t *pixels, size_t n_pixels, int32_t n_channels);

#endif
