/* Norm, gated activation, residual: row by row, split over tokens when there are several. */
#include "nn.h"

typedef struct row_job {
    const phi_exec *x;
    float *out;
    const float *in;
    const float *weight;
    const float *bias;
    int32_t n;
    float eps;
} row_job;

static void norm_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const row_job *job = ctx;
    const size_t at = (size_t)task_idx * (size_t)job->n;
    (void)thread_idx;
    job->x->kernels->rms_norm(job->out + at, job->in + at, job->weight, job->n, job->eps);
}

static void layer_norm_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const row_job *job = ctx;
    const size_t at = (size_t)task_idx * (size_t)job->n;
    (void)thread_idx;
    job->x->kernels->layer_norm(job->out + at, job->in + at, job->weight, job->bias, job->n, job->eps);
}

static void silu_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const row_job *job = ctx;
    const size_t n = (size_t)job->n;
    const float *gate = job->in + (size_t)task_idx * 2 * n;
    (void)thread_idx;
    job->x->kernels->silu_mul(job->out + (size_t)task_idx * n, gate, gate + n, job->n);
}

static void run_rows(const phi_exec *x, int32_t n_tokens, phi_task_fn *task, row_job *job)
{
    if (n_tokens == 1)
        task(job, 0, 0);
    else
        phi_pool_run(x->pool, n_tokens, task, job);
}

void phi_norm_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_matrix *weight,
                      float eps)
{
    row_job job = {.x = x, .out = y, .in = in, .weight = phi_vector_data(weight), .n = weight->n_cols, .eps = eps};
    run_rows(x, n_tokens, norm_task, &job);
}

void phi_layer_norm_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_norm *norm)
{
    row_job job = {.x = x,
                   .out = y,
                   .in = in,
                   .weight = phi_vector_data(&norm->weight),
                   .bias = phi_vector_data(&norm->bias),
                   .n = norm->weight.n_cols,
                   .eps = norm->eps};
    run_rows(x, n_tokens, layer_norm_task, &job);
}

void phi_silu_forward(const phi_exec *x, float *out, const float *gate_up, int32_t n_tokens, int32_t n_inner)
{
    row_job job = {.x = x, .out = out, .in = gate_up, .n = n_inner};
    run_rows(x, n_tokens, silu_task, &job);
}

void phi_residual_forward(const phi_exec *x, float *y, const float *in, int32_t n)
{
    x->kernels->add(y, in, n);
}
