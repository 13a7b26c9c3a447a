/* Sessions over a tiny model: sync, rewind, clone, cancel, limits. */
#include <string.h>

#include "check.h"
#include "model_file.h"

enum { N_TOKENS = 40 };

typedef struct bench {
    model_file file;
    phi_engine *engine;
    phi_session *session;
    int32_t tokens[N_TOKENS];
} bench;

static bool set_up_threads(bench *b, const char *model, const phi_session_options *options, int32_t n_threads)
{
    *b = (bench){.file = model_file_read(model)};
    phi_engine_options eo = phi_engine_options_default();
    eo.n_threads = n_threads;
    if (!b->file.bytes || model_file_load(&b->engine, &b->file, &eo, NULL) != PHI_OK)
        return false;
    for (int i = 0; i < N_TOKENS; i++)
        b->tokens[i] = 3 + (i * 37) % 150;
    return phi_session_create(&b->session, b->engine, options) == PHI_OK;
}

static bool set_up(bench *b, const char *model, const phi_session_options *options)
{
    return set_up_threads(b, model, options, 1);
}

static void tear_down(bench *b)
{
    phi_session_destroy(b->session);
    phi_engine_destroy(b->engine);
    model_file_close(&b->file);
}

static bool logits_after(float *out, size_t *n, phi_session *s, const int32_t *tokens, size_t n_tokens)
{
    if (phi_session_sync(s, tokens, n_tokens) != PHI_OK || model_compute(s) != PHI_OK)
        return false;
    const float *logits = phi_session_logits(s, n);
    if (!logits || *n > 1024)
        return false;
    memcpy(out, logits, *n * sizeof *out);
    return true;
}

TEST(api_session__rewinding_and_cloning_give_the_same_bits)
{
    float first[1024], again[1024];
    size_t n, m;
    bench b;
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "phi3-gqa.gguf", &so));
    CHECK(logits_after(first, &n, b.session, b.tokens, 30));
    CHECK(logits_after(again, &m, b.session, b.tokens, N_TOKENS));
    CHECK(logits_after(again, &m, b.session, b.tokens, 30)); /* back by ten */
    CHECK(memcmp(first, again, n * sizeof *first) == 0);

    phi_session *copy;
    CHECK_INT(phi_session_clone(&copy, b.session), PHI_OK);
    CHECK_INT(phi_session_append(copy, b.tokens[5]), PHI_OK);
    CHECK_INT(model_compute(copy), PHI_OK);
    CHECK_INT(phi_session_n_past(copy), 31);
    CHECK_INT(phi_session_n_past(b.session), 30);
    CHECK(logits_after(again, &m, copy, b.tokens, 30));
    CHECK(memcmp(first, again, n * sizeof *first) == 0);
    phi_session_destroy(copy);
    tear_down(&b);
}

TEST(api_session__cached_tokens_are_not_computed_again)
{
    float logits[1024];
    size_t n;
    bench b;
    phi_session_stats stats;
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "phi3-mha.gguf", &so));
    CHECK(logits_after(logits, &n, b.session, b.tokens, 20));
    CHECK(logits_after(logits, &n, b.session, b.tokens, 30));
    CHECK_INT(phi_session_get_stats(b.session, &stats), PHI_OK);
    CHECK_INT(stats.n_prefill_tokens, 30);
    CHECK_INT(stats.n_cached_tokens, 20);
    tear_down(&b);
}

TEST(api_session__cancel_takes_effect_within_one_layer)
{
    bench b;
    phi_session_options so = phi_session_options_default();
    so.yields = 1;
    CHECK(set_up(&b, "phi3-mha.gguf", &so));
    CHECK_INT(phi_session_sync(b.session, b.tokens, 30), PHI_OK);
    CHECK_INT(phi_session_step(b.session), PHI_PENDING); /* one layer */
    *phi_session_cancel_flag(b.session) = 1;
    CHECK_INT(phi_session_step(b.session), PHI_ECANCELED);
    CHECK_INT(*phi_session_cancel_flag(b.session), 0);
    CHECK_INT(phi_session_n_left(b.session), 0);
    float logits[1024];
    size_t n;
    CHECK(logits_after(logits, &n, b.session, b.tokens, 30)); /* and goes on */
    tear_down(&b);
}

TEST(api_session__too_many_tokens_say_how_many)
{
    bench b;
    phi_session_options so = phi_session_options_default();
    so.n_context = 16;
    CHECK(set_up(&b, "phi3-mha.gguf", &so));
    CHECK_INT(phi_session_sync(b.session, b.tokens, 17), PHI_ECONTEXT);
    CHECK_INT(phi_session_error(b.session)->requested, 17);
    CHECK_INT(phi_session_error(b.session)->quota, 16);
    CHECK_INT(phi_session_sync(b.session, b.tokens, 16), PHI_OK);
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK_INT(phi_session_append(b.session, 5), PHI_ECONTEXT);
    tear_down(&b);
}

TEST(api_session__refuses_tokens_and_options_out_of_range)
{
    bench b;
    phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "phi3-mha.gguf", &so));
    const int32_t bad[] = {1, 1 << 20};
    CHECK_INT(phi_session_sync(b.session, bad, 2), PHI_EINVAL);
    CHECK_INT(phi_session_sync(b.session, bad, 0), PHI_EINVAL);
    CHECK_INT(phi_session_append(b.session, -1), PHI_EINVAL);
    CHECK_INT(phi_session_step(b.session), PHI_ESTATE);
    phi_session *s;
    so.n_context = 1 << 30;
    CHECK_INT(phi_session_create(&s, b.engine, &so), PHI_EINVAL);
    so = phi_session_options_default();
    so.kv_type = 7;
    CHECK_INT(phi_session_create(&s, b.engine, &so), PHI_EINVAL);
    tear_down(&b);
}

/* A text as a vector, copied; false if it could not be had. */
static bool embedding_of(float *out, phi_session *s, const int32_t *tokens, size_t n_tokens, phi_pooling kind)
{
    size_t n;
    if (phi_session_sync(s, tokens, n_tokens) != PHI_OK || model_compute(s) != PHI_OK)
        return false;
    const float *vector = phi_session_embedding(s, kind, &n);
    if (!vector || n != 96)
        return false;
    memcpy(out, vector, n * sizeof *out);
    return true;
}

TEST(api_session__an_embedding_is_the_same_bits_in_any_batches_and_threads)
{
    float first[2][96], again[96];
    for (int i = 0; i < 6; i++) {
        static const int32_t batches[] = {0, 1, 7, 40};
        bench b;
        phi_session_options so = phi_session_options_default();
        so.embeds = 1;
        so.n_batch = batches[i % 4];
        CHECK(set_up_threads(&b, "phi3-gqa.gguf", &so, 1 + i % 3));
        for (int kind = PHI_POOLING_LAST; kind <= PHI_POOLING_MEAN; kind++) {
            CHECK(embedding_of(i == 0 ? first[kind] : again, b.session, b.tokens, N_TOKENS, (phi_pooling)kind));
            CHECK(i == 0 || memcmp(first[kind], again, sizeof again) == 0);
        }
        tear_down(&b);
    }
    CHECK(memcmp(first[PHI_POOLING_LAST], first[PHI_POOLING_MEAN], sizeof again) != 0);
}

TEST(api_session__an_embedding_goes_on_where_the_text_does_and_else_begins_anew)
{
    float whole[96], again[96];
    phi_session_stats stats;
    bench b;
    phi_session_options so = phi_session_options_default();
    so.embeds = 1;
    CHECK(set_up(&b, "phi3-gqa.gguf", &so));
    CHECK(embedding_of(whole, b.session, b.tokens, 30, PHI_POOLING_MEAN));
    CHECK(embedding_of(again, b.session, b.tokens, 30, PHI_POOLING_MEAN)); /* nothing to compute */
    CHECK(memcmp(whole, again, sizeof whole) == 0);
    CHECK_INT(phi_session_get_stats(b.session, &stats), PHI_OK);
    CHECK_INT(stats.n_prefill_tokens, 30);
    CHECK(embedding_of(again, b.session, b.tokens, 20, PHI_POOLING_MEAN)); /* a prefix: anew */
    CHECK(embedding_of(again, b.session, b.tokens, 30, PHI_POOLING_MEAN)); /* goes on */
    CHECK(memcmp(whole, again, sizeof whole) == 0);
    CHECK_INT(phi_session_get_stats(b.session, &stats), PHI_OK);
    CHECK_INT(stats.n_prefill_tokens, 30 + 20 + 10);

    phi_session *copy;
    CHECK_INT(phi_session_sync(b.session, b.tokens, 29), PHI_OK);
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK_INT(phi_session_clone(&copy, b.session), PHI_OK);
    CHECK(embedding_of(again, copy, b.tokens, 30, PHI_POOLING_MEAN));
    CHECK(memcmp(whole, again, sizeof whole) == 0);
    phi_session_destroy(copy);
    tear_down(&b);
}

TEST(api_session__a_session_embeds_or_generates)
{
    size_t n;
    bench b;
    phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "phi3-gqa.gguf", &so));
    CHECK_INT(phi_session_sync(b.session, b.tokens, 5), PHI_OK);
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK(!phi_session_embedding(b.session, PHI_POOLING_MEAN, &n));
    CHECK_INT(n, 0);
    phi_plan logits, embeds;
    CHECK_INT(phi_engine_plan(b.engine, &so, &logits), PHI_OK);
    tear_down(&b);

    so.embeds = 1;
    CHECK(set_up(&b, "phi3-gqa.gguf", &so));
    CHECK_INT(phi_engine_plan(b.engine, &so, &embeds), PHI_OK);
    CHECK(embeds.session_bytes < logits.session_bytes + 96 * 16);
    const phi_generate_options go = phi_generate_options_default();
    CHECK_INT(phi_generate_begin(b.session, &go, b.tokens, 5), PHI_ESTATE);
    CHECK(!phi_session_embedding(b.session, PHI_POOLING_MEAN, &n)); /* nothing yet */
    CHECK_INT(phi_session_sync(b.session, b.tokens, 5), PHI_OK);
    CHECK(!phi_session_embedding(b.session, PHI_POOLING_MEAN, &n)); /* not computed */
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK(phi_session_embedding(b.session, PHI_POOLING_MEAN, &n));
    CHECK_INT(n, 96);
    CHECK(!phi_session_embedding(b.session, (phi_pooling)7, &n));
    CHECK(!phi_session_logits(b.session, &n));
    tear_down(&b);
    so.embeds = 2;
    CHECK(!set_up(&b, "phi3-gqa.gguf", &so));
    tear_down(&b);
}
