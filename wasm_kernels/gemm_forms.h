/* The op `gemm` out of the body: one function for each form of panel and number of tokens, and the choice among them.
 * Included once by each panel_gemm_*.c, behind its dot_*.h. */
#ifndef PHI_GEMM_FORMS_H
#define PHI_GEMM_FORMS_H

#include "gemm_body.h"

/*         name           n_scales, offset, n_bits, has_min */
#define GEMM_FORMS(X)                   \
    X(four_bits, 1, 8, 4, false)        \
    X(four_bits_and_min, 1, 0, 4, true) \
    X(five_bits_and_min, 1, 0, 5, true) \
    X(six_bits, 2, 32, 6, false)        \
    X(eight_bits, 1, 128, 8, false)     \
    X(eight_bits_and_min, 1, 128, 8, true)

/* Functions of their own, so that each gets all registers. */
#define X(name, n_scales_, offset_, n_bits_, has_min_)                                                     \
    static void run_##name##_2(const gemm_job *job, int32_t token)                                         \
    {                                                                                                      \
        gemm_run_tokens((gemm_form){2, n_scales_, offset_, n_bits_, has_min_, BYTES_WIDENED}, job, token); \
    }                                                                                                      \
    static void run_##name##_1(const gemm_job *job, int32_t token)                                         \
    {                                                                                                      \
        gemm_run_tokens((gemm_form){1, n_scales_, offset_, n_bits_, has_min_, BYTES_WIDENED}, job, token); \
    }
GEMM_FORMS(X)
#undef X

typedef void gemm_tile_fn(const gemm_job *job, int32_t token);

typedef struct gemm_variant {
    int32_t n_bits;
    bool has_min;
    gemm_tile_fn *run[TILE_TOKENS_MAX]; /* for one token, for two */
} gemm_variant;

/* Called through a table: Binaryen inlines whatever has one caller, and V8's registers would not do for all of it. */
static const gemm_variant gemm_variants[] = {
#define X(name, n_scales_, offset_, n_bits_, has_min_) {n_bits_, has_min_, {run_##name##_1, run_##name##_2}},
    GEMM_FORMS(X)
#undef X
};

static inline void gemm_run(const gemm_job *job)
{
    const gemm_variant *v = gemm_variants;
    while (v->n_bits != job->panel->n_bits || v->has_min != job->panel->has_min)
        v++;
    int32_t token = 0;
    for (; token + 2 <= job->n_tokens; token += 2)
        v->run[1](job, token);
    if (token < job->n_tokens)
        v->run[0](job, token);
}

#endif
