/* What the vision encoder sees of a picture: its tiles and one view of the whole, as normalised floats.
 *
 * The picture comes padded (phi_pixels.h makes it so): 8-bit RGB, both sides multiples of the tile's side S.
 * (rgb / 255 - mean) / std is computed in f32 in that order, as torchvision's ToTensor and Normalize do: tiles equal
 * theirs bit for bit. The global view follows torch's bicubic interpolation within the rounding of its sums. */
#ifndef PHI_HD_VIEWS_H
#define PHI_HD_VIEWS_H

#include <stdint.h>

/* By channel: red, green, blue. */
typedef struct phi_hd_norm {
    float mean[3];
    float std[3]; /* not 0 */
} phi_hd_norm;

/* One tile.
 *   out     (3, S, S)
 *   corner  the tile's first pixel, (x0, y0), in a picture (height, width, 3): rgb + (y0 * width + x0) * 3 */
void phi_hd_tile(float *out, const uint8_t *corner, int32_t width, int32_t S, const phi_hd_norm *norm);

/* The whole picture, normalised, then brought to S x S: bicubic with a = -0.75, pixel centres at halves (torch's
 * align_corners=False), edge pixels repeated outwards, without antialiasing: 4 x 4 pixels count, however far apart the
 * samples are.
 *   out  (3, S, S)
 *   rgb  (height, width, 3); sides >= 1 */
void phi_hd_global(float *out, const uint8_t *rgb, int32_t width, int32_t height, int32_t S, const phi_hd_norm *norm);

#endif
