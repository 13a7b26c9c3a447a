/* Rotary positions and attention over the cache.
 *
 * The queries that share a kv head, (token, head of the group) in this order, are cut into tiles of PHI_ATTN_TILE: each
 * key and value is then loaded and decoded once for a tile. A query's own range of keys is [lo, hi); a tile computes
 * the scores of all its queries over the union, and each query's weights outside its own range are zero. */
#include <string.h>

#include "elementary.h"
#include "limits.h"
#include "nn.h"

enum { HEAD_DIM_MAX = PHI_LIMIT_HEAD_DIM };

void phi_rope_tables(const phi_batch *batch, const float *inv_freq, float factor)
{
    for (int32_t t = 0; t < batch->n_tokens; t++) {
        for (int32_t i = 0; i < batch->n_freqs; i++) {
            /* HF computes the angle in f32; sine and cosine of that very number, rounded once. */
            const float angle = (float)(batch->first_pos + t) * inv_freq[i];
            double sine, cosine;
            phi_sin_cos(&sine, &cosine, (double)angle);
            batch->cos_table[t * batch->n_freqs + i] = (float)cosine * factor;
            batch->sin_table[t * batch->n_freqs + i] = (float)sine * factor;
        }
    }
}

typedef struct attention_job {
    const phi_exec *x;
    const phi_attention *a;
    const phi_batch *batch;
    float *qkv; /* (T, (H + 2G) D) */
    float *out; /* (T, H D) */
    phi_kv *kv;
    int32_t layer;
    int32_t tiles_per_head;
} attention_job;

static int32_t qkv_stride(const phi_attention *a)
{
    return (a->n_heads + 2 * a->n_kv_heads) * a->head_dim;
}

static void rotate_and_store_task(void *ctx, int32_t t, int32_t thread_idx)
{
    const attention_job *job = ctx;
    const phi_attention *a = job->a;
    const phi_kernels *k = job->x->kernels;
    const phi_batch *b = job->batch;
    float *row = job->qkv + (size_t)t * (size_t)qkv_stride(a);
    const float *cos_row = b->cos_table + t * b->n_freqs;
    const float *sin_row = b->sin_table + t * b->n_freqs;
    uint16_t halves[HEAD_DIM_MAX];
    (void)thread_idx;
    for (int32_t h = 0; h < a->n_heads + a->n_kv_heads; h++) {
        if (a->is_neox)
            k->rope_neox(row + h * a->head_dim, cos_row, sin_row, a->n_rot);
        else
            k->rope_pairs(row + h * a->head_dim, cos_row, sin_row, a->n_rot);
    }
    const float *key = row + a->n_heads * a->head_dim;
    phi_kv_write(job->kv, k, job->layer, b->first_pos + t, key, key + a->n_kv_heads * a->head_dim, halves);
}

typedef struct attention_tile {
    float q[PHI_ATTN_TILE * HEAD_DIM_MAX];
    float out[PHI_ATTN_TILE * HEAD_DIM_MAX];
    int32_t lo[PHI_ATTN_TILE];
    int32_t hi[PHI_ATTN_TILE];
    int32_t n_q;
    int32_t first_key;
    int32_t n_keys;
} attention_tile;

/* Where query i of a kv head's list lives. */
static size_t query_offset(const phi_attention *a, int32_t kv_head, int32_t i, size_t row_stride)
{
    const int32_t group = a->n_heads / a->n_kv_heads;
    return (size_t)(i / group) * row_stride + (size_t)((kv_head * group + i % group) * a->head_dim);
}

static void gather_tile(attention_tile *tile, const attention_job *job, int32_t kv_head, int32_t first)
{
    const phi_attention *a = job->a;
    const int32_t group = a->n_heads / a->n_kv_heads;
    const int32_t n_queries = job->batch->n_tokens * group;
    tile->n_q = n_queries - first < PHI_ATTN_TILE ? n_queries - first : PHI_ATTN_TILE;
    tile->first_key = INT32_MAX;
    tile->n_keys = 0;
    for (int32_t i = 0; i < tile->n_q; i++) {
        memcpy(tile->q + i * a->head_dim, job->qkv + query_offset(a, kv_head, first + i, (size_t)qkv_stride(a)),
               (size_t)a->head_dim * sizeof(float));
        const int32_t pos = job->batch->first_pos + (first + i) / group;
        tile->hi[i] = pos + 1;
        tile->lo[i] = a->window > 0 && pos + 1 > a->window ? pos + 1 - a->window : 0;
        tile->first_key = tile->lo[i] < tile->first_key ? tile->lo[i] : tile->first_key;
        tile->n_keys = tile->hi[i] > tile->n_keys ? tile->hi[i] : tile->n_keys;
    }
    tile->first_key &= ~3; /* keys come in quads */
}

static void score_tile(const attention_tile *tile, const attention_job *job, int32_t kv_head, float *scores,
                       int32_t stride)
{
    const phi_kv *kv = job->kv;
    const int32_t D = job->a->head_dim;
    const size_t row = phi_kv_head_idx(kv, job->layer, kv_head) * (size_t)kv->shape.capacity;
    const phi_kernels *k = job->x->kernels;
    if (kv->shape.kind == PHI_KV_KIND_F16)
        k->attn_scores_f16(scores, stride, tile->q, tile->n_q,
                           (const uint16_t *)(const void *)kv->keys + row * (size_t)D, D, tile->first_key, tile->n_keys,
                           job->a->scale);
    else
        k->attn_scores_q8(scores, stride, tile->q, tile->n_q, (const int8_t *)kv->keys + row * (size_t)D,
                          kv->key_scales + row, D, tile->first_key, tile->n_keys, job->a->scale);
}

static void mix_tile(attention_tile *tile, const attention_job *job, int32_t kv_head, const float *scores,
                     int32_t stride)
{
    const phi_kv *kv = job->kv;
    const int32_t D = job->a->head_dim;
    const size_t row = phi_kv_head_idx(kv, job->layer, kv_head) * (size_t)kv->shape.capacity;
    const phi_kernels *k = job->x->kernels;
    if (kv->shape.kind == PHI_KV_KIND_F16)
        k->attn_mix_f16(tile->out, D, scores, stride, tile->n_q,
                        (const uint16_t *)(const void *)kv->values + row * (size_t)D, D, tile->first_key, tile->n_keys);
    else
        k->attn_mix_q8(tile->out, D, scores, stride, tile->n_q, (const int8_t *)kv->values + row * (size_t)D,
                       kv->value_scales + row, D, tile->first_key, tile->n_keys);
}

/* Softmax of each query over its own keys; zero weight on the tile's other keys. */
static void weigh_tile(const attention_tile *tile, const phi_kernels *k, float *scores, int32_t stride)
{
    for (int32_t i = 0; i < tile->n_q; i++) {
        float *row = scores + i * stride;
        k->softmax(row + tile->lo[i], tile->hi[i] - tile->lo[i]);
        for (int32_t j = tile->first_key; j < tile->lo[i]; j++)
            row[j] = 0.0f;
        for (int32_t j = tile->hi[i]; j < tile->n_keys; j++)
            row[j] = 0.0f;
    }
}

static void attention_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const attention_job *job = ctx;
    const phi_attention *a = job->a;
    const int32_t kv_head = task_idx / job->tiles_per_head;
    const int32_t first = task_idx % job->tiles_per_head * PHI_ATTN_TILE;
    const int32_t stride = (job->kv->shape.capacity + 3) & ~3;
    float *scores = job->x->threads[thread_idx].scores;
    attention_tile tile;
    gather_tile(&tile, job, kv_head, first);
    score_tile(&tile, job, kv_head, scores, stride);
    weigh_tile(&tile, job->x->kernels, scores, stride);
    mix_tile(&tile, job, kv_head, scores, stride);
    for (int32_t i = 0; i < tile.n_q; i++)
        memcpy(job->out + query_offset(a, kv_head, first + i, (size_t)(a->n_heads * a->head_dim)),
               tile.out + i * a->head_dim, (size_t)a->head_dim * sizeof(float));
}

void phi_attention_forward(const phi_exec *x, float *out, float *qkv, const phi_batch *batch, const phi_attention *a,
                           phi_kv_layer cache)
{
    const int32_t n_queries = batch->n_tokens * (a->n_heads / a->n_kv_heads);
    attention_job job = {.x = x,
                         .a = a,
                         .batch = batch,
                         .qkv = qkv,
                         .out = out,
                         .kv = cache.kv,
                         .layer = cache.layer,
                         .tiles_per_head = (n_queries + PHI_ATTN_TILE - 1) / PHI_ATTN_TILE};
    if (batch->n_tokens == 1)
        rotate_and_store_task(&job, 0, 0);
    else
        phi_pool_run(x->pool, batch->n_tokens, rotate_and_store_task, &job);
    phi_pool_run(x->pool, a->n_kv_heads * job.tiles_per_head, attention_task, &job);
}
