/* Tensors by name into matrices, for the files of this folder that bind a part of a model. A pattern holds %d for the
 * layer's number, or nothing. */
#ifndef PHI_BINDER_H
#define PHI_BINDER_H

#include "model.h"

typedef struct phi_binder {
    phi_model *model;
    phi_weights *weights;
    phi_arena *arena;
    const phi_directory *dir;
    size_t n_bound;
    phi_error *err;
} phi_binder;

/* A required vector of n floats. */
phi_status phi_bind_vector(phi_binder *b, phi_matrix *out, const char *pattern, int32_t layer, int32_t n);
phi_status phi_bind_matrix(phi_binder *b, phi_matrix *out, const char *name, int32_t n_rows, int32_t n_cols);
/* The next part of *out, whose n_cols is set: a required matrix of n_rows rows. */
phi_status phi_bind_part(phi_binder *b, phi_linear *out, const char *pattern, int32_t layer, int32_t n_rows);

/* model->vision, where the file has a vision part (vision_bind.c). */
phi_status phi_bind_vision(phi_binder *b);

#endif
