/* Phi-3-vision's HD transform.
 *
 * Microsoft's code works on a picture that lies down: one that is higher than wide is transposed before and after. Its
 * rows are then resampled first, its columns after, which is another result than the other way round, as each pass
 * rounds to bytes. Here nothing is turned: the pass along the longer side comes first, whichever side that is of what
 * the file stores, and what is mirrored is read from the far end. Only EXIF's orientations 5 to 8 leave a
 * transposition, of the small result. */
#include "hd_transform.h"

#include <math.h>
#include <string.h>

#include "resample.h"

enum { CHANNELS = 3, WHITE = 255 };

static int32_t round_up(int32_t value, int32_t step)
{
    return (value + step - 1) / step * step;
}

phi_hd_plan phi_hd_plan_make(int32_t width, int32_t height, int32_t n_crops, int32_t tile)
{
    const bool is_upright = width < height;
    const int32_t long_side = is_upright ? height : width, short_side = is_upright ? width : height;
    const double ratio = (double)long_side / (double)short_side;
    int32_t n_long = 1;
    while (n_long * ceil(n_long / ratio) <= n_crops)
        n_long++;
    n_long--;
    const int32_t new_long = n_long * tile;
    /* Microsoft's code fails for a picture more than new_long times as long as it is wide, of which no row would be
     * left. Such a picture is odd, not wrong: it keeps one. */
    const int32_t truncated = (int32_t)((double)new_long / ratio);
    const int32_t new_short = truncated < 1 ? 1 : truncated;
    const int32_t padded_short = round_up(new_short, tile);
    const int32_t before = (padded_short - new_short) / 2;
    if (is_upright)
        return (phi_hd_plan){new_short, new_long, padded_short, new_long, before, 0};
    return (phi_hd_plan){new_long, new_short, new_long, padded_short, 0, before};
}

/* Row by row, or transposed, to its place in the padding. */
static void place(uint8_t *out, const phi_hd_plan *plan, const uint8_t *resized, bool is_transposed)
{
    const size_t out_row_bytes = (size_t)plan->padded_width * CHANNELS;
    const size_t step = is_transposed ? (size_t)plan->height * CHANNELS : CHANNELS;
    memset(out, WHITE, (size_t)plan->padded_height * out_row_bytes);
    for (int32_t y = 0; y < plan->height; y++) {
        uint8_t *to = out + (size_t)(plan->top + y) * out_row_bytes + (size_t)plan->left * CHANNELS;
        const uint8_t *from = resized + (size_t)y * (is_transposed ? CHANNELS : (size_t)plan->width * CHANNELS);
        for (int32_t x = 0; x < plan->width; x++, to += CHANNELS, from += step)
            memcpy(to, from, CHANNELS);
    }
}

/* What the passes need, by the directions of what is stored. */
typedef struct hd_passes {
    phi_taps across, down;
    bool goes_across_first;
    uint8_t *between, *resized;
} hd_passes;

static phi_status reserve(hd_passes *s, phi_arena *arena, const phi_hd_plan *plan, const phi_picture *picture,
                          phi_error *err)
{
    const int32_t orientation = picture->orientation;
    const bool swaps = phi_orientation_swaps(orientation);
    const bool is_upright = swaps ? picture->height < picture->width : picture->width < picture->height;
    const int32_t columns = swaps ? plan->height : plan->width, rows = swaps ? plan->width : plan->height;
    PHI_TRY(
        phi_taps_init(&s->across, arena, picture->width, columns, phi_orientation_mirrors_columns(orientation), err));
    PHI_TRY(phi_taps_init(&s->down, arena, picture->height, rows, phi_orientation_mirrors_rows(orientation), err));
    s->goes_across_first = is_upright == swaps;
    const size_t n_between = s->goes_across_first ? (size_t)picture->height * (size_t)columns
                                                  : (size_t)rows * (size_t)picture->width;
    s->between = phi_arena_array(arena, uint8_t, n_between * CHANNELS + PHI_PICTURE_SLACK);
    s->resized = phi_arena_array(arena, uint8_t, (size_t)rows * (size_t)columns * CHANNELS);
    if (s->between && s->resized)
        return PHI_OK;
    (void)phi_fail(err, PHI_ENOMEM, "picture: no memory to resize %d x %d pixels to %d x %d", picture->width,
                   picture->height, columns, rows);
    if (err)
        err->requested = (uint64_t)n_between * CHANNELS;
    return PHI_ENOMEM;
}

static void resize(const hd_passes *s, const phi_picture *picture)
{
    if (s->goes_across_first) {
        phi_resample_rows_simd128(s->between, picture->rgb, picture->height, &s->across);
        phi_resample_columns_simd128(s->resized, s->between, (size_t)s->across.n_out * CHANNELS, &s->down);
    } else {
        phi_resample_columns_simd128(s->between, picture->rgb, (size_t)picture->width * CHANNELS, &s->down);
        phi_resample_rows_simd128(s->resized, s->between, s->down.n_out, &s->across);
    }
}

phi_status phi_hd_transform(uint8_t *out, const phi_hd_plan *plan, const phi_picture *picture, phi_error *err)
{
    enum { BLOCK_BYTES = 1 << 20 };
    phi_arena arena;
    hd_passes passes;
    phi_arena_init(&arena, BLOCK_BYTES);
    const phi_status status = reserve(&passes, &arena, plan, picture, err);
    if (status == PHI_OK) {
        resize(&passes, picture);
        place(out, plan, passes.resized, phi_orientation_swaps(picture->orientation));
    }
    phi_arena_deinit(&arena);
    return status;
}
