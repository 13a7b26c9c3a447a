/* The specification of both passes. */
#include "resample.h"

enum { CHANNELS = 3 };

static uint8_t cut(int64_t sum)
{
    const int64_t value = sum >> PHI_TAPS_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void phi_resample_rows_scalar(uint8_t *out, const uint8_t *in, int32_t n_rows, const phi_taps *taps)
{
    for (int32_t y = 0; y < n_rows; y++, in += (size_t)taps->n_in * CHANNELS) {
        for (int32_t i = 0; i < taps->n_out * CHANNELS; i++) {
            const int32_t x = i / CHANNELS;
            const uint8_t *sample = in + (size_t)taps->first[x] * CHANNELS + i % CHANNELS;
            const int32_t *weight = taps->weight + (size_t)x * (size_t)taps->stride;
            int64_t sum = 1 << (PHI_TAPS_BITS - 1);
            for (int32_t k = 0; k < taps->count[x]; k++)
                sum += (int64_t)sample[(size_t)k * CHANNELS] * weight[k];
            *out++ = cut(sum);
        }
    }
}

void phi_resample_columns_scalar(uint8_t *out, const uint8_t *in, size_t row_bytes, const phi_taps *taps)
{
    for (int32_t y = 0; y < taps->n_out; y++) {
        const uint8_t *rows = in + (size_t)taps->first[y] * row_bytes;
        const int32_t *weight = taps->weight + (size_t)y * (size_t)taps->stride;
        for (size_t i = 0; i < row_bytes; i++) {
            int64_t sum = 1 << (PHI_TAPS_BITS - 1);
            for (int32_t k = 0; k < taps->count[y]; k++)
                sum += (int64_t)rows[(size_t)k * row_bytes + i] * weight[k];
            *out++ = cut(sum);
        }
    }
}
