/* Tokens that are found in the raw text: control, unknown and user-defined ones. Leftmost, then longest. */
#include <string.h>

#include "sort.h"
#include "tokenizer_impl.h"

/* By text; the same text twice, by id. */
static int compare_tokens(const void *a, const void *b)
{
    const phi_added_token *const p = a, *const q = b;
    const phi_str x = p->text, y = q->text;
    const int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
    if (order != 0)
        return order;
    return x.len != y.len ? (x.len > y.len) - (x.len < y.len) : (p->id > q->id) - (p->id < q->id);
}

static bool contains_any_case(phi_str s, phi_str small_letters)
{
    for (size_t i = 0; i + small_letters.len <= s.len; i++) {
        size_t n = 0;
        while (n < small_letters.len) {
            const char c = s.ptr[i + n];
            if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != small_letters.ptr[n])
                break;
            n++;
        }
        if (n == small_letters.len)
            return true;
    }
    return false;
}

/* llama.cpp switches stripping on by the model's name, for GGUF cannot say it. */
static phi_strip_rule resolve_rule(const phi_vocabulary *v)
{
    if (v->strip_rule != PHI_STRIP_AUTO)
        return v->strip_rule;
    const bool is_named = contains_any_case(v->model_name, PHI_STR("phi-3")) ||
                          contains_any_case(v->model_name, PHI_STR("phi3"));
    return is_named ? PHI_STRIP_ALL : PHI_STRIP_NONE;
}

static bool eats_space(phi_strip_rule rule, phi_str text)
{
    switch (rule) {
    case PHI_STRIP_ALL:
        return !phi_str_equal(text, PHI_STR("<unk>")) && !phi_str_equal(text, PHI_STR("<s>")) &&
               !phi_str_equal(text, PHI_STR("<|endoftext|>"));
    case PHI_STRIP_VISION:
        return phi_str_equal(text, PHI_STR("<|assistant|>")) || phi_str_equal(text, PHI_STR("<|image|>")) ||
               phi_str_equal(text, PHI_STR("</s>")) || phi_str_has_prefix(text, PHI_STR("<|placeholder"));
    case PHI_STRIP_AUTO:
    case PHI_STRIP_NONE:
        break;
    }
    return false;
}

/* Of the tokens, which still are in the order of their ids; NULL: it is none of them. */
static phi_added_token *find_id(const phi_added_tokens *a, int32_t id)
{
    size_t low = 0, high = a->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (a->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->n && a->items[low].id == id ? &a->items[low] : NULL;
}

static phi_status check_strip(const phi_tokenizer *t, int32_t id, phi_error *err)
{
    if (id >= 0 && id < t->n_tokens)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "vocabulary: an id that strips is %d; expected 0 to %d", (int)id,
                    (int)t->n_tokens - 1);
}

/* By the file's own lists. */
static phi_status mark_listed(phi_tokenizer *t, const phi_token_flags *f, phi_error *err)
{
    for (size_t i = 0; i < f->n_strips_right; i++) {
        PHI_TRY(check_strip(t, f->strips_right[i], err));
        phi_added_token *token = find_id(&t->added, f->strips_right[i]);
        if (token)
            token->eats_right = true;
    }
    for (size_t i = 0; i < f->n_strips_left; i++) {
        PHI_TRY(check_strip(t, f->strips_left[i], err));
        phi_added_token *token = find_id(&t->added, f->strips_left[i]);
        if (token)
            token->eats_left = true;
    }
    return PHI_OK;
}

static phi_status mark_strips(phi_tokenizer *t, const phi_vocabulary *v, phi_error *err)
{
    PHI_TRY(mark_listed(t, &v->flags, err)); /* a bad list is refused even if a rule replaces it */
    if (v->strip_rule == PHI_STRIP_AUTO && v->flags.has_strips)
        return PHI_OK;
    const phi_strip_rule rule = resolve_rule(v);
    for (size_t i = 0; i < t->added.n; i++) {
        t->added.items[i].eats_right = eats_space(rule, t->added.items[i].text);
        t->added.items[i].eats_left = false;
    }
    return PHI_OK;
}

static bool is_added(const phi_tokenizer *t, int32_t id)
{
    return t->texts[id].len > 0 && (t->types[id] == PHI_TOKEN_CONTROL || t->types[id] == PHI_TOKEN_UNKNOWN ||
                                    t->types[id] == PHI_TOKEN_USER_DEFINED);
}

phi_status phi_added_tokens_build(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    phi_added_tokens *a = &t->added;
    for (int32_t id = 0; id < t->n_tokens; id++)
        a->n += is_added(t, id);
    a->items = phi_arena_array(arena, phi_added_token, a->n);
    if (!a->items)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for %zu added tokens", a->n);
    size_t at = 0;
    for (int32_t id = 0; id < t->n_tokens; id++)
        if (is_added(t, id))
            a->items[at++] = (phi_added_token){.text = t->texts[id], .id = id};
    PHI_TRY(mark_strips(t, v, err));
    if (a->n > 1)
        phi_sort(a->items, a->n, sizeof a->items[0], compare_tokens);
    at = 0;
    for (uint32_t byte = 0; byte <= 256; byte++) {
        while (at < a->n && (uint8_t)a->items[at].text.ptr[0] < byte)
            at++;
        a->first_at[byte] = (uint32_t)at;
    }
    return PHI_OK;
}

/* First of items[low .. high), which agree in `depth` bytes and are longer, whose next byte is at least `byte`. */
static uint32_t lower_bound(const phi_added_token *items, uint32_t low, uint32_t high, size_t depth, unsigned byte)
{
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if ((uint8_t)items[middle].text.ptr[depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const phi_added_token *phi_added_tokens_match(const phi_tokenizer *t, phi_str text, size_t at, bool parses_special)
{
    const phi_added_token *items = t->added.items;
    const uint8_t first = (uint8_t)text.ptr[at];
    uint32_t low = t->added.first_at[first];
    uint32_t high = t->added.first_at[first + 1];
    const phi_added_token *longest = NULL;
    for (size_t depth = 1; low < high; depth++) {
        if (items[low].text.len == depth) { /* in byte order a text comes before those that it begins */
            if (parses_special || t->types[items[low].id] == PHI_TOKEN_USER_DEFINED)
                longest = &items[low];
            low++;
        }
        if (at + depth >= text.len)
            break;
        const unsigned byte = (uint8_t)text.ptr[at + depth];
        low = lower_bound(items, low, high, depth, byte);
        high = lower_bound(items, low, high, depth, byte + 1);
    }
    return longest;
}
