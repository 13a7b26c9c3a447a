/* One layer of the CLIP encoder of Phi-3.5-vision (ViT-L/14 at 336 pixels: 577 tokens a tile, 1024 columns, 16 heads,
 * MLP 4096), step by step, on the engine's pool. Runs natively and in Node.
 *
 *   bench_vision [-t THREADS] [-n TILES] [-l LAYOUT] [-i ISA] [-r ROUNDS] [-a ACCURACY]
 *
 * Rounds go through all steps in turn, so that a busy moment of the machine hits all of them. Prints one JSON object
 * a line:
 *   step       "gemm" is the bare kernel over one unpacked panel, on all threads: the rate that a layer is measured by
 *   ms, best   median and least of the rounds
 *   gop_per_s  2 x multiply-adds of the median, where the step has some
 *   percent    "layer" only: of the bare kernel's rate, counting the matrices' operations and all steps' time */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn.h"
#include "rng.h"

enum { TOKENS = 577, WIDTH = 1024, HEADS = 16, HEAD_DIM = WIDTH / HEADS, INNER = 4096, ROUNDS_MAX = 1001 };

static const char *const layout_names[PHI_N_LAYOUTS] = {
#define XX(name, header, block, cols) #name,
    PHI_LAYOUTS(XX)
#undef XX
        [PHI_LAYOUT_F32] = "F32",
    [PHI_LAYOUT_F16] = "F16", [PHI_LAYOUT_BF16] = "BF16"};
static const char *const isa_names[PHI_N_ISAS] = {"scalar",      "simd128",    "relaxed-i16",
                                                  "relaxed-i32", "relaxed-s8", "relaxed-u8"};

typedef struct bench {
    phi_arena arena;
    phi_kernels kernels;
    phi_exec exec;
    phi_rng rng;
    int32_t n_threads, n_tiles, n_tokens, n_rounds;
    phi_layout layout;
    phi_isa isa;
    phi_norm norm;
    phi_linear qkv, out, up, down;
    float *x, *wide_x; /* inputs: random, so that no step sees what grew in others */
    float *y, *wide_y; /* outputs */
    phi_q8 q8;         /* x */
    phi_panel *panels; /* (n_threads) */
    float *strips;     /* (n_threads, T, 16) */
} bench;

static void *need(void *p)
{
    if (!p) {
        (void)fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return p;
}

static float *floats(bench *b, size_t n, float amplitude)
{
    float *x = need(phi_arena_array(&b->arena, float, n));
    for (size_t i = 0; i < n; i++)
        x[i] = (phi_rng_f32(&b->rng) * 2 - 1) * amplitude;
    return x;
}

static phi_matrix vector(bench *b, int32_t n)
{
    return (phi_matrix){(const uint8_t *)floats(b, (size_t)n, 1), PHI_LAYOUT_F32, 1, n, 1};
}

/* Bytes 0x22 are ordinary numbers as scales too: 0.012. */
static phi_linear linear(bench *b, int32_t n_parts, int32_t n_rows, int32_t n_cols)
{
    phi_linear l = {.n_parts = n_parts, .n_rows = n_parts * n_rows, .n_cols = n_cols};
    const size_t n_groups = (size_t)(b->layout < PHI_N_PACKED ? n_rows / PHI_GROUP_ROWS : n_rows);
    const size_t bytes = n_groups * phi_layout_group_bytes(b->layout, n_cols);
    for (int32_t p = 0; p < n_parts; p++) {
        uint8_t *data = need(phi_arena_array(&b->arena, uint8_t, bytes));
        memset(data, 0x22, bytes);
        l.parts[p] = (phi_matrix){data, b->layout, n_rows, n_cols, (int32_t)n_groups};
        l.bias[p] = vector(b, n_rows);
    }
    return l;
}

static void deal_panels(bench *b)
{
    const size_t scales = PHI_PANEL_COLS_MAX / PHI_BLOCK_COLS * PHI_GROUP_ROWS;
    b->panels = need(phi_arena_array(&b->arena, phi_panel, (size_t)b->n_threads));
    b->strips = floats(b, (size_t)(b->n_threads * b->n_tokens * PHI_GROUP_ROWS), 0);
    for (int32_t i = 0; i < b->n_threads; i++) {
        b->panels[i] = (phi_panel){.q = need(phi_arena_array(&b->arena, uint8_t, PHI_PANEL_COLS_MAX * PHI_GROUP_ROWS)),
                                   .scale = floats(b, 2 * scales, 1e-30f),
                                   .min = floats(b, scales, 1e-30f),
                                   .n_cols = PHI_PANEL_COLS_MAX};
        if (b->layout < PHI_N_PACKED)
            b->kernels.unpack[b->layout](&b->panels[i], b->qkv.parts[0].data, WIDTH, 0);
    }
}

static void deal(bench *b)
{
    phi_error err = {0};
    const phi_exec_shape shape = {
        .n_tokens_max = b->n_tokens, .n_cols_max = INNER, .n_self_tokens = TOKENS, .self_head_dim = HEAD_DIM};
    b->exec.kernels = &b->kernels;
    if (!phi_kernels_get(&b->kernels, b->isa) ||
        phi_pool_create(&b->exec.pool, &b->arena, b->n_threads, &err) != PHI_OK ||
        phi_exec_init(&b->exec, &b->arena, &shape, &err) != PHI_OK)
        exit(1);
    b->norm = (phi_norm){vector(b, WIDTH), vector(b, WIDTH), 1e-5f};
    b->qkv = linear(b, 3, WIDTH, WIDTH);
    b->out = linear(b, 1, WIDTH, WIDTH);
    b->up = linear(b, 1, INNER, WIDTH);
    b->up.activation = PHI_ACTIVATION_QUICK_GELU;
    b->down = linear(b, 1, WIDTH, INNER);
    b->x = floats(b, (size_t)b->n_tokens * WIDTH, 1);
    b->y = floats(b, (size_t)b->n_tokens * WIDTH, 1);
    b->wide_x = floats(b, (size_t)b->n_tokens * INNER, 1);
    b->wide_y = floats(b, (size_t)b->n_tokens * INNER, 1);
    const size_t n = (size_t)b->n_tokens * WIDTH;
    b->q8 = (phi_q8){need(phi_arena_array(&b->arena, int8_t, n)), floats(b, n / PHI_BLOCK_COLS, 0),
                     floats(b, n / PHI_BLOCK_COLS, 0),
                     need(phi_arena_array(&b->arena, int16_t, n / PHI_BLOCK_COLS * 4)), WIDTH};
    b->kernels.quantize(&b->q8, b->x, b->n_tokens);
    deal_panels(b);
}

static void gemm_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const bench *b = ctx;
    (void)task_idx;
    b->kernels.gemm(b->strips + (size_t)(thread_idx * b->n_tokens * PHI_GROUP_ROWS), PHI_GROUP_ROWS, &b->q8,
                    &b->panels[thread_idx], b->n_tokens, 0, true, true);
}

enum { GEMM_TASKS = 64 };

static void run_gemm(bench *b)
{
    if (b->layout < PHI_N_PACKED)
        phi_pool_run(b->exec.pool, GEMM_TASKS, gemm_task, b);
}

static void run_norm(bench *b)
{
    phi_layer_norm_forward(&b->exec, b->y, b->x, b->n_tokens, &b->norm);
}

static void run_qkv(bench *b)
{
    phi_linear_forward(&b->exec, b->wide_y, b->x, b->n_tokens, &b->qkv);
}

static void run_attention(bench *b)
{
    const phi_self_attention a = {TOKENS, HEADS, HEAD_DIM, 0.125f};
    phi_self_attention_forward(&b->exec, b->y, b->wide_x, b->n_tiles, &a);
}

static void run_out(bench *b)
{
    phi_linear_forward(&b->exec, b->y, b->x, b->n_tokens, &b->out);
}

static void run_residual(bench *b)
{
    phi_residual_forward(&b->exec, b->y, b->x, b->n_tokens * WIDTH);
}

static void run_up(bench *b)
{
    phi_linear_forward(&b->exec, b->wide_y, b->x, b->n_tokens, &b->up);
}

static void run_down(bench *b)
{
    phi_linear_forward(&b->exec, b->y, b->wide_x, b->n_tokens, &b->down);
}

typedef struct step {
    const char *name;
    void (*run)(bench *b);
    double ops;    /* of a token: 2 x multiply-adds with matrices */
    double others; /* the same, of attention */
} step;

static const step steps[] = {
    {"gemm", run_gemm, 2.0 * GEMM_TASKS *PHI_GROUP_ROWS *PHI_PANEL_COLS_MAX, 0},
    {"norm", run_norm, 0, 0},
    {"qkv", run_qkv, 2.0 * 3 * WIDTH *WIDTH, 0},
    {"attention", run_attention, 0, 4.0 * TOKENS *WIDTH},
    {"out", run_out, 2.0 * WIDTH *WIDTH, 0},
    {"residual", run_residual, 0, 0},
    {"norm 2", run_norm, 0, 0},
    {"up, gelu", run_up, 2.0 * INNER *WIDTH, 0},
    {"down", run_down, 2.0 * INNER *WIDTH, 0},
    {"residual 2", run_residual, 0, 0},
};
enum { N_STEPS = sizeof steps / sizeof steps[0] };

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_line(const bench *b, const char *name, double *ms, double gop)
{
    qsort(ms, (size_t)b->n_rounds, sizeof *ms, compare);
    const double median = ms[b->n_rounds / 2];
    printf("{\"step\":\"%s\",\"layout\":\"%s\",\"isa\":\"%s\",\"threads\":%d,\"tiles\":%d,\"ms\":%.3f,\"best\":%.3f",
           name, layout_names[b->layout], b->kernels.name, b->n_threads, b->n_tiles, median, ms[0]);
    if (gop > 0)
        printf(",\"gop_per_s\":%.1f", gop / median);
}

static void measure(bench *b)
{
    static double ms[N_STEPS + 1][ROUNDS_MAX];
    double layer_gop = 0, matrix_gop = 0;
    for (int32_t r = -1; r < b->n_rounds; r++) { /* round -1 warms up */
        const int32_t at = r < 0 ? 0 : r;
        ms[N_STEPS][at] = 0;
        for (int s = 0; s < N_STEPS; s++) {
            const double start = phi_pool_now_us();
            steps[s].run(b);
            ms[s][at] = (phi_pool_now_us() - start) * 1e-3;
            ms[N_STEPS][at] += s > 0 ? ms[s][at] : 0;
        }
    }
    for (int s = 0; s < N_STEPS; s++) {
        print_line(b, steps[s].name, ms[s], (steps[s].ops + steps[s].others) * b->n_tokens * 1e-6);
        printf("}\n");
        matrix_gop += s > 0 ? steps[s].ops * b->n_tokens * 1e-6 : 0;
        layer_gop += s > 0 ? (steps[s].ops + steps[s].others) * b->n_tokens * 1e-6 : 0;
    }
    print_line(b, "layer", ms[N_STEPS], layer_gop);
    const double own = steps[0].ops * b->n_tokens * 1e-6 / ms[0][b->n_rounds / 2];
    printf(",\"percent\":%.1f}\n", 100 * matrix_gop / ms[N_STEPS][b->n_rounds / 2] / own);
}

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    (void)fprintf(stderr, "unknown: %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    bench b = {.rng = phi_rng_seeded(7), .n_threads = 2, .n_tiles = 1, .n_rounds = 15, .layout = PHI_LAYOUT_Q8};
    b.exec.accuracy_level = 4;
    b.isa = phi_kernels_best(phi_pool_now_us);
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        switch (argv[i][1]) {
        case 't':
            b.n_threads = atoi(value);
            break;
        case 'n':
            b.n_tiles = atoi(value);
            break;
        case 'r':
            b.n_rounds = atoi(value) < ROUNDS_MAX ? atoi(value) : ROUNDS_MAX;
            break;
        case 'a':
            b.exec.accuracy_level = atoi(value);
            break;
        case 'l':
            b.layout = (phi_layout)find(layout_names, PHI_N_LAYOUTS, value);
            break;
        case 'i':
            b.isa = (phi_isa)find(isa_names, PHI_N_ISAS, value);
            break;
        default:
            (void)fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    b.n_tokens = b.n_tiles * TOKENS;
    phi_arena_init(&b.arena, 1 << 20);
    deal(&b);
    measure(&b);
    phi_pool_destroy(b.exec.pool);
    phi_arena_deinit(&b.arena);
    return 0;
}
