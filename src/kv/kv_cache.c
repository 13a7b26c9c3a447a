#include <math.h>
#include <string.h>

#include "checked.h"
#include "kv.h"

static size_t element_bytes(const phi_kv_shape *shape)
{
    return shape->kind == PHI_KV_KIND_F16 ? 2 : 1;
}

static bool count_rows(uint64_t *out, const phi_kv_shape *shape)
{
    return phi_mul_u64(out, (uint64_t)shape->n_layers * (uint64_t)shape->n_heads, (uint64_t)shape->capacity);
}

static uint64_t arena_cost_u64(uint64_t count, size_t item_bytes)
{
    size_t n;
    return phi_to_size(&n, count) ? phi_arena_cost(n, item_bytes) : SIZE_MAX;
}

uint64_t phi_kv_bytes(const phi_kv_shape *shape)
{
    uint64_t rows;
    if (!count_rows(&rows, shape))
        return UINT64_MAX;
    uint64_t bytes = arena_cost_u64(rows, element_bytes(shape) * (size_t)shape->head_dim);
    if (bytes >= SIZE_MAX / 4)
        return UINT64_MAX;
    bytes *= 2;
    if (shape->kind == PHI_KV_KIND_Q8)
        bytes += 2 * arena_cost_u64(rows, sizeof(float));
    return bytes;
}

phi_status phi_kv_init(phi_kv *kv, phi_arena *arena, const phi_kv_shape *shape, phi_error *err)
{
    uint64_t rows;
    size_t n_rows;
    *kv = (phi_kv){.shape = *shape};
    if (!count_rows(&rows, shape) || !phi_to_size(&n_rows, rows))
        return phi_fail(err, PHI_ENOMEM, "kv cache: %d positions do not fit the address space", (int)shape->capacity);
    const size_t row_bytes = element_bytes(shape) * (size_t)shape->head_dim;
    kv->keys = phi_arena_alloc(arena, n_rows, row_bytes);
    kv->values = phi_arena_alloc(arena, n_rows, row_bytes);
    bool is_dealt = kv->keys && kv->values;
    if (shape->kind == PHI_KV_KIND_Q8) {
        kv->key_scales = phi_arena_array(arena, float, n_rows);
        kv->value_scales = phi_arena_array(arena, float, n_rows);
        is_dealt = is_dealt && kv->key_scales && kv->value_scales;
    }
    if (!is_dealt)
        return phi_fail(err, PHI_ENOMEM, "kv cache: no memory for %d positions", (int)shape->capacity);
    return PHI_OK;
}

static void write_f16(phi_kv *kv, const phi_kernels *kernels, size_t head_row, int32_t pos, const float *k,
                      const float *v, uint16_t *scratch)
{
    const int32_t D = kv->shape.head_dim;
    uint16_t *keys = (uint16_t *)(void *)kv->keys + head_row * (size_t)D;
    uint16_t *values = (uint16_t *)(void *)kv->values + (head_row + (size_t)pos) * (size_t)D;
    uint16_t *quad = keys + (size_t)(pos / 4) * (size_t)D * 4 + pos % 4;
    kernels->to_f16(values, v, D);
    kernels->to_f16(scratch, k, D);
    for (int32_t d = 0; d < D; d++)
        quad[4 * d] = scratch[d];
}

/* Symmetric int8, one scale a row: s = max|x| / 127. Returns s. */
static float row_scale(const float *x, int32_t n)
{
    float amax = 0.0f;
    for (int32_t i = 0; i < n; i++)
        amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    return amax / 127.0f;
}

static int8_t to_q8(float x, float inverse)
{
    const float q = rintf(x * inverse);
    return (int8_t)(q >= -127.0f ? (q <= 127.0f ? q : 127.0f) : -127.0f);
}

static void write_q8(phi_kv *kv, size_t head_row, int32_t pos, const float *k, const float *v)
{
    const int32_t D = kv->shape.head_dim;
    int8_t *quad = (int8_t *)kv->keys + head_row * (size_t)D + (size_t)(pos / 4) * (size_t)D * 4 + (pos % 4) * 4;
    int8_t *values = (int8_t *)kv->values + (head_row + (size_t)pos) * (size_t)D;
    const float k_scale = row_scale(k, D);
    const float v_scale = row_scale(v, D);
    const float k_inverse = k_scale > 0.0f ? 1.0f / k_scale : 0.0f;
    const float v_inverse = v_scale > 0.0f ? 1.0f / v_scale : 0.0f;
    for (int32_t d = 0; d < D; d++) {
        quad[(d / 4) * 16 + d % 4] = to_q8(k[d], k_inverse);
        values[d] = to_q8(v[d], v_inverse);
    }
    kv->key_scales[head_row + (size_t)pos] = k_scale;
    kv->value_scales[head_row + (size_t)pos] = v_scale;
}

void phi_kv_write(phi_kv *kv, const phi_kernels *kernels, int32_t layer, int32_t pos, const float *k, const float *v,
                  uint16_t *scratch)
{
    const int32_t D = kv->shape.head_dim;
    for (int32_t h = 0; h < kv->shape.n_heads; h++) {
        const size_t head_row = phi_kv_head_idx(kv, layer, h) * (size_t)kv->shape.capacity;
        if (kv->shape.kind == PHI_KV_KIND_F16)
            write_f16(kv, kernels, head_row, pos, k + h * D, v + h * D, scratch);
        else
            write_q8(kv, head_row, pos, k + h * D, v + h * D);
    }
}

void phi_kv_copy(phi_kv *to, const phi_kv *from, int32_t n_positions)
{
    const size_t row_bytes = element_bytes(&from->shape) * (size_t)from->shape.head_dim;
    const size_t n_heads = (size_t)from->shape.n_layers * (size_t)from->shape.n_heads;
    const size_t n_rows = ((size_t)n_positions + 3) & ~(size_t)3; /* whole quads */
    for (size_t h = 0; h < n_heads; h++) {
        const size_t at = h * (size_t)to->shape.capacity;
        const size_t from_at = h * (size_t)from->shape.capacity;
        memcpy(to->keys + at * row_bytes, from->keys + from_at * row_bytes, n_rows * row_bytes);
        memcpy(to->values + at * row_bytes, from->values + from_at * row_bytes, n_rows * row_bytes);
        if (from->shape.kind != PHI_KV_KIND_Q8)
            continue;
        memcpy(to->key_scales + at, from->key_scales + from_at, n_rows * sizeof(float));
        memcpy(to->value_scales + at, from->value_scales + from_at, n_rows * sizeof(float));
    }
}
