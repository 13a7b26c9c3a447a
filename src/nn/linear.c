/* Matrix times activations. One token goes through the GEMV kernels, several through unpacked panels and the GEMM; both
 * give the same bits. Work is cut by 16-row groups. */
#include <string.h>

#include "half.h"
#include "nn.h"

typedef struct linear_job {
    const phi_exec *x;
    const phi_linear *linear;
    const float *in; /* (T, K) */
    float *y;        /* (T, n_rows) */
    int32_t n_tokens;
    int32_t groups_per_task;
} linear_job;

/* Row units of a part: 16 rows each, also for float layouts. */
static int32_t count_units(const phi_matrix *m)
{
    return (m->n_rows + PHI_GROUP_ROWS - 1) / PHI_GROUP_ROWS;
}

static void gemv_groups(const linear_job *job, const phi_matrix *m, float *y, int32_t first, int32_t n_groups,
                        const phi_thread_scratch *scratch)
{
    const phi_exec *x = job->x;
    const size_t group_bytes = phi_layout_group_bytes(m->layout, m->n_cols);
    const uint8_t *w = m->data + (size_t)first * group_bytes;
    const int32_t rows_left = m->n_rows - first * PHI_GROUP_ROWS;
    const int32_t n_full = rows_left / PHI_GROUP_ROWS < n_groups ? rows_left / PHI_GROUP_ROWS : n_groups;
    if (n_full > 0)
        x->kernels->gemv[m->layout](y + first * PHI_GROUP_ROWS, &x->quantized, w, n_full);
    if (n_full < n_groups) {
        x->kernels->gemv[m->layout](scratch->partial, &x->quantized, w + (size_t)n_full * group_bytes, 1);
        memcpy(y + (first + n_full) * PHI_GROUP_ROWS, scratch->partial,
               (size_t)(rows_left % PHI_GROUP_ROWS) * sizeof(float));
    }
}

/* Copies the first n_cols of each row of partial (T, 16) to y (T, y_stride). */
static void copy_partial(float *y, int32_t y_stride, const float *partial, int32_t n_tokens, int32_t n_cols)
{
    for (int32_t t = 0; t < n_tokens; t++)
        memcpy(y + (size_t)t * (size_t)y_stride, partial + t * PHI_GROUP_ROWS, (size_t)n_cols * sizeof(float));
}

static void gemm_group(const linear_job *job, const phi_matrix *m, float *y, int32_t group, phi_thread_scratch *scratch)
{
    const phi_kernels *k = job->x->kernels;
    const int32_t rows_left = m->n_rows - group * PHI_GROUP_ROWS;
    const bool is_full = rows_left >= PHI_GROUP_ROWS;
    const uint8_t *w = m->data + (size_t)group * phi_layout_group_bytes(m->layout, m->n_cols);
    float *out = is_full ? y + group * PHI_GROUP_ROWS : scratch->partial;
    const int32_t stride = is_full ? job->linear->n_rows : PHI_GROUP_ROWS;
    for (int32_t col = 0; col < m->n_cols; col += PHI_PANEL_COLS_MAX) {
        const int32_t left = m->n_cols - col;
        scratch->panel.n_cols = left < PHI_PANEL_COLS_MAX ? left : PHI_PANEL_COLS_MAX;
        k->unpack[m->layout](&scratch->panel, w, m->n_cols, col);
        k->gemm(out, stride, &job->x->quantized, &scratch->panel, job->n_tokens, col, col == 0,
                left <= PHI_PANEL_COLS_MAX);
    }
    if (!is_full)
        copy_partial(y + group * PHI_GROUP_ROWS, job->linear->n_rows, out, job->n_tokens, rows_left);
}

static void float_group(const linear_job *job, const phi_matrix *m, float *y, int32_t group,
                        const phi_thread_scratch *scratch)
{
    const phi_kernels *k = job->x->kernels;
    const int32_t first = group * PHI_GROUP_ROWS;
    const int32_t n_rows = m->n_rows - first < PHI_GROUP_ROWS ? m->n_rows - first : PHI_GROUP_ROWS;
    const void *w = m->data + (size_t)first * phi_layout_group_bytes(m->layout, m->n_cols);
    phi_layout layout = m->layout;
    if (layout < PHI_N_PACKED) { /* accuracy level 1 */
        w = m->data + (size_t)group * phi_layout_group_bytes(m->layout, m->n_cols);
        k->dequantize[layout](scratch->rows, w, m->n_cols);
        w = scratch->rows;
        layout = PHI_LAYOUT_F32;
    }
    k->dot_float[layout - PHI_LAYOUT_F32](y + first, job->linear->n_rows, job->in, job->n_tokens, w, n_rows, m->n_cols);
}

static void run_groups(const linear_job *job, const phi_matrix *m, float *y, int32_t first, int32_t n_groups,
                       int32_t thread_idx)
{
    phi_thread_scratch *scratch = &job->x->threads[thread_idx];
    const bool is_integer = m->layout < PHI_N_PACKED && job->x->accuracy_level != 1;
    if (is_integer && job->n_tokens == 1) {
        gemv_groups(job, m, y, first, n_groups, scratch);
        return;
    }
    for (int32_t g = first; g < first + n_groups; g++) {
        if (is_integer)
            gemm_group(job, m, y, g, scratch);
        else
            float_group(job, m, y, g, scratch);
    }
}

/* Tasks run over the groups of all parts, part after part; a task never crosses parts. */
static int32_t count_tasks(const phi_matrix *m, int32_t groups_per_task)
{
    return (count_units(m) + groups_per_task - 1) / groups_per_task;
}

static void linear_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const linear_job *job = ctx;
    float *y = job->y;
    for (int32_t p = 0; p < job->linear->n_parts; p++) {
        const phi_matrix *m = &job->linear->parts[p];
        const int32_t n_tasks = count_tasks(m, job->groups_per_task);
        if (task_idx < n_tasks) {
            const int32_t first = task_idx * job->groups_per_task;
            const int32_t left = count_units(m) - first;
            run_groups(job, m, y, first, left < job->groups_per_task ? left : job->groups_per_task, thread_idx);
            return;
        }
        task_idx -= n_tasks;
        y += m->n_rows;
    }
}

typedef struct quantize_job {
    const phi_exec *x;
    const float *in;
    int32_t n_cols;
} quantize_job;

/* The view of one row of quantised activations. */
static phi_q8 q8_row(const phi_q8 *all, int32_t row)
{
    const size_t cols = (size_t)all->n_cols;
    const size_t blocks = cols / PHI_BLOCK_COLS;
    const size_t r = (size_t)row;
    return (phi_q8){all->q + r * cols, all->scale + r * blocks, all->weighted + r * blocks, all->sums + r * blocks * 4,
                    all->n_cols};
}

static void quantize_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const quantize_job *job = ctx;
    (void)thread_idx;
    const phi_q8 row = q8_row(&job->x->quantized, task_idx);
    job->x->kernels->quantize(&row, job->in + (size_t)task_idx * (size_t)job->n_cols, 1);
}

static bool uses_q8(const phi_exec *x, const phi_linear *linear)
{
    for (int32_t p = 0; p < linear->n_parts; p++)
        if (linear->parts[p].layout < PHI_N_PACKED)
            return x->accuracy_level != 1;
    return false;
}

void phi_linear_forward(const phi_exec *x, float *y, const float *in, int32_t n_tokens, const phi_linear *linear)
{
    phi_exec local = *x;
    local.quantized.n_cols = linear->n_cols;
    if (uses_q8(x, linear)) {
        quantize_job quantize = {&local, in, linear->n_cols};
        if (n_tokens == 1)
            quantize_task(&quantize, 0, 0);
        else
            phi_pool_run(x->pool, n_tokens, quantize_task, &quantize);
    }
    int32_t n_units = 0;
    for (int32_t p = 0; p < linear->n_parts; p++)
        n_units += count_units(&linear->parts[p]);
    /* About 16 tasks a thread: enough for a slow core to fall behind by little, few enough to cost nothing. */
    const int32_t share = n_units / (phi_pool_n_threads(x->pool) * 16);
    linear_job job = {&local, linear, in, y, n_tokens, share > 0 ? share : 1};
    int32_t n_tasks = 0;
    for (int32_t p = 0; p < linear->n_parts; p++)
        n_tasks += count_tasks(&linear->parts[p], job.groups_per_task);
    phi_pool_run(x->pool, n_tasks, linear_task, &job);
}

typedef struct embed_job {
    const phi_exec *x;
    float *y;
    const int32_t *ids;
    const phi_matrix *table;
} embed_job;

static void embed_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const embed_job *job = ctx;
    const phi_matrix *m = job->table;
    const size_t n_cols = (size_t)m->n_cols;
    const size_t row = (size_t)job->ids[task_idx];
    float *out = job->y + (size_t)task_idx * n_cols;
    if (m->layout < PHI_N_PACKED) {
        float *rows = job->x->threads[thread_idx].rows;
        const size_t group_bytes = phi_layout_group_bytes(m->layout, m->n_cols);
        job->x->kernels->dequantize[m->layout](rows, m->data + row / PHI_GROUP_ROWS * group_bytes, m->n_cols);
        memcpy(out, rows + row % PHI_GROUP_ROWS * n_cols, n_cols * sizeof(float));
        return;
    }
    const uint8_t *bytes = m->data + row * phi_layout_group_bytes(m->layout, m->n_cols);
    for (size_t i = 0; i < n_cols; i++) {
        if (m->layout == PHI_LAYOUT_F32)
            out[i] = phi_load_f32(bytes + 4 * i);
        else if (m->layout == PHI_LAYOUT_F16)
            out[i] = phi_f16_to_f32(phi_load_u16(bytes + 2 * i));
        else
            out[i] = phi_bf16_to_f32(phi_load_u16(bytes + 2 * i));
    }
}

void phi_embed_rows(const phi_exec *x, float *y, const int32_t *ids, int32_t n_tokens, const phi_matrix *table)
{
    embed_job job = {x, y, ids, table};
    if (n_tokens == 1)
        embed_task(&job, 0, 0);
    else
        phi_pool_run(x->pool, n_tokens, embed_task, &job);
}
