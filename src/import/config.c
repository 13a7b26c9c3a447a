/* config.json of the families that this project runs, and preprocessor_config.json of their pictures. */
#include <math.h>

#include "import_impl.h"
#include "limits.h"

#define AT(field) offsetof(phi_hf_config, field)
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

phi_status phi_hf_read_ids(phi_json_walk *w, void *field)
{
    phi_hf_ids *ids = field;
    int64_t id;
    bool has_more = true;
    const bool is_list = phi_walk_peek(w) == '[';
    ids->n = 0;
    if (is_list)
        PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        if (is_list)
            PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        if (ids->n == PHI_HF_IDS_MAX)
            return phi_json_fail(&w->r, "at most 32 ids");
        PHI_TRY(phi_walk_int(w, &id));
        if (id < 0 || id >= PHI_LIMIT_VOCABULARY)
            return phi_fail(w->r.err, PHI_ECORRUPT, "%s: byte %zu: token id %lld, expected 0 to %d", w->r.what, w->r.at,
                            (long long)id, PHI_LIMIT_VOCABULARY - 1);
        ids->ids[ids->n++] = (int32_t)id;
        if (!is_list)
            return PHI_OK;
    }
}

static phi_status read_quantization(phi_json_walk *w, void *field)
{
    *(bool *)field = true;
    return phi_walk_skip(w);
}

/* Phi-3-vision's "img_processor": which of CLIP's layers is taken. */
static phi_status read_img_processor(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"layer_idx", PHI_FIELD_INT, offsetof(phi_hf_vision, layer_idx), NULL},
        {"num_attention_heads", PHI_FIELD_INT, offsetof(phi_hf_vision, n_heads), NULL},
    };
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

static phi_status read_embd_layer(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {{"hd_transform_order", PHI_FIELD_TEXT, offsetof(phi_hf_vision, order), NULL}};
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

static const phi_field config_fields[] = {
    {"model_type", PHI_FIELD_TEXT, AT(model_type), NULL},
    {"hidden_act", PHI_FIELD_TEXT, AT(hidden_act), NULL},
    {"_name_or_path", PHI_FIELD_TEXT, AT(path), NULL},
    {"vocab_size", PHI_FIELD_INT, AT(vocab_size), NULL},
    {"hidden_size", PHI_FIELD_INT, AT(hidden), NULL},
    {"intermediate_size", PHI_FIELD_INT, AT(inner), NULL},
    {"num_hidden_layers", PHI_FIELD_INT, AT(n_layers), NULL},
    {"num_attention_heads", PHI_FIELD_INT, AT(n_heads), NULL},
    {"num_key_value_heads", PHI_FIELD_INT, AT(n_kv_heads), NULL},
    {"head_dim", PHI_FIELD_INT, AT(head_dim), NULL},
    {"max_position_embeddings", PHI_FIELD_INT, AT(max_position), NULL},
    {"original_max_position_embeddings", PHI_FIELD_INT, AT(original_max), NULL},
    {"sliding_window", PHI_FIELD_INT, AT(window), NULL},
    {"rms_norm_eps", PHI_FIELD_REAL, AT(eps), NULL},
    {"rope_theta", PHI_FIELD_REAL, AT(theta), NULL},
    {"partial_rotary_factor", PHI_FIELD_REAL, AT(partial), NULL},
    {"tie_word_embeddings", PHI_FIELD_FLAG, AT(is_tied), NULL},
    {"attention_bias", PHI_FIELD_FLAG, AT(has_attention_bias), NULL},
    {"mlp_bias", PHI_FIELD_FLAG, AT(has_mlp_bias), NULL},
    {"quantization_config", PHI_FIELD_OTHER, AT(is_quantized), read_quantization},
    {"rope_scaling", PHI_FIELD_OTHER, AT(rope), phi_hf_read_rope},
    {"rope_parameters", PHI_FIELD_OTHER, AT(rope), phi_hf_read_rope}, /* transformers 5 */
    {"bos_token_id", PHI_FIELD_OTHER, AT(bos), phi_hf_read_ids},
    {"eos_token_id", PHI_FIELD_OTHER, AT(eos), phi_hf_read_ids},
    {"pad_token_id", PHI_FIELD_OTHER, AT(pad), phi_hf_read_ids},
    {"img_processor", PHI_FIELD_OTHER, AT(vision), read_img_processor},
    {"embd_layer", PHI_FIELD_OTHER, AT(vision), read_embd_layer},
};

const char *phi_hf_architecture(const phi_hf_config *c)
{
    return phi_str_equal(c->model_type, PHI_STR("llama")) ? "llama" : "phi3";
}

int32_t phi_hf_head_dim(const phi_hf_config *c)
{
    return (int32_t)(c->head_dim > 0 ? c->head_dim : c->hidden / c->n_heads);
}

int32_t phi_hf_rotary_dim(const phi_hf_config *c)
{
    return (int32_t)((double)phi_hf_head_dim(c) * c->partial);
}

static phi_status check_family(const phi_hf_config *c, phi_error *err)
{
    static const char *const known[] = {"phi3", "phi3_v", "llama"};
    bool is_known = false;
    for (size_t i = 0; i < COUNT(known); i++)
        is_known = is_known || phi_str_equal(c->model_type, phi_str_of(known[i]));
    if (!is_known)
        return phi_fail(err, PHI_EUNSUPPORTED, "config.json: model_type '%.*s'; this build knows phi3, phi3_v, llama",
                        phi_str_print_len(c->model_type), c->model_type.ptr);
    if (c->is_quantized)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "config.json: the weights are quantised already (quantization_config); give the model in F32, "
                        "F16 or BF16");
    if (!phi_str_equal(c->hidden_act, PHI_STR("silu")))
        return phi_fail(err, PHI_EUNSUPPORTED, "config.json: hidden_act '%.*s', expected silu",
                        phi_str_print_len(c->hidden_act), c->hidden_act.ptr);
    if (c->has_attention_bias || c->has_mlp_bias)
        return phi_fail(err, PHI_EUNSUPPORTED, "config.json: %s is true; models of this family have none here",
                        c->has_attention_bias ? "attention_bias" : "mlp_bias");
    if (c->vision.order.len > 0 && !phi_str_equal(c->vision.order, PHI_STR("sub_glb")))
        return phi_fail(err, PHI_EUNSUPPORTED, "config.json: hd_transform_order '%.*s', expected sub_glb",
                        phi_str_print_len(c->vision.order), c->vision.order.ptr);
    return PHI_OK;
}

static phi_status check_heads(const phi_hf_config *c, phi_error *err)
{
    const int32_t head_dim = phi_hf_head_dim(c), n_rot = phi_hf_rotary_dim(c);
    if (c->n_heads % c->n_kv_heads != 0)
        return phi_fail(err, PHI_ECORRUPT, "config.json: %lld heads cannot share %lld key-value heads evenly",
                        (long long)c->n_heads, (long long)c->n_kv_heads);
    if (head_dim < 4 || head_dim % 4 != 0 || head_dim > PHI_LIMIT_HEAD_DIM)
        return phi_fail(err, PHI_EUNSUPPORTED, "config.json: heads of %d dimensions, expected a multiple of 4 up to %d",
                        (int)head_dim, PHI_LIMIT_HEAD_DIM);
    if (n_rot < 2 || n_rot % 2 != 0)
        return phi_fail(err, PHI_ECORRUPT, "config.json: %d of %d dimensions are rotated, expected an even number",
                        (int)n_rot, (int)head_dim);
    return PHI_OK;
}

static phi_status check_config(const phi_hf_config *c, phi_error *err)
{
    PHI_TRY(check_family(c, err));
    const struct {
        const char *name;
        int64_t value, max;
    } counts[] = {
        {"vocab_size", c->vocab_size, PHI_LIMIT_VOCABULARY},
        {"hidden_size", c->hidden, PHI_LIMIT_WIDTH},
        {"intermediate_size", c->inner, PHI_LIMIT_WIDTH},
        {"num_hidden_layers", c->n_layers, PHI_LIMIT_LAYERS},
        {"num_attention_heads", c->n_heads, PHI_LIMIT_HEADS},
        {"num_key_value_heads", c->n_kv_heads, c->n_heads},
        {"max_position_embeddings", c->max_position, PHI_LIMIT_CONTEXT},
        {"original_max_position_embeddings", c->original_max, PHI_LIMIT_CONTEXT},
    };
    for (size_t i = 0; i < COUNT(counts); i++)
        if (counts[i].value < 1 || counts[i].value > counts[i].max)
            return phi_fail(err, PHI_ECORRUPT, "config.json: %s is %lld, expected 1 to %lld", counts[i].name,
                            (long long)counts[i].value, (long long)counts[i].max);
    if (c->head_dim < 0 || c->head_dim > PHI_LIMIT_HEAD_DIM || c->window < 0 || c->window > INT32_MAX)
        return phi_fail(err, PHI_ECORRUPT, "config.json: head_dim %lld or sliding_window %lld is out of range",
                        (long long)c->head_dim, (long long)c->window);
    if (!(c->eps > 0.0 && c->eps < 1.0) || !(c->partial <= 1.0) || !(c->theta > 1e-30 && c->theta < 1e30))
        return phi_fail(err, PHI_ECORRUPT,
                        "config.json: rms_norm_eps %g, partial_rotary_factor %g or rope_theta %g is out of range",
                        c->eps, c->partial, c->theta);
    return check_heads(c, err);
}

phi_status phi_hf_read_config(phi_hf_config *c, phi_arena *arena, phi_bytes text, phi_error *err)
{
    phi_json_walk w = phi_walk_open(arena, "config.json", text, err);
    /* Four crops, CLIP's own mean and deviation: a folder without the preprocessor's configuration means these. */
    *c = (phi_hf_config){.hidden_act = PHI_STR("silu"),
                         .vision = {.layer_idx = -2,
                                    .num_crops = 4,
                                    .mean = {0.48145466, 0.4578275, 0.40821073},
                                    .std = {0.26862954, 0.26130258, 0.27577711}}};
    PHI_TRY(phi_walk_fields(&w, config_fields, COUNT(config_fields), c));
    if (c->rope.theta > 0.0)
        c->theta = c->rope.theta;
    if (c->rope.partial > 0.0)
        c->partial = c->rope.partial;
    if (c->rope.original_max > 0 && c->original_max == 0)
        c->original_max = c->rope.original_max;
    c->theta = c->theta > 0.0 ? c->theta : 10000.0;
    c->partial = c->partial > 0.0 ? c->partial : 1.0;
    c->n_kv_heads = c->n_kv_heads > 0 ? c->n_kv_heads : c->n_heads;
    c->original_max = c->original_max > 0 ? c->original_max : c->max_position;
    PHI_TRY(phi_walk_end(&w));
    return check_config(c, err);
}

static phi_status read_three(phi_json_walk *w, void *field)
{
    double *values = field;
    bool has_more;
    int n = 0;
    PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (has_more ? n == 3 : n != 3)
            return phi_json_fail(&w->r, "three numbers, of red, green and blue");
        if (!has_more)
            return PHI_OK;
        PHI_TRY(phi_walk_real(w, &values[n++]));
    }
}

phi_status phi_hf_read_preprocessor(phi_hf_vision *v, phi_arena *arena, phi_bytes text, phi_error *err)
{
    static const phi_field fields[] = {
        {"num_crops", PHI_FIELD_INT, offsetof(phi_hf_vision, num_crops), NULL},
        {"image_mean", PHI_FIELD_OTHER, offsetof(phi_hf_vision, mean), read_three},
        {"image_std", PHI_FIELD_OTHER, offsetof(phi_hf_vision, std), read_three},
    };
    phi_json_walk w = phi_walk_open(arena, "preprocessor_config.json", text, err);
    PHI_TRY(phi_walk_fields(&w, fields, COUNT(fields), v));
    if (v->num_crops < 1 || v->num_crops > PHI_LIMIT_CROPS)
        return phi_fail(err, PHI_ECORRUPT, "preprocessor_config.json: num_crops is %lld, expected 1 to %d",
                        (long long)v->num_crops, PHI_LIMIT_CROPS);
    return phi_walk_end(&w);
}
