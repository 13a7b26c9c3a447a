/* What both fuzz targets of constraints do: compile, then walk through masks of a small vocabulary, tokens drawn at
 * random. */
#ifndef PHI_FUZZ_WALK_H
#define PHI_FUZZ_WALK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "constrain.h"
#include "rng.h"

enum { FUZZ_TOKENS = 256 + 16, FUZZ_OUTPUT_MAX = 4096, FUZZ_STEPS = 300 };

typedef struct fuzz_walk {
    uint8_t output[FUZZ_OUTPUT_MAX];
    size_t n_output;
} fuzz_walk;

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: broken promise: %s\n", what);
    abort();
}

/* Every byte in SentencePiece's spelling, and some longer tokens. */
static const phi_token_trie *fuzz_trie(void)
{
    static const char *const words[] = {"\",", "\":",  "\"}",   "{\"",          "[[",
                                        "]]",  "true", "null",  "\xe2\x96\x81", "12",
                                        "abc", "\\\"", "\\u00", "\xc3\xa9",     "\xf0\x9f\x98\x80",
                                        "}}"};
    static char byte_texts[256][8];
    static phi_str texts[FUZZ_TOKENS];
    static int32_t types[FUZZ_TOKENS];
    static phi_arena arena;
    static phi_token_trie *trie;
    phi_error err;
    phi_tokenizer *t;
    if (trie)
        return trie;
    for (unsigned i = 0; i < FUZZ_TOKENS; i++) {
        if (i < 256)
            (void)snprintf(byte_texts[i], sizeof byte_texts[i], "<0x%02X>", i);
        texts[i] = phi_str_of(i < 256 ? byte_texts[i] : words[i - 256]);
        types[i] = i < 256 ? PHI_TOKEN_BYTE : PHI_TOKEN_NORMAL;
    }
    const phi_vocabulary v = {.model = PHI_STR("llama"),
                              .pre = PHI_STR("default"),
                              .texts = texts,
                              .types = types,
                              .n_tokens = FUZZ_TOKENS,
                              .bos_id = -1,
                              .eos_id = -1,
                              .unknown_id = -1,
                              .strip_rule = PHI_STRIP_NONE};
    phi_arena_init(&arena, 1 << 16);
    expect(phi_tokenizer_create(&t, &arena, &v, &err) == PHI_OK, "the vocabulary is fine");
    expect(phi_token_trie_create(&trie, &arena, t, &err) == PHI_OK, "the tree is made");
    return trie;
}

/* A token of the mask; bytes that close things are taken first once the walk is long. */
static int32_t fuzz_pick(const phi_mask *mask, phi_rng *rng, int step)
{
    const uint32_t turn = phi_rng_u32(rng) % FUZZ_TOKENS;
    static const char closers[] = "\"}]";
    for (int i = 0; step > FUZZ_STEPS / 4 && closers[i]; i++)
        if (mask->bits[closers[i] / 32] >> (closers[i] % 32) & 1)
            return closers[i];
    for (uint32_t i = 0; i < FUZZ_TOKENS; i++) {
        const uint32_t id = (i + turn) % FUZZ_TOKENS;
        if (mask->bits[id / 32] >> (id % 32) & 1)
            return (int32_t)id;
    }
    return -1;
}

/* True when the walk came to an end. */
static bool fuzz_walk_steps(fuzz_walk *w, phi_matcher *m, phi_rng *rng)
{
    phi_error err = {0};
    w->n_output = 0;
    for (int step = 0; step < FUZZ_STEPS && w->n_output < FUZZ_OUTPUT_MAX - 64; step++) {
        phi_mask mask;
        const phi_status status = phi_matcher_get_mask(&mask, m, &err);
        if (status != PHI_OK) {
            expect(status == PHI_EUNSUPPORTED && err.text[0], "only too much ambiguity stops a walk");
            return false;
        }
        expect(!mask.is_empty || mask.may_end, "a mask is never empty before the end");
        if (mask.is_empty || (mask.may_end && phi_rng_u32(rng) % 4 == 0))
            return true;
        const int32_t other = (int32_t)(phi_rng_u32(rng) % FUZZ_TOKENS);
        if (!(mask.bits[other / 32] >> (other % 32) & 1))
            expect(phi_matcher_accept(m, other, &err) == PHI_EINVAL, "a token outside the mask is refused");
        const int32_t id = fuzz_pick(&mask, rng, step);
        expect(phi_matcher_accept(m, id, &err) == PHI_OK, "a token of the mask is taken");
        const phi_tokenizer *t = fuzz_trie()->tokenizer;
        w->n_output += phi_tokenizer_piece(w->output + w->n_output, t, id, false);
    }
    return false;
}

static bool fuzz_walk_run(fuzz_walk *w, const phi_constraint_text *text, unsigned seed)
{
    phi_constraint *c;
    phi_matcher m;
    phi_error err = {0};
    phi_rng rng = phi_rng_seeded(seed);
    const uint64_t held = fuzz_trie() ? phi_arena_total_held() : 0;
    const phi_status status = phi_constraint_create(&c, fuzz_trie(), text, &err);
    if (status != PHI_OK) {
        expect(err.status == status && err.text[0] != 0 && !c, "a refusal says why");
        expect(status == PHI_EINVAL || status == PHI_EUNSUPPORTED, "a refusal is about the text");
        expect(phi_arena_total_held() == held, "a refusal keeps nothing");
        return false;
    }
    phi_matcher_begin(&m, c);
    const bool has_ended = fuzz_walk_steps(w, &m, &rng);
    phi_matcher_end(&m);
    phi_constraint_destroy(c);
    expect(phi_arena_total_held() == held, "nothing is kept");
    return has_ended;
}

#endif
