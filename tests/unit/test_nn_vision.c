/* What an encoder of pictures needs of nn: linears with bias and activation, layer norm, attention among the tokens of
 * a tile. Against double precision, and the same bits for any number of threads. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "nn.h"
#include "rng.h"

enum { MAX_THREADS = 3 };

static const double ROUNDING = 0x1p-24; /* of one operation, relatively */

typedef struct bench {
    phi_arena arena;
    phi_exec exec;
    phi_kernels kernels;
    phi_rng rng;
} bench;

static bool bench_start(bench *b, int32_t n_threads, int32_t accuracy_level, const phi_exec_shape *shape)
{
    *b = (bench){.rng = phi_rng_seeded(5)};
    phi_arena_init(&b->arena, 1 << 20);
    phi_error err = {0};
    b->exec = (phi_exec){.kernels = &b->kernels, .accuracy_level = accuracy_level};
    return phi_kernels_get(&b->kernels, PHI_ISA_SIMD128) &&
           phi_pool_create(&b->exec.pool, &b->arena, n_threads, &err) == PHI_OK &&
           phi_exec_init(&b->exec, &b->arena, shape, &err) == PHI_OK;
}

static void bench_end(bench *b)
{
    phi_pool_destroy(b->exec.pool);
    phi_arena_deinit(&b->arena);
}

static float *random_floats(bench *b, int32_t n, float amplitude)
{
    float *x = phi_arena_array(&b->arena, float, (size_t)n);
    for (int32_t i = 0; x && i < n; i++)
        x[i] = (phi_rng_f32(&b->rng) * 2 - 1) * amplitude;
    return x;
}

static phi_matrix matrix_of(const float *data, int32_t n_rows, int32_t n_cols)
{
    return (phi_matrix){(const uint8_t *)data, PHI_LAYOUT_F32, n_rows, n_cols, n_rows};
}

/* --- self attention -------------------------------------------------------------------------------------------- */

static const float *row_of(const float *qkv, const phi_self_attention *a, int32_t token, int32_t which, int32_t head)
{
    return qkv + (token * 3 + which) * a->n_heads * a->head_dim + head * a->head_dim;
}

/* A sum, and that of the terms' magnitudes, which its error is measured by. */
typedef struct exact_sum {
    double value, magnitude;
} exact_sum;

static void add_term(exact_sum *s, double term)
{
    s->value += term;
    s->magnitude += fabs(term);
}

static exact_sum score_of(const float *qkv, const phi_self_attention *a, int32_t head, int32_t i, int32_t j)
{
    const float *q = row_of(qkv, a, i, 0, head), *k = row_of(qkv, a, j, 1, head);
    exact_sum s = {0, 0};
    for (int32_t d = 0; d < a->head_dim; d++)
        add_term(&s, (double)q[d] * (double)k[d] * (double)a->scale);
    return s;
}

/* The output of token i of the tile that begins with token `base`, and how far off it may be.
 *
 * A score is a sum of head_dim products with a scaled query: head_dim + 2 roundings of its magnitude. The difference to
 * the largest score rounds once more, of two such magnitudes at most. The exponential makes of this a relative error,
 * with two roundings of its own. A weight's error counts twice: in the sum with the values, and in that of the weights
 * by which it is divided. The sums have n_tokens + 1 and n_tokens roundings, the reciprocal and the product with it
 * one each. */
static double attend(double *tolerance, const float *qkv, const phi_self_attention *a, int32_t first, int32_t column)
{
    const int32_t base = first / a->n_tokens * a->n_tokens, head = column / a->head_dim, d = column % a->head_dim;
    double weights = 0, largest = 0;
    exact_sum sum = {0, 0};
    for (int32_t j = 0; j < a->n_tokens; j++) {
        const exact_sum score = score_of(qkv, a, head, first, base + j);
        const double weight = exp(score.value);
        largest = fmax(largest, score.magnitude);
        weights += weight;
        add_term(&sum, weight * (double)row_of(qkv, a, base + j, 2, head)[d]);
    }
    const double of_weight = (a->head_dim + 4) * largest + 2;
    *tolerance = (2 * of_weight + 2 * a->n_tokens + 3) * ROUNDING * sum.magnitude / weights;
    return sum.value / weights;
}

static void check_self_attention(phi_self_attention a, int32_t n_tiles, int32_t n_threads)
{
    bench b;
    const phi_exec_shape shape = {
        .n_tokens_max = 1, .n_cols_max = 32, .n_self_tokens = a.n_tokens, .self_head_dim = a.head_dim};
    const int32_t width = a.n_heads * a.head_dim, n_rows = n_tiles * a.n_tokens;
    CHECK(bench_start(&b, n_threads, 4, &shape));
    const float *qkv = random_floats(&b, n_rows * 3 * width, 1);
    float *out = random_floats(&b, n_rows * width, 1);
    phi_self_attention_forward(&b.exec, out, qkv, n_tiles, &a);
    for (int32_t t = 0; t < n_rows; t++)
        for (int32_t c = 0; c < width; c++) {
            double tolerance;
            const double expected = attend(&tolerance, qkv, &a, t, c);
            CHECK_NEAR(out[t * width + c], expected, tolerance);
        }
    bench_end(&b);
}

TEST(nn_vision__self_attention_matches_double)
{
    check_self_attention((phi_self_attention){.n_tokens = 1, .n_heads = 1, .head_dim = 4, .scale = 1}, 1, 1);
    check_self_attention((phi_self_attention){.n_tokens = 7, .n_heads = 2, .head_dim = 6, .scale = 0.5f}, 3, 2);
    check_self_attention((phi_self_attention){.n_tokens = 17, .n_heads = 3, .head_dim = 32, .scale = 0.2f}, 2, 3);
    check_self_attention((phi_self_attention){.n_tokens = 65, .n_heads = 2, .head_dim = 64, .scale = 0.125f}, 1, 2);
}

/* --- linear, norm ---------------------------------------------------------------------------------------------- */

static double activated(phi_activation activation, double x)
{
    if (activation == PHI_ACTIVATION_GELU)
        return x * 0.5 * (1 + erf(x / sqrt(2.0)));
    return activation == PHI_ACTIVATION_QUICK_GELU ? x / (1 + exp(-1.702 * x)) : x;
}

enum { IN = 70, ROWS_A = 21, ROWS_B = 32, ROWS = ROWS_A + ROWS_B, TOKENS = 5 };

/* The sum is off by IN/8 + 6 roundings: a product, eight partial sums, three sums of these, the bias. No activation is
 * steeper than 1.13. Its own error is below four roundings of its argument: GELU's are two of erf's argument (z erf' is
 * below 0.49), erf's 9.8e-8, a sum that is at most 2, a product; quick GELU's are the argument's two (z s (1 - s) is
 * below 0.23), the exponential's two, a sum, a quotient. */
static double linear_tolerance(const phi_linear *linear, const exact_sum *s)
{
    const double of_sum = (IN / 8 + 6) * ROUNDING * s->magnitude;
    return linear->activation == PHI_ACTIVATION_NONE ? of_sum : 1.13 * of_sum + 4 * ROUNDING * fabs(s->value);
}

static void check_linear(const phi_linear *linear, const float *in, const float *y, int32_t n_tokens)
{
    for (int32_t t = 0; t < n_tokens; t++)
        for (int32_t r = 0; r < ROWS; r++) {
            const int32_t p = r < ROWS_A ? 0 : 1, row = r - p * ROWS_A;
            const float *bias = phi_vector_data(&linear->bias[p]);
            exact_sum s = {0, 0};
            add_term(&s, bias ? (double)bias[row] : 0);
            for (int32_t k = 0; k < IN; k++)
                add_term(&s, (double)in[t * IN + k] * (double)phi_vector_data(&linear->parts[p])[row * IN + k]);
            CHECK_NEAR(y[t * ROWS + r], activated(linear->activation, s.value), linear_tolerance(linear, &s));
        }
}

/* Two parts, one of them with a bias; the first one's last group is not full. */
TEST(nn_vision__linear_adds_bias_and_activates)
{
    bench b;
    const phi_exec_shape shape = {.n_tokens_max = TOKENS, .n_cols_max = 96};
    CHECK(bench_start(&b, 2, 1, &shape));
    const float *in = random_floats(&b, TOKENS * IN, 1);
    phi_linear linear = {.parts = {matrix_of(random_floats(&b, ROWS_A * IN, 1), ROWS_A, IN),
                                   matrix_of(random_floats(&b, ROWS_B * IN, 1), ROWS_B, IN)},
                         .bias = {matrix_of(random_floats(&b, ROWS_A, 3), 1, ROWS_A)},
                         .n_parts = 2,
                         .n_rows = ROWS,
                         .n_cols = IN};
    for (int activation = 0; activation < PHI_N_ACTIVATIONS; activation++) {
        float *y = random_floats(&b, TOKENS * ROWS, 1), *one = random_floats(&b, ROWS, 1);
        linear.activation = (phi_activation)activation;
        phi_linear_forward(&b.exec, y, in, TOKENS, &linear);
        check_linear(&linear, in, y, TOKENS);
        phi_linear_forward(&b.exec, one, in, 1, &linear);
        CHECK(memcmp(one, y, sizeof(float) * ROWS) == 0);
    }
    bench_end(&b);
}

/* Many tokens have their halves decoded once; few do not. */
TEST(nn_vision__halves_give_the_same_bits_for_any_number_of_tokens)
{
    enum { MANY = 11, N = 20 };
    bench b;
    const phi_exec_shape shape = {.n_tokens_max = MANY, .n_cols_max = 96};
    CHECK(bench_start(&b, 2, 4, &shape));
    const float *in = random_floats(&b, MANY * IN, 1);
    uint16_t *halves = phi_arena_array(&b.arena, uint16_t, N * IN);
    for (size_t i = 0; i < N * IN; i++)
        halves[i] = (uint16_t)phi_rng_u32(&b.rng);
    for (phi_layout layout = PHI_LAYOUT_F16; layout <= PHI_LAYOUT_BF16; layout++) {
        const phi_linear linear = {
            .parts = {{(const uint8_t *)halves, layout, N, IN, N}}, .n_parts = 1, .n_rows = N, .n_cols = IN};
        float *many = random_floats(&b, MANY * N, 1), *one = random_floats(&b, N, 1);
        phi_linear_forward(&b.exec, many, in, MANY, &linear);
        for (int32_t t = 0; t < MANY; t++) {
            phi_linear_forward(&b.exec, one, in + t * IN, 1, &linear);
            for (int32_t r = 0; r < N; r++) /* of BF16 some are NaN, whose sign is free */
                CHECK(memcmp(one + r, many + t * N + r, sizeof(float)) == 0 ||
                      (isnan(one[r]) && isnan(many[t * N + r])));
        }
    }
    bench_end(&b);
}

/* The mean is off by n/8 + 5 roundings of the mean magnitude, which the differences inherit; the sum of their squares
 * likewise, halved by the root; then a root, a quotient, two products and the bias: as in tests/kernels. */
static void check_layer_norm(const phi_norm *norm, const float *x, const float *y, int32_t n)
{
    const float *w = phi_vector_data(&norm->weight), *b = phi_vector_data(&norm->bias);
    exact_sum sum = {0, 0};
    double squares = 0;
    for (int32_t i = 0; i < n; i++)
        add_term(&sum, (double)x[i]);
    const double mean = sum.value / n;
    for (int32_t i = 0; i < n; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double inverse = 1 / sqrt(squares / n + (double)norm->eps);
    const double of_mean = (n / 8 + 6) * ROUNDING * sum.magnitude / n * inverse;
    const double relative = ((n / 8 + 5) / 2.0 + 7) * ROUNDING;
    for (int32_t i = 0; i < n; i++) {
        const double term = (double)w[i] * ((double)x[i] - mean) * inverse;
        const double tolerance = fabs((double)w[i]) * of_mean + relative * (fabs(term) + fabs((double)b[i]));
        CHECK_NEAR(y[i], term + (double)b[i], tolerance);
    }
}

TEST(nn_vision__layer_norm_is_that_of_each_row)
{
    enum { N = 45, N_ROWS = 3 };
    bench b;
    const phi_exec_shape shape = {.n_tokens_max = N_ROWS, .n_cols_max = 64};
    CHECK(bench_start(&b, 2, 4, &shape));
    const phi_norm norm = {matrix_of(random_floats(&b, N, 2), 1, N), matrix_of(random_floats(&b, N, 2), 1, N), 1e-5f};
    float *x = random_floats(&b, N * N_ROWS, 4), *y = random_floats(&b, N * N_ROWS, 1);
    phi_layer_norm_forward(&b.exec, y, x, N_ROWS, &norm);
    for (int32_t t = 0; t < N_ROWS; t++)
        check_layer_norm(&norm, x + t * N, y + t * N, N);
    phi_layer_norm_forward(&b.exec, x, x, N_ROWS, &norm);
    CHECK(memcmp(x, y, sizeof(float) * N * N_ROWS) == 0);
    bench_end(&b);
}
