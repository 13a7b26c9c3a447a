/* Pictures over tiny models that see: encoding, what sessions take and refuse, files that say nonsense. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formula_picture.h"
#include "model_file.h"

enum { TILE = 56, D = 64, VOCABULARY = 320, TEXT_MAX = 256, LANDSCAPE_TOKENS = 17, PORTRAIT_TOKENS = 19 };

typedef struct bench {
    model_file file;
    phi_engine *engine;
    phi_session *session;
    phi_image *landscape; /* 2 x 1 tiles */
    phi_image *portrait;  /* 1 x 2 tiles */
} bench;

static bool set_up(bench *b, const char *model, const phi_session_options *options, int32_t n_threads)
{
    *b = (bench){.file = model_file_read(model)};
    phi_engine_options eo = phi_engine_options_default();
    eo.n_threads = n_threads;
    eo.accuracy_level = 1;
    return b->file.bytes && model_file_load(&b->engine, &b->file, &eo, NULL) == PHI_OK &&
           phi_session_create(&b->session, b->engine, options) == PHI_OK &&
           picture_create(&b->landscape, b->engine, 1, 2 * TILE, TILE) == PHI_OK &&
           picture_create(&b->portrait, b->engine, 2, TILE, 2 * TILE) == PHI_OK;
}

static bool set_up_encoded(bench *b, const char *model, const phi_session_options *options)
{
    return set_up(b, model, options, 1) && picture_compute(b->landscape) == PHI_OK &&
           picture_compute(b->portrait) == PHI_OK;
}

static void tear_down(bench *b)
{
    phi_session_destroy(b->session);
    phi_image_destroy(b->landscape);
    phi_image_destroy(b->portrait);
    phi_engine_destroy(b->engine);
    model_file_close(&b->file);
}

static bool logits_after(float *out, phi_session *s, const int32_t *tokens, size_t n_tokens)
{
    size_t n;
    if (phi_session_sync(s, tokens, n_tokens) != PHI_OK || model_compute(s) != PHI_OK)
        return false;
    const float *logits = phi_session_logits(s, &n);
    if (!logits || n != VOCABULARY)
        return false;
    memcpy(out, logits, n * sizeof *out);
    return true;
}

/* 1, 270, the landscape, 13, 261 */
static size_t short_text(int32_t *tokens, const bench *b)
{
    tokens[0] = 1;
    tokens[1] = 270;
    size_t n = 2 + picture_tokens(tokens + 2, b->landscape);
    tokens[n++] = 13;
    tokens[n++] = 261;
    return n;
}

static bool has_features(const bench *b, const float *expected)
{
    size_t n[2];
    const float *first = phi_image_features(b->landscape, &n[0]);
    const float *second = phi_image_features(b->portrait, &n[1]);
    double worst = 0;
    if (!first || !second || n[0] != LANDSCAPE_TOKENS * D || n[1] != PORTRAIT_TOKENS * D)
        return false;
    for (size_t i = 0; i < n[0] + n[1]; i++) {
        const double delta = (double)(i < n[0] ? first[i] : second[i - n[0]]) - (double)expected[i];
        worst = delta > worst ? delta : -delta > worst ? -delta : worst;
    }
    return worst < 7e-5; /* tests/golden/vision-f32/vision.json, tolerance.features */
}

TEST(api_image__features_are_those_of_hugging_face_at_any_number_of_threads)
{
    size_t n_bytes;
    uint8_t *golden = check_read_file("golden/vision-f32/features.bin", &n_bytes);
    float expected[(LANDSCAPE_TOKENS + PORTRAIT_TOKENS) * D];
    const phi_session_options so = phi_session_options_default();
    CHECK(golden && n_bytes >= sizeof expected);
    memcpy(expected, golden, sizeof expected);
    free(golden);
    for (int32_t n_threads = 1; n_threads <= 4; n_threads *= 2) {
        bench b;
        CHECK(set_up(&b, "vision-f32.gguf", &so, n_threads));
        CHECK_INT(picture_compute(b.landscape), PHI_OK);
        CHECK_INT(picture_compute(b.portrait), PHI_OK);
        CHECK(has_features(&b, expected));
        if (n_threads == 1) { /* the other counts must give these bits, not only the tolerance */
            size_t n;
            memcpy(expected, phi_image_features(b.landscape, &n), LANDSCAPE_TOKENS * D * sizeof(float));
        } else {
            size_t n;
            CHECK(memcmp(expected, phi_image_features(b.landscape, &n), LANDSCAPE_TOKENS * D * sizeof(float)) == 0);
        }
        tear_down(&b);
    }
}

TEST(api_image__logits_behind_a_picture_are_those_of_hugging_face)
{
    /* tests/golden/vision-f32/vision.json, case "one": the whole of it, its last row; tolerance.logits */
    static const int32_t behind[] = {1, 265, 280, 261, 300};
    int32_t tokens[TEXT_MAX] = {1, 270, 13};
    float logits[VOCABULARY], expected[VOCABULARY];
    size_t n_bytes;
    bench b;
    const phi_session_options so = phi_session_options_default();
    uint8_t *golden = check_read_file("golden/vision-f32/one.kv_f16.bin", &n_bytes);
    CHECK(golden && n_bytes >= sizeof expected);
    memcpy(expected, golden + n_bytes - sizeof expected, sizeof expected);
    free(golden);
    CHECK(set_up_encoded(&b, "vision-f32.gguf", &so));
    size_t n = 3 + picture_tokens(tokens + 3, b.landscape);
    memcpy(tokens + n, behind, sizeof behind);
    n += sizeof behind / sizeof behind[0];
    CHECK(logits_after(logits, b.session, tokens, n));
    for (int i = 0; i < VOCABULARY; i++)
        CHECK_NEAR(logits[i], expected[i], 1.1e-3);
    tear_down(&b);
}

TEST(api_image__the_plan_is_what_it_takes_and_work_memory_goes_back)
{
    bench b;
    phi_image_plan plan;
    phi_image *i;
    size_t n;
    const uint64_t slack = 2 * 512; /* headers of two blocks */
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "vision-f32.gguf", &so, 2));
    CHECK_INT(phi_engine_plan_image(b.engine, 3 * TILE, 2 * TILE, &plan), PHI_OK);
    CHECK_INT(plan.n_tokens, (3 * 2 + 1) * 4 + 1 + (2 + 1) * 2);
    CHECK_INT(plan.n_steps, (3 * 2 + 1) * 3);
    const uint64_t before = phi_memory_held();
    CHECK_INT(picture_create(&i, b.engine, 9, 3 * TILE, 2 * TILE), PHI_OK);
    const uint64_t taken = phi_memory_held() - before;
    CHECK(taken >= plan.work_bytes + plan.feature_bytes && taken <= plan.work_bytes + plan.feature_bytes + slack);
    CHECK(phi_image_pixels(i, &n));
    CHECK_INT(n, 3 * 2 * TILE * TILE * 3);
    CHECK(!phi_image_features(i, &n));
    for (int32_t step = 1; step < plan.n_steps; step++) {
        CHECK_INT(phi_image_step(i), PHI_PENDING);
        CHECK_INT(phi_image_n_steps_done(i), step);
        CHECK_INT(phi_memory_held() - before, taken);
        CHECK(!phi_image_pixels(i, &n));
    }
    CHECK_INT(phi_image_step(i), PHI_OK);
    CHECK(phi_memory_held() - before <= plan.feature_bytes + slack);
    CHECK_INT(phi_image_step(i), PHI_OK); /* and stays so */
    CHECK(phi_image_features(i, &n));
    CHECK_INT(n, plan.n_tokens * D);
    phi_image_destroy(i);
    CHECK_INT(phi_memory_held(), before);
    phi_image_destroy(NULL);
    tear_down(&b);
}

TEST(api_image__cancel_takes_effect_before_the_next_step_and_encoding_can_go_on)
{
    bench b;
    size_t n;
    float whole[LANDSCAPE_TOKENS * D];
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "vision-f32.gguf", &so, 1));
    phi_image *again;
    CHECK_INT(picture_compute(b.landscape), PHI_OK);
    memcpy(whole, phi_image_features(b.landscape, &n), sizeof whole);
    CHECK_INT(picture_create(&again, b.engine, 1, 2 * TILE, TILE), PHI_OK);
    CHECK(phi_image_id(again) > phi_image_id(b.portrait));
    CHECK_INT(phi_image_step(again), PHI_PENDING);
    *phi_image_cancel_flag(again) = 1;
    CHECK_INT(phi_image_step(again), PHI_ECANCELED);
    CHECK_INT(phi_image_error(again)->status, PHI_ECANCELED);
    CHECK_INT(*phi_image_cancel_flag(again), 0);
    CHECK_INT(phi_image_n_steps_done(again), 1);
    CHECK_INT(picture_compute(again), PHI_OK); /* the third picture of the engine: the bits of the first */
    CHECK(memcmp(whole, phi_image_features(again, &n), sizeof whole) == 0);
    phi_image_destroy(again);
    tear_down(&b);
}

TEST(api_image__refuses_sizes_and_models_that_do_not_see)
{
    bench b;
    phi_image *i = NULL;
    phi_image_plan plan;
    const phi_session_options so = phi_session_options_default();
    static const int32_t sizes[][2] = {{0, TILE},        {TILE, -TILE},     {TILE + 1, TILE},
                                       {TILE, TILE / 2}, {65 * TILE, TILE}, {9 * TILE, 8 * TILE}};
    CHECK(set_up(&b, "vision-f32.gguf", &so, 1));
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        CHECK_INT(phi_engine_plan_image(b.engine, sizes[k][0], sizes[k][1], &plan), PHI_EINVAL);
        CHECK_INT(phi_image_create(&i, b.engine, sizes[k][0], sizes[k][1]), PHI_EINVAL);
    }
    CHECK_TEXT(phi_engine_error(b.engine)->text,
               "image: 504 x 448 pixels; expected multiples of 56 and at most 64 tiles of that size");
    CHECK_INT(phi_engine_plan_image(b.engine, 64 * TILE, TILE, &plan), PHI_OK);
    tear_down(&b);

    model_file text = model_file_read("phi3-mha.gguf");
    phi_engine *e;
    const phi_engine_options eo = phi_engine_options_default();
    CHECK(text.bytes);
    CHECK_INT(model_file_load(&e, &text, &eo, NULL), PHI_OK);
    CHECK_INT(phi_image_create(&i, e, TILE, TILE), PHI_EUNSUPPORTED);
    CHECK_TEXT(phi_engine_error(e)->text,
               "this model reads text only; for pictures load one that sees, such as Phi-3.5-vision");
    CHECK(strstr(phi_engine_info_json(e), "\"vision\":null"));
    phi_engine_destroy(e);
    model_file_close(&text);
}

TEST(api_image__texts_hold_whole_encoded_pictures_or_are_refused)
{
    bench b;
    int32_t tokens[TEXT_MAX];
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up(&b, "vision-f32.gguf", &so, 1));
    size_t n = short_text(tokens, &b);
    CHECK_INT(phi_session_sync(b.session, tokens, n), PHI_EINVAL);
    CHECK_TEXT(phi_session_error(b.session)->text,
               "sync: token 2 is -1, but the engine has no encoded image of that id");
    CHECK_INT(picture_compute(b.landscape), PHI_OK);
    CHECK_INT(phi_session_sync(b.session, tokens, n), PHI_OK);
    CHECK_INT(phi_session_sync(b.session, tokens, n - 3), PHI_EINVAL); /* cut */
    CHECK_TEXT(phi_session_error(b.session)->text, "sync: tokens 2 to 17 are -1; that image is 17 tokens long, not 16");
    tokens[5] = -7;
    CHECK_INT(phi_session_sync(b.session, tokens, n), PHI_EINVAL);
    tokens[2] = INT32_MIN;
    CHECK_INT(phi_session_sync(b.session, tokens, n), PHI_EINVAL);
    CHECK_TEXT(phi_session_error(b.session)->text,
               "sync: token 2 is -2147483648, but the engine has no image of that id");
    CHECK_INT(phi_session_append(b.session, -1), PHI_EINVAL);
    n = picture_tokens(tokens, b.landscape); /* a text may begin and end with one, and be nothing else */
    n += picture_tokens(tokens + n, b.landscape);
    float logits[VOCABULARY], again[VOCABULARY];
    CHECK(logits_after(logits, b.session, tokens, n));
    CHECK(logits_after(again, b.session, tokens, n / 2));
    CHECK(memcmp(logits, again, sizeof logits) != 0);
    CHECK(logits_after(again, b.session, tokens, n));
    CHECK(memcmp(logits, again, sizeof logits) == 0);
    tear_down(&b);
}

TEST(api_image__pictures_in_the_cache_are_kept_and_cloned)
{
    bench b;
    phi_session *copy;
    phi_session_stats stats;
    int32_t tokens[TEXT_MAX];
    float first[VOCABULARY], again[VOCABULARY];
    phi_session_options so = phi_session_options_default();
    so.n_batch = 5; /* batches begin and end inside pictures */
    CHECK(set_up_encoded(&b, "vision-f32.gguf", &so));
    const size_t n_short = short_text(tokens, &b);
    size_t n = n_short + picture_tokens(tokens + n_short, b.portrait);
    tokens[n++] = 300;
    CHECK(logits_after(first, b.session, tokens, n));
    CHECK(logits_after(again, b.session, tokens, n_short));
    CHECK_INT(phi_session_clone(&copy, b.session), PHI_OK);
    CHECK(logits_after(again, copy, tokens, n));
    CHECK(memcmp(first, again, sizeof first) == 0);
    CHECK_INT(phi_session_get_stats(copy, &stats), PHI_OK);
    CHECK_INT(stats.n_cached_tokens, n_short);
    CHECK_INT(stats.n_prefill_tokens, n - n_short);
    phi_session_destroy(copy);
    so.n_batch = 128;
    CHECK_INT(phi_session_create(&copy, b.engine, &so), PHI_OK);
    CHECK(logits_after(again, copy, tokens, n));
    CHECK(memcmp(first, again, sizeof first) == 0);
    phi_session_destroy(copy);
    tear_down(&b);
}

TEST(api_image__a_picture_that_is_gone_is_missed_when_the_text_is_encoded_again)
{
    bench b;
    int32_t tokens[TEXT_MAX];
    float logits[VOCABULARY];
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up_encoded(&b, "vision-longrope.gguf", &so)); /* the long factors begin behind 64 tokens */
    size_t n = short_text(tokens, &b);
    while (n < 64)
        tokens[n++] = 261;
    CHECK(logits_after(logits, b.session, tokens, n));
    CHECK_INT(phi_session_append(b.session, 262), PHI_OK);
    CHECK_INT(model_compute(b.session), PHI_OK); /* across the border: encoded again, with the picture */
    phi_session *other;
    CHECK_INT(phi_session_create(&other, b.engine, &so), PHI_OK);
    CHECK(logits_after(logits, other, tokens, n));
    phi_image_destroy(b.landscape);
    b.landscape = NULL;
    CHECK_INT(phi_session_append(b.session, 263), PHI_OK); /* from the cache: the picture is not needed */
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK_INT(phi_session_append(other, 262), PHI_OK);
    CHECK_INT(model_compute(other), PHI_ESTATE);
    CHECK_TEXT(phi_session_error(other)->text, "step: image 1 of the text is gone, and the text must be encoded again");
    CHECK(logits_after(logits, other, tokens + 20, 40)); /* the session itself is fine */
    phi_session_destroy(other);
    tear_down(&b);
}

TEST(api_image__generation_and_decoding_pass_over_pictures)
{
    bench b;
    const char *text;
    size_t n_bytes;
    int32_t tokens[TEXT_MAX];
    phi_generated g;
    const phi_session_options so = phi_session_options_default();
    CHECK(set_up_encoded(&b, "vision-f32.gguf", &so));
    const size_t n = short_text(tokens, &b);
    phi_generate_options go = phi_generate_options_default();
    go.max_tokens = 8;
    go.repetition_penalty = 1.3f;
    go.presence_penalty = 0.5f;
    go.frequency_penalty = 0.5f;
    const phi_logit_bias bias = {-1, 5.0f};
    go.biases = &bias;
    go.n_biases = 1;
    CHECK_INT(phi_generate_begin(b.session, &go, tokens, n), PHI_EINVAL);
    go.n_biases = 0;
    CHECK_INT(phi_generate_begin(b.session, &go, tokens, n), PHI_OK);
    phi_status status = PHI_OK;
    int n_generated = 0;
    while (status == PHI_OK || status == PHI_PENDING) {
        status = phi_generate_next(b.session, &g);
        n_generated += status == PHI_OK;
        CHECK(status != PHI_OK || (g.id >= 0 && g.id < VOCABULARY));
    }
    CHECK_INT(status, PHI_DONE);
    CHECK(n_generated > 0);
    CHECK_INT(phi_engine_decode(b.engine, tokens, n, true, &text, &n_bytes), PHI_OK);
    CHECK(n_bytes < n); /* of the four tokens of text only */
    tear_down(&b);
}

TEST(api_image__a_session_that_embeds_reads_pictures)
{
    bench b;
    size_t n;
    int32_t tokens[TEXT_MAX];
    phi_session_options so = phi_session_options_default();
    so.embeds = 1;
    so.n_batch = 7;
    CHECK(set_up_encoded(&b, "vision-f32.gguf", &so));
    const size_t n_tokens = short_text(tokens, &b);
    CHECK_INT(phi_session_sync(b.session, tokens, n_tokens), PHI_OK);
    CHECK_INT(model_compute(b.session), PHI_OK);
    CHECK(phi_session_embedding(b.session, PHI_POOLING_MEAN, &n));
    CHECK_INT(n, D);
    tear_down(&b);
}

/* Where the first occurrence of a key or a tensor's name ends in the file; NULL: nowhere. */
static uint8_t *find_name(const model_file *f, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i + n < f->n; i++)
        if (memcmp(f->bytes + i, name, n) == 0)
            return f->bytes + i + n;
    return NULL;
}

/* What describing the file says of it. */
static phi_error describe_error(model_file *f)
{
    phi_engine *e;
    phi_error err = {0};
    const phi_engine_options eo = phi_engine_options_default();
    if (model_file_load(&e, f, &eo, &err) == PHI_OK)
        phi_engine_destroy(e);
    return err;
}

TEST(api_image__files_that_say_nonsense_of_their_vision_part_are_refused)
{
    static const struct {
        const char *key;
        uint32_t value;
        phi_status status;
        const char *says;
    } rows[] = {
        {"clip.vision.image_size", 57, PHI_EUNSUPPORTED, "tiles of 57 pixels with patches of 14"},
        {"clip.vision.image_size", 42, PHI_EUNSUPPORTED, "an even number of patches"},
        {"clip.vision.image_size", 28, PHI_ECORRUPT, "tensor 'v.position_embd.weight' has shape (17, 64)"},
        {"clip.vision.image_size", 1025, PHI_ECORRUPT, "'clip.vision.image_size' is 1025, expected 1 to 1024"},
        {"clip.vision.patch_size", 0, PHI_ECORRUPT, "'clip.vision.patch_size' is 0"},
        {"clip.vision.patch_size", 7, PHI_ECORRUPT, "tensor 'v.patch_embd.weight'"},
        {"clip.vision.embedding_length", 96, PHI_ECORRUPT, "tensor 'v."},
        {"clip.vision.embedding_length", 0xffffffff, PHI_ECORRUPT, "is 4294967295, expected 1 to"},
        {"clip.vision.feed_forward_length", 64, PHI_ECORRUPT, "tensor 'v.blk.0.ffn_up.bias'"},
        {"clip.vision.block_count", 3, PHI_ECORRUPT, "tensor 'v.blk.2.ln1.weight' is missing"},
        {"clip.vision.block_count", 1, PHI_EUNSUPPORTED, "tensor 'v.blk.1."},
        {"clip.vision.attention.head_count", 3, PHI_EUNSUPPORTED, "3 heads of a width of 64"},
        {"clip.vision.attention.head_count", 32, PHI_EUNSUPPORTED, "32 heads of a width of 64"},
        {"clip.vision.feed_forward_length", 1 << 18, PHI_ECORRUPT, "tensor 'v.blk.0.ffn_up.bias'"},
        {"clip.vision.num_crops", 65, PHI_ECORRUPT, "'clip.vision.num_crops' is 65"},
        {"clip.vision.attention.layer_norm_epsilon", 0x80000000, PHI_ECORRUPT, "expected a positive number"},
        {"clip.has_vision_encoder", 0, PHI_EUNSUPPORTED, "tensor 'v.class_embd' is not part of architecture"},
    };
    model_file f = model_file_read("vision-f32.gguf");
    CHECK(f.bytes);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *value = find_name(&f, rows[i].key);
        uint32_t kept;
        CHECK(value);
        const size_t n = strcmp(rows[i].key, "clip.has_vision_encoder") == 0 ? 1 : 4;
        memcpy(&kept, value + 4, sizeof kept); /* behind the type */
        memcpy(value + 4, &rows[i].value, n);
        const phi_error err = describe_error(&f);
        memcpy(value + 4, &kept, sizeof kept);
        CHECK_INT(err.status, rows[i].status);
        if (!strstr(err.text, rows[i].says))
            printf("%s\n", err.text);
        CHECK(strstr(err.text, rows[i].says));
    }
    model_file_close(&f);
}

TEST(api_image__vision_tensors_and_texts_that_are_wrong_are_named)
{
    static const struct {
        const char *name;
        int back; /* the byte before the end of the name that changes */
        phi_status status;
        const char *says;
    } rows[] = {
        {"mm.glb_gn", 1, PHI_ECORRUPT, "tensor 'mm.glb_gn' is missing"},
        {"v.blk.1.attn_out.bias", 1, PHI_ECORRUPT, "tensor 'v.blk.1.attn_out.bias' is missing"},
        {"clip.vision.image_std", 1, PHI_ECORRUPT, "'clip.vision.image_std' has 0 numbers"},
        {"clip.vision.image_size", 1, PHI_ECORRUPT, "'clip.vision.image_size' is missing"},
        {"phi3v", 1, PHI_EUNSUPPORTED, "vision projector 'phi3x'; this build runs phi3v"},
    };
    model_file f = model_file_read("vision-f32.gguf");
    CHECK(f.bytes);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *end = find_name(&f, rows[i].name);
        CHECK(end);
        const uint8_t kept = end[-rows[i].back];
        end[-rows[i].back] = 'x';
        const phi_error err = describe_error(&f);
        end[-rows[i].back] = kept;
        CHECK_INT(err.status, rows[i].status);
        if (!strstr(err.text, rows[i].says))
            printf("%s\n", err.text);
        CHECK(strstr(err.text, rows[i].says));
    }
    CHECK_INT(describe_error(&f).status, PHI_OK);
    model_file_close(&f);
}
