/* Between pattern.c, which reads an expression, and pattern_class.c, which reads its characters. */
#ifndef PHI_PATTERN_TREE_H
#define PHI_PATTERN_TREE_H

#include "pattern.h"

typedef struct phi_pattern_reader {
    phi_charsets *sets;
    phi_arena *arena;
    phi_str text;
    size_t at;
    uint32_t depth; /* open groups */
    bool ignores_case;
    bool dot_takes_newlines;
    const char *place;
    phi_error *err;
} phi_pattern_reader;

/* PHI_EINVAL or PHI_EUNSUPPORTED at byte `at`. */
phi_status phi_pattern_fail(const phi_pattern_reader *r, phi_status status, size_t at, const char *what);
/* The character at `at`, which moves behind it. The text is UTF-8. */
phi_status phi_pattern_take(phi_pattern_reader *r, uint32_t *out);
/* The set of one character, of '.', of an escape (behind its backslash), of a class (behind its '['). */
phi_status phi_pattern_read_char(phi_pattern_reader *r, uint32_t *set);
phi_status phi_pattern_read_dot(phi_pattern_reader *r, uint32_t *set);
phi_status phi_pattern_read_escape(phi_pattern_reader *r, uint32_t *set);
phi_status phi_pattern_read_class(phi_pattern_reader *r, uint32_t *set);

#endif
