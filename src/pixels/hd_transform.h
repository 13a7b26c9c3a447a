/* The HD transform: from a picture to whole tiles of it. */
#ifndef PHI_HD_TRANSFORM_H
#define PHI_HD_TRANSFORM_H

#include "picture.h"

/* As the picture is seen. */
typedef struct phi_hd_plan {
    int32_t width, height; /* resized, without padding */
    int32_t padded_width, padded_height;
    int32_t left, top; /* where it lies in the padding */
} phi_hd_plan;

/* width, height: as seen, 1 … PHI_LIMIT_PICTURE_SIDE; n_crops: 1 … PHI_LIMIT_CROPS; tile: 1 … PHI_LIMIT_TILE. */
phi_hd_plan phi_hd_plan_make(int32_t width, int32_t height, int32_t n_crops, int32_t tile);

/* out: (padded_height, padded_width, 3). The plan is of the picture's size as it is seen. */
phi_status phi_hd_transform(uint8_t *out, const phi_hd_plan *plan, const phi_picture *picture, phi_error *err);

#endif
