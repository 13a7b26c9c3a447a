/* How fast the quantised kernels are, on one thread. Runs natively, in Node and in Chromium (bench_kernels.html).
 *
 *   bench_kernels [-o gemv|gemm|unpack|quantize|pack] [-l LAYOUT] [-i ISA] [-r ROUNDS] [-f] [-c]
 *
 * -f: only the first shape. -c: the same 512 KiB again and again, so from the cache. Work comes in pieces of a fraction
 * of a millisecond, all instruction sets in turn (A B A B …): a busy machine slows all of them, and some pieces run
 * undisturbed. Otherwise GEMV walks through more than 100 MB of weights, as a model does, so that they come from DRAM.
 * Prints one JSON object a line:
 *   gb_per_s   gemv, unpack: packed bytes read; pack: file bytes read; quantize: floats read. Median of the pieces
 *   gop_per_s  gemv, gemm: 2 x multiply-adds; likewise
 *   best       the first of the two figures above that applies, of the best tenth of the pieces
 *   ratio      median of this isa's time over the first isa's in the same round */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dtype.h"
#include "kernels.h"
#include "pack.h"
#include "rng.h"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

enum {
    WEIGHT_BYTES = 128 << 20,
    PIECE_BYTES = 2 << 20,
    CACHED_BYTES = 512 << 10,
    PIECE_GROUPS = 2,
    TOKENS = 128,
    ROUNDS_MAX = 1001,
    N_SHAPES = 4
};

static const int32_t shapes[N_SHAPES][2] = {{9216, 3072}, {3072, 3072}, {16384, 3072}, {3072, 8192}};

static const char *const layout_names[PHI_N_PACKED] = {
#define XX(name, header, block, cols) #name,
    PHI_LAYOUTS(XX)
#undef XX
};

typedef struct options {
    const char *op, *layout, *isa;
    int32_t n_rounds;
    bool is_short, is_cached;
} options;

typedef struct bench {
    options o;
    uint8_t *weights; /* WEIGHT_BYTES and the largest group */
    uint8_t *packed;
    float *x, *y;
    phi_q8 q8;
    phi_panel panel;
    phi_rng rng;
} bench;

static double now_ms(void)
{
#ifdef __EMSCRIPTEN__
    return emscripten_get_now();
#else
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
#endif
}

static void *allocate(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p) {
        (void)fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(1);
    }
    return p;
}

/* Any bytes would do but for scales: bytes read as binary16 must be ordinary numbers, or denormals set the pace. Each
 * pair of bytes is one between 2^-9 and 2^-5: as nibbles they are as good as others. */
static void fill_weights(bench *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 2) {
        const uint16_t half = (uint16_t)(0x1800u + phi_rng_u32(&b->rng) % 0x1000u);
        memcpy(b->weights + i, &half, 2);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int32_t n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return values[n / 2];
}

/* One measurement: what to run, and what one piece of it amounts to. */
typedef struct work {
    const char *op;
    phi_layout layout;
    phi_dtype dtype;
    int32_t n_rows, n_cols, n_tokens;
    int32_t n_groups; /* of a piece */
    size_t group_bytes;
    double bytes, ops;
} work;

static void run_gemm(bench *b, const phi_kernels *k, const work *w, const uint8_t *weights)
{
    for (int32_t g = 0; g < w->n_groups; g++, weights += w->group_bytes)
        for (int32_t col = 0; col < w->n_cols; col += PHI_PANEL_COLS_MAX) {
            b->panel.n_cols = PHI_PANEL_COLS_MAX;
            k->unpack[w->layout](&b->panel, weights, w->n_cols, col);
            if (w->n_tokens > 0)
                k->gemm(b->y + g * 16, w->n_rows, &b->q8, &b->panel, w->n_tokens, col, col == 0,
                        col + PHI_PANEL_COLS_MAX == w->n_cols);
        }
}

static void run_pack(const bench *b, const work *w, const uint8_t *rows)
{
    phi_error err;
    for (int32_t g = 0; g < w->n_groups; g++, rows += w->group_bytes)
        if (phi_pack_group(b->packed, w->dtype, rows, 16, w->n_cols, &err) != PHI_OK) {
            (void)fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
}

static void run_piece(bench *b, const phi_kernels *k, const work *w, size_t piece)
{
    const size_t bytes = w->group_bytes * (size_t)w->n_groups;
    const uint8_t *weights = b->weights + (b->o.is_cached ? 0 : piece % (WEIGHT_BYTES / bytes) * bytes);
    if (strcmp(w->op, "gemv") == 0)
        k->gemv[w->layout](b->y, &b->q8, weights, w->n_groups);
    else if (strcmp(w->op, "quantize") == 0)
        k->quantize(&b->q8, b->x, TOKENS);
    else if (strcmp(w->op, "pack") == 0)
        run_pack(b, w, weights);
    else
        run_gemm(b, k, w, weights);
}

static void print_row(const work *w, const char *isa, double ms, double best_ms, double ratio)
{
    const char *what = strcmp(w->op, "pack") == 0       ? phi_dtype_get(w->dtype)->name
                       : strcmp(w->op, "quantize") == 0 ? "F32"
                                                        : layout_names[w->layout];
    printf("{\"op\":\"%s\",\"layout\":\"%s\",\"isa\":\"%s\",\"rows\":%d,\"cols\":%d,\"tokens\":%d", w->op, what, isa,
           w->n_rows, w->n_cols, w->n_tokens);
    if (w->bytes > 0)
        printf(",\"gb_per_s\":%.2f", w->bytes / ms * 1e-6);
    if (w->ops > 0)
        printf(",\"gop_per_s\":%.1f", w->ops / ms * 1e-6);
    printf(",\"best\":%.2f,\"ratio\":%.3f}\n", (w->bytes > 0 ? w->bytes : w->ops) / best_ms * 1e-6, ratio);
    (void)fflush(stdout);
}

/* All isas in turn, round after round. The scalar version is the specification: not measured unless asked for. */
static void measure(bench *b, const work *w)
{
    static double ms[PHI_N_ISAS][ROUNDS_MAX], ratios[PHI_N_ISAS][ROUNDS_MAX];
    phi_kernels kernels[PHI_N_ISAS];
    const int32_t n_rounds = b->o.n_rounds, n_warm_up = 20; /* pages; the engine's optimising compiler */
    int32_t n = 0;
    size_t piece = 0;
    for (phi_isa isa = PHI_ISA_SCALAR; isa < PHI_N_ISAS; isa++)
        if (phi_kernels_get(&kernels[n], isa) && (b->o.isa ? strcmp(kernels[n].name, b->o.isa) == 0 : isa > 0))
            n++;
    for (int32_t round = -n_warm_up; round < n_rounds; round++)
        for (int32_t i = 0; i < n; i++) {
            const int32_t at = round < 0 ? 0 : round;
            const double start = now_ms();
            run_piece(b, &kernels[i], w, piece++);
            ms[i][at] = now_ms() - start;
            ratios[i][at] = ms[i][at] / ms[0][at];
        }
    for (int32_t i = 0; i < n; i++) {
        const double middle = median(ms[i], n_rounds); /* sorts */
        print_row(w, kernels[i].name, middle, ms[i][n_rounds / 10], median(ratios[i], n_rounds));
    }
}

static bool is_wanted(const char *wanted, const char *name)
{
    return !wanted || strcmp(wanted, name) == 0;
}

static int32_t groups_of_piece(const bench *b, const work *w)
{
    return (int32_t)((b->o.is_cached ? CACHED_BYTES : PIECE_BYTES) / w->group_bytes);
}

static void bench_layout(bench *b, phi_layout layout, const int32_t shape[2])
{
    work w = {.layout = layout, .n_rows = shape[0], .n_cols = shape[1]};
    w.group_bytes = phi_layout_group_bytes(layout, w.n_cols);
    b->q8.n_cols = w.n_cols;
    const double group_ops = 2.0 * PHI_GROUP_ROWS * w.n_cols;
    if (is_wanted(b->o.op, "gemv")) {
        w.op = "gemv";
        w.n_groups = groups_of_piece(b, &w);
        w.bytes = (double)w.group_bytes * w.n_groups;
        w.ops = group_ops * w.n_groups;
        w.n_tokens = 1;
        measure(b, &w);
    }
    if (is_wanted(b->o.op, "gemm")) {
        w.op = "gemm";
        w.n_groups = PIECE_GROUPS;
        w.bytes = 0;
        w.ops = group_ops * w.n_groups * TOKENS;
        w.n_tokens = TOKENS;
        measure(b, &w);
    }
    if (is_wanted(b->o.op, "unpack")) {
        w.op = "unpack";
        w.n_groups = groups_of_piece(b, &w);
        w.bytes = (double)w.group_bytes * w.n_groups;
        w.ops = 0;
        w.n_tokens = 0;
        measure(b, &w);
    }
}

static void bench_pack(bench *b)
{
    static const phi_dtype dtypes[] = {PHI_DTYPE_Q4_0, PHI_DTYPE_Q4_1, PHI_DTYPE_Q4_K, PHI_DTYPE_Q5_K,  PHI_DTYPE_Q6_K,
                                       PHI_DTYPE_Q8_0, PHI_DTYPE_Q5_0, PHI_DTYPE_Q5_1, PHI_DTYPE_IQ4_NL};
    const options all = b->o;
    b->o.isa = "simd128"; /* packing knows no isa */
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        const phi_dtype_info *info = phi_dtype_get(dtypes[i]);
        work w = {.op = "pack", .dtype = dtypes[i], .n_rows = 9216, .n_cols = 3072};
        w.group_bytes = (size_t)(16 * w.n_cols / info->block_elements) * info->block_bytes;
        w.n_groups = groups_of_piece(b, &w);
        w.bytes = (double)w.group_bytes * w.n_groups;
        measure(b, &w);
    }
    b->o = all;
}

static options parse(int argc, char **argv)
{
    options o = {.n_rounds = 101};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-f") == 0) {
            o.is_short = true;
            continue;
        }
        if (strcmp(argv[i], "-c") == 0) {
            o.is_cached = true;
            continue;
        }
        if (!value || argv[i][0] != '-' || !strchr("olir", argv[i][1])) {
            (void)fprintf(stderr, "usage: bench_kernels [-o OP] [-l LAYOUT] [-i ISA] [-r ROUNDS] [-f] [-c]; got %s\n",
                          argv[i]);
            exit(2);
        }
        if (argv[i][1] == 'r')
            o.n_rounds = atoi(value);
        *(argv[i][1] == 'o' ? &o.op : argv[i][1] == 'l' ? &o.layout : argv[i][1] == 'i' ? &o.isa : &value) = value;
        i++;
    }
    if (o.n_rounds < 1 || o.n_rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "-r: expected 1 to %d, got %d\n", ROUNDS_MAX, o.n_rounds);
        exit(2);
    }
    return o;
}

int main(int argc, char **argv)
{
    const size_t n = (size_t)TOKENS * 8192, panel = PHI_PANEL_COLS_MAX;
    bench b = {.o = parse(argc, argv), .rng = phi_rng_seeded(7)};
    b.weights = allocate(WEIGHT_BYTES);
    b.packed = allocate(phi_layout_group_bytes(PHI_LAYOUT_Q8M, 8192));
    b.x = allocate(n * sizeof(float));
    b.y = allocate((size_t)TOKENS * 16384 * sizeof(float));
    b.q8 = (phi_q8){allocate(n), allocate(n / 8), allocate(n / 8), allocate(n / 4), 3072};
    b.panel = (phi_panel){.q = allocate(panel * 16), .scale = allocate(panel * 4), .min = allocate(panel * 2)};
    fill_weights(&b, WEIGHT_BYTES);
    for (size_t i = 0; i < n; i++)
        b.x[i] = phi_rng_f32(&b.rng) - 0.5f;
    phi_kernels k;
    if (!phi_kernels_get(&k, PHI_ISA_SIMD128))
        return 1;
    b.q8.n_cols = 8192;
    k.quantize(&b.q8, b.x, TOKENS);
    if (is_wanted(b.o.op, "quantize")) {
        b.q8.n_cols = 3072;
        const work w = {.op = "quantize",
                        .n_rows = TOKENS,
                        .n_cols = 3072,
                        .n_groups = 1,
                        .group_bytes = 1,
                        .bytes = 4.0 * TOKENS * 3072};
        measure(&b, &w);
    }
    if (is_wanted(b.o.op, "pack"))
        bench_pack(&b);
    for (phi_layout layout = 0; layout < PHI_N_PACKED; layout++)
        for (int32_t s = 0; s < (b.o.is_short ? 1 : N_SHAPES); s++)
            if (is_wanted(b.o.layout, layout_names[layout]))
                bench_layout(&b, layout, shapes[s]);
    return 0;
}
