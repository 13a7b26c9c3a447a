/* Views of memory and the checked cursor that every parser of foreign bytes reads through. */
#ifndef PHI_BYTES_H
#define PHI_BYTES_H

#include "status.h"

/* A borrowed run of bytes. */
typedef struct phi_bytes {
    const uint8_t *ptr;
    size_t len;
} phi_bytes;

/* A borrowed run of text, UTF-8 unless a comment says otherwise, not NUL-terminated. */
typedef struct phi_str {
    const char *ptr;
    size_t len;
} phi_str;

#define PHI_STR(literal) ((phi_str){(literal), sizeof(literal) - 1})

phi_str phi_str_of(const char *nul_terminated);
bool phi_str_equal(phi_str a, phi_str b);
bool phi_str_has_prefix(phi_str s, phi_str prefix);
bool phi_str_contains(phi_str s, phi_str part);
/* For "%.*s": a length that printf takes, cut at 200 bytes so that hostile text cannot flood a message. */
int phi_str_print_len(phi_str s);

/* Reads little-endian values front to back. The first read past the end makes it fail, and every later read fails
 * too (returning zero), so that a parser may check once a record. `pos` stays where the failing read began. */
typedef struct phi_cursor {
    phi_bytes bytes;
    size_t pos;
    bool is_failed;
} phi_cursor;

static inline phi_cursor phi_cursor_open(phi_bytes bytes)
{
    return (phi_cursor){bytes, 0, false};
}

size_t phi_cursor_left(const phi_cursor *c);
uint8_t phi_cursor_u8(phi_cursor *c);
uint16_t phi_cursor_u16(phi_cursor *c);
uint32_t phi_cursor_u32(phi_cursor *c);
uint64_t phi_cursor_u64(phi_cursor *c);
/* A view of the next n bytes, or an empty view on failure. */
phi_bytes phi_cursor_take(phi_cursor *c, uint64_t n);
void phi_cursor_skip(phi_cursor *c, uint64_t n);

#endif
