/* Attention of eight queries at a time among tokens that all see each other. Scalar: the specification. */
#include <math.h>

#include "f32_math.h"
#include "kernels_f32.h"

void phi_f32_product8__scalar(float *c, const float *a, const float *b, int32_t n_k, int32_t n_quads)
{
    for (int32_t r = 0; r < n_quads * 4; r++) {
        const float *row = a + (size_t)(r / 4) * (size_t)n_k * 4 + r % 4;
        for (int32_t i = 0; i < 8; i++) {
            float sum = 0.0f;
            for (int32_t k = 0; k < n_k; k++)
                sum += row[(ptrdiff_t)k * 4] * b[(ptrdiff_t)k * 8 + i];
            c[(ptrdiff_t)r * 8 + i] = sum;
        }
    }
}

/* A NaN score makes its column's inverse NaN. */
void phi_f32_softmax8__scalar(float *x, float *inverse, int32_t n)
{
    for (int32_t i = 0; i < 8; i++) {
        float max = -INFINITY, sum = 0.0f;
        for (int32_t j = 0; j < n; j++)
            max = max < x[j * 8 + i] ? x[j * 8 + i] : max;
        for (int32_t j = 0; j < n; j++) {
            x[j * 8 + i] = phi_exp_f32(x[j * 8 + i] - max);
            sum += x[j * 8 + i];
        }
        inverse[i] = 1.0f / sum;
    }
}
