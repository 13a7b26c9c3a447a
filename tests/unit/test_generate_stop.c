#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "stop.h"

static phi_error g_err;
static phi_arena g_arena;

static phi_stop *create(const char *const *stops, size_t n)
{
    phi_str list[PHI_LIMIT_STOP_STRINGS];
    phi_stop *s = NULL;
    for (size_t i = 0; i < n; i++)
        list[i] = phi_str_of(stops[i]);
    phi_arena_deinit(&g_arena);
    phi_arena_init(&g_arena, 4096);
    (void)phi_stop_create(&s, &g_arena, list, n, 64, &g_err);
    return s;
}

/* Feeds `text` in pieces of `step` bytes, collects what comes out, flushes. Returns the hit. */
static int32_t run(char *out, phi_stop *s, const char *text, size_t step)
{
    phi_stop_output piece = {{"", 0}, -1};
    size_t n = 0;
    const size_t len = strlen(text);
    for (size_t i = 0; i < len; i += step) {
        const size_t bytes = len - i < step ? len - i : step;
        if (phi_stop_feed(&piece, s, (phi_str){text + i, bytes}, &g_err) != PHI_OK)
            return -2;
        memcpy(out + n, piece.text.ptr, piece.text.len);
        n += piece.text.len;
    }
    const phi_str rest = phi_stop_flush(s);
    memcpy(out + n, rest.ptr, rest.len);
    out[n + rest.len] = 0;
    return piece.hit_idx;
}

TEST(generate_stop__cuts_at_the_first_stop_however_the_text_is_split)
{
    static const char *const stops[] = {"<|end|>", "\n\nQ:", "aab", "\xe2\x82\xac", "ab", "END"};
    static const struct {
        const char *text;
        const char *out;
        int32_t hit;
    } cases[] = {
        {"plain text", "plain text", -1},
        {"", "", -1},
        {"one<|end|>two", "one", 0},
        {"<|end|>", "", 0},
        {"<|end", "<|end", -1},
        {"a <|en<|end|>", "a <|en", 0},
        {"x\n\n\nQ: y", "x\n", 1},
        {"aaaab", "aa", 2}, /* "aab" and "ab" end together: the longer counts */
        {"acab!", "ac", 4},
        {"5 \xe2\x82\xac", "5 ", 3},
        {"5 \xe2\x82\xa9 END", "5 \xe2\x82\xa9 ", 5},
        {"ENENENDEND", "ENEN", 5},
        {"EN", "EN", -1},
    };
    for (size_t step = 1; step < 16; step++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            char out[64];
            phi_stop *s = create(stops, 6);
            CHECK(s != NULL);
            CHECK_INT(run(out, s, cases[i].text, step), cases[i].hit);
            CHECK_TEXT(out, cases[i].out);
        }
    }
    phi_arena_deinit(&g_arena);
}

TEST(generate_stop__holds_back_no_more_than_it_must)
{
    static const char *const stops[] = {"abcabd"};
    static const struct {
        const char *in;
        const char *out;
    } feeds[] = {{"xab", "x"},  {"c", ""},     {"ab", ""}, {"c", "abc"},
                 {"z", "abcz"}, {"abcab", ""}, {"d", ""},  {"more", ""}};
    phi_stop *s = create(stops, 1);
    phi_stop_output piece;
    for (size_t i = 0; i < 8; i++) {
        CHECK_INT(phi_stop_feed(&piece, s, phi_str_of(feeds[i].in), &g_err), PHI_OK);
        CHECK(phi_str_equal(piece.text, phi_str_of(feeds[i].out)));
        CHECK_INT(piece.hit_idx, i >= 6 ? 0 : -1);
    }
    CHECK_INT(phi_stop_flush(s).len, 0);
    CHECK_INT(phi_stop_feed(&piece, s, PHI_STR("abcabe"), &g_err), PHI_OK); /* as new */
    CHECK(phi_str_equal(piece.text, PHI_STR("abcabe")));
    phi_arena_deinit(&g_arena);
}

TEST(generate_stop__passes_everything_without_stops)
{
    phi_stop *s = create(NULL, 0);
    phi_stop_output piece;
    CHECK_INT(phi_stop_feed(&piece, s, PHI_STR("all of it"), &g_err), PHI_OK);
    CHECK(phi_str_equal(piece.text, PHI_STR("all of it")));
    CHECK_INT(phi_stop_flush(s).len, 0);
    phi_arena_deinit(&g_arena);
}

TEST(generate_stop__refuses_bad_strings)
{
    static char big[PHI_STOP_BYTES_MAX + 1];
    phi_str many[PHI_LIMIT_STOP_STRINGS + 1];
    phi_stop *s;
    phi_stop_output piece;
    memset(big, 'x', sizeof big);
    phi_arena_deinit(&g_arena);
    phi_arena_init(&g_arena, 4096);
    for (size_t i = 0; i <= PHI_LIMIT_STOP_STRINGS; i++)
        many[i] = (phi_str){big, 1 + i};
    CHECK_INT(phi_stop_create(&s, &g_arena, many, PHI_LIMIT_STOP_STRINGS + 1, 64, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "stop: 65 strings, expected at most 64");
    CHECK_INT(phi_stop_create(&s, &g_arena, many, PHI_LIMIT_STOP_STRINGS, 64, &g_err), PHI_OK);
    CHECK_INT(phi_stop_feed(&piece, s, (phi_str){big, 65}, &g_err), PHI_EINVAL);
    many[1] = PHI_STR("");
    CHECK_INT(phi_stop_create(&s, &g_arena, many, 2, 64, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "stop: string 1 has 0 bytes, expected 1 to 1024");
    many[1] = (phi_str){big, sizeof big};
    CHECK_INT(phi_stop_create(&s, &g_arena, many, 2, 64, &g_err), PHI_EINVAL);
    many[1] = PHI_STR("\x82xx");
    CHECK_INT(phi_stop_create(&s, &g_arena, many, 2, 64, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "stop: string 1 begins with byte 0x82, inside a UTF-8 sequence; expected whole characters");
    CHECK_INT(phi_stop_create(&s, &g_arena, many, 1, SIZE_MAX, &g_err), PHI_ENOMEM);
    CHECK_INT(phi_stop_create(&s, &g_arena, NULL, 1, 64, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "stop: the list is NULL, expected 1 strings");
    many[1] = (phi_str){NULL, 3};
    CHECK_INT(phi_stop_create(&s, &g_arena, many, 2, 64, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "stop: string 1 is NULL, expected text");
    phi_arena_deinit(&g_arena);
}

/* The plain definition: the least end of any occurrence, of those the longest. */
static size_t find_stop(const char *text, const char *const *stops, size_t n_stops, size_t *end)
{
    const size_t len = strlen(text);
    for (*end = 1; *end <= len; (*end)++) {
        size_t start = len + 1;
        for (size_t i = 0; i < n_stops; i++) {
            const size_t n = strlen(stops[i]);
            if (n <= *end && memcmp(text + *end - n, stops[i], n) == 0 && *end - n < start)
                start = *end - n;
        }
        if (start <= len)
            return start;
    }
    return len;
}

/* Random words over two letters, where beginnings overlap the most. */
TEST(generate_stop__agrees_with_the_definition)
{
    uint32_t seed = 1;
    for (int32_t round = 0; round < 3000; round++) {
        char words[4][8] = {{0}};
        const char *stops[4];
        char text[40] = "";
        char out[64];
        size_t end;
        for (size_t i = 0; i < 4; i++) {
            seed = seed * 1664525 + 1013904223;
            for (size_t k = 0; k < 2 + (seed >> 20) % 5; k++)
                words[i][k] = (char)('a' + (seed >> (24 + k) & 1));
            stops[i] = words[i];
        }
        for (size_t k = 0; k < 30; k++) {
            seed = seed * 1664525 + 1013904223;
            text[k] = seed >> 28 == 0 ? 'c' : (char)('a' + (seed >> 27 & 1));
        }
        const size_t start = find_stop(text, stops, 4, &end);
        phi_stop *s = create(stops, 4);
        const int32_t hit = run(out, s, text, 1 + seed % 7);
        text[start] = 0;
        CHECK_INT(hit >= 0, end <= 30);
        CHECK_TEXT(out, text);
    }
    phi_arena_deinit(&g_arena);
}
