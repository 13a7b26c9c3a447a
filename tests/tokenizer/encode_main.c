/* Encodes many texts with one vocabulary, for tokenizer.test.mjs: `phi tokenize` would open the file
 * for each of them.
 *
 *   phi_encode FILE.gguf none|all|vision|auto < requests > answers
 *
 * A request is: flags (u8, 1: parse special strings, 2: add BOS and EOS), length (u32 little endian),
 * bytes. An answer is a line: ids, a tab, what they decode to as hexadecimal. Times of creation and of
 * long texts go to standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tokenizer.h"
#include "vocabulary_file.h"

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "phi_encode: %s: %s\n", what, why);
    return 1;
}

static double now(void)
{
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_hex(const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        (void)putchar(digits[bytes[i] >> 4]);
        (void)putchar(digits[bytes[i] & 15]);
    }
}

static bool answer(const phi_tokenizer *t, phi_arena *scratch, int flags, phi_str text)
{
    phi_error err = {0};
    size_t n = 0;
    const size_t cap = phi_tokenizer_ids_max(t, text.len);
    int32_t *ids = malloc(cap * sizeof *ids);
    uint8_t *bytes = malloc(PHI_DECODER_BYTES_MAX);
    const phi_encode_options options = {.parses_special = flags & 1, .adds_special = flags & 2};
    const double start = now();
    const bool is_good = ids && bytes && phi_tokenizer_encode(ids, &n, cap, t, text, &options, scratch, &err) == PHI_OK;
    if (!is_good)
        (void)fail("encode", ids && bytes ? err.text : "no memory");
    if (is_good && text.len > 100000)
        fprintf(stderr, "%zu bytes, %zu ids, %.1f ms\n", text.len, n, 1e3 * (now() - start));
    for (size_t i = 0; is_good && i < n; i++)
        printf("%s%d", i ? " " : "", (int)ids[i]);
    printf("\t");
    phi_decoder d = phi_decoder_open(true, true);
    for (size_t i = 0; is_good && i <= n; i++) {
        const size_t n_bytes = i < n ? phi_decoder_push(bytes, &d, t, ids[i]) : phi_decoder_flush(bytes, &d);
        print_hex(bytes, n_bytes);
    }
    printf("\n");
    free(ids);
    free(bytes);
    return is_good;
}

static int serve(const phi_tokenizer *t, phi_arena *scratch)
{
    uint8_t head[5];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const size_t n = (size_t)head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
        char *text = malloc(n + 1);
        if (!text || fread(text, 1, n, stdin) != n)
            return fail("request", "cut off, or no memory");
        const bool is_good = answer(t, scratch, head[0], (phi_str){text, n});
        free(text);
        if (!is_good)
            return 1;
    }
    return 0;
}

static phi_strip_rule rule_of(const char *name)
{
    static const char *const names[] = {"auto", "none", "all", "vision"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (phi_strip_rule)i;
    return PHI_STRIP_AUTO;
}

int main(int argc, char **argv)
{
    phi_error err = {0};
    phi_arena arena;
    phi_arena scratch;
    phi_vocabulary v;
    phi_tokenizer *t;
    size_t n;
    uint64_t file_bytes;
    if (argc != 3)
        return fail("usage", "phi_encode FILE.gguf none|all|vision|auto < requests");
    uint8_t *header = vocabulary_file_read(argv[1], &n, &file_bytes);
    if (!header)
        return fail(argv[1], "cannot be read");
    phi_arena_init(&arena, 1 << 20);
    phi_arena_init(&scratch, 1 << 20);
    if (vocabulary_file_open(&v, &arena, (phi_bytes){header, n}, file_bytes, &err) != PHI_OK)
        return fail(argv[1], err.text);
    v.strip_rule = rule_of(argv[2]);
    const double start = now();
    const size_t before = arena.used_bytes;
    if (phi_tokenizer_create(&t, &arena, &v, &err) != PHI_OK)
        return fail(argv[1], err.text);
    fprintf(stderr, "%d tokens: tables of %zu bytes in %.1f ms\n", (int)phi_tokenizer_n_tokens(t),
            arena.used_bytes - before, 1e3 * (now() - start));
    const int code = serve(t, &scratch);
    phi_arena_deinit(&scratch);
    phi_arena_deinit(&arena);
    free(header);
    return code;
}
