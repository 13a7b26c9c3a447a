/* Regular expressions: ECMAScript's syntax as far as it describes a regular language, read as with the flag u (a
 * character is a code point). Refused by name: lookaround, backreferences, \b, \B, \p, inline flags. What a group
 * captures and whether a quantifier is lazy changes nothing about which texts match, so it is read and forgotten.
 *
 * An expression becomes a Thompson automaton over code points (Thompson 1968, "Regular expression search algorithm");
 * several of them and a bound on the length are written into a program together (string_part.c). */
#ifndef PHI_PATTERN_H
#define PHI_PATTERN_H

#include "bytes.h"
#include "charset.h"

typedef enum phi_pattern_kind {
    PHI_PATTERN_MATCH, /* the text may end here */
    PHI_PATTERN_CHAR,  /* a character of set b, then a */
    PHI_PATTERN_SPLIT, /* a or b */
    PHI_PATTERN_BEGIN, /* ^: a, if no character has been */
    PHI_PATTERN_END    /* $: a, if no character follows */
} phi_pattern_kind;

typedef struct phi_pattern_state {
    phi_pattern_kind kind;
    uint32_t a, b;
} phi_pattern_state;

typedef struct phi_pattern {
    phi_pattern_state *states; /* (n) state 0 is the MATCH */
    uint32_t n, cap;
    uint32_t start;
} phi_pattern;

typedef struct phi_pattern_options {
    phi_str flags; /* of i (ASCII letters only), s; u, v, g, y and d, which change nothing here, are accepted */
    bool
        is_search; /* the expression may match anywhere in the text, as `pattern` of JSON Schema says; else all of it */
    const char *place; /* for messages: where the expression stands */
} phi_pattern_options;

/* O(text * counts), within PHI_LIMIT_CONSTRAINT_NODES states. PHI_EINVAL: not an expression (with the offset in bytes);
 * PHI_EUNSUPPORTED names what is not regular or not supported. Everything is dealt from the builder's arena. */
phi_status phi_pattern_parse(phi_pattern *out, phi_charsets *sets, phi_str text, const phi_pattern_options *options,
                             phi_error *err);

#endif
