/* The loader of weights.h: what to ask for next, where it goes, and the packing jobs. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "checked.h"
#include "half.h"
#include "limits.h"
#include "pack.h"
#include "sort.h"
#include "weights.h"

typedef enum slot_state { SLOT_FREE, SLOT_ASKED, SLOT_PACKING } slot_state;

struct phi_weight_slot {
    uint8_t *staging;
    const phi_weight *item;
    int32_t first_row;
    int32_t n_rows;
    uint32_t bytes;
    slot_state state;
    atomic_bool is_packed; /* set by the job, read by the caller's thread */
    phi_status status;     /* of the job; valid once is_packed */
    phi_error error;
};

enum { FLOAT_PIECE_BYTES = 4 << 20 };

phi_status phi_weights_init(phi_weights *w, phi_arena *arena, size_t items_cap, phi_error *err)
{
    *w = (phi_weights){0};
    w->items = phi_arena_array(arena, phi_weight, items_cap);
    if (!w->items)
        return phi_fail(err, PHI_ENOMEM, "weights: no memory for a list of %zu tensors", items_cap);
    w->items_cap = items_cap;
    return PHI_OK;
}

void phi_weights_deinit(phi_weights *w)
{
    phi_arena_deinit(&w->staging);
    phi_arena_deinit(&w->region);
    w->slots = NULL;
}

/* A convolution's kernels (w, h, channels, n_rows) are a matrix whose rows are the kernels. The directory has checked
 * that the product of all dimensions is that of a tensor in memory. */
static phi_status check_shape(const phi_tensor_info *t, int32_t n_rows, int32_t n_cols, phi_error *err)
{
    const uint64_t rows = t->n_dims > 1 ? t->dims[1] : 1;
    const bool is_flat = t->n_dims < 3 || (t->dims[2] == 1 && t->dims[3] == 1);
    const bool is_kernels = t->n_dims == 4 && t->dims[3] == (uint64_t)n_rows &&
                            t->dims[0] * t->dims[1] * t->dims[2] == (uint64_t)n_cols;
    if ((t->dims[0] == (uint64_t)n_cols && rows == (uint64_t)n_rows && is_flat) || is_kernels)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "tensor '%.*s' has shape (%llu, %llu)%s, expected (%d, %d)",
                    phi_str_print_len(t->name), t->name.ptr, (unsigned long long)rows, (unsigned long long)t->dims[0],
                    is_flat ? "" : " and more dimensions", (int)n_rows, (int)n_cols);
}

static size_t matrix_bytes(const phi_matrix *m)
{
    return (size_t)m->n_groups * phi_layout_group_bytes(m->layout, m->n_cols);
}

static phi_status list_item(phi_weights *w, phi_weight item, phi_error *err)
{
    if (w->n_items == w->items_cap)
        return phi_fail(err, PHI_EINVAL, "weights: more than %zu tensors listed", w->items_cap);
    w->items[w->n_items++] = item;
    w->packed_bytes += phi_arena_cost(matrix_bytes(item.matrix), 1);
    w->file_bytes += item.tensor->bytes;
    return PHI_OK;
}

phi_status phi_weights_add(phi_weights *w, phi_matrix *matrix, const phi_tensor_info *tensor, int32_t n_rows,
                           int32_t n_cols, phi_error *err)
{
    PHI_TRY(check_shape(tensor, n_rows, n_cols, err));
    const phi_layout layout = phi_pack_layout_of(tensor->dtype);
    if (n_cols % phi_layout_cols_step(layout) != 0)
        return phi_fail(err, PHI_EUNSUPPORTED, "tensor '%.*s' has %d columns; type %s needs a multiple of %d",
                        phi_str_print_len(tensor->name), tensor->name.ptr, (int)n_cols,
                        phi_dtype_get(tensor->dtype)->name, (int)phi_layout_cols_step(layout));
    const bool is_packed = layout < PHI_N_PACKED;
    *matrix = (phi_matrix){.layout = layout,
                           .n_rows = n_rows,
                           .n_cols = n_cols,
                           .n_groups = is_packed ? (n_rows + PHI_GROUP_ROWS - 1) / PHI_GROUP_ROWS : n_rows};
    return list_item(w, (phi_weight){.tensor = tensor, .matrix = matrix}, err);
}

phi_status phi_weights_add_vector(phi_weights *w, phi_matrix *matrix, const phi_tensor_info *tensor, int32_t n,
                                  phi_error *err)
{
    PHI_TRY(check_shape(tensor, 1, n, err));
    if (phi_dtype_get(tensor->dtype)->block_elements != 1)
        return phi_fail(err, PHI_EUNSUPPORTED, "tensor '%.*s' is a vector of type %s; expected F32, F16 or BF16",
                        phi_str_print_len(tensor->name), tensor->name.ptr, phi_dtype_get(tensor->dtype)->name);
    *matrix = (phi_matrix){.layout = PHI_LAYOUT_F32, .n_rows = 1, .n_cols = n, .n_groups = 1};
    return list_item(w, (phi_weight){.tensor = tensor, .matrix = matrix, .is_vector = true}, err);
}

/* Bytes of one row as the file has it. */
static size_t file_row_bytes(const phi_weight *item)
{
    const phi_dtype_info *info = phi_dtype_get(item->tensor->dtype);
    return (size_t)item->matrix->n_cols / info->block_elements * info->block_bytes;
}

static bool goes_straight(const phi_weight *item)
{
    return item->matrix->layout >= PHI_N_PACKED && !item->is_vector;
}

static int by_place_in_file(const void *a, const void *b)
{
    const phi_tensor_info *x = ((const phi_weight *)a)->tensor;
    const phi_tensor_info *y = ((const phi_weight *)b)->tensor;
    if (x->file_idx != y->file_idx)
        return x->file_idx < y->file_idx ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* A slot holds at least one 16-row group of every matrix, and every vector. */
static size_t slot_bytes_needed(const phi_weights *w, size_t staging_bytes)
{
    size_t need = staging_bytes / PHI_WEIGHT_SLOTS;
    for (size_t i = 0; i < w->n_items; i++) {
        const size_t rows = w->items[i].is_vector ? 1 : PHI_GROUP_ROWS;
        if (!goes_straight(&w->items[i]) && rows * file_row_bytes(&w->items[i]) > need)
            need = rows * file_row_bytes(&w->items[i]);
    }
    return (need + PHI_ARENA_ALIGN - 1) & ~(size_t)(PHI_ARENA_ALIGN - 1);
}

static phi_status deal_places(phi_weights *w, phi_error *err)
{
    size_t region_bytes;
    if (!phi_to_size(&region_bytes, w->packed_bytes))
        return phi_fail(err, PHI_ENOMEM, "weights: %llu bytes do not fit a %zu-bit address space; this needs memory64",
                        (unsigned long long)w->packed_bytes, sizeof(void *) * 8);
    PHI_TRY(phi_arena_init_fixed(&w->region, region_bytes, "weights", err));
    for (size_t i = 0; i < w->n_items; i++) {
        w->items[i].place = phi_arena_alloc(&w->region, matrix_bytes(w->items[i].matrix), 1);
        w->items[i].matrix->data = w->items[i].place;
        if (!w->items[i].place)
            return phi_fail(err, PHI_ENOMEM, "weights: the plan of %zu bytes was too small", region_bytes);
    }
    return PHI_OK;
}

static phi_status deal_slots(phi_weights *w, phi_error *err)
{
    const size_t bytes = PHI_WEIGHT_SLOTS * phi_arena_cost(w->slot_bytes, 1) +
                         phi_arena_cost(PHI_WEIGHT_SLOTS, sizeof(phi_weight_slot));
    PHI_TRY(phi_arena_init_fixed(&w->staging, bytes, "staging of weights", err));
    w->slots = phi_arena_zeroed(&w->staging, phi_weight_slot, PHI_WEIGHT_SLOTS);
    for (int i = 0; w->slots && i < PHI_WEIGHT_SLOTS; i++) {
        w->slots[i].staging = phi_arena_alloc(&w->staging, w->slot_bytes, 1);
        if (!w->slots[i].staging)
            return phi_fail(err, PHI_ENOMEM, "weights: staging of %zu bytes was planned too small", bytes);
    }
    return PHI_OK;
}

phi_status phi_weights_reserve(phi_weights *w, phi_pool *pool, size_t staging_bytes, phi_error *err)
{
    phi_sort(w->items, w->n_items, sizeof w->items[0], by_place_in_file);
    w->pool = pool;
    w->next_item = 0;
    w->next_row = 0;
    w->slot_bytes = slot_bytes_needed(w, staging_bytes ? staging_bytes : PHI_STAGING_BYTES);
    phi_status status = deal_slots(w, err);
    if (status == PHI_OK)
        status = deal_places(w, err);
    if (status != PHI_OK)
        phi_weights_deinit(w);
    return status;
}

/* Gives the slot the next piece of the file. */
static void ask_next(phi_weights *w, phi_weight_slot *slot)
{
    const phi_weight *item = &w->items[w->next_item];
    const size_t row_bytes = file_row_bytes(item);
    const size_t room = goes_straight(item) ? FLOAT_PIECE_BYTES : w->slot_bytes;
    size_t rows = room / row_bytes;
    if (rows >= PHI_GROUP_ROWS)
        rows -= rows % PHI_GROUP_ROWS;
    if (rows == 0)
        rows = 1;
    const size_t left = (size_t)(item->matrix->n_rows - w->next_row);
    if (rows > left)
        rows = left;
    slot->item = item;
    slot->first_row = w->next_row;
    slot->n_rows = (int32_t)rows;
    slot->bytes = (uint32_t)(rows * row_bytes);
    slot->state = SLOT_ASKED;
    w->n_open++;
    w->next_row += (int32_t)rows;
    if (w->next_row == item->matrix->n_rows) {
        w->next_item++;
        w->next_row = 0;
    }
}

static uint8_t *slot_destination(const phi_weight_slot *slot)
{
    if (goes_straight(slot->item))
        return slot->item->place + (size_t)slot->first_row * file_row_bytes(slot->item);
    return slot->staging;
}

static phi_status describe_failure(const phi_weight_slot *slot, phi_error *err)
{
    const phi_str name = slot->item->tensor->name;
    return phi_fail(err, slot->status, "tensor '%.*s', rows %d to %d: %s", phi_str_print_len(name), name.ptr,
                    (int)slot->first_row, (int)(slot->first_row + slot->n_rows - 1), slot->error.text);
}

/* Frees the slots whose jobs are done. */
static phi_status collect(phi_weights *w, phi_error *err)
{
    for (int i = 0; i < PHI_WEIGHT_SLOTS; i++) {
        phi_weight_slot *slot = &w->slots[i];
        if (slot->state != SLOT_PACKING || !atomic_load_explicit(&slot->is_packed, memory_order_acquire))
            continue;
        slot->state = SLOT_FREE;
        w->n_open--;
        if (slot->status != PHI_OK)
            return describe_failure(slot, err);
    }
    return PHI_OK;
}

static int by_offset(const void *a, const void *b)
{
    const phi_weight_range *x = a;
    const phi_weight_range *y = b;
    if (x->file_idx != y->file_idx)
        return x->file_idx < y->file_idx ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static size_t list_ranges(phi_weights *w)
{
    size_t n = 0;
    for (uint32_t i = 0; i < PHI_WEIGHT_SLOTS; i++) {
        const phi_weight_slot *slot = &w->slots[i];
        if (slot->state != SLOT_ASKED)
            continue;
        const uint64_t skip = (uint64_t)slot->first_row * file_row_bytes(slot->item);
        w->ranges[n++] = (phi_weight_range){.offset = slot->item->tensor->offset + skip,
                                            .dst = slot_destination(slot),
                                            .bytes = slot->bytes,
                                            .file_idx = slot->item->tensor->file_idx,
                                            .slot = i};
    }
    phi_sort(w->ranges, n, sizeof w->ranges[0], by_offset);
    return n;
}

phi_status phi_weights_wants(const phi_weight_range **out, size_t *n_out, phi_weights *w, phi_error *err)
{
    *out = w->ranges;
    *n_out = 0;
    if (!w->slots)
        return PHI_OK;
    for (;;) {
        PHI_TRY(collect(w, err));
        for (int i = 0; i < PHI_WEIGHT_SLOTS && w->next_item < w->n_items; i++)
            if (w->slots[i].state == SLOT_FREE)
                ask_next(w, &w->slots[i]);
        *n_out = list_ranges(w);
        if (*n_out > 0)
            return PHI_OK;
        if (w->n_open == 0)
            break;
        /* One job at a time: to wait for all of them would leave the packers idle while the next bytes arrive. */
        if (!phi_pool_help(w->pool))
            phi_pool_drain(w->pool);
    }
    phi_arena_deinit(&w->staging);
    w->slots = NULL;
    return PHI_OK;
}

static phi_status check_finite(const float *x, size_t n, phi_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return phi_fail(err, PHI_ECORRUPT, "element %zu is %s, expected a finite number", i,
                            isnan(x[i]) ? "NaN" : "infinite");
    return PHI_OK;
}

/* Exponent field all ones: 0x7c00 for binary16, 0x7f80 for bfloat16. */
static phi_status check_finite_16(const uint8_t *bytes, size_t n, uint16_t exponent, phi_error *err)
{
    for (size_t i = 0; i < n; i++)
        if ((phi_load_u16(bytes + 2 * i) & exponent) == exponent)
            return phi_fail(err, PHI_ECORRUPT, "element %zu is NaN or infinite, expected a finite number", i);
    return PHI_OK;
}

static phi_status finish_float(const phi_weight_slot *slot, phi_error *err)
{
    const uint8_t *bytes = slot_destination(slot);
    const size_t n = (size_t)slot->n_rows * (size_t)slot->item->matrix->n_cols;
    if (slot->item->tensor->dtype == PHI_DTYPE_F32)
        return check_finite((const float *)(const void *)bytes, n, err);
    return check_finite_16(bytes, n, slot->item->tensor->dtype == PHI_DTYPE_F16 ? 0x7c00 : 0x7f80, err);
}

static phi_status finish_vector(const phi_weight_slot *slot, phi_error *err)
{
    float *out = (float *)(void *)slot->item->place;
    const size_t n = (size_t)slot->item->matrix->n_cols;
    const phi_dtype dtype = slot->item->tensor->dtype;
    for (size_t i = 0; i < n; i++) {
        if (dtype == PHI_DTYPE_F32)
            out[i] = phi_load_f32(slot->staging + 4 * i);
        else if (dtype == PHI_DTYPE_F16)
            out[i] = phi_f16_to_f32(phi_load_u16(slot->staging + 2 * i));
        else
            out[i] = phi_bf16_to_f32(phi_load_u16(slot->staging + 2 * i));
    }
    return check_finite(out, n, err);
}

static phi_status pack_rows(const phi_weight_slot *slot, phi_error *err)
{
    const phi_matrix *m = slot->item->matrix;
    const size_t row_bytes = file_row_bytes(slot->item);
    const size_t group_bytes = phi_layout_group_bytes(m->layout, m->n_cols);
    for (int32_t row = 0; row < slot->n_rows; row += PHI_GROUP_ROWS) {
        const int32_t left = slot->n_rows - row;
        uint8_t *out = slot->item->place + (size_t)((slot->first_row + row) / PHI_GROUP_ROWS) * group_bytes;
        PHI_TRY(phi_pack_group(out, slot->item->tensor->dtype, slot->staging + (size_t)row * row_bytes,
                               left < PHI_GROUP_ROWS ? left : PHI_GROUP_ROWS, m->n_cols, err));
    }
    return PHI_OK;
}

static void finish_slot(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    phi_weight_slot *slot = &((phi_weights *)ctx)->slots[task_idx];
    (void)thread_idx;
    if (slot->item->is_vector)
        slot->status = finish_vector(slot, &slot->error);
    else if (goes_straight(slot->item))
        slot->status = finish_float(slot, &slot->error);
    else
        slot->status = pack_rows(slot, &slot->error);
    atomic_store_explicit(&slot->is_packed, true, memory_order_release);
}

phi_status phi_weights_provide(phi_weights *w, uint32_t slot_idx, uint32_t n_bytes, phi_error *err)
{
    if (!w->slots || slot_idx >= PHI_WEIGHT_SLOTS || w->slots[slot_idx].state != SLOT_ASKED)
        return phi_fail(err, PHI_EINVAL, "weights: slot %u was not asked for", (unsigned)slot_idx);
    phi_weight_slot *slot = &w->slots[slot_idx];
    if (n_bytes != slot->bytes) {
        const phi_str name = slot->item->tensor->name;
        return phi_fail(err, PHI_ECORRUPT, "tensor '%.*s': got %u bytes of a range of %u", phi_str_print_len(name),
                        name.ptr, (unsigned)n_bytes, (unsigned)slot->bytes);
    }
    slot->state = SLOT_PACKING;
    atomic_store_explicit(&slot->is_packed, false, memory_order_relaxed);
    phi_pool_post(w->pool, finish_slot, w, (int32_t)slot_idx);
    return collect(w, err);
}
