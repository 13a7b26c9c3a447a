/* Vocabularies of a few tokens, written in the test that uses them. */
#ifndef PHI_TEST_SMALL_VOCABULARY_H
#define PHI_TEST_SMALL_VOCABULARY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "rng.h"
#include "tokenizer.h"

enum { SMALL_TOKENS_MAX = 600, SMALL_MERGES_MAX = 300, SMALL_IDS_MAX = 4096 };

#define SPACE_MARK "\xe2\x96\x81" /* U+2581 */

typedef struct small_vocabulary {
    phi_vocabulary v;
    phi_str texts[SMALL_TOKENS_MAX];
    float scores[SMALL_TOKENS_MAX];
    int32_t types[SMALL_TOKENS_MAX];
    phi_str merges[SMALL_MERGES_MAX];
    char byte_texts[256][8];
    phi_arena arena;
    phi_arena scratch;
    phi_tokenizer *t;
    phi_error err;
    int32_t ids[SMALL_IDS_MAX];
    size_t n_ids;
    char printed[4 * SMALL_IDS_MAX];
    uint8_t decoded[PHI_DECODER_BYTES_MAX + SMALL_IDS_MAX];
    size_t n_decoded;
} small_vocabulary;

static inline int32_t small_add(small_vocabulary *s, phi_str text, float score, int32_t type)
{
    const size_t id = s->v.n_tokens++;
    s->texts[id] = text;
    s->scores[id] = score;
    s->types[id] = type;
    return (int32_t)id;
}

static inline void small_merge(small_vocabulary *s, phi_str merge)
{
    s->merges[s->v.n_merges++] = merge;
}

static inline small_vocabulary *small_open(const char *model, const char *pre)
{
    small_vocabulary *s = calloc(1, sizeof *s);
    s->v = (phi_vocabulary){.model = phi_str_of(model),
                            .pre = phi_str_of(pre),
                            .texts = s->texts,
                            .scores = s->scores,
                            .types = s->types,
                            .merges = s->merges,
                            .bos_id = -1,
                            .eos_id = -1,
                            .unknown_id = -1,
                            .adds_space_prefix = true,
                            .strip_rule = PHI_STRIP_NONE};
    phi_arena_init(&s->arena, 1 << 14);
    phi_arena_init(&s->scratch, 1 << 14);
    return s;
}

static inline void small_close(small_vocabulary *s)
{
    phi_arena_deinit(&s->arena);
    phi_arena_deinit(&s->scratch);
    free(s);
}

/* 0 <unk>, 1 <s>, 2 </s>, 3..258 the bytes: as Llama 2 begins. */
static inline small_vocabulary *small_open_spm(void)
{
    small_vocabulary *s = small_open("llama", "default");
    (void)small_add(s, PHI_STR("<unk>"), 0, PHI_TOKEN_UNKNOWN);
    s->v.bos_id = small_add(s, PHI_STR("<s>"), 0, PHI_TOKEN_CONTROL);
    s->v.eos_id = small_add(s, PHI_STR("</s>"), 0, PHI_TOKEN_CONTROL);
    s->v.unknown_id = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        (void)snprintf(s->byte_texts[byte], sizeof s->byte_texts[byte], "<0x%02X>", byte);
        (void)small_add(s, phi_str_of(s->byte_texts[byte]), 0, PHI_TOKEN_BYTE);
    }
    return s;
}

/* 0..255 the bytes in GPT-2's spelling. */
static inline small_vocabulary *small_open_byte(const char *pre)
{
    small_vocabulary *s = small_open("gpt2", pre);
    unsigned n_moved = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool is_itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
        const unsigned c = is_itself ? byte : 256 + n_moved++;
        char *text = s->byte_texts[byte];
        if (c < 0x80) {
            text[0] = (char)c;
        } else {
            text[0] = (char)(0xc0 | c >> 6);
            text[1] = (char)(0x80 | (c & 0x3f));
        }
        (void)small_add(s, phi_str_of(text), 0, PHI_TOKEN_NORMAL);
    }
    return s;
}

static inline phi_status small_create(small_vocabulary *s)
{
    phi_arena_deinit(&s->arena);
    phi_arena_init(&s->arena, 1 << 14);
    return phi_tokenizer_create(&s->t, &s->arena, &s->v, &s->err);
}

/* "<texts of the tokens joined by '|'>"; both options are chosen by `parses_special`. The ids stay in s->ids. */
static inline const char *small_encode(small_vocabulary *s, phi_str text, bool parses_special)
{
    const phi_encode_options options = {.adds_special = true, .parses_special = parses_special};
    s->printed[0] = 0;
    if (phi_tokenizer_encode(s->ids, &s->n_ids, phi_tokenizer_ids_max(s->t, text.len), s->t, text, &options,
                             &s->scratch, &s->err) != PHI_OK)
        return s->err.text;
    size_t at = 0;
    for (size_t i = 0; i < s->n_ids; i++) {
        const phi_str token = phi_tokenizer_text(s->t, s->ids[i]);
        at += (size_t)snprintf(s->printed + at, sizeof s->printed - at, "%s%.*s", i ? "|" : "", (int)token.len,
                               token.ptr);
    }
    return s->printed;
}

/* The last encoding, decoded id by id; NUL-terminated. */
static inline const char *small_decode(small_vocabulary *s, bool shows_special)
{
    phi_decoder d = phi_decoder_open(true, shows_special);
    s->n_decoded = 0;
    for (size_t i = 0; i < s->n_ids; i++)
        s->n_decoded += phi_decoder_push(s->decoded + s->n_decoded, &d, s->t, s->ids[i]);
    s->n_decoded += phi_decoder_flush(s->decoded + s->n_decoded, &d);
    s->decoded[s->n_decoded] = 0;
    return (const char *)s->decoded;
}

#endif
