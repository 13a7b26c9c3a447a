/* Matrix times activations. One token goes through the GEMV kernels, several through unpacked panels and the GEMM; both
 * give the same bits. Work is cut by 16-row groups. */
#include <string.h>

#include "nn.h"

typedef struct linear_job {
    const phi_exec *x;
    const phi_linear *linear;
    const float *in; /* (T, K) */
    float *y;        /* (T, n_rows) */
    int32_t n_tokens;
    int32_t groups_per_task;
} linear_job;

/* One matrix of a linear, and where its outputs go. */
typedef struct linear_part {
    const phi_matrix *m;
    const float *bias; /* (m->n_rows); NULL: none */
    float *y;          /* its first column */
} linear_part;

/* Row units of a part: 16 rows each, also for float layouts. */
static int32_t count_units(const phi_matrix *m)
{
    return (m->n_rows + PHI_GROUP_ROWS - 1) / PHI_GROUP_ROWS;
}

/* Bias and activation of n_rows outputs of one token, from row `first` on. */
static void finish_row(const linear_job *job, const linear_part *part, int32_t first, int32_t n_rows)
{
    const phi_kernels *k = job->x->kernels;
    if (part->bias)
        k->add(part->y + first, part->bias + first, n_rows);
    if (job->linear->activation != PHI_ACTIVATION_NONE)
        k->activate[job->linear->activation](part->y + first, n_rows);
}

static void gemv_groups(const linear_job *job, const linear_part *part, int32_t first, int32_t n_groups,
                        const phi_thread_scratch *scratch)
{
    const phi_exec *x = job->x;
    const phi_matrix *m = part->m;
    const size_t group_bytes = phi_layout_group_bytes(m->layout, m->n_cols);
    const uint8_t *w = m->data + (size_t)first * group_bytes;
    const int32_t rows_left = m->n_rows - first * PHI_GROUP_ROWS;
    const int32_t n_full = rows_left / PHI_GROUP_ROWS < n_groups ? rows_left / PHI_GROUP_ROWS : n_groups;
    if (n_full > 0)
        x->kernels->gemv[m->layout](part->y + first * PHI_GROUP_ROWS, &x->quantized, w, n_full);
    if (n_full < n_groups) {
        x->kernels->gemv[m->layout](scratch->partial, &x->quantized, w + (size_t)n_full * group_bytes, 1);
        memcpy(part->y + (first + n_full) * PHI_GROUP_ROWS, scratch->partial,
               (size_t)(rows_left % PHI_GROUP_ROWS) * sizeof(float));
    }
    finish_row(job, part, first * PHI_GROUP_ROWS,
               rows_left < n_groups * PHI_GROUP_ROWS ? rows_left : n_groups * PHI_GROUP_ROWS);
}

/* The outputs of one group for all tokens. They are collected in the thread's scratch where something is still to be
 * done with them, or where their number is not full. */
typedef struct group_outputs {
    float *at;
    int32_t stride;
    int32_t first;  /* row */
    int32_t n_rows; /* at most 16 */
} group_outputs;

static group_outputs group_begin(const linear_job *job, const linear_part *part, int32_t group,
                                 const phi_thread_scratch *scratch)
{
    const int32_t first = group * PHI_GROUP_ROWS, left = part->m->n_rows - first;
    const int32_t n_rows = left < PHI_GROUP_ROWS ? left : PHI_GROUP_ROWS;
    const bool is_direct = n_rows == PHI_GROUP_ROWS && !part->bias && job->linear->activation == PHI_ACTIVATION_NONE;
    if (is_direct)
        return (group_outputs){part->y + first, job->linear->n_rows, first, n_rows};
    return (group_outputs){scratch->partial, PHI_GROUP_ROWS, first, n_rows};
}

/* Bias, activation, and to y (T, y_stride), what group_begin() collected. */
static void group_end(const linear_job *job, const linear_part *part, const group_outputs *out)
{
    const phi_activation activation = job->linear->activation;
    const size_t stride = (size_t)job->linear->n_rows;
    float *to = part->y + out->first;
    if (out->at == to)
        return;
    if (part->bias) {
        float bias[PHI_GROUP_ROWS] = {0};
        memcpy(bias, part->bias + out->first, (size_t)out->n_rows * sizeof(float));
        for (int32_t t = 0; t < job->n_tokens; t++)
            for (int32_t i = 0; i < PHI_GROUP_ROWS; i++)
                out->at[t * PHI_GROUP_ROWS + i] += bias[i];
    }
    if (activation != PHI_ACTIVATION_NONE)
        job->x->kernels->activate[activation](out->at, job->n_tokens * PHI_GROUP_ROWS);
    for (int32_t t = 0; t < job->n_tokens; t++) {
        const float *from = out->at + t * PHI_GROUP_ROWS;
        if (out->n_rows == PHI_GROUP_ROWS)
            memcpy(to + (size_t)t * stride, from, PHI_GROUP_ROWS * sizeof(float)); /* a few loads and stores */
        else
            memcpy(to + (size_t)t * stride, from, (size_t)out->n_rows * sizeof(float));
    }
}

static void gemm_group(const linear_job *job, const phi_matrix *m, const group_outputs *out,
                       phi_thread_scratch *scratch)
{
    const phi_kernels *k = job->x->kernels;
    const size_t group = (size_t)(out->first / PHI_GROUP_ROWS);
    const uint8_t *w = m->data + group * phi_layout_group_bytes(m->layout, m->n_cols);
    for (int32_t col = 0; col < m->n_cols; col += PHI_PANEL_COLS_MAX) {
        const int32_t left = m->n_cols - col;
        scratch->panel.n_cols = left < PHI_PANEL_COLS_MAX ? left : PHI_PANEL_COLS_MAX;
        k->unpack[m->layout](&scratch->panel, w, m->n_cols, col);
        k->gemm(out->at, out->stride, &job->x->quantized, &scratch->panel, job->n_tokens, col, col == 0,
                left <= PHI_PANEL_COLS_MAX);
    }
}

static void float_group(const linear_job *job, const phi_matrix *m, const group_outputs *out,
                        const phi_thread_scratch *scratch)
{
    const phi_kernels *k = job->x->kernels;
    const bool is_packed = m->layout < PHI_N_PACKED;
    const size_t group_bytes = phi_layout_group_bytes(m->layout, m->n_cols), n_cols = (size_t)m->n_cols;
    const uint8_t *w = m->data + (size_t)(is_packed ? out->first / PHI_GROUP_ROWS : out->first) * group_bytes;
    phi_layout layout = m->layout;
    /* Packed weights at accuracy level 1; halves, where it pays. */
    if (layout != PHI_LAYOUT_F32 && (is_packed || job->n_tokens > 1)) {
        for (int32_t r = 0; r < (is_packed ? 1 : out->n_rows); r++)
            k->dequantize[layout](scratch->rows + (size_t)r * n_cols, w + (size_t)r * group_bytes, m->n_cols);
        w = (const uint8_t *)scratch->rows;
        layout = PHI_LAYOUT_F32;
    }
    k->dot_float[layout - PHI_LAYOUT_F32](out->at, out->stride, job->in, job->n_tokens, w, out->n_rows, m->n_cols);
}

static void run_groups(const linear_job *job, const linear_part *part, int32_t first, int32_t n_groups,
                       int32_t thread_idx)
{
    phi_thread_scratch *scratch = &job->x->threads[thread_idx];
    const bool is_integer = part->m->layout < PHI_N_PACKED && job->x->accuracy_level != 1;
    if (is_integer && job->n_tokens == 1) {
        gemv_groups(job, part, first, n_groups, scratch);
        return;
    }
    for (int32_t g = first; g < first + n_groups; g++) {
        const group_outputs out = group_begin(job, part, g, scratch);
        if (is_integer)
            gemm_group(job, part->m, &out, scratch);
        else
            float_group(job, part->m, &out, scratch);
        group_end(job, part, &out);
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
    linear_part part = {.y = job->y};
    for (int32_t p = 0; p < job->linear->n_parts; p++) {
        part.m = &job->linear->parts[p];
        part.bias = phi_vector_data(&job->linear->bias[p]);
        const int32_t n_tasks = count_tasks(part.m, job->groups_per_task);
        if (task_idx < n_tasks) {
            const int32_t first = task_idx * job->groups_per_task;
            const int32_t left = count_units(part.m) - first;
            run_groups(job, &part, first, left < job->groups_per_task ? left : job->groups_per_task, thread_idx);
            return;
        }
        task_idx -= n_tasks;
        part.y += part.m->n_rows;
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
    const size_t row_bytes = phi_layout_group_bytes(m->layout, m->n_cols);
    if (m->layout == PHI_LAYOUT_F32)
        memcpy(out, m->data + row * row_bytes, row_bytes);
    else
        job->x->kernels->dequantize[m->layout](out, m->data + row * row_bytes, m->n_cols);
}

void phi_embed_rows(const phi_exec *x, float *y, const int32_t *ids, int32_t n_tokens, const phi_matrix *table)
{
    embed_job job = {x, y, ids, table};
    if (n_tokens == 1)
        embed_task(&job, 0, 0);
    else
        phi_pool_run(x->pool, n_tokens, embed_task, &job);
}
