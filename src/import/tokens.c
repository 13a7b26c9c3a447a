/* tokenizer.json and the small files beside it, as what GGUF says of a vocabulary. */
#include <string.h>

#include "import_impl.h"
#include "limits.h"
#include "token_parts.h"
#include "write_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5, BYTE = 6 }; /* GGUF's */

/* What is read before it can be put together. */
typedef struct token_reader {
    phi_hf_tokens *t;
    phi_str model_type, unknown;
    phi_str prefix, suffix; /* of words inside BPE */
    bool falls_back, ignores_merges;
    phi_token_parts normalizer, pre;
    phi_token_frame frame;
} token_reader;

/* tokenizer_config.json */
typedef struct token_options {
    int32_t adds_bos, adds_eos; /* -1: it does not say */
    phi_str bos, eos, unknown, pad, chat_template;
} token_options;

static phi_status put_token(phi_json_walk *w, phi_hf_tokens *t, int64_t id, phi_str text)
{
    if (id < 0 || id >= t->n_tokens)
        return phi_fail(w->r.err, PHI_ECORRUPT,
                        "tokenizer.json: byte %zu: token id %lld, expected 0 to %d (vocab_size of config.json)",
                        w->r.at, (long long)id, (int)t->n_tokens - 1);
    if (text.len > PHI_LIMIT_TOKEN_BYTES)
        return phi_fail(w->r.err, PHI_ECORRUPT, "tokenizer.json: token %lld has %zu bytes, the limit is %d",
                        (long long)id, text.len, PHI_LIMIT_TOKEN_BYTES);
    if (t->texts[id].ptr && !phi_str_equal(t->texts[id], text))
        return phi_fail(w->r.err, PHI_ECORRUPT, "tokenizer.json: token %lld is '%.*s' and '%.*s'", (long long)id,
                        phi_str_print_len(t->texts[id]), t->texts[id].ptr, phi_str_print_len(text), text.ptr);
    t->texts[id] = text;
    return PHI_OK;
}

/* ------------------------------------------------------------------ model */

/* {"the": 5, …} */
static phi_status read_vocab(phi_json_walk *w, void *field)
{
    phi_hf_tokens *t = *(phi_hf_tokens **)field;
    bool has_more;
    phi_str text;
    int64_t id;
    if (phi_walk_peek(w) == '[')
        return phi_fail(w->r.err, PHI_EUNSUPPORTED,
                        "tokenizer.json: a vocabulary of pieces with scores (Unigram); this build knows BPE");
    PHI_TRY(phi_walk_enter(w, '{'));
    for (;;) {
        PHI_TRY(phi_walk_member(w, &text, &has_more));
        if (!has_more)
            return PHI_OK;
        PHI_TRY(phi_walk_int(w, &id));
        PHI_TRY(put_token(w, t, id, text));
        t->types[id] = t->types[id] == UNUSED ? NORMAL : t->types[id];
    }
}

/* "left right" of files before 2024, ["left", "right"] of those behind. */
static phi_status read_merge(phi_json_walk *w, phi_hf_merge *m)
{
    bool has_more;
    phi_str line;
    if (phi_walk_peek(w) == '"') {
        size_t space = 1;
        PHI_TRY(phi_walk_text(w, &line));
        while (space < line.len && line.ptr[space] != ' ')
            space++;
        if (space + 1 >= line.len)
            return phi_fail(w->r.err, PHI_ECORRUPT, "tokenizer.json: merge '%.*s', expected \"left right\"",
                            phi_str_print_len(line), line.ptr);
        *m = (phi_hf_merge){{line.ptr, space}, {line.ptr + space + 1, line.len - space - 1}};
        return PHI_OK;
    }
    PHI_TRY(phi_walk_enter(w, '['));
    for (int i = 0; i < 3; i++) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (has_more != (i < 2))
            return phi_json_fail(&w->r, "a merge of two texts");
        if (has_more)
            PHI_TRY(phi_walk_text(w, i == 0 ? &m->left : &m->right));
    }
    if (m->left.len == 0 || m->right.len == 0)
        return phi_json_fail(&w->r, "texts that are not empty in front of this byte");
    return PHI_OK;
}

static phi_status read_merges(phi_json_walk *w, void *field)
{
    phi_hf_tokens *t = *(phi_hf_tokens **)field;
    /* Each takes 6 bytes of text at least, so the room is bounded by the file. */
    const size_t cap = (w->r.text.len - w->r.at) / 4 + 1;
    bool has_more;
    PHI_TRY(phi_walk_enter(w, '['));
    size_t room = 4096 < cap ? 4096 : cap;
    t->merges = phi_arena_array(w->r.arena, phi_hf_merge, room);
    for (;;) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        if (t->merges && t->n_merges == room) {
            phi_hf_merge *grown = phi_arena_array(w->r.arena, phi_hf_merge, 2 * room);
            if (grown)
                memcpy(grown, t->merges, room * sizeof *grown);
            t->merges = grown;
            room *= 2;
        }
        if (!t->merges || t->n_merges == PHI_LIMIT_ARRAY_ITEMS)
            return phi_fail(w->r.err, PHI_ENOMEM, "tokenizer.json: no memory for %zu merges", t->n_merges);
        PHI_TRY(read_merge(w, &t->merges[t->n_merges++]));
    }
}

static phi_status read_model(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"type", PHI_FIELD_TEXT, offsetof(token_reader, model_type), NULL},
        {"unk_token", PHI_FIELD_TEXT, offsetof(token_reader, unknown), NULL},
        {"continuing_subword_prefix", PHI_FIELD_TEXT, offsetof(token_reader, prefix), NULL},
        {"end_of_word_suffix", PHI_FIELD_TEXT, offsetof(token_reader, suffix), NULL},
        {"byte_fallback", PHI_FIELD_FLAG, offsetof(token_reader, falls_back), NULL},
        {"ignore_merges", PHI_FIELD_FLAG, offsetof(token_reader, ignores_merges), NULL},
        {"vocab", PHI_FIELD_OTHER, offsetof(token_reader, t), read_vocab},
        {"merges", PHI_FIELD_OTHER, offsetof(token_reader, t), read_merges},
    };
    /* `field` is the reader's first member. */
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

/* ------------------------------------------------------------------ added tokens */

typedef struct added_token {
    int64_t id;
    phi_str content;
    bool is_special, strips_left, strips_right, is_single_word;
} added_token;

static phi_status list_strip(phi_json_walk *w, int32_t **list, size_t *n, int32_t cap, int32_t id)
{
    if (!*list)
        *list = phi_arena_array(w->r.arena, int32_t, (size_t)cap);
    if (!*list)
        return phi_fail(w->r.err, PHI_ENOMEM, "tokenizer.json: no memory for the added tokens");
    if (*n < (size_t)cap)
        (*list)[(*n)++] = id;
    return PHI_OK;
}

static phi_status read_added_token(phi_json_walk *w, void *tokens)
{
    static const phi_field fields[] = {
        {"id", PHI_FIELD_INT, offsetof(added_token, id), NULL},
        {"content", PHI_FIELD_TEXT, offsetof(added_token, content), NULL},
        {"special", PHI_FIELD_FLAG, offsetof(added_token, is_special), NULL},
        {"lstrip", PHI_FIELD_FLAG, offsetof(added_token, strips_left), NULL},
        {"rstrip", PHI_FIELD_FLAG, offsetof(added_token, strips_right), NULL},
        {"single_word", PHI_FIELD_FLAG, offsetof(added_token, is_single_word), NULL},
    };
    phi_hf_tokens *t = tokens;
    added_token a = {.id = -1};
    PHI_TRY(phi_walk_fields(w, fields, COUNT(fields), &a));
    if (a.is_single_word)
        return phi_fail(w->r.err, PHI_EUNSUPPORTED, "tokenizer.json: added token '%.*s' is single_word",
                        phi_str_print_len(a.content), a.content.ptr);
    PHI_TRY(put_token(w, t, a.id, a.content));
    /* SentencePiece's own, which files of this family call neither special nor normal alike. */
    const bool is_control = a.is_special || phi_str_equal(a.content, PHI_STR("<s>")) ||
                            phi_str_equal(a.content, PHI_STR("</s>"));
    t->types[a.id] = is_control ? CONTROL : USER_DEFINED;
    if (a.strips_right)
        PHI_TRY(list_strip(w, &t->strips_right, &t->n_strips_right, t->n_tokens, (int32_t)a.id));
    if (a.strips_left)
        PHI_TRY(list_strip(w, &t->strips_left, &t->n_strips_left, t->n_tokens, (int32_t)a.id));
    return PHI_OK;
}

static phi_status read_added(phi_json_walk *w, void *field)
{
    return phi_walk_items(w, read_added_token, *(phi_hf_tokens **)field);
}

static phi_status read_tokenizer(token_reader *r, phi_arena *arena, phi_bytes text, phi_error *err)
{
    static const phi_field fields[] = {
        {"added_tokens", PHI_FIELD_OTHER, offsetof(token_reader, t), read_added},
        {"normalizer", PHI_FIELD_OTHER, offsetof(token_reader, normalizer), phi_read_token_parts},
        {"pre_tokenizer", PHI_FIELD_OTHER, offsetof(token_reader, pre), phi_read_token_parts},
        {"post_processor", PHI_FIELD_OTHER, offsetof(token_reader, frame), phi_read_token_frame},
        {"model", PHI_FIELD_OTHER, 0, read_model},
    };
    phi_json_walk w = phi_walk_open(arena, "tokenizer.json", text, err);
    PHI_TRY(phi_walk_fields(&w, fields, COUNT(fields), r));
    return phi_walk_end(&w);
}

/* ------------------------------------------------------------------ the files beside it */

/* "<s>", or {"content": "<s>", …} */
static phi_status read_token_text(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {{"content", PHI_FIELD_TEXT, 0, NULL}};
    return phi_walk_peek(w) == '"' ? phi_walk_text(w, field) : phi_walk_fields(w, fields, COUNT(fields), field);
}

static phi_status read_tristate(phi_json_walk *w, void *field)
{
    bool value = false;
    PHI_TRY(phi_walk_flag(w, &value));
    *(int32_t *)field = value;
    return PHI_OK;
}

typedef struct named_template {
    phi_str name, text;
} named_template;

static phi_status read_named_template(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"name", PHI_FIELD_TEXT, offsetof(named_template, name), NULL},
        {"template", PHI_FIELD_TEXT, offsetof(named_template, text), NULL},
    };
    named_template t = {.text = {NULL, 0}};
    PHI_TRY(phi_walk_fields(w, fields, COUNT(fields), &t));
    if (phi_str_equal(t.name, PHI_STR("default")))
        *(phi_str *)field = t.text;
    return PHI_OK;
}

/* A template, or a list of them with names, of which "default" is meant. */
static phi_status read_template(phi_json_walk *w, void *field)
{
    return phi_walk_peek(w) == '"' ? phi_walk_text(w, field) : phi_walk_items(w, read_named_template, field);
}

static phi_status read_options(token_options *o, phi_arena *arena, phi_bytes text, phi_error *err)
{
    static const phi_field fields[] = {
        {"add_bos_token", PHI_FIELD_OTHER, offsetof(token_options, adds_bos), read_tristate},
        {"add_eos_token", PHI_FIELD_OTHER, offsetof(token_options, adds_eos), read_tristate},
        {"bos_token", PHI_FIELD_OTHER, offsetof(token_options, bos), read_token_text},
        {"eos_token", PHI_FIELD_OTHER, offsetof(token_options, eos), read_token_text},
        {"unk_token", PHI_FIELD_OTHER, offsetof(token_options, unknown), read_token_text},
        {"pad_token", PHI_FIELD_OTHER, offsetof(token_options, pad), read_token_text},
        {"chat_template", PHI_FIELD_OTHER, offsetof(token_options, chat_template), read_template},
    };
    if (!text.ptr)
        return PHI_OK;
    phi_json_walk w = phi_walk_open(arena, "tokenizer_config.json", text, err);
    PHI_TRY(phi_walk_fields(&w, fields, COUNT(fields), o));
    return phi_walk_end(&w);
}

/* Generation ends at these, whatever else the tokenizer knows. */
static phi_status read_stops(phi_hf_ids *stops, phi_arena *arena, phi_bytes text, phi_error *err)
{
    static const phi_field fields[] = {{"eos_token_id", PHI_FIELD_OTHER, 0, phi_hf_read_ids}};
    if (!text.ptr)
        return PHI_OK;
    phi_json_walk w = phi_walk_open(arena, "generation_config.json", text, err);
    PHI_TRY(phi_walk_fields(&w, fields, COUNT(fields), stops));
    return phi_walk_end(&w);
}

/* ------------------------------------------------------------------ together */

static int32_t find_token(const phi_hf_tokens *t, phi_str text)
{
    for (int32_t id = 0; text.len > 0 && id < t->n_tokens; id++)
        if (t->texts[id].ptr && phi_str_equal(t->texts[id], text))
            return id;
    return -1;
}

static phi_status check_stops(phi_hf_tokens *t, const phi_hf_config *c, phi_error *err)
{
    for (int32_t i = 0; i < c->eos.n && t->stops.n < PHI_HF_IDS_MAX; i++) {
        bool is_listed = false;
        for (int32_t k = 0; k < t->stops.n; k++)
            is_listed = is_listed || t->stops.ids[k] == c->eos.ids[i];
        if (!is_listed)
            t->stops.ids[t->stops.n++] = c->eos.ids[i];
    }
    for (int32_t i = 0; i < t->stops.n; i++)
        if (t->stops.ids[i] >= t->n_tokens)
            return phi_fail(err, PHI_ECORRUPT, "generation_config.json: eos_token_id %d, the vocabulary has %d rows",
                            (int)t->stops.ids[i], (int)t->n_tokens);
    return PHI_OK;
}

static int32_t id_of(const phi_hf_tokens *t, phi_str text, const phi_hf_ids *configured)
{
    const int32_t named = find_token(t, text);
    const int32_t id = configured->n > 0 ? configured->ids[0] : -1;
    return id >= 0 && id < t->n_tokens ? id : named;
}

/* The order in which the published classes decide: tokenizer_config.json's flag, else the post-processor. */
static void frame_texts(phi_hf_tokens *t, const token_reader *r, const token_options *o, const phi_hf_config *c)
{
    const int32_t before = find_token(t, r->frame.before);
    t->bos_id = before >= 0 ? before : id_of(t, o->bos, &c->bos);
    t->eos_id = id_of(t, o->eos, &c->eos);
    t->pad_id = id_of(t, o->pad, &c->pad);
    t->unknown_id = find_token(t, r->unknown.len > 0 ? r->unknown : o->unknown);
    if (t->eos_id < 0 && t->stops.n > 0)
        t->eos_id = t->stops.ids[0];
    t->adds_bos = t->bos_id >= 0 && (o->adds_bos >= 0 ? o->adds_bos == 1 : r->frame.before.len > 0);
    t->adds_eos = t->eos_id >= 0 && (o->adds_eos >= 0 ? o->adds_eos == 1 : r->frame.after.len > 0);
}

static bool is_byte_token(phi_str text)
{
    return text.len == 6 && phi_str_has_prefix(text, PHI_STR("<0x")) && text.ptr[5] == '>';
}

static phi_status settle_types(phi_hf_tokens *t, phi_arena *arena, phi_error *err)
{
    enum { PAD_BYTES = 16 };
    char *pads = phi_arena_array(arena, char, (size_t)t->n_tokens *PAD_BYTES);
    if (!pads)
        return phi_fail(err, PHI_ENOMEM, "tokenizer.json: no memory for the names of unused rows");
    for (int32_t id = 0; id < t->n_tokens; id++) {
        if (!t->texts[id].ptr) {
            char *text = pads + (size_t)id * PAD_BYTES;
            const int n = phi_write_text(text, PAD_BYTES, "[PAD%d]", (int)id);
            t->texts[id] = (phi_str){text, (size_t)n};
            t->types[id] = UNUSED;
        } else if (!t->is_byte_level && t->types[id] == NORMAL && is_byte_token(t->texts[id])) {
            t->types[id] = BYTE;
        }
    }
    if (t->unknown_id >= 0 && !t->is_byte_level)
        t->types[t->unknown_id] = UNKNOWN;
    return PHI_OK;
}

static phi_status choose_family(phi_hf_tokens *t, const token_reader *r, phi_error *err)
{
    if (r->model_type.len > 0 && !phi_str_equal(r->model_type, PHI_STR("BPE")))
        return phi_fail(err, PHI_EUNSUPPORTED, "tokenizer.json: a model of type '%.*s'; this build knows BPE",
                        phi_str_print_len(r->model_type), r->model_type.ptr);
    if (r->prefix.len > 0 || r->suffix.len > 0)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "tokenizer.json: BPE with continuing_subword_prefix or end_of_word_suffix");
    t->is_byte_level = !r->falls_back;
    t->pre = "default";
    t->adds_space_prefix = false;
    if (t->is_byte_level)
        return phi_match_pre(&t->pre, &r->normalizer, &r->pre, r->ignores_merges, err);
    if (r->ignores_merges)
        return phi_fail(err, PHI_EUNSUPPORTED, "tokenizer.json: ignore_merges with byte_fallback");
    return phi_match_spm(&t->adds_space_prefix, &r->normalizer, &r->pre, err);
}

phi_status phi_hf_read_tokens(phi_hf_tokens *t, const phi_hf_config *c, const phi_hf_texts *texts, phi_arena *arena,
                              phi_error *err)
{
    token_reader *r = phi_arena_zeroed(arena, token_reader, 1);
    token_options o = {.adds_bos = -1, .adds_eos = -1};
    *t = (phi_hf_tokens){.n_tokens = (int32_t)c->vocab_size};
    t->texts = phi_arena_zeroed(arena, phi_str, (size_t)t->n_tokens);
    t->types = phi_arena_array(arena, int32_t, (size_t)t->n_tokens);
    if (!r || !t->texts || !t->types)
        return phi_fail(err, PHI_ENOMEM, "tokenizer.json: no memory for %d tokens", (int)t->n_tokens);
    for (int32_t id = 0; id < t->n_tokens; id++)
        t->types[id] = UNUSED;
    r->t = t;
    PHI_TRY(read_tokenizer(r, arena, texts->tokenizer, err));
    PHI_TRY(choose_family(t, r, err));
    PHI_TRY(read_options(&o, arena, texts->tokenizer_config, err));
    PHI_TRY(read_stops(&t->stops, arena, texts->generation_config, err));
    PHI_TRY(check_stops(t, c, err));
    frame_texts(t, r, &o, c);
    t->chat_template = o.chat_template;
    if (texts->chat_template.ptr)
        t->chat_template = (phi_str){(const char *)texts->chat_template.ptr, texts->chat_template.len};
    PHI_TRY(settle_types(t, arena, err));
    return t->is_byte_level ? PHI_OK : phi_hf_score_tokens(t, arena, err);
}
