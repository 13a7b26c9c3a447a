/* The k-th request for memory fails, for every k until loading and one answer succeed: each failure is a status,
 * nothing leaks (AddressSanitizer says), and the next attempt works. */
#include <string.h>

#include "every_allocation.h"
#include "model_file.h"

static phi_status load_and_answer(void *file)
{
    model_file *f = file;
    static const int32_t tokens[] = {3, 50, 7, 90, 11};
    phi_engine *e;
    phi_session *s = NULL;
    const phi_engine_options eo = phi_engine_options_default();
    const phi_session_options so = phi_session_options_default();
    phi_status status = model_file_load(&e, f, &eo, NULL);
    if (status == PHI_OK)
        status = phi_session_create(&s, e, &so);
    if (status == PHI_OK)
        status = phi_session_sync(s, tokens, 5);
    if (status == PHI_OK)
        status = model_compute(s);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    return status;
}

TEST(fault_alloc_engine__an_engine_that_cannot_be_had_says_why)
{
    const phi_engine_options eo = phi_engine_options_default();
    phi_engine *e;
    phi_error error;
    (void)phi_arena_fail_at(1);
    const phi_status status = phi_engine_create(&e, &eo, &error);
    (void)phi_arena_fail_at(0);
    CHECK_INT(status, PHI_ENOMEM);
    CHECK_INT(error.status, PHI_ENOMEM);
    CHECK_TEXT(error.text, "engine: no memory for its first 1048576 bytes");
}

TEST(fault_alloc_engine__every_failed_allocation_is_survived)
{
    model_file f = model_file_read("phi3-gqa.gguf");
    CHECK(f.bytes);
    CHECK(every_allocation_fails(load_and_answer, &f) >= 4); /* engine, staging, weights, session */
    CHECK_INT(load_and_answer(&f), PHI_OK);
    model_file_close(&f);
}

TEST(fault_alloc_engine__a_session_says_what_it_has_no_memory_for)
{
    const phi_engine_options eo = phi_engine_options_default();
    const phi_session_options so = phi_session_options_default(); /* the model's whole context */
    model_file f = model_file_read("phi3-gqa.gguf");
    phi_engine *e;
    phi_session *s;
    CHECK_INT(model_file_load(&e, &f, &eo, NULL), PHI_OK);
    (void)phi_arena_fail_at(1);
    CHECK_INT(phi_session_create(&s, e, &so), PHI_ENOMEM);
    (void)phi_arena_fail_at(0);
    const phi_error *err = phi_engine_error(e);
    CHECK(strstr(err->text, "session: a context of 512 tokens: ") == err->text);
    CHECK(strstr(err->text, " bytes could not be reserved") != NULL);
    CHECK(err->requested > 512);
    phi_engine_destroy(e);
    model_file_close(&f);
}
