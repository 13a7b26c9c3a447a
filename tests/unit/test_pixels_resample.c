#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "picture.h"
#include "resample.h"
#include "rng.h"

enum { CHANNELS = 3, GUARD = 0xa5 };

static const struct {
    int32_t n_in, n_out, n_beside; /* rows or columns beside the direction that is resampled */
} shapes[] = {
    {1, 1, 1},  {1, 7, 2},    {2, 1, 3},    {3, 336, 5},   {7, 3, 4},      {16, 16, 17},  {17, 5, 16},
    {5, 17, 6}, {100, 33, 1}, {33, 100, 2}, {337, 336, 3}, {1000, 336, 2}, {4000, 13, 2}, {65535, 3, 1},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static phi_error g_err;

static uint8_t *get_bytes(size_t n)
{
    uint8_t *bytes = malloc(n);
    if (!bytes)
        abort();
    return bytes;
}

/* Mostly random; every fourth picture is of 0 and 255 alone, whose sums reach the limits. */
static uint8_t *random_picture(size_t n, uint64_t seed)
{
    phi_rng rng = phi_rng_seeded(seed);
    uint8_t *bytes = get_bytes(n + PHI_PICTURE_SLACK);
    for (size_t i = 0; i < n; i++) {
        const uint32_t r = phi_rng_u32(&rng);
        bytes[i] = seed % 4 == 0 ? (uint8_t)(r & 1 ? 255 : 0) : (uint8_t)(r >> 8);
    }
    memset(bytes + n, GUARD, PHI_PICTURE_SLACK);
    return bytes;
}

typedef void pass(uint8_t *out, const uint8_t *in, size_t n_beside, const phi_taps *taps);

static void rows_scalar(uint8_t *out, const uint8_t *in, size_t n, const phi_taps *taps)
{
    phi_resample_rows_scalar(out, in, (int32_t)n, taps);
}

static void rows_simd(uint8_t *out, const uint8_t *in, size_t n, const phi_taps *taps)
{
    phi_resample_rows_simd128(out, in, (int32_t)n, taps);
}

/* Whether `fast` gives the bytes of `plain`, and writes nothing behind them. n: rows, or bytes of a row. */
static bool passes_agree(pass *plain, pass *fast, const phi_taps *taps, size_t n, size_t n_item, uint64_t seed)
{
    const size_t n_in = (size_t)taps->n_in * n * n_item, n_out = (size_t)taps->n_out * n * n_item;
    uint8_t *in = random_picture(n_in, seed);
    uint8_t *expected = get_bytes(n_out), *got = get_bytes(n_out + 1);
    got[n_out] = GUARD;
    plain(expected, in, n, taps);
    fast(got, in, n, taps);
    const bool agree = memcmp(expected, got, n_out) == 0 && got[n_out] == GUARD;
    free(in);
    free(expected);
    free(got);
    return agree;
}

static void check_shape(int32_t i, bool mirrors)
{
    phi_arena arena;
    phi_taps taps;
    phi_arena_init(&arena, 1 << 16);
    const phi_status status = phi_taps_init(&taps, &arena, shapes[i].n_in, shapes[i].n_out, mirrors, &g_err);
    bool rows_agree = status == PHI_OK, columns_agree = status == PHI_OK;
    for (uint64_t seed = 0; status == PHI_OK && seed < 4; seed++) {
        const size_t n = (size_t)shapes[i].n_beside;
        rows_agree = rows_agree && passes_agree(rows_scalar, rows_simd, &taps, n, CHANNELS, seed);
        columns_agree = columns_agree && passes_agree(phi_resample_columns_scalar, phi_resample_columns_simd128, &taps,
                                                      n * CHANNELS, 1, seed);
    }
    phi_arena_deinit(&arena);
    CHECK(rows_agree);
    CHECK(columns_agree);
}

TEST(pixels_resample__simd_gives_the_scalar_bytes)
{
    for (int32_t i = 0; i < N_SHAPES; i++) {
        check_shape(i, false);
        check_shape(i, true);
    }
}

TEST(pixels_resample__mirrored_taps_read_a_mirrored_row)
{
    enum { N_IN = 37, N_OUT = 11 };
    uint8_t in[N_IN * CHANNELS + PHI_PICTURE_SLACK] = {0}, mirrored[N_IN * CHANNELS + PHI_PICTURE_SLACK] = {0};
    uint8_t expected[N_OUT * CHANNELS], got[N_OUT * CHANNELS];
    phi_arena arena;
    phi_taps forward, backward;
    for (int32_t x = 0; x < N_IN; x++) {
        for (int32_t c = 0; c < CHANNELS; c++)
            in[x * CHANNELS + c] = mirrored[(N_IN - 1 - x) * CHANNELS + c] = (uint8_t)(x * x * (c + 3));
    }
    phi_arena_init(&arena, 1 << 16);
    CHECK_INT(phi_taps_init(&forward, &arena, N_IN, N_OUT, false, &g_err), PHI_OK);
    CHECK_INT(phi_taps_init(&backward, &arena, N_IN, N_OUT, true, &g_err), PHI_OK);
    phi_resample_rows_scalar(expected, in, 1, &forward);
    phi_resample_rows_scalar(got, mirrored, 1, &backward);
    phi_arena_deinit(&arena);
    CHECK(memcmp(expected, got, sizeof got) == 0);
}
