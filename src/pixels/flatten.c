#include "picture.h"

/* `value` with weight a / 255 over white, rounded to nearest: what Pillow's alpha_composite gives for every pair. */
static uint8_t over_white(uint8_t value, uint8_t a)
{
    const uint32_t sum = (uint32_t)value * a + 255u * (255u - a) + 128;
    return (uint8_t)((sum + (sum >> 8)) >> 8);
}

static void flatten_rgba(uint8_t *rgb, const uint8_t *pixels, size_t n_pixels)
{
    for (size_t i = 0; i < n_pixels; i++, pixels += 4, rgb += 3) {
        const uint8_t a = pixels[3];
        const uint8_t r = pixels[0], g = pixels[1], b = pixels[2];
        rgb[0] = a == 255 ? r : over_white(r, a);
        rgb[1] = a == 255 ? g : over_white(g, a);
        rgb[2] = a == 255 ? b : over_white(b, a);
    }
}

static void flatten_grey(uint8_t *rgb, const uint8_t *pixels, size_t n_pixels, int32_t n_channels)
{
    for (size_t i = 0; i < n_pixels; i++, pixels += n_channels, rgb += 3)
        rgb[0] = rgb[1] = rgb[2] = n_channels == 1 ? pixels[0] : over_white(pixels[0], pixels[1]);
}

void phi_picture_flatten(uint8_t *rgb, const uint8_t *pixels, size_t n_pixels, int32_t n_channels)
{
    if (n_channels == 4)
        flatten_rgba(rgb, pixels, n_pixels);
    else
        flatten_grey(rgb, pixels, n_pixels, n_channels);
}
