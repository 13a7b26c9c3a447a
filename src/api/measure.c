/* How fast this machine's kernels are, before any model is there: a matrix of int4 weights in blocks of 32 against one
 * activation row (decoding) and against many (a prompt), on the engine's pool. */
#include <string.h>

#include "engine_internal.h"

enum {
    COLS = 3072,
    GEMV_ROWS = 36864, /* 61 MiB: more than the caches hold */
    GEMM_ROWS = 512,
    GEMM_TOKENS = 128
};

typedef struct measurement {
    phi_arena arena;
    phi_exec exec;
    phi_linear linear;
    float *x; /* (GEMM_TOKENS, COLS) */
    float *y;
} measurement;

/* Ordinary numbers everywhere: as scales, 0x2222 is about 0.012; denormals would set the pace. */
static bool deal(measurement *m, phi_engine *e)
{
    const phi_exec_shape shape = {.n_tokens_max = GEMM_TOKENS, .n_cols_max = COLS};
    const size_t group_bytes = phi_layout_group_bytes(PHI_LAYOUT_Q4, COLS);
    const size_t weight_bytes = group_bytes * (GEMV_ROWS / PHI_GROUP_ROWS);
    m->exec = (phi_exec){.kernels = &e->kernels, .pool = e->pool, .accuracy_level = 4};
    m->x = phi_arena_array(&m->arena, float, (size_t)GEMM_TOKENS *COLS);
    m->y = phi_arena_array(&m->arena, float, (size_t)GEMM_TOKENS *GEMM_ROWS + GEMV_ROWS);
    uint8_t *weights = phi_arena_array(&m->arena, uint8_t, weight_bytes);
    if (!m->x || !m->y || !weights || phi_exec_init(&m->exec, &m->arena, &shape, &e->error) != PHI_OK)
        return false;
    memset(weights, 0x22, weight_bytes);
    for (size_t i = 0; i < (size_t)GEMM_TOKENS * COLS; i++)
        m->x[i] = (float)(i % 61) - 30.0f;
    m->linear = (phi_linear){
        .parts = {{.data = weights, .layout = PHI_LAYOUT_Q4, .n_cols = COLS}}, .n_parts = 1, .n_cols = COLS};
    return true;
}

/* Microseconds of the fastest of as many runs as fit `budget_us`, two at least: the first one warms up. */
static double time_best(measurement *m, int32_t n_rows, int32_t n_tokens, double budget_us)
{
    const double end = phi_pool_now_us() + budget_us;
    double best = 0;
    m->linear.n_rows = m->linear.parts[0].n_rows = n_rows;
    for (int32_t run = 0; run < 2 || phi_pool_now_us() < end; run++) {
        const double start = phi_pool_now_us();
        phi_linear_forward(&m->exec, m->y, m->x, n_tokens, &m->linear);
        const double us = phi_pool_now_us() - start;
        if (run > 0 && (best == 0 || us < best))
            best = us;
    }
    return best > 0 ? best : 1; /* a clock too coarse to tell */
}

phi_status phi_engine_measure(phi_engine *e, uint32_t budget_ms, double *gemv_gb_per_s, double *gemm_gop_per_s)
{
    if (!gemv_gb_per_s || !gemm_gop_per_s)
        return phi_fail(&e->error, PHI_EINVAL, "measure: expected two places for the results, got a null pointer");
    if (e->state == PHI_ENGINE_LOADING || e->state == PHI_ENGINE_POISONED)
        return phi_fail(&e->error, PHI_ESTATE, "measure: not while a model loads, nor on a broken engine");
    measurement m = {0};
    phi_arena_init(&m.arena, 1 << 20);
    phi_status status = PHI_OK;
    if (deal(&m, e)) {
        const double half_us = budget_ms * 500.0;
        const size_t bytes = phi_layout_group_bytes(PHI_LAYOUT_Q4, COLS) * (GEMV_ROWS / PHI_GROUP_ROWS);
        const int64_t ops = INT64_C(2) * GEMM_ROWS * COLS * GEMM_TOKENS;
        *gemv_gb_per_s = (double)bytes / time_best(&m, GEMV_ROWS, 1, half_us) * 1e-3;
        *gemm_gop_per_s = (double)ops / time_best(&m, GEMM_ROWS, GEMM_TOKENS, half_us) * 1e-3;
    } else {
        status = phi_fail(&e->error, PHI_ENOMEM, "measure: no memory for its matrices");
    }
    phi_arena_deinit(&m.arena);
    return status;
}
