/* snprintf for what the engine writes: messages, names, JSON. A C library's own brings five kilobytes, most of it for
 * long doubles.
 *
 *   %d %u %x %c %s %%   l, ll or z before d, u and x, and a width that begins with 0 (%02x); %.*s and %.3s, of which
 *                       0 bytes need no text: NULL will do
 *   %g %.9g             up to 9 digits; the last may be one off where the rest of the number is close to a half
 *
 * Anything else (%5d, %.3d), and all that follows it, is written as it stands. */
#ifndef PHI_WRITE_TEXT_H
#define PHI_WRITE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "status.h"

/* Writes at most cap - 1 bytes and a NUL (nothing for a cap of 0). Returns the length of the whole text. */
int phi_write_text(char *out, size_t cap, const char *fmt, ...) PHI_PRINTF(3, 4);
int phi_write_text_args(char *out, size_t cap, const char *fmt, va_list args) PHI_PRINTF(3, 0);

#endif
