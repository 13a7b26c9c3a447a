#include <math.h>
#include <string.h>

#include "resample.h"

static double triangle(double distance)
{
    const double d = fabs(distance);
    return d < 1.0 ? 1.0 - d : 0.0;
}

/* Where the samples of one output lie, as Pillow computes it: in doubles, in this order. */
typedef struct window {
    double centre;
    double shrink; /* input samples an output one, at least 1 */
    int32_t first, count;
} window;

static window find_window(int32_t i, int32_t n_in, int32_t n_out)
{
    const double scale = (double)n_in / (double)n_out;
    window w = {.centre = ((double)i + 0.5) * scale, .shrink = scale < 1.0 ? 1.0 : scale};
    const int32_t first = (int32_t)(w.centre - w.shrink + 0.5);
    const int32_t end = (int32_t)(w.centre + w.shrink + 0.5);
    w.first = first < 0 ? 0 : first;
    w.count = (end > n_in ? n_in : end) - w.first;
    return w;
}

static void fill_weights(int32_t *weight, double *exact, const window *w, bool mirrors)
{
    double sum = 0.0;
    for (int32_t k = 0; k < w->count; k++) {
        exact[k] = triangle(((double)(k + w->first) - w->centre + 0.5) * (1.0 / w->shrink));
        sum += exact[k];
    }
    for (int32_t k = 0; k < w->count; k++) {
        const double share = sum != 0.0 ? exact[k] / sum : exact[k];
        weight[mirrors ? w->count - 1 - k : k] = (int32_t)(0.5 + share * (1 << PHI_TAPS_BITS));
    }
}

static void pair_weights(phi_taps *taps)
{
    const size_t n_pairs = (size_t)taps->n_out * (size_t)taps->stride / 2;
    for (size_t i = 0; i < n_pairs; i++) {
        const uint32_t even = (uint32_t)taps->weight[2 * i], odd = (uint32_t)taps->weight[2 * i + 1];
        taps->low[i] = (even & 0x7fff) | (odd & 0x7fff) << 16;
        taps->high[i] = even >> 15 | (odd >> 15) << 16;
    }
}

phi_status phi_taps_init(phi_taps *taps, phi_arena *arena, int32_t n_in, int32_t n_out, bool mirrors, phi_error *err)
{
    const window widest = find_window(0, n_in, n_out);
    /* ceil(support) on both sides and the centre; one more where that is odd, for the pairs. */
    const int32_t stride = (int32_t)ceil(widest.shrink) * 2 + 2;
    *taps = (phi_taps){.n_in = n_in, .n_out = n_out, .stride = stride};
    const size_t n = (size_t)n_out, n_weights = n * (size_t)stride;
    taps->first = phi_arena_array(arena, int32_t, n);
    taps->count = phi_arena_array(arena, int32_t, n);
    taps->weight = phi_arena_zeroed(arena, int32_t, n_weights);
    taps->low = phi_arena_array(arena, uint32_t, n_weights / 2);
    taps->high = phi_arena_array(arena, uint32_t, n_weights / 2);
    double *exact = phi_arena_array(arena, double, (size_t)stride);
    if (!taps->first || !taps->count || !taps->weight || !taps->low || !taps->high || !exact)
        return phi_fail(err, PHI_ENOMEM, "picture: no memory for the weights of %d samples from %d", n_out, n_in);
    for (int32_t i = 0; i < n_out; i++) {
        const window w = find_window(i, n_in, n_out);
        fill_weights(taps->weight + (size_t)i * (size_t)stride, exact, &w, mirrors);
        taps->first[i] = mirrors ? n_in - w.first - w.count : w.first;
        taps->count[i] = w.count;
    }
    pair_weights(taps);
    return PHI_OK;
}
