#include "write_text.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS_MAX = 20, FLOAT_DIGITS = 6, FLOAT_DIGITS_MAX = 9 };

_Static_assert(sizeof(size_t) == sizeof(long), "z is read as l");

typedef struct sink {
    char *out;
    size_t cap;
    size_t len; /* of the whole text */
} sink;

/* "%05llu", taken apart. */
typedef struct directive {
    bool pads_zeros; /* the width begins with 0 */
    int width;
    int precision; /* negative: none */
    int n_longs;   /* l or ll; z counts as l */
    char kind;
} directive;

static void put_char(sink *s, char c)
{
    if (s->len + 1 < s->cap)
        s->out[s->len] = c;
    s->len++;
}

static void put_bytes(sink *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_char(s, bytes[i]);
}

static void put_digits(sink *s, uint64_t value, unsigned base, int width)
{
    char digits[DIGITS_MAX];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    for (int i = width; i > n; i--)
        put_char(s, '0');
    while (n > 0)
        put_char(s, digits[--n]);
}

/* x * 10^k in steps that are exact or nearly so. */
static double times_ten(double x, int k)
{
    for (; k > 22; k -= 22)
        x *= 1e22;
    for (; k < -22; k += 22)
        x /= 1e22;
    double power = 1;
    for (int i = k < 0 ? -k : k; i > 0; i--)
        power *= 10;
    return k < 0 ? x / power : x * power;
}

/* x = 0.d1d2d3… * 10^(e + 1) > 0 as n digits, without zeros at the end, and e. */
static int round_digits(char *digits, int *e, double x, int n)
{
    *e = 0;
    while (times_ten(x, -*e) >= 10)
        ++*e;
    while (times_ten(x, -*e) < 1)
        --*e;
    double whole = rint(times_ten(x, n - 1 - *e));
    if (whole >= times_ten(1, n)) {
        whole /= 10;
        ++*e;
    }
    uint32_t rest = (uint32_t)whole;
    for (int i = n; i > 0; i--) {
        digits[i - 1] = (char)('0' + rest % 10);
        rest /= 10;
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

/* %g: the shorter of the plain and the scientific form, as C says. */
static void put_float(sink *s, double x, int precision)
{
    char digits[FLOAT_DIGITS_MAX];
    int e;
    if (signbit(x))
        put_char(s, '-');
    x = fabs(x);
    if (!(x <= DBL_MAX) || x == 0) {
        put_bytes(s, x == 0 ? "0" : x > 0 ? "inf" : "nan", x == 0 ? 1 : 3);
        return;
    }
    precision = precision < FLOAT_DIGITS_MAX ? precision : FLOAT_DIGITS_MAX;
    const int n = round_digits(digits, &e, x, precision);
    const bool is_scientific = e < -4 || e >= precision;
    const int n_before = is_scientific ? 1 : e + 1; /* of the point; none or negative: zeros behind it */
    if (n_before <= 0)
        put_bytes(s, "0.000", (size_t)(2 - n_before));
    for (int i = 0; i < n || i < n_before; i++) {
        if (i > 0 && i == n_before)
            put_char(s, '.');
        put_char(s, i < n ? digits[i] : '0');
    }
    if (is_scientific) {
        put_bytes(s, e < 0 ? "e-" : "e+", 2);
        put_digits(s, (uint64_t)(e < 0 ? -e : e), 10, 2);
    }
}

/* In a struct, so that a function can take the next one of its caller's. */
typedef struct arguments {
    va_list list;
} arguments;

static uint64_t next_unsigned(arguments *a, int n_longs)
{
    if (n_longs == 0)
        return va_arg(a->list, unsigned);
    return n_longs == 1 ? va_arg(a->list, unsigned long) : va_arg(a->list, unsigned long long);
}

static int64_t next_signed(arguments *a, int n_longs)
{
    if (n_longs == 0)
        return va_arg(a->list, int);
    return n_longs == 1 ? va_arg(a->list, long) : va_arg(a->list, long long);
}

static void put_string(sink *s, const char *text, int precision)
{
    for (int i = 0; (precision < 0 || i < precision) && text[i]; i++)
        put_char(s, text[i]);
}

static const char *read_directive(directive *d, const char *fmt, arguments *a)
{
    *d = (directive){.precision = -1, .pads_zeros = *fmt == '0'};
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        d->width = d->width * 10 + (*fmt - '0');
    if (*fmt == '.' && fmt[1] == '*') {
        d->precision = va_arg(a->list, int);
        fmt += 2;
    } else if (*fmt == '.') {
        d->precision = 0;
        for (fmt++; *fmt >= '0' && *fmt <= '9'; fmt++)
            d->precision = d->precision * 10 + (*fmt - '0');
    }
    for (; *fmt == 'l' || *fmt == 'z'; fmt++)
        d->n_longs++;
    d->kind = *fmt;
    return fmt + 1;
}

/* C fills up to other widths with spaces, and whole numbers up to their precision. */
static bool is_padding_known(const directive *d)
{
    const bool is_whole = d->kind == 'd' || d->kind == 'u' || d->kind == 'x';
    return is_whole ? d->precision < 0 && (d->width == 0 || d->pads_zeros) : d->width == 0;
}

/* false: a directive that is not known. */
static bool put_directive(sink *s, const directive *d, arguments *a)
{
    if (!is_padding_known(d))
        return false;
    switch (d->kind) {
    case 'd': {
        const int64_t value = next_signed(a, d->n_longs);
        if (value < 0)
            put_char(s, '-');
        put_digits(s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, d->width - (value < 0));
        return true;
    }
    case 'u':
    case 'x':
        put_digits(s, next_unsigned(a, d->n_longs), d->kind == 'u' ? 10 : 16, d->width);
        return true;
    case 'g':
        put_float(s, va_arg(a->list, double), d->precision < 0 ? FLOAT_DIGITS : d->precision == 0 ? 1 : d->precision);
        return true;
    case 's':
        put_string(s, va_arg(a->list, const char *), d->precision);
        return true;
    case 'c':
        put_char(s, (char)va_arg(a->list, int));
        return true;
    case '%':
        put_char(s, '%');
        return true;
    default:
        return false;
    }
}

int phi_write_text_args(char *out, size_t cap, const char *fmt, va_list args)
{
    sink s = {out, cap, 0};
    arguments a;
    va_copy(a.list, args);
    while (*fmt) {
        directive d;
        const char *mark = fmt;
        const char *next = *fmt == '%' ? read_directive(&d, fmt + 1, &a) : NULL;
        fmt = next ? next : fmt + 1;
        if (!next)
            put_char(&s, *mark);
        else if (!put_directive(&s, &d, &a)) {
            put_bytes(&s, mark, strlen(mark));
            break;
        }
    }
    va_end(a.list);
    if (cap > 0)
        out[s.len < cap ? s.len : cap - 1] = '\0';
    return (int)s.len;
}

int phi_write_text(char *out, size_t cap, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = phi_write_text_args(out, cap, fmt, args);
    va_end(args);
    return n;
}
