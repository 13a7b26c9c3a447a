/* Room for the operations of nn.h, planned and dealt by one list. */
#include "nn.h"

static size_t scores_stride(const phi_exec_shape *shape)
{
    return ((size_t)shape->n_context + 3) & ~(size_t)3;
}

static uint64_t thread_bytes(const phi_exec_shape *shape)
{
    const size_t panel_blocks = PHI_PANEL_COLS_MAX / PHI_BLOCK_COLS;
    return phi_arena_cost(PHI_PANEL_COLS_MAX, PHI_GROUP_ROWS) +
           phi_arena_cost(panel_blocks * 2 * PHI_GROUP_ROWS, sizeof(float)) +
           phi_arena_cost(panel_blocks * PHI_GROUP_ROWS, sizeof(float)) +
           phi_arena_cost((size_t)shape->n_cols_max * PHI_GROUP_ROWS, sizeof(float)) +
           phi_arena_cost((size_t)shape->n_tokens_max * PHI_GROUP_ROWS, sizeof(float)) +
           phi_arena_cost(scores_stride(shape) * PHI_ATTN_TILE, sizeof(float)) +
           phi_arena_cost(phi_self_attention_floats(shape->n_self_tokens, shape->self_head_dim), sizeof(float));
}

uint64_t phi_exec_bytes(const phi_exec_shape *shape, int32_t n_threads)
{
    const size_t elements = (size_t)shape->n_tokens_max * (size_t)shape->n_cols_max;
    const size_t blocks = elements / PHI_BLOCK_COLS;
    return phi_arena_cost(elements, 1) + 2 * phi_arena_cost(blocks, sizeof(float)) +
           phi_arena_cost(blocks * 4, sizeof(int16_t)) + phi_arena_cost((size_t)n_threads, sizeof(phi_thread_scratch)) +
           (uint64_t)n_threads * thread_bytes(shape);
}

static bool deal_thread(phi_thread_scratch *t, phi_arena *arena, const phi_exec_shape *shape)
{
    const size_t panel_blocks = PHI_PANEL_COLS_MAX / PHI_BLOCK_COLS;
    *t = (phi_thread_scratch){
        .panel = {.q = phi_arena_array(arena, uint8_t, PHI_PANEL_COLS_MAX * PHI_GROUP_ROWS),
                  .scale = phi_arena_array(arena, float, panel_blocks * 2 * PHI_GROUP_ROWS),
                  .min = phi_arena_array(arena, float, panel_blocks *PHI_GROUP_ROWS)},
        .rows = phi_arena_array(arena, float, (size_t)shape->n_cols_max *PHI_GROUP_ROWS),
        .partial = phi_arena_array(arena, float, (size_t)shape->n_tokens_max *PHI_GROUP_ROWS),
        .scores = phi_arena_array(arena, float, scores_stride(shape) * PHI_ATTN_TILE),
        .self = phi_arena_array(arena, float, phi_self_attention_floats(shape->n_self_tokens, shape->self_head_dim)),
    };
    return t->panel.q && t->panel.scale && t->panel.min && t->rows && t->partial && t->scores && t->self;
}

phi_status phi_exec_init(phi_exec *x, phi_arena *arena, const phi_exec_shape *shape, phi_error *err)
{
    const int32_t n_threads = phi_pool_n_threads(x->pool);
    const size_t elements = (size_t)shape->n_tokens_max * (size_t)shape->n_cols_max;
    const size_t blocks = elements / PHI_BLOCK_COLS;
    x->quantized = (phi_q8){.q = phi_arena_array(arena, int8_t, elements),
                            .scale = phi_arena_array(arena, float, blocks),
                            .weighted = phi_arena_array(arena, float, blocks),
                            .sums = phi_arena_array(arena, int16_t, blocks * 4)};
    x->threads = phi_arena_array(arena, phi_thread_scratch, (size_t)n_threads);
    bool is_dealt = x->quantized.q && x->quantized.scale && x->quantized.weighted && x->quantized.sums && x->threads;
    for (int32_t i = 0; is_dealt && i < n_threads; i++)
        is_dealt = deal_thread(&x->threads[i], arena, shape);
    if (!is_dealt)
        return phi_fail(err, PHI_ENOMEM, "session: the plan of its scratch memory was too small");
    return PHI_OK;
}
