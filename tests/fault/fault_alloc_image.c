/* The k-th request for memory fails, for every k until a model that sees is loaded, a picture encoded and a text with
 * it answered; and the k-th range of the file arrives short. */
#include "every_allocation.h"
#include "formula_picture.h"
#include "model_file.h"

enum { TILE = 56, TEXT_MAX = 64 };

static phi_status see_and_answer(void *file)
{
    model_file *f = file;
    int32_t tokens[TEXT_MAX] = {1};
    phi_engine *e;
    phi_session *s = NULL;
    phi_image *i = NULL;
    const phi_engine_options eo = phi_engine_options_default();
    const phi_session_options so = phi_session_options_default();
    phi_status status = model_file_load(&e, f, &eo, NULL);
    if (status == PHI_OK)
        status = picture_create(&i, e, 1, 2 * TILE, TILE);
    if (status == PHI_OK)
        status = picture_compute(i);
    if (status == PHI_OK)
        status = phi_session_create(&s, e, &so);
    if (status == PHI_OK)
        status = phi_session_sync(s, tokens, 1 + picture_tokens(tokens + 1, i));
    if (status == PHI_OK)
        status = model_compute(s);
    phi_session_destroy(s);
    phi_image_destroy(i);
    phi_engine_destroy(e);
    return status;
}

TEST(fault_alloc_image__every_failed_allocation_is_survived)
{
    model_file f = model_file_read("vision-f32.gguf");
    CHECK(f.bytes);
    CHECK(every_allocation_fails(see_and_answer, &f) >= 6); /* engine, staging, weights, features, work, session */
    CHECK_INT(see_and_answer(&f), PHI_OK);
    model_file_close(&f);
}

TEST(fault_alloc_image__a_failed_picture_leaves_the_engine_and_its_other_pictures_as_they_were)
{
    model_file f = model_file_read("vision-f32.gguf");
    phi_engine *e;
    phi_image *first;
    phi_image *second;
    size_t n;
    const phi_engine_options eo = phi_engine_options_default();
    CHECK(f.bytes);
    CHECK_INT(model_file_load(&e, &f, &eo, NULL), PHI_OK);
    CHECK_INT(picture_create(&first, e, 1, TILE, TILE), PHI_OK);
    const uint64_t held = phi_arena_total_held();
    for (uint64_t k = 1; k <= 2; k++) { /* features, work */
        (void)phi_arena_fail_at(k);
        CHECK_INT(picture_create(&second, e, 2, TILE, TILE), PHI_ENOMEM);
        CHECK_INT(phi_engine_error(e)->status, PHI_ENOMEM);
        CHECK_INT(phi_arena_total_held(), held);
    }
    (void)phi_arena_fail_at(0);
    CHECK_INT(picture_create(&second, e, 2, TILE, TILE), PHI_OK);
    CHECK_INT(picture_compute(first), PHI_OK);
    phi_image_destroy(first);
    CHECK_INT(picture_compute(second), PHI_OK);
    CHECK(phi_image_features(second, &n));
    phi_image_destroy(second);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(fault_alloc_image__every_short_range_is_noticed)
{
    model_file f = model_file_read("vision-f32.gguf");
    CHECK(f.bytes);
    f.fault = FAULT_SHORT;
    int n_failures = 0;
    for (f.fault_at = 0; see_and_answer(&f) != PHI_OK; f.fault_at++)
        n_failures++;
    CHECK_INT(n_failures, f.n_ranges);
    CHECK(n_failures >= 58); /* each tensor has one at least */
    model_file_close(&f);
}
