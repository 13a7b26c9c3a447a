/* A model's description for people and bindings (phi_engine_info_json in phi.h). */
#include "engine_internal.h"
#include "limits.h"
#include "vision.h"

static void put_special(phi_json *j, const phi_engine *e, const char *key, int32_t id)
{
    phi_json_open(j, key, '{');
    phi_json_int(j, "id", id);
    phi_json_str(j, "text", phi_tokenizer_text(e->tokenizer, id));
    phi_json_close(j, '}');
}

static void put_types(phi_json *j, const phi_engine *e)
{
    phi_json_open(j, "tensor_types", '{');
    for (int t = 0; t < PHI_N_DTYPES; t++) {
        int64_t n = 0;
        for (size_t i = 0; i < e->directory.n_tensors; i++)
            n += e->directory.tensors[i].dtype == (phi_dtype)t;
        if (n > 0)
            phi_json_int(j, phi_dtype_get((phi_dtype)t)->name, n);
    }
    phi_json_close(j, '}');
}

static int64_t count_parameters(const phi_engine *e)
{
    uint64_t total = 0;
    for (size_t i = 0; i < e->directory.n_tensors; i++) {
        const phi_tensor_info *t = &e->directory.tensors[i];
        total += t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    }
    return (int64_t)total;
}

static void put_dimensions(phi_json *j, const phi_engine *e)
{
    const phi_hparams *h = &e->model->hparams;
    const phi_attention *a = &h->attention;
    phi_json_int(j, "n_layers", h->n_layers);
    phi_json_int(j, "d_model", h->d_model);
    phi_json_int(j, "d_inner", h->d_inner);
    phi_json_int(j, "n_heads", a->n_heads);
    phi_json_int(j, "n_kv_heads", a->n_kv_heads);
    phi_json_int(j, "head_dim", a->head_dim);
    phi_json_int(j, "n_rotary_dims", a->n_rot);
    phi_json_int(j, "n_vocabulary", h->n_vocabulary);
    phi_json_int(j, "context_length", h->n_context_max);
    phi_json_int(j, "original_context_length", h->n_context_original);
    phi_json_int(j, "sliding_window", a->window);
    phi_json_float(j, "norm_epsilon", (double)h->norm_eps);
    phi_json_float(j, "rope_theta", (double)h->rope_theta);
    phi_json_float(j, "rope_attention_factor", (double)h->rope_factor);
    phi_json_bool(j, "has_long_rope", e->model->factors_long.n_cols > 0);
    phi_json_bool(j, "is_tied", h->is_tied);
}

static void put_vision(phi_json *j, const phi_vision *v)
{
    if (!v) {
        phi_json_raw(j, ",\"vision\":null");
        return;
    }
    phi_json_open(j, "vision", '{');
    phi_json_int(j, "tileSize", v->tile_size);
    phi_json_int(j, "patchSize", v->patch_size);
    phi_json_int(j, "numCrops", v->n_crops);
    phi_json_int(j, "maxTiles", PHI_LIMIT_CROPS);
    phi_json_int(j, "nLayers", v->n_layers);
    phi_json_int(j, "dModel", v->d_model);
    phi_json_int(j, "dInner", v->d_inner);
    phi_json_int(j, "nHeads", v->attention.n_heads);
    phi_json_close(j, '}');
}

static void put_tokens(phi_json *j, phi_engine *e)
{
    size_t n_stops;
    const int32_t *stops = phi_tokenizer_stop_ids(e->tokenizer, &n_stops);
    phi_str template_text = {0};
    phi_json_int(j, "n_tokens", phi_tokenizer_n_tokens(e->tokenizer));
    put_special(j, e, "bos", phi_tokenizer_bos_id(e->tokenizer));
    put_special(j, e, "eos", phi_tokenizer_eos_id(e->tokenizer));
    phi_json_open(j, "stop_ids", '[');
    for (size_t i = 0; i < n_stops; i++)
        phi_json_int(j, NULL, stops[i]);
    phi_json_close(j, ']');
    if (phi_meta_read_str(&template_text, &e->directory, PHI_STR("tokenizer.chat_template"), NULL) == PHI_OK &&
        template_text.len > 0)
        phi_json_str(j, "chat_template", template_text);
}

const char *phi_engine_info_json(phi_engine *e)
{
    if (e->state == PHI_ENGINE_EMPTY || e->state == PHI_ENGINE_POISONED)
        return NULL;
    if (e->info_json)
        return e->info_json;
    phi_json j = {.arena = &e->arena};
    phi_str name = {0};
    (void)phi_meta_read_str(&name, &e->directory, PHI_STR("general.name"), NULL);
    phi_json_open(&j, NULL, '{');
    phi_json_str(&j, "format", phi_str_of(e->directory.format));
    phi_json_str(&j, "architecture", phi_str_of(e->model->descriptor->architecture));
    phi_json_str(&j, "name", name);
    phi_json_int(&j, "n_parameters", count_parameters(e));
    phi_json_int(&j, "n_tensors", (int64_t)e->directory.n_tensors);
    phi_json_int(&j, "file_bytes", (int64_t)e->weights.file_bytes);
    phi_json_int(&j, "weights_bytes", (int64_t)e->weights.packed_bytes);
    put_types(&j, e);
    put_dimensions(&j, e);
    put_vision(&j, e->model->vision);
    put_tokens(&j, e);
    phi_json_close(&j, '}');
    e->info_json = phi_json_finish(&j);
    return e->info_json;
}
