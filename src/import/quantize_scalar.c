#include <math.h>
#include <string.h>

#include "half.h"
#include "quantize.h"

enum { BLOCK = 32 };

static bool expand_q8_0(float *out, const uint8_t *row, size_t n)
{
    bool is_finite = true;
    for (size_t b = 0; b < n / BLOCK; b++, row += 34) {
        const uint16_t half = phi_load_u16(row);
        const float d = phi_f16_to_f32(half);
        is_finite = is_finite && (half & 0x7c00u) != 0x7c00u;
        for (size_t j = 0; j < BLOCK; j++)
            out[b * BLOCK + j] = d * (float)(int8_t)row[2 + j];
    }
    return is_finite;
}

static bool expand(float *out, const uint8_t *row, phi_dtype from, size_t n)
{
    uint32_t largest = 0;
    if (from == PHI_DTYPE_Q8_0)
        return expand_q8_0(out, row, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = from == PHI_DTYPE_F32   ? phi_load_f32(row + 4 * i)
                 : from == PHI_DTYPE_F16 ? phi_f16_to_f32(phi_load_u16(row + 2 * i))
                                         : phi_bf16_to_f32(phi_load_u16(row + 2 * i));
        const uint32_t magnitude = phi_f32_to_bits(out[i]) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest < 0x7f800000u;
}

static bool to_q4_0(uint8_t *out, const float *x, size_t n)
{
    bool is_finite = true;
    for (size_t b = 0; b < n / BLOCK; b++, x += BLOCK, out += 18) {
        float most = 0.0f;
        for (size_t j = 0; j < BLOCK; j++)
            most = fabsf(x[j]) > fabsf(most) ? x[j] : most;
        const float d = most / -8.0f;
        const float inverse = phi_quantize_inverse(d);
        is_finite = phi_quantize_put_half(out, d) && is_finite;
        for (size_t j = 0; j < BLOCK / 2; j++) {
            const float low = x[j] * inverse + 8.5f;
            const float high = x[j + BLOCK / 2] * inverse + 8.5f;
            out[2 + j] = (uint8_t)((low < 15.0f ? (int)low : 15) | (high < 15.0f ? (int)high : 15) << 4);
        }
    }
    return is_finite;
}

static bool to_q8_0(uint8_t *out, const float *x, size_t n)
{
    bool is_finite = true;
    for (size_t b = 0; b < n / BLOCK; b++, x += BLOCK, out += 34) {
        float most = 0.0f;
        for (size_t j = 0; j < BLOCK; j++)
            most = fabsf(x[j]) > most ? fabsf(x[j]) : most;
        const float d = most / 127.0f;
        const float inverse = phi_quantize_inverse(d);
        is_finite = phi_quantize_put_half(out, d) && is_finite;
        for (size_t j = 0; j < BLOCK; j++)
            out[2 + j] = (uint8_t)(int8_t)rintf(x[j] * inverse);
    }
    return is_finite;
}

const phi_quantizers phi_quantizers_scalar = {expand, to_q4_0, to_q8_0};

static bool to_f16(uint8_t *out, const float *x, size_t n)
{
    bool fits = true;
    for (size_t i = 0; i < n; i++) {
        fits = phi_quantize_put_half(out + 2 * i, x[i]) && fits;
    }
    return fits;
}

bool phi_quantize_row(uint8_t *out, const uint8_t *row, phi_row_kind kind, float *room, const phi_quantizers *q)
{
    const phi_dtype_info *info = phi_dtype_get(kind.from);
    if (kind.to == kind.from) {
        memcpy(out, row, kind.n / info->block_elements * info->block_bytes);
        return true;
    }
    if (!q->expand(room, row, kind.from, kind.n))
        return false;
    switch (kind.to) {
    case PHI_DTYPE_F32:
        memcpy(out, room, kind.n * sizeof *room);
        return true;
    case PHI_DTYPE_F16:
        return to_f16(out, room, kind.n);
    case PHI_DTYPE_Q8_0:
        return q->to_q8_0(out, room, kind.n);
    case PHI_DTYPE_Q4_0:
        return q->to_q4_0(out, room, kind.n);
    default:
        return false;
    }
}
