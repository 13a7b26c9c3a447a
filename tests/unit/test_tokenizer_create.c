/* What a file may say of its vocabulary, and what is refused with which words. */
#include "check.h"
#include "small_vocabulary.h"

/* Creates, and gives the error's text, or "" on success. The arena keeps nothing of a failure. */
static const char *create_error(small_vocabulary *s, phi_status expected)
{
    const phi_status status = small_create(s);
    if (status != expected)
        return "another status";
    if (status == PHI_OK)
        return "";
    if (s->t || s->arena.used_bytes > 0)
        return "something was kept";
    return s->err.text;
}

TEST(tokenizer_create__refuses_unknown_families)
{
    small_vocabulary *s = small_open_byte("gpt-5");
    small_merge(s, PHI_STR("a b"));
    CHECK(strstr(create_error(s, PHI_EUNSUPPORTED), "\"gpt-5\"; this build knows default gpt-2") != NULL);
    s->v.model = PHI_STR("bert");
    CHECK_TEXT(create_error(s, PHI_EUNSUPPORTED), "vocabulary: tokenizer \"bert\"; this build knows llama gpt2");
    small_close(s);
}

TEST(tokenizer_create__refuses_sizes_and_ids)
{
    small_vocabulary *s = small_open_spm();
    s->v.bos_id = 259;
    CHECK_TEXT(create_error(s, PHI_ECORRUPT),
               "vocabulary: the beginning-of-text id is 259; expected below 259, the number of tokens");
    s->v.bos_id = -2;
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "id is -2") != NULL);
    s->v.bos_id = 1;
    s->v.n_tokens = 0;
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: 0 tokens; expected 1 to 1048576");
    s->v.n_tokens = (size_t)PHI_LIMIT_VOCABULARY + 1;
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "1048577 tokens") != NULL);
    small_close(s);
}

TEST(tokenizer_create__refuses_broken_tokens)
{
    static char long_text[PHI_LIMIT_TOKEN_BYTES + 1];
    memset(long_text, 'x', sizeof long_text);
    small_vocabulary *s = small_open_spm();
    const int32_t id = small_add(s, (phi_str){long_text, sizeof long_text}, 0, PHI_TOKEN_NORMAL);
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: the text of token 259 has 4097 bytes, the limit is 4096");
    s->texts[id] = PHI_STR("x");
    s->types[id] = 7;
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: token 259 has type 7; expected 1 to 6");
    s->types[id] = PHI_TOKEN_BYTE;
    CHECK_TEXT(create_error(s, PHI_ECORRUPT),
               "vocabulary: token 259 has type 6 (byte) and text \"x\"; expected <0x00> to <0xFF>");
    s->types[id] = PHI_TOKEN_NORMAL;
    s->scores[id] = (float)strtod("nan", NULL);
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: the score of token 259 is not a number");
    s->scores[id] = 0;
    s->texts[id] = PHI_STR("<s>");
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: tokens 1 and 259 have the same text \"<s>\"");
    s->types[id] = PHI_TOKEN_UNUSED;
    CHECK_TEXT(create_error(s, PHI_OK), "");
    CHECK_INT(phi_tokenizer_find(s->t, PHI_STR("<s>")), 1);
    small_close(s);
}

TEST(tokenizer_create__refuses_broken_merges)
{
    small_vocabulary *s = small_open_byte("gpt-2");
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "0 merges; expected 1 to") != NULL);
    small_merge(s, PHI_STR("a b"));
    small_merge(s, PHI_STR("ab"));
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: merge 1 is \"ab\"; expected \"left right\"");
    s->merges[1] = PHI_STR("a ");
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "merge 1 is \"a \"") != NULL);
    s->merges[1] = PHI_STR("");
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "merge 1 is \"\"") != NULL);
    small_close(s);
}

TEST(tokenizer_create__accepts_what_real_files_hold)
{
    small_vocabulary *s = small_open_spm();
    (void)small_add(s, PHI_STR(""), 0, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR(""), 0, PHI_TOKEN_NORMAL);
    const int32_t undefined = small_add(s, PHI_STR("x"), 0, 0);
    CHECK_TEXT(create_error(s, PHI_OK), "");
    CHECK_INT(phi_tokenizer_type(s->t, 259), PHI_TOKEN_UNUSED);
    CHECK_INT(phi_tokenizer_type(s->t, undefined), PHI_TOKEN_NORMAL);
    CHECK_INT(phi_tokenizer_find(s->t, PHI_STR("")), -1);
    s->v.types = NULL; /* then <0x0A> is known by its text */
    CHECK_TEXT(create_error(s, PHI_OK), "");
    CHECK_INT(phi_tokenizer_type(s->t, 13), PHI_TOKEN_BYTE);
    CHECK_TEXT(small_encode(s, PHI_STR("\n"), true), "<0xE2>|<0x96>|<0x81>|<0x0A>");
    small_close(s);
}

TEST(tokenizer_create__knows_where_generation_ends)
{
    small_vocabulary *s = small_open_spm();
    const int32_t end = small_add(s, PHI_STR("<|end|>"), 0, PHI_TOKEN_NORMAL);
    const int32_t text = small_add(s, PHI_STR("<|endoftext|>"), 0, PHI_TOKEN_CONTROL);
    (void)small_add(s, PHI_STR("<|user|>"), 0, PHI_TOKEN_CONTROL);
    s->v.eos_id = text;
    CHECK_INT(small_create(s), PHI_OK);
    size_t n;
    const int32_t *ids = phi_tokenizer_stop_ids(s->t, &n);
    CHECK_INT(n, 2);
    CHECK_INT(ids[0], text);
    CHECK_INT(ids[1], end);
    CHECK_INT(phi_tokenizer_eos_id(s->t), text);
    CHECK_INT(phi_tokenizer_bos_id(s->t), 1);
    CHECK_INT(phi_tokenizer_n_tokens(s->t), 262);
    small_close(s);
}

TEST(tokenizer_create__refuses_lists_of_ids_out_of_range)
{
    static int32_t many[PHI_LIMIT_STOP_IDS + 1];
    static const int32_t outside[] = {1, 259}, negative[] = {-1};
    small_vocabulary *s = small_open_spm();
    s->v.flags = (phi_token_flags){.has_strips = true, .strips_right = outside, .n_strips_right = 2};
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: an id that strips is 259; expected 0 to 258");
    s->v.flags = (phi_token_flags){.has_strips = true, .strips_left = negative, .n_strips_left = 1};
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: an id that strips is -1; expected 0 to 258");
    s->v.flags = (phi_token_flags){.stop_ids = outside, .n_stop_ids = 2};
    CHECK(strstr(create_error(s, PHI_ECORRUPT), "a stop id is 259") != NULL);
    s->v.flags = (phi_token_flags){.stop_ids = many, .n_stop_ids = PHI_LIMIT_STOP_IDS + 1};
    CHECK_TEXT(create_error(s, PHI_ECORRUPT), "vocabulary: 65 stop ids, the limit is 64");
    s->v.flags.n_stop_ids = PHI_LIMIT_STOP_IDS;
    CHECK_TEXT(create_error(s, PHI_OK), "");
    small_close(s);
}

TEST(tokenizer_encode__wants_room_for_any_text)
{
    small_vocabulary *s = small_open_spm();
    (void)small_add(s, PHI_STR("+"), 0, PHI_TOKEN_USER_DEFINED);
    s->v.adds_bos = true;
    s->v.adds_eos = true;
    CHECK_INT(small_create(s), PHI_OK);
    const phi_encode_options options = {.adds_special = true, .parses_special = true};
    const phi_str text = PHI_STR("a+ +b+");
    const size_t cap = phi_tokenizer_ids_max(s->t, text.len);
    CHECK_INT(phi_tokenizer_encode(s->ids, &s->n_ids, cap - 1, s->t, text, &options, &s->scratch, &s->err), PHI_EINVAL);
    CHECK(strstr(s->err.text, "a text of 6 bytes needs") != NULL);
    /* No token for U+2581 here: three bytes for each space and each dummy prefix. */
    CHECK_INT(phi_tokenizer_encode(s->ids, &s->n_ids, cap, s->t, text, &options, &s->scratch, &s->err), PHI_OK);
    CHECK_INT(s->n_ids, 1 + 4 + 1 + 6 + 1 + 4 + 1 + 1);
    CHECK_INT(s->scratch.used_bytes, 0);
    CHECK_INT(phi_tokenizer_ids_max(s->t, SIZE_MAX), SIZE_MAX);
    small_close(s);
}

TEST(tokenizer_create__survives_every_failing_allocation)
{
    for (int family = 0; family < 2; family++) {
        small_vocabulary *s = family == 0 ? small_open_spm() : small_open_byte("gpt-4o");
        small_merge(s, PHI_STR("a b"));
        phi_status status = PHI_ENOMEM;
        uint64_t k = 1;
        for (; status != PHI_OK && k < 100; k++) {
            phi_arena_deinit(&s->arena);
            phi_arena_init(&s->arena, 1); /* a block for each object */
            (void)phi_arena_fail_at(k);
            status = phi_tokenizer_create(&s->t, &s->arena, &s->v, &s->err);
            (void)phi_arena_fail_at(0);
            CHECK(status == PHI_OK || (status == PHI_ENOMEM && !s->t && s->arena.used_bytes == 0));
        }
        CHECK(k > 5);
        char text[600];
        memset(text, 'a', sizeof text);
        const phi_encode_options options = {.parses_special = true};
        status = PHI_ENOMEM;
        for (k = 1; status != PHI_OK && k < 100; k++) {
            phi_arena_deinit(&s->scratch);
            phi_arena_init(&s->scratch, 1);
            (void)phi_arena_fail_at(k);
            status = phi_tokenizer_encode(s->ids, &s->n_ids, SMALL_IDS_MAX, s->t, (phi_str){text, sizeof text},
                                          &options, &s->scratch, &s->err);
            (void)phi_arena_fail_at(0);
            CHECK(status == PHI_OK || status == PHI_ENOMEM);
            CHECK_INT(s->scratch.used_bytes, 0);
        }
        CHECK_INT(status, PHI_OK);
        CHECK_INT(s->n_ids, family == 0 ? 603 : 600);
        small_close(s);
    }
}
