/* The split patterns. Expected pieces were printed by the Python package `regex` with the published patterns, and are
 * checked over far more text by tests/tokenizer/tokenizer.test.mjs against tiktoken and Hugging Face. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "pretokenize.h"
#include "unicode_class.h"
#include "utf8.h"

static const char *split(const char *pre, phi_str text)
{
    static char out[1024];
    const phi_pretokenizer *p = phi_pretokenizer_find(phi_str_of(pre));
    size_t n = 0;
    for (size_t at = 0; p && at < text.len;) {
        const size_t end = phi_pretokenizer_piece_end(p, text, at);
        if (end <= at || end > text.len)
            return "no progress";
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", at ? "|" : "", (int)(end - at), text.ptr + at);
        at = end;
    }
    out[n] = 0;
    return p ? out : "unknown";
}

#define CHECK_SPLIT(pre, text, expected) CHECK_TEXT(split((pre), PHI_STR(text)), (expected))

TEST(tokenizer_pretokenize__words)
{
    CHECK_SPLIT("gpt-2", "Hello world  again", "Hello| world| | again");
    CHECK_SPLIT("gpt-2", "I'm you'RE", "I|'m| you|'|RE");
    CHECK_SPLIT("gpt-2", "a1234 5,\n\nb", "a|1234| 5|,|\n|\n|b");
    CHECK_SPLIT("dbrx", "I'm you'RE they'lld", "I|'m| you|'RE| they|'ll|d");
    CHECK_SPLIT("dbrx", "\tab(cd)$ef", "\tab|(cd|)$|ef");
    CHECK_SPLIT("dbrx", "a1234 5,\n\nb", "a|123|4| |5|,\n\n|b");
    CHECK_SPLIT("qwen2", "a12 3", "a|1|2| |3");
    CHECK_SPLIT("smollm", "a12 3  4b", "a|1|2| |3|  |4|b");
    CHECK_SPLIT("smollm", " x", " x");
    CHECK_SPLIT("llama-bpe", "x  y\n \n z ", "x| | y|\n \n| z| ");
    CHECK_SPLIT("gpt-2", "x  y\n \n z ", "x| | y|\n \n| z| ");
}

TEST(tokenizer_pretokenize__o200k_splits_by_case)
{
    CHECK_SPLIT("gpt-4o", "CamelCaseHTTPServer", "Camel|Case|HTTPServer");
    CHECK_SPLIT("gpt-4o", "it's IT'S'll", "it's| IT'S|'ll");
    CHECK_SPLIT("gpt-4o", "a//\n/b", "a|//\n/|b");
    /* U+4E2D is in both sets: U* gives back up to it, and what follows is a word of its own. */
    CHECK_SPLIT("gpt-4o",
                "\xe4\xb8\xad"
                "AB!",
                "\xe4\xb8\xad|AB|!");
    CHECK_SPLIT("gpt-4o",
                "A\xe4\xb8\xad"
                "Bc",
                "A\xe4\xb8\xad"
                "Bc");
    /* A mark may be the prefix of a word, or the word. */
    CHECK_SPLIT("gpt-4o",
                "\xcc\x81"
                "a \xcc\x81 ",
                "\xcc\x81"
                "a| \xcc\x81| ");
}

TEST(tokenizer_pretokenize__long_s_is_an_s_without_case)
{
    CHECK_SPLIT("dbrx",
                "a'\xc5\xbf"
                "b",
                "a|'\xc5\xbf|b");
    CHECK_SPLIT("gpt-2",
                "a'\xc5\xbf"
                "b",
                "a|'|\xc5\xbf"
                "b");
}

TEST(tokenizer_pretokenize__bad_bytes_are_symbols)
{
    CHECK_SPLIT("dbrx",
                "a\xff\xfe"
                "b \xe4\xbd",
                "a|\xff\xfe|b| \xe4\xbd");
    CHECK_SPLIT("gpt-2", "\xf0\x9f", "\xf0\x9f");
}

TEST(tokenizer_pretokenize__names)
{
    CHECK(phi_pretokenizer_find(PHI_STR("nonsense")) == NULL);
    CHECK(phi_pretokenizer_find(PHI_STR("")) == phi_pretokenizer_find(PHI_STR("default")));
    CHECK(strstr(phi_pretokenizer_names(), "gpt-4o") != NULL);
    CHECK(phi_pretokenizer_takes_whole(phi_pretokenizer_find(PHI_STR("llama-bpe"))));
    CHECK(!phi_pretokenizer_takes_whole(phi_pretokenizer_find(PHI_STR("gpt-4o"))));
}

TEST(tokenizer_unicode__classes)
{
    static const struct {
        int32_t code_point;
        uint32_t kind;
    } cases[] = {{'A', PHI_CLASS_UPPER},         {'z', PHI_CLASS_LOWER},      {'@', PHI_CLASS_OTHER},
                 {'[', PHI_CLASS_OTHER},         {'`', PHI_CLASS_OTHER},      {'0', PHI_CLASS_NUMBER},
                 {0x1c, PHI_CLASS_OTHER},        {0x0b, PHI_CLASS_SPACE},     {0x85, PHI_CLASS_SPACE},
                 {0xa0, PHI_CLASS_SPACE},        {0xaa, PHI_CLASS_LETTER},    {0xb2, PHI_CLASS_NUMBER},
                 {0xdf, PHI_CLASS_LOWER},        {0x100, PHI_CLASS_UPPER},    {0x101, PHI_CLASS_LOWER},
                 {0x139, PHI_CLASS_UPPER},       {0x13a, PHI_CLASS_LOWER},    {0x1c5, PHI_CLASS_UPPER},
                 {0x301, PHI_CLASS_MARK},        {0x903, PHI_CLASS_MARK},     {0x2028, PHI_CLASS_SPACE},
                 {0x200b, PHI_CLASS_OTHER},      {0x2167, PHI_CLASS_NUMBER},  {0x4e00, PHI_CLASS_LETTER},
                 {0x9fff, PHI_CLASS_LETTER},     {0xd7a3, PHI_CLASS_LETTER},  {0xd7a4, PHI_CLASS_OTHER},
                 {0x10400, PHI_CLASS_UPPER},     {0x1f600, PHI_CLASS_OTHER},  {0x20000, PHI_CLASS_LETTER},
                 {0xe0100, PHI_CLASS_MARK},      {0x10ffff, PHI_CLASS_OTHER}, {PHI_UTF8_BAD, PHI_CLASS_OTHER},
                 {PHI_UTF8_CUT, PHI_CLASS_OTHER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(phi_unicode_class(cases[i].code_point), cases[i].kind);
}

TEST(tokenizer_utf8__well_formed_table)
{
    static const struct {
        const char *bytes;
        size_t n;
        int32_t code_point;
        size_t taken;
    } cases[] = {{"\x7f", 1, 0x7f, 1},
                 {"\xc2\x80", 2, 0x80, 2},
                 {"\xc1\x80", 2, PHI_UTF8_BAD, 1},
                 {"\xe0\xa0\x80", 3, 0x800, 3},
                 {"\xe0\x9f\x80", 3, PHI_UTF8_BAD, 1},
                 {"\xed\x9f\xbf", 3, 0xd7ff, 3},
                 {"\xed\xa0\x80", 3, PHI_UTF8_BAD, 1},
                 {"\xf0\x90\x80\x80", 4, 0x10000, 4},
                 {"\xf0\x8f\x80\x80", 4, PHI_UTF8_BAD, 1},
                 {"\xf4\x8f\xbf\xbf", 4, 0x10ffff, 4},
                 {"\xf4\x90\x80\x80", 4, PHI_UTF8_BAD, 1},
                 {"\xf5", 1, PHI_UTF8_BAD, 1},
                 {"\x80", 1, PHI_UTF8_BAD, 1},
                 {"\xf0\x9f\x98", 3, PHI_UTF8_CUT, 3},
                 {"\xf0\x9f\x98z", 4, PHI_UTF8_BAD, 3},
                 {"\xe4", 1, PHI_UTF8_CUT, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t code_point;
        CHECK_INT(phi_utf8_decode(&code_point, (const uint8_t *)cases[i].bytes, cases[i].n), cases[i].taken);
        CHECK_INT(code_point, cases[i].code_point);
    }
}
