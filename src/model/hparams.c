/* Metadata that all decoder architectures name alike, read and checked. */
#include <math.h>

#include "limits.h"
#include "model.h"
#include "write_text.h"

phi_str phi_model_key(phi_meta_key *key, const phi_model *model, const char *suffix)
{
    const int n = phi_write_text(key->text, sizeof key->text, "%s.%s", model->descriptor->architecture, suffix);
    return (phi_str){key->text, (size_t)n};
}

static phi_status check_range(phi_str key, int64_t got, int32_t low, int32_t high, phi_error *err)
{
    if (got >= low && got <= high)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "metadata '%.*s' is %lld, expected %d to %d", phi_str_print_len(key), key.ptr,
                    (long long)got, (int)low, (int)high);
}

phi_status phi_model_read_key(int32_t *out, const phi_directory *dir, phi_str key, int32_t low, int32_t high,
                              phi_error *err)
{
    uint32_t value = 0;
    PHI_TRY(phi_meta_require(dir, key, err));
    PHI_TRY(phi_meta_read_u32(&value, dir, key, err));
    PHI_TRY(check_range(key, (int64_t)value, low, high, err));
    *out = (int32_t)value;
    return PHI_OK;
}

phi_status phi_model_read_count(int32_t *out, const phi_model *model, const phi_directory *dir, const char *suffix,
                                int32_t low, int32_t high, phi_error *err)
{
    phi_meta_key room;
    return phi_model_read_key(out, dir, phi_model_key(&room, model, suffix), low, high, err);
}

static phi_status read_optional(int32_t *out, const phi_model *model, const phi_directory *dir, const char *suffix,
                                int32_t low, int32_t high, phi_error *err)
{
    phi_meta_key room;
    if (!phi_directory_meta(dir, phi_model_key(&room, model, suffix)))
        return PHI_OK;
    return phi_model_read_count(out, model, dir, suffix, low, high, err);
}

phi_status phi_model_read_positive(float *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    PHI_TRY(phi_meta_read_f32(out, dir, key, err));
    if (*out > 0.0f)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "metadata '%.*s' is %g, expected a positive number", phi_str_print_len(key),
                    key.ptr, (double)*out);
}

static phi_status read_attention(phi_model *model, const phi_directory *dir, phi_error *err)
{
    phi_hparams *h = &model->hparams;
    phi_attention *a = &h->attention;
    PHI_TRY(phi_model_read_count(&a->n_heads, model, dir, "attention.head_count", 1, PHI_LIMIT_HEADS, err));
    a->n_kv_heads = a->n_heads;
    PHI_TRY(read_optional(&a->n_kv_heads, model, dir, "attention.head_count_kv", 1, a->n_heads, err));
    if (a->n_heads % a->n_kv_heads != 0)
        return phi_fail(err, PHI_ECORRUPT, "%d heads cannot share %d kv heads evenly", (int)a->n_heads,
                        (int)a->n_kv_heads);
    a->head_dim = h->d_model / a->n_heads;
    PHI_TRY(read_optional(&a->head_dim, model, dir, "attention.key_length", 4, PHI_LIMIT_HEAD_DIM, err));
    if (a->head_dim % 4 != 0 || a->head_dim < 4 || a->head_dim > PHI_LIMIT_HEAD_DIM)
        return phi_fail(err, PHI_EUNSUPPORTED, "head dimension %d, expected a multiple of 4 up to %d", (int)a->head_dim,
                        PHI_LIMIT_HEAD_DIM);
    int32_t value_dim = a->head_dim;
    PHI_TRY(read_optional(&value_dim, model, dir, "attention.value_length", 4, PHI_LIMIT_HEAD_DIM, err));
    if (value_dim != a->head_dim)
        return phi_fail(err, PHI_EUNSUPPORTED, "values of %d dimensions with keys of %d", (int)value_dim,
                        (int)a->head_dim);
    a->n_rot = a->head_dim;
    PHI_TRY(read_optional(&a->n_rot, model, dir, "rope.dimension_count", 2, a->head_dim, err));
    if (a->n_rot % 2 != 0)
        return phi_fail(err, PHI_ECORRUPT, "%d rotary dimensions, expected an even number", (int)a->n_rot);
    a->scale = (float)(1.0 / sqrt((double)a->head_dim));
    return PHI_OK;
}

phi_status phi_model_read_common(phi_model *model, const phi_directory *dir, phi_error *err)
{
    phi_hparams *h = &model->hparams;
    phi_meta_key room;
    PHI_TRY(phi_model_read_count(&h->d_model, model, dir, "embedding_length", 4, PHI_LIMIT_WIDTH, err));
    PHI_TRY(phi_model_read_count(&h->d_inner, model, dir, "feed_forward_length", 1, PHI_LIMIT_WIDTH, err));
    PHI_TRY(phi_model_read_count(&h->n_layers, model, dir, "block_count", 1, PHI_LIMIT_LAYERS, err));
    PHI_TRY(phi_model_read_count(&h->n_context_max, model, dir, "context_length", 1, PHI_LIMIT_CONTEXT, err));
    h->n_context_original = h->n_context_max;
    PHI_TRY(read_optional(&h->n_context_original, model, dir, "rope.scaling.original_context_length", 1,
                          PHI_LIMIT_CONTEXT, err));
    const phi_str eps_key = phi_model_key(&room, model, "attention.layer_norm_rms_epsilon");
    PHI_TRY(phi_meta_require(dir, eps_key, err));
    PHI_TRY(phi_model_read_positive(&h->norm_eps, dir, eps_key, err));
    h->rope_theta = 10000.0f;
    PHI_TRY(phi_model_read_positive(&h->rope_theta, dir, phi_model_key(&room, model, "rope.freq_base"), err));
    h->rope_scale = 1.0f;
    h->rope_factor = 1.0f;
    PHI_TRY(read_attention(model, dir, err));
    PHI_TRY(read_optional(&h->attention.window, model, dir, "attention.sliding_window", 0, INT32_MAX, err));
    const phi_tensor_info *embedding = phi_directory_tensor(dir, PHI_STR("token_embd.weight"));
    if (!embedding)
        return phi_fail(err, PHI_ECORRUPT, "tensor 'token_embd.weight' is missing");
    if (embedding->dims[1] < 1 || embedding->dims[1] > PHI_LIMIT_VOCABULARY)
        return phi_fail(err, PHI_ECORRUPT, "tensor 'token_embd.weight' has %llu rows, expected 1 to %d",
                        (unsigned long long)embedding->dims[1], PHI_LIMIT_VOCABULARY);
    h->n_vocabulary = (int32_t)embedding->dims[1];
    h->is_tied = !phi_directory_tensor(dir, PHI_STR("output.weight"));
    return PHI_OK;
}
