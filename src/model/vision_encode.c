/* A padded picture into vectors, one layer of one tile a call, so that the caller can cancel or breathe between. */
#include <string.h>

#include "limits.h"
#include "vision.h"

enum { CHANNELS = 3, MERGED = 4 /* patches in one vector: 2 x 2 */ };

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* m: vectors on a side of a tile. */
static int32_t merged_side(const phi_vision *v)
{
    return v->n_side / 2;
}

phi_status phi_vision_grid(phi_tile_grid *out, const phi_vision *v, int32_t width, int32_t height, phi_error *err)
{
    const int32_t S = v->tile_size;
    *out = (phi_tile_grid){height / S, width / S};
    if (width > 0 && height > 0 && width % S == 0 && height % S == 0 &&
        (int64_t)out->n_rows * out->n_cols <= PHI_LIMIT_CROPS)
        return PHI_OK;
    return phi_fail(err, PHI_EINVAL,
                    "image: %d x %d pixels; expected multiples of %d and at most %d tiles of that size", (int)width,
                    (int)height, (int)S, PHI_LIMIT_CROPS);
}

/* Vectors of the tiles, each row's separator included. */
static int32_t count_grid_vectors(const phi_vision *v, phi_tile_grid grid)
{
    const int32_t m = merged_side(v);
    return grid.n_rows * m * (grid.n_cols * m + 1);
}

int32_t phi_vision_n_tokens(const phi_vision *v, phi_tile_grid grid)
{
    return count_grid_vectors(v, grid) + 1 + count_grid_vectors(v, (phi_tile_grid){1, 1});
}

int32_t phi_vision_n_steps(const phi_vision *v, phi_tile_grid grid)
{
    return (grid.n_rows * grid.n_cols + 1) * (v->n_layers + 1);
}

/* The one list of the activation buffers, in floats. */
typedef struct buffer_plan {
    size_t x, wide, branch;
} buffer_plan;

static buffer_plan plan_buffers(const phi_vision *v)
{
    const size_t T = (size_t)v->attention.n_tokens;
    const size_t h = (size_t)v->d_model;
    const size_t pixels = CHANNELS * (size_t)v->tile_size * (size_t)v->tile_size;
    const size_t projected = (T - 1) / MERGED * (size_t)v->projector[1].n_rows;
    const size_t row = max_size(3 * h, (size_t)v->d_inner);
    return (buffer_plan){.x = T * h,
                         .wide = max_size(T * row, max_size(pixels, projected)),
                         .branch = max_size(T * h, max_size(pixels, projected))};
}

static phi_exec_shape exec_shape(const phi_vision *v)
{
    size_t cols = max_size((size_t)v->d_model * MERGED, (size_t)v->d_inner);
    cols = max_size(cols, max_size((size_t)v->patch.n_cols, (size_t)v->projector[1].n_cols));
    return (phi_exec_shape){.n_tokens_max = v->attention.n_tokens,
                            .n_cols_max = (int32_t)((cols + PHI_BLOCK_COLS - 1) & ~(size_t)(PHI_BLOCK_COLS - 1)),
                            .n_self_tokens = v->attention.n_tokens,
                            .self_head_dim = v->attention.head_dim};
}

size_t phi_vision_pixel_bytes(const phi_vision *v, phi_tile_grid grid)
{
    return (size_t)(grid.n_rows * grid.n_cols * CHANNELS) * (size_t)v->tile_size * (size_t)v->tile_size;
}

uint64_t phi_vision_work_bytes(const phi_vision *v, phi_tile_grid grid, int32_t n_threads)
{
    const buffer_plan p = plan_buffers(v);
    const phi_exec_shape shape = exec_shape(v);
    return phi_exec_bytes(&shape, n_threads) + phi_arena_cost(phi_vision_pixel_bytes(v, grid), 1) +
           2 * (uint64_t)phi_arena_cost(p.x, sizeof(float)) + phi_arena_cost(p.wide, sizeof(float)) +
           phi_arena_cost(p.branch, sizeof(float));
}

phi_status phi_vision_init(phi_vision_work *w, phi_arena *arena, const phi_vision *v, phi_tile_grid grid,
                           phi_error *err)
{
    const buffer_plan p = plan_buffers(v);
    const phi_exec_shape shape = exec_shape(v);
    w->vision = v;
    w->grid = grid;
    w->pixels = phi_arena_zeroed(arena, uint8_t, phi_vision_pixel_bytes(v, grid));
    w->x = phi_arena_array(arena, float, p.x);
    w->normed = phi_arena_array(arena, float, p.x);
    w->wide = phi_arena_array(arena, float, p.wide);
    w->branch = phi_arena_array(arena, float, p.branch);
    if (!w->pixels || !w->x || !w->normed || !w->wide || !w->branch)
        return phi_fail(err, PHI_ENOMEM, "image: the plan of its activations was too small");
    return phi_exec_init(&w->exec, arena, &shape, err);
}

/* Rows of the patch matrix: out (n n, 3 p p) from a tile (3, S, S). */
static void gather_patches(float *out, const float *tile, const phi_vision *v)
{
    const size_t p = (size_t)v->patch_size, S = (size_t)v->tile_size, n = (size_t)v->n_side;
    for (size_t patch = 0; patch < n * n; patch++) {
        const float *corner = tile + patch / n * p * S + patch % n * p;
        for (size_t line = 0; line < CHANNELS * p; line++, out += p)
            memcpy(out, corner + line / p * S * S + line % p * S, p * sizeof *out);
    }
}

/* hf modeling_clip.py: embeddings = cat([class, patches]) + positions; pre_layrnorm(embeddings) */
static void embed_tile(phi_vision_work *w, int32_t tile_idx)
{
    const phi_vision *v = w->vision;
    const phi_tile_grid g = w->grid;
    const int32_t S = v->tile_size, T = v->attention.n_tokens, h = v->d_model, width = g.n_cols * S;
    const size_t corner = (size_t)(tile_idx / g.n_cols * S) * (size_t)width + (size_t)(tile_idx % g.n_cols * S);
    if (tile_idx == g.n_rows * g.n_cols)
        phi_hd_global(w->branch, w->pixels, width, g.n_rows * S, S, &v->pixel_norm);
    else
        phi_hd_tile(w->branch, w->pixels + corner * CHANNELS, width, S, &v->pixel_norm);
    gather_patches(w->wide, w->branch, v);
    memcpy(w->x, phi_vector_data(&v->class_embedding), (size_t)h * sizeof(float));
    phi_linear_forward(&w->exec, w->x + h, w->wide, T - 1, &v->patch);
    for (int32_t t = 0; t < T; t++)
        phi_embed_rows(&w->exec, w->normed + (size_t)t * (size_t)h, &t, 1, &v->positions);
    phi_residual_forward(&w->exec, w->x, w->normed, T * h);
    phi_layer_norm_forward(&w->exec, w->x, w->x, T, &v->first_norm);
}

static void run_layer(phi_vision_work *w, const phi_vision_layer *layer)
{
    const phi_exec *x = &w->exec;
    const phi_self_attention *a = &w->vision->attention;
    const int32_t T = a->n_tokens, h = w->vision->d_model;
    phi_layer_norm_forward(x, w->normed, w->x, T, &layer->attn_norm);
    phi_linear_forward(x, w->wide, w->normed, T, &layer->qkv);
    phi_self_attention_forward(x, w->normed, w->wide, 1, a);
    phi_linear_forward(x, w->branch, w->normed, T, &layer->attn_out);
    phi_residual_forward(x, w->x, w->branch, T * h);

    phi_layer_norm_forward(x, w->normed, w->x, T, &layer->ffn_norm);
    phi_linear_forward(x, w->wide, w->normed, T, &layer->up);
    phi_linear_forward(x, w->branch, w->wide, T, &layer->down);
    phi_residual_forward(x, w->x, w->branch, T * h);
}

/* out (m m, 4 h): channel (dy 2 + dx) h + c of vector (i, j) is channel c of patch (2 i + dy, 2 j + dx); the class is
 * dropped. */
static void merge_patches(float *out, const float *x, const phi_vision *v)
{
    const size_t h = (size_t)v->d_model, n = (size_t)v->n_side, m = n / 2;
    for (size_t at = 0; at < m * m; at++) {
        for (size_t k = 0; k < MERGED; k++, out += h) {
            const size_t patch = (at / m * 2 + k / 2) * n + at % m * 2 + k % 2;
            memcpy(out, x + (1 + patch) * h, h * sizeof *out);
        }
    }
}

/* (n_vectors, D) in w->branch. */
static void project(phi_vision_work *w, const float *vectors, int32_t n_vectors)
{
    phi_linear_forward(&w->exec, w->wide, vectors, n_vectors, &w->vision->projector[0]);
    phi_linear_forward(&w->exec, w->branch, w->wide, n_vectors, &w->vision->projector[1]);
}

/* Separators: one projected vector, at `first` and every `step` vectors up to `end`. */
static void place_separators(phi_vision_work *w, float *features, const phi_matrix *separator, int32_t first,
                             int32_t step, int32_t end)
{
    const size_t d = (size_t)w->vision->projector[1].n_rows;
    project(w, phi_vector_data(separator), 1);
    for (int32_t at = first; at < end; at += step)
        memcpy(features + (size_t)at * d, w->branch, d * sizeof *features);
}

static void place_all_separators(phi_vision_work *w, float *features)
{
    const phi_vision *v = w->vision;
    const int32_t m = merged_side(v), stride = w->grid.n_cols * m + 1;
    const int32_t border = count_grid_vectors(v, w->grid);
    place_separators(w, features, &v->row_separator, stride - 1, stride, border);
    place_separators(w, features, &v->row_separator, border + 1 + m, m + 1, phi_vision_n_tokens(v, w->grid));
    place_separators(w, features, &v->view_separator, border, 1, border + 1);
}

static void project_tile(phi_vision_work *w, float *features, int32_t tile_idx)
{
    const phi_vision *v = w->vision;
    const phi_tile_grid g = w->grid;
    const bool is_whole = tile_idx == g.n_rows * g.n_cols;
    const int32_t m = merged_side(v);
    const int32_t stride = is_whole ? m + 1 : g.n_cols * m + 1;
    const int32_t first = is_whole ? count_grid_vectors(v, g) + 1
                                   : tile_idx / g.n_cols * m * stride + tile_idx % g.n_cols * m;
    const size_t row = (size_t)m * (size_t)v->projector[1].n_rows;
    merge_patches(w->normed, w->x, v);
    project(w, w->normed, m * m);
    for (int32_t i = 0; i < m; i++)
        memcpy(features + (size_t)(first + i * stride) * (row / (size_t)m), w->branch + (size_t)i * row,
               row * sizeof *features);
    if (is_whole)
        place_all_separators(w, features);
}

void phi_vision_step(phi_vision_work *w, float *features, int32_t step)
{
    const int32_t n_layers = w->vision->n_layers;
    const int32_t tile_idx = step / (n_layers + 1), l = step % (n_layers + 1);
    if (l == 0)
        embed_tile(w, tile_idx);
    if (l < n_layers)
        run_layer(w, &w->vision->layers[l]);
    else
        project_tile(w, features, tile_idx);
}
