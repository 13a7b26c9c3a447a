/* Vocabularies and texts out of any bytes.
 *
 *   byte 0   bit 0: family, bit 1: parse special strings, bit 2: no types, bits 3..6: pre-tokenizer,
 *            bit 7: all 256 bytes are tokens
 *   byte 1   number of tokens, each: type and score (a byte each), length (a byte), text
 *   then     number of merges (a byte), each: length (a byte), text
 *   the rest is the text to encode
 *
 * Promises: a refusal says why and keeps nothing; ids are in range and fit the announced room; a text
 * comes back from its ids when every byte is a token; streaming gives the same text, in valid UTF-8. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "tokenizer.h"
#include "utf8.h"

enum { TOKENS_MAX = 256 + 256, MERGES_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    phi_str texts[TOKENS_MAX];
    float scores[TOKENS_MAX];
    int32_t types[TOKENS_MAX];
    phi_str merges[MERGES_MAX];
    char byte_texts[256][8];
    phi_vocabulary v;
    phi_cursor rest;
    bool has_all_bytes;
    bool parses_special;
} input;

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_tokenizer: broken promise: %s\n", what);
    abort();
}

static phi_str take_text(phi_cursor *c)
{
    const uint8_t n = phi_cursor_u8(c);
    const phi_bytes bytes = phi_cursor_take(c, n < phi_cursor_left(c) ? n : phi_cursor_left(c));
    return (phi_str){(const char *)bytes.ptr, bytes.len};
}

static void add_token(input *in, phi_str text, uint8_t type, uint8_t score)
{
    const size_t id = in->v.n_tokens++;
    in->texts[id] = text;
    in->types[id] = type;
    /* NaN is score 255. */
    in->scores[id] = score == 255 ? (float)strtod("nan", NULL) : (float)score - 128.0f;
}

static void add_byte_tokens(input *in, bool is_spm)
{
    unsigned n_moved = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        char *text = in->byte_texts[byte];
        const bool is_itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
        const unsigned c = is_itself ? byte : 256 + n_moved++;
        if (is_spm) {
            (void)snprintf(text, sizeof in->byte_texts[byte], "<0x%02X>", byte);
        } else if (c < 0x80) {
            text[0] = (char)c;
        } else {
            text[0] = (char)(0xc0 | c >> 6);
            text[1] = (char)(0x80 | (c & 0x3f));
        }
        add_token(in, phi_str_of(text), is_spm ? PHI_TOKEN_BYTE : PHI_TOKEN_NORMAL, 128);
    }
}

static void read_input(input *in, const uint8_t *data, size_t size)
{
    static const char *const pres[] = {"gpt-2", "dbrx", "gpt-4o", "llama-bpe", "qwen2", "smollm", "", "nonsense"};
    in->rest = phi_cursor_open((phi_bytes){data, size});
    const uint8_t flags = phi_cursor_u8(&in->rest);
    const bool is_spm = flags & 1;
    in->has_all_bytes = flags & 128;
    in->parses_special = flags & 2;
    in->v.model = is_spm ? PHI_STR("llama") : PHI_STR("gpt2");
    in->v.pre = phi_str_of(pres[flags >> 3 & 7]);
    in->v.strip_rule = (phi_strip_rule)(flags >> 3 & 3);
    in->v.adds_space_prefix = !(flags & 64);
    if (in->has_all_bytes)
        add_byte_tokens(in, is_spm);
    for (uint8_t n = phi_cursor_u8(&in->rest); n > 0 && phi_cursor_left(&in->rest) > 0; n--) {
        const uint8_t type = phi_cursor_u8(&in->rest) % 8;
        const uint8_t score = phi_cursor_u8(&in->rest);
        add_token(in, take_text(&in->rest), type, score);
    }
    for (uint8_t n = phi_cursor_u8(&in->rest); n > 0 && phi_cursor_left(&in->rest) > 0; n--)
        in->merges[in->v.n_merges++] = take_text(&in->rest);
    in->v.texts = in->texts;
    in->v.scores = in->scores;
    in->v.types = flags & 4 ? NULL : in->types;
    in->v.merges = in->merges;
    in->v.unknown_id = -1;
    in->v.bos_id = flags & 64 ? 0 : -1;
    in->v.eos_id = in->v.bos_id;
    in->v.adds_bos = flags & 32;
    in->v.adds_eos = flags & 16;
}

static bool is_valid_utf8(const uint8_t *p, size_t n)
{
    int32_t code_point = 0;
    for (size_t at = 0; at < n && code_point >= 0;)
        at += phi_utf8_decode(&code_point, p + at, n - at);
    return code_point >= 0;
}

/* The bytes of all tokens, one after the other; the caller frees them. */
static uint8_t *join_pieces(size_t *n_out, const phi_tokenizer *t, const int32_t *ids, size_t n_ids)
{
    uint8_t *bytes = malloc(n_ids * 256 + PHI_LIMIT_TOKEN_BYTES);
    expect(bytes != NULL, "memory");
    *n_out = 0;
    for (size_t i = 0; i < n_ids; i++) {
        expect(ids[i] >= 0 && ids[i] < phi_tokenizer_n_tokens(t), "ids are in range");
        const size_t n = phi_tokenizer_piece(bytes + *n_out, t, ids[i], true);
        expect(n <= 256, "a piece is no longer than its text");
        *n_out += n;
    }
    return bytes;
}

static void check_stream(const phi_tokenizer *t, const int32_t *ids, size_t n_ids)
{
    uint8_t *out = malloc(PHI_DECODER_BYTES_MAX);
    expect(out != NULL, "memory");
    phi_decoder d = phi_decoder_open(true, true);
    for (size_t i = 0; i < n_ids; i++)
        expect(is_valid_utf8(out, phi_decoder_push(out, &d, t, ids[i])), "pushes give UTF-8");
    expect(is_valid_utf8(out, phi_decoder_flush(out, &d)), "a flush gives UTF-8");
    free(out);
}

/* With all bytes and nothing that is swallowed or written in another way, a text is its tokens. */
static bool is_reversible(const input *in, const phi_tokenizer *t, phi_str text)
{
    if (!in->has_all_bytes || in->v.adds_bos || in->v.adds_eos)
        return false;
    if (phi_str_equal(in->v.model, PHI_STR("gpt2"))) {
        for (int32_t id = 256; id < phi_tokenizer_n_tokens(t); id++)
            if (phi_tokenizer_type(t, id) == PHI_TOKEN_BYTE)
                return false; /* nonsense here: shown as its spelling */
        return in->v.strip_rule != PHI_STRIP_ALL && in->v.strip_rule != PHI_STRIP_VISION;
    }
    const phi_str space = PHI_STR("\xe2\x96\x81"); /* without a token, a space is three bytes of it */
    return phi_tokenizer_type(t, phi_tokenizer_find(t, space)) == PHI_TOKEN_NORMAL && !in->v.adds_space_prefix &&
           !phi_str_contains(text, space) && in->v.strip_rule == PHI_STRIP_NONE;
}

static void encode(const input *in, const phi_tokenizer *t, phi_arena *scratch)
{
    const size_t n_text = phi_cursor_left(&in->rest);
    const phi_str text = {(const char *)in->rest.bytes.ptr + in->rest.pos, n_text};
    const phi_encode_options options = {.adds_special = true, .parses_special = in->parses_special};
    const size_t cap = phi_tokenizer_ids_max(t, n_text);
    int32_t *ids = malloc(cap * sizeof *ids);
    phi_error err;
    size_t n_ids;
    size_t n_joined;
    expect(ids != NULL, "memory");
    expect(phi_tokenizer_encode(ids, &n_ids, cap, t, text, &options, scratch, &err) == PHI_OK, "every text is encoded");
    expect(n_ids < cap || cap <= 2, "the announced room is never full");
    expect(scratch->used_bytes == 0, "scratch is rewound");
    uint8_t *joined = join_pieces(&n_joined, t, ids, n_ids);
    if (is_reversible(in, t, text))
        expect(n_joined == n_text && (n_text == 0 || memcmp(joined, text.ptr, n_text) == 0),
               "a text comes back from its ids");
    check_stream(t, ids, n_ids);
    free(joined);
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input *in = calloc(1, sizeof *in);
    phi_arena arena;
    phi_arena scratch;
    phi_error err = {0};
    phi_tokenizer *t;
    expect(in != NULL, "memory");
    read_input(in, data, size);
    phi_arena_init(&arena, 4096);
    phi_arena_init(&scratch, 4096);
    const phi_status status = phi_tokenizer_create(&t, &arena, &in->v, &err);
    if (status == PHI_OK) {
        encode(in, t, &scratch);
    } else {
        expect(err.status == status && err.text[0] != 0, "a refusal says why");
        expect(!t && arena.used_bytes == 0, "a refusal keeps nothing");
    }
    phi_arena_deinit(&arena);
    phi_arena_deinit(&scratch);
    free(in);
    return 0;
}
