#include "unicode_class.h"

#include <stdbool.h>
#include <stddef.h>

#include "unicode_tables.h"

_Static_assert(PHI_CLASS_OTHER == 1 << UNICODE_OTHER && PHI_CLASS_UPPER == 1 << UNICODE_UPPER &&
                   PHI_CLASS_LOWER == 1 << UNICODE_LOWER && PHI_CLASS_LETTER == 1 << UNICODE_LETTER &&
                   PHI_CLASS_MARK == 1 << UNICODE_MARK && PHI_CLASS_NUMBER == 1 << UNICODE_NUMBER &&
                   PHI_CLASS_SPACE == 1 << UNICODE_SPACE,
               "the bits are those of the generated classes");

static uint32_t ascii_class(int32_t c)
{
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return c & 0x20 ? PHI_CLASS_LOWER : PHI_CLASS_UPPER;
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return PHI_CLASS_SPACE;
    return c >= '0' && c <= '9' ? PHI_CLASS_NUMBER : PHI_CLASS_OTHER;
}

static uint32_t range_at(size_t i)
{
    return unicode_ranges[0][i] | (uint32_t)unicode_ranges[1][i] << 8 | (uint32_t)unicode_ranges[2][i] << 16 |
           (uint32_t)unicode_ranges[3][i] << 24;
}

uint32_t phi_unicode_class(int32_t code_point)
{
    if (code_point < 0)
        return PHI_CLASS_OTHER;
    if (code_point < 0x80)
        return ascii_class(code_point);
    size_t low = 0; /* the last range that begins at or before the code point */
    size_t high = UNICODE_N_RANGES;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (range_at(middle) >> 4 <= (uint32_t)code_point)
            low = middle;
        else
            high = middle;
    }
    const uint32_t kind = range_at(low) & 15;
    if (kind < UNICODE_EVEN_UPPER)
        return 1u << kind;
    const bool is_even = (code_point & 1) == 0;
    return is_even == (kind == UNICODE_EVEN_UPPER) ? PHI_CLASS_UPPER : PHI_CLASS_LOWER;
}
