/* Decimal numbers, exactly: the bounds that a schema gives, and what may be compared with them digit by digit.
 *
 * Why 15 digits: two decimals of at most 15 significant digits that differ are different doubles, in the same order, so
 * a validator that compares doubles agrees with one that compares digits. */
#ifndef PHI_DECIMAL_H
#define PHI_DECIMAL_H

#include "bytes.h"

enum { PHI_DECIMAL_INT = 15, PHI_DECIMAL_FRAC = 15, PHI_DECIMAL_DIGITS = PHI_DECIMAL_INT + PHI_DECIMAL_FRAC };

typedef struct phi_decimal {
    bool is_negative;                   /* never for 0 */
    bool is_huge;                       /* 1e15 or more in size; the digits say nothing */
    uint8_t digits[PHI_DECIMAL_DIGITS]; /* 0 … 9; the point is before digits[PHI_DECIMAL_INT] */
} phi_decimal;

/* From a JSON number. False: more than 15 significant digits, or more than 15 behind the point. */
bool phi_decimal_read(phi_decimal *out, phi_str number);
/* -1, 0, 1. Two huge numbers of one sign are equal. */
int phi_decimal_compare(const phi_decimal *a, const phi_decimal *b);
/* No digit behind the point but 0. */
bool phi_decimal_is_whole(const phi_decimal *d);
/* Is a JSON number, of any length, a whole one? */
bool phi_decimal_text_is_whole(phi_str number);
/* Are two JSON numbers equal? Exactly, whatever their length. */
bool phi_decimal_text_equal(phi_str a, phi_str b);

#endif
