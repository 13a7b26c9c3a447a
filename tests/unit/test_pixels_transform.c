#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "hd_transform.h"
#include "limits.h"
#include "picture_golden.h"

enum { RGB = 3, RGBA = 4, TILE = 28 };

static phi_error g_err;

static uint8_t *get_bytes(size_t n)
{
    uint8_t *bytes = malloc(n + PHI_PICTURE_SLACK);
    if (!bytes)
        abort();
    return bytes;
}

/* ---- The plan ---- */

TEST(pixels_transform__plans_are_those_of_the_published_examples)
{
    static const struct {
        int32_t width, height, n_crops, padded_width, padded_height;
    } rows[] = {
        {1280, 640, 4, 672, 336},    {640, 1280, 4, 336, 672},     {1024, 1024, 4, 672, 672},
        {1920, 1080, 4, 672, 672},   {3000, 200, 4, 1344, 336},    {1280, 640, 16, 1680, 1008},
        {640, 1280, 16, 1008, 1680}, {1024, 1024, 16, 1344, 1344}, {1920, 1080, 16, 1680, 1008},
        {1, 5000, 16, 336, 5376},    {65535, 1, 64, 21504, 336},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const phi_hd_plan plan = phi_hd_plan_make(rows[i].width, rows[i].height, rows[i].n_crops, 336);
        CHECK_INT(plan.padded_width, rows[i].padded_width);
        CHECK_INT(plan.padded_height, rows[i].padded_height);
    }
}

TEST(pixels_transform__a_plan_keeps_within_its_tiles_and_shows_something)
{
    static const int32_t sides[] = {1, 2, 3, 17, 335, 336, 337, 1000, 4000, 65535};
    enum { N_SIDES = sizeof sides / sizeof sides[0] };
    for (int32_t i = 0; i < N_SIDES * N_SIDES * PHI_LIMIT_CROPS; i++) {
        const int32_t n_crops = i % PHI_LIMIT_CROPS + 1, side = i / PHI_LIMIT_CROPS;
        const phi_hd_plan p = phi_hd_plan_make(sides[side / N_SIDES], sides[side % N_SIDES], n_crops, 336);
        CHECK_INT(p.padded_width % 336, 0);
        CHECK_INT(p.padded_height % 336, 0);
        CHECK(p.padded_width / 336 * (p.padded_height / 336) <= n_crops);
        CHECK(p.width >= 1 && p.height >= 1);
        CHECK(p.left >= 0 && p.left + p.width <= p.padded_width);
        CHECK(p.top >= 0 && p.top + p.height <= p.padded_height);
    }
}

/* ---- Orientation ---- */

/* The picture as it is seen, stored so that `orientation` turns it back. */
static void store_turned(uint8_t *stored, const uint8_t *seen, int32_t width, int32_t height, int32_t orientation)
{
    const bool swaps = phi_orientation_swaps(orientation);
    const int32_t n_columns = swaps ? height : width, n_rows = swaps ? width : height;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            int32_t column = swaps ? y : x, row = swaps ? x : y;
            column = phi_orientation_mirrors_columns(orientation) ? n_columns - 1 - column : column;
            row = phi_orientation_mirrors_rows(orientation) ? n_rows - 1 - row : row;
            memcpy(stored + (row * n_columns + column) * RGB, seen + (y * width + x) * RGB, RGB);
        }
    }
}

static bool is_same_turned(int32_t width, int32_t height, int32_t orientation)
{
    const size_t n = (size_t)width * (size_t)height * RGB;
    const bool swaps = phi_orientation_swaps(orientation);
    const phi_hd_plan plan = phi_hd_plan_make(width, height, 6, TILE);
    const size_t n_out = (size_t)plan.padded_width * (size_t)plan.padded_height * RGB;
    uint8_t *seen = get_bytes(n), *stored = get_bytes(n), *expected = get_bytes(n_out), *got = get_bytes(n_out);
    for (size_t i = 0; i < n; i++)
        seen[i] = (uint8_t)(i * 31 + i / 7 * 13);
    store_turned(stored, seen, width, height, orientation);
    const phi_picture upright = {width, height, 1, seen};
    const phi_picture turned = {swaps ? height : width, swaps ? width : height, orientation, stored};
    bool is_same = phi_hd_transform(expected, &plan, &upright, &g_err) == PHI_OK &&
                   phi_hd_transform(got, &plan, &turned, &g_err) == PHI_OK && memcmp(expected, got, n_out) == 0;
    free(seen);
    free(stored);
    free(expected);
    free(got);
    return is_same;
}

TEST(pixels_transform__orientation_gives_what_the_turned_picture_gives)
{
    static const int32_t sizes[][2] = {{50, 31}, {31, 50}, {40, 40}, {1, 90}, {90, 1}, {5, 4}, {29, 14}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int32_t orientation = 1; orientation <= 8; orientation++)
            CHECK(is_same_turned(sizes[i][0], sizes[i][1], orientation));
    }
}

/* ---- The steps ---- */

static phi_status prepare(phi_pixels *p, const char *name)
{
    size_t n_bytes;
    uint8_t *bytes = read_picture(name, "", &n_bytes);
    uint8_t *room = bytes ? phi_pixels_room(p, n_bytes) : NULL;
    phi_status status = PHI_ENOMEM;
    if (room) {
        memcpy(room, bytes, n_bytes);
        status = phi_pixels_decode(p);
    }
    free(bytes);
    return status == PHI_OK ? phi_pixels_transform(p, 4, TILE) : status;
}

TEST(pixels_transform__jpegs_turned_by_exif_look_the_same)
{
    phi_pixels *p = phi_pixels_create();
    CHECK(p != NULL);
    for (int32_t i = 0; i < N_JPEG_FILES; i++) {
        if (strncmp(jpeg_files[i], "turned", 6) != 0)
            continue;
        const phi_status status = prepare(p, jpeg_files[i]);
        const bool swaps = jpeg_files[i][6] >= '5';
        CHECK_INT(status, PHI_OK);
        CHECK_INT(phi_pixels_kind(p), PHI_PICTURE_JPEG);
        CHECK_INT(phi_pixels_width(p), swaps ? 14 : 29);
        CHECK_INT(phi_pixels_height(p), swaps ? 29 : 14);
        CHECK_INT(phi_pixels_padded_width(p), swaps ? TILE : 2 * TILE);
        CHECK_INT(phi_pixels_padded_height(p), swaps ? 2 * TILE : TILE);
    }
    phi_pixels_destroy(p);
}

TEST(pixels_transform__steps_out_of_order_say_so)
{
    phi_pixels *p = phi_pixels_create();
    CHECK(p != NULL);
    CHECK_INT(phi_pixels_probe(p), PHI_ESTATE);
    CHECK_INT(phi_pixels_decode(p), PHI_ESTATE);
    CHECK_INT(phi_pixels_take_rgba(p, 1, 1), PHI_ESTATE);
    CHECK_INT(phi_pixels_transform(p, 4, TILE), PHI_ESTATE);
    CHECK(phi_pixels_padded(p) == NULL);
    CHECK_INT(prepare(p, "rgb8.png"), PHI_OK);
    CHECK(phi_pixels_padded(p) != NULL);
    CHECK_INT(phi_pixels_transform(p, 1, TILE), PHI_OK); /* the picture stays */
    CHECK_INT(phi_pixels_padded_width(p), TILE);
    CHECK_INT(phi_pixels_transform(p, 0, TILE), PHI_EINVAL);
    CHECK_INT(phi_pixels_transform(p, PHI_LIMIT_CROPS + 1, TILE), PHI_EINVAL);
    CHECK_INT(phi_pixels_transform(p, 1, PHI_LIMIT_TILE + 1), PHI_EINVAL);
    CHECK(phi_pixels_room(p, (size_t)PHI_LIMIT_PICTURE_BYTES + 1) == NULL);
    CHECK_INT(phi_pixels_transform(p, 4, TILE), PHI_ESTATE); /* the room took its place */
    phi_pixels_destroy(p);
}

TEST(pixels_transform__pixels_beyond_the_limit_are_counted)
{
    phi_pixels *p = phi_pixels_create();
    CHECK(p != NULL);
    CHECK(phi_pixels_room(p, RGBA) != NULL);
    CHECK_INT(phi_pixels_take_rgba(p, 8001, 8000), PHI_EINVAL);
    CHECK(strstr(phi_pixels_error_text(p), "8001 x 8000 are 64008000 pixels, at most 64000000") != NULL);
    CHECK_INT(phi_pixels_error_requested(p), 64008000);
    CHECK_INT(phi_pixels_error_quota(p), 64000000);
    CHECK(phi_pixels_room(p, RGBA) != NULL);
    CHECK_INT(phi_pixels_take_rgba(p, 8000, 8000), PHI_EINVAL);
    CHECK(strstr(phi_pixels_error_text(p), "4 bytes of pixels, 8000 x 8000 take") != NULL);
    CHECK_INT(prepare(p, "rgb8.png"), PHI_OK);
    CHECK_TEXT(phi_pixels_error_text(p), "");
    phi_pixels_destroy(p);
}

TEST(pixels_transform__transparent_pixels_are_white)
{
    phi_pixels *p = phi_pixels_create();
    uint8_t *room = phi_pixels_room(p, RGBA);
    CHECK(room != NULL);
    memcpy(room, "\x10\x20\x30\x80", RGBA);
    CHECK_INT(phi_pixels_take_rgba(p, 1, 1), PHI_OK);
    CHECK_INT(phi_pixels_transform(p, 1, 1), PHI_OK);
    const uint8_t *rgb = phi_pixels_padded(p);
    CHECK_INT(rgb[0], 135); /* (16 * 128 + 255 * 127) / 255 */
    CHECK_INT(rgb[1], 143);
    CHECK_INT(rgb[2], 151);
    phi_pixels_destroy(p);
}
