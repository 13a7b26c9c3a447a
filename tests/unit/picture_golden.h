/* Small picture files and what Pillow makes of them: tests/golden/pixels/files (picture_files.py writes them). */
#ifndef PICTURE_GOLDEN_H
#define PICTURE_GOLDEN_H

#include <stdint.h>
#include <stdio.h>

#include "check.h"

/* Decoded exactly as Pillow does. */
static const char *const exact_files[] = {
    "grey1.png",
    "grey2.png",
    "grey4.png",
    "grey8.png",
    "grey16.png",
    "grey-alpha.png",
    "grey-alpha16.png",
    "grey-key.png",
    "rgb8.png",
    "rgb16.png",
    "rgb-key.png",
    "rgba8.png",
    "rgba16.png",
    "palette8.png",
    "palette4-alpha.png",
    "palette1.png",
    "interlaced.png",
    "interlaced-rgba16.png",
    "interlaced-grey2.png",
    "one.png",
    "rgb24.bmp",
    "grey8.bmp",
    "palette8.bmp",
    "bits1.bmp",
    "top-down.bmp",
    "rgb32.bmp",
    "palette4.bmp",
    "plain.gif",
    "interlaced.gif",
    "transparent.gif",
    "two-frames.gif",
};
enum { N_EXACT_FILES = sizeof exact_files / sizeof exact_files[0] };

static const char *const jpeg_files[] = {
    "444.jpg",     "422.jpg",     "420.jpg",     "progressive.jpg", "grey.jpg",    "restarts.jpg", "turned1.jpg",
    "turned2.jpg", "turned3.jpg", "turned4.jpg", "turned5.jpg",     "turned6.jpg", "turned7.jpg",  "turned8.jpg",
};
enum { N_JPEG_FILES = sizeof jpeg_files / sizeof jpeg_files[0] };

/* malloc'ed; NULL if it is not there. */
static inline uint8_t *read_picture(const char *name, const char *suffix, size_t *n_bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "golden/pixels/files/%s%s", name, suffix);
    return check_read_file(path, n_bytes);
}

#endif
