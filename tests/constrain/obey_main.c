/* Generates under constraints with random logits, for constrain.test.mjs and for timing.
 *
 *   phi_obey FILE.gguf SEED < requests > answers
 *
 * A request is: kind (u8, 's' JSON schema, 'r' regular expression), length (u32 little endian), text. An answer is a
 * line: "ok", the output as hexadecimal, the number of tokens; or "error", the status, the message. Every mask is
 * checked on the way: no control token, empty only at an end. Times of masks go to standard error.
 *
 * Logits are normally distributed (sigma 4) and the temperature is 1.5. So that strings and lists end within a test's
 * patience, tokens with a quote or a closing bracket get a bonus that grows with the output's length; it moves logits,
 * not masks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "constrain.h"
#include "rng.h"
#include "sampler.h"
#include "vocabulary_file.h"

enum { TOKENS_MAX = 2000, OUTPUT_MAX = 1 << 20, TIMES_MAX = 1 << 22 };

typedef struct session {
    const phi_token_trie *trie;
    const phi_tokenizer *t;
    phi_rng rng;
    float *noise;       /* (n_tokens) */
    float *logits;      /* (n_tokens) */
    uint8_t *is_closer; /* (n_tokens) */
    uint32_t *no_text;  /* (n_words) control, unknown and unused tokens */
    uint8_t *output;
    double *times; /* microseconds of each mask */
    size_t n_times;
    double compile_us;
    size_t bytes_max; /* of a constraint */
} session;

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "phi_obey: %s: %s\n", what, why);
    return 1;
}

static double now_us(void)
{
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static float normal(phi_rng *rng)
{
    const double u = 1.0 - (double)phi_rng_f32(rng);
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * (double)phi_rng_f32(rng)));
}

static void look_at_tokens(session *s)
{
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    for (int32_t id = 0; id < phi_tokenizer_n_tokens(s->t); id++) {
        const phi_token_type type = phi_tokenizer_type(s->t, id);
        if (type == PHI_TOKEN_CONTROL || type == PHI_TOKEN_UNKNOWN || type == PHI_TOKEN_UNUSED)
            s->no_text[id / 32] |= 1u << (id % 32);
        const size_t n = phi_tokenizer_piece(piece, s->t, id, false);
        for (size_t i = 0; i < n; i++)
            s->is_closer[id] |= piece[i] == '"' || piece[i] == '}' || piece[i] == ']';
        s->noise[id] = 4.0f * normal(&s->rng);
    }
}

/* The noise is turned rather than drawn again: as random, and cheap. */
static void draw_logits(session *s, int32_t n_generated)
{
    const int32_t n = phi_tokenizer_n_tokens(s->t);
    const int32_t turn = (int32_t)(phi_rng_u32(&s->rng) % (uint32_t)n);
    const float bonus = 10.0f + 0.5f * (float)n_generated;
    for (int32_t id = 0; id < n; id++)
        s->logits[id] = s->noise[id + turn < n ? id + turn : id + turn - n] + (s->is_closer[id] ? bonus : 0.0f);
}

static const char *check_mask(const session *s, const phi_mask *mask)
{
    if (mask->is_empty && !mask->may_end)
        return "a mask is empty before the end";
    for (uint32_t i = 0; i < s->trie->n_words; i++)
        if (mask->bits[i] & s->no_text[i])
            return "a mask allows a token that is no text";
    return NULL;
}

static bool timed_mask(phi_mask *mask, session *s, phi_matcher *m, phi_error *err)
{
    const double begin = now_us();
    const bool is_good = phi_matcher_get_mask(mask, m, err) == PHI_OK;
    if (s->n_times < TIMES_MAX)
        s->times[s->n_times++] = now_us() - begin;
    return is_good;
}

/* Returns the tokens, or -1 with *why. The text's first space, if it means nothing, is left out. */
static int32_t generate(session *s, phi_matcher *m, size_t *n_output, const char **why)
{
    static phi_error err;
    phi_arena arena;
    phi_sampler *sampler;
    phi_sampling sampling = phi_sampling_default();
    int32_t n = 0;
    sampling.temperature = 1.5f;
    sampling.seed = phi_rng_u32(&s->rng);
    phi_arena_init(&arena, 1 << 16);
    const int32_t n_tokens = phi_tokenizer_n_tokens(s->t);
    phi_decoder decoder = phi_decoder_open(true, false);
    *why = phi_sampler_create(&sampler, &arena, &sampling, n_tokens, n_tokens, &err) == PHI_OK ? NULL : err.text;
    for (*n_output = 0; !*why; n++) {
        phi_mask mask;
        phi_picked picked;
        if (!timed_mask(&mask, s, m, &err)) {
            *why = err.text;
            break;
        }
        *why = check_mask(s, &mask);
        /* Where the text may end, a model would choose; here a coin, and the longer the text the more readily. */
        if (*why || mask.is_empty || (mask.may_end && phi_rng_u32(&s->rng) % 3 == 0))
            break;
        draw_logits(s, n);
        phi_sampler_set_allowed(sampler, mask.bits);
        if (phi_sampler_pick(&picked, sampler, s->logits, &err) != PHI_OK ||
            phi_matcher_accept(m, picked.id, &err) != PHI_OK)
            *why = err.text;
        *n_output += phi_decoder_push(s->output + *n_output, &decoder, s->t, picked.id);
        if (n == TOKENS_MAX || *n_output > OUTPUT_MAX - PHI_DECODER_BYTES_MAX)
            *why = "the output does not end";
    }
    *n_output += phi_decoder_flush(s->output + *n_output, &decoder);
    phi_arena_deinit(&arena);
    return *why ? -1 : n;
}

static void answer(session *s, char kind, phi_str text)
{
    phi_error err = {0};
    phi_constraint *c;
    phi_matcher m;
    size_t n_output;
    const char *why;
    const double begin = now_us();
    const phi_constraint_text given = {.is_regex = kind == 'r', .text = text};
    const phi_status status = phi_constraint_create(&c, s->trie, &given, &err);
    s->compile_us += now_us() - begin;
    if (status != PHI_OK) {
        printf("error\t%s\t%s\n", phi_status_name(status), err.text);
        return;
    }
    phi_matcher_begin(&m, c);
    const int32_t n = generate(s, &m, &n_output, &why);
    phi_matcher_end(&m);
    s->bytes_max = phi_constraint_bytes(c) > s->bytes_max ? phi_constraint_bytes(c) : s->bytes_max;
    phi_constraint_destroy(c);
    if (n < 0) {
        printf("error\tPHI_FAILED\t%s\n", why);
        return;
    }
    printf("ok\t");
    for (size_t i = 0; i < n_output; i++)
        printf("%02x", s->output[i]);
    printf("\t%d\n", (int)n);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_times(session *s, size_t n_requests)
{
    double sum = 0.0;
    if (s->n_times == 0)
        return;
    for (size_t i = 0; i < s->n_times; i++)
        sum += s->times[i];
    qsort(s->times, s->n_times, sizeof *s->times, compare_doubles);
    fprintf(stderr,
            "%zu masks of %d tokens: mean %.1f us, median %.1f us, p99 %.1f us, max %.1f us; compiling %.1f us a "
            "constraint; "
            "at most %zu bytes\n",
            s->n_times, (int)phi_tokenizer_n_tokens(s->t), sum / (double)s->n_times, s->times[s->n_times / 2],
            s->times[s->n_times * 99 / 100], s->times[s->n_times - 1], s->compile_us / (double)n_requests,
            s->bytes_max);
}

static int serve(session *s)
{
    uint8_t head[5];
    size_t n_requests = 0;
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const size_t n = (size_t)head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
        char *text = malloc(n + 1);
        if (!text || fread(text, 1, n, stdin) != n)
            return fail("request", "cut off, or no memory");
        answer(s, (char)head[0], (phi_str){text, n});
        free(text);
        n_requests++;
    }
    print_times(s, n_requests);
    return 0;
}

int main(int argc, char **argv)
{
    phi_error err = {0};
    phi_arena arena;
    phi_vocabulary v;
    phi_tokenizer *t;
    phi_token_trie *trie;
    size_t n;
    uint64_t file_bytes;
    if (argc != 3)
        return fail("usage", "phi_obey FILE.gguf SEED < requests");
    uint8_t *header = vocabulary_file_read(argv[1], &n, &file_bytes);
    if (!header)
        return fail(argv[1], "cannot be read");
    phi_arena_init(&arena, 1 << 20);
    if (vocabulary_file_open(&v, &arena, (phi_bytes){header, n}, file_bytes, &err) != PHI_OK ||
        phi_tokenizer_create(&t, &arena, &v, &err) != PHI_OK)
        return fail(argv[1], err.text);
    const double begin = now_us();
    const size_t before = arena.used_bytes;
    if (phi_token_trie_create(&trie, &arena, t, &err) != PHI_OK)
        return fail(argv[1], err.text);
    fprintf(stderr, "trees of %u and %u nodes, %zu bytes, in %.1f ms\n", (unsigned)trie->plain.n_nodes,
            (unsigned)trie->other.n_nodes, arena.used_bytes - before, 1e-3 * (now_us() - begin));
    session s = {.trie = trie,
                 .t = t,
                 .rng = phi_rng_seeded(strtoull(argv[2], NULL, 10)),
                 .noise = malloc((size_t)trie->n_tokens * sizeof(float)),
                 .logits = malloc((size_t)trie->n_tokens * sizeof(float)),
                 .is_closer = calloc((size_t)trie->n_tokens, 1),
                 .no_text = calloc(trie->n_words, sizeof(uint32_t)),
                 .output = malloc(OUTPUT_MAX),
                 .times = malloc(TIMES_MAX * sizeof(double))};
    if (!s.noise || !s.logits || !s.is_closer || !s.no_text || !s.output || !s.times)
        return fail("memory", "not enough");
    look_at_tokens(&s);
    const int code = serve(&s);
    free(s.noise);
    free(s.logits);
    free(s.is_closer);
    free(s.no_text);
    free(s.output);
    free(s.times);
    phi_arena_deinit(&arena);
    free(header);
    return code;
}
