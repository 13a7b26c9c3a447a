/* The one place that hands a container's vocabulary to the tokenizer. */
#include "engine_internal.h"
#include "limits.h"

static phi_status read_id(int32_t *out, const phi_directory *dir, phi_str key, size_t n_tokens, phi_error *err)
{
    uint32_t id = UINT32_MAX;
    PHI_TRY(phi_meta_read_u32(&id, dir, key, err));
    *out = -1;
    if (id == UINT32_MAX) /* absent, or a converter's "none" */
        return PHI_OK;
    if (id >= n_tokens)
        return phi_fail(err, PHI_ECORRUPT, "metadata '%.*s' is %u; the vocabulary has %zu tokens",
                        phi_str_print_len(key), key.ptr, (unsigned)id, n_tokens);
    *out = (int32_t)id;
    return PHI_OK;
}

static phi_status check_length(const char *what, size_t got, size_t n_tokens, phi_error *err)
{
    if (got == 0 || got == n_tokens)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "metadata 'tokenizer.ggml.%s' has %zu entries, expected %zu", what, got,
                    n_tokens);
}

static phi_status read_tables(phi_vocabulary *v, phi_engine *e, phi_error *err)
{
    const phi_directory *dir = &e->directory;
    phi_str *texts;
    phi_str *merges;
    float *scores;
    int32_t *types;
    size_t n_scores;
    size_t n_types;
    PHI_TRY(phi_meta_require(dir, PHI_STR("tokenizer.ggml.tokens"), err));
    PHI_TRY(phi_meta_read_str_array(&texts, &v->n_tokens, dir, PHI_STR("tokenizer.ggml.tokens"), &e->arena, err));
    PHI_TRY(phi_meta_read_f32_array(&scores, &n_scores, dir, PHI_STR("tokenizer.ggml.scores"), &e->arena, err));
    PHI_TRY(phi_meta_read_i32_array(&types, &n_types, dir, PHI_STR("tokenizer.ggml.token_type"), &e->arena, err));
    PHI_TRY(phi_meta_read_str_array(&merges, &v->n_merges, dir, PHI_STR("tokenizer.ggml.merges"), &e->arena, err));
    PHI_TRY(check_length("scores", n_scores, v->n_tokens, err));
    PHI_TRY(check_length("token_type", n_types, v->n_tokens, err));
    v->texts = texts;
    v->scores = n_scores ? scores : NULL;
    v->types = n_types ? types : NULL;
    v->merges = merges;
    return PHI_OK;
}

/* The keys of this project: what tokenizer.json has and GGUF has no keys for. */
static phi_status read_flags(phi_token_flags *f, phi_engine *e, phi_error *err)
{
    const phi_directory *dir = &e->directory;
    const phi_str right = PHI_STR("pocketphi.tokenizer.strips_right");
    int32_t *ids;
    f->has_strips = phi_directory_meta(dir, right) != NULL;
    PHI_TRY(phi_meta_read_i32_array(&ids, &f->n_strips_right, dir, right, &e->arena, err));
    f->strips_right = ids;
    PHI_TRY(phi_meta_read_i32_array(&ids, &f->n_strips_left, dir, PHI_STR("pocketphi.tokenizer.strips_left"), &e->arena,
                                    err));
    f->strips_left = ids;
    PHI_TRY(
        phi_meta_read_i32_array(&ids, &f->n_stop_ids, dir, PHI_STR("pocketphi.tokenizer.stop_ids"), &e->arena, err));
    f->stop_ids = ids;
    return PHI_OK;
}

phi_status phi_engine_build_tokenizer(phi_engine *e, phi_error *err)
{
    const phi_directory *dir = &e->directory;
    phi_vocabulary v = {.pre = PHI_STR("default"), .strip_rule = (phi_strip_rule)e->options.strip_rule};
    PHI_TRY(phi_meta_require(dir, PHI_STR("tokenizer.ggml.model"), err));
    PHI_TRY(phi_meta_read_str(&v.model, dir, PHI_STR("tokenizer.ggml.model"), err));
    PHI_TRY(phi_meta_read_str(&v.pre, dir, PHI_STR("tokenizer.ggml.pre"), err));
    PHI_TRY(phi_meta_read_str(&v.model_name, dir, PHI_STR("general.name"), err));
    PHI_TRY(read_tables(&v, e, err));
    PHI_TRY(read_flags(&v.flags, e, err));
    PHI_TRY(read_id(&v.bos_id, dir, PHI_STR("tokenizer.ggml.bos_token_id"), v.n_tokens, err));
    PHI_TRY(read_id(&v.eos_id, dir, PHI_STR("tokenizer.ggml.eos_token_id"), v.n_tokens, err));
    PHI_TRY(read_id(&v.unknown_id, dir, PHI_STR("tokenizer.ggml.unknown_token_id"), v.n_tokens, err));
    /* Files that do not say: SentencePiece models begin with BOS, byte-level ones do not (llama.cpp's defaults). */
    v.adds_bos = phi_str_equal(v.model, PHI_STR("llama"));
    v.adds_space_prefix = true;
    PHI_TRY(phi_meta_read_bool(&v.adds_bos, dir, PHI_STR("tokenizer.ggml.add_bos_token"), err));
    PHI_TRY(phi_meta_read_bool(&v.adds_eos, dir, PHI_STR("tokenizer.ggml.add_eos_token"), err));
    PHI_TRY(phi_meta_read_bool(&v.adds_space_prefix, dir, PHI_STR("tokenizer.ggml.add_space_prefix"), err));
    return phi_tokenizer_create(&e->tokenizer, &e->arena, &v, err);
}
