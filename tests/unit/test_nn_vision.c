/* What an encoder of pictures needs of nn: linears with bias and activation, layer norm, attention among the tokens of
 * a tile. Against double precision, and the same bits for any number of threads. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "nn.h"
#include "rng.h"

enum { MAX_THREADS = 3 };

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

static double score_of(const float *qkv, const phi_self_attention *a, int32_t head, int32_t i, int32_t j)
{
    const float *q = row_of(qkv, a, i, 0, head), *k = row_of(qkv, a, j, 1, head);
    double sum = 0;
    for (int32_t d = 0; d < a->head_dim; d++)
        sum += (double)q[d] * (double)k[d];
    return sum * (double)a->scale;
}

/* The output of token i of the tile that begins with token `base`. */
static double attend(const float *qkv, const phi_self_attention *a, int32_t base, int32_t i, int32_t column)
{
    const int32_t head = column / a->head_dim, d = column % a->head_dim;
    double weights = 0, sum = 0;
    for (int32_t j = 0; j < a->n_tokens; j++) {
        const double weight = exp(score_of(qkv, a, head, base + i, base + j));
        weights += weight;
        sum += weight * (double)row_of(qkv, a, base + j, 2, head)[d];
    }
    return sum / weights;
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
        for (int32_t c = 0; c < width; c++)
            CHECK_NEAR(out[t * width + c], attend(qkv, &a, t / a.n_tokens * a.n_tokens, t % a.n_tokens, c), 2e-6);
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

static void check_linear(const phi_linear *linear, const float *in, const float *y, int32_t n_tokens)
{
    for (int32_t t = 0; t < n_tokens; t++)
        for (int32_t r = 0; r < ROWS; r++) {
            const int32_t p = r < ROWS_A ? 0 : 1, row = r - p * ROWS_A;
            const float *bias = phi_vector_data(&linear->bias[p]);
            double sum = bias ? (double)bias[row] : 0;
            for (int32_t k = 0; k < IN; k++)
                sum += (double)in[t * IN + k] * (double)phi_vector_data(&linear->parts[p])[row * IN + k];
            CHECK_NEAR(y[t * ROWS + r], activated(linear->activation, sum), 1e-5);
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

TEST(nn_vision__layer_norm_is_that_of_each_row)
{
    enum { N = 45, N_ROWS = 3 };
    bench b;
    const phi_exec_shape shape = {.n_tokens_max = N_ROWS, .n_cols_max = 64};
    CHECK(bench_start(&b, 2, 4, &shape));
    const phi_norm norm = {matrix_of(random_floats(&b, N, 2), 1, N), matrix_of(random_floats(&b, N, 2), 1, N), 1e-5f};
    float *x = random_floats(&b, N * N_ROWS, 4), *y = random_floats(&b, N * N_ROWS, 1);
    phi_layer_norm_forward(&b.exec, y, x, N_ROWS, &norm);
    for (int32_t t = 0; t < N_ROWS; t++) {
        double mean = 0, variance = 0;
        for (int32_t i = 0; i < N; i++)
            mean += (double)x[t * N + i] / (double)N;
        for (int32_t i = 0; i < N; i++)
            variance += ((double)x[t * N + i] - mean) * ((double)x[t * N + i] - mean) / (double)N;
        for (int32_t i = 0; i < N; i++)
            CHECK_NEAR(y[t * N + i],
                       ((double)x[t * N + i] - mean) / sqrt(variance + 1e-5) *
                               (double)phi_vector_data(&norm.weight)[i] +
                           (double)phi_vector_data(&norm.bias)[i],
                       4e-6);
    }
    phi_layer_norm_forward(&b.exec, x, x, N_ROWS, &norm);
    CHECK(memcmp(x, y, sizeof(float) * N * N_ROWS) == 0);
    bench_end(&b);
}
