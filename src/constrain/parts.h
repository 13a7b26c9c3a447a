/* Parts of a program that a JSON value is made of. Each returns the node that it begins at and goes on at `then` or,
 * where it says so, ends at the RETURN. */
#ifndef PHI_PARTS_H
#define PHI_PARTS_H

#include "decimal.h"
#include "doc.h"
#include "pattern.h"

enum { PHI_NO_MAX = UINT32_MAX, PHI_PATTERNS_MAX = 4 };

/* Nothing, one space, or a newline and up to 24 spaces or tabs: both ways in which models lay out JSON, and neither
 * runs away. */
uint32_t phi_part_white_space(phi_builder *b, uint32_t then);
/* ':' and perhaps one space. */
uint32_t phi_part_colon(phi_builder *b, uint32_t then);
/* A string as it is, in the shortest escapes, with its quotes. */
uint32_t phi_part_literal(phi_builder *b, phi_str text, uint32_t then);
/* The value, laid out as above. */
uint32_t phi_part_value(phi_builder *b, const phi_doc_value *value, uint32_t then);
/* One of the values (n >= 1), then the RETURN. */
uint32_t phi_part_one_of(phi_builder *b, const phi_doc_value *const *values, uint32_t n);

/* Characters of a string and the closing quote, then the RETURN: `min` to `max` of them. */
uint32_t phi_part_string_rest(phi_builder *b, uint32_t min, uint32_t max);

/* What must hold of a text, all of it together. */
typedef struct phi_text_rules {
    phi_pattern patterns[PHI_PATTERNS_MAX];
    uint32_t n_patterns;
    uint32_t min, max; /* characters; PHI_NO_MAX */
} phi_text_rules;

/* A text, then `then`; in a JSON string its characters are escaped (the closing quote is the caller's). */
uint32_t phi_part_text(phi_charsets *sets, const phi_text_rules *rules, bool is_json, uint32_t then);
/* A key that is none of `names`, with its quotes, then the RETURN. */
uint32_t phi_part_other_key(phi_charsets *sets, const phi_str *names, uint32_t n_names);

typedef struct phi_number_rules {
    bool is_whole;
    bool has_min, has_max, excludes_min, excludes_max;
    phi_decimal min, max;
    uint32_t multiple_of; /* of a whole number; 0 or 1: any */
} phi_number_rules;

/* A number, then the RETURN. At most 15 digits before the point (and none, or up to 15, behind it), an exponent of up
 * to two only without bounds: none is infinite, and none loses a digit on its way through a double. */
uint32_t phi_part_number(phi_builder *b, const phi_number_rules *rules);

#endif
