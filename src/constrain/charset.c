#include "charset.h"

#include <string.h>

#include "utf8.h"

/* ------------------------------------------------------------------ sets */

static phi_status out_of_memory(phi_builder *b)
{
    if (b->status == PHI_OK)
        b->status = phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for sets of characters");
    return b->status;
}

void phi_charsets_init(phi_charsets *c, phi_builder *builder)
{
    *c = (phi_charsets){.builder = builder};
    (void)phi_charsets_add(c, NULL, 0);
    phi_char_range all = {0, PHI_CODE_POINT_MAX};
    (void)phi_charsets_add(c, &all, 1);
}

static uint32_t hash_ranges(const phi_char_range *ranges, uint32_t n)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < n; i++)
        h = ((h ^ ranges[i].low) * 16777619u ^ ranges[i].high) * 16777619u;
    return h ^ h >> 15;
}

static bool same_ranges(const phi_charset *set, const phi_char_range *ranges, uint32_t n)
{
    return set->n == n && (n == 0 || memcmp(set->ranges, ranges, n * sizeof *ranges) == 0);
}

static bool grow_sets(phi_charsets *c)
{
    phi_arena *arena = c->builder->arena;
    const uint32_t cap = c->cap ? 2 * c->cap : 64;
    phi_charset *sets = phi_arena_array(arena, phi_charset, cap);
    uint32_t *slots = phi_arena_zeroed(arena, uint32_t, 2 * (size_t)cap);
    if (!sets || !slots)
        return false;
    if (c->n > 0)
        memcpy(sets, c->sets, c->n * sizeof *sets);
    c->mask = 2 * cap - 1;
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t slot = sets[i].hash & c->mask;
        while (slots[slot] != 0)
            slot = (slot + 1) & c->mask;
        slots[slot] = i + 1;
    }
    c->sets = sets;
    c->slots = slots;
    c->cap = cap;
    return true;
}

/* The number of a set whose ranges are in order; they are copied. */
static uint32_t intern(phi_charsets *c, const phi_char_range *ranges, uint32_t n)
{
    if (c->builder->status != PHI_OK)
        return PHI_CHARSET_EMPTY;
    const uint32_t hash = hash_ranges(ranges, n);
    uint32_t slot = hash & c->mask;
    for (; c->n > 0 && c->slots[slot] != 0; slot = (slot + 1) & c->mask)
        if (same_ranges(&c->sets[c->slots[slot] - 1], ranges, n))
            return c->slots[slot] - 1;
    /* Not before the search: who finds a known set may rewind the arena. */
    if (c->n == c->cap && !grow_sets(c)) {
        (void)out_of_memory(c->builder);
        return PHI_CHARSET_EMPTY;
    }
    for (slot = hash & c->mask; c->slots[slot] != 0;)
        slot = (slot + 1) & c->mask;
    phi_char_range *copy = phi_arena_array(c->builder->arena, phi_char_range, n);
    if (!copy) {
        (void)out_of_memory(c->builder);
        return PHI_CHARSET_EMPTY;
    }
    if (n > 0)
        memcpy(copy, ranges, n * sizeof *ranges);
    c->sets[c->n] = (phi_charset){.ranges = copy, .n = n, .hash = hash};
    c->slots[slot] = c->n + 1;
    return c->n++;
}

/* Shell sort (gaps of Ciura 2001): no recursion, no memory, and the lists are short. */
static void sort_ranges(phi_char_range *ranges, uint32_t n)
{
    static const uint32_t gaps[] = {3548, 1577, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (uint32_t i = gaps[g]; i < n; i++) {
            const phi_char_range item = ranges[i];
            uint32_t k = i;
            for (; k >= gaps[g] && ranges[k - gaps[g]].low > item.low; k -= gaps[g])
                ranges[k] = ranges[k - gaps[g]];
            ranges[k] = item;
        }
    }
}

uint32_t phi_charsets_add(phi_charsets *c, phi_char_range *ranges, uint32_t n)
{
    phi_char_range *joined = phi_arena_array(c->builder->arena, phi_char_range, n + 1);
    uint32_t n_joined = 0;
    if (!joined) {
        (void)out_of_memory(c->builder);
        return PHI_CHARSET_EMPTY;
    }
    sort_ranges(ranges, n);
    for (uint32_t i = 0; i < n; i++) {
        if (n_joined > 0 && ranges[i].low <= joined[n_joined - 1].high + 1) {
            if (ranges[i].high > joined[n_joined - 1].high)
                joined[n_joined - 1].high = ranges[i].high;
        } else {
            joined[n_joined++] = ranges[i];
        }
    }
    /* Out with the surrogates: one range may become two, for which there is room. */
    for (uint32_t i = 0; i < n_joined; i++) {
        phi_char_range *r = &joined[i];
        const bool begins = r->low >= 0xd800 && r->low <= 0xdfff;
        const bool ends = r->high >= 0xd800 && r->high <= 0xdfff;
        if (begins && ends) {
            memmove(r, r + 1, (n_joined - i - 1) * sizeof *r);
            n_joined--;
            i--;
        } else if (begins) {
            r->low = 0xe000;
        } else if (ends) {
            r->high = 0xd7ff;
        } else if (r->low < 0xd800 && r->high > 0xdfff) {
            memmove(r + 1, r, (n_joined - i) * sizeof *r);
            r[0].high = 0xd7ff;
            r[1].low = 0xe000;
            n_joined++;
            i++;
        }
    }
    return intern(c, joined, n_joined);
}

uint32_t phi_charsets_complement(phi_charsets *c, uint32_t set)
{
    const phi_charset *s = &c->sets[set];
    phi_char_range *ranges = phi_arena_array(c->builder->arena, phi_char_range, s->n + 1);
    uint32_t n = 0;
    uint32_t low = 0;
    if (!ranges) {
        (void)out_of_memory(c->builder);
        return PHI_CHARSET_EMPTY;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->ranges[i].low > low)
            ranges[n++] = (phi_char_range){low, s->ranges[i].low - 1};
        low = s->ranges[i].high + 1;
    }
    if (low <= PHI_CODE_POINT_MAX)
        ranges[n++] = (phi_char_range){low, PHI_CODE_POINT_MAX};
    return phi_charsets_add(c, ranges, n);
}

uint32_t phi_charsets_intersect(phi_charsets *c, uint32_t a, uint32_t b)
{
    if (a == b || b == PHI_CHARSET_ALL)
        return a;
    if (a == PHI_CHARSET_ALL)
        return b;
    const phi_charset x = c->sets[a];
    const phi_charset y = c->sets[b];
    const phi_arena_mark mark = phi_arena_get_mark(c->builder->arena);
    phi_char_range *ranges = phi_arena_array(c->builder->arena, phi_char_range, x.n + y.n);
    uint32_t n = 0;
    if (!ranges) {
        (void)out_of_memory(c->builder);
        return PHI_CHARSET_EMPTY;
    }
    for (uint32_t i = 0, k = 0; i < x.n && k < y.n;) {
        const uint32_t low = x.ranges[i].low > y.ranges[k].low ? x.ranges[i].low : y.ranges[k].low;
        const uint32_t high = x.ranges[i].high < y.ranges[k].high ? x.ranges[i].high : y.ranges[k].high;
        if (low <= high)
            ranges[n++] = (phi_char_range){low, high};
        if (x.ranges[i].high < y.ranges[k].high)
            i++;
        else
            k++;
    }
    const uint32_t n_before = c->n;
    const uint32_t set = intern(c, ranges, n);
    if (c->n == n_before)
        phi_arena_rewind(c->builder->arena, mark);
    return set;
}

/* ------------------------------------------------------------------ writing */

typedef struct edge_list {
    phi_edge *items;
    uint32_t n;
} edge_list;

enum { SPAN_EDGES = 3 };

/* The characters from `low` to `high`, which have `n` bytes each: edges of the node at their first byte. */
static void write_span(edge_list *out, phi_builder *b, const uint8_t *low, const uint8_t *high, uint32_t n,
                       uint32_t then)
{
    static const uint8_t first[] = {0x80, 0x80, 0x80};
    static const uint8_t last[] = {0xbf, 0xbf, 0xbf};
    if (n == 1) {
        out->items[out->n++] = (phi_edge){then, low[0], high[0]};
        return;
    }
    const uint8_t *const ends[][2] = {{low + 1, low[0] == high[0] ? high + 1 : last}, {first, last}, {first, high + 1}};
    const bool is_low_cut = low[0] == high[0] || memcmp(low + 1, first, n - 1) != 0;
    const bool is_high_cut = low[0] != high[0] && memcmp(high + 1, last, n - 1) != 0;
    const int begin[] = {low[0], low[0] + is_low_cut, high[0]};
    const int end[] = {low[0] - !is_low_cut, high[0] - is_high_cut, high[0] - !is_high_cut};
    for (uint32_t i = 0; i < SPAN_EDGES && b->status == PHI_OK; i++) {
        phi_edge items[SPAN_EDGES];
        edge_list inner = {items, 0};
        if (begin[i] > end[i])
            continue;
        write_span(&inner, b, ends[i][0], ends[i][1], n - 1, then);
        out->items[out->n++] = (phi_edge){phi_builder_switch(b, inner.items, inner.n), (uint8_t)begin[i],
                                          (uint8_t)end[i]};
    }
}

/* A range, cut where UTF-8 changes its length. */
static void write_range(edge_list *out, phi_builder *b, phi_char_range r, uint32_t then)
{
    static const uint32_t ends[] = {0x7f, 0x7ff, 0xffff, PHI_CODE_POINT_MAX};
    for (uint32_t i = 0; i < 4; i++) {
        if (r.low > ends[i] || r.low > r.high)
            continue;
        uint8_t low[4];
        uint8_t high[4];
        const uint32_t n = (uint32_t)phi_utf8_encode(low, r.low);
        (void)phi_utf8_encode(high, r.high < ends[i] ? r.high : ends[i]);
        write_span(out, b, low, high, n, then);
        r.low = ends[i] + 1;
    }
}

static bool has(const phi_charset *set, uint32_t c)
{
    for (uint32_t i = 0; i < set->n && set->ranges[i].low <= c; i++)
        if (c <= set->ranges[i].high)
            return true;
    return false;
}

/* "\u00" and the two digits of a control character without a short escape. */
static uint32_t write_controls(phi_builder *b, const phi_charset *set, uint32_t then)
{
    phi_edge rows[2];
    uint32_t n_rows = 0;
    for (uint32_t row = 0; row < 2; row++) {
        phi_edge digits[32];
        uint32_t n = 0;
        for (uint32_t d = 0; d < 16; d++) {
            const uint32_t c = row * 16 + d;
            if (!has(set, c) || c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r')
                continue;
            const uint8_t lower = (uint8_t) "0123456789abcdef"[d];
            digits[n++] = (phi_edge){then, lower, lower};
            if (d > 9)
                digits[n++] = (phi_edge){then, (uint8_t)(lower - 32), (uint8_t)(lower - 32)};
        }
        if (n > 0)
            rows[n_rows++] = (phi_edge){phi_builder_switch(b, digits, n), (uint8_t)('0' + row), (uint8_t)('0' + row)};
    }
    if (n_rows == 0)
        return PHI_NODE_END;
    const uint32_t row = phi_builder_switch(b, rows, n_rows);
    return phi_builder_bytes(b, (const uint8_t *)"00", 2, row);
}

/* A backslash and what may follow it, when a character of the set is escaped. */
static void write_escapes(edge_list *out, phi_builder *b, const phi_charset *set, uint32_t then)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    phi_edge edges[8];
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof letters - 1; i++)
        if (has(set, (uint8_t)escaped[i]))
            edges[n++] = (phi_edge){then, (uint8_t)letters[i], (uint8_t)letters[i]};
    const uint32_t controls = write_controls(b, set, then);
    if (controls != PHI_NODE_END)
        edges[n++] = (phi_edge){controls, 'u', 'u'};
    if (n > 0)
        out->items[out->n++] = (phi_edge){phi_builder_switch(b, edges, n), '\\', '\\'};
}

static uint32_t write_set(phi_charsets *c, uint32_t number, bool is_json, uint32_t then)
{
    phi_char_range unescaped[] = {{0x20, 0x21}, {0x23, 0x5b}, {0x5d, PHI_CODE_POINT_MAX}};
    phi_builder *b = c->builder;
    const uint32_t raw = is_json ? phi_charsets_intersect(c, number, phi_charsets_add(c, unescaped, 3)) : number;
    const phi_charset set = c->sets[raw];
    /* A range crosses three borders of lengths at most, but only one of the whole set does so for each border. */
    edge_list list = {phi_arena_array(b->arena, phi_edge, ((size_t)set.n + 3) * SPAN_EDGES + 1), 0};
    if (!list.items) {
        (void)out_of_memory(b);
        return PHI_NODE_END;
    }
    if (is_json)
        write_escapes(&list, b, &c->sets[number], then);
    for (uint32_t i = 0; i < set.n; i++)
        write_range(&list, b, set.ranges[i], then);
    return phi_builder_switch(b, list.items, list.n);
}

/* Sets within ASCII become edges to `then`: no call, and a thread less. */
static bool write_ascii(phi_charsets *c, uint32_t number, bool is_json, uint32_t node, uint32_t then)
{
    enum { EDGES = 16 };
    const phi_charset *set = &c->sets[number];
    phi_edge edges[EDGES];
    if (set->n > EDGES || (set->n > 0 && set->ranges[set->n - 1].high > 0x7f))
        return false;
    if (is_json && (has(set, '"') || has(set, '\\') || (set->n > 0 && set->ranges[0].low < 0x20)))
        return false;
    for (uint32_t i = 0; i < set->n; i++)
        edges[i] = (phi_edge){then, (uint8_t)set->ranges[i].low, (uint8_t)set->ranges[i].high};
    phi_builder_set_switch(c->builder, node, edges, set->n);
    return true;
}

void phi_charsets_write(phi_charsets *c, uint32_t set, bool is_json, uint32_t node, uint32_t then)
{
    if (c->builder->status != PHI_OK || write_ascii(c, set, is_json, node, then))
        return;
    if (c->sets[set].parts[is_json] == 0) {
        const uint32_t part = write_set(c, set, is_json, PHI_NODE_END);
        c->sets[set].parts[is_json] = part;
    }
    phi_builder_set_call(c->builder, node, c->sets[set].parts[is_json], then);
}
