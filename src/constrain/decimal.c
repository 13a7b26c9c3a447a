#include "decimal.h"

#include <string.h>

/* A JSON number as digits * 10^exponent, without zeros at either end; n == 0 for zero. The digits are those of `text`
 * from `first` on, a point among them being skipped. */
typedef struct scan {
    phi_str text;
    bool is_negative;
    size_t first, last; /* places of the first and the last digit that is not 0 */
    size_t n;           /* digits from first to last */
    int64_t exponent;   /* of the last one; clamped, far beyond any that is told apart */
} scan;

enum { EXPONENT_MAX = 1 << 24 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(phi_str text, size_t at)
{
    int64_t value = 0;
    if (at >= text.len)
        return 0;
    at++; /* e */
    const bool is_negative = text.ptr[at] == '-';
    at += text.ptr[at] == '-' || text.ptr[at] == '+';
    for (; at < text.len; at++)
        value = value < EXPONENT_MAX ? value * 10 + (text.ptr[at] - '0') : value;
    return is_negative ? -value : value;
}

static scan scan_number(phi_str text)
{
    scan s = {.text = text, .is_negative = text.ptr[0] == '-', .first = SIZE_MAX};
    size_t n_seen = 0; /* digits since the first that is not 0 */
    size_t n_frac = 0;
    size_t n_frac_at_last = 0;
    bool is_frac = false;
    size_t at = s.is_negative;
    for (; at < text.len && (is_digit(text.ptr[at]) || text.ptr[at] == '.'); at++) {
        if (text.ptr[at] == '.') {
            is_frac = true;
            continue;
        }
        n_frac += is_frac;
        const bool is_zero = text.ptr[at] == '0';
        if (is_zero && s.first == SIZE_MAX)
            continue;
        s.first = s.first == SIZE_MAX ? at : s.first;
        n_seen++;
        if (!is_zero) {
            s.last = at;
            s.n = n_seen;
            n_frac_at_last = n_frac;
        }
    }
    const int64_t n_zeros = (int64_t)(n_seen - s.n) - (int64_t)(n_frac - n_frac_at_last);
    s.exponent = read_exponent(text, at) - (int64_t)n_frac_at_last + (n_frac_at_last ? 0 : n_zeros);
    if (s.n == 0)
        s = (scan){.text = text};
    return s;
}

bool phi_decimal_read(phi_decimal *out, phi_str number)
{
    const scan s = scan_number(number);
    *out = (phi_decimal){.is_negative = s.is_negative};
    if (s.n == 0)
        return true;
    const int64_t top = s.exponent + (int64_t)s.n; /* digits before the point */
    if (top > PHI_DECIMAL_INT) {
        out->is_huge = true;
        return true;
    }
    if (s.n > PHI_DECIMAL_INT || s.exponent < -PHI_DECIMAL_FRAC)
        return false;
    size_t to = (size_t)(PHI_DECIMAL_INT - top);
    for (size_t at = s.first; at <= s.last; at++)
        if (number.ptr[at] != '.')
            out->digits[to++] = (uint8_t)(number.ptr[at] - '0');
    return true;
}

int phi_decimal_compare(const phi_decimal *a, const phi_decimal *b)
{
    if (a->is_negative != b->is_negative)
        return a->is_negative ? -1 : 1;
    int order = a->is_huge || b->is_huge ? (int)a->is_huge - (int)b->is_huge
                                         : memcmp(a->digits, b->digits, sizeof a->digits);
    order = order < 0 ? -1 : order > 0;
    return a->is_negative ? -order : order;
}

bool phi_decimal_is_whole(const phi_decimal *d)
{
    uint8_t any = 0;
    for (size_t i = PHI_DECIMAL_INT; i < PHI_DECIMAL_DIGITS; i++)
        any |= d->digits[i];
    return d->is_huge || any == 0;
}

bool phi_decimal_text_is_whole(phi_str number)
{
    const scan s = scan_number(number);
    return s.n == 0 || s.exponent >= 0;
}

bool phi_decimal_text_equal(phi_str a, phi_str b)
{
    const scan x = scan_number(a);
    const scan y = scan_number(b);
    if (x.n != y.n || x.exponent != y.exponent || x.is_negative != y.is_negative)
        return false;
    size_t i = x.first;
    size_t k = y.first;
    for (size_t n = 0; n < x.n; n++, i++, k++) {
        i += a.ptr[i] == '.';
        k += b.ptr[k] == '.';
        if (a.ptr[i] != b.ptr[k])
            return false;
    }
    return true;
}
