/* From a picture's file, or its pixels, to what a vision model takes. The header of a module of its own.
 *
 *     phi_pixels *p = phi_pixels_create();
 *     read_file(phi_pixels_room(p, n_bytes), n_bytes);
 *     st = phi_pixels_decode(p);                       // JPEG, PNG, GIF (first frame), BMP
 *     st = phi_pixels_transform(p, n_crops, 336);
 *     const uint8_t *rgb = phi_pixels_padded(p);       // for phi_image_pixels()
 *
 * It parses bytes that anybody may have written, so a page runs it in an instance with a memory of its own, which is
 * thrown away after a picture (docs/decisions/0009-pictures.md). Functions take and give plain numbers and
 * pointers, no structs: a binding needs no layouts. One thread at a time.
 *
 * A step that fails leaves nothing of what it was to make; the reason is in phi_pixels_error_text() until the next
 * step. */
#ifndef PHI_PIXELS_H
#define PHI_PIXELS_H

#include "status.h"

#if defined(__EMSCRIPTEN__)
#define PHI_PIXELS_API __attribute__((used, visibility("default")))
#else
#define PHI_PIXELS_API
#endif

typedef struct phi_pixels phi_pixels;

typedef enum phi_picture_kind {
    PHI_PICTURE_UNKNOWN = 0,
    PHI_PICTURE_JPEG = 1,
    PHI_PICTURE_PNG = 2,
    PHI_PICTURE_GIF = 3,
    PHI_PICTURE_BMP = 4
} phi_picture_kind;

/* NULL when out of memory. The caller destroys it. */
PHI_PIXELS_API phi_pixels *phi_pixels_create(void);
PHI_PIXELS_API void phi_pixels_destroy(phi_pixels *p); /* NULL is fine */

/* Room for a file's n_bytes, or for width * height * 4 bytes of RGBA, until the next step or call of this function. A
 * picture that is there already goes. NULL when out of memory or above PHI_LIMIT_PICTURE_BYTES. */
PHI_PIXELS_API uint8_t *phi_pixels_room(phi_pixels *p, size_t n_bytes);

/* Steps. Each returns
 *   PHI_ESTATE        what it works on is not there
 *   PHI_EUNSUPPORTED  a format, or a kind of a format, that is not decoded here
 *   PHI_ECORRUPT      a file that is cut off or contradicts itself
 *   PHI_EINVAL        more than PHI_LIMIT_PICTURE_PIXELS or longer sides than PHI_LIMIT_PICTURE_SIDE (refused before
 *                     memory for them is taken); arguments
 *   PHI_ENOMEM        phi_pixels_error_requested() says how many bytes were missing */

/* Reads what the file in the room says of itself: kind, width and height. The room stays. */
PHI_PIXELS_API phi_status phi_pixels_probe(phi_pixels *p);
/* The file in the room becomes the picture; the room is given back, whether it does or not. Transparency is put over
 * white; 16 bits are cut to the upper 8; EXIF's orientation is honoured from here on. */
PHI_PIXELS_API phi_status phi_pixels_decode(phi_pixels *p);
/* RGBA pixels in the room, (height, width, 4), alpha not multiplied in, become the picture; the room goes likewise. */
PHI_PIXELS_API phi_status phi_pixels_take_rgba(phi_pixels *p, int32_t width, int32_t height);
/* Phi-3-vision's HD transform of the picture: as many tiles of tile x tile pixels as fit its proportions, n_crops at
 * most (1 … PHI_LIMIT_CROPS), resized exactly as Pillow's antialiased bilinear does, rows or columns of white around
 * it. tile: 1 … PHI_LIMIT_TILE. The picture stays and may be transformed again. */
PHI_PIXELS_API phi_status phi_pixels_transform(phi_pixels *p, int32_t n_crops, int32_t tile);

/* Of the file probed, or of the picture, as it is seen (EXIF's orientation applied). 0 before. */
PHI_PIXELS_API int32_t phi_pixels_width(const phi_pixels *p);
PHI_PIXELS_API int32_t phi_pixels_height(const phi_pixels *p);
PHI_PIXELS_API phi_picture_kind phi_pixels_kind(const phi_pixels *p);
/* What the transform made: (padded_height, padded_width, 3), both sides multiples of the tile. Borrowed until the next
 * step; 0 and NULL before. */
PHI_PIXELS_API int32_t phi_pixels_padded_width(const phi_pixels *p);
PHI_PIXELS_API int32_t phi_pixels_padded_height(const phi_pixels *p);
PHI_PIXELS_API const uint8_t *phi_pixels_padded(const phi_pixels *p);

/* NUL-terminated, "" when the last step succeeded. */
PHI_PIXELS_API const char *phi_pixels_error_text(const phi_pixels *p);
PHI_PIXELS_API double phi_pixels_error_requested(const phi_pixels *p); /* bytes or pixels; 0 if it is not about these */
PHI_PIXELS_API double phi_pixels_error_quota(const phi_pixels *p);

#endif
