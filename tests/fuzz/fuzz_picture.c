/* Any bytes as a picture's file: examined, decoded and brought to tiles, or refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phi_pixels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of larger pictures, which would take gigabytes, the header only. */
enum { PIXELS_MAX = 1 << 18, TILE = 28, CROPS = 4 };

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_picture: broken promise: %s\n", what);
    abort();
}

static bool is_refusal(phi_status status)
{
    return status == PHI_ECORRUPT || status == PHI_EUNSUPPORTED || status == PHI_EINVAL || status == PHI_ENOMEM;
}

/* Every byte is looked at, so that the sanitizer sees what was not written. */
static void check_padded(const phi_pixels *p)
{
    const int32_t width = phi_pixels_padded_width(p), height = phi_pixels_padded_height(p);
    const uint8_t *rgb = phi_pixels_padded(p);
    uint32_t sum = 0;
    expect(width % TILE == 0 && height % TILE == 0, "whole tiles");
    expect(width / TILE * (height / TILE) <= CROPS, "no more tiles than asked for");
    for (size_t i = 0; i < (size_t)width * (size_t)height * 3; i++)
        sum += rgb[i];
    expect(sum <= 255u * 3u * TILE * TILE * CROPS, "bytes");
}

static void decode(phi_pixels *p, phi_status probed)
{
    const int32_t width = phi_pixels_width(p), height = phi_pixels_height(p);
    phi_status status = phi_pixels_decode(p);
    expect(probed == PHI_OK || status == probed, "what is refused by its header is not decoded");
    if (status == PHI_OK) {
        expect(width == phi_pixels_width(p) && height == phi_pixels_height(p), "the size stays as it was told");
        status = phi_pixels_transform(p, CROPS, TILE);
    }
    expect(status == PHI_OK || is_refusal(status), "a refusal has its status");
    expect((status == PHI_OK) == (phi_pixels_error_text(p)[0] == 0), "a refusal has a reason");
    if (status == PHI_OK)
        check_padded(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    phi_pixels *p = phi_pixels_create();
    uint8_t *room = p ? phi_pixels_room(p, size) : NULL;
    if (room) {
        if (size > 0)
            memcpy(room, data, size);
        const phi_status probed = phi_pixels_probe(p);
        if ((int64_t)phi_pixels_width(p) * phi_pixels_height(p) <= PIXELS_MAX)
            decode(p, probed);
    }
    phi_pixels_destroy(p);
    return 0;
}
