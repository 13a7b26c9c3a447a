/* Compiles constraints and walks through their masks while the k-th block request fails, for all k until none does. */
#include "check.h"
#include "constrain.h"

static const char schema[] =
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"^[a-z]{1,4}$\"},\"n\":{\"type\":"
    "\"number\","
    "\"minimum\":0.5},\"l\":{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}},\"e\":{\"enum\":[1,\"two\",[3]]},\"o\":{"
    "\"oneOf\":"
    "[{\"type\":\"null\"},{\"type\":\"string\",\"maxLength\":5}]}},\"required\":[\"a\"],\"maxProperties\":4}";

static phi_status make_tokenizer(phi_tokenizer **out, phi_arena *arena, phi_error *err)
{
    static const phi_str texts[] = {{"{\"", 2}, {"a", 1}, {"\"", 1}, {":", 1}, {"}", 1}, {",", 1}, {"{", 1},
                                    {"bc", 2},  {" ", 1}, {"1", 1},  {"n", 1}, {"0", 1}, {".", 1}};
    const phi_vocabulary v = {.model = PHI_STR("llama"),
                              .pre = PHI_STR("default"),
                              .texts = texts,
                              .n_tokens = sizeof texts / sizeof texts[0],
                              .bos_id = -1,
                              .eos_id = -1,
                              .unknown_id = -1};
    return phi_tokenizer_create(out, arena, &v, err);
}

static phi_status walk(phi_constraint *c, phi_error *err)
{
    static const int32_t ids[] = {0, 1, 2, 3, 2, 7, 2, 4}; /* {"a":"bc"} */
    phi_matcher m;
    phi_mask mask;
    phi_status status = PHI_OK;
    phi_matcher_begin(&m, c);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && status == PHI_OK; i++) {
        status = phi_matcher_get_mask(&mask, &m, err);
        if (status == PHI_OK)
            status = phi_matcher_accept(&m, ids[i], err);
    }
    phi_matcher_end(&m);
    return status;
}

static phi_status compile_and_walk(phi_error *err)
{
    const phi_constraint_text texts[] = {
        {.text = {schema, sizeof schema - 1}, .flags = {"", 0}},
        {.is_regex = true, .text = {"\\{\".{1,3}\":\"(bc|a)\"\\}", 21}, .flags = {"", 0}}};
    phi_arena arena;
    phi_tokenizer *t;
    phi_token_trie *trie;
    phi_arena_init(&arena, 0);
    phi_status status = make_tokenizer(&t, &arena, err);
    if (status == PHI_OK)
        status = phi_token_trie_create(&trie, &arena, t, err);
    for (int i = 0; i < 2 && status == PHI_OK; i++) {
        phi_constraint *c;
        status = phi_constraint_create(&c, trie, &texts[i], err);
        if (status == PHI_OK)
            status = walk(c, err);
        phi_constraint_destroy(c);
    }
    phi_arena_deinit(&arena);
    return status;
}

TEST(fault_alloc_constrain__reports_every_failed_request)
{
    const uint64_t held = phi_arena_total_held();
    phi_status status = PHI_ENOMEM;
    uint64_t k = 0;
    while (status != PHI_OK && k < 20000) {
        phi_error err = {0};
        (void)phi_arena_fail_at(++k);
        status = compile_and_walk(&err);
        (void)phi_arena_fail_at(0);
        CHECK_TEXT(status == PHI_OK || status == PHI_ENOMEM ? "" : err.text, "");
        CHECK_INT(phi_arena_total_held(), held);
    }
    CHECK_INT(status, PHI_OK);
    CHECK(k > 20);
}
