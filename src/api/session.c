/* One mutable timeline of tokens: sync() says what it shall represent, step() computes towards it a layer at a time. */
#include <string.h>

#include "engine_internal.h"
#include "limits.h"
#include "write_text.h"

enum { CONTEXT_DEFAULT = 4096, BATCH_DEFAULT = 128, GENERATION_ARENA_BYTES = 1 << 16 };

phi_session_options phi_session_options_default(void)
{
    return (phi_session_options){.struct_size = sizeof(phi_session_options)};
}

/* Checked options with the defaults filled in. */
static phi_status settle_options(phi_session_options *out, phi_engine *e, const phi_session_options *given)
{
    if (!given || given->struct_size != sizeof *given)
        return phi_fail(&e->error, PHI_EINVAL, "session options: struct_size is not that of this build");
    const int32_t most = e->model->hparams.n_context_max;
    *out = *given;
    if (out->n_context == 0)
        out->n_context = most < CONTEXT_DEFAULT ? most : CONTEXT_DEFAULT;
    if (out->n_batch == 0)
        out->n_batch = BATCH_DEFAULT;
    if (out->n_context < 1 || out->n_context > most)
        return phi_fail(&e->error, PHI_EINVAL, "session options: n_context is %d, this model takes 1 to %d",
                        (int)out->n_context, (int)most);
    if (out->n_batch < 1 || out->n_batch > PHI_LIMIT_BATCH)
        return phi_fail(&e->error, PHI_EINVAL, "session options: n_batch is %d, expected 1 to %d", (int)out->n_batch,
                        PHI_LIMIT_BATCH);
    if (out->kv_type < PHI_KV_F16 || out->kv_type > PHI_KV_Q8 || out->rope_choice < PHI_ROPE_AUTO ||
        out->rope_choice > PHI_ROPE_LONG || out->yields < 0 || out->yields > 1 || out->embeds < 0 || out->embeds > 1)
        return phi_fail(&e->error, PHI_EINVAL,
                        "session options: kv_type %d, rope_choice %d, yields %d or embeds %d is unknown",
                        (int)out->kv_type, (int)out->rope_choice, (int)out->yields, (int)out->embeds);
    if (out->n_batch > out->n_context)
        out->n_batch = out->n_context;
    return PHI_OK;
}

static phi_kv_shape kv_shape_of(const phi_engine *e, const phi_session_options *o)
{
    return phi_model_kv_shape(e->model, o->kv_type == PHI_KV_F16 ? PHI_KV_KIND_F16 : PHI_KV_KIND_Q8, o->n_context);
}

static phi_head head_of(const phi_session_options *o)
{
    return o->embeds ? PHI_HEAD_HIDDEN : PHI_HEAD_LOGITS;
}

static size_t embedding_floats(const phi_engine *e, const phi_session_options *o)
{
    return o->embeds ? (size_t)e->model->hparams.d_model : 0;
}

/* What a session takes besides its KV. */
static uint64_t work_bytes(const phi_engine *e, const phi_session_options *o)
{
    const phi_exec_shape shape = phi_model_exec_shape(e->model, o->n_batch, o->n_context);
    return phi_arena_cost(1, sizeof(phi_session)) + phi_arena_cost((size_t)o->n_context, sizeof(int32_t)) +
           phi_arena_cost(embedding_floats(e, o), sizeof(float)) + phi_exec_bytes(&shape, phi_pool_n_threads(e->pool)) +
           phi_forward_bytes(e->model, o->n_batch, head_of(o));
}

phi_status phi_engine_plan(phi_engine *e, const phi_session_options *options, phi_plan *out)
{
    phi_session_options o = {0};
    if (e->state == PHI_ENGINE_EMPTY || e->state == PHI_ENGINE_POISONED)
        return phi_fail(&e->error, PHI_ESTATE, "plan: the model must be described first");
    PHI_TRY(settle_options(&o, e, options));
    const phi_kv_shape kv = kv_shape_of(e, &o);
    *out = (phi_plan){.weights_bytes = e->weights.packed_bytes,
                      .kv_bytes = phi_kv_bytes(&kv),
                      .session_bytes = work_bytes(e, &o),
                      .model_bytes = e->arena.held_bytes,
                      .staging_bytes = e->options.staging_bytes ? e->options.staging_bytes : PHI_STAGING_BYTES,
                      .file_bytes = e->weights.file_bytes};
    return PHI_OK;
}

static phi_status deal(phi_session *s, const phi_kv_shape *kv_shape)
{
    phi_engine *e = s->engine;
    const phi_session_options *o = &s->options;
    const phi_exec_shape shape = phi_model_exec_shape(e->model, o->n_batch, o->n_context);
    s->exec = (phi_exec){.kernels = &e->kernels, .pool = e->pool, .accuracy_level = e->options.accuracy_level};
    s->tokens = phi_arena_array(&s->arena, int32_t, (size_t)o->n_context);
    s->embedding = phi_arena_array(&s->arena, float, embedding_floats(e, o));
    if (!s->tokens || !s->embedding)
        return phi_fail(&e->error, PHI_ENOMEM, "session: the plan of its token list was too small");
    PHI_TRY(phi_exec_init(&s->exec, &s->arena, &shape, &e->error));
    PHI_TRY(phi_forward_init(&s->forward, &s->arena, e->model, o->n_batch, head_of(o), &e->error));
    return phi_kv_init(&s->kv, &s->arena, kv_shape, &e->error);
}

phi_status phi_session_create(PHI_OWN phi_session **out, phi_engine *e, const phi_session_options *options)
{
    phi_session_options o = {0};
    phi_arena arena;
    if (e->state != PHI_ENGINE_READY)
        return phi_fail(&e->error, PHI_ESTATE, "session: the engine is not READY");
    PHI_TRY(settle_options(&o, e, options));
    const phi_kv_shape kv_shape = kv_shape_of(e, &o);
    const uint64_t kv_bytes = phi_kv_bytes(&kv_shape);
    const uint64_t bytes = work_bytes(e, &o);
    const uint64_t all_bytes = kv_bytes < UINT64_MAX - bytes ? kv_bytes + bytes : UINT64_MAX;
    char what[64];
    (void)phi_write_text(what, sizeof what, "session: a context of %d tokens", (int)o.n_context);
    PHI_TRY(phi_arena_init_fixed(&arena, all_bytes, what, &e->error));
    phi_session *s = phi_arena_zeroed(&arena, phi_session, 1);
    phi_status status = PHI_ENOMEM;
    if (s) {
        s->arena = arena;
        s->engine = e;
        s->options = o;
        s->layer = -1;
        s->stats.kv_bytes = kv_bytes;
        s->stats.session_bytes = bytes;
        phi_arena_init(&s->generation_arena, GENERATION_ARENA_BYTES);
        status = deal(s, &kv_shape);
        arena = s->arena;
    }
    if (status != PHI_OK) {
        phi_arena_deinit(&arena);
        return status;
    }
    e->n_sessions++;
    *out = s;
    return PHI_OK;
}

void phi_session_destroy(PHI_OWN phi_session *s)
{
    if (!s)
        return;
    s->engine->n_sessions--;
    phi_matcher_end(&s->matcher);
    phi_arena_deinit(&s->generation_arena);
    phi_arena arena = s->arena; /* holds the session itself */
    phi_arena_deinit(&arena);
}

static void copy_head(phi_session *copy, const phi_session *s)
{
    const phi_hparams *h = &s->engine->model->hparams;
    const size_t d = (size_t)h->d_model;
    if (!s->options.embeds) {
        memcpy(copy->forward.logits, s->forward.logits, (size_t)h->n_vocabulary * sizeof(float));
        return;
    }
    memcpy(copy->forward.sum, s->forward.sum, d * sizeof(double));
    memcpy(copy->forward.last, s->forward.last, d * sizeof(float));
}

phi_status phi_session_clone(PHI_OWN phi_session **out, phi_session *s)
{
    phi_session *copy;
    const phi_status status = phi_session_create(&copy, s->engine, &s->options);
    if (status != PHI_OK) {
        s->error = s->engine->error;
        return status;
    }
    memcpy(copy->tokens, s->tokens, (size_t)s->n_past * sizeof s->tokens[0]);
    phi_kv_copy(&copy->kv, &s->kv, s->n_past);
    copy_head(copy, s);
    copy->n_past = copy->n_target = s->n_past;
    copy->uses_long = s->uses_long;
    copy->has_logits = s->has_logits && s->layer < 0 && s->n_past == s->n_target;
    *out = copy;
    return PHI_OK;
}

const phi_error *phi_session_error(const phi_session *s)
{
    return &s->error;
}

/* hf modeling_rope_utils.py, longrope_frequency_update: the long factors for every position of a text that is longer
 * than the original context. */
static bool wants_long(const phi_session *s, int32_t n_tokens)
{
    if (s->options.rope_choice != PHI_ROPE_AUTO)
        return s->options.rope_choice == PHI_ROPE_LONG;
    return n_tokens > s->engine->model->hparams.n_context_original;
}

/* Sums of hidden states cannot be taken back: a session that embeds forgets all or nothing. */
static void forget_from(phi_session *s, int32_t n_keep)
{
    s->layer = -1;
    if (s->n_past > n_keep && s->options.embeds) {
        s->n_past = 0;
    } else if (s->n_past > n_keep) {
        s->n_past = n_keep;
        s->has_logits = false;
    }
}

/* The state is to represent tokens[0, n): drops cached keys that were rotated with the other factors. */
static void set_target(phi_session *s, int32_t n)
{
    s->n_target = n;
    if (wants_long(s, n) != s->uses_long) {
        forget_from(s, 0);
        s->uses_long = wants_long(s, n);
    }
    s->is_prefill = n - s->n_past > 1;
}

static phi_status check_room(phi_session *s, size_t n_tokens)
{
    if (n_tokens <= (size_t)s->options.n_context)
        return PHI_OK;
    (void)phi_fail(&s->error, PHI_ECONTEXT,
                   "%zu tokens exceed the session's context of %d; shorten the text or create "
                   "the session with a larger n_context",
                   n_tokens, (int)s->options.n_context);
    s->error.requested = n_tokens;
    s->error.quota = (uint64_t)s->options.n_context;
    return PHI_ECONTEXT;
}

/* Tokens alike from tokens[0] on. */
static size_t count_run(const int32_t *tokens, size_t n)
{
    size_t run = 1;
    while (run < n && tokens[run] == tokens[0])
        run++;
    return run;
}

/* tokens[at] is negative: checks the run that begins there, whole pictures, and gives its length. */
static phi_status check_image_run(size_t *run, phi_session *s, const int32_t *tokens, size_t n_tokens, size_t at)
{
    size_t n_features = 0;
    const phi_image *image = tokens[at] > INT32_MIN ? phi_engine_find_image(s->engine, -tokens[at]) : NULL;
    if (!image || !phi_image_features(image, &n_features))
        return phi_fail(&s->error, PHI_EINVAL, "sync: token %zu is %d, but the engine has no %simage of that id", at,
                        (int)tokens[at], image ? "encoded " : "");
    *run = count_run(tokens + at, n_tokens - at);
    const size_t n = (size_t)phi_image_n_tokens(image);
    if (*run % n == 0)
        return PHI_OK;
    return phi_fail(&s->error, PHI_EINVAL, "sync: tokens %zu to %zu are %d; that image is %zu tokens long, not %zu", at,
                    at + *run - 1, (int)tokens[at], n, *run);
}

static phi_status check_tokens(phi_session *s, const int32_t *tokens, size_t n_tokens)
{
    const int32_t n_vocabulary = s->engine->model->hparams.n_vocabulary;
    size_t run;
    for (size_t i = 0; i < n_tokens; i += run) {
        run = 1;
        if (tokens[i] >= n_vocabulary)
            return phi_fail(&s->error, PHI_EINVAL, "sync: token %zu is %d, the vocabulary has %d", i, (int)tokens[i],
                            (int)n_vocabulary);
        if (tokens[i] < 0)
            PHI_TRY(check_image_run(&run, s, tokens, n_tokens, i));
    }
    return PHI_OK;
}

phi_status phi_session_sync(phi_session *s, const int32_t *tokens, size_t n_tokens)
{
    if (!tokens || n_tokens == 0)
        return phi_fail(&s->error, PHI_EINVAL, "sync: at least one token is needed");
    PHI_TRY(check_room(s, n_tokens));
    PHI_TRY(check_tokens(s, tokens, n_tokens));
    const int32_t n = (int32_t)n_tokens;
    int32_t common = 0;
    while (common < n && common < s->n_past && tokens[common] == s->tokens[common])
        common++;
    atomic_store(&s->cancel_flag, 0);
    forget_from(s, common);
    if (common == n && !s->has_logits && !s->options.embeds)
        forget_from(s, n - 1); /* the last token is computed again for its logits */
    memcpy(s->tokens, tokens, n_tokens * sizeof tokens[0]);
    set_target(s, n);
    s->stats.n_cached_tokens += (uint64_t)s->n_past;
    return PHI_OK;
}

phi_status phi_session_append(phi_session *s, int32_t token)
{
    if (token < 0 || token >= s->engine->model->hparams.n_vocabulary)
        return phi_fail(&s->error, PHI_EINVAL, "append: token %d, the vocabulary has %d", (int)token,
                        (int)s->engine->model->hparams.n_vocabulary);
    PHI_TRY(check_room(s, (size_t)s->n_target + 1));
    s->tokens[s->n_target] = token;
    set_target(s, s->n_target + 1);
    return PHI_OK;
}

/* Rows [first, first + n) of the batch are one image's, which begins somewhere before or there. */
static phi_status place_image(phi_session *s, int32_t first, int32_t n)
{
    const size_t d = (size_t)s->engine->model->hparams.d_model;
    const int32_t pos = s->n_past + first;
    const phi_image *image = phi_engine_find_image(s->engine, -s->tokens[pos]);
    size_t n_features;
    int32_t begin = pos;
    if (!image)
        return phi_fail(&s->error, PHI_ESTATE, "step: image %d of the text is gone, and the text must be encoded again",
                        (int)-s->tokens[pos]);
    while (begin > 0 && s->tokens[begin - 1] == s->tokens[pos])
        begin--;
    const float *features = phi_image_features(image, &n_features);
    for (int32_t i = 0; i < n; i++)
        memcpy(s->forward.x + (size_t)(first + i) * d,
               features + (size_t)((pos + i - begin) % phi_image_n_tokens(image)) * d, d * sizeof *features);
    return PHI_OK;
}

/* The batch's first layer's input: embeddings of tokens, features of images. */
static phi_status fill_batch(phi_session *s, int32_t n)
{
    const int32_t *tokens = s->tokens + s->n_past;
    int32_t run;
    for (int32_t i = 0; i < n; i += run) {
        run = 1;
        while (i + run < n && (tokens[i] < 0 ? tokens[i + run] == tokens[i] : tokens[i + run] >= 0))
            run++;
        if (tokens[i] < 0)
            PHI_TRY(place_image(s, i, run));
        else
            phi_forward_embed(&s->forward, &s->exec, i, tokens + i, run);
    }
    return PHI_OK;
}

static phi_status begin_batch(phi_session *s)
{
    const int32_t left = s->n_target - s->n_past;
    const int32_t n = left < s->options.n_batch ? left : s->options.n_batch;
    PHI_TRY(fill_batch(s, n));
    phi_forward_begin(&s->forward, n, s->n_past, s->uses_long);
    if (s->options.embeds && s->n_past == 0)
        memset(s->forward.sum, 0, (size_t)s->engine->model->hparams.d_model * sizeof(double));
    s->has_logits = false;
    s->layer = 0;
    return PHI_OK;
}

static void end_batch(phi_session *s)
{
    s->n_past += s->forward.batch.n_tokens;
    s->layer = -1;
    if (s->is_prefill)
        s->stats.n_prefill_tokens += (uint64_t)s->forward.batch.n_tokens;
    else
        s->stats.n_decode_tokens += (uint64_t)s->forward.batch.n_tokens;
    if (s->options.embeds) {
        phi_forward_hidden(&s->forward, &s->exec);
    } else if (s->n_past == s->n_target) {
        phi_forward_head(&s->forward, &s->exec);
        s->has_logits = true;
    }
}

static phi_status advance(phi_session *s)
{
    while (s->n_past < s->n_target) {
        if (atomic_load_explicit(&s->cancel_flag, memory_order_relaxed) != 0) {
            atomic_store(&s->cancel_flag, 0);
            s->layer = -1;
            s->n_target = s->n_past;
            return phi_fail(&s->error, PHI_ECANCELED, "cancelled by the caller; %d tokens are in the cache",
                            (int)s->n_past);
        }
        if (s->layer < 0)
            PHI_TRY(begin_batch(s));
        phi_forward_layer(&s->forward, &s->exec, &s->kv, s->layer);
        s->layer++;
        if (s->layer == s->engine->model->hparams.n_layers)
            end_batch(s);
        if (s->options.yields && s->n_past < s->n_target)
            return PHI_PENDING;
    }
    return PHI_OK;
}

phi_status phi_session_step(phi_session *s)
{
    if (s->n_target == 0)
        return phi_fail(&s->error, PHI_ESTATE, "step: sync() a text first");
    const double begin = phi_pool_now_us();
    const bool is_prefill = s->is_prefill;
    const phi_status status = advance(s);
    const double spent = phi_pool_now_us() - begin;
    if (is_prefill)
        s->stats.prefill_us += spent;
    else
        s->stats.decode_us += spent;
    return status;
}

const float *phi_session_logits(const phi_session *s, size_t *n_out)
{
    *n_out = s->has_logits ? (size_t)s->engine->model->hparams.n_vocabulary : 0;
    return s->has_logits ? s->forward.logits : NULL;
}

const float *phi_session_embedding(phi_session *s, phi_pooling kind, size_t *n_out)
{
    const size_t d = (size_t)s->engine->model->hparams.d_model;
    const bool is_known = kind == PHI_POOLING_LAST || kind == PHI_POOLING_MEAN;
    *n_out = 0;
    if (!s->options.embeds || !is_known || s->n_past == 0 || s->n_past != s->n_target)
        return NULL;
    *n_out = d;
    if (kind == PHI_POOLING_LAST)
        return s->forward.last;
    for (size_t i = 0; i < d; i++)
        s->embedding[i] = (float)(s->forward.sum[i] / (double)s->n_past);
    return s->embedding;
}

int32_t *phi_session_cancel_flag(phi_session *s)
{
    return (int32_t *)&s->cancel_flag;
}

int32_t phi_session_n_context(const phi_session *s)
{
    return s->options.n_context;
}

int32_t phi_session_n_past(const phi_session *s)
{
    return s->n_past;
}

int32_t phi_session_n_left(const phi_session *s)
{
    return s->n_target - s->n_past;
}

phi_status phi_session_get_stats(const phi_session *s, phi_session_stats *out)
{
    if (!out)
        return PHI_EINVAL;
    *out = s->stats;
    return PHI_OK;
}
