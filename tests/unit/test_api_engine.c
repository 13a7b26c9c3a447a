/* An engine's life: states, hostile models, short and late ranges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "format.h"
#include "model_file.h"

static uint8_t *find_bytes(const model_file *f, const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i + n <= f->n; i++)
        if (memcmp(f->bytes + i, text, n) == 0)
            return f->bytes + i;
    return NULL;
}

/* Loads the file and checks the status and that the message contains every word given. */
static bool fails_with(model_file *f, phi_status expected, const char *word, const char *word2)
{
    phi_engine *e;
    phi_error err = {0};
    const phi_engine_options eo = phi_engine_options_default();
    const phi_status status = model_file_load(&e, f, &eo, &err);
    phi_engine_destroy(e);
    if (status != expected || !strstr(err.text, word) || !strstr(err.text, word2)) {
        check_failed(__FILE__, __LINE__, "%s: %s", phi_status_name(status), err.text);
        return false;
    }
    return true;
}

TEST(api_engine__names_a_missing_tensor)
{
    model_file f = model_file_read("phi3-mha.gguf");
    CHECK(f.bytes);
    uint8_t *name = find_bytes(&f, "blk.1.ffn_norm.weight");
    CHECK(name);
    memcpy(name, "blk.1.ffn_nurm.weight", 21);
    CHECK(fails_with(&f, PHI_ECORRUPT, "blk.1.ffn_norm.weight", "missing"));
    model_file_close(&f);
}

TEST(api_engine__names_a_tensor_of_the_wrong_shape)
{
    model_file f = model_file_read("phi3-mha.gguf");
    CHECK(f.bytes);
    uint8_t *name = find_bytes(&f, "blk.0.attn_output.weight");
    CHECK(name);
    uint8_t *dims = name + 24 + 4; /* u32 n_dims, u64 dims[2]: swap to (rows / 2, columns * 2) */
    uint64_t d[2];
    memcpy(d, dims, sizeof d);
    d[0] *= 2;
    d[1] /= 2;
    memcpy(dims, d, sizeof d);
    CHECK(fails_with(&f, PHI_ECORRUPT, "blk.0.attn_output.weight", "expected"));
    model_file_close(&f);
}

TEST(api_engine__refuses_an_unknown_architecture_by_name)
{
    model_file f = model_file_read("phi3-mha.gguf");
    CHECK(f.bytes);
    uint8_t *value = find_bytes(&f, "general.architecture");
    CHECK(value);
    memcpy(value + 20 + 4 + 8, "qhi3", 4);
    CHECK(fails_with(&f, PHI_EUNSUPPORTED, "qhi3", "phi3"));
    model_file_close(&f);
}

/* The first byte of a tensor's data, or NULL. */
static uint8_t *tensor_bytes(const model_file *f, const char *name)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted;
    uint8_t *at = NULL;
    phi_arena_init(&arena, 1 << 16);
    if (phi_directory_open(&dir, &wanted, &arena, (phi_bytes){f->bytes, f->n}, f->n, NULL) == PHI_OK) {
        const phi_tensor_info *tensor = phi_directory_tensor(&dir, phi_str_of(name));
        at = tensor ? f->bytes + tensor->offset : NULL;
    }
    phi_arena_deinit(&arena);
    return at;
}

TEST(api_engine__refuses_scales_that_are_not_finite)
{
    static const struct {
        const char *model;
        size_t scale_at; /* of a half scale in the first block */
    } cases[] = {{"quant-q4_0.gguf", 0}, {"quant-q4_1.gguf", 2}, {"quant-q8_0.gguf", 0},
                 {"quant-q4_k.gguf", 2}, {"quant-q5_k.gguf", 0}, {"quant-q6_k.gguf", 208}};
    const uint8_t nan_half[2] = {0x00, 0x7e};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_file f = model_file_read(cases[i].model);
        uint8_t *block = f.bytes ? tensor_bytes(&f, "blk.0.attn_output.weight") : NULL;
        CHECK(block);
        memcpy(block + cases[i].scale_at, nan_half, 2);
        CHECK(fails_with(&f, PHI_ECORRUPT, "blk.0.attn_output.weight", "row"));
        model_file_close(&f);
    }
}

TEST(api_engine__refuses_norm_weights_that_are_not_finite)
{
    model_file f = model_file_read("phi3-mha.gguf");
    uint8_t *norm = f.bytes ? tensor_bytes(&f, "blk.1.attn_norm.weight") : NULL;
    const float infinite = INFINITY;
    CHECK(norm);
    memcpy(norm + 8, &infinite, sizeof infinite);
    CHECK(fails_with(&f, PHI_ECORRUPT, "blk.1.attn_norm.weight", "infinite"));
    model_file_close(&f);
}

TEST(api_engine__short_and_missing_ranges_fail_cleanly)
{
    for (int k = 0; k < 12; k++) {
        model_file f = model_file_read("phi3-mha.gguf");
        CHECK(f.bytes);
        f.fault = FAULT_SHORT;
        f.fault_at = k;
        CHECK(fails_with(&f, PHI_ECORRUPT, "bytes of a range", "tensor"));
        f.fault = FAULT_MISSING;
        phi_engine *e;
        const phi_engine_options eo = phi_engine_options_default();
        CHECK_INT(model_file_load(&e, &f, &eo, NULL), PHI_ENETWORK);
        model_file_close(&f);
    }
}

TEST(api_engine__ranges_may_arrive_in_any_order)
{
    model_file f = model_file_read("quant-q4_k.gguf");
    CHECK(f.bytes);
    f.is_late = true;
    phi_engine *e;
    phi_engine_options eo = phi_engine_options_default();
    eo.n_threads = 3;
    CHECK_INT(model_file_load(&e, &f, &eo, NULL), PHI_OK);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(api_engine__calls_out_of_order_say_so)
{
    phi_engine *e;
    phi_session *s;
    uint64_t wanted;
    phi_engine_options eo = phi_engine_options_default();
    const phi_session_options so = phi_session_options_default();
    CHECK_INT(phi_engine_create(&e, &eo, NULL), PHI_OK);
    CHECK_INT(phi_engine_reserve(e), PHI_ESTATE);
    CHECK_INT(phi_engine_provide(e, 0, 1), PHI_ESTATE);
    CHECK_INT(phi_session_create(&s, e, &so), PHI_ESTATE);
    CHECK_INT(phi_engine_describe(e, 0, 10, 100, &wanted), PHI_EINVAL); /* no room asked for */
    CHECK(phi_engine_info_json(e) == NULL);
    phi_engine_destroy(e);
    phi_engine_destroy(NULL);
}

static void check_refused(const phi_engine_options *eo, phi_status expected, const char *text)
{
    phi_engine *e = NULL;
    phi_error error;
    CHECK_INT(phi_engine_create(&e, eo, &error), expected);
    CHECK_INT(error.status, expected);
    CHECK(strstr(error.text, text) != NULL);
    CHECK_INT(phi_engine_create(&e, eo, NULL), expected);
    CHECK(e == NULL);
}

TEST(api_engine__create_says_why_not)
{
    const phi_engine_options good = phi_engine_options_default();
    phi_engine_options eo = good;
    eo.n_threads = 0;
    check_refused(&eo, PHI_EINVAL, "n_threads is 0, expected 1 to 64");
    eo = good;
    eo.kernels = 99;
    check_refused(&eo, PHI_EINVAL, "kernels is 99, expected -1 to ");
    eo = good;
    eo.strip_rule = -1;
    check_refused(&eo, PHI_EINVAL, "strip_rule is -1");
    eo = good;
    eo.staging_bytes = UINT32_MAX;
    check_refused(&eo, PHI_EINVAL, "staging_bytes is 4294967295");
    eo = good;
    eo.accuracy_level = 2;
    check_refused(&eo, PHI_EINVAL, "accuracy_level is 2, expected 1 or 4");
    eo = good;
    eo.struct_size = 0;
    check_refused(&eo, PHI_EINVAL, "struct_size is 0, expected ");
    check_refused(NULL, PHI_EINVAL, "phi_engine_options_default()");
    phi_error error;
    CHECK_INT(phi_engine_create(NULL, &good, &error), PHI_EINVAL);
    CHECK(error.text[0] != 0);
    phi_engine *e;
    CHECK_INT(phi_engine_create(&e, &good, &error), PHI_OK);
    CHECK_INT(error.status, PHI_OK);
    CHECK(error.text[0] == 0);
    phi_engine_destroy(e);
}

TEST(api_engine__measures_the_machine)
{
    phi_engine *e;
    double gemv = 0, gemm = 0;
    phi_engine_options eo = phi_engine_options_default();
    eo.n_threads = 2;
    CHECK_INT(phi_engine_create(&e, &eo, NULL), PHI_OK);
    CHECK_INT(phi_engine_measure(e, 1, &gemv, NULL), PHI_EINVAL);
    const uint64_t held = phi_memory_held();
    CHECK_INT(phi_engine_measure(e, 1, &gemv, &gemm), PHI_OK);
    CHECK(gemv > 0 && isfinite(gemv));
    CHECK(gemm > 0 && isfinite(gemm));
    CHECK(phi_memory_held() == held);
    phi_engine_destroy(e);
}
