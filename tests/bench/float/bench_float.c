/* Speed of the float kernels: one JSON line a kernel and instruction set. Instruction sets take turns within each
 * repetition, so that a busy moment of the machine hits all of them; the line gives the median of 31 repetitions,
 * their interquartile range, and the best one: on a machine that others use too, compare the best ones.
 *
 * Attention: 32 heads x 2048 keys x D 96, each with a cache of its own (12.6 MB of keys in binary16), one after the
 * other as a layer of Phi-3-mini does. gb_per_s counts bytes of keys or values. `-s WORD`-style filter: argument 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "f32_math.h"
#include "kernels_f32.h"
#include "pool.h"
#include "rng.h"

enum {
    N_REPEATS = 31,
    N_ISAS = 2,
    N_HEADS = 32,
    HEADS_A_CALL = 4,
    N_KEYS = 2048,
    HEAD_DIM = 96,
    ROW = 8192,
    N_ROWS = 256
};
enum { CACHE_ITEMS = N_HEADS * N_KEYS * HEAD_DIM, CALL_ITEMS = HEADS_A_CALL * N_KEYS * HEAD_DIM };

typedef struct buffers {
    float *q, *scores, *out, *x, *y, *w, *scales;
    uint16_t *halves;
    int8_t *bytes;
    uint8_t *weights;
} buffers;

typedef struct scenario {
    const char *name;
    void (*run)(const phi_kernels *k, const buffers *b, int n);
    int n; /* queries, tokens, or elements */
    int64_t n_bytes;
} scenario;

static int first_head;

/* The next few heads, so that the cache comes from memory and a sample stays short. */
static int next_heads(void)
{
    first_head = (first_head + HEADS_A_CALL) % N_HEADS;
    return first_head;
}

static void scores_f16(const phi_kernels *k, const buffers *b, int n_q)
{
    for (int h = next_heads(); h < first_head + HEADS_A_CALL; h++)
        k->attn_scores_f16(b->scores, N_KEYS, b->q, n_q, b->halves + h * (CACHE_ITEMS / N_HEADS), HEAD_DIM, 0, N_KEYS,
                           0.1f);
}

static void mix_f16(const phi_kernels *k, const buffers *b, int n_q)
{
    for (int h = next_heads(); h < first_head + HEADS_A_CALL; h++)
        k->attn_mix_f16(b->out, HEAD_DIM, b->w, N_KEYS, n_q, b->halves + h * (CACHE_ITEMS / N_HEADS), HEAD_DIM, 0,
                        N_KEYS);
}

static void scores_q8(const phi_kernels *k, const buffers *b, int n_q)
{
    for (int h = next_heads(); h < first_head + HEADS_A_CALL; h++)
        k->attn_scores_q8(b->scores, N_KEYS, b->q, n_q, b->bytes + h * (CACHE_ITEMS / N_HEADS), b->scales, HEAD_DIM, 0,
                          N_KEYS, 0.1f);
}

static void mix_q8(const phi_kernels *k, const buffers *b, int n_q)
{
    for (int h = next_heads(); h < first_head + HEADS_A_CALL; h++)
        k->attn_mix_q8(b->out, HEAD_DIM, b->w, N_KEYS, n_q, b->bytes + h * (CACHE_ITEMS / N_HEADS), b->scales, HEAD_DIM,
                       0, N_KEYS);
}

static void dot_f32(const phi_kernels *k, const buffers *b, int n_tokens)
{
    k->dot_float[0](b->y, N_ROWS, b->x, n_tokens, b->weights, N_ROWS, ROW);
}

static void dot_f16(const phi_kernels *k, const buffers *b, int n_tokens)
{
    k->dot_float[1](b->y, N_ROWS, b->x, n_tokens, b->halves, N_ROWS, ROW);
}

static void dot_bf16(const phi_kernels *k, const buffers *b, int n_tokens)
{
    k->dot_float[2](b->y, N_ROWS, b->x, n_tokens, b->weights, N_ROWS, ROW);
}

static void softmax(const phi_kernels *k, const buffers *b, int n)
{
    for (int h = 0; h < N_HEADS; h++) {
        memcpy(b->scores, b->x, (size_t)n * sizeof(float));
        k->softmax(b->scores, n);
    }
}

static void silu(const phi_kernels *k, const buffers *b, int n)
{
    k->silu_mul(b->y, b->x, b->w, n);
}

static void rms(const phi_kernels *k, const buffers *b, int n)
{
    k->rms_norm(b->y, b->x, b->w, n, 1e-5f);
}

static void halve(const phi_kernels *k, const buffers *b, int n)
{
    k->to_f16((uint16_t *)(void *)b->y, b->x, n);
}

static const scenario scenarios[] = {
    {"attn_scores_f16 1 query", scores_f16, 1, CALL_ITEMS * 2},
    {"attn_scores_f16 4 queries", scores_f16, 4, CALL_ITEMS * 2},
    {"attn_mix_f16 1 query", mix_f16, 1, CALL_ITEMS * 2},
    {"attn_mix_f16 4 queries", mix_f16, 4, CALL_ITEMS * 2},
    {"attn_scores_q8 1 query", scores_q8, 1, CALL_ITEMS},
    {"attn_scores_q8 4 queries", scores_q8, 4, CALL_ITEMS},
    {"attn_mix_q8 1 query", mix_q8, 1, CALL_ITEMS},
    {"attn_mix_q8 4 queries", mix_q8, 4, CALL_ITEMS},
    {"dot f32 1 token", dot_f32, 1, N_ROWS *ROW * 4},
    {"dot f16 1 token", dot_f16, 1, N_ROWS *ROW * 2},
    {"dot bf16 1 token", dot_bf16, 1, N_ROWS *ROW * 2},
    {"dot f16 8 tokens", dot_f16, 8, N_ROWS *ROW * 2},
    {"softmax 2048 x 32", softmax, N_KEYS, N_HEADS *N_KEYS * 4},
    {"silu_mul 8192", silu, ROW, ROW * 4},
    {"rms_norm 3072", rms, 3072, 3072 * 4},
    {"to_f16 3072", halve, 3072, 3072 * 4},
};

static void *take(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        abort();
    return p;
}

static float *take_floats(size_t n, float lowest, float highest, phi_rng *rng)
{
    float *x = take(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        x[i] = lowest + (highest - lowest) * phi_rng_f32(rng);
    return x;
}

static buffers take_buffers(void)
{
    phi_rng rng = phi_rng_seeded(1);
    buffers b;
    b.q = take_floats(4 * HEAD_DIM, -1, 1, &rng);
    b.x = take_floats(8 * ROW, -4, 4, &rng);
    b.w = take_floats(4 * ROW, 0.001f, 1, &rng);
    b.y = take_floats(8 * ROW, 0, 1, &rng);
    b.out = take_floats(4 * HEAD_DIM, 0, 1, &rng);
    b.scores = take_floats(4 * N_KEYS, 0, 1, &rng);
    b.scales = take_floats(N_KEYS, 0.001f, 0.02f, &rng);
    b.halves = take(CACHE_ITEMS * 2);
    b.bytes = take(CACHE_ITEMS);
    b.weights = (uint8_t *)take_floats(N_ROWS * ROW, -0.1f, 0.1f, &rng);
    for (size_t i = 0; i < CACHE_ITEMS; i++) {
        b.halves[i] = phi_f32_to_f16(phi_rng_f32(&rng) * 4 - 2);
        b.bytes[i] = (int8_t)((int32_t)(phi_rng_u32(&rng) % 255) - 127);
    }
    return b;
}

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

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Calls that take a few milliseconds together, after a warm-up that lets the engine compile the kernel well. */
static int calls_needed(const scenario *s, const phi_kernels *k, const buffers *b)
{
    const double start_us = phi_pool_now_us();
    int n = 0;
    do {
        s->run(k, b, s->n);
        n++;
    } while (phi_pool_now_us() - start_us < 20000);
    return n / 32 + 1;
}

static void measure(const scenario *s, const phi_kernels *kernels, const buffers *b)
{
    static const char *const names[N_ISAS] = {"scalar", "simd128"};
    double us[N_ISAS][N_REPEATS];
    int n_calls[N_ISAS];
    for (int isa = 0; isa < N_ISAS; isa++)
        n_calls[isa] = calls_needed(s, &kernels[isa], b);
    for (int r = 0; r < N_REPEATS; r++)
        for (int isa = 0; isa < N_ISAS; isa++) {
            const double start_us = phi_pool_now_us();
            for (int i = 0; i < n_calls[isa]; i++)
                s->run(&kernels[isa], b, s->n);
            us[isa][r] = (phi_pool_now_us() - start_us) / n_calls[isa];
        }
    for (int isa = 0; isa < N_ISAS; isa++) {
        qsort(us[isa], N_REPEATS, sizeof(double), compare);
        const double median = us[isa][N_REPEATS / 2];
        printf(
            "{\"kernel\":\"%s\",\"isa\":\"%s\",\"us\":%.2f,\"us_iqr\":%.2f,\"gb_per_s\":%.2f,\"gb_per_s_best\":%.2f}\n",
            s->name, names[isa], median, us[isa][N_REPEATS * 3 / 4] - us[isa][N_REPEATS / 4],
            (double)s->n_bytes / median * 1e-3, (double)s->n_bytes / us[isa][0] * 1e-3);
    }
}

int main(int argc, char **argv)
{
    const phi_kernels kernels[N_ISAS] = {kernels_of(PHI_ISA_SCALAR), kernels_of(PHI_ISA_SIMD128)};
    const buffers b = take_buffers();
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (argc < 2 || strstr(scenarios[i].name, argv[1]))
            measure(&scenarios[i], kernels, &b);
    return 0;
}
