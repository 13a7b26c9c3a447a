/* UTF-8 by the table of well-formed byte sequences (Unicode 14, table 3-7). */
#ifndef PHI_UTF8_H
#define PHI_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum {
    PHI_UTF8_BAD = -1, /* not UTF-8, whatever follows */
    PHI_UTF8_CUT = -2  /* the n bytes are the beginning of a character */
};

/* Reads one character from n >= 1 bytes: *code_point, or one of the values above. Returns the bytes taken: of a bad
 * sequence its longest part that could have begun a character, at least one byte (what U+FFFD stands for in
 * the practice of section 3.9). */
size_t phi_utf8_decode(int32_t *code_point, const uint8_t *p, size_t n);

/* Writes a code point (not a surrogate) as UTF-8; returns the bytes, at most 4. */
size_t phi_utf8_encode(uint8_t *out, uint32_t code_point);

#endif
