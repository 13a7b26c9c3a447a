/* From a directory to a model: descriptor, hyper-parameters, every tensor bound by meaning, none left over. */
#include <string.h>

#include "binder.h"
#include "elementary.h"
#include "limits.h"
#include "write_text.h"

static const phi_descriptor *const descriptors[] = {
#define PHI_MODEL(name, descriptor) &descriptor,
#include "models.def"
#undef PHI_MODEL
};

static phi_status choose_descriptor(const phi_descriptor **out, const phi_directory *dir, phi_error *err)
{
    phi_str name = {0};
    PHI_TRY(phi_meta_require(dir, PHI_STR("general.architecture"), err));
    PHI_TRY(phi_meta_read_str(&name, dir, PHI_STR("general.architecture"), err));
    char known[256] = "";
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (phi_str_equal(name, phi_str_of(descriptors[i]->architecture))) {
            *out = descriptors[i];
            return PHI_OK;
        }
        const size_t used = strlen(known);
        (void)phi_write_text(known + used, sizeof known - used, "%s%s", i ? ", " : "", descriptors[i]->architecture);
    }
    return phi_fail(err, PHI_EUNSUPPORTED, "architecture '%.*s'; this build runs %s", phi_str_print_len(name), name.ptr,
                    known);
}

static phi_status find_tensor(const phi_tensor_info **out, phi_binder *b, const char *pattern, int32_t layer)
{
    char name[96];
    (void)phi_write_text(name, sizeof name, "%s", pattern);
    const char *mark = strstr(pattern, "%d");
    if (mark)
        (void)phi_write_text(name, sizeof name, "%.*s%d%s", (int)(mark - pattern), pattern, (int)layer, mark + 2);
    *out = phi_directory_tensor(b->dir, phi_str_of(name));
    if (!*out)
        return phi_fail(b->err, PHI_ECORRUPT, "tensor '%s' is missing", name);
    b->n_bound++;
    return PHI_OK;
}

phi_status phi_bind_vector(phi_binder *b, phi_matrix *out, const char *pattern, int32_t layer, int32_t n)
{
    const phi_tensor_info *tensor;
    PHI_TRY(find_tensor(&tensor, b, pattern, layer));
    return phi_weights_add_vector(b->weights, out, tensor, n, b->err);
}

phi_status phi_bind_part(phi_binder *b, phi_linear *out, const char *pattern, int32_t layer, int32_t n_rows)
{
    const phi_tensor_info *tensor;
    PHI_TRY(find_tensor(&tensor, b, pattern, layer));
    PHI_TRY(phi_weights_add(b->weights, &out->parts[out->n_parts], tensor, n_rows, out->n_cols, b->err));
    out->n_parts++;
    out->n_rows += n_rows;
    return PHI_OK;
}

phi_status phi_bind_matrix(phi_binder *b, phi_matrix *out, const char *name, int32_t n_rows, int32_t n_cols)
{
    const phi_tensor_info *tensor;
    PHI_TRY(find_tensor(&tensor, b, name, 0));
    return phi_weights_add(b->weights, out, tensor, n_rows, n_cols, b->err);
}

/* A fused tensor (names[1] NULL) has all the rows; separate ones have rows[i] each. */
static phi_status bind_fused(phi_binder *b, phi_linear *out, const char *const *names, int32_t layer,
                             const int32_t *rows, int32_t n_rows)
{
    if (!names[1]) {
        int32_t all = 0;
        for (int32_t i = 0; i < n_rows; i++)
            all += rows[i];
        return phi_bind_part(b, out, names[0], layer, all);
    }
    for (int32_t i = 0; i < n_rows; i++)
        PHI_TRY(phi_bind_part(b, out, names[i], layer, rows[i]));
    return PHI_OK;
}

static phi_status bind_layer(phi_binder *b, int32_t l)
{
    const phi_hparams *h = &b->model->hparams;
    const phi_attention *a = &h->attention;
    const phi_descriptor *d = b->model->descriptor;
    phi_layer *layer = &b->model->layers[l];
    const int32_t q_rows = a->n_heads * a->head_dim;
    const int32_t kv_rows = a->n_kv_heads * a->head_dim;
    layer->qkv.n_cols = layer->gate_up.n_cols = h->d_model;
    layer->attn_out.n_cols = q_rows;
    layer->down.n_cols = h->d_inner;
    PHI_TRY(phi_bind_vector(b, &layer->attn_norm, "blk.%d.attn_norm.weight", l, h->d_model));
    PHI_TRY(bind_fused(b, &layer->qkv, d->qkv, l, (const int32_t[]){q_rows, kv_rows, kv_rows}, 3));
    PHI_TRY(phi_bind_part(b, &layer->attn_out, "blk.%d.attn_output.weight", l, h->d_model));
    PHI_TRY(phi_bind_vector(b, &layer->ffn_norm, "blk.%d.ffn_norm.weight", l, h->d_model));
    PHI_TRY(bind_fused(b, &layer->gate_up, d->gate_up, l, (const int32_t[]){h->d_inner, h->d_inner}, 2));
    return phi_bind_part(b, &layer->down, "blk.%d.ffn_down.weight", l, h->d_model);
}

/* rope_factors_{long,short} of Phi-3, rope_freqs of Llama 3: divisors of the frequencies. */
static phi_status bind_factors(phi_binder *b)
{
    phi_model *m = b->model;
    const int32_t n = m->hparams.attention.n_rot / 2;
    if (phi_directory_tensor(b->dir, PHI_STR("rope_freqs.weight")))
        PHI_TRY(phi_bind_vector(b, &m->factors_short, "rope_freqs.weight", 0, n));
    if (!phi_directory_tensor(b->dir, PHI_STR("rope_factors_long.weight")) &&
        !phi_directory_tensor(b->dir, PHI_STR("rope_factors_short.weight")))
        return PHI_OK;
    if (m->factors_short.n_cols)
        return phi_fail(b->err, PHI_ECORRUPT, "the file has both rope_freqs and rope_factors tensors");
    PHI_TRY(phi_bind_vector(b, &m->factors_short, "rope_factors_short.weight", 0, n));
    return phi_bind_vector(b, &m->factors_long, "rope_factors_long.weight", 0, n);
}

static bool is_listed(const phi_weights *w, const phi_tensor_info *tensor)
{
    for (size_t i = 0; i < w->n_items; i++)
        if (w->items[i].tensor == tensor)
            return true;
    return false;
}

static phi_status refuse_leftovers(const phi_binder *b)
{
    if (b->n_bound == b->dir->n_tensors)
        return PHI_OK;
    for (size_t i = 0; i < b->dir->n_tensors; i++) {
        const phi_str name = b->dir->tensors[i].name;
        if (!is_listed(b->weights, &b->dir->tensors[i]))
            return phi_fail(b->err, PHI_EUNSUPPORTED,
                            "tensor '%.*s' is not part of architecture '%s' as this build knows it",
                            phi_str_print_len(name), name.ptr, b->model->descriptor->architecture);
    }
    return PHI_OK;
}

static phi_status bind_all(phi_binder *b)
{
    phi_model *m = b->model;
    const phi_hparams *h = &m->hparams;
    PHI_TRY(phi_bind_matrix(b, &m->token_embedding, "token_embd.weight", h->n_vocabulary, h->d_model));
    PHI_TRY(phi_bind_vector(b, &m->output_norm, "output_norm.weight", 0, h->d_model));
    m->output.n_cols = h->d_model;
    if (!h->is_tied)
        PHI_TRY(phi_bind_part(b, &m->output, "output.weight", 0, h->n_vocabulary));
    for (int32_t l = 0; l < h->n_layers; l++)
        PHI_TRY(bind_layer(b, l));
    PHI_TRY(bind_factors(b));
    PHI_TRY(phi_bind_vision(b));
    return refuse_leftovers(b);
}

phi_status phi_model_bind(phi_model **out, phi_weights *weights, phi_arena *arena, const phi_directory *dir,
                          phi_error *err)
{
    const phi_descriptor *descriptor = NULL;
    PHI_TRY(choose_descriptor(&descriptor, dir, err));
    phi_model *m = phi_arena_zeroed(arena, phi_model, 1);
    if (!m)
        return phi_fail(err, PHI_ENOMEM, "model: no memory for its description");
    m->descriptor = descriptor;
    PHI_TRY(descriptor->read_hparams(m, dir, err));
    const size_t n_freqs = (size_t)m->hparams.attention.n_rot / 2;
    m->layers = phi_arena_zeroed(arena, phi_layer, (size_t)m->hparams.n_layers);
    m->inv_freq_short = phi_arena_array(arena, float, n_freqs);
    m->inv_freq_long = phi_arena_array(arena, float, n_freqs);
    if (!m->layers || !m->inv_freq_short || !m->inv_freq_long)
        return phi_fail(err, PHI_ENOMEM, "model: no memory for %d layers", (int)m->hparams.n_layers);
    PHI_TRY(phi_weights_init(weights, arena, dir->n_tensors, err));
    phi_binder b = {m, weights, arena, dir, 0, err};
    PHI_TRY(bind_all(&b));
    *out = m;
    return PHI_OK;
}

/* inv_freq[i] = 1 / (factor[i] * theta^(2i/d)), in f32 steps as Hugging Face takes them. */
static phi_status fill_frequencies(float *out, const phi_model *m, const phi_matrix *factors, phi_error *err)
{
    const int32_t n_rot = m->hparams.attention.n_rot;
    const float *factor = phi_vector_data(factors);
    for (int32_t i = 0; i < n_rot / 2; i++) {
        const float exponent = (float)(2 * i) / (float)n_rot;
        const float power = (float)phi_pow((double)m->hparams.rope_theta, (double)exponent);
        const float divisor = factor ? factor[i] : 1.0f;
        if (!(divisor > 0.0f))
            return phi_fail(err, PHI_ECORRUPT, "rope factor %d is %g, expected a positive number", (int)i,
                            (double)divisor);
        out[i] = m->hparams.rope_scale / (divisor * power);
    }
    return PHI_OK;
}

phi_status phi_model_finish(phi_model *m, phi_error *err)
{
    if (m->hparams.is_tied)
        m->output = (phi_linear){.parts = {m->token_embedding},
                                 .n_parts = 1,
                                 .n_rows = m->token_embedding.n_rows,
                                 .n_cols = m->token_embedding.n_cols};
    PHI_TRY(fill_frequencies(m->inv_freq_short, m, &m->factors_short, err));
    return fill_frequencies(m->inv_freq_long, m, m->factors_long.data ? &m->factors_long : &m->factors_short, err);
}
