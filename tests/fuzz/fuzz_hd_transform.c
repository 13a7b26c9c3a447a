/* Pictures of any size and orientation: the transform of what is stored is that of the picture turned beforehand, and
 * around it is white. Input: width, height (16 bits each), crops, tile, orientation, then bytes for the pixels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hd_transform.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RGB = 3, HEAD_BYTES = 7, PIXELS_MAX = 1 << 16, TILE_MAX = 48 };

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_hd_transform: broken promise: %s\n", what);
    abort();
}

static uint8_t *get_bytes(size_t n)
{
    uint8_t *bytes = malloc(n);
    if (!bytes)
        abort();
    return bytes;
}

/* The stored picture as it is seen. */
static uint8_t *turn(const phi_picture *stored, int32_t width, int32_t height)
{
    const int32_t o = stored->orientation;
    uint8_t *seen = get_bytes((size_t)width * (size_t)height * RGB + PHI_PICTURE_SLACK);
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            int32_t column = phi_orientation_swaps(o) ? y : x, row = phi_orientation_swaps(o) ? x : y;
            column = phi_orientation_mirrors_columns(o) ? stored->width - 1 - column : column;
            row = phi_orientation_mirrors_rows(o) ? stored->height - 1 - row : row;
            memcpy(seen + (y * width + x) * RGB, stored->rgb + (row * stored->width + column) * RGB, RGB);
        }
    }
    return seen;
}

static bool is_white_around(const uint8_t *rgb, const phi_hd_plan *p)
{
    for (int32_t y = 0; y < p->padded_height; y++) {
        for (int32_t x = 0; x < p->padded_width * RGB; x++) {
            const bool is_inside = y >= p->top && y < p->top + p->height && x >= p->left * RGB &&
                                   x < (p->left + p->width) * RGB;
            if (!is_inside && rgb[y * p->padded_width * RGB + x] != 255)
                return false;
        }
    }
    return true;
}

static void check(const phi_picture *stored, int32_t n_crops, int32_t tile)
{
    const bool swaps = phi_orientation_swaps(stored->orientation);
    const int32_t width = swaps ? stored->height : stored->width, height = swaps ? stored->width : stored->height;
    const phi_hd_plan plan = phi_hd_plan_make(width, height, n_crops, tile);
    const size_t n = (size_t)plan.padded_width * (size_t)plan.padded_height * RGB;
    uint8_t *got = get_bytes(n), *expected = get_bytes(n), *seen = turn(stored, width, height);
    const phi_picture upright = {width, height, 1, seen};
    expect(phi_hd_transform(got, &plan, stored, NULL) == PHI_OK, "there is memory");
    expect(phi_hd_transform(expected, &plan, &upright, NULL) == PHI_OK, "there is memory");
    expect(memcmp(got, expected, n) == 0, "turned before or within, it is the same picture");
    expect(is_white_around(got, &plan), "white around it");
    free(got);
    free(expected);
    free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= HEAD_BYTES)
        return 0;
    const int32_t width = (data[0] | data[1] << 8) + 1, height = (data[2] | data[3] << 8) + 1;
    if (width > PHI_LIMIT_PICTURE_SIDE || height > PHI_LIMIT_PICTURE_SIDE || width * (int64_t)height > PIXELS_MAX)
        return 0;
    const size_t n = (size_t)width * (size_t)height * RGB;
    uint8_t *rgb = get_bytes(n + PHI_PICTURE_SLACK);
    for (size_t i = 0; i < n; i++)
        rgb[i] = (uint8_t)(data[HEAD_BYTES + i % (size - HEAD_BYTES)] + i / (size - HEAD_BYTES));
    const phi_picture stored = {width, height, data[6] % 8 + 1, rgb};
    check(&stored, data[4] % PHI_LIMIT_CROPS + 1, data[5] % TILE_MAX + 1);
    free(rgb);
    return 0;
}
