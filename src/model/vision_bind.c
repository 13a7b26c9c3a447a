/* The vision part of a file: keys clip.vision.*, tensors v.* (llama.cpp's names where it has them) and mm.*. */
#include <math.h>
#include <string.h>

#include "binder.h"
#include "limits.h"
#include "vision.h"
#include "write_text.h"

static phi_status check_projector(const phi_directory *dir, phi_error *err)
{
    phi_str type = {0};
    PHI_TRY(phi_meta_require(dir, PHI_STR("clip.projector_type"), err));
    PHI_TRY(phi_meta_read_str(&type, dir, PHI_STR("clip.projector_type"), err));
    if (phi_str_equal(type, PHI_STR("phi3v")))
        return PHI_OK;
    return phi_fail(err, PHI_EUNSUPPORTED, "vision projector '%.*s'; this build runs phi3v", phi_str_print_len(type),
                    type.ptr);
}

static phi_status settle_attention(phi_vision *v, phi_error *err)
{
    phi_self_attention *a = &v->attention;
    a->n_tokens = v->n_side * v->n_side + 1;
    a->head_dim = v->d_model / a->n_heads;
    a->scale = (float)(1.0 / sqrt((double)a->head_dim));
    const int64_t widest = v->d_model * 4 > v->d_inner ? v->d_model * 4 : v->d_inner;
    if (widest * a->n_tokens > INT32_MAX)
        return phi_fail(err, PHI_EUNSUPPORTED, "vision: %d patches of a width of %lld are more than this build encodes",
                        (int)a->n_tokens, (long long)widest);
    if (v->d_model % a->n_heads == 0 && a->head_dim % 4 == 0 && a->head_dim <= PHI_LIMIT_HEAD_DIM)
        return PHI_OK;
    return phi_fail(err, PHI_EUNSUPPORTED,
                    "vision: %d heads of a width of %d; expected heads of a multiple of 4, up to %d", (int)a->n_heads,
                    (int)v->d_model, PHI_LIMIT_HEAD_DIM);
}

static phi_status read_counts(phi_vision *v, const phi_directory *dir, phi_error *err)
{
    const struct {
        phi_str key;
        int32_t *out;
        int32_t high;
    } counts[] = {
        {PHI_STR("clip.vision.image_size"), &v->tile_size, PHI_LIMIT_TILE},
        {PHI_STR("clip.vision.patch_size"), &v->patch_size, PHI_LIMIT_TILE},
        {PHI_STR("clip.vision.embedding_length"), &v->d_model, PHI_LIMIT_WIDTH},
        {PHI_STR("clip.vision.feed_forward_length"), &v->d_inner, PHI_LIMIT_WIDTH},
        {PHI_STR("clip.vision.block_count"), &v->n_layers, PHI_LIMIT_LAYERS},
        {PHI_STR("clip.vision.attention.head_count"), &v->attention.n_heads, PHI_LIMIT_HEADS},
        {PHI_STR("clip.vision.num_crops"), &v->n_crops, PHI_LIMIT_CROPS},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        PHI_TRY(phi_model_read_key(counts[i].out, dir, counts[i].key, 1, counts[i].high, err));
    v->n_side = v->tile_size / v->patch_size;
    if (v->tile_size % v->patch_size != 0 || v->n_side % 2 != 0 || v->n_side > PHI_LIMIT_TILE_PATCHES)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "vision: tiles of %d pixels with patches of %d; expected an even number of patches up to %d",
                        (int)v->tile_size, (int)v->patch_size, PHI_LIMIT_TILE_PATCHES);
    return settle_attention(v, err);
}

static phi_status read_channels(float out[3], phi_binder *b, phi_str key)
{
    float *values;
    size_t n;
    PHI_TRY(phi_meta_read_f32_array(&values, &n, b->dir, key, b->arena, b->err));
    if (n != 3)
        return phi_fail(b->err, PHI_ECORRUPT, "metadata '%.*s' has %zu numbers, expected one of each of 3 channels",
                        phi_str_print_len(key), key.ptr, n);
    memcpy(out, values, 3 * sizeof *out);
    return PHI_OK;
}

static phi_status read_hparams(phi_vision *v, phi_binder *b)
{
    const phi_str eps_key = PHI_STR("clip.vision.attention.layer_norm_epsilon");
    PHI_TRY(check_projector(b->dir, b->err));
    PHI_TRY(read_counts(v, b->dir, b->err));
    PHI_TRY(phi_meta_require(b->dir, eps_key, b->err));
    PHI_TRY(phi_model_read_positive(&v->first_norm.eps, b->dir, eps_key, b->err));
    PHI_TRY(read_channels(v->pixel_norm.mean, b, PHI_STR("clip.vision.image_mean")));
    PHI_TRY(read_channels(v->pixel_norm.std, b, PHI_STR("clip.vision.image_std")));
    for (int c = 0; c < 3; c++)
        if (!(v->pixel_norm.std[c] > 0.0f))
            return phi_fail(b->err, PHI_ECORRUPT, "metadata 'clip.vision.image_std' is %g, expected a positive number",
                            (double)v->pixel_norm.std[c]);
    return PHI_OK;
}

/* A pattern's tensors end in .weight and .bias. */
typedef struct affine_names {
    char weight[48];
    char bias[48];
} affine_names;

static affine_names names_of(const char *stem)
{
    affine_names names;
    (void)phi_write_text(names.weight, sizeof names.weight, "%s.weight", stem);
    (void)phi_write_text(names.bias, sizeof names.bias, "%s.bias", stem);
    return names;
}

static phi_status bind_norm(phi_binder *b, phi_norm *out, const char *stem, int32_t layer, int32_t n)
{
    const affine_names names = names_of(stem);
    PHI_TRY(phi_bind_vector(b, &out->weight, names.weight, layer, n));
    return phi_bind_vector(b, &out->bias, names.bias, layer, n);
}

static phi_status bind_affine(phi_binder *b, phi_linear *out, const char *stem, int32_t layer, int32_t n_rows)
{
    const affine_names names = names_of(stem);
    PHI_TRY(phi_bind_vector(b, &out->bias[out->n_parts], names.bias, layer, n_rows));
    return phi_bind_part(b, out, names.weight, layer, n_rows);
}

static phi_status bind_layer(phi_binder *b, const phi_vision *v, int32_t l)
{
    phi_vision_layer *layer = &v->layers[l];
    const int32_t h = v->d_model;
    layer->qkv.n_cols = layer->attn_out.n_cols = layer->up.n_cols = h;
    layer->down.n_cols = v->d_inner;
    layer->up.activation = PHI_ACTIVATION_QUICK_GELU;
    layer->attn_norm.eps = layer->ffn_norm.eps = v->first_norm.eps;
    PHI_TRY(bind_norm(b, &layer->attn_norm, "v.blk.%d.ln1", l, h));
    PHI_TRY(bind_affine(b, &layer->qkv, "v.blk.%d.attn_q", l, h));
    PHI_TRY(bind_affine(b, &layer->qkv, "v.blk.%d.attn_k", l, h));
    PHI_TRY(bind_affine(b, &layer->qkv, "v.blk.%d.attn_v", l, h));
    PHI_TRY(bind_affine(b, &layer->attn_out, "v.blk.%d.attn_out", l, h));
    PHI_TRY(bind_norm(b, &layer->ffn_norm, "v.blk.%d.ln2", l, h));
    PHI_TRY(bind_affine(b, &layer->up, "v.blk.%d.ffn_up", l, v->d_inner));
    return bind_affine(b, &layer->down, "v.blk.%d.ffn_down", l, h);
}

static phi_status bind_ends(phi_binder *b, phi_vision *v)
{
    const int32_t h = v->d_model;
    const int32_t d_out = b->model->hparams.d_model;
    v->patch.n_cols = 3 * v->patch_size * v->patch_size;
    v->projector[0].n_cols = 4 * h;
    v->projector[0].activation = PHI_ACTIVATION_GELU;
    v->projector[1].n_cols = d_out;
    PHI_TRY(phi_bind_vector(b, &v->class_embedding, "v.class_embd", 0, h));
    PHI_TRY(phi_bind_part(b, &v->patch, "v.patch_embd.weight", 0, h));
    PHI_TRY(phi_bind_matrix(b, &v->positions, "v.position_embd.weight", v->attention.n_tokens, h));
    PHI_TRY(bind_norm(b, &v->first_norm, "v.pre_ln", 0, h));
    PHI_TRY(bind_affine(b, &v->projector[0], "mm.0", 0, d_out));
    PHI_TRY(bind_affine(b, &v->projector[1], "mm.2", 0, d_out));
    PHI_TRY(phi_bind_vector(b, &v->row_separator, "mm.sub_gn", 0, 4 * h));
    return phi_bind_vector(b, &v->view_separator, "mm.glb_gn", 0, 4 * h);
}

phi_status phi_bind_vision(phi_binder *b)
{
    bool has_vision = false;
    PHI_TRY(phi_meta_read_bool(&has_vision, b->dir, PHI_STR("clip.has_vision_encoder"), b->err));
    if (!has_vision)
        return PHI_OK;
    phi_vision *v = phi_arena_zeroed(b->arena, phi_vision, 1);
    if (!v)
        return phi_fail(b->err, PHI_ENOMEM, "vision: no memory for its description");
    PHI_TRY(read_hparams(v, b));
    v->layers = phi_arena_zeroed(b->arena, phi_vision_layer, (size_t)v->n_layers);
    if (!v->layers)
        return phi_fail(b->err, PHI_ENOMEM, "vision: no memory for %d layers", (int)v->n_layers);
    PHI_TRY(bind_ends(b, v));
    for (int32_t l = 0; l < v->n_layers; l++)
        PHI_TRY(bind_layer(b, v, l));
    b->model->vision = v;
    return PHI_OK;
}
