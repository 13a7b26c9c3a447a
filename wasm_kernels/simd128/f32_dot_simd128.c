/* Dot products with float weights, 128-bit. The specification is f32_dot_scalar.c.
 *
 * A tile of rows x tokens keeps two accumulators (eight partial sums) for each pair. One token takes four rows at a
 * time, several tokens two by two: eight accumulators, and x, w and products fit the other eight registers. For
 * several tokens halves are better turned into floats once (dequantize, below): dot_float takes them one by one. */
#include "f32_simd.h"
#include "kernels_f32.h"

enum { TILE_MAX = 4, STEP = 8 };

typedef struct dot_constants {
    v128_t mask;   /* of simd_f16x8_shifted */
    v128_t factor; /* 2^112 */
} dot_constants;

typedef simd_pair load8_fn(const uint8_t *w, const dot_constants *c);

PHI_ALWAYS_INLINE simd_pair load8_f32(const uint8_t *w, const dot_constants *c)
{
    (void)c;
    return (simd_pair){wasm_v128_load(w), wasm_v128_load(w + 16)};
}

PHI_ALWAYS_INLINE simd_pair load8_f16(const uint8_t *w, const dot_constants *c)
{
    const simd_pair shifted = simd_f16x8_shifted(wasm_v128_load(w), c->mask);
    return (simd_pair){wasm_f32x4_mul(shifted.low, c->factor), wasm_f32x4_mul(shifted.high, c->factor)};
}

PHI_ALWAYS_INLINE simd_pair load8_bf16(const uint8_t *w, const dot_constants *c)
{
    (void)c;
    const v128_t h = wasm_v128_load(w), zero = wasm_i16x8_splat(0);
    return (simd_pair){wasm_i16x8_shuffle(zero, h, 0, 8, 1, 9, 2, 10, 3, 11),
                       wasm_i16x8_shuffle(zero, h, 4, 12, 5, 13, 6, 14, 7, 15)};
}

/* One tile's operands; the strides go from row to row. */
typedef struct dot_tile {
    float *y;
    const float *x;
    const uint8_t *w;
    size_t y_stride, x_stride, w_stride; /* floats, floats, bytes */
    int32_t n_cols;
    size_t item_bytes;
} dot_tile;

PHI_ALWAYS_INLINE void add_step(simd_pair *sums, const simd_pair *w, const float *x)
{
    const v128_t low = wasm_v128_load(x), high = wasm_v128_load(x + 4);
    sums->low = simd_mul_add(low, w->low, sums->low);
    sums->high = simd_mul_add(high, w->high, sums->high);
}

/* The last n_cols % 8 columns, filled up with zeros: a product of zeros changes no partial sum, since these start at +0
 * and cannot become -0. */
PHI_ALWAYS_INLINE void add_tail(simd_pair sums[TILE_MAX][TILE_MAX], const dot_tile *t, int n_rows, int n_tokens,
                                const dot_constants *c, load8_fn *load8)
{
    const int32_t k = t->n_cols / STEP * STEP, n_left = t->n_cols - k;
    for (int r = 0; r < n_rows; r++) {
        uint8_t weights[STEP * 4] = {0};
        memcpy(weights, t->w + (size_t)r * t->w_stride + (size_t)k * t->item_bytes, (size_t)n_left * t->item_bytes);
        const simd_pair w = load8(weights, c);
        for (int i = 0; i < n_tokens; i++) {
            float x[STEP] = {0};
            memcpy(x, t->x + (size_t)i * t->x_stride + k, (size_t)n_left * sizeof(float));
            add_step(&sums[r][i], &w, x);
        }
    }
}

PHI_ALWAYS_INLINE void run_tile(const dot_tile *t, int n_rows, int n_tokens, load8_fn *load8)
{
    simd_pair sums[TILE_MAX][TILE_MAX];
    for (int r = 0; r < n_rows; r++)
        for (int i = 0; i < n_tokens; i++)
            sums[r][i] = (simd_pair){wasm_f32x4_splat(0), wasm_f32x4_splat(0)};
    static const float factor = 0x1p112f;
    const dot_constants c = {simd_keep(&simd_word_mask), simd_keep_f32(&factor)};
    for (int32_t k = 0; k + STEP <= t->n_cols; k += STEP)
        for (int r = 0; r < n_rows; r++) {
            const simd_pair w = load8(t->w + (size_t)r * t->w_stride + (size_t)k * t->item_bytes, &c);
            for (int i = 0; i < n_tokens; i++)
                add_step(&sums[r][i], &w, t->x + (size_t)i * t->x_stride + k);
        }
    if (t->n_cols % STEP)
        add_tail(sums, t, n_rows, n_tokens, &c, load8);
    for (int r = 0; r < n_rows; r++)
        for (int i = 0; i < n_tokens; i++)
            t->y[(size_t)i * t->y_stride + (size_t)r] = simd_sum8(sums[r][i].low, sums[r][i].high);
}

PHI_ALWAYS_INLINE dot_tile tile_at(dot_tile t, int32_t row, int32_t token)
{
    t.y += (size_t)token * t.y_stride + (size_t)row;
    t.x += (size_t)token * t.x_stride;
    t.w += (size_t)row * t.w_stride;
    return t;
}

/* One token by four rows, several by two rows and two tokens where `is_paired`; what is left one by one. */
PHI_ALWAYS_INLINE void run_rows(dot_tile t, int32_t n_rows, int32_t n_tokens, load8_fn *load8, bool is_paired)
{
    const int32_t n_taken = n_tokens == 1 ? 4 : 2;
    for (int32_t row = 0; row < n_rows; row += n_taken) {
        const int32_t n_left = n_rows - row < n_taken ? n_rows - row : n_taken;
        int32_t token = 0;
        if (n_left == 4) {
            const dot_tile tile = tile_at(t, row, token++);
            run_tile(&tile, 4, 1, load8);
        }
        for (; is_paired && n_left == 2 && token + 2 <= n_tokens; token += 2) {
            const dot_tile tile = tile_at(t, row, token);
            run_tile(&tile, 2, 2, load8);
        }
        for (; token < n_tokens; token++)
            for (int32_t r = row; r < row + n_left; r++) {
                const dot_tile tile = tile_at(t, r, token);
                run_tile(&tile, 1, 1, load8);
            }
    }
}

static inline dot_tile tile_of(float *y, int32_t y_stride, const float *x, const void *w, int32_t n_cols,
                               size_t item_bytes)
{
    return (dot_tile){y, x, w, (size_t)y_stride, (size_t)n_cols, (size_t)n_cols * item_bytes, n_cols, item_bytes};
}

void phi_f32_dot_f32__simd128(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                              int32_t n_rows, int32_t n_cols)
{
    run_rows(tile_of(y, y_stride, x, w, n_cols, 4), n_rows, n_tokens, load8_f32, true);
}

void phi_f32_dot_f16__simd128(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                              int32_t n_rows, int32_t n_cols)
{
    run_rows(tile_of(y, y_stride, x, w, n_cols, 2), n_rows, n_tokens, load8_f16, false);
}

void phi_f32_dot_bf16__simd128(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                               int32_t n_rows, int32_t n_cols)
{
    run_rows(tile_of(y, y_stride, x, w, n_cols, 2), n_rows, n_tokens, load8_bf16, false);
}

PHI_ALWAYS_INLINE void decode_row(float *out, const uint8_t *row, int32_t n_cols, load8_fn *load8)
{
    static const float factor = 0x1p112f;
    const dot_constants c = {simd_keep(&simd_word_mask), simd_keep_f32(&factor)};
    PHI_ROLLED
    for (; n_cols > 0; n_cols -= STEP, row += 2 * STEP, out += STEP) {
        uint8_t tail[2 * STEP] = {0};
        float decoded[STEP];
        if (n_cols < STEP)
            memcpy(tail, row, (size_t)n_cols * 2);
        const simd_pair w = load8(n_cols < STEP ? tail : row, &c);
        float *to = n_cols < STEP ? decoded : out;
        wasm_v128_store(to, w.low);
        wasm_v128_store(to + 4, w.high);
        if (n_cols < STEP)
            memcpy(out, decoded, (size_t)n_cols * sizeof(float));
    }
}

void phi_f32_from_f16__simd128(float *out, const uint8_t *row, int32_t n_cols)
{
    decode_row(out, row, n_cols, load8_f16);
}

void phi_f32_from_bf16__simd128(float *out, const uint8_t *row, int32_t n_cols)
{
    decode_row(out, row, n_cols, load8_bf16);
}
