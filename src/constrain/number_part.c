/* Numbers. Without bounds the grammar of JSON with a limit on digits; with bounds, an automaton that compares digit by
 * digit. */
#include <string.h>

#include "parts.h"

enum { EXPONENT_DIGITS = 2, MULTIPLE_MAX = 256 };

/* Up to n more digits. */
static uint32_t write_digits(phi_builder *b, uint32_t n, uint32_t then)
{
    uint32_t at = then;
    for (; n > 0; n--)
        at = phi_builder_split(b, then, phi_builder_switch(b, &(phi_edge){at, '0', '9'}, 1));
    return at;
}

/* At least one digit, up to n. */
static uint32_t write_some_digits(phi_builder *b, uint32_t n, uint32_t then)
{
    return phi_builder_switch(b, &(phi_edge){write_digits(b, n - 1, then), '0', '9'}, 1);
}

static uint32_t write_free_number(phi_builder *b, bool is_whole)
{
    uint32_t after_int = PHI_NODE_END;
    if (!is_whole) {
        const uint32_t digits = write_some_digits(b, EXPONENT_DIGITS, PHI_NODE_END);
        const phi_edge signs[] = {{digits, '+', '+'}, {digits, '-', '-'}};
        const uint32_t exponent = phi_builder_split(b, digits, phi_builder_switch(b, signs, 2));
        const phi_edge letters[] = {{exponent, 'e', 'e'}, {exponent, 'E', 'E'}};
        const uint32_t tail = phi_builder_split(b, PHI_NODE_END, phi_builder_switch(b, letters, 2));
        const uint32_t fraction = write_some_digits(b, PHI_DECIMAL_FRAC, tail);
        after_int = phi_builder_split(b, tail, phi_builder_byte(b, '.', fraction));
    }
    const uint32_t more = write_digits(b, PHI_DECIMAL_INT - 1, after_int);
    const phi_edge firsts[] = {{after_int, '0', '0'}, {more, '1', '9'}};
    const phi_edge negative_firsts[] = {{more, '1', '9'}, {after_int, '0', '0'}};
    const uint32_t negative = phi_builder_switch(b, negative_firsts, is_whole ? 1 : 2);
    const phi_edge minus = {negative, '-', '-'};
    return phi_builder_split(b, phi_builder_switch(b, firsts, 2), phi_builder_switch(b, &minus, 1));
}

/* ------------------------------------------------------------------ between bounds */

/* A bound on a number without its sign. */
typedef struct bound {
    bool is_set, excludes;
    uint8_t digits[PHI_DECIMAL_DIGITS];
    uint32_t n_int;    /* digits before the point, 1 for 0 */
    uint32_t digits_n; /* up to the last that is not 0, PHI_DECIMAL_INT at least */
} bound;

/* Numbers of one sign with `length` digits before the point. A place is (digit, is the number so far that of `low`,
 * that of `high`, remainder); each is written once. */
typedef struct comparison {
    phi_builder *b;
    bound low, high;
    bool is_whole;
    uint32_t length;
    uint32_t modulus;
    uint32_t *nodes; /* (PHI_DECIMAL_DIGITS + 1, 2, 2, modulus) 0: not written */
} comparison;

typedef struct spot {
    uint32_t digit; /* index into bound.digits */
    bool is_low, is_high;
    uint32_t remainder;
} spot;

static bool may_end(const comparison *c, spot s)
{
    if (s.digit < PHI_DECIMAL_INT || s.remainder != 0)
        return false;
    const bool is_below_low = s.is_low && (s.digit < c->low.digits_n || c->low.excludes);
    const bool is_high = s.is_high && s.digit >= c->high.digits_n && c->high.excludes;
    return !is_below_low && !is_high;
}

static uint32_t write_spot(comparison *c, spot s);

/* The digits that may come at `s`, and where they lead. */
static uint32_t digit_edges(phi_edge edges[10], comparison *c, spot s)
{
    const bool is_first = s.digit == PHI_DECIMAL_INT - c->length;
    const uint32_t low = s.is_low ? c->low.digits[s.digit] : 0;
    const uint32_t high = s.is_high ? c->high.digits[s.digit] : 9;
    uint32_t n = 0;
    for (uint32_t d = is_first && c->length > 1 && low == 0 ? 1 : low; d <= high; d++) {
        spot next = {s.digit + 1, s.is_low && d == low, s.is_high && d == high, 0};
        next.remainder = s.digit < PHI_DECIMAL_INT ? (s.remainder * 10 + d) % c->modulus : s.remainder;
        const uint32_t to = write_spot(c, next);
        const uint8_t byte = (uint8_t)('0' + d);
        if (n > 0 && edges[n - 1].to == to)
            edges[n - 1].high = byte;
        else
            edges[n++] = (phi_edge){to, byte, byte};
    }
    return n;
}

static uint32_t write_spot(comparison *c, spot s)
{
    const uint32_t flags = (uint32_t)s.is_low << 1 | s.is_high;
    uint32_t *memo = &c->nodes[(s.digit * 4 + flags) * c->modulus + s.remainder];
    /* At most 15 significant digits in all. */
    const bool has_room = s.digit < PHI_DECIMAL_INT || s.digit - (PHI_DECIMAL_INT - c->length) < PHI_DECIMAL_INT;
    const bool may_go_on = has_room && (s.digit < PHI_DECIMAL_INT || !c->is_whole);
    phi_edge edges[10];
    if (*memo != 0 || c->b->status != PHI_OK)
        return *memo;
    uint32_t at = phi_builder_reserve(c->b);
    *memo = at;
    if (may_go_on) {
        const uint32_t n = digit_edges(edges, c, s);
        at = phi_builder_switch(c->b, edges, n);
        if (s.digit == PHI_DECIMAL_INT)
            at = phi_builder_byte(c->b, '.', at);
        phi_builder_set_split(c->b, *memo, at, at);
    }
    if (may_end(c, s))
        phi_builder_set_split(c->b, *memo, at, PHI_NODE_END);
    return *memo;
}

/* Magnitudes from low to high, joined to `rest`. */
static uint32_t write_magnitudes(comparison *c, uint32_t rest)
{
    for (uint32_t length = 1; length <= PHI_DECIMAL_INT && c->b->status == PHI_OK; length++) {
        if ((c->low.is_set && length < c->low.n_int) || (c->high.is_set && length > c->high.n_int))
            continue;
        const size_t n_nodes = (size_t)(PHI_DECIMAL_DIGITS + 1) * 4 * c->modulus;
        c->nodes = phi_arena_zeroed(c->b->arena, uint32_t, n_nodes);
        if (!c->nodes) {
            c->b->status = phi_fail(c->b->err, PHI_ENOMEM, "constraint: no memory for a number");
            return rest;
        }
        c->length = length;
        const spot first = {PHI_DECIMAL_INT - length, c->low.is_set && length == c->low.n_int,
                            c->high.is_set && length == c->high.n_int, 0};
        const uint32_t at = write_spot(c, first);
        rest = rest ? phi_builder_split(c->b, at, rest) : at;
    }
    return rest;
}

static bound bound_of(const phi_decimal *d, bool excludes)
{
    bound x = {.is_set = true, .excludes = excludes, .n_int = 1, .digits_n = PHI_DECIMAL_INT};
    memcpy(x.digits, d->digits, sizeof x.digits);
    for (uint32_t i = 0; i < PHI_DECIMAL_DIGITS; i++) {
        if (x.digits[i] == 0)
            continue;
        if (i < PHI_DECIMAL_INT && x.n_int < PHI_DECIMAL_INT - i)
            x.n_int = PHI_DECIMAL_INT - i;
        if (i >= PHI_DECIMAL_INT)
            x.digits_n = i + 1;
    }
    return x;
}

/* The numbers of one sign; `near` is the bound towards zero, `far` the other. PHI_NODE_END: there are none. */
static uint32_t write_side(phi_builder *b, const phi_number_rules *r, bool is_negative)
{
    const bool has_near = is_negative ? r->has_max : r->has_min;
    const bool has_far = is_negative ? r->has_min : r->has_max;
    const phi_decimal *near = is_negative ? &r->max : &r->min;
    const phi_decimal *far = is_negative ? &r->min : &r->max;
    comparison c = {.b = b, .is_whole = r->is_whole, .modulus = r->multiple_of > 1 ? r->multiple_of : 1};
    if (has_far && far->is_negative != is_negative && (is_negative || far->is_negative))
        return PHI_NODE_END;
    if (has_near && near->is_negative == is_negative) {
        if (near->is_huge)
            return PHI_NODE_END;
        c.low = bound_of(near, is_negative ? r->excludes_max : r->excludes_min);
    }
    if (is_negative && !c.low.is_set)
        c.low = bound_of(&(phi_decimal){0}, true); /* -0 is written 0 */
    if (has_far && !far->is_huge)
        c.high = bound_of(far, is_negative ? r->excludes_min : r->excludes_max);
    return write_magnitudes(&c, PHI_NODE_END);
}

uint32_t phi_part_number(phi_builder *b, const phi_number_rules *rules)
{
    if (!rules->has_min && !rules->has_max && rules->multiple_of < 2)
        return write_free_number(b, rules->is_whole);
    const uint32_t positive = write_side(b, rules, false);
    const uint32_t negative = write_side(b, rules, true);
    if (negative == PHI_NODE_END)
        return positive != PHI_NODE_END ? positive : phi_builder_switch(b, NULL, 0);
    const uint32_t minus = phi_builder_byte(b, '-', negative);
    return positive != PHI_NODE_END ? phi_builder_split(b, positive, minus) : minus;
}
