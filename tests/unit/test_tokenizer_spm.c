/* SentencePiece BPE. Expected splits are derived by hand from the scores, or by the slow algorithm below. */
#include "check.h"
#include "small_vocabulary.h"

/* Pieces of "hello", merged as: l+l (-1), he (-2), h-e-ll.. by score. */
static small_vocabulary *open_words(void)
{
    small_vocabulary *s = small_open_spm();
    (void)small_add(s, PHI_STR(SPACE_MARK), -10, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("h"), -11, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("e"), -12, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("l"), -13, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("o"), -14, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("a"), -15, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("he"), -2, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("ll"), -1, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("hell"), -4, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("lo"), -3, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR(SPACE_MARK "h"), -5, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("aa"), -6, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR(SPACE_MARK SPACE_MARK), -7, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("<|user|>"), 0, PHI_TOKEN_CONTROL);
    (void)small_add(s, PHI_STR("<|end|>"), 0, PHI_TOKEN_NORMAL); /* as Microsoft's first file has it */
    (void)small_add(s, PHI_STR("<|assistant|>"), 0, PHI_TOKEN_USER_DEFINED);
    (void)small_add(s, PHI_STR("<|endoftext|>"), 0, PHI_TOKEN_CONTROL);
    (void)small_add(s, PHI_STR("[own]"), 0, PHI_TOKEN_USER_DEFINED);
    (void)small_add(s, PHI_STR("[own]e"), 0, PHI_TOKEN_USER_DEFINED);
    (void)small_add(s, PHI_STR("[PAD278]"), 0, PHI_TOKEN_UNUSED);
    (void)small_add(s, PHI_STR("[PAD278]"), 0, PHI_TOKEN_UNUSED);
    (void)small_add(s, PHI_STR(""), 0, PHI_TOKEN_NORMAL);
    return s;
}

TEST(tokenizer_spm__merges_by_score)
{
    small_vocabulary *s = open_words();
    CHECK_INT(small_create(s), PHI_OK);
    /* ll first, so lo never; he next; hell; then nothing makes "▁hell" */
    CHECK_TEXT(small_encode(s, PHI_STR("hello"), true), SPACE_MARK "|hell|o");
    CHECK_TEXT(small_encode(s, PHI_STR("ho"), true), SPACE_MARK "h|o");
    CHECK_TEXT(small_encode(s, PHI_STR("lo"), true), SPACE_MARK "|lo");
    CHECK_TEXT(small_encode(s, PHI_STR(""), true), "");
    small_close(s);
}

TEST(tokenizer_spm__leftmost_of_equals_merges_first)
{
    small_vocabulary *s = open_words();
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("aaa"), true), SPACE_MARK "|aa|a");
    CHECK_TEXT(small_encode(s, PHI_STR("aaaaa"), true), SPACE_MARK "|aa|aa|a");
    small_close(s);
}

TEST(tokenizer_spm__every_segment_has_its_own_dummy_prefix)
{
    small_vocabulary *s = open_words();
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("ho<|end|>ho"), true), SPACE_MARK "h|o|<|end|>|" SPACE_MARK "h|o");
    CHECK_TEXT(small_encode(s, PHI_STR(" ho"), true), SPACE_MARK "|" SPACE_MARK "h|o");
    CHECK_TEXT(small_encode(s, PHI_STR("  "), true), SPACE_MARK SPACE_MARK "|" SPACE_MARK);
    s->v.adds_space_prefix = false;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("ho<|end|> ho"), true), "h|o|<|end|>|" SPACE_MARK "h|o");
    small_close(s);
}

TEST(tokenizer_spm__strip_rules)
{
    small_vocabulary *s = open_words();
    const phi_str chat = PHI_STR("<|user|>\nho<|end|>\n\t<|assistant|>\n");
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, chat, true), "<|user|>|" SPACE_MARK "|<0x0A>|h|o|<|end|>|" SPACE_MARK
                                            "|<0x0A>|<0x09>|<|assistant|>|" SPACE_MARK "|<0x0A>");
    s->v.strip_rule = PHI_STRIP_ALL;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, chat, true), "<|user|>|" SPACE_MARK "h|o|<|end|>|<|assistant|>");
    /* U+3000 and U+0085 are White_Space, U+200B is not; <|endoftext|> and <s> eat nothing, </s> does. */
    CHECK_TEXT(small_encode(s, PHI_STR("<|end|>\xe3\x80\x80\xc2\x85 ho"), true), "<|end|>|" SPACE_MARK "h|o");
    CHECK_TEXT(small_encode(s, PHI_STR("<|end|>\xe2\x80\x8b"), true), "<|end|>|" SPACE_MARK "|<0xE2>|<0x80>|<0x8B>");
    CHECK_TEXT(small_encode(s, PHI_STR("<|endoftext|>\n"), true), "<|endoftext|>|" SPACE_MARK "|<0x0A>");
    CHECK_TEXT(small_encode(s, PHI_STR("</s>\n<s>\n"), true), "</s>|<s>|" SPACE_MARK "|<0x0A>");
    s->v.strip_rule = PHI_STRIP_VISION;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, chat, true),
               "<|user|>|" SPACE_MARK "|<0x0A>|h|o|<|end|>|" SPACE_MARK "|<0x0A>|<0x09>|<|assistant|>");
    small_close(s);
}

TEST(tokenizer_spm__strip_rule_by_name)
{
    static const struct {
        const char *name;
        bool strips;
    } cases[] = {{"Phi3", true},   {"microsoft/Phi-3-mini", true}, {"Phi 3.5 mini", false},
                 {"Phi 4", false}, {"Phi-4-mini-instruct", false}, {"", false},
                 {"ph", false}};
    small_vocabulary *s = open_words();
    s->v.strip_rule = PHI_STRIP_AUTO;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s->v.model_name = phi_str_of(cases[i].name);
        CHECK_INT(small_create(s), PHI_OK);
        CHECK_TEXT(small_encode(s, PHI_STR("<|end|>\n"), true),
                   cases[i].strips ? "<|end|>" : "<|end|>|" SPACE_MARK "|<0x0A>");
    }
    small_close(s);
}

TEST(tokenizer_spm__special_strings_are_text_unless_parsed)
{
    small_vocabulary *s = open_words();
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_INT(phi_tokenizer_type(s->t, phi_tokenizer_find(s->t, PHI_STR("<|end|>"))), PHI_TOKEN_CONTROL);
    CHECK_TEXT(small_encode(s, PHI_STR("<|end|>"), false), SPACE_MARK "|<0x3C>|<0x7C>|e|<0x6E>|<0x64>|<0x7C>|<0x3E>");
    CHECK_TEXT(small_encode(s, PHI_STR("a[own]a"), false), SPACE_MARK "|a|[own]|" SPACE_MARK "|a");
    CHECK_TEXT(small_encode(s, PHI_STR("[own]ea[own]"), true), "[own]e|" SPACE_MARK "|a|[own]");
    CHECK_TEXT(small_encode(s, PHI_STR("[ow"), true), SPACE_MARK "|<0x5B>|o|<0x77>");
    small_close(s);
}

TEST(tokenizer_spm__any_bytes_survive)
{
    small_vocabulary *s = open_words();
    CHECK_INT(small_create(s), PHI_OK);
    const char text[] = "a\0\xc3\xa9\xf0\x9f\x98\x80\xff\xe4\xbd o";
    CHECK_TEXT(small_encode(s, PHI_STR("\xf0\x9f\x98\x80\n"), true), SPACE_MARK "|<0xF0>|<0x9F>|<0x98>|<0x80>|<0x0A>");
    CHECK_TEXT(small_encode(s, (phi_str){text, sizeof text - 1}, true),
               SPACE_MARK "|a|<0x00>|<0xC3>|<0xA9>|<0xF0>|<0x9F>|<0x98>|<0x80>|<0xFF>|<0xE4>|<0xBD>|" SPACE_MARK "|o");
    small_close(s);
}

TEST(tokenizer_spm__without_byte_tokens_a_character_is_unknown)
{
    small_vocabulary *s = small_open("llama", "");
    s->v.unknown_id = small_add(s, PHI_STR("<unk>"), 0, PHI_TOKEN_UNKNOWN);
    (void)small_add(s, PHI_STR("a"), 0, PHI_TOKEN_NORMAL);
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("a\xf0\x9f\x98\x80"), true), "<unk>|a|<unk>");
    s->v.unknown_id = -1;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("a\xf0\x9f\x98\x80"), true), "a");
    small_close(s);
}

TEST(tokenizer_spm__adds_bos_and_eos)
{
    small_vocabulary *s = open_words();
    s->v.adds_bos = true;
    s->v.adds_eos = true;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR(""), true), "<s>|</s>");
    CHECK_TEXT(small_encode(s, PHI_STR("ho"), true), "<s>|" SPACE_MARK "h|o|</s>");
    s->v.bos_id = -1;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR(""), true), "</s>");
    small_close(s);
}

TEST(tokenizer_spm__pieces_may_cross_words)
{
    small_vocabulary *s = open_words();
    (void)small_add(s, PHI_STR("o" SPACE_MARK), -1, PHI_TOKEN_NORMAL);
    (void)small_add(s, PHI_STR("o" SPACE_MARK "a"), -1, PHI_TOKEN_NORMAL);
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("ho a"), true), SPACE_MARK "h|o" SPACE_MARK "a");
    small_close(s);
}

TEST(tokenizer_spm__without_scores_ids_are_the_order)
{
    small_vocabulary *s = open_words();
    s->v.scores = NULL;
    CHECK_INT(small_create(s), PHI_OK);
    CHECK_TEXT(small_encode(s, PHI_STR("hello"), true), SPACE_MARK "|hell|o"); /* he, ll, hell */
    small_close(s);
}

/* The definition, in O(n^3): of all neighbours whose union is a piece, the best score, then the leftmost. */
static size_t encode_slowly(int32_t *ids, const small_vocabulary *s, phi_str text)
{
    phi_str parts[64];
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        parts[n++] = (phi_str){text.ptr + i, 1};
    for (;;) {
        size_t best = n;
        float best_score = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const int32_t id = phi_tokenizer_find(s->t, (phi_str){parts[i].ptr, parts[i].len + parts[i + 1].len});
            if (id >= 0 && (best == n || s->scores[id] > best_score)) {
                best = i;
                best_score = s->scores[id];
            }
        }
        if (best == n)
            break;
        parts[best].len += parts[best + 1].len;
        memmove(&parts[best + 1], &parts[best + 2], (n - best - 2) * sizeof parts[0]);
        n--;
    }
    for (size_t i = 0; i < n; i++)
        ids[i] = phi_tokenizer_find(s->t, parts[i]);
    return n;
}

TEST(tokenizer_spm__random_vocabularies_against_the_definition)
{
    phi_rng rng = phi_rng_seeded(7);
    for (int round = 0; round < 300; round++) {
        static char pool[SMALL_TOKENS_MAX][8];
        small_vocabulary *s = small_open_spm();
        s->v.adds_space_prefix = false;
        for (int i = 0; i < 40; i++) {
            const size_t n = i < 3 ? 1 : 2 + phi_rng_u32(&rng) % 4;
            for (size_t k = 0; k < n; k++)
                pool[i][k] = (char)('a' + (i < 3 ? (unsigned)i : phi_rng_u32(&rng) % 3));
            bool is_new = true;
            for (size_t k = 259; k < s->v.n_tokens; k++)
                is_new = is_new && !phi_str_equal(s->texts[k], (phi_str){pool[i], n});
            if (is_new)
                (void)small_add(s, (phi_str){pool[i], n}, -(float)(phi_rng_u32(&rng) % 12), PHI_TOKEN_NORMAL);
        }
        CHECK_INT(small_create(s), PHI_OK);
        for (int k = 0; k < 20; k++) {
            char text[40];
            int32_t expected[64];
            const size_t n = 1 + phi_rng_u32(&rng) % sizeof text;
            for (size_t i = 0; i < n; i++)
                text[i] = (char)('a' + phi_rng_u32(&rng) % 3);
            const size_t n_expected = encode_slowly(expected, s, (phi_str){text, n});
            (void)small_encode(s, (phi_str){text, n}, true);
            CHECK_INT(s->n_ids, n_expected);
            CHECK(memcmp(expected, s->ids, n_expected * sizeof expected[0]) == 0);
        }
        small_close(s);
    }
}
