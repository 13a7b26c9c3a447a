/* Decodes and transforms a picture of each kind while the k-th request for memory fails, for all k until none does. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "phi_pixels.h"

static phi_status decode(const uint8_t *bytes, size_t n_bytes, bool *has_reason)
{
    phi_status status = PHI_ENOMEM;
    phi_pixels *p = phi_pixels_create();
    uint8_t *room = p ? phi_pixels_room(p, n_bytes) : NULL;
    *has_reason = true;
    if (room) {
        memcpy(room, bytes, n_bytes);
        status = phi_pixels_decode(p);
        if (status == PHI_OK)
            status = phi_pixels_transform(p, 4, 28);
        *has_reason = (status == PHI_OK) == (phi_pixels_error_text(p)[0] == 0);
    }
    phi_pixels_destroy(p);
    return status;
}

static void check_file(const char *path)
{
    size_t n_bytes;
    uint8_t *bytes = check_read_file(path, &n_bytes);
    phi_status status = PHI_ENOMEM;
    uint64_t k = 0;
    bool has_reason = true;
    CHECK(bytes != NULL);
    while (status == PHI_ENOMEM && has_reason && k < 1000) {
        (void)phi_arena_fail_at(++k);
        status = decode(bytes, n_bytes, &has_reason);
        (void)phi_arena_fail_at(0);
    }
    free(bytes);
    CHECK(has_reason);
    CHECK_INT(status, PHI_OK);
    CHECK(k > 5);
}

TEST(fault_alloc_pixels__reports_every_failed_request)
{
    check_file("golden/pixels/files/grey16.png");
    check_file("golden/pixels/files/palette4-alpha.png");
    check_file("golden/pixels/files/interlaced-rgba16.png");
    check_file("golden/pixels/files/transparent.gif");
    check_file("golden/pixels/files/palette8.bmp");
    check_file("golden/pixels/files/420.jpg");
    check_file("golden/pixels/files/progressive.jpg");
}
