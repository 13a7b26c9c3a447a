/* The forward pass of a pre-norm decoder, one layer a call, so that the caller can cancel or breathe between layers. */
#include <string.h>

#include "limits.h"
#include "model.h"

static int32_t max_i32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t wide_rows(const phi_hparams *h)
{
    const phi_attention *a = &h->attention;
    return max_i32((a->n_heads + 2 * a->n_kv_heads) * a->head_dim, 2 * h->d_inner);
}

static int32_t inner_rows(const phi_hparams *h)
{
    return max_i32(h->attention.n_heads * h->attention.head_dim, h->d_inner);
}

phi_kv_shape phi_model_kv_shape(const phi_model *model, phi_kv_kind kind, int32_t n_context)
{
    const phi_hparams *h = &model->hparams;
    return (phi_kv_shape){kind, h->n_layers, h->attention.n_kv_heads, h->attention.head_dim, (n_context + 3) & ~3};
}

phi_exec_shape phi_model_exec_shape(const phi_model *model, int32_t n_batch, int32_t n_context)
{
    const phi_hparams *h = &model->hparams;
    const int32_t cols = max_i32(h->d_model, inner_rows(h));
    return (phi_exec_shape){.n_tokens_max = n_batch,
                            .n_cols_max = (cols + PHI_BLOCK_COLS - 1) & ~(PHI_BLOCK_COLS - 1),
                            .n_context = n_context};
}

/* The one list of a session's activation buffers: floats per token, and floats once. */
typedef struct buffer_plan {
    size_t x, normed, wide, inner, branch, tables, logits, hidden;
} buffer_plan;

static buffer_plan plan_buffers(const phi_model *model, int32_t n_batch, phi_head head)
{
    const phi_hparams *h = &model->hparams;
    const size_t T = (size_t)n_batch;
    const bool has_logits = head == PHI_HEAD_LOGITS;
    return (buffer_plan){.x = T * (size_t)h->d_model,
                         .normed = T * (size_t)h->d_model,
                         .wide = T * (size_t)wide_rows(h),
                         .inner = T * (size_t)inner_rows(h),
                         .branch = T * (size_t)h->d_model,
                         .tables = T * (size_t)(h->attention.n_rot / 2),
                         .logits = has_logits ? (size_t)h->n_vocabulary : 0,
                         .hidden = has_logits ? 0 : (size_t)h->d_model};
}

uint64_t phi_forward_bytes(const phi_model *model, int32_t n_batch, phi_head head)
{
    const buffer_plan p = plan_buffers(model, n_batch, head);
    const size_t counts[] = {p.x, p.normed, p.wide, p.inner, p.branch, p.tables, p.tables, p.logits, p.hidden};
    uint64_t bytes = phi_arena_cost(p.hidden, sizeof(double));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        bytes += phi_arena_cost(counts[i], sizeof(float));
    return bytes;
}

phi_status phi_forward_init(phi_forward *f, phi_arena *arena, const phi_model *model, int32_t n_batch, phi_head head,
                            phi_error *err)
{
    const buffer_plan p = plan_buffers(model, n_batch, head);
    *f = (phi_forward){.model = model,
                       .n_tokens_max = n_batch,
                       .x = phi_arena_array(arena, float, p.x),
                       .normed = phi_arena_array(arena, float, p.normed),
                       .wide = phi_arena_array(arena, float, p.wide),
                       .inner = phi_arena_array(arena, float, p.inner),
                       .branch = phi_arena_array(arena, float, p.branch),
                       .batch = {.n_freqs = model->hparams.attention.n_rot / 2,
                                 .cos_table = phi_arena_array(arena, float, p.tables),
                                 .sin_table = phi_arena_array(arena, float, p.tables)},
                       .logits = phi_arena_array(arena, float, p.logits),
                       .sum = phi_arena_array(arena, double, p.hidden),
                       .last = phi_arena_array(arena, float, p.hidden)};
    if (f->x && f->normed && f->wide && f->inner && f->branch && f->batch.cos_table && f->batch.sin_table &&
        f->logits && f->sum && f->last)
        return PHI_OK;
    return phi_fail(err, PHI_ENOMEM, "session: the plan of its activations was too small");
}

void phi_forward_begin(phi_forward *f, int32_t n_tokens, int32_t first_pos, bool uses_long_factors)
{
    const phi_model *m = f->model;
    f->batch.n_tokens = n_tokens;
    f->batch.first_pos = first_pos;
    phi_rope_tables(&f->batch, uses_long_factors ? m->inv_freq_long : m->inv_freq_short, m->hparams.rope_factor);
}

void phi_forward_embed(phi_forward *f, const phi_exec *x, int32_t first, const int32_t *tokens, int32_t n)
{
    const phi_model *m = f->model;
    phi_embed_rows(x, f->x + (size_t)first * (size_t)m->hparams.d_model, tokens, n, &m->token_embedding);
}

void phi_forward_layer(phi_forward *f, const phi_exec *x, phi_kv *kv, int32_t layer_idx)
{
    const phi_hparams *h = &f->model->hparams;
    const phi_layer *layer = &f->model->layers[layer_idx];
    const int32_t T = f->batch.n_tokens;

    /* hf modeling_phi3.py: hidden = residual + self_attn(input_layernorm(hidden)) */
    phi_norm_forward(x, f->normed, f->x, T, &layer->attn_norm, h->norm_eps);
    phi_linear_forward(x, f->wide, f->normed, T, &layer->qkv);
    phi_attention_forward(x, f->inner, f->wide, &f->batch, &h->attention, (phi_kv_layer){kv, layer_idx});
    phi_linear_forward(x, f->branch, f->inner, T, &layer->attn_out);
    phi_residual_forward(x, f->x, f->branch, T * h->d_model);

    /* hidden = residual + down_proj(up * silu(gate)) of post_attention_layernorm(hidden) */
    phi_norm_forward(x, f->normed, f->x, T, &layer->ffn_norm, h->norm_eps);
    phi_linear_forward(x, f->wide, f->normed, T, &layer->gate_up);
    phi_silu_forward(x, f->inner, f->wide, T, h->d_inner);
    phi_linear_forward(x, f->branch, f->inner, T, &layer->down);
    phi_residual_forward(x, f->x, f->branch, T * h->d_model);
}

void phi_forward_head(phi_forward *f, const phi_exec *x)
{
    const phi_hparams *h = &f->model->hparams;
    const float *last = f->x + (size_t)(f->batch.n_tokens - 1) * (size_t)h->d_model;
    phi_norm_forward(x, f->normed, last, 1, &f->model->output_norm, h->norm_eps);
    phi_linear_forward(x, f->logits, f->normed, 1, &f->model->output);
}

void phi_forward_hidden(phi_forward *f, const phi_exec *x)
{
    const phi_hparams *h = &f->model->hparams;
    const size_t d = (size_t)h->d_model;
    const float *row = f->normed;
    phi_norm_forward(x, f->normed, f->x, f->batch.n_tokens, &f->model->output_norm, h->norm_eps);
    for (int32_t t = 0; t < f->batch.n_tokens; t++, row += d)
        for (size_t i = 0; i < d; i++)
            f->sum[i] += (double)row[i];
    memcpy(f->last, row - d, d * sizeof *row);
}
