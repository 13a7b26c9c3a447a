/* The op `gemm` out of the body: one function for each form of panel and number of tokens, and the choice among them.
 * Included once by each panel_gemm_*.c, behind its dot_*.h. */
#ifndef PHI_GEMM_FORMS_H
#define PHI_GEMM_FORMS_H

#include "gemm_body.h"

/* Functions of their own, so that each gets all registers. X(name, n_scales, offset, has_min, is_signed) */
#define GEMM_FORMS(X)                \
    X(offset_8, 1, 8, false, false)  \
    X(with_min, 1, 0, true, false)   \
    X(two_scales, 2, 32, false, false) \
    X(bytes, 1, 0, false, true)      \
    X(bytes_with_min, 1, 0, true, true)

#define X(name, n_scales_, offset_, has_min_, is_signed_)                                                   \
    static __attribute__((noinline)) void run_##name##_3(const gemm_job *job, int32_t token)                \
    {                                                                                                       \
        gemm_run_tokens((gemm_form){3, n_scales_, offset_, has_min_, is_signed_}, job, token);              \
    }                                                                                                       \
    static __attribute__((noinline)) void run_##name##_2(const gemm_job *job, int32_t token)                \
    {                                                                                                       \
        gemm_run_tokens((gemm_form){2, n_scales_, offset_, has_min_, is_signed_}, job, token);              \
    }                                                                                                       \
    static __attribute__((noinline)) void run_##name##_1(const gemm_job *job, int32_t token)                \
    {                                                                                                       \
        gemm_run_tokens((gemm_form){1, n_scales_, offset_, has_min_, is_signed_}, job, token);              \
    }                                                                                                       \
    static void run_##name(const gemm_job *job)                                                             \
    {                                                                                                       \
        int32_t token = 0;                                                                                  \
        for (; token + 3 <= job->n_tokens; token += 3)                                                      \
            run_##name##_3(job, token);                                                                     \
        if (token + 2 <= job->n_tokens)                                                                     \
            run_##name##_2(job, token);                                                                     \
        else if (token < job->n_tokens)                                                                     \
            run_##name##_1(job, token);                                                                     \
    }
GEMM_FORMS(X)
#undef X

static inline void gemm_run(const gemm_job *job)
{
    const phi_panel *p = job->panel;
    if (p->is_signed && p->has_min)
        run_bytes_with_min(job);
    else if (p->is_signed)
        run_bytes(job);
    else if (p->n_scales == 2)
        run_two_scales(job);
    else if (p->has_min)
        run_with_min(job);
    else
        run_offset_8(job);
}

#endif
