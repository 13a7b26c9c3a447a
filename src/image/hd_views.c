#include "hd_views.h"

#include <math.h>
#include <stddef.h>

enum { CHANNELS = 3, LEVELS = 256, TAPS = 4 };

static const float CUBIC_A = -0.75f;

/* The normalised value of every byte, by channel: a picture has far more pixels than these. */
typedef struct level_table {
    float of[CHANNELS][LEVELS];
} level_table;

/* One output coordinate's source pixels, clamped to the picture, and their weights. */
typedef struct cubic_taps {
    int32_t at[TAPS];
    float weight[TAPS];
} cubic_taps;

static void fill_levels(level_table *table, const phi_hd_norm *norm)
{
    for (int32_t c = 0; c < CHANNELS; c++) {
        for (int32_t v = 0; v < LEVELS; v++)
            table->of[c][v] = ((float)v / 255.0f - norm->mean[c]) / norm->std[c];
    }
}

void phi_hd_tile(float *out, const uint8_t *corner, int32_t width, int32_t S, const phi_hd_norm *norm)
{
    level_table table;
    const size_t plane = (size_t)S * (size_t)S;
    fill_levels(&table, norm);
    for (int32_t y = 0; y < S; y++) {
        const uint8_t *in = corner + (size_t)y * (size_t)width * CHANNELS;
        float *row = out + (size_t)y * (size_t)S;
        for (int32_t x = 0; x < S; x++, in += CHANNELS) {
            row[x] = table.of[0][in[0]];
            row[plane + (size_t)x] = table.of[1][in[1]];
            row[2 * plane + (size_t)x] = table.of[2][in[2]];
        }
    }
}

/* Keys' cubic for a distance below 1, and for one of 1 to 2. */
static float cubic_near(float d)
{
    return ((CUBIC_A + 2.0f) * d - (CUBIC_A + 3.0f)) * d * d + 1.0f;
}

static float cubic_far(float d)
{
    return ((CUBIC_A * d - 5.0f * CUBIC_A) * d + 8.0f * CUBIC_A) * d - 4.0f * CUBIC_A;
}

static void find_taps(cubic_taps *taps, int32_t i, float step, int32_t n_source)
{
    const float centre = step * ((float)i + 0.5f) - 0.5f;
    const float below = floorf(centre);
    const float t = centre - below;
    for (int32_t k = 0; k < TAPS; k++) {
        const int32_t at = (int32_t)below - 1 + k;
        taps->at[k] = at < 0 ? 0 : at >= n_source ? n_source - 1 : at;
    }
    taps->weight[0] = cubic_far(t + 1.0f);
    taps->weight[1] = cubic_near(t);
    taps->weight[2] = cubic_near(1.0f - t);
    taps->weight[3] = cubic_far(2.0f - t);
}

void phi_hd_global(float *out, const uint8_t *rgb, int32_t width, int32_t height, int32_t S, const phi_hd_norm *norm)
{
    level_table table;
    const size_t plane = (size_t)S * (size_t)S;
    const float step_x = (float)width / (float)S;
    const float step_y = (float)height / (float)S;
    fill_levels(&table, norm);
    for (int32_t y = 0; y < S; y++) {
        cubic_taps down;
        find_taps(&down, y, step_y, height);
        for (int32_t x = 0; x < S; x++) {
            cubic_taps across;
            float sum[CHANNELS] = {0};
            find_taps(&across, x, step_x, width);
            for (int32_t k = 0; k < TAPS * TAPS; k++) {
                const size_t pixel = (size_t)down.at[k / TAPS] * (size_t)width + (size_t)across.at[k % TAPS];
                const float weight = down.weight[k / TAPS] * across.weight[k % TAPS];
                for (int32_t c = 0; c < CHANNELS; c++)
                    sum[c] += weight * table.of[c][rgb[pixel * CHANNELS + (size_t)c]];
            }
            for (int32_t c = 0; c < CHANNELS; c++)
                out[(size_t)c * plane + (size_t)y * (size_t)S + (size_t)x] = sum[c];
        }
    }
}
