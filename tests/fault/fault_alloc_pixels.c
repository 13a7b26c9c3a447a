/* Decodes and transforms a picture of each kind while the k-th request for memory fails, for all k until none does. */
#include <stdlib.h>
#include <string.h>

#include "every_allocation.h"
#include "phi_pixels.h"

typedef struct picture_file {
    uint8_t *bytes;
    size_t n_bytes;
} picture_file;

/* PHI_ESTATE: a refusal without a reason, or a reason without a refusal. */
static phi_status decode(void *file)
{
    const picture_file *f = file;
    phi_status status = PHI_ENOMEM;
    phi_pixels *p = phi_pixels_create();
    uint8_t *room = p ? phi_pixels_room(p, f->n_bytes) : NULL;
    if (room) {
        memcpy(room, f->bytes, f->n_bytes);
        status = phi_pixels_decode(p);
        if (status == PHI_OK)
            status = phi_pixels_transform(p, 4, 28);
        if ((status == PHI_OK) != (phi_pixels_error_text(p)[0] == 0))
            status = PHI_ESTATE;
    }
    phi_pixels_destroy(p);
    return status;
}

static void check_file(const char *path)
{
    picture_file f;
    f.bytes = check_read_file(path, &f.n_bytes);
    CHECK(f.bytes != NULL);
    CHECK(every_allocation_fails(decode, &f) >= 5);
    free(f.bytes);
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
