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

#include "format.h"
#include "tokenizer.h"

enum { HEADER_BYTES_MAX = 1 << 26 };

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

static uint8_t *read_header(const char *path, size_t *n, uint64_t *file_bytes)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = f ? malloc(HEADER_BYTES_MAX) : NULL;
    *n = 0;
    *file_bytes = 0;
    if (bytes) {
        *n = fread(bytes, 1, HEADER_BYTES_MAX, f);
        (void)fseek(f, 0, SEEK_END);
        *file_bytes = (uint64_t)ftell(f);
    }
    if (f)
        (void)fclose(f);
    return bytes;
}

static phi_status read_vocabulary(phi_vocabulary *v, const phi_directory *dir, phi_arena *arena, phi_error *err)
{
    phi_str *texts;
    phi_str *merges;
    float *scores;
    int32_t *types;
    size_t n;
    *v = (phi_vocabulary){.bos_id = -1, .eos_id = -1, .unknown_id = -1, .adds_space_prefix = true};
    PHI_TRY(phi_meta_read_str(&v->model, dir, PHI_STR("tokenizer.ggml.model"), err));
    PHI_TRY(phi_meta_read_str(&v->pre, dir, PHI_STR("tokenizer.ggml.pre"), err));
    PHI_TRY(phi_meta_read_str(&v->model_name, dir, PHI_STR("general.name"), err));
    PHI_TRY(phi_meta_read_i32(&v->bos_id, dir, PHI_STR("tokenizer.ggml.bos_token_id"), err));
    PHI_TRY(phi_meta_read_i32(&v->eos_id, dir, PHI_STR("tokenizer.ggml.eos_token_id"), err));
    PHI_TRY(phi_meta_read_i32(&v->unknown_id, dir, PHI_STR("tokenizer.ggml.unknown_token_id"), err));
    PHI_TRY(phi_meta_read_bool(&v->adds_bos, dir, PHI_STR("tokenizer.ggml.add_bos_token"), err));
    PHI_TRY(phi_meta_read_str_array(&texts, &v->n_tokens, dir, PHI_STR("tokenizer.ggml.tokens"), arena, err));
    PHI_TRY(phi_meta_read_f32_array(&scores, &n, dir, PHI_STR("tokenizer.ggml.scores"), arena, err));
    PHI_TRY(phi_meta_read_i32_array(&types, &n, dir, PHI_STR("tokenizer.ggml.token_type"), arena, err));
    PHI_TRY(phi_meta_read_str_array(&merges, &v->n_merges, dir, PHI_STR("tokenizer.ggml.merges"), arena, err));
    v->texts = texts;
    v->scores = scores;
    v->types = types;
    v->merges = merges;
    return PHI_OK;
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
    phi_directory dir;
    phi_vocabulary v;
    phi_tokenizer *t;
    size_t n;
    uint64_t file_bytes;
    uint64_t wanted;
    if (argc != 3)
        return fail("usage", "phi_encode FILE.gguf none|all|vision|auto < requests");
    uint8_t *header = read_header(argv[1], &n, &file_bytes);
    if (!header)
        return fail(argv[1], "cannot be read");
    phi_arena_init(&arena, 1 << 20);
    phi_arena_init(&scratch, 1 << 20);
    if (phi_directory_open(&dir, &wanted, &arena, (phi_bytes){header, n}, file_bytes, &err) != PHI_OK ||
        read_vocabulary(&v, &dir, &arena, &err) != PHI_OK)
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
