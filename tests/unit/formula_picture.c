#include "formula_picture.h"

phi_status picture_create(phi_image **out, phi_engine *e, int32_t seed, int32_t width, int32_t height)
{
    *out = NULL;
    const phi_status status = phi_image_create(out, e, width, height);
    if (status != PHI_OK)
        return status;
    size_t n;
    uint8_t *pixels = phi_image_pixels(*out, &n);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < 3; c++)
                *pixels++ = (uint8_t)(x * (2 + seed) + y * (5 + seed) + c * 40 + ((x >> 3) ^ (y >> 2)) * 11);
    return PHI_OK;
}

phi_status picture_compute(phi_image *i)
{
    phi_status status;
    do
        status = phi_image_step(i);
    while (status == PHI_PENDING);
    return status;
}

size_t picture_tokens(int32_t *tokens, const phi_image *i)
{
    const size_t n = (size_t)phi_image_n_tokens(i);
    for (size_t k = 0; k < n; k++)
        tokens[k] = -phi_image_id(i);
    return n;
}
