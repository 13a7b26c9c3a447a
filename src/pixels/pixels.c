/* phi_pixels.h: one picture's way, with the memory that each step needs and no longer.
 *
 *   EMPTY ──room──▶ bytes ──decode, take_rgba──▶ picture ──transform──▶ padded
 *
 * The room and the picture are never there at once: RGBA becomes RGB in place. */
#include <inttypes.h>

#include "arena.h"
#include "hd_transform.h"
#include "limits.h"

enum { RGB = 3, RGBA = 4 };

struct phi_pixels {
    phi_picture_facts facts;
    int32_t width, height; /* as seen */
    uint8_t *room;         /* n_bytes and slack; NULL: none */
    size_t n_bytes;
    phi_picture picture; /* rgb inside picture_memory; NULL: none */
    void *picture_memory;
    phi_hd_plan plan;
    uint8_t *padded;
    phi_error error;
};

static void drop_room(phi_pixels *p)
{
    phi_system_free(p->room);
    p->room = NULL;
    p->n_bytes = 0;
}

static void drop_padded(phi_pixels *p)
{
    phi_system_free(p->padded);
    p->padded = NULL;
    p->plan = (phi_hd_plan){0};
}

static void drop_picture(phi_pixels *p)
{
    drop_padded(p);
    phi_system_free(p->picture_memory);
    p->picture_memory = NULL;
    p->picture = (phi_picture){0};
    p->facts = (phi_picture_facts){0};
    p->width = p->height = 0;
}

phi_pixels *phi_pixels_create(void)
{
    phi_pixels *p = phi_system_alloc(sizeof *p);
    if (p)
        *p = (phi_pixels){0};
    return p;
}

void phi_pixels_destroy(phi_pixels *p)
{
    if (!p)
        return;
    drop_room(p);
    drop_picture(p);
    phi_system_free(p);
}

uint8_t *phi_pixels_room(phi_pixels *p, size_t n_bytes)
{
    drop_room(p);
    drop_picture(p);
    if (n_bytes <= PHI_LIMIT_PICTURE_BYTES)
        p->room = phi_system_alloc(n_bytes + PHI_PICTURE_SLACK);
    p->n_bytes = p->room ? n_bytes : 0;
    return p->room;
}

static phi_status check_size(phi_pixels *p, int64_t width, int64_t height)
{
    if (width < 1 || height < 1 || width > PHI_LIMIT_PICTURE_SIDE || height > PHI_LIMIT_PICTURE_SIDE)
        return phi_fail(&p->error, PHI_EINVAL, "picture: %" PRId64 " x %" PRId64 " pixels, sides may be 1 to %d", width,
                        height, PHI_LIMIT_PICTURE_SIDE);
    const uint64_t n_pixels = (uint64_t)width * (uint64_t)height;
    if (n_pixels <= PHI_LIMIT_PICTURE_PIXELS)
        return PHI_OK;
    (void)phi_fail(&p->error, PHI_EINVAL,
                   "picture: %" PRId64 " x %" PRId64 " are %" PRIu64 " pixels, at most %d are decoded; make "
                   "it smaller first",
                   width, height, n_pixels, PHI_LIMIT_PICTURE_PIXELS);
    p->error.requested = n_pixels;
    p->error.quota = PHI_LIMIT_PICTURE_PIXELS;
    return PHI_EINVAL;
}

phi_status phi_pixels_probe(phi_pixels *p)
{
    phi_picture_facts facts;
    p->error = (phi_error){0};
    if (!p->room)
        return phi_fail(&p->error, PHI_ESTATE, "picture: no file is in phi_pixels_room()");
    PHI_TRY(phi_picture_examine(&facts, p->room, p->n_bytes, &p->error));
    PHI_TRY(check_size(p, facts.width, facts.height));
    const bool swaps = phi_orientation_swaps(facts.orientation);
    p->facts = facts;
    p->width = (int32_t)(swaps ? facts.height : facts.width);
    p->height = (int32_t)(swaps ? facts.width : facts.height);
    return PHI_OK;
}

static phi_status fail_memory(phi_pixels *p, uint64_t n_bytes)
{
    (void)phi_fail(&p->error, PHI_ENOMEM, "picture: no memory for %" PRIu64 " bytes", n_bytes);
    p->error.requested = n_bytes;
    return PHI_ENOMEM;
}

/* Takes over d's memory; the facts are p's. */
static phi_status keep_picture(phi_pixels *p, const phi_decoded *d)
{
    const size_t n_pixels = (size_t)p->facts.width * p->facts.height;
    uint8_t *rgb = d->pixels;
    void *memory = d->memory;
    if (d->n_channels < RGB) {
        memory = rgb = phi_system_alloc(n_pixels * RGB + PHI_PICTURE_SLACK);
        if (rgb)
            phi_picture_flatten(rgb, d->pixels, n_pixels, d->n_channels);
        phi_system_free(d->memory);
        if (!rgb)
            return fail_memory(p, (uint64_t)n_pixels * RGB);
    } else if (d->n_channels == RGBA) {
        phi_picture_flatten(rgb, rgb, n_pixels, RGBA);
    }
    p->picture_memory = memory;
    p->picture = (phi_picture){(int32_t)p->facts.width, (int32_t)p->facts.height, p->facts.orientation, rgb};
    return PHI_OK;
}

phi_status phi_pixels_decode(phi_pixels *p)
{
    phi_decoded decoded;
    phi_status status = phi_pixels_probe(p);
    if (status == PHI_OK)
        status = phi_picture_decode(&decoded, &p->facts, p->room, p->n_bytes, &p->error);
    drop_room(p);
    if (status == PHI_OK)
        status = keep_picture(p, &decoded);
    return status;
}

phi_status phi_pixels_take_rgba(phi_pixels *p, int32_t width, int32_t height)
{
    p->error = (phi_error){0};
    if (!p->room)
        return phi_fail(&p->error, PHI_ESTATE, "picture: no pixels are in phi_pixels_room()");
    phi_status status = check_size(p, width, height);
    if (status == PHI_OK && (uint64_t)width * (uint64_t)height * RGBA != p->n_bytes)
        status = phi_fail(&p->error, PHI_EINVAL, "picture: %zu bytes of pixels, %d x %d take %" PRIu64, p->n_bytes,
                          width, height, (uint64_t)width * (uint64_t)height * RGBA);
    if (status != PHI_OK) {
        drop_room(p);
        return status;
    }
    const phi_decoded decoded = {RGBA, p->room, p->room};
    p->room = NULL;
    p->n_bytes = 0;
    p->facts = (phi_picture_facts){PHI_PICTURE_UNKNOWN, 1, (uint32_t)width, (uint32_t)height};
    p->width = width;
    p->height = height;
    return keep_picture(p, &decoded);
}

phi_status phi_pixels_transform(phi_pixels *p, int32_t n_crops, int32_t tile)
{
    p->error = (phi_error){0};
    drop_padded(p);
    if (!p->picture.rgb)
        return phi_fail(&p->error, PHI_ESTATE, "picture: none is decoded");
    if (n_crops < 1 || n_crops > PHI_LIMIT_CROPS)
        return phi_fail(&p->error, PHI_EINVAL, "picture: num_crops %d, expected 1 to %d", n_crops, PHI_LIMIT_CROPS);
    if (tile < 1 || tile > PHI_LIMIT_TILE)
        return phi_fail(&p->error, PHI_EINVAL, "picture: tiles of %d pixels, expected 1 to %d", tile, PHI_LIMIT_TILE);
    const phi_hd_plan plan = phi_hd_plan_make(p->width, p->height, n_crops, tile);
    const size_t n_bytes = (size_t)plan.padded_width * (size_t)plan.padded_height * RGB;
    p->padded = phi_system_alloc(n_bytes);
    if (!p->padded)
        return fail_memory(p, n_bytes);
    const phi_status status = phi_hd_transform(p->padded, &plan, &p->picture, &p->error);
    if (status == PHI_OK)
        p->plan = plan;
    else
        drop_padded(p);
    return status;
}

int32_t phi_pixels_width(const phi_pixels *p)
{
    return p->width;
}

int32_t phi_pixels_height(const phi_pixels *p)
{
    return p->height;
}

phi_picture_kind phi_pixels_kind(const phi_pixels *p)
{
    return p->facts.kind;
}

int32_t phi_pixels_padded_width(const phi_pixels *p)
{
    return p->plan.padded_width;
}

int32_t phi_pixels_padded_height(const phi_pixels *p)
{
    return p->plan.padded_height;
}

const uint8_t *phi_pixels_padded(const phi_pixels *p)
{
    return p->padded;
}

const char *phi_pixels_error_text(const phi_pixels *p)
{
    return p->error.text;
}

double phi_pixels_error_requested(const phi_pixels *p)
{
    return (double)p->error.requested;
}

double phi_pixels_error_quota(const phi_pixels *p)
{
    return (double)p->error.quota;
}
