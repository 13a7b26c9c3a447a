/* Dot products with float weights as files store them. Scalar: the specification. */
#include "f32_math.h"
#include "kernels_f32.h"

typedef float load_fn(const uint8_t *w);

static float load_f32(const uint8_t *w)
{
    return phi_load_f32(w);
}

/* Infinity and NaN read as large numbers, see phi_f16_shifted: no usable model has such weights. */
static float load_f16(const uint8_t *w)
{
    return phi_f16_shifted(phi_load_u16(w)) * 0x1p112f;
}

static float load_bf16(const uint8_t *w)
{
    return phi_bf16_to_f32(phi_load_u16(w));
}

static inline float dot(const float *x, const uint8_t *w, int32_t n_cols, size_t item_bytes, load_fn *load)
{
    float partial[8] = {0};
    for (int32_t k = 0; k < n_cols; k++)
        partial[k % 8] += x[k] * load(w + (size_t)k * item_bytes);
    return phi_sum8(partial);
}

static inline void dot_rows(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w, int32_t n_rows,
                            int32_t n_cols, size_t item_bytes, load_fn *load)
{
    const size_t row_bytes = (size_t)n_cols * item_bytes;
    for (int32_t t = 0; t < n_tokens; t++)
        for (int32_t r = 0; r < n_rows; r++)
            y[(size_t)t * (size_t)y_stride + (size_t)r] = dot(
                x + (size_t)t * (size_t)n_cols, (const uint8_t *)w + (size_t)r * row_bytes, n_cols, item_bytes, load);
}

void phi_f32_dot_f32__scalar(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                             int32_t n_rows, int32_t n_cols)
{
    dot_rows(y, y_stride, x, n_tokens, w, n_rows, n_cols, 4, load_f32);
}

void phi_f32_dot_f16__scalar(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                             int32_t n_rows, int32_t n_cols)
{
    dot_rows(y, y_stride, x, n_tokens, w, n_rows, n_cols, 2, load_f16);
}

void phi_f32_dot_bf16__scalar(float *y, int32_t y_stride, const float *x, int32_t n_tokens, const void *w,
                              int32_t n_rows, int32_t n_cols)
{
    dot_rows(y, y_stride, x, n_tokens, w, n_rows, n_cols, 2, load_bf16);
}

void phi_f32_from_f16__scalar(float *out, const uint8_t *row, int32_t n_cols)
{
    for (int32_t k = 0; k < n_cols; k++)
        out[k] = load_f16(row + 2 * (size_t)k);
}

void phi_f32_from_bf16__scalar(float *out, const uint8_t *row, int32_t n_cols)
{
    for (int32_t k = 0; k < n_cols; k++)
        out[k] = load_bf16(row + 2 * (size_t)k);
}
