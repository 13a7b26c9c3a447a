#include "token_trie.h"

#include <string.h>

#include "limits.h"
#include "utf8.h"

/* A token on its way into a tree. The first bytes as a number settle nearly every comparison. */
typedef struct entry {
    uint64_t head;
    const uint8_t *bytes;
    uint32_t n;
    int32_t id;
} entry;

typedef struct work {
    uint8_t *bytes; /* of all tokens */
    entry *entries; /* (n) */
    entry *merged;  /* (n) room for sorting */
    uint32_t n;
} work;

static phi_status no_memory(phi_error *err, int32_t n_tokens)
{
    return phi_fail(err, PHI_ENOMEM, "constraint: no memory for the tree of %d tokens", (int)n_tokens);
}

static bool is_text(phi_token_type type)
{
    return type == PHI_TOKEN_NORMAL || type == PHI_TOKEN_BYTE || type == PHI_TOKEN_USER_DEFINED;
}

static uint64_t head_of(const uint8_t *bytes, size_t n)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < n ? bytes[i] : 0);
    return head;
}

static phi_status read_tokens(work *w, phi_arena *arena, phi_token_trie *t, phi_error *err)
{
    size_t n_bytes = PHI_LIMIT_TOKEN_BYTES;
    uint32_t n = 0;
    for (int32_t id = 0; id < t->n_tokens; id++) {
        n += is_text(phi_tokenizer_type(t->tokenizer, id));
        n_bytes += phi_tokenizer_text(t->tokenizer, id).len; /* a piece is no longer */
    }
    w->bytes = phi_arena_array(arena, uint8_t, n_bytes);
    w->entries = phi_arena_array(arena, entry, n);
    w->merged = phi_arena_array(arena, entry, n);
    if (!w->bytes || !w->entries || !w->merged)
        return no_memory(err, t->n_tokens);
    uint8_t *at = w->bytes;
    for (int32_t id = 0; id < t->n_tokens; id++) {
        if (!is_text(phi_tokenizer_type(t->tokenizer, id)))
            continue;
        const size_t len = phi_tokenizer_piece(at, t->tokenizer, id, false);
        if (len == 0)
            continue;
        w->entries[w->n++] = (entry){head_of(at, len), at, (uint32_t)len, id};
        t->bytes_max = len > t->bytes_max ? (uint32_t)len : t->bytes_max;
        t->single[at[0]] = t->single[at[0]] || len == 1;
        at += len;
    }
    return PHI_OK;
}

static bool is_before(const entry *a, const entry *b)
{
    if (a->head != b->head)
        return a->head < b->head;
    const uint32_t n = a->n < b->n ? a->n : b->n;
    const int order = memcmp(a->bytes, b->bytes, n);
    return order != 0 ? order < 0 : a->n < b->n;
}

/* Merge sort, bottom up: no recursion, no bad case, equal ones keep the order of their ids. */
static void sort(work *w)
{
    for (uint32_t run = 1; run < w->n; run *= 2) {
        for (uint32_t begin = 0; begin < w->n; begin += 2 * run) {
            const uint32_t middle = w->n - begin > run ? begin + run : w->n;
            const uint32_t end = w->n - middle > run ? middle + run : w->n;
            uint32_t left = begin;
            uint32_t right = middle;
            for (uint32_t i = begin; i < end; i++) {
                const bool takes_right = left == middle ||
                                         (right < end && is_before(&w->entries[right], &w->entries[left]));
                w->merged[i] = w->entries[takes_right ? right++ : left++];
            }
        }
        entry *const swap = w->entries;
        w->entries = w->merged;
        w->merged = swap;
    }
}

/* Characters, or 0 when the token is not plain. */
static uint32_t plain_length(const entry *e)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < e->n; n++) {
        int32_t c;
        if (e->bytes[at] < 0x20 || e->bytes[at] == '"' || e->bytes[at] == '\\')
            return 0;
        at += (uint32_t)phi_utf8_decode(&c, e->bytes + at, e->n - at);
        if (c < 0)
            return 0;
    }
    return n;
}

static uint32_t shared_bytes(const entry *a, const entry *b)
{
    uint32_t n = 0;
    while (n < a->n && n < b->n && a->bytes[n] == b->bytes[n])
        n++;
    return n;
}

static uint32_t count_nodes(const entry *entries, uint32_t n)
{
    uint32_t n_nodes = 0;
    for (uint32_t i = 0; i < n; i++)
        n_nodes += entries[i].n - (i > 0 ? shared_bytes(&entries[i - 1], &entries[i]) : 0);
    return n_nodes;
}

/* Sorted entries into a tree: each adds the bytes that it does not share with the one before. */
static phi_status build(phi_trie *out, phi_arena *arena, const entry *entries, uint32_t n, uint32_t bytes_max)
{
    const uint32_t n_nodes = count_nodes(entries, n);
    *out = (phi_trie){.nodes = phi_arena_array(arena, phi_trie_node, (size_t)n_nodes + 1),
                      .ids = phi_arena_array(arena, int32_t, n),
                      .n_nodes = n_nodes,
                      .n_ids = n};
    const phi_arena_mark mark = phi_arena_get_mark(arena);
    uint32_t *open = phi_arena_array(arena, uint32_t, bytes_max); /* nodes from the root to the last token */
    if (!out->nodes || !out->ids || !open)
        return PHI_ENOMEM;
    uint32_t at = 0;
    uint32_t n_open = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t shared = i > 0 ? shared_bytes(&entries[i - 1], &entries[i]) : 0;
        while (n_open > shared)
            out->nodes[open[--n_open]].skip = at;
        for (; n_open < entries[i].n; n_open++) {
            out->nodes[at] = (phi_trie_node){.first = i, .depth = (uint16_t)n_open, .byte = entries[i].bytes[n_open]};
            open[n_open] = at++;
        }
        out->ids[i] = entries[i].id;
    }
    while (n_open > 0)
        out->nodes[open[--n_open]].skip = at;
    out->nodes[at] = (phi_trie_node){.first = n, .skip = at};
    phi_arena_rewind(arena, mark);
    return PHI_OK;
}

/* Plain tokens to the front of `merged`, which is free now, others to `entries`; both stay sorted. Returns how many are
 * plain. */
static uint32_t part_plain(work *w, phi_token_trie *t)
{
    uint32_t n_plain = 0;
    uint32_t n_other = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const entry e = w->entries[i];
        const uint32_t length = plain_length(&e);
        if (length == 0) {
            w->entries[n_other++] = e;
            continue;
        }
        w->merged[n_plain++] = e;
        t->plain_mask[e.id / 32] |= 1u << (e.id % 32);
        t->length_max = length > t->length_max ? length : t->length_max;
    }
    return n_plain;
}

static phi_status list_by_length(phi_token_trie *t, phi_arena *arena, const entry *plain, uint32_t n_plain)
{
    t->by_length = phi_arena_array(arena, int32_t, n_plain);
    t->length_end = phi_arena_zeroed(arena, uint32_t, (size_t)t->length_max + 2);
    if (!t->by_length || !t->length_end)
        return PHI_ENOMEM;
    for (uint32_t i = 0; i < n_plain; i++)
        t->length_end[plain_length(&plain[i]) + 1]++;
    for (uint32_t n = 1; n <= t->length_max + 1; n++)
        t->length_end[n] += t->length_end[n - 1];
    for (uint32_t i = 0; i < n_plain; i++)
        t->by_length[t->length_end[plain_length(&plain[i])]++] = plain[i].id; /* [n]: from where n begins to its end */
    return PHI_OK;
}

static phi_status fill(phi_token_trie *t, phi_arena *arena, phi_arena *scratch, phi_error *err)
{
    work w = {0};
    PHI_TRY(read_tokens(&w, scratch, t, err));
    t->plain_mask = phi_arena_zeroed(arena, uint32_t, t->n_words);
    if (!t->plain_mask)
        return no_memory(err, t->n_tokens);
    sort(&w);
    const uint32_t n_plain = part_plain(&w, t);
    if (build(&t->plain, arena, w.merged, n_plain, t->bytes_max) != PHI_OK ||
        build(&t->other, arena, w.entries, w.n - n_plain, t->bytes_max) != PHI_OK ||
        list_by_length(t, arena, w.merged, n_plain) != PHI_OK)
        return no_memory(err, t->n_tokens);
    return PHI_OK;
}

phi_status phi_token_trie_create(phi_token_trie **out, phi_arena *arena, const phi_tokenizer *tokenizer, phi_error *err)
{
    const phi_arena_mark mark = phi_arena_get_mark(arena);
    phi_arena scratch;
    *out = NULL;
    phi_token_trie *t = phi_arena_zeroed(arena, phi_token_trie, 1);
    if (!t)
        return no_memory(err, phi_tokenizer_n_tokens(tokenizer));
    t->tokenizer = tokenizer;
    t->n_tokens = phi_tokenizer_n_tokens(tokenizer);
    t->n_words = ((uint32_t)t->n_tokens + 31) / 32;
    t->drops_first_space = phi_tokenizer_drops_first_space(tokenizer);
    phi_arena_init(&scratch, 1 << 16);
    const phi_status status = fill(t, arena, &scratch, err);
    phi_arena_deinit(&scratch);
    if (status != PHI_OK)
        phi_arena_rewind(arena, mark);
    else
        *out = t;
    return status;
}
