/* Classes of code points (unicode_tables.h) as sets of bits. */
#ifndef PHI_UNICODE_CLASS_H
#define PHI_UNICODE_CLASS_H

#include <stdint.h>

enum {
    PHI_CLASS_OTHER = 1 << 0,
    PHI_CLASS_UPPER = 1 << 1,  /* Lu Lt */
    PHI_CLASS_LOWER = 1 << 2,  /* Ll */
    PHI_CLASS_LETTER = 1 << 3, /* Lm Lo */
    PHI_CLASS_MARK = 1 << 4,
    PHI_CLASS_NUMBER = 1 << 5,
    PHI_CLASS_SPACE = 1 << 6, /* White_Space */
    PHI_CLASS_END = 1 << 7    /* not of a code point: the end of the text */
};

/* Exactly one bit. Values that are no code point are OTHER. */
uint32_t phi_unicode_class(int32_t code_point);

#endif
