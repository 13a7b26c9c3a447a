#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hd_views.h"

enum { CHANNELS = 3 };

static const phi_hd_norm clip_norm = {{0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f}};

/* The cases of tools/reference/make_golden_hd_views.py, in its order. */
static const struct {
    int32_t width, height, S, stride;
} cases[] = {
    {14, 14, 14, 1}, {28, 14, 14, 1}, {42, 56, 14, 1},       {14, 70, 14, 1},
    {31, 45, 14, 1}, {15, 15, 14, 1}, {1344, 336, 336, 997}, {1008, 1680, 336, 997},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

/* Caller frees. */
static uint8_t *make_picture(int32_t width, int32_t height)
{
    uint8_t *rgb = malloc((size_t)width * (size_t)height * CHANNELS);
    if (!rgb)
        abort();
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < CHANNELS; c++)
                rgb[((size_t)y * (size_t)width + (size_t)x) * CHANNELS + (size_t)c] = (uint8_t)(x * (3 + c) +
                                                                                                y * (7 - c) +
                                                                                                x * y / 16 + 50 * c);
    return rgb;
}

static size_t n_stored(int32_t i)
{
    const size_t n = (size_t)CHANNELS * (size_t)cases[i].S * (size_t)cases[i].S;
    return (n + (size_t)cases[i].stride - 1) / (size_t)cases[i].stride;
}

/* The largest difference between `view` and the golden values of case i; a NaN counts as infinitely far. */
static double largest_difference(const float *view, const float *golden, int32_t i)
{
    double worst = 0;
    for (size_t k = 0; k < n_stored(i); k++) {
        const double d = (double)view[k * (size_t)cases[i].stride] - (double)golden[k];
        const double distance = d < 0 ? -d : d;
        if (!(distance <= worst))
            worst = distance == distance ? distance : 1e30;
    }
    return worst;
}

static void check_case(const float *golden, int32_t i)
{
    const int32_t S = cases[i].S, width = cases[i].width, height = cases[i].height;
    uint8_t *rgb = make_picture(width, height);
    float *view = malloc(sizeof(float) * CHANNELS * (size_t)S * (size_t)S);
    double tile_off = 1e30, global_off = 1e30;
    if (view) {
        const size_t last = (size_t)(height - S) * (size_t)width + (size_t)(width - S);
        phi_hd_tile(view, rgb + last * CHANNELS, width, S, &clip_norm);
        tile_off = largest_difference(view, golden, i);
        phi_hd_global(view, rgb, width, height, S, &clip_norm);
        global_off = largest_difference(view, golden + n_stored(i), i);
    }
    free(view);
    free(rgb);
    CHECK_NEAR(tile_off, 0, 0);
    /* Sixteen products of values up to 2.2 with weights whose magnitudes add up to 1.9: torch and this differ by some
     * 1e-6. */
    CHECK_NEAR(global_off, 0, 1e-5);
}

TEST(image_hd_views__tiles_are_torch_s_and_the_global_view_is_within_its_rounding)
{
    size_t n_bytes = 0, at = 0;
    float *golden = (float *)(void *)check_read_file("golden/pixels/views.f32.bin", &n_bytes);
    CHECK(golden != NULL);
    for (int32_t i = 0; i < N_CASES; i++)
        at += 2 * n_stored(i);
    if (n_bytes == at * sizeof(float)) {
        at = 0;
        for (int32_t i = 0; i < N_CASES; at += 2 * n_stored(i), i++)
            check_case(golden + at, i);
        at = n_bytes / sizeof(float);
    }
    free(golden);
    CHECK_INT(n_bytes, at * sizeof(float));
}

TEST(image_hd_views__tiles_come_from_their_place)
{
    enum { S = 4, COLUMNS = 3, ROWS = 2, WIDTH = S * COLUMNS };
    const phi_hd_norm bytes_norm = {{0, 0, 0}, {1, 1, 1}};
    uint8_t *rgb = make_picture(WIDTH, S * ROWS);
    float out[CHANNELS * S * S];
    int32_t n_wrong = 0;
    for (int32_t tile = 0; tile < COLUMNS * ROWS; tile++) {
        const int32_t x0 = tile % COLUMNS * S, y0 = tile / COLUMNS * S;
        phi_hd_tile(out, rgb + (y0 * WIDTH + x0) * CHANNELS, WIDTH, S, &bytes_norm);
        for (int32_t i = 0; i < CHANNELS * S * S; i++) {
            const int32_t c = i / (S * S), y = y0 + i / S % S, x = x0 + i % S;
            n_wrong += out[i] != (float)rgb[(y * WIDTH + x) * CHANNELS + c] / 255.0f;
        }
    }
    free(rgb);
    CHECK_INT(n_wrong, 0);
}
