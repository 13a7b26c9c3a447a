/* The cache of keys (after rope) and values of one session.
 *
 * One kv head of one layer, D = head_dim, C = capacity (a multiple of 4):
 *
 *   keys    in quads of 4 positions, so that the lanes of a vector are 4 keys:
 *           f16  k[(j/4) * D*4 + d*4 + j%4]
 *           q8   k[(j/4) * D*4 + (d/4)*16 + (j%4)*4 + d%4], one f32 scale a key
 *   values  row by row: v[j*D + d]; q8: one f32 scale a value row
 *
 * Positions are written once and read by every later token. Rewinding is forgetting: the caller keeps the count. */
#ifndef PHI_KV_H
#define PHI_KV_H

#include "arena.h"
#include "kernels.h"

typedef enum phi_kv_kind { PHI_KV_KIND_F16, PHI_KV_KIND_Q8 } phi_kv_kind;

typedef struct phi_kv_shape {
    phi_kv_kind kind;
    int32_t n_layers;
    int32_t n_heads; /* kv heads */
    int32_t head_dim;
    int32_t capacity; /* positions, a multiple of 4 */
} phi_kv_shape;

typedef struct phi_kv {
    phi_kv_shape shape;
    uint8_t *keys;       /* (layers, heads, C, D) elements of 2 or 1 bytes */
    uint8_t *values;     /* (layers, heads, C, D) */
    float *key_scales;   /* (layers, heads, C), q8 only */
    float *value_scales; /* (layers, heads, C), q8 only */
} phi_kv;

/* Bytes that init takes from an arena; UINT64_MAX on overflow. */
uint64_t phi_kv_bytes(const phi_kv_shape *shape);
phi_status phi_kv_init(phi_kv *kv, phi_arena *arena, const phi_kv_shape *shape, phi_error *err);

/* Writes position `pos` of a layer: k and v are (heads, D) floats. `scratch` is (D) binary16 values. */
void phi_kv_write(phi_kv *kv, const phi_kernels *kernels, int32_t layer, int32_t pos, const float *k, const float *v,
                  uint16_t *scratch);

/* Copies positions [0, n_positions) of every layer; shapes are equal but for capacity. */
void phi_kv_copy(phi_kv *to, const phi_kv *from, int32_t n_positions);

static inline size_t phi_kv_head_idx(const phi_kv *kv, int32_t layer, int32_t head)
{
    return (size_t)layer * (size_t)kv->shape.n_heads + (size_t)head;
}

#endif
