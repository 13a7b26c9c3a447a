/* What a model sees with: CLIP's encoder over square tiles, and what makes its outputs vectors among those of tokens.
 *
 *   padded picture: a grid of tiles (S x S pixels), each of n x n patches; and the whole of it, shrunk to one tile
 *   each tile       patches + class -> layers -> the class is dropped, 2 x 2 patches become one (m = n / 2 a side)
 *   sequence        the grid row by row (rows m, columns' m + 1 with a separator behind each row), one separator,
 *                   the whole picture (m rows of m + 1): phi_vision_n_tokens() vectors
 *   projector       of each vector: linear, GELU, linear
 *
 * hf modeling_phi3_v.py, hd_feature_transform with order sub_glb, writes the projector behind the assembly; a vector
 * does not depend on its neighbours, so here each tile is projected when it is done and goes to its place. */
#ifndef PHI_VISION_H
#define PHI_VISION_H

#include "hd_views.h"
#include "model.h"

/* x += out(attn(norm x)); x += down(quick_gelu(up(norm x))) */
typedef struct phi_vision_layer {
    phi_norm attn_norm;
    phi_linear qkv;      /* (d_model) -> (3 d_model): all q heads, all k heads, all v heads */
    phi_linear attn_out; /* (d_model) -> (d_model) */
    phi_norm ffn_norm;
    phi_linear up;   /* (d_model) -> (d_inner) */
    phi_linear down; /* (d_inner) -> (d_model) */
} phi_vision_layer;

struct phi_vision {
    int32_t tile_size;  /* S, pixels */
    int32_t patch_size; /* p, pixels; divides S */
    int32_t n_side;     /* n = S / p, even */
    int32_t d_model;    /* not that of the text */
    int32_t d_inner;
    int32_t n_layers;
    int32_t n_crops; /* tiles at most that the model's own transform makes */
    phi_self_attention attention;
    phi_hd_norm pixel_norm;
    phi_matrix class_embedding; /* (d_model) */
    phi_linear patch;           /* (3 p p) -> (d_model), no bias */
    phi_matrix positions;       /* (n n + 1, d_model), the class first */
    phi_norm first_norm;
    phi_vision_layer *layers;  /* (n_layers) */
    phi_linear projector[2];   /* (4 d_model) -> (D) -> (D), D the text's d_model */
    phi_matrix row_separator;  /* (4 d_model), sub_GN */
    phi_matrix view_separator; /* (4 d_model), glb_GN */
};

/* Tiles of a padded picture. */
typedef struct phi_tile_grid {
    int32_t n_rows;
    int32_t n_cols;
} phi_tile_grid;

/* The grid of a padded picture. PHI_EINVAL: sides that are no multiples of the tile, too many tiles. */
phi_status phi_vision_grid(phi_tile_grid *out, const phi_vision *v, int32_t width, int32_t height, phi_error *err);
int32_t phi_vision_n_tokens(const phi_vision *v, phi_tile_grid grid);
int32_t phi_vision_n_steps(const phi_vision *v, phi_tile_grid grid);

/* A picture on its way. Dealt once from a fixed arena. */
typedef struct phi_vision_work {
    const phi_vision *vision;
    phi_tile_grid grid;
    phi_exec exec;   /* the caller sets kernels, pool and accuracy level */
    uint8_t *pixels; /* (n_rows S, n_cols S, 3) RGB: the caller fills it before the first step */
    float *x;        /* (T, d_model), T = n n + 1: the residual stream of one tile */
    float *normed;   /* (T, d_model) */
    float *wide;     /* (T, widest of the layers) */
    float *branch;   /* (T, d_model), or one tile's pixels */
} phi_vision_work;

/* Of a padded picture, RGB. PHI_LIMIT_CROPS tiles of PHI_LIMIT_TILE pixels are 201 MB: any size_t holds that. */
size_t phi_vision_pixel_bytes(const phi_vision *v, phi_tile_grid grid);

/* Bytes that init takes; UINT64_MAX on overflow. */
uint64_t phi_vision_work_bytes(const phi_vision *v, phi_tile_grid grid, int32_t n_threads);
phi_status phi_vision_init(phi_vision_work *w, phi_arena *arena, const phi_vision *v, phi_tile_grid grid,
                           phi_error *err);
/* One layer of one tile, or its projection, in [0, n_steps), each once, ascending. The picture as a whole comes last.
 * features: (n_tokens, D), complete behind the last step. */
void phi_vision_step(phi_vision_work *w, float *features, int32_t step);

#endif
