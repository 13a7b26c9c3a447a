/* Element-wise float operations on one row. Scalar: the specification. */
#include <math.h>

#include "f32_math.h"
#include "kernels_f32.h"

/* hf modeling_phi3.py: hidden_states * torch.rsqrt(variance + eps), then weight * that. */
void phi_f32_rms_norm__scalar(float *y, const float *x, const float *w, int32_t n, float eps)
{
    float squares[8] = {0};
    for (int32_t i = 0; i < n; i++)
        squares[i % 8] += x[i] * x[i];
    const float inverse = 1.0f / sqrtf(phi_sum8(squares) / (float)n + eps);
    for (int32_t i = 0; i < n; i++)
        y[i] = w[i] * (x[i] * inverse);
}

void phi_f32_layer_norm__scalar(float *y, const float *x, const float *w, const float *b, int32_t n, float eps)
{
    float sums[8] = {0}, squares[8] = {0};
    for (int32_t i = 0; i < n; i++)
        sums[i % 8] += x[i];
    const float mean = phi_sum8(sums) / (float)n;
    for (int32_t i = 0; i < n; i++)
        squares[i % 8] += (x[i] - mean) * (x[i] - mean);
    const float inverse = 1.0f / sqrtf(phi_sum8(squares) / (float)n + eps);
    for (int32_t i = 0; i < n; i++)
        y[i] = w[i] * ((x[i] - mean) * inverse) + b[i];
}

void phi_f32_gelu__scalar(float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = phi_gelu_f32(x[i]);
}

/* hf activations.py, QuickGELUActivation: x * sigmoid(1.702 x) = x / (1 + exp(-1.702 x)). */
void phi_f32_quick_gelu__scalar(float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = x[i] / (1.0f + phi_exp_f32(x[i] * -1.702f));
}

/* gate * sigmoid(gate) = gate / (1 + exp(-gate)). */
void phi_f32_silu_mul__scalar(float *y, const float *gate, const float *up, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        y[i] = up[i] * (gate[i] / (1.0f + phi_exp_f32(-gate[i])));
}

void phi_f32_add__scalar(float *y, const float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* The quotient is a product with the sum's reciprocal. A NaN score makes all of them NaN, through the sum. */
void phi_f32_softmax__scalar(float *x, int32_t n)
{
    float max = -INFINITY;
    for (int32_t i = 0; i < n; i++)
        max = max < x[i] ? x[i] : max;
    float sums[8] = {0};
    for (int32_t i = 0; i < n; i++) {
        x[i] = phi_exp_f32(x[i] - max);
        sums[i % 8] += x[i];
    }
    const float inverse = 1.0f / phi_sum8(sums);
    for (int32_t i = 0; i < n; i++)
        x[i] *= inverse;
}

/* hf modeling_phi3.py: q * cos + rotate_half(q) * sin. */
void phi_f32_rope_neox__scalar(float *x, const float *cos, const float *sin, int32_t n_rot)
{
    float *high = x + n_rot / 2;
    for (int32_t i = 0; i < n_rot / 2; i++) {
        const float a = x[i], b = high[i];
        x[i] = a * cos[i] - b * sin[i];
        high[i] = b * cos[i] + a * sin[i];
    }
}

void phi_f32_rope_pairs__scalar(float *x, const float *cos, const float *sin, int32_t n_rot)
{
    for (int32_t i = 0; i < n_rot / 2; i++) {
        const float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i] = a * cos[i] - b * sin[i];
        x[2 * i + 1] = b * cos[i] + a * sin[i];
    }
}

void phi_f32_to_f16__scalar(uint16_t *out, const float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        out[i] = phi_f32_to_f16(x[i]);
}
