/* A walk through JSON text without a tree: tokenizer.json holds hundreds of thousands of values, each wanted once. */
#ifndef PHI_JSON_WALK_H
#define PHI_JSON_WALK_H

#include "json_reader.h"

typedef struct phi_json_walk {
    phi_json_reader r;
    bool is_first; /* right behind an opening bracket */
    uint32_t depth;
} phi_json_walk;

phi_json_walk phi_walk_open(phi_arena *arena, const char *what, phi_bytes text, phi_error *err);
/* Nothing but white space is left. */
phi_status phi_walk_end(phi_json_walk *w);

/* The first byte of the value that comes. */
int phi_walk_peek(phi_json_walk *w);
phi_status phi_walk_enter(phi_json_walk *w, char opening); /* '{' or '[' */
/* The next member of the object, or item of the array, that was entered last; false and behind it at its end. */
phi_status phi_walk_member(phi_json_walk *w, phi_str *key, bool *has_more);
phi_status phi_walk_item(phi_json_walk *w, bool *has_more);

/* Enters an array and has `read` take each of its items. */
phi_status phi_walk_items(phi_json_walk *w, phi_status (*read)(phi_json_walk *w, void *ctx), void *ctx);

phi_status phi_walk_skip(phi_json_walk *w);
phi_status phi_walk_text(phi_json_walk *w, phi_str *out);
phi_status phi_walk_flag(phi_json_walk *w, bool *out);
/* A whole number without fraction or exponent, in int64. */
phi_status phi_walk_int(phi_json_walk *w, int64_t *out);
/* Finite. */
phi_status phi_walk_real(phi_json_walk *w, double *out);

/* ---- Objects with known members ---------------------------------------------------------------------------------- */

typedef enum phi_field_kind {
    PHI_FIELD_INT,
    PHI_FIELD_REAL,
    PHI_FIELD_FLAG,
    PHI_FIELD_TEXT,
    PHI_FIELD_OTHER
} phi_field_kind;

/* A member that is wanted: int64_t, double, bool or phi_str at `offset` of the struct, or what `read` makes of it. */
typedef struct phi_field {
    const char *name;
    phi_field_kind kind;
    size_t offset;
    phi_status (*read)(phi_json_walk *w, void *field);
} phi_field;

/* Reads an object. Members that are not listed are skipped; null and absent ones leave the field as it was; one that is
 * there twice is refused. At most 64 fields. */
phi_status phi_walk_fields(phi_json_walk *w, const phi_field *fields, size_t n_fields, void *out);

#endif
