#include "tokenizer.h"

#include <string.h>

#include "tokenizer_impl.h"
#include "unicode_class.h"
#include "utf8.h"

enum { TEXT_BYTES_MAX = 1 << 29 }; /* every place in a text, three times over, fits 31 bits */

/* ------------------------------------------------------------------ building */

typedef struct family_row {
    phi_str name;
    phi_status (*build)(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err);
} family_row;

static const family_row *find_family(phi_str name)
{
#define PHI_TOKENIZER(row_name, row_build) {{row_name, sizeof(row_name) - 1}, row_build},
    static const family_row rows[] = {
#include "tokenizers.def"
    };
#undef PHI_TOKENIZER
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (phi_str_equal(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static phi_status fail_unknown_family(phi_str name, phi_error *err)
{
    return phi_fail(err, PHI_EUNSUPPORTED, "vocabulary: tokenizer \"%.*s\"; this build knows"
#define PHI_TOKENIZER(row_name, row_build) " " row_name
#include "tokenizers.def"
#undef PHI_TOKENIZER
                    ,
                    phi_str_print_len(name), name.ptr);
}

/* "<|end|>" and the like. Microsoft's first GGUF of Phi-3 marks some of them as plain text. */
static bool looks_like_control(phi_str text)
{
    if (text.len < 5 || !phi_str_has_prefix(text, PHI_STR("<|")) || text.ptr[text.len - 2] != '|' ||
        text.ptr[text.len - 1] != '>')
        return false;
    for (size_t i = 2; i + 2 < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                             c == '/' || c == '-';
        if (!is_name)
            return false;
    }
    return true;
}

static phi_status load_token(phi_tokenizer *t, const phi_vocabulary *v, int32_t id, phi_error *err)
{
    const phi_str text = v->texts[id];
    int32_t type = v->types ? v->types[id] : PHI_TOKEN_NORMAL;
    if (type == 0) /* "undefined" in the enumeration of GGUF's writers */
        type = PHI_TOKEN_NORMAL;
    if (type < PHI_TOKEN_NORMAL || type > PHI_TOKEN_BYTE)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: token %d has type %d; expected 1 to 6", id, type);
    if (text.len > PHI_LIMIT_TOKEN_BYTES)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: the text of token %d has %zu bytes, the limit is %d", id,
                        text.len, PHI_LIMIT_TOKEN_BYTES);
    if (text.len == 0)
        type = PHI_TOKEN_UNUSED;
    if ((type == PHI_TOKEN_NORMAL || type == PHI_TOKEN_USER_DEFINED) && looks_like_control(text))
        type = PHI_TOKEN_CONTROL;
    t->texts[id] = text;
    t->types[id] = (uint8_t)type;
    return PHI_OK;
}

static phi_status check_id(const char *name, int32_t id, const phi_vocabulary *v, phi_error *err)
{
    if (id >= -1 && (id < 0 || (size_t)id < v->n_tokens))
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "vocabulary: %s is %d; expected below %zu, the number of tokens", name, id,
                    v->n_tokens);
}

static phi_status load_vocabulary(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    if (v->n_tokens == 0 || v->n_tokens > PHI_LIMIT_VOCABULARY)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: %zu tokens; expected 1 to %d", v->n_tokens,
                        PHI_LIMIT_VOCABULARY);
    PHI_TRY(check_id("the beginning-of-text id", v->bos_id, v, err));
    PHI_TRY(check_id("the end-of-text id", v->eos_id, v, err));
    PHI_TRY(check_id("the unknown-token id", v->unknown_id, v, err));
    t->n_tokens = (int32_t)v->n_tokens;
    t->bos_id = v->bos_id;
    t->eos_id = v->eos_id;
    t->unknown_id = v->unknown_id;
    t->adds_bos = v->adds_bos && v->bos_id >= 0;
    t->adds_eos = v->adds_eos && v->eos_id >= 0;
    t->adds_space_prefix = v->adds_space_prefix;
    t->texts = phi_arena_array(arena, phi_str, v->n_tokens);
    t->types = phi_arena_array(arena, uint8_t, v->n_tokens);
    if (!t->texts || !t->types)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for %zu tokens", v->n_tokens);
    for (int32_t id = 0; id < t->n_tokens; id++)
        PHI_TRY(load_token(t, v, id, err));
    return PHI_OK;
}

static void add_stop_id(phi_tokenizer *t, int32_t id)
{
    for (size_t i = 0; i < t->n_stop_ids; i++)
        if (t->stop_ids[i] == id)
            return;
    t->stop_ids[t->n_stop_ids++] = id;
}

/* Besides EOS and those that the file lists: texts at which chat models end their turn. It is the list that llama.cpp
 * keeps, for files name only one id. */
static phi_status find_stop_ids(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    static const char *const texts[] = {"<|end|>",       "<|endoftext|>",   "<|im_end|>", "<|eot_id|>",
                                        "<|eom_id|>",    "<|end_of_text|>", "<|return|>", "<|call|>",
                                        "<end_of_turn>", "<EOT>",           "_<EOT>",     "<end_of_utterance>"};
    const size_t n_texts = sizeof texts / sizeof texts[0];
    if (v->flags.n_stop_ids > PHI_LIMIT_STOP_IDS)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: %zu stop ids, the limit is %d", v->flags.n_stop_ids,
                        PHI_LIMIT_STOP_IDS);
    t->stop_ids = phi_arena_array(arena, int32_t, n_texts + 1 + v->flags.n_stop_ids);
    if (!t->stop_ids)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for the stop ids");
    if (t->eos_id >= 0)
        add_stop_id(t, t->eos_id);
    for (size_t i = 0; i < v->flags.n_stop_ids; i++) {
        PHI_TRY(check_id("a stop id", v->flags.stop_ids[i], v, err));
        if (v->flags.stop_ids[i] >= 0)
            add_stop_id(t, v->flags.stop_ids[i]);
    }
    for (size_t i = 0; i < n_texts; i++) {
        const int32_t id = phi_token_table_find(t, phi_str_of(texts[i]));
        if (id >= 0 && t->types[id] != PHI_TOKEN_UNUSED)
            add_stop_id(t, id);
    }
    return PHI_OK;
}

static phi_status build(phi_tokenizer **out, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    const family_row *family = find_family(v->model);
    if (!family)
        return fail_unknown_family(v->model, err);
    phi_tokenizer *t = phi_arena_zeroed(arena, phi_tokenizer, 1);
    if (!t)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for %zu bytes", sizeof *t);
    PHI_TRY(load_vocabulary(t, arena, v, err));
    PHI_TRY(phi_token_table_build(t, arena, err));
    PHI_TRY(family->build(t, arena, v, err));
    PHI_TRY(phi_added_tokens_build(t, arena, v, err));
    PHI_TRY(find_stop_ids(t, arena, v, err));
    *out = t;
    return PHI_OK;
}

phi_status phi_tokenizer_create(phi_tokenizer **out, phi_arena *arena, const phi_vocabulary *vocabulary, phi_error *err)
{
    const phi_arena_mark mark = phi_arena_get_mark(arena);
    *out = NULL;
    const phi_status status = build(out, arena, vocabulary, err);
    if (status != PHI_OK)
        phi_arena_rewind(arena, mark);
    return status;
}

/* ------------------------------------------------------------------ encoding */

void phi_encoder_push(phi_encoder *e, int32_t id)
{
    if (id >= 0 && e->n_ids < e->ids_cap)
        e->ids[e->n_ids++] = id;
}

size_t phi_tokenizer_ids_max(const phi_tokenizer *t, size_t text_bytes)
{
    const size_t fixed = 2 + t->family.ids_per_byte; /* BOS, EOS, a dummy prefix */
    if (text_bytes > (SIZE_MAX - fixed) / t->family.ids_per_byte)
        return SIZE_MAX;
    return text_bytes * t->family.ids_per_byte + fixed;
}

static size_t space_end(phi_str text, size_t at)
{
    while (at < text.len) {
        int32_t code_point;
        const size_t n = phi_utf8_decode(&code_point, (const uint8_t *)text.ptr + at, text.len - at);
        if (phi_unicode_class(code_point) != PHI_CLASS_SPACE)
            break;
        at += n;
    }
    return at;
}

static phi_status encode_segment(phi_encoder *e, phi_str text, size_t start, size_t end, phi_error *err)
{
    if (start == end)
        return PHI_OK;
    const phi_arena_mark mark = phi_arena_get_mark(e->scratch);
    const phi_status status = e->t->family.encode(e, (phi_str){text.ptr + start, end - start}, err);
    phi_arena_rewind(e->scratch, mark);
    return status;
}

/* Where the text [start, at) ends without the white space at its end. */
static size_t trimmed_end(phi_str text, size_t start, size_t at)
{
    size_t end = start;
    for (size_t i = start; i < at;) {
        const size_t next = space_end((phi_str){text.ptr, at}, i);
        int32_t code_point;
        if (next == i)
            end = i + phi_utf8_decode(&code_point, (const uint8_t *)text.ptr + i, at - i);
        i = next == i ? end : next;
    }
    return end;
}

static phi_status encode_text(phi_encoder *e, phi_str text, bool parses_special, phi_error *err)
{
    size_t start = 0; /* of the segment since the last added token */
    for (size_t at = 0; at < text.len;) {
        const phi_added_token *added = phi_added_tokens_match(e->t, text, at, parses_special);
        if (!added) {
            at++;
            continue;
        }
        PHI_TRY(encode_segment(e, text, start, added->eats_left ? trimmed_end(text, start, at) : at, err));
        phi_encoder_push(e, added->id);
        at += added->text.len;
        if (added->eats_right)
            at = space_end(text, at);
        start = at;
    }
    return encode_segment(e, text, start, text.len, err);
}

phi_status phi_tokenizer_encode(int32_t *ids, size_t *n_ids, size_t ids_cap, const phi_tokenizer *t, phi_str text,
                                const phi_encode_options *options, phi_arena *scratch, phi_error *err)
{
    *n_ids = 0;
    if (text.len > TEXT_BYTES_MAX)
        return phi_fail(err, PHI_EINVAL, "tokenizer: a text of %zu bytes, the limit is %d", text.len, TEXT_BYTES_MAX);
    if (ids_cap < phi_tokenizer_ids_max(t, text.len))
        return phi_fail(err, PHI_EINVAL, "tokenizer: room for %zu ids; a text of %zu bytes needs %zu", ids_cap,
                        text.len, phi_tokenizer_ids_max(t, text.len));
    phi_encoder e = {.t = t, .scratch = scratch, .ids = ids, .ids_cap = ids_cap};
    if (options->adds_special && t->adds_bos)
        phi_encoder_push(&e, t->bos_id);
    PHI_TRY(encode_text(&e, text, options->parses_special, err));
    if (options->adds_special && t->adds_eos)
        phi_encoder_push(&e, t->eos_id);
    *n_ids = e.n_ids;
    return PHI_OK;
}

/* ------------------------------------------------------------------ accessors */

int32_t phi_tokenizer_n_tokens(const phi_tokenizer *t)
{
    return t->n_tokens;
}

phi_token_type phi_tokenizer_type(const phi_tokenizer *t, int32_t id)
{
    return id >= 0 && id < t->n_tokens ? (phi_token_type)t->types[id] : PHI_TOKEN_UNUSED;
}

bool phi_tokenizer_drops_first_space(const phi_tokenizer *t)
{
    return t->family.drops_first_space;
}

int32_t phi_tokenizer_bos_id(const phi_tokenizer *t)
{
    return t->bos_id;
}

int32_t phi_tokenizer_eos_id(const phi_tokenizer *t)
{
    return t->eos_id;
}

int32_t phi_tokenizer_find(const phi_tokenizer *t, phi_str text)
{
    return phi_token_table_find(t, text);
}

phi_str phi_tokenizer_text(const phi_tokenizer *t, int32_t id)
{
    return id >= 0 && id < t->n_tokens ? t->texts[id] : (phi_str){NULL, 0};
}

const int32_t *phi_tokenizer_stop_ids(const phi_tokenizer *t, size_t *n_out)
{
    *n_out = t->n_stop_ids;
    return t->stop_ids;
}
