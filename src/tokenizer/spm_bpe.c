/* SentencePiece BPE with byte fallback (Llama 2, Phi-3): a segment becomes characters, spaces written
 * as U+2581 with one more in front, and neighbours merge by the score of the piece that they make.
 * The order is that of Hugging Face's list of merges, which is sorted by the same scores. What no
 * piece covers is spelled in byte tokens. */
#include <string.h>

#include "half.h"
#include "tokenizer_impl.h"
#include "utf8.h"

#define SPACE_MARK "\xe2\x96\x81" /* U+2581 */
enum { SPACE_MARK_BYTES = 3 };

static bool is_space_mark(const char *p, size_t n)
{
    return n >= SPACE_MARK_BYTES && memcmp(p, SPACE_MARK, SPACE_MARK_BYTES) == 0;
}

static size_t character_bytes(const char *p, size_t n)
{
    int32_t code_point;
    return phi_utf8_decode(&code_point, (const uint8_t *)p, n);
}

/* ------------------------------------------------------------------ encoding */

typedef struct merge_context {
    const phi_tokenizer *t;
    const char *text;
} merge_context;

static bool lookup_merge(uint32_t *rank, int32_t *id, const void *context, const phi_bpe_symbol *left,
                         const phi_bpe_symbol *right)
{
    const merge_context *c = context;
    const size_t n = (size_t)left->n_bytes + right->n_bytes;
    if (n > c->t->u.spm.text_bytes_max)
        return false;
    *id = phi_token_table_find(c->t, (phi_str){c->text + left->start, n});
    if (*id < 0 || !phi_token_is_mergeable(c->t, *id))
        return false;
    *rank = c->t->u.spm.ranks[*id];
    return true;
}

static void push_bytes(phi_encoder *e, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t id = e->t->u.spm.byte_ids[(uint8_t)p[i]];
        if (id < 0) { /* a vocabulary without byte tokens: one unknown token for the character */
            phi_encoder_push(e, e->t->unknown_id);
            return;
        }
        phi_encoder_push(e, id);
    }
}

static void push_symbol(phi_encoder *e, const char *text, const phi_bpe_symbol *symbol)
{
    int32_t id = symbol->id;
    if (id < 0) {
        id = phi_token_table_find(e->t, (phi_str){text + symbol->start, symbol->n_bytes});
        if (id >= 0 && !phi_token_is_mergeable(e->t, id))
            id = -1;
    }
    if (id >= 0)
        phi_encoder_push(e, id);
    else
        push_bytes(e, text + symbol->start, symbol->n_bytes);
}

static phi_status encode_word(phi_encoder *e, phi_bpe_work *w, phi_str word, phi_error *err)
{
    size_t n_characters = 0;
    for (size_t at = 0; at < word.len; n_characters++)
        at += character_bytes(word.ptr + at, word.len - at);
    PHI_TRY(phi_bpe_work_reserve(w, n_characters, err));
    for (size_t at = 0; at < word.len;) {
        const size_t n = character_bytes(word.ptr + at, word.len - at);
        phi_bpe_work_add(w, (uint32_t)at, (uint32_t)n, -1);
        at += n;
    }
    phi_bpe_work_merge(w, lookup_merge, &(merge_context){e->t, word.ptr});
    for (int32_t i = phi_bpe_work_first(w); i != PHI_BPE_NO_SYMBOL; i = w->symbols[i].next)
        push_symbol(e, word.ptr, &w->symbols[i]);
    return PHI_OK;
}

/* Where the word that begins at `at` ends: before the next U+2581 that follows something else. */
static size_t word_end(phi_str text, size_t at)
{
    size_t end = at;
    while (is_space_mark(text.ptr + end, text.len - end))
        end += SPACE_MARK_BYTES;
    while (end < text.len && !is_space_mark(text.ptr + end, text.len - end))
        end++;
    return end;
}

static phi_status write_marked(phi_str *out, phi_encoder *e, phi_str segment, phi_error *err)
{
    size_t n = segment.len + (e->t->adds_space_prefix ? SPACE_MARK_BYTES : 0);
    for (size_t i = 0; i < segment.len; i++)
        n += segment.ptr[i] == ' ' ? SPACE_MARK_BYTES - 1 : 0;
    char *text = phi_arena_array(e->scratch, char, n);
    if (!text)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for a text of %zu bytes", n);
    *out = (phi_str){text, n};
    if (e->t->adds_space_prefix) {
        memcpy(text, SPACE_MARK, SPACE_MARK_BYTES);
        text += SPACE_MARK_BYTES;
    }
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.ptr[i] == ' ') {
            memcpy(text, SPACE_MARK, SPACE_MARK_BYTES);
            text += SPACE_MARK_BYTES;
        } else {
            *text++ = segment.ptr[i];
        }
    }
    return PHI_OK;
}

static phi_status encode_segment(phi_encoder *e, phi_str segment, phi_error *err)
{
    phi_str text;
    PHI_TRY(write_marked(&text, e, segment, err));
    phi_bpe_work w = phi_bpe_work_open(e->scratch);
    for (size_t at = 0; at < text.len;) {
        const size_t end = e->t->u.spm.has_word_starts ? word_end(text, at) : text.len;
        PHI_TRY(encode_word(e, &w, (phi_str){text.ptr + at, end - at}, err));
        at = end;
    }
    return PHI_OK;
}

/* ------------------------------------------------------------------ decoding */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "<0x0A>" -> 10, else -1. */
static int byte_of(phi_str text)
{
    if (text.len != 6 || !phi_str_has_prefix(text, PHI_STR("<0x")) || text.ptr[5] != '>')
        return -1;
    const int high = hex_digit(text.ptr[3]);
    const int low = hex_digit(text.ptr[4]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Merging makes user-defined tokens too, so their U+2581 is a space as well. */
static size_t write_piece(uint8_t *out, phi_str text, phi_token_type type)
{
    if (type == PHI_TOKEN_BYTE) {
        out[0] = (uint8_t)byte_of(text);
        return 1;
    }
    size_t n = 0;
    for (size_t at = 0; at < text.len;) {
        const bool is_space = is_space_mark(text.ptr + at, text.len - at);
        out[n++] = is_space ? ' ' : (uint8_t)text.ptr[at];
        at += is_space ? SPACE_MARK_BYTES : 1;
    }
    return n;
}

/* ------------------------------------------------------------------ building */

static phi_status find_byte_tokens(phi_tokenizer *t, phi_error *err)
{
    for (size_t i = 0; i < 256; i++)
        t->u.spm.byte_ids[i] = -1;
    for (int32_t id = 0; id < t->n_tokens; id++) {
        const phi_str text = t->texts[id];
        const int byte = byte_of(text);
        if (t->types[id] == PHI_TOKEN_BYTE && byte < 0)
            return phi_fail(err, PHI_ECORRUPT,
                            "vocabulary: token %d has type 6 (byte) and text \"%.*s\"; expected "
                            "<0x00> to <0xFF>",
                            id, phi_str_print_len(text), text.ptr);
        if (byte < 0 || (t->types[id] != PHI_TOKEN_BYTE && t->types[id] != PHI_TOKEN_NORMAL))
            continue;
        t->types[id] = PHI_TOKEN_BYTE; /* files without types call it normal */
        t->u.spm.byte_ids[byte] = id;
    }
    return PHI_OK;
}

static bool has_inner_space_mark(phi_str text)
{
    return word_end(text, 0) < text.len;
}

/* Lower for a higher score, in the order of the numbers: the bits of an IEEE float, read as an integer, rise with its
 * size, and fall for negative ones. */
static uint32_t rank_of_score(float score)
{
    const uint32_t bits = phi_f32_to_bits(score + 0.0f); /* -0 becomes +0 */
    return bits & 0x80000000u ? bits : 0x7fffffffu - bits;
}

phi_status phi_spm_bpe_build(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    phi_spm_tables *spm = &t->u.spm;
    PHI_TRY(find_byte_tokens(t, err));
    spm->ranks = phi_arena_array(arena, uint32_t, v->n_tokens);
    if (!spm->ranks)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for %zu scores", v->n_tokens);
    spm->has_word_starts = true;
    for (int32_t id = 0; id < t->n_tokens; id++) {
        if (v->scores && v->scores[id] != v->scores[id])
            return phi_fail(err, PHI_ECORRUPT, "vocabulary: the score of token %d is not a number", id);
        /* SentencePiece numbers its pieces by falling score. */
        spm->ranks[id] = v->scores ? rank_of_score(v->scores[id]) : (uint32_t)id;
        if (!phi_token_is_mergeable(t, id))
            continue;
        if (t->texts[id].len > spm->text_bytes_max)
            spm->text_bytes_max = t->texts[id].len;
        if (has_inner_space_mark(t->texts[id]))
            spm->has_word_starts = false;
    }
    /* A space or a dummy prefix is one token, or three of bytes; and there is a prefix per byte at most. */
    const bool has_space = phi_token_table_find(t, PHI_STR(SPACE_MARK)) >= 0;
    t->family = (phi_token_family){encode_segment, write_piece, has_space ? 2 : 6, t->adds_space_prefix};
    return PHI_OK;
}
