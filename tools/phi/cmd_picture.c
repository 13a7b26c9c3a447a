/* phi picture: what a vision model is given of a picture file, as PPM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "phi_pixels.h"

enum { CROPS = 4 };

static bool fill_room(phi_pixels *p, const char *path)
{
    size_t n_bytes;
    char *bytes = cli_read_file(path, &n_bytes);
    uint8_t *room = bytes ? phi_pixels_room(p, n_bytes) : NULL;
    if (room)
        memcpy(room, bytes, n_bytes);
    else if (bytes)
        (void)cli_fail("%s: no room for %zu bytes", path, n_bytes);
    free(bytes);
    return room != NULL;
}

static bool write_ppm(const char *path, const phi_pixels *p)
{
    const int32_t width = phi_pixels_padded_width(p), height = phi_pixels_padded_height(p);
    const size_t n_bytes = (size_t)width * (size_t)height * 3;
    FILE *f = fopen(path, "wb");
    bool is_good = f && fprintf(f, "P6\n%d %d\n255\n", (int)width, (int)height) > 0 &&
                   fwrite(phi_pixels_padded(p), 1, n_bytes, f) == n_bytes;
    is_good = f && fclose(f) == 0 && is_good;
    return is_good || cli_fail("%s: could not be written", path) == 0;
}

/* The times are the best of `repeat`, in milliseconds. */
static bool prepare(phi_pixels *p, const cli_options *o, double *decode_ms, double *transform_ms)
{
    for (int32_t i = 0; i < o->repeat; i++) {
        if (!fill_room(p, o->picture))
            return false;
        const double begin = cli_now();
        if (phi_pixels_decode(p) != PHI_OK)
            return cli_fail("%s", phi_pixels_error_text(p)) == 0;
        const double middle = cli_now();
        if (phi_pixels_transform(p, o->crops > 0 ? o->crops : CROPS, o->tile) != PHI_OK)
            return cli_fail("%s", phi_pixels_error_text(p)) == 0;
        const double decode = (middle - begin) * 1e3, transform = (cli_now() - middle) * 1e3;
        *decode_ms = i == 0 || decode < *decode_ms ? decode : *decode_ms;
        *transform_ms = i == 0 || transform < *transform_ms ? transform : *transform_ms;
    }
    return true;
}

static int run(cli_options *o)
{
    if (!o->picture)
        return cli_fail("--picture FILE is needed");
    phi_pixels *p = phi_pixels_create();
    if (!p)
        return cli_fail("no memory");
    double decode_ms = 0, transform_ms = 0;
    o->repeat = o->repeat < 1 ? 1 : o->repeat;
    bool is_good = prepare(p, o, &decode_ms, &transform_ms);
    if (is_good)
        printf("%d x %d -> %d x %d, decoded in %.1f ms, transformed in %.1f ms\n", (int)phi_pixels_width(p),
               (int)phi_pixels_height(p), (int)phi_pixels_padded_width(p), (int)phi_pixels_padded_height(p), decode_ms,
               transform_ms);
    if (is_good && o->out_path)
        is_good = write_ppm(o->out_path, p);
    phi_pixels_destroy(p);
    return is_good ? 0 : 1;
}

const cli_command cli_picture = {"picture", "what a vision model is given of a picture",
                                 "  --picture FILE   JPEG, PNG, GIF or BMP\n"
                                 "  --crops N        tiles at most, 1 to 64 (4)\n"
                                 "  --tile N         pixels of a tile's side (336)\n"
                                 "  --repeat N       for the times: the best of so many (3)\n"
                                 "  --out FILE       writes the padded picture as PPM\n",
                                 run};
