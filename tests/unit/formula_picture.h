/* For tests: pictures by the formula of tests/golden/<id>/vision.json, encoded by an engine. */
#ifndef PHI_TEST_FORMULA_PICTURE_H
#define PHI_TEST_FORMULA_PICTURE_H

#include "phi.h"

/* Creates the image and writes its pixels. *out is NULL unless PHI_OK. */
phi_status picture_create(phi_image **out, phi_engine *e, int32_t seed, int32_t width, int32_t height);
/* step() until it is done. */
phi_status picture_compute(phi_image *i);
/* tokens[0, n_tokens of the image) = -id; returns how many. */
size_t picture_tokens(int32_t *tokens, const phi_image *i);

#endif
