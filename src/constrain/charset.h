/* Sets of code points, as sorted ranges, and how they are written into a program: as UTF-8, or as UTF-8 inside a JSON
 * string. Surrogates (U+D800 to U+DFFF) are in no set: no text holds them. */
#ifndef PHI_CHARSET_H
#define PHI_CHARSET_H

#include "program.h"

enum { PHI_CODE_POINT_MAX = 0x10ffff };

typedef struct phi_char_range {
    uint32_t low, high; /* both included */
} phi_char_range;

typedef struct phi_charset {
    const phi_char_range *ranges; /* ascending, not touching */
    uint32_t n;
    uint32_t hash;
    uint32_t parts[2]; /* nodes that take one character of it: raw, in a JSON string; 0: none written yet */
} phi_charset;

/* Each set once, named by its number. Number 0 is the empty set, 1 all code points. Failures go to the builder. */
typedef struct phi_charsets {
    phi_builder *builder;
    phi_charset *sets;
    uint32_t n, cap;
    uint32_t *slots; /* (mask + 1) 0 is free, else number + 1 */
    uint32_t mask;
} phi_charsets;

enum { PHI_CHARSET_EMPTY = 0, PHI_CHARSET_ALL = 1 };

void phi_charsets_init(phi_charsets *c, phi_builder *builder);
/* Ranges in any order, overlapping, with surrogates: sorted and joined in place. Returns the set's number. */
uint32_t phi_charsets_add(phi_charsets *c, phi_char_range *ranges, uint32_t n);
uint32_t phi_charsets_complement(phi_charsets *c, uint32_t set);
uint32_t phi_charsets_intersect(phi_charsets *c, uint32_t a, uint32_t b);

/* Makes `node` take one character of `set` and go on at `then`. In a JSON string, what must be escaped is written with
 * its shortest escape (\n, \u0001) and everything else as it is. */
void phi_charsets_write(phi_charsets *c, uint32_t set, bool is_json, uint32_t node, uint32_t then);

#endif
