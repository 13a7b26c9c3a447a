/* Which tensors the output has, of which type, out of which bytes. In the order of the source files, so that one pass
 * through them serves a reader that goes front to back. */
#include <inttypes.h>
#include <string.h>

#include "checked.h"
#include "import_impl.h"
#include "limits.h"
#include "order.h"

/* So that the sums of all tensors' bytes fit. */
static const uint64_t ELEMENTS_MAX = (uint64_t)1 << 40;

static int32_t option_of(const phi_import_options *o, phi_role role)
{
    switch (role) {
    case PHI_ROLE_EMBEDDING:
        return o->embedding != PHI_IMPORT_AUTO ? o->embedding : PHI_IMPORT_Q8_0;
    case PHI_ROLE_OUTPUT:
        return o->output != PHI_IMPORT_AUTO ? o->output : PHI_IMPORT_Q8_0;
    case PHI_ROLE_VISION:
        return o->vision != PHI_IMPORT_AUTO ? o->vision : PHI_IMPORT_Q8_0;
    default:
        return o->linears != PHI_IMPORT_AUTO ? o->linears : PHI_IMPORT_Q4_0;
    }
}

/* What a matrix of `from` becomes; the types that it may be made of are floats and Q8_0. */
static phi_dtype target_of(int32_t wanted, phi_dtype from, uint64_t n_cols)
{
    const bool is_float = from == PHI_DTYPE_F32 || from == PHI_DTYPE_F16 || from == PHI_DTYPE_BF16;
    const bool fits_blocks = n_cols % 32 == 0;
    if (wanted == PHI_IMPORT_F16 && is_float)
        return PHI_DTYPE_F16;
    if (wanted == PHI_IMPORT_Q8_0 && is_float && fits_blocks)
        return PHI_DTYPE_Q8_0;
    if (wanted == PHI_IMPORT_Q4_0 && (is_float || from == PHI_DTYPE_Q8_0) && fits_blocks)
        return PHI_DTYPE_Q4_0;
    return from;
}

static phi_dtype choose_type(const phi_import *i, phi_role role, phi_dtype from, uint64_t n_cols)
{
    /* Vectors, and what the vision encoder adds up as it is, are floats that every reader knows. */
    const bool is_table = role == PHI_ROLE_VISION_TABLE;
    if (role == PHI_ROLE_VECTOR || (is_table && from == PHI_DTYPE_BF16))
        return from == PHI_DTYPE_F16 || from == PHI_DTYPE_BF16 ? PHI_DTYPE_F32 : from;
    return is_table ? from : target_of(option_of(&i->options, role), from, n_cols);
}

static uint64_t bytes_of(phi_dtype dtype, uint64_t n)
{
    return n / phi_dtype_get(dtype)->block_elements * phi_dtype_get(dtype)->block_bytes;
}

static phi_status fail_shape(phi_import *i, const phi_source *s, const char *expected)
{
    const phi_tensor_info *t = &s->info;
    return phi_fail(
        &i->error, PHI_ECORRUPT,
        "tensor '%.*s' has %u dimensions, %" PRIu64 " x %" PRIu64 " x %" PRIu64 " x %" PRIu64 ", expected %s",
        phi_str_print_len(t->name), t->name.ptr, t->n_dims, t->dims[3], t->dims[2], t->dims[1], t->dims[0], expected);
}

/* Shapes as GGUF has them: vectors flat, the patches' matrix with one row a channel. */
static phi_status shape_product(phi_product *p, phi_import *i, const phi_source *s, phi_role role)
{
    const phi_tensor_info *t = &s->info;
    uint64_t n = 1;
    if (t->n_dims > PHI_TENSOR_DIMS)
        return fail_shape(i, s, "at most 4");
    for (uint32_t k = 0; k < PHI_TENSOR_DIMS; k++)
        if (t->dims[k] == 0 || !phi_mul_u64(&n, n, t->dims[k]))
            return fail_shape(i, s, "at least one element, and fewer than 2^64");
    if (n > ELEMENTS_MAX)
        return fail_shape(i, s, "at most 2^40 elements");
    memcpy(p->dims, t->dims, sizeof p->dims);
    p->n_dims = t->n_dims > 0 ? t->n_dims : 1;
    if (!i->is_gguf) {
        const bool is_vector = role == PHI_ROLE_VECTOR;
        const bool is_patches = role == PHI_ROLE_VISION_TABLE && t->n_dims == 4;
        if (is_vector ? n != t->dims[0] : !is_patches && t->n_dims != 2)
            return fail_shape(i, s, is_vector ? "a vector" : "a matrix");
        if (is_patches)
            p->dims[0] *= p->dims[1] * p->dims[2];
        p->dims[1] = is_vector ? 1 : n / p->dims[0];
        p->dims[2] = p->dims[3] = 1;
        p->n_dims = is_vector ? 1 : 2;
    }
    p->n_cols = p->dims[0];
    p->n_rows = n / p->n_cols;
    if (p->n_cols > PHI_LIMIT_ARRAY_ITEMS || p->n_rows > INT32_MAX)
        return fail_shape(i, s, "at most 16777216 columns and 2147483647 rows");
    return PHI_OK;
}

/* llama.cpp keeps the halves of a rotary pair of the architecture llama side by side. */
static phi_status set_rotary(phi_product *p, phi_import *i, const phi_source *s)
{
    const uint32_t head = (uint32_t)phi_hf_head_dim(&i->config);
    if (strcmp(phi_hf_architecture(&i->config), "llama") != 0)
        return PHI_OK;
    if (phi_hf_rotary_dim(&i->config) != (int32_t)head || p->n_rows % head != 0)
        return fail_shape(i, s, "whole heads, all of whose dimensions are rotated");
    p->head_rows = head;
    return PHI_OK;
}

static phi_status add_product(phi_import *i, const phi_source *s, phi_str name, phi_role role)
{
    phi_product *p = &i->products[i->n_products];
    *p = (phi_product){
        .name = name, .from = s->info.dtype, .file_idx = s->info.file_idx, .source_offset = s->info.offset};
    if (s->info.dtype == PHI_N_DTYPES)
        return phi_fail(&i->error, PHI_EUNSUPPORTED, "tensor '%.*s' is of type %.*s; this build reads F32, F16, BF16",
                        phi_str_print_len(s->info.name), s->info.name.ptr, phi_str_print_len(s->type), s->type.ptr);
    PHI_TRY(shape_product(p, i, s, role));
    p->dtype = choose_type(i, role, p->from, p->n_cols);
    p->row_bytes = bytes_of(p->dtype, p->n_cols);
    p->source_row_bytes = bytes_of(p->from, p->n_cols);
    if (role == PHI_ROLE_ROTARY)
        PHI_TRY(set_rotary(p, i, s));
    i->n_products++;
    return PHI_OK;
}

static phi_status add_constant(phi_import *i, const char *name, const float *values)
{
    if (!values)
        return PHI_OK;
    const uint64_t n = (uint64_t)i->factors.n;
    i->products[i->n_products++] = (phi_product){.name = phi_str_of(name),
                                                 .dtype = PHI_DTYPE_F32,
                                                 .from = PHI_DTYPE_F32,
                                                 .n_dims = 1,
                                                 .dims = {n, 1, 1, 1},
                                                 .n_cols = n,
                                                 .n_rows = 1,
                                                 .row_bytes = 4 * n,
                                                 .source_row_bytes = 4 * n,
                                                 .constant = values};
    return PHI_OK;
}

int32_t phi_import_vision_layers(const phi_import *i)
{
    int32_t n = 0;
    for (size_t k = 0; k < i->sources.n; k++) {
        char name[PHI_NAME_BYTES];
        phi_role role;
        int32_t layer;
        if (phi_hf_name(name, &role, &layer, i->sources.items[k].info.name, NULL) == PHI_OK &&
            strncmp(name, "v.blk.", 6) == 0 && layer >= n)
            n = layer + 1;
    }
    /* Hidden state 0 is the embedding; the layers behind the one that is taken are not run. */
    const int64_t idx = i->config.vision.layer_idx;
    const int64_t taken = idx < 0 ? n + 1 + idx : idx;
    return n > 0 && taken >= 1 && taken <= n ? (int32_t)taken : 0;
}

static phi_status add_hf_tensor(phi_import *i, const phi_source *s, int32_t n_vision_layers)
{
    char name[PHI_NAME_BYTES];
    phi_role role;
    int32_t layer;
    PHI_TRY(phi_hf_name(name, &role, &layer, s->info.name, &i->error));
    const bool is_behind = strncmp(name, "v.blk.", 6) == 0 && layer >= n_vision_layers;
    const bool is_double = role == PHI_ROLE_OUTPUT && i->config.is_tied;
    if (role == PHI_ROLE_IGNORED || is_behind || is_double)
        return PHI_OK;
    const size_t n = strlen(name);
    char *copy = phi_arena_array(&i->arena, char, n + 1);
    if (!copy)
        return phi_fail(&i->error, PHI_ENOMEM, "no memory for the name of a tensor");
    memcpy(copy, name, n + 1);
    return add_product(i, s, (phi_str){copy, n}, role);
}

static phi_status check_promises(phi_import *i)
{
    for (size_t k = 0; k < i->promised.n; k++) {
        const phi_tensor_info *promised = &i->promised.items[k].info;
        const phi_source *found = phi_sources_find(&i->sources, promised->name);
        const phi_str file = i->file_names[promised->file_idx];
        if (!found || found->info.file_idx != promised->file_idx)
            return phi_fail(&i->error, PHI_ECORRUPT,
                            "tensor '%.*s' is not in %.*s, where model.safetensors.index.json says it is",
                            phi_str_print_len(promised->name), promised->name.ptr, (int)file.len, file.ptr);
    }
    return PHI_OK;
}

static int compare_places(const void *rows, uint32_t a, uint32_t b)
{
    const phi_source *items = rows;
    const phi_tensor_info *x = &items[a].info;
    const phi_tensor_info *y = &items[b].info;
    if (x->file_idx != y->file_idx)
        return x->file_idx < y->file_idx ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

phi_status phi_import_make_products(phi_import *i)
{
    const size_t n = i->sources.n;
    uint32_t *order = phi_arena_array(&i->arena, uint32_t, n);
    i->products = phi_arena_array(&i->arena, phi_product, n + 3);
    i->n_products = 0;
    if (!order || !i->products)
        return phi_fail(&i->error, PHI_ENOMEM, "no memory for %zu tensors", n);
    PHI_TRY(check_promises(i));
    PHI_TRY(add_constant(i, "rope_freqs.weight", i->factors.plain));
    PHI_TRY(add_constant(i, "rope_factors_long.weight", i->factors.long_text));
    PHI_TRY(add_constant(i, "rope_factors_short.weight", i->factors.short_text));
    phi_order_rows(order, n, i->sources.items, compare_places);
    const int32_t n_vision_layers = i->is_gguf ? 0 : phi_import_vision_layers(i);
    for (size_t k = 0; k < n; k++) {
        const phi_source *s = &i->sources.items[order[k]];
        if (i->is_gguf)
            PHI_TRY(add_product(i, s, s->info.name, phi_gguf_role(s->info.name, s->info.n_dims)));
        else
            PHI_TRY(add_hf_tensor(i, s, n_vision_layers));
    }
    if (!i->is_gguf && !i->config.is_tied && !phi_sources_find(&i->sources, PHI_STR("lm_head.weight")))
        return phi_fail(&i->error, PHI_ECORRUPT,
                        "tensor 'lm_head.weight' is missing, and config.json does not say tie_word_embeddings");
    return PHI_OK;
}
