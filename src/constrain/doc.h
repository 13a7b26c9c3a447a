/* JSON text as a tree. Strict RFC 8259, hostile-input safe: bounded depth and members, valid UTF-8, no lone surrogates,
 * no name twice in one object (which of the two counts is nobody's rule). */
#ifndef PHI_DOC_H
#define PHI_DOC_H

#include "arena.h"
#include "bytes.h"

typedef enum phi_doc_type {
    PHI_DOC_NULL,
    PHI_DOC_FALSE,
    PHI_DOC_TRUE,
    PHI_DOC_NUMBER,
    PHI_DOC_STRING,
    PHI_DOC_ARRAY,
    PHI_DOC_OBJECT
} phi_doc_type;

typedef struct phi_doc_value {
    phi_doc_type type;
    uint32_t n_items; /* of an array or object */
    uint32_t idx;     /* its place in the parent */
    uint32_t key_hash;
    bool is_checked; /* for the schema reader: its keywords are known */
    phi_str text;    /* a string, decoded; a number, as it is written */
    phi_str key;     /* its name in the parent, decoded */
    const struct phi_doc_value *parent;
    struct phi_doc_value *first, *next; /* first item, next item of the same parent */
} phi_doc_value;

/* O(text). PHI_EINVAL: not JSON (with the byte offset), or past a limit of limits.h. The tree is dealt from `arena` and
 * borrows `text`. */
phi_status phi_doc_parse(phi_doc_value **out, phi_arena *arena, phi_str text, phi_error *err);

/* The member of this name, or NULL; also NULL when `object` is none. */
phi_doc_value *phi_doc_get(const phi_doc_value *object, phi_str key);
/* Equal as JSON Schema sees it: 1.0 is 1, members in any order. */
bool phi_doc_equal(const phi_doc_value *a, const phi_doc_value *b);

enum { PHI_DOC_PLACE_BYTES = 160 };
/* Where a value is, as a JSON pointer: "#/properties/name". Long ones lose their middle. Returns `out`. */
const char *phi_doc_place(char out[PHI_DOC_PLACE_BYTES], const phi_doc_value *value);

#endif
