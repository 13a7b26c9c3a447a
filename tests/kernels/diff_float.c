/* The float kernels: scalar against double precision, every other row of kernels_f32.def against scalar, bit by bit.
 * Arrays are malloc'ed to size, so that AddressSanitizer sees a read or write past either end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "f32_math.h"
#include "kernels_f32.h"
#include "rng.h"

/* The rows of one isa on top of the scalar ones. */
static phi_kernels kernels_of(phi_isa wanted)
{
    phi_kernels k = {0};
#define PHI_KERNEL_F32(op, isa, function)                           \
    if (PHI_ISA_##isa == PHI_ISA_SCALAR || PHI_ISA_##isa == wanted) \
        k.op = function;
#include "kernels_f32.def"
#undef PHI_KERNEL_F32
    return k;
}

/* A bump allocator over malloc that a test empties at its end; checks leave a test early, so the next one starts by
 * emptying it too. */
static void *held[64];
static size_t n_held;

static void release(void)
{
    while (n_held)
        free(held[--n_held]);
}

/* `skip_bytes` in front: an address aligned to 16 plus that. */
static void *hold_at(size_t bytes, size_t skip_bytes)
{
    uint8_t *p = malloc(bytes + skip_bytes ? bytes + skip_bytes : 1);
    if (!p || n_held == sizeof held / sizeof held[0])
        abort();
    held[n_held++] = p;
    return p + skip_bytes;
}

static float *hold_floats(int32_t n)
{
    return hold_at((size_t)n * sizeof(float), 0);
}

static phi_rng rng;

static float gauss(void)
{
    float sum = -6.0f;
    for (int i = 0; i < 12; i++)
        sum += phi_rng_f32(&rng);
    return sum;
}

/* Mostly ordinary numbers, some zeros of either sign, some very large or small ones. */
static float wild(void)
{
    switch (phi_rng_u32(&rng) % 16) {
    case 0:
        return 0.0f;
    case 1:
        return -0.0f;
    case 2:
        return gauss() * 1e-4f;
    case 3:
        return gauss() * 60.0f;
    default:
        return gauss();
    }
}

static float *hold_wild(int32_t n)
{
    float *x = hold_floats(n);
    for (int32_t i = 0; i < n; i++)
        x[i] = wild();
    return x;
}

static float *hold_copy(const float *x, int32_t n)
{
    float *copy = hold_floats(n);
    memcpy(copy, x, (size_t)n * sizeof(float));
    return copy;
}

/* binary16 numbers of every exponent, subnormals included. */
static uint16_t *hold_halves(int32_t n, bool is_every_bit_pattern)
{
    uint16_t *h = hold_at((size_t)n * 2, 0);
    for (int32_t i = 0; i < n; i++)
        h[i] = is_every_bit_pattern ? (uint16_t)phi_rng_u32(&rng) : phi_f32_to_f16(wild());
    return h;
}

static bool is_same(const void *a, const void *b, int32_t n, size_t item_bytes)
{
    return memcmp(a, b, (size_t)n * item_bytes) == 0;
}

static const int32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 61, 64, 96, 127, 131, 257, 1024};
#define FOR_SIZES(n)                                                                                                \
    for (size_t n##_idx = 0, n = 0; n##_idx < sizeof sizes / sizeof sizes[0] && (n = (size_t)sizes[n##_idx], true); \
         n##_idx++)

static const phi_isa other_isas[] = {PHI_ISA_SIMD128, PHI_ISA_RELAXED_I16, PHI_ISA_RELAXED_I32};
enum { N_OTHER_ISAS = sizeof other_isas / sizeof other_isas[0] };

static void start(uint64_t seed)
{
    release();
    rng = phi_rng_seeded(seed);
}

/* Every 211th float of the whole line. 2 ulp is what the project allows the exponential; 0.99 was measured with every
 * 7th. */
TEST(kernels_f32__exp_is_within_two_ulp)
{
    double worst = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 211) {
        const float x = phi_bits_to_f32((uint32_t)bits), y = phi_exp_f32(x);
        if (x >= PHI_EXP_MIN && x <= PHI_EXP_MAX) {
            const double expected = exp((double)x);
            const float nearest = (float)expected;
            worst = fmax(worst, fabs((double)y - expected) / (double)(nextafterf(nearest, INFINITY) - nearest));
        } else if (x < PHI_EXP_MIN || x > PHI_EXP_MAX) {
            CHECK(y == (x < 0 ? 0.0f : INFINITY));
        } else {
            CHECK(isnan(y));
        }
    }
    CHECK_NEAR(worst, 0, 2);
    CHECK(phi_exp_f32(0.0f) == 1.0f && phi_exp_f32(-0.0f) == 1.0f);
    CHECK(phi_exp_f32(-INFINITY) == 0.0f);
}

/* Every 211th float, so all exponents. 1e-7 is 0.84 to 1.7 ulp; 9.73e-8 was measured with every third. */
TEST(kernels_f32__erf_is_within_1e_7)
{
    double worst = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 211) {
        const float z = phi_bits_to_f32((uint32_t)bits), y = phi_erf_f32(z);
        const double expected = erf((double)z);
        if (isnan(z))
            CHECK(isnan(y));
        else if (z != 0) /* a product of the smallest normal numbers is denormal: 2^-149 */
            worst = fmax(worst, (fabs((double)y - expected) - 0x1p-149) / fabs(expected));
    }
    CHECK_NEAR(worst, 0, 1e-7);
}

/* --- dot_float ------------------------------------------------------------------------------------------------- */

static const size_t item_bytes_of[3] = {4, 2, 2};

/* Weights of a format at an unaligned address. */
static uint8_t *hold_weights(int format, int32_t n)
{
    uint8_t *w = hold_at((size_t)n * item_bytes_of[format], format == 0 ? 1 : 3);
    for (int32_t i = 0; i < n; i++) {
        const float x = wild();
        const uint16_t half = format == 1 ? phi_f32_to_f16(x) : (uint16_t)(phi_f32_to_bits(x) >> 16);
        if (format == 0)
            memcpy(w + 4 * (size_t)i, &x, 4);
        else
            memcpy(w + 2 * (size_t)i, &half, 2);
    }
    return w;
}

static double weight_at(int format, const uint8_t *w, size_t i)
{
    if (format == 0)
        return (double)phi_load_f32(w + 4 * i);
    const uint16_t half = phi_load_u16(w + 2 * i);
    return (double)(format == 1 ? phi_f16_to_f32(half) : phi_bf16_to_f32(half));
}

/* |error| of a sum of K products in partial sums of K/8 <= K terms: (K/8 + 4) 2^-24 sum |x w| (Higham, Accuracy and
 * Stability of Numerical Algorithms, 3.1), with K/8 + 5 for the products' own rounding. */
static double dot_tolerance(int32_t n_terms, double sum_of_magnitudes)
{
    return ((double)n_terms / 8 + 5) * 0x1p-24 * sum_of_magnitudes;
}

TEST(kernels_f32__dot_is_the_dot_product)
{
    start(1);
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    enum { K = 203, N = 5 };
    const float *x = hold_wild(K);
    for (int format = 0; format < 3; format++) {
        const uint8_t *w = hold_weights(format, N * K);
        float y[N];
        k.dot_float[format](y, N, x, 1, w, N, K);
        for (size_t r = 0; r < N; r++) {
            double sum = 0, magnitude = 0;
            for (size_t i = 0; i < K; i++) {
                sum += (double)x[i] * weight_at(format, w, r * K + i);
                magnitude += fabs((double)x[i] * weight_at(format, w, r * K + i));
            }
            CHECK_NEAR(y[r], sum, dot_tolerance(K, magnitude));
        }
    }
    release();
}

TEST(kernels_f32__dot_same_bits_on_every_isa)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        FOR_SIZES(size)
        for (int format = 0; format < 3; format++)
            for (int32_t n_tokens = 1; n_tokens <= 5; n_tokens += 2)
                for (int32_t n_rows = 1; n_rows <= 6; n_rows++) {
                    start(size * 100 + (size_t)n_rows);
                    const int32_t n_cols = (int32_t)size, y_stride = n_rows + 2;
                    const float *x = hold_wild(n_tokens * n_cols);
                    const uint8_t *w = hold_weights(format, n_rows * n_cols);
                    float *want = hold_wild(n_tokens * y_stride), *got = hold_copy(want, n_tokens * y_stride);
                    scalar.dot_float[format](want, y_stride, x, n_tokens, w, n_rows, n_cols);
                    other.dot_float[format](got, y_stride, x, n_tokens, w, n_rows, n_cols);
                    CHECK(is_same(got, want, n_tokens * y_stride, 4));
                }
    }
    release();
}

/* Every half, at an unaligned address, in rows of all kinds of lengths. */
TEST(kernels_f32__halves_as_floats_same_bits_on_every_isa)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        for (phi_layout layout = PHI_LAYOUT_F16; layout <= PHI_LAYOUT_BF16; layout++) {
            uint32_t bits = 0;
            while (bits < 1u << 16)
                FOR_SIZES(size)
                {
                    start(1);
                    uint8_t *halves = hold_at(2 * size, 1);
                    for (size_t i = 0; i < size; i++, bits++)
                        memcpy(halves + 2 * i, &(uint16_t){(uint16_t)bits}, 2);
                    float *want = hold_floats((int32_t)size), *got = hold_floats((int32_t)size);
                    scalar.dequantize[layout](want, halves, (int32_t)size);
                    other.dequantize[layout](got, halves, (int32_t)size);
                    CHECK(is_same(got, want, (int32_t)size, 4));
                    const uint16_t last = (uint16_t)(bits - 1);
                    const float expected = layout == PHI_LAYOUT_F16 ? phi_f16_to_f32(last) : phi_bf16_to_f32(last);
                    CHECK(got[size - 1] == expected || !isfinite(expected));
                }
        }
    }
    release();
}

/* --- one row of floats ----------------------------------------------------------------------------------------- */

TEST(kernels_f32__rms_norm_matches_double)
{
    start(2);
    enum { N = 333 };
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    const float *x = hold_wild(N), *w = hold_wild(N);
    float *y = hold_floats(N);
    k.rms_norm(y, x, w, N, 1e-5f);
    double squares = 0;
    for (int i = 0; i < N; i++)
        squares += (double)x[i] * (double)x[i];
    const double inverse = 1 / sqrt(squares / (double)N + (double)1e-5f);
    /* The sum of squares is off by N/8 + 5 roundings, halved by the root; then a root, a quotient, two products. */
    const double tolerance = ((double)(N / 8 + 5) / 2 + 5) * 0x1p-24;
    for (int i = 0; i < N; i++) {
        const double expected = (double)w[i] * (double)x[i] * inverse;
        CHECK_NEAR(y[i], expected, tolerance * fabs(expected));
    }
    release();
}

TEST(kernels_f32__layer_norm_matches_double)
{
    start(12);
    enum { N = 333 };
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    const float *x = hold_wild(N), *w = hold_wild(N), *b = hold_wild(N);
    float *y = hold_floats(N);
    k.layer_norm(y, x, w, b, N, 1e-5f);
    double mean = 0, magnitude = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        mean += (double)x[i] / (double)N;
        magnitude += fabs((double)x[i]) / (double)N;
    }
    for (int i = 0; i < N; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double inverse = 1 / sqrt(squares / (double)N + (double)1e-5f);
    /* The mean is off by N/8 + 5 roundings of the mean magnitude, which the differences inherit; the root as in
     * rms_norm; then a root, a quotient, two products and the bias. */
    const double of_mean = (double)(N / 8 + 6) * 0x1p-24 * magnitude * inverse;
    const double relative = ((double)(N / 8 + 5) / 2 + 7) * 0x1p-24;
    for (int i = 0; i < N; i++) {
        const double term = (double)w[i] * ((double)x[i] - mean) * inverse;
        const double tolerance = fabs((double)w[i]) * of_mean + relative * (fabs(term) + fabs((double)b[i]));
        CHECK_NEAR(y[i], term + (double)b[i], tolerance);
    }
    release();
}

/* Every 1009th float. */
TEST(kernels_f32__activations_match_double)
{
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1009) {
        const float x = phi_bits_to_f32((uint32_t)bits);
        float gelu = x, quick = x;
        if (!isfinite(x))
            continue;
        k.activate[PHI_ACTIVATION_GELU](&gelu, 1);
        k.activate[PHI_ACTIVATION_QUICK_GELU](&quick, 1);
        const double v = (double)x, magnitude = fabs(v);
        /* 1 + erf is off by 1e-7 and a rounding of at most 2^-24; then a product. Tails below that are 0, as
         * in every form of GELU that adds 1 to erf. */
        CHECK_NEAR(gelu, v * 0.5 * (1 + erf(v * sqrt(0.5))), 1.7e-7 * magnitude + 0x1p-148);
        /* 1.702 x rounds by 2^-23 of itself, which exp turns into a relative error; two ulp of exp, a sum, a
         * quotient. */
        const double expected = v / (1 + exp(-1.702 * v));
        CHECK_NEAR(quick, expected, (fmin(magnitude, 60) * 1.702 + 4) * 0x1p-23 * fabs(expected) + 1e-35);
    }
}

TEST(kernels_f32__silu_mul_matches_double)
{
    start(3);
    enum { N = 512 };
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    float *gate = hold_wild(N), *up = hold_wild(N), *y = hold_floats(N);
    for (int i = 0; i < 200; i++)
        gate[i] = (float)(i - 100);
    k.silu_mul(y, gate, up, N);
    for (int i = 0; i < N; i++) {
        const double g = (double)gate[i], expected = (double)up[i] * g / (1 + exp(-g));
        /* Two ulp of exp, a sum, a quotient, a product; below exp(-88) the result is 0. */
        CHECK_NEAR(y[i], expected, 5 * 0x1p-23 * fabs(expected) + 1e-36 * fabs((double)up[i]));
    }
    release();
}

TEST(kernels_f32__softmax_matches_double)
{
    start(4);
    enum { N = 777 };
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    float *x = hold_wild(N);
    x[5] = -INFINITY;
    const float *before = hold_copy(x, N);
    k.softmax(x, N);
    double sum = 0, max = -INFINITY;
    for (int i = 0; i < N; i++)
        max = fmax(max, (double)before[i]);
    for (int i = 0; i < N; i++)
        sum += exp((double)before[i] - max);
    CHECK(x[5] == 0.0f);
    for (int i = 6; i < N; i++) {
        const double expected = exp((double)before[i] - max) / sum;
        /* x - max rounds by 2^-24 of at most |x| + max, which exp turns into a relative error; the sum is N/8 + 5
         * roundings off. */
        const double tolerance = (fabs((double)before[i]) + max + (double)(N / 8 + 12)) * 0x1p-24;
        CHECK_NEAR(x[i], expected, tolerance * expected + 1e-37);
    }
    release();
}

TEST(kernels_f32__rope_turns_pairs)
{
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    const float c[2] = {0.6f, 0.0f}, s[2] = {0.8f, 1.0f};
    float neox[5] = {1, 2, 3, 4, 5}, pairs[5] = {1, 2, 3, 4, 5};
    k.rope_neox(neox, c, s, 4); /* (1, 3) by the first angle, (2, 4) by the second */
    CHECK(neox[0] == 1 * 0.6f - 3 * 0.8f && neox[2] == 3 * 0.6f + 1 * 0.8f);
    CHECK(neox[1] == -4 && neox[3] == 2 && neox[4] == 5);
    k.rope_pairs(pairs, c, s, 4); /* (1, 2), (3, 4) */
    CHECK(pairs[0] == 1 * 0.6f - 2 * 0.8f && pairs[1] == 2 * 0.6f + 1 * 0.8f);
    CHECK(pairs[2] == -4 && pairs[3] == 3 && pairs[4] == 5);
}

TEST(kernels_f32__row_ops_same_bits_on_every_isa)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        FOR_SIZES(size)
        for (uint64_t seed = 0; seed < 8; seed++) {
            start(size * 100 + seed);
            const int32_t n = (int32_t)size;
            const float *x = hold_wild(n), *w = hold_wild(n);
            float *want = hold_copy(w, n), *got = hold_copy(w, n);
            scalar.add(want, x, n);
            other.add(got, x, n);
            CHECK(is_same(got, want, n, 4));
            scalar.rms_norm(want, x, w, n, 1e-5f);
            other.rms_norm(got, x, w, n, 1e-5f);
            CHECK(is_same(got, want, n, 4));
            scalar.silu_mul(want, want, w, n);
            other.silu_mul(got, got, w, n);
            CHECK(is_same(got, want, n, 4));
            scalar.silu_mul(want, x, w, n);
            other.silu_mul(got, x, w, n);
            CHECK(is_same(got, want, n, 4));
            scalar.layer_norm(want, x, w, want, n, 1e-5f);
            other.layer_norm(got, x, w, got, n, 1e-5f);
            CHECK(is_same(got, want, n, 4));
            for (int a = PHI_ACTIVATION_GELU; a < PHI_N_ACTIVATIONS; a++) {
                memcpy(want, seed % 2 == 0 ? x : w, size * 4);
                memcpy(got, want, size * 4);
                scalar.activate[a](want, n);
                other.activate[a](got, n);
                CHECK(is_same(got, want, n, 4));
            }
            float *scores = hold_copy(x, n);
            scores[n / 2] = n > 1 ? -INFINITY : 1.0f;
            memcpy(want, scores, size * 4);
            memcpy(got, scores, size * 4);
            scalar.softmax(want, n);
            other.softmax(got, n);
            CHECK(is_same(got, want, n, 4));
        }
    }
    release();
}

TEST(kernels_f32__rope_same_bits_on_every_isa)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        FOR_SIZES(size)
        {
            start(size);
            const int32_t half = (int32_t)size, n = 2 * half + 3;
            const float *c = hold_wild(half), *s = hold_wild(half), *x = hold_wild(n);
            float *want = hold_copy(x, n), *got = hold_copy(x, n);
            scalar.rope_neox(want, c, s, 2 * half);
            other.rope_neox(got, c, s, 2 * half);
            CHECK(is_same(got, want, n, 4));
            scalar.rope_pairs(want, c, s, 2 * half);
            other.rope_pairs(got, c, s, 2 * half);
            CHECK(is_same(got, want, n, 4));
        }
    }
    release();
}

/* Every float whose low 12 bits are one of 16 patterns around the rounding points: all exponents and all halves. */
TEST(kernels_f32__to_f16_same_bits_on_every_isa)
{
    static const uint32_t low_bits[16] = {0,     1,     0x7ff, 0x800, 0x801, 0xfff, 0xabc, 0x123,
                                          0x555, 0xaaa, 0x7fe, 0x802, 0x400, 0xc00, 0x3ff, 0xbff};
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    enum { N = 16 * 64 + 5 };
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        start(9);
        float *x = hold_floats(N);
        uint16_t *want = hold_at(N * 2, 0), *got = hold_at(N * 2, 0);
        for (uint32_t top = 0; top < 1u << 20; top += 64) {
            for (uint32_t i = 0; i < N; i++)
                x[i] = phi_bits_to_f32((top + (i / 16) % 64) << 12 | low_bits[i % 16]);
            scalar.to_f16(want, x, N);
            other.to_f16(got, x, N);
            CHECK(is_same(got, want, N, 2));
        }
        for (int32_t n = 1; n < 20; n++) {
            float *tail = hold_copy(x, n);
            uint16_t *halves = hold_at((size_t)n * 2, 0);
            other.to_f16(halves, tail, n);
            CHECK(is_same(halves, want, n, 2));
        }
    }
    release();
}

/* --- attention ------------------------------------------------------------------------------------------------- */

typedef struct attention_case {
    int32_t n_q, head_dim, first_key, n_keys;
} attention_case;

static const attention_case cases[] = {
    {1, 4, 0, 1},     {1, 96, 0, 37},  {2, 96, 4, 64},  {3, 96, 8, 131},  {4, 96, 0, 96},
    {4, 96, 12, 17},  {1, 64, 0, 33},  {2, 64, 0, 16},  {3, 128, 4, 50},  {4, 128, 0, 67},
    {1, 128, 16, 90}, {1, 80, 0, 23},  {4, 20, 0, 19},  {2, 12, 4, 9},    {3, 36, 0, 41},
    {1, 256, 0, 21},  {4, 256, 8, 29}, {1, 100, 0, 77}, {4, 100, 32, 77}, {1, 96, 0, 512},
    {4, 96, 0, 515},  {2, 8, 0, 3},    {1, 96, 20, 21}, {1, 96, 40, 40},  {3, 20, 0, 0},
};
/* binary16 alone takes any head size. */
static const attention_case odd_cases[] = {{1, 7, 0, 18}, {4, 7, 4, 22}, {3, 1, 0, 9}, {2, 13, 0, 35}};

/* Scores go into rows of whole quads; mix weights are positive and at most 1, as a softmax makes them. */
typedef struct attention_data {
    attention_case c;
    int32_t stride, n_quads;
    float *q, *p, *k_scale, *v_scale;
    uint16_t *k_f16, *v_f16;
    int8_t *k_q8, *v_q8;
} attention_data;

static attention_data hold_attention(attention_case c, uint64_t seed)
{
    start(seed);
    attention_data a = {.c = c, .n_quads = (c.n_keys + 3) / 4};
    a.stride = a.n_quads * 4 + 4;
    a.q = hold_wild(c.n_q * c.head_dim);
    a.p = hold_floats(c.n_q * a.stride);
    for (int32_t i = 0; i < c.n_q * a.stride; i++)
        a.p[i] = phi_exp_f32(-fabsf(wild()));
    a.k_f16 = hold_halves(a.n_quads * 4 * c.head_dim, seed % 2 == 1);
    a.v_f16 = hold_halves(c.n_keys * c.head_dim, seed % 2 == 1);
    a.k_q8 = hold_at((size_t)(a.n_quads * 4 * c.head_dim), 0);
    a.v_q8 = hold_at((size_t)(c.n_keys * c.head_dim), 0);
    for (int32_t i = 0; i < a.n_quads * 4 * c.head_dim; i++)
        a.k_q8[i] = (int8_t)((int32_t)(phi_rng_u32(&rng) % 256) - 128);
    for (int32_t i = 0; i < c.n_keys * c.head_dim; i++)
        a.v_q8[i] = (int8_t)((int32_t)(phi_rng_u32(&rng) % 256) - 128);
    a.k_scale = hold_floats(a.n_quads * 4);
    a.v_scale = hold_floats(c.n_keys);
    for (int32_t i = 0; i < a.n_quads * 4; i++)
        a.k_scale[i] = phi_rng_f32(&rng) * 0.02f;
    for (int32_t i = 0; i < c.n_keys; i++)
        a.v_scale[i] = phi_rng_f32(&rng) * 0.02f;
    return a;
}

static double key_at(const attention_data *a, bool is_q8, int32_t j, int32_t d)
{
    const int32_t quad = j / 4 * a->c.head_dim * 4;
    if (is_q8)
        return (double)a->k_scale[j] * a->k_q8[quad + d / 4 * 16 + j % 4 * 4 + d % 4];
    return (double)phi_f16_to_f32(a->k_f16[quad + d * 4 + j % 4]);
}

static double value_at(const attention_data *a, bool is_q8, int32_t j, int32_t d)
{
    const int32_t i = j * a->c.head_dim + d;
    return is_q8 ? (double)a->v_scale[j] * a->v_q8[i] : (double)phi_f16_to_f32(a->v_f16[i]);
}

static const float score_scale = 0.1f;

static void run_scores(const phi_kernels *k, const attention_data *a, bool is_q8, float *scores)
{
    const attention_case c = a->c;
    if (is_q8)
        k->attn_scores_q8(scores, a->stride, a->q, c.n_q, a->k_q8, a->k_scale, c.head_dim, c.first_key, c.n_keys,
                          score_scale);
    else
        k->attn_scores_f16(scores, a->stride, a->q, c.n_q, a->k_f16, c.head_dim, c.first_key, c.n_keys, score_scale);
}

static void run_mix(const phi_kernels *k, const attention_data *a, bool is_q8, float *out, int32_t out_stride)
{
    const attention_case c = a->c;
    if (is_q8)
        k->attn_mix_q8(out, out_stride, a->p, a->stride, c.n_q, a->v_q8, a->v_scale, c.head_dim, c.first_key, c.n_keys);
    else
        k->attn_mix_f16(out, out_stride, a->p, a->stride, c.n_q, a->v_f16, c.head_dim, c.first_key, c.n_keys);
}

/* One accumulator: a sum of n terms is off by at most (n + 1) 2^-24 sum |terms|, two more roundings for the scales. */
static double sum_tolerance(int32_t n_terms, double magnitude)
{
    return (n_terms + 3) * 0x1p-24 * magnitude;
}

static void check_scores(const attention_data *a, bool is_q8, const float *scores)
{
    for (int32_t i = 0; i < a->c.n_q; i++)
        for (int32_t j = a->c.first_key; j < a->c.n_keys; j++) {
            double sum = 0, magnitude = 0;
            for (int32_t d = 0; d < a->c.head_dim; d++) {
                const double term = (double)score_scale * (double)a->q[i * a->c.head_dim + d] * key_at(a, is_q8, j, d);
                sum += term;
                magnitude += fabs(term);
            }
            CHECK_NEAR(scores[i * a->stride + j], sum, sum_tolerance(a->c.head_dim, magnitude));
        }
}

static void check_mix(const attention_data *a, bool is_q8, const float *out)
{
    for (int32_t i = 0; i < a->c.n_q; i++)
        for (int32_t d = 0; d < a->c.head_dim; d++) {
            double sum = 0, magnitude = 0;
            for (int32_t j = a->c.first_key; j < a->c.n_keys; j++) {
                const double term = (double)a->p[i * a->stride + j] * value_at(a, is_q8, j, d);
                sum += term;
                magnitude += fabs(term);
            }
            CHECK_NEAR(out[i * a->c.head_dim + d], sum, sum_tolerance(a->c.n_keys, magnitude));
        }
}

TEST(kernels_f32__attention_matches_double)
{
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    for (int is_q8 = 0; is_q8 < 2; is_q8++) {
        const attention_data a = hold_attention((attention_case){3, 96, 4, 50}, 10);
        float *scores = hold_floats(3 * a.stride), *out = hold_floats(3 * 96);
        run_scores(&k, &a, is_q8, scores);
        check_scores(&a, is_q8, scores);
        run_mix(&k, &a, is_q8, out, 96);
        check_mix(&a, is_q8, out);
    }
    release();
}

/* Scores before first_key and past the last quad must stay; those that fill the last quad may change. */
static bool scores_agree(const attention_data *a, const float *got, const float *want)
{
    for (int32_t i = 0; i < a->c.n_q; i++) {
        const float *g = got + i * a->stride, *w = want + i * a->stride;
        if (!is_same(g, w, a->c.n_keys, 4) || !is_same(g + a->n_quads * 4, w + a->n_quads * 4, 4, 4))
            return false;
    }
    return true;
}

static void check_attention(phi_isa isa, attention_case c, uint64_t seed, bool is_q8)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR), other = kernels_of(isa);
    const attention_data a = hold_attention(c, seed);
    const int32_t out_stride = c.head_dim + 3;
    float *want = hold_wild(c.n_q * a.stride), *got = hold_copy(want, c.n_q * a.stride);
    run_scores(&scalar, &a, is_q8, want);
    run_scores(&other, &a, is_q8, got);
    CHECK(scores_agree(&a, got, want));
    float *want_out = hold_wild(c.n_q * out_stride), *got_out = hold_copy(want_out, c.n_q * out_stride);
    run_mix(&scalar, &a, is_q8, want_out, out_stride);
    run_mix(&other, &a, is_q8, got_out, out_stride);
    CHECK(is_same(got_out, want_out, c.n_q * out_stride, 4));
}

TEST(kernels_f32__attention_same_bits_on_every_isa)
{
    for (int isa = 0; isa < N_OTHER_ISAS; isa++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                check_attention(other_isas[isa], cases[i], seed, false);
                check_attention(other_isas[isa], cases[i], seed, true);
            }
            for (size_t i = 0; i < sizeof odd_cases / sizeof odd_cases[0]; i++)
                check_attention(other_isas[isa], odd_cases[i], seed, false);
        }
    release();
}

/* --- attention of eight queries ---------------------------------------------------------------------------------- */

static const int32_t quads[] = {1, 2, 5};

TEST(kernels_f32__product8_matches_double)
{
    enum { N_K = 77, N_QUADS = 3 };
    start(13);
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    const float *a = hold_wild(N_QUADS * 4 * N_K), *b = hold_wild(N_K * 8);
    float *c = hold_floats(N_QUADS * 4 * 8);
    k.product8(c, a, b, N_K, N_QUADS);
    for (int r = 0; r < N_QUADS * 4; r++)
        for (int i = 0; i < 8; i++) {
            double sum = 0, magnitude = 0;
            for (int j = 0; j < N_K; j++) {
                const double term = (double)a[(r / 4 * N_K + j) * 4 + r % 4] * (double)b[j * 8 + i];
                sum += term;
                magnitude += fabs(term);
            }
            CHECK_NEAR(c[r * 8 + i], sum, sum_tolerance(N_K, magnitude));
        }
    release();
}

TEST(kernels_f32__softmax8_matches_double)
{
    enum { N = 77 };
    start(14);
    const phi_kernels k = kernels_of(PHI_ISA_SCALAR);
    float *x = hold_wild(N * 8), inverse[8];
    const float *before = hold_copy(x, N * 8);
    k.softmax8(x, inverse, N);
    for (int i = 0; i < 8; i++) {
        double sum = 0, max = -INFINITY;
        for (int j = 0; j < N; j++)
            max = fmax(max, (double)before[j * 8 + i]);
        for (int j = 0; j < N; j++)
            sum += exp((double)before[j * 8 + i] - max);
        for (int j = 0; j < N; j++) {
            const double score = (double)before[j * 8 + i], expected = exp(score - max) / sum;
            /* As of softmax, with one accumulator. */
            const double tolerance = (fabs(score) + max + (double)(N + 12)) * 0x1p-24;
            CHECK_NEAR((double)x[j * 8 + i] * (double)inverse[i], expected, tolerance * expected + 1e-37);
        }
    }
    release();
}

TEST(kernels_f32__eights_same_bits_on_every_isa)
{
    const phi_kernels scalar = kernels_of(PHI_ISA_SCALAR);
    for (int isa = 0; isa < N_OTHER_ISAS; isa++) {
        const phi_kernels other = kernels_of(other_isas[isa]);
        FOR_SIZES(size)
        for (size_t g = 0; g < sizeof quads / sizeof quads[0]; g++) {
            start(size * 10 + g);
            const int32_t n = (int32_t)size, n_out = quads[g] * 4 * 8;
            const float *a = hold_wild(quads[g] * 4 * n);
            float *want = hold_wild(n * 8), *got = hold_copy(want, n * 8);
            float *want_c = hold_floats(n_out), *got_c = hold_floats(n_out), want_inverse[8], got_inverse[8];
            scalar.product8(want_c, a, want, n, quads[g]);
            other.product8(got_c, a, want, n, quads[g]);
            CHECK(is_same(got_c, want_c, n_out, 4));
            want[g] = got[g] = n > 1 ? -INFINITY : 1.0f;
            scalar.softmax8(want, want_inverse, n);
            other.softmax8(got, got_inverse, n);
            CHECK(is_same(got, want, n * 8, 4) && is_same(got_inverse, want_inverse, 8, 4));
        }
    }
    release();
}
