/* Byte-level BPE. */
#include "check.h"
#include "small_vocabulary.h"

static small_vocabulary *open_merges(const char *pre)
{
    small_vocabulary *s = small_open_byte(pre);
    (void)small_add(s, PHI_STR("ab"), 0, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("bc"), 0, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("abc"), 0, PHI_TOKEN_NORMAL);
    (void)small_add(s,
                    PHI_STR("\xc4\xa0"
                            "a"),
                    0, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("<|im_start|>"), 0, PHI_TOKEN_CONTROL);
    (void)small_add(s, PHI_STR("  "), 0, PHI_TOKEN_USER_DEFINED);
    small_merge(s, PHI_STR("b c"));
    small_merge(s, PHI_STR("a b"));
    small_merge(s, PHI_STR("ab c"));
    small_merge(s, PHI_STR("\xc4\xa0 a"));
    return s;
}

TEST(tokenizer_byte__merges_by_rank)
{
    small_vocabulary *s = open_merges("gpt-2");
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("abc"), true), "a|bc"); /* b c comes first, so abc is never made */
    CHECK_TEXT(small_encode(s, PHI_STR("aba ab"), true), "ab|a|\xc4\xa0|ab");
    CHECK_TEXT(small_encode(s, PHI_STR("a a"), true), "a|\xc4\xa0"
                                                      "a");
    small_close(s);
}

TEST(tokenizer_byte__a_whole_piece_counts_where_the_family_says)
{
    small_vocabulary *s = open_merges("llama-bpe");
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("abc"), true), "abc");
    CHECK_TEXT(small_encode(s, PHI_STR("abcb"), true), "a|bc|b");
    small_close(s);
}

TEST(tokenizer_byte__added_tokens_are_raw_text)
{
    small_vocabulary *s = open_merges("gpt-2");
    s->v.strip_rule = PHI_STRIP_NONE;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("<|im_start|>ab"), true), "<|im_start|>|ab");
    CHECK_INT(s->n_ids, 2);
    (void)small_encode(s, PHI_STR("<|im_start|>"), false);
    CHECK_INT(s->n_ids, 12);
    CHECK_TEXT(small_encode(s, PHI_STR("ab  ab"), false), "ab|  |ab");
    CHECK_TEXT(small_decode(s, false), "ab  ab");
    small_close(s);
}

TEST(tokenizer_byte__any_bytes_survive)
{
    small_vocabulary *s = open_merges("gpt-4o");
    CHECK_INT(small_create(s), PHI_OK);
    uint8_t text[256];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    (void)small_encode(s, (phi_str){(const char *)text, sizeof text}, true);
    size_t n = 0;
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    for (size_t i = 0; i < s->n_ids; i++) {
        const size_t n_piece = phi_tokenizer_piece(piece, s->t, s->ids[i], false);
        CHECK(n + n_piece <= sizeof text && memcmp(text + n, piece, n_piece) == 0);
        n += n_piece;
    }
    CHECK_INT(n, sizeof text);
    small_close(s);
}

TEST(tokenizer_byte__drops_bytes_without_a_token)
{
    small_vocabulary *s = open_merges("gpt-2");
    s->texts[6] = PHI_STR("[no byte 6]");
    CHECK_INT(small_create(s), PHI_OK);
    /* As Hugging Face's tokenizers: the neighbours in the same piece meet. \x06 is a symbol, letters are not. */
    CHECK_TEXT(small_encode(s,
                            PHI_STR("a\x06"
                                    "b"),
                            true),
               "a|b");
    CHECK_TEXT(small_encode(s, PHI_STR("\x06"), true), "");
    CHECK_INT(s->n_ids, 0);
    small_close(s);
}

TEST(tokenizer_byte__merges_of_unknown_parts_never_apply)
{
    small_vocabulary *s = open_merges("gpt-2");
    small_merge(s, PHI_STR("zz y"));
    small_merge(s, PHI_STR("x y"));
    small_merge(s, PHI_STR("b c")); /* again: the first one counts */
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("xyabc"), true), "x|y|a|bc");
    small_close(s);
}

TEST(tokenizer_byte__texts_in_another_spelling_stand_for_themselves)
{
    small_vocabulary *s = open_merges("gpt-2");
    const int32_t id = small_add(s, PHI_STR("\xe4\xbd\xa0 x"), 0, PHI_TOKEN_NORMAL);
    CHECK_INT(small_create(s), PHI_OK);
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    CHECK_INT(phi_tokenizer_piece(piece, s->t, id, false), 5);
    CHECK(memcmp(piece, "\xe4\xbd\xa0 x", 5) == 0);
    small_close(s);
}
