/* The headers of the output files: what GGUF says of a model, in the keys that llama.cpp's converter writes, and those
 * of this project (pocketphi.*) for what it has no keys for. */
#include <math.h>
#include <string.h>

#include "checked.h"
#include "gguf_writer.h"
#include "import_impl.h"
#include "limits.h"
#include "write_text.h"

enum { ALIGNMENT = 32 };

static phi_str model_name(const phi_import *i)
{
    for (size_t k = 0; k < PHI_IMPORT_N_NAMES; k++)
        if (i->files[k].is_there && strcmp(i->files[k].name, "name") == 0 && i->files[k].n > 0)
            return (phi_str){(const char *)i->files[k].bytes, i->files[k].n};
    const phi_str path = i->config.path;
    size_t begin = path.len;
    while (begin > 0 && path.ptr[begin - 1] != '/')
        begin--;
    return path.len > begin ? (phi_str){path.ptr + begin, path.len - begin} : i->config.model_type;
}

/* llama.cpp's number of the type that most weights have. */
static uint32_t file_type(const phi_import *i)
{
    static const struct {
        phi_dtype dtype;
        uint32_t number;
    } numbers[] = {{PHI_DTYPE_F32, 0},   {PHI_DTYPE_F16, 1},   {PHI_DTYPE_Q4_0, 2},    {PHI_DTYPE_Q4_1, 3},
                   {PHI_DTYPE_Q8_0, 7},  {PHI_DTYPE_Q5_0, 8},  {PHI_DTYPE_Q5_1, 9},    {PHI_DTYPE_Q4_K, 15},
                   {PHI_DTYPE_Q5_K, 17}, {PHI_DTYPE_Q6_K, 18}, {PHI_DTYPE_IQ4_NL, 25}, {PHI_DTYPE_BF16, 32}};
    uint64_t counts[PHI_N_DTYPES] = {0};
    size_t best = 0;
    for (size_t k = 0; k < i->n_products; k++)
        if (i->products[k].n_dims > 1)
            counts[i->products[k].dtype] += i->products[k].n_cols * i->products[k].n_rows;
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        if (counts[numbers[k].dtype] > counts[numbers[best].dtype])
            best = k;
    return numbers[best].number;
}

typedef struct scoped {
    phi_gguf_writer *w;
    const char *architecture;
    char key[96];
} scoped;

static const char *key_of(scoped *s, const char *suffix)
{
    (void)phi_write_text(s->key, sizeof s->key, "%s.%s", s->architecture, suffix);
    return s->key;
}

static void put_dimensions(phi_gguf_writer *w, const phi_import *i)
{
    const phi_hf_config *c = &i->config;
    scoped s = {.w = w, .architecture = phi_hf_architecture(c)};
    const bool is_phi3 = s.architecture[0] == 'p';
    const struct {
        const char *suffix;
        int64_t value;
        bool is_wanted;
    } counts[] = {
        {"context_length", c->max_position, true},
        {"embedding_length", c->hidden, true},
        {"feed_forward_length", c->inner, true},
        {"block_count", c->n_layers, true},
        {"attention.head_count", c->n_heads, true},
        {"attention.head_count_kv", c->n_kv_heads, true},
        {"attention.key_length", phi_hf_head_dim(c), c->head_dim > 0},
        {"attention.value_length", phi_hf_head_dim(c), c->head_dim > 0},
        {"rope.dimension_count", phi_hf_rotary_dim(c), true},
        {"rope.scaling.original_context_length", c->original_max, is_phi3},
        {"attention.sliding_window", c->window, is_phi3}, /* 0 says that there is none */
        {"vocab_size", c->vocab_size, !is_phi3},
    };
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        if (counts[k].is_wanted)
            phi_gguf_meta_u32(w, key_of(&s, counts[k].suffix), (uint32_t)counts[k].value);
    phi_gguf_meta_f32(w, key_of(&s, "attention.layer_norm_rms_epsilon"), c->eps);
    phi_gguf_meta_f32(w, key_of(&s, "rope.freq_base"), c->theta);
    if (i->factors.attention_factor > 0.0)
        phi_gguf_meta_f32(w, key_of(&s, "rope.scaling.attn_factor"), i->factors.attention_factor);
    if (i->factors.linear > 0.0) {
        phi_gguf_meta_text(w, key_of(&s, "rope.scaling.type"), PHI_STR("linear"));
        phi_gguf_meta_f32(w, key_of(&s, "rope.scaling.factor"), i->factors.linear);
    }
}

static const phi_product *find_product(const phi_import *i, const char *name)
{
    for (size_t k = 0; k < i->n_products; k++)
        if (phi_str_equal(i->products[k].name, phi_str_of(name)))
            return &i->products[k];
    return NULL;
}

/* The configuration leaves CLIP's dimensions out: the tensors have them. */
static void put_vision(phi_gguf_writer *w, const phi_import *i)
{
    const phi_hf_vision *v = &i->config.vision;
    const phi_product *patches = find_product(i, "v.patch_embd.weight");
    const phi_product *positions = find_product(i, "v.position_embd.weight");
    const phi_product *up = find_product(i, "v.blk.0.ffn_up.weight");
    if (!patches || !positions || !up)
        return;
    const uint32_t width = (uint32_t)patches->n_rows;
    const uint32_t patch = (uint32_t)(sqrt((double)patches->n_cols / 3.0) + 0.5);
    const uint32_t side = (uint32_t)(sqrt((double)(positions->n_rows - 1)) + 0.5);
    const uint32_t n_heads = v->n_heads > 0 ? (uint32_t)v->n_heads : width / 64;
    float mean[3];
    float std[3];
    for (int k = 0; k < 3; k++) {
        mean[k] = (float)v->mean[k];
        std[k] = (float)v->std[k];
    }
    phi_gguf_meta_flag(w, "clip.has_vision_encoder", true);
    phi_gguf_meta_text(w, "clip.projector_type", PHI_STR("phi3v"));
    phi_gguf_meta_u32(w, "clip.vision.image_size", side * patch);
    phi_gguf_meta_u32(w, "clip.vision.patch_size", patch);
    phi_gguf_meta_u32(w, "clip.vision.embedding_length", width);
    phi_gguf_meta_u32(w, "clip.vision.feed_forward_length", (uint32_t)up->n_rows);
    phi_gguf_meta_u32(w, "clip.vision.block_count", (uint32_t)phi_import_vision_layers(i));
    phi_gguf_meta_u32(w, "clip.vision.attention.head_count", n_heads);
    phi_gguf_meta_f32(w, "clip.vision.attention.layer_norm_epsilon", 1e-5);
    phi_gguf_meta_f32s(w, "clip.vision.image_mean", mean, 3);
    phi_gguf_meta_f32s(w, "clip.vision.image_std", std, 3);
    phi_gguf_meta_u32(w, "clip.vision.num_crops", (uint32_t)v->num_crops);
}

static void put_merges(phi_gguf_writer *w, const phi_hf_tokens *t)
{
    phi_gguf_meta_array(w, "tokenizer.ggml.merges", PHI_META_STRING, t->n_merges);
    for (size_t k = 0; k < t->n_merges; k++) {
        const phi_hf_merge *m = &t->merges[k];
        phi_gguf_put_u64(w, m->left.len + 1 + m->right.len);
        phi_gguf_put(w, m->left.ptr, m->left.len);
        phi_gguf_put(w, " ", 1);
        phi_gguf_put(w, m->right.ptr, m->right.len);
    }
}

static void put_tokens(phi_gguf_writer *w, const phi_hf_tokens *t)
{
    const size_t n = (size_t)t->n_tokens;
    phi_gguf_meta_text(w, "tokenizer.ggml.model", t->is_byte_level ? PHI_STR("gpt2") : PHI_STR("llama"));
    phi_gguf_meta_text(w, "tokenizer.ggml.pre", phi_str_of(t->pre));
    phi_gguf_meta_array(w, "tokenizer.ggml.tokens", PHI_META_STRING, n);
    for (size_t k = 0; k < n; k++)
        phi_gguf_put_text(w, t->texts[k]);
    phi_gguf_meta_i32s(w, "tokenizer.ggml.token_type", t->types, n);
    if (t->is_byte_level)
        put_merges(w, t);
    else
        phi_gguf_meta_f32s(w, "tokenizer.ggml.scores", t->scores, n);
    const struct {
        const char *key;
        int32_t id;
    } ids[] = {
        {"tokenizer.ggml.bos_token_id", t->bos_id},
        {"tokenizer.ggml.eos_token_id", t->eos_id},
        {"tokenizer.ggml.unknown_token_id", t->unknown_id},
        {"tokenizer.ggml.padding_token_id", t->pad_id},
    };
    for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
        if (ids[k].id >= 0)
            phi_gguf_meta_u32(w, ids[k].key, (uint32_t)ids[k].id);
    phi_gguf_meta_flag(w, "tokenizer.ggml.add_bos_token", t->adds_bos);
    phi_gguf_meta_flag(w, "tokenizer.ggml.add_eos_token", t->adds_eos);
    if (!t->is_byte_level)
        phi_gguf_meta_flag(w, "tokenizer.ggml.add_space_prefix", t->adds_space_prefix);
    if (t->chat_template.len > 0)
        phi_gguf_meta_text(w, "tokenizer.chat_template", t->chat_template);
    phi_gguf_meta_i32s(w, "pocketphi.tokenizer.strips_right", t->strips_right, t->n_strips_right);
    phi_gguf_meta_i32s(w, "pocketphi.tokenizer.strips_left", t->strips_left, t->n_strips_left);
    if (t->stops.n > 0)
        phi_gguf_meta_i32s(w, "pocketphi.tokenizer.stop_ids", t->stops.ids, (size_t)t->stops.n);
}

/* Keys of a GGUF source that are said anew. */
static bool is_said_anew(phi_str key)
{
    return phi_str_has_prefix(key, PHI_STR("split.")) || phi_str_equal(key, PHI_STR("general.file_type")) ||
           phi_str_equal(key, PHI_STR("general.alignment")) ||
           phi_str_equal(key, PHI_STR("general.quantization_version"));
}

static void put_model(phi_gguf_writer *w, const phi_import *i)
{
    if (i->is_gguf) {
        for (size_t k = 0; k < i->directory.n_metas; k++)
            if (!is_said_anew(i->directory.metas[k].key))
                phi_gguf_meta_copy(w, &i->directory.metas[k]);
    } else {
        phi_gguf_meta_text(w, "general.architecture", phi_str_of(phi_hf_architecture(&i->config)));
        phi_gguf_meta_text(w, "general.name", model_name(i));
        put_dimensions(w, i);
        put_vision(w, i);
        put_tokens(w, &i->tokens);
    }
    phi_gguf_meta_u32(w, "general.file_type", file_type(i));
    phi_gguf_meta_u32(w, "general.quantization_version", 2);
}

static void put_metas(phi_gguf_writer *w, const phi_import *i, uint32_t output_idx)
{
    if (output_idx == 0)
        put_model(w, i);
    if (i->n_outputs == 1)
        return;
    phi_gguf_meta_u16(w, "split.no", (uint16_t)output_idx);
    phi_gguf_meta_u16(w, "split.count", (uint16_t)i->n_outputs);
    phi_gguf_meta_i32(w, "split.tensors.count", (int32_t)i->n_products);
}

static void put_infos(phi_gguf_writer *w, const phi_product *products, size_t n)
{
    uint64_t offset = 0;
    for (size_t k = 0; k < n; k++) {
        const phi_product *p = &products[k];
        phi_gguf_put_text(w, p->name);
        phi_gguf_put_u32(w, p->n_dims);
        for (uint32_t d = 0; d < p->n_dims; d++)
            phi_gguf_put_u64(w, p->dims[d]);
        phi_gguf_put_u32(w, phi_dtype_get(p->dtype)->gguf_id);
        phi_gguf_put_u64(w, offset);
        offset = phi_round_up(offset + p->n_rows * p->row_bytes, ALIGNMENT);
    }
}

static void put_header(phi_gguf_writer *w, const phi_import *i, uint32_t output_idx, uint64_t n_metas)
{
    const phi_output *o = &i->outputs[output_idx];
    phi_gguf_put(w, "GGUF", 4);
    phi_gguf_put_u32(w, 3);
    phi_gguf_put_u64(w, o->n);
    phi_gguf_put_u64(w, n_metas);
    put_metas(w, i, output_idx);
    put_infos(w, i->products + o->first, o->n);
}

static phi_status make_header(phi_import *i, uint32_t output_idx)
{
    phi_output *o = &i->outputs[output_idx];
    phi_gguf_writer counted = {.out = NULL};
    put_header(&counted, i, output_idx, 0);
    o->header_bytes = (size_t)phi_round_up(counted.n, ALIGNMENT);
    if (counted.n > PHI_LIMIT_HEADER_BYTES)
        return phi_fail(&i->error, PHI_ECORRUPT, "a header of %zu bytes, expected at most %d", counted.n,
                        PHI_LIMIT_HEADER_BYTES);
    o->header = phi_arena_zeroed(&i->arena, uint8_t, o->header_bytes);
    if (!o->header)
        return phi_fail(&i->error, PHI_ENOMEM, "no memory for a header of %zu bytes", o->header_bytes);
    phi_gguf_writer w = {.out = o->header};
    put_header(&w, i, output_idx, counted.n_metas);
    uint64_t offset = o->header_bytes;
    for (size_t k = o->first; k < o->first + o->n; k++) {
        i->products[k].offset = offset;
        offset = phi_round_up(offset + i->products[k].n_rows * i->products[k].row_bytes, ALIGNMENT);
    }
    o->bytes = offset;
    return PHI_OK;
}

/* Cuts the tensors into files of at most split_bytes of data. */
static phi_status cut_outputs(phi_import *i)
{
    const uint64_t most = i->options.split_bytes;
    uint64_t sum = 0;
    i->outputs = phi_arena_zeroed(&i->arena, phi_output, PHI_LIMIT_SPLITS);
    if (!i->outputs)
        return phi_fail(&i->error, PHI_ENOMEM, "no memory for the list of files");
    i->n_outputs = 1;
    for (size_t k = 0; k < i->n_products; k++) {
        const uint64_t bytes = phi_round_up(i->products[k].n_rows * i->products[k].row_bytes, ALIGNMENT);
        phi_output *o = &i->outputs[i->n_outputs - 1];
        if (most > 0 && o->n > 0 && (bytes > most || sum > most - bytes)) {
            if (i->n_outputs == PHI_LIMIT_SPLITS)
                return phi_fail(&i->error, PHI_EINVAL, "split_bytes makes more than %d files", PHI_LIMIT_SPLITS);
            o = &i->outputs[i->n_outputs++];
            o->first = k;
            sum = 0;
        }
        sum += bytes;
        o->n++;
    }
    return PHI_OK;
}

phi_status phi_import_make_headers(phi_import *i)
{
    if (i->n_products == 0)
        return phi_fail(&i->error, PHI_ECORRUPT, "the model has no tensors");
    PHI_TRY(cut_outputs(i));
    for (uint32_t k = 0; k < i->n_outputs; k++)
        PHI_TRY(make_header(i, k));
    return PHI_OK;
}
