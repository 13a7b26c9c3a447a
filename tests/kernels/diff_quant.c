/* The quantised kernels. Packing and `dequantize` against the gguf package's values; scalar `gemv` against double
 * precision; every row of kernels.def against scalar, bit by bit; `gemm` against `gemv`, bit by bit.
 * Arrays are malloc'ed to size, so that AddressSanitizer sees an access past either end; outputs lie between guard
 * bytes besides, which is all that WebAssembly has. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "half.h"
#include "kernels_quant.h"
#include "pack.h"
#include "pack_planes.h"
#include "pack_planes_simd.h"
#include "relaxed_probe.h"
#include "rng.h"

static phi_rng rng;

/* ---- memory ---- */

enum { GUARD_BYTES = 64, GUARD = 0xa5 };

typedef struct held {
    uint8_t *base;
    size_t bytes, guard;
} held;

static held holds[64];
static size_t n_holds;

static void release(void)
{
    while (n_holds)
        free(holds[--n_holds].base);
}

static void *hold_guarded(size_t bytes, size_t guard)
{
    uint8_t *base = malloc(bytes + 2 * guard);
    if (!base || n_holds == sizeof holds / sizeof holds[0])
        abort();
    memset(base, GUARD, bytes + 2 * guard);
    holds[n_holds++] = (held){base, bytes, guard};
    return base + guard;
}

static void *hold(size_t bytes)
{
    return hold_guarded(bytes, 0);
}

static bool guards_are_intact(void)
{
    for (size_t i = 0; i < n_holds; i++)
        for (size_t j = 0; j < holds[i].guard; j++)
            if (holds[i].base[j] != GUARD || holds[i].base[holds[i].guard + holds[i].bytes + j] != GUARD)
                return false;
    return true;
}

/* ---- data ---- */

static const char *const layout_names[PHI_N_PACKED] = {
#define XX(name, header, block, cols) #name,
    PHI_LAYOUTS(XX)
#undef XX
};

static uint32_t below(uint32_t n)
{
    return phi_rng_u32(&rng) % n;
}

typedef enum weight_mode {
    WEIGHTS_PLAUSIBLE,
    WEIGHTS_EXTREME_SCALES,
    WEIGHTS_ALL_ONES,
    WEIGHTS_ALL_ZERO,
    N_WEIGHTS
} weight_mode;

static uint16_t random_half(weight_mode mode)
{
    static const uint16_t extremes[] = {0, 0x8000, 1, 0x8001, 0x03ff, 0x0400, 0x7bff, 0xfbff, 0x3c00, 0xbc00};
    if (mode == WEIGHTS_EXTREME_SCALES)
        return extremes[below(sizeof extremes / sizeof extremes[0])];
    return (uint16_t)(phi_rng_u32(&rng) % 0x1400 + 0x1800 + (phi_rng_u32(&rng) & 0x8000u)); /* 2^-9 … 2^-4 */
}

static void put_halves(uint8_t *at, int32_t n, weight_mode mode)
{
    for (int32_t i = 0; i < n; i++) {
        const uint16_t h = random_half(mode);
        memcpy(at + 2 * i, &h, 2);
    }
}

/* One packed group. */
static void fill_group(uint8_t *group, phi_layout layout, int32_t n_cols, weight_mode mode)
{
    const size_t bytes = phi_layout_group_bytes(layout, n_cols);
    for (size_t i = 0; i < bytes; i++)
        group[i] = (uint8_t)(mode == WEIGHTS_ALL_ONES ? 255u : mode == WEIGHTS_ALL_ZERO ? 0u : phi_rng_u32(&rng) >> 8);
    static const int32_t header_bytes[PHI_N_PACKED] = {0, 0, 64, 64, 32, 0, 0};
    static const int32_t tail_at[PHI_N_PACKED] = {256, 256, 256, 320, 384, 512, 512};
    static const int32_t block_bytes[PHI_N_PACKED] = {288, 320, 288, 352, 416, 544, 576};
    uint8_t *at = group;
    for (int32_t b = 0; b < n_cols / 32; b++, at += block_bytes[layout]) {
        if (b % 8 == 0) {
            put_halves(at, header_bytes[layout] / 2, mode);
            at += header_bytes[layout];
        }
        uint8_t *tail = at + tail_at[layout];
        if (header_bytes[layout] == 0)
            put_halves(tail, (block_bytes[layout] - tail_at[layout]) / 2, mode);
        else if (layout != PHI_LAYOUT_Q6K)
            for (int32_t i = 0; i < 32; i++)
                tail[i] &= 63;
    }
}

typedef enum input_mode {
    INPUT_PLAUSIBLE,
    INPUT_ALL_HIGH,
    INPUT_ALL_LOW,
    INPUT_ALTERNATING,
    INPUT_ODD,
    N_INPUTS
} input_mode;

static float random_input(input_mode mode, int32_t k)
{
    static const float odd[] = {0.0f, -0.0f, NAN, INFINITY, -INFINITY, 1e-45f, 1e-36f, 1e38f, 2.5f, -0.5f};
    if (mode == INPUT_ALL_HIGH)
        return 1.0f;
    if (mode == INPUT_ALL_LOW)
        return -1.0f;
    if (mode == INPUT_ALTERNATING)
        return k & 2 ? 3.0f : -3.0f;
    if (mode == INPUT_ODD && k / 32 % 4 == 1)
        return odd[below(sizeof odd / sizeof odd[0])];
    if (mode == INPUT_ODD && k / 32 % 4 == 2)
        return k % 32 == 7 ? 1.0f : 0.0f;
    if (mode == INPUT_ODD && k / 32 % 4 == 3)
        return 0.0f;
    return (phi_rng_f32(&rng) - 0.5f) * 8.0f;
}

static float *random_inputs(int32_t n_rows, int32_t n_cols, input_mode mode)
{
    float *x = hold((size_t)n_rows * (size_t)n_cols * sizeof(float));
    for (int32_t i = 0; i < n_rows * n_cols; i++)
        x[i] = random_input(mode, i);
    return x;
}

static phi_q8 hold_q8(int32_t n_rows, int32_t n_cols, size_t guard)
{
    const size_t n = (size_t)n_rows * (size_t)n_cols, n_blocks = n / 32;
    return (phi_q8){hold_guarded(n, guard), hold_guarded(n_blocks * 4, guard), hold_guarded(n_blocks * 4, guard),
                    hold_guarded(n_blocks * 8, guard), n_cols};
}

static phi_panel hold_panel(int32_t n_cols)
{
    const size_t n = (size_t)n_cols;
    return (phi_panel){.q = hold_guarded(n * 16, GUARD_BYTES),
                       .scale = hold_guarded(n / 32 * 2 * 16 * 4, GUARD_BYTES),
                       .min = hold_guarded(n / 32 * 16 * 4, GUARD_BYTES),
                       .n_cols = n_cols};
}

/* Equal bits, any NaN for any NaN (WebAssembly leaves their payload open). Index of the first difference, or -1. */
static int32_t first_difference(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (phi_f32_to_bits(a[i]) != phi_f32_to_bits(b[i]) && !(isnan(a[i]) && isnan(b[i])))
            return (int32_t)i;
    return -1;
}

static phi_kernels kernels_of(phi_isa isa)
{
    phi_kernels k;
    if (!phi_kernels_get(&k, isa))
        abort();
    return k;
}

/* Prepares each test: an earlier one may have left by a failed check. */
static phi_kernels begin(uint64_t seed)
{
    release();
    rng = phi_rng_seeded(seed);
    return kernels_of(PHI_ISA_SCALAR);
}

/* The isas to compare with scalar, one after the other. */
static bool next_isa(phi_kernels *out, phi_isa *isa)
{
    while (++*isa < PHI_N_ISAS)
        if (phi_kernels_get(out, *isa))
            return true;
    return false;
}

/* ---- packing ---- */

static const struct {
    phi_dtype dtype;
    const char *file;
} packed_dtypes[] = {
    {PHI_DTYPE_Q4_0, "q4_0"}, {PHI_DTYPE_Q4_1, "q4_1"}, {PHI_DTYPE_Q5_0, "q5_0"},
    {PHI_DTYPE_Q5_1, "q5_1"}, {PHI_DTYPE_Q8_0, "q8_0"}, {PHI_DTYPE_Q4_K, "q4_k"},
    {PHI_DTYPE_Q5_K, "q5_k"}, {PHI_DTYPE_Q6_K, "q6_k"}, {PHI_DTYPE_IQ4_NL, "iq4_nl"},
};

enum { N_PACKED_DTYPES = sizeof packed_dtypes / sizeof packed_dtypes[0], GOLDEN_VALUES = 2560 };

/* The golden blocks, taken as `n_rows` rows, packed and turned back into floats: the gguf package's, to the bit. */
static void check_golden(const phi_kernels *k, phi_dtype dtype, const char *name, int32_t n_rows)
{
    char path[64];
    size_t raw_bytes, value_bytes;
    (void)snprintf(path, sizeof path, "golden/blocks/%s.raw.bin", name);
    uint8_t *raw = check_read_file(path, &raw_bytes);
    (void)snprintf(path, sizeof path, "golden/blocks/%s.f32.bin", name);
    float *expected = (float *)(void *)check_read_file(path, &value_bytes);
    holds[n_holds++] = (held){raw, raw_bytes, 0};
    holds[n_holds++] = (held){(uint8_t *)expected, value_bytes, 0};
    CHECK(raw && expected);
    CHECK_INT(value_bytes, GOLDEN_VALUES * sizeof(float));
    const int32_t n_cols = GOLDEN_VALUES / n_rows;
    const phi_layout layout = phi_pack_layout_of(dtype);
    uint8_t *group = hold_guarded(phi_layout_group_bytes(layout, n_cols), GUARD_BYTES);
    float *got = hold_guarded((size_t)n_cols * 16 * sizeof(float), GUARD_BYTES);
    phi_error err;
    CHECK_INT(phi_pack_group(group, dtype, raw, n_rows, n_cols, &err), PHI_OK);
    k->dequantize[layout](got, group, n_cols);
    CHECK(guards_are_intact());
    CHECK_INT(first_difference(got, expected, GOLDEN_VALUES), -1);
    for (int32_t i = GOLDEN_VALUES; i < 16 * n_cols; i++)
        CHECK(got[i] == 0);
    release();
}

TEST(quant_pack__values_are_those_of_the_gguf_package)
{
    phi_kernels k = begin(1);
    for (phi_isa isa = PHI_ISA_SCALAR; isa < PHI_N_ISAS; isa++)
        for (int32_t i = 0; phi_kernels_get(&k, isa) && i < N_PACKED_DTYPES; i++)
            for (int32_t n_rows = 1; n_rows <= 10; n_rows += n_rows == 1 ? 4 : 5)
                check_golden(&k, packed_dtypes[i].dtype, packed_dtypes[i].file, n_rows);
}

TEST(quant_pack__float_dtypes_stay_as_they_are)
{
    CHECK_INT(phi_pack_layout_of(PHI_DTYPE_F32), PHI_LAYOUT_F32);
    CHECK_INT(phi_pack_layout_of(PHI_DTYPE_F16), PHI_LAYOUT_F16);
    CHECK_INT(phi_pack_layout_of(PHI_DTYPE_BF16), PHI_LAYOUT_BF16);
}

TEST(quant_pack__refuses_scales_that_are_not_finite)
{
    static const uint16_t bad[] = {0x7c00, 0xfc00, 0x7e00, 0x7c01};
    static const struct {
        phi_dtype dtype;
        int32_t offset;
    } halves[] = {
        {PHI_DTYPE_Q4_0, 0}, {PHI_DTYPE_Q4_1, 0},   {PHI_DTYPE_Q4_1, 2},   {PHI_DTYPE_Q5_0, 0}, {PHI_DTYPE_Q5_1, 0},
        {PHI_DTYPE_Q5_1, 2}, {PHI_DTYPE_Q8_0, 0},   {PHI_DTYPE_Q4_K, 0},   {PHI_DTYPE_Q4_K, 2}, {PHI_DTYPE_Q5_K, 0},
        {PHI_DTYPE_Q5_K, 2}, {PHI_DTYPE_Q6_K, 208}, {PHI_DTYPE_IQ4_NL, 0},
    };
    (void)begin(2);
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        const phi_dtype_info *info = phi_dtype_get(halves[i].dtype);
        const int32_t n_cols = 512, n_rows = 11;
        const int32_t n_blocks = n_cols / info->block_elements;
        const size_t bytes = (size_t)n_rows * (size_t)n_blocks * info->block_bytes;
        uint8_t *rows = hold(bytes);
        uint8_t *group = hold(phi_layout_group_bytes(phi_pack_layout_of(halves[i].dtype), n_cols));
        memset(rows, 0, bytes);
        const int32_t r = (int32_t)below((uint32_t)n_rows), b = (int32_t)below((uint32_t)n_blocks);
        phi_error err;
        memcpy(rows + (size_t)(r * n_blocks + b) * info->block_bytes + halves[i].offset, &bad[i % 4], 2);
        CHECK_INT(phi_pack_group(group, halves[i].dtype, rows, n_rows, n_cols, &err), PHI_ECORRUPT);
        char expected[64];
        (void)snprintf(expected, sizeof expected, "row %d of the group, block %d", r, b);
        CHECK(strstr(err.text, expected) && strstr(err.text, info->name));
        release();
    }
}

TEST(quant_pack__fast_planes_are_those_of_the_specification)
{
    (void)begin(3);
    const uint8_t *rows[PHI_GROUP_ROWS];
    for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
        uint8_t *row = hold(32);
        for (int32_t i = 0; i < 32; i++)
            row[i] = (uint8_t)phi_rng_u32(&rng);
        rows[r] = row;
    }
    uint8_t expected[512], got[512];
    plane_from_halves(expected, rows);
    simd_plane_from_halves(got, rows);
    CHECK(memcmp(got, expected, 256) == 0);
    planes_from_pair(expected, expected + 256, rows);
    simd_planes_from_pair(got, got + 256, rows);
    CHECK(memcmp(got, expected, 512) == 0);
    uint8_t *bits[8], *pairs[4];
    for (int32_t i = 0; i < 8; i++)
        bits[i] = hold_guarded(64, GUARD_BYTES);
    simd_bits_from_bytes(bits, rows);
    for (int32_t i = 0; i < 8; i++) {
        bits_from_bytes(expected, rows, i);
        CHECK(memcmp(bits[i], expected, 64) == 0);
    }
    for (int32_t i = 0; i < 4; i++)
        pairs[i] = hold_guarded(128, GUARD_BYTES);
    simd_pairs_from_bytes(pairs, rows);
    for (int32_t i = 0; i < 4; i++) {
        pairs_from_bytes(expected, rows, 2 * i);
        CHECK(memcmp(pairs[i], expected, 128) == 0);
    }
    CHECK(guards_are_intact());
    release();
}

TEST(quant_pack__fast_bytes_are_those_of_the_specification)
{
    (void)begin(3);
    for (int round = 0; round < 20; round++) {
        const uint8_t *rows[PHI_GROUP_ROWS];
        int8_t levels[16];
        for (int32_t i = 0; i < 16; i++)
            levels[i] = (int8_t)phi_rng_u32(&rng);
        for (int32_t r = 0; r < PHI_GROUP_ROWS; r++) {
            uint8_t *row = hold(20);
            for (int32_t i = 0; i < 20; i++)
                row[i] = (uint8_t)phi_rng_u32(&rng);
            rows[r] = row;
        }
        uint8_t expected[512];
        uint8_t *got = hold_guarded(512, GUARD_BYTES);
        bytes_from_levels(expected, rows, levels);
        simd_bytes_from_levels(got, rows, levels);
        CHECK(memcmp(got, expected, 512) == 0);
        for (int32_t offset = 0; offset <= 16; offset += 16) {
            bytes_from_fives(expected, rows, offset);
            simd_bytes_from_fives(got, rows, offset);
            CHECK(memcmp(got, expected, 512) == 0);
        }
        CHECK(guards_are_intact());
        release();
    }
}

/* ---- scalar against double precision ---- */

TEST(quant_quantize__nearest_with_scale_and_sums)
{
    const phi_kernels k = begin(4);
    const int32_t n_cols = 256;
    const float *x = random_inputs(2, n_cols, INPUT_PLAUSIBLE);
    phi_q8 q8 = hold_q8(2, n_cols, GUARD_BYTES);
    k.quantize(&q8, x, 2);
    for (int32_t b = 0; b < 2 * n_cols / 32; b++) {
        const double scale = (double)q8.scale[b] * 0x1p-56;
        int32_t sums[4] = {0}; /* whole block, first half */
        double amax = 0;
        for (int32_t i = 0; i < 32; i++) {
            const int32_t q = q8.q[32 * b + i];
            amax = fmax(amax, fabs((double)x[32 * b + i]));
            CHECK(fabs((double)x[32 * b + i] - q * scale) <= scale * (0.5 + 1e-4));
            sums[i % 4 / 2] += q;
            sums[2 + i % 4 / 2] += i < 16 ? q : 0;
        }
        CHECK_NEAR(scale, amax / 127, amax * 1e-7);
        for (int32_t i = 0; i < 4; i++)
            CHECK_INT(q8.sums[4 * b + i], -sums[i]);
        CHECK_NEAR(q8.weighted[b], (double)q8.scale[b] * (sums[0] + sums[1]), fabs((double)q8.weighted[b]) * 1e-6);
    }
    CHECK(guards_are_intact());
    release();
}

/* y = sum of weight * (q * scale), in double precision. The error of the kernel: three roundings a term and one a sum,
 * B blocks of (at most two halves and) a minimum: (2 B + 6) * 2^-24 of the sum of absolute terms. A minimum's term is
 * large against the differences that it leaves, hence absolute values of both parts. */
static void check_gemv_scalar(const phi_kernels *k, phi_layout layout, int32_t n_cols)
{
    const float *x = random_inputs(1, n_cols, INPUT_PLAUSIBLE);
    phi_q8 q8 = hold_q8(1, n_cols, 0);
    k->quantize(&q8, x, 1);
    uint8_t *group = hold(phi_layout_group_bytes(layout, n_cols));
    float *w = hold((size_t)n_cols * 16 * sizeof(float)), *y = hold(16 * sizeof(float));
    fill_group(group, layout, n_cols, WEIGHTS_PLAUSIBLE);
    k->dequantize[layout](w, group, n_cols);
    k->gemv[layout](y, &q8, group, 1);
    for (int32_t r = 0; r < 16; r++) {
        double sum = 0, magnitude = 0;
        for (int32_t i = 0; i < n_cols; i++) {
            const double term = (double)w[r * n_cols + i] * q8.q[i] * (double)q8.scale[i / 32] * 0x1p-56;
            sum += term;
            magnitude += fabs(term);
        }
        CHECK_NEAR(y[r], sum, magnitude * 4 * (2 * n_cols / 32 + 6) * 0x1p-24);
    }
    release();
}

TEST(quant_gemv__scalar_is_near_double_precision)
{
    const phi_kernels k = begin(5);
    for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++)
        for (int32_t n_cols = 256; n_cols <= 3072; n_cols *= 3)
            if (n_cols % phi_layout_cols_step(layout) == 0)
                check_gemv_scalar(&k, layout, n_cols);
}

/* ---- every isa against scalar ---- */

TEST(quant_quantize__all_isas_give_the_same_bits)
{
    const phi_kernels scalar = begin(6);
    phi_kernels k;
    for (phi_isa isa = PHI_ISA_SCALAR; next_isa(&k, &isa);)
        for (input_mode mode = 0; mode < N_INPUTS; mode++)
            for (int32_t n_cols = 32; n_cols <= 8192; n_cols *= 4) {
                const float *x = random_inputs(3, n_cols, mode);
                phi_q8 expected = hold_q8(3, n_cols, 0), got = hold_q8(3, n_cols, GUARD_BYTES);
                scalar.quantize(&expected, x, 3);
                k.quantize(&got, x, 3);
                const size_t n_blocks = (size_t)(3 * n_cols / 32);
                CHECK(memcmp(got.q, expected.q, n_blocks * 32) == 0);
                CHECK(memcmp(got.sums, expected.sums, n_blocks * 8) == 0);
                CHECK_INT(first_difference(got.scale, expected.scale, n_blocks), -1);
                CHECK_INT(first_difference(got.weighted, expected.weighted, n_blocks), -1);
                CHECK(guards_are_intact());
                release();
            }
}

static const int32_t column_counts[] = {32, 64, 96, 256, 512, 1056, 3072, 8192};
enum { N_COLUMN_COUNTS = sizeof column_counts / sizeof column_counts[0] };

static void check_gemv(const phi_kernels *scalar, const phi_kernels *k, phi_layout layout, int32_t n_cols,
                       int32_t n_groups)
{
    const size_t group_bytes = phi_layout_group_bytes(layout, n_cols), n_rows = (size_t)n_groups * 16;
    for (weight_mode weights = 0; weights < N_WEIGHTS; weights++)
        for (input_mode mode = 0; mode < N_INPUTS; mode++) {
            uint8_t *w = hold(group_bytes * (size_t)n_groups);
            for (int32_t g = 0; g < n_groups; g++)
                fill_group(w + (size_t)g * group_bytes, layout, n_cols, weights);
            phi_q8 x = hold_q8(1, n_cols, 0);
            scalar->quantize(&x, random_inputs(1, n_cols, mode), 1);
            float *expected = hold(n_rows * sizeof(float)), *got = hold_guarded(n_rows * sizeof(float), GUARD_BYTES);
            scalar->gemv[layout](expected, &x, w, n_groups);
            k->gemv[layout](got, &x, w, n_groups);
            const int32_t at = first_difference(got, expected, n_rows);
            if (at >= 0)
                check_failed(__FILE__, __LINE__,
                             "%s %s, %d columns, weights %d, inputs %d: row %d: got %a, expected %a", k->name,
                             layout_names[layout], n_cols, weights, mode, at, (double)got[at], (double)expected[at]);
            CHECK(guards_are_intact());
            release();
        }
}

TEST(quant_gemv__all_isas_give_the_same_bits)
{
    static const int32_t group_counts[] = {1, 2, 3, 5};
    const phi_kernels scalar = begin(7);
    phi_kernels k;
    for (phi_isa isa = PHI_ISA_SCALAR; next_isa(&k, &isa);)
        for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++)
            for (int32_t i = 0; i < N_COLUMN_COUNTS; i++)
                if (column_counts[i] % phi_layout_cols_step(layout) == 0)
                    check_gemv(&scalar, &k, layout, column_counts[i],
                               column_counts[i] > 1024 ? 1 : group_counts[i % 4]);
}

static void check_unpack(const phi_kernels *scalar, const phi_kernels *k, phi_layout layout, int32_t n_cols,
                         int32_t first_col, int32_t panel_cols)
{
    uint8_t *group = hold(phi_layout_group_bytes(layout, n_cols));
    fill_group(group, layout, n_cols, WEIGHTS_EXTREME_SCALES);
    phi_panel expected = hold_panel(panel_cols), got = hold_panel(panel_cols);
    scalar->unpack[layout](&expected, group, n_cols, first_col);
    k->unpack[layout](&got, group, n_cols, first_col);
    CHECK_INT(got.n_scales, expected.n_scales);
    CHECK_INT(got.offset, expected.offset);
    CHECK_INT(got.n_bits, expected.n_bits);
    CHECK_INT(got.has_min, expected.has_min);
    const size_t n = (size_t)panel_cols;
    CHECK(memcmp(got.q, expected.q, n * 16) == 0);
    CHECK(memcmp(got.scale, expected.scale, n / 32 * (size_t)got.n_scales * 64) == 0);
    CHECK(memcmp(got.min, expected.min, n / 32 * 64) == 0); /* untouched without has_min */
    CHECK(guards_are_intact());
    release();
}

TEST(quant_unpack__all_isas_give_the_same_bits)
{
    const phi_kernels scalar = begin(8);
    phi_kernels k;
    for (phi_isa isa = PHI_ISA_SCALAR; next_isa(&k, &isa);)
        for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++) {
            const int32_t step = phi_layout_cols_step(layout);
            check_unpack(&scalar, &k, layout, step, 0, step);
            check_unpack(&scalar, &k, layout, 3072, 2048, 1024);
            check_unpack(&scalar, &k, layout, 5 * step, 2 * step, 3 * step);
            check_unpack(&scalar, &k, layout, 1280, 1024, 256);
        }
}

TEST(quant_dequantize__all_isas_give_the_same_bits)
{
    const phi_kernels scalar = begin(9);
    phi_kernels k;
    for (phi_isa isa = PHI_ISA_SCALAR; next_isa(&k, &isa);)
        for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++)
            for (int32_t i = 0; i < 3; i++) {
                const int32_t n_cols = phi_layout_cols_step(layout) * (1 + 2 * i);
                const size_t n = (size_t)n_cols * 16;
                uint8_t *group = hold(phi_layout_group_bytes(layout, n_cols));
                fill_group(group, layout, n_cols, i == 0 ? WEIGHTS_EXTREME_SCALES : WEIGHTS_PLAUSIBLE);
                float *expected = hold(n * sizeof(float)), *got = hold_guarded(n * sizeof(float), GUARD_BYTES);
                scalar.dequantize[layout](expected, group, n_cols);
                k.dequantize[layout](got, group, n_cols);
                CHECK(memcmp(got, expected, n * sizeof(float)) == 0);
                CHECK(guards_are_intact());
                release();
            }
}

/* A whole product by panels, as linear layers do it, against one gemv a token. */
static void check_gemm(const phi_kernels *scalar, const phi_kernels *k, phi_layout layout, int32_t n_cols,
                       int32_t n_tokens, weight_mode weights, input_mode mode)
{
    const int32_t y_stride = 19;
    uint8_t *group = hold(phi_layout_group_bytes(layout, n_cols));
    fill_group(group, layout, n_cols, weights);
    phi_q8 x = hold_q8(n_tokens, n_cols, 0);
    scalar->quantize(&x, random_inputs(n_tokens, n_cols, mode), n_tokens);
    const size_t n = (size_t)n_tokens * (size_t)y_stride;
    float *expected = hold(n * sizeof(float)), *got = hold_guarded(n * sizeof(float), GUARD_BYTES);
    memset(expected, GUARD, n * sizeof(float)); /* columns past the 16 must stay */
    memset(got, GUARD, n * sizeof(float));
    for (int32_t t = 0; t < n_tokens; t++) {
        const int32_t b = t * n_cols / 32;
        const phi_q8 row = {x.q + (size_t)t * (size_t)n_cols, x.scale + b, x.weighted + b, x.sums + 4 * b, n_cols};
        _Alignas(16) float y[16];
        k->gemv[layout](y, &row, group, 1);
        memcpy(expected + t * y_stride, y, sizeof y);
    }
    const int32_t stretch = n_cols % 1024 == 0 ? 1024 : n_cols % 256 == 0 ? 256 : 32;
    for (int32_t first = 0; first < n_cols; first += stretch) {
        phi_panel panel = hold_panel(stretch);
        k->unpack[layout](&panel, group, n_cols, first);
        k->gemm(got, y_stride, &x, &panel, n_tokens, first, first == 0, first + stretch == n_cols);
        n_holds -= 3; /* the panel: too many of them for the table */
        for (int32_t i = 0; i < 3; i++)
            free(holds[n_holds + (size_t)i].base);
    }
    const int32_t at = first_difference(got, expected, n);
    if (at >= 0)
        check_failed(__FILE__, __LINE__, "%s %s, %d columns, %d tokens, weights %d, inputs %d: token %d row %d: %a, %a",
                     k->name, layout_names[layout], n_cols, n_tokens, weights, mode, at / y_stride, at % y_stride,
                     (double)got[at], (double)expected[at]);
    CHECK(guards_are_intact());
    release();
}

TEST(quant_gemm__is_gemv_to_the_bit)
{
    static const int32_t token_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 17};
    const phi_kernels scalar = begin(10);
    phi_kernels k = scalar;
    phi_isa isa = PHI_ISA_SCALAR;
    do {
        for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++) {
            const int32_t step = phi_layout_cols_step(layout);
            for (int32_t i = 0; i < 10; i++)
                check_gemm(&scalar, &k, layout, step * (1 + i % 3), token_counts[i], WEIGHTS_PLAUSIBLE,
                           INPUT_PLAUSIBLE);
            for (weight_mode weights = 0; weights < N_WEIGHTS; weights++)
                for (input_mode mode = 0; mode < N_INPUTS; mode++)
                    check_gemm(&scalar, &k, layout, 256, 4, weights, mode);
            check_gemm(&scalar, &k, layout, 3072, 5, WEIGHTS_PLAUSIBLE, INPUT_PLAUSIBLE);
        }
    } while (next_isa(&k, &isa));
}

#if PHI_HAS_RELAXED
/* One of the two forms that need a machine that reads bytes their way, on weights below or above 128 that any machine
 * reads like this: what is left is the reading, which the probe vouches for. */
static void check_bytes(__typeof__(phi_panel_gemm__scalar) *gemm, int32_t n_tokens, uint8_t top_bit)
{
    enum { COLS = 96 };
    phi_panel panel = hold_panel(COLS);
    panel.n_scales = 1;
    panel.offset = 128;
    panel.n_bits = 8;
    panel.has_min = false;
    for (int32_t i = 0; i < COLS * 16; i++)
        panel.q[i] = (uint8_t)((below(4) == 0 ? 127 * below(2) : below(128)) | top_bit);
    for (int32_t i = 0; i < COLS / 32 * 16; i++)
        panel.scale[i] = (phi_rng_f32(&rng) - 0.5f) * 0x1p-112f;
    const size_t n = (size_t)n_tokens * 16;
    float *expected = hold(n * sizeof(float)), *got = hold_guarded(n * sizeof(float), GUARD_BYTES);
    for (input_mode mode = 0; mode < N_INPUTS; mode++) {
        phi_q8 x = hold_q8(n_tokens, COLS, 0);
        phi_q8_quantize__scalar(&x, random_inputs(n_tokens, COLS, mode), n_tokens);
        phi_panel_gemm__scalar(expected, 16, &x, &panel, n_tokens, 0, true, true);
        gemm(got, 16, &x, &panel, n_tokens, 0, true, true);
        CHECK_INT(first_difference(got, expected, n), -1);
    }
    CHECK(guards_are_intact());
    release();
}

TEST(quant_gemm__bytes_are_the_specification_either_way)
{
    (void)begin(11);
    if (!phi_relaxed_is_exact()) {
        check_skip("relaxed SIMD is not exact here");
        return;
    }
    for (int32_t n_tokens = 1; n_tokens <= 5; n_tokens++) {
        check_bytes(phi_panel_gemm__relaxed_s8, n_tokens, 0x80);
        check_bytes(phi_panel_gemm__relaxed_u8, n_tokens, 0);
    }
}
#endif

/* ---- dispatch ---- */

static double fake_us;

static double tick(void)
{
    fake_us += 1;
    return fake_us;
}

TEST(quant_dispatch__best_isa_is_there)
{
    phi_kernels k;
    CHECK(phi_kernels_get(&k, phi_kernels_best(NULL)));
    CHECK(phi_kernels_get(&k, phi_kernels_best(tick)));
    CHECK(phi_kernels_get(&k, PHI_ISA_SIMD128));
    CHECK_TEXT(k.name, "simd128");
}

TEST(quant_dispatch__unknown_isa_is_refused)
{
    phi_kernels k = {.name = "untouched"};
    CHECK(!phi_kernels_get(&k, PHI_N_ISAS));
    CHECK_TEXT(k.name, "untouched");
}
