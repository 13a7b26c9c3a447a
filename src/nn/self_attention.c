/* Attention among the tokens of a tile, head by head. A task takes one head of one tile: it copies the head's keys and
 * values to where they lie close together, then goes through the queries eight by eight. Scores, weights and outputs of
 * eight queries lie side by side, so that products and softmax run down columns and need no sums across a vector:
 *
 *   scores (T, 8) = K (T, D) q (D, 8)      weights (T, 8) = exp(scores - max)      out (D, 8) = Vᵀ (D, T) weights
 *
 * T = 577, D = 64: keys and values take 150 KB each and come from the L2 cache for every eight queries, the weights
 * 18 KB and stay in the L1 cache. */
#include <string.h>

#include "nn.h"

enum { QUERIES = 8 };

typedef struct self_job {
    const phi_exec *x;
    const phi_self_attention *a;
    float *out;       /* (n_tiles * T, H D) */
    const float *qkv; /* (n_tiles * T, 3 H D) */
} self_job;

/* Places in a thread's scratch. */
typedef struct self_head {
    float *keys;   /* (T, D) in quads of tokens, padded with zeros */
    float *values; /* (D, T) in quads of dimensions */
    float *scores; /* (T rounded up to 4, QUERIES), weights later */
    float *q;      /* (D, QUERIES), scaled */
    float *out;    /* (D rounded up to 4, QUERIES) */
} self_head;

static size_t quads_of(int32_t n)
{
    return ((size_t)n + 3) / 4;
}

size_t phi_self_attention_floats(int32_t n_tokens, int32_t head_dim)
{
    const size_t T = quads_of(n_tokens) * 4, D = quads_of(head_dim) * 4;
    return 2 * T * D + (T + 2 * D) * QUERIES;
}

static self_head place(float *scratch, const phi_self_attention *a)
{
    const size_t T = quads_of(a->n_tokens) * 4, D = quads_of(a->head_dim) * 4;
    self_head h = {.keys = scratch};
    h.values = h.keys + T * D;
    h.scores = h.values + T * D;
    h.q = h.scores + T * QUERIES;
    h.out = h.q + D * QUERIES;
    return h;
}

/* to[(r/4 * n_k + k) * 4 + r%4] = from[r * row_step + k * k_step], zeros in the rows past n_rows. */
static void pack_quads(float *to, const float *from, int32_t n_rows, int32_t n_k, size_t row_step, size_t k_step)
{
    for (int32_t first = 0; first < n_rows; first += 4) {
        for (int32_t k = 0; k < n_k; k++, to += 4)
            for (int32_t r = 0; r < 4; r++)
                to[r] = first + r < n_rows ? from[(size_t)(first + r) * row_step + (size_t)k * k_step] : 0.0f;
    }
}

static void load_queries(const self_head *h, const phi_self_attention *a, const float *q, int32_t n, size_t stride)
{
    for (int32_t i = 0; i < QUERIES; i++)
        for (int32_t d = 0; d < a->head_dim; d++)
            h->q[d * QUERIES + i] = i < n ? q[(size_t)i * stride + (size_t)d] * a->scale : 0.0f;
}

static void store_queries(float *out, const self_head *h, const phi_self_attention *a, const float *inverse, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t d = 0; d < a->head_dim; d++)
            out[(size_t)i * (size_t)(a->n_heads * a->head_dim) + (size_t)d] = h->out[d * QUERIES + i] * inverse[i];
}

static void self_attention_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    const self_job *job = ctx;
    const phi_self_attention *a = job->a;
    const phi_kernels *k = job->x->kernels;
    const size_t width = (size_t)(a->n_heads * a->head_dim), stride = 3 * width;
    const size_t token = (size_t)(task_idx / a->n_heads) * (size_t)a->n_tokens;
    const size_t column = (size_t)(task_idx % a->n_heads * a->head_dim);
    const float *q = job->qkv + token * stride + column;
    const self_head h = place(job->x->threads[thread_idx].self, a);
    pack_quads(h.keys, q + width, a->n_tokens, a->head_dim, stride, 1);
    pack_quads(h.values, q + 2 * width, a->head_dim, a->n_tokens, 1, stride);
    for (int32_t t = 0; t < a->n_tokens; t += QUERIES) {
        const int32_t n = a->n_tokens - t < QUERIES ? a->n_tokens - t : QUERIES;
        float inverse[QUERIES];
        load_queries(&h, a, q + (size_t)t * stride, n, stride);
        k->product8(h.scores, h.keys, h.q, a->head_dim, (int32_t)quads_of(a->n_tokens));
        k->softmax8(h.scores, inverse, a->n_tokens);
        k->product8(h.out, h.values, h.scores, a->n_tokens, (int32_t)quads_of(a->head_dim));
        store_queries(job->out + (token + (size_t)t) * width + column, &h, a, inverse, n);
    }
}

void phi_self_attention_forward(const phi_exec *x, float *out, const float *qkv, int32_t n_tiles,
                                const phi_self_attention *a)
{
    self_job job = {x, a, out, qkv};
    phi_pool_run(x->pool, n_tiles * a->n_heads, self_attention_task, &job);
}
