/* The words of JSON text: strict RFC 8259, valid UTF-8, no lone surrogates. What is built of them (a tree, a walk) is
 * the caller's. */
#ifndef PHI_JSON_READER_H
#define PHI_JSON_READER_H

#include "arena.h"
#include "bytes.h"

typedef struct phi_json_reader {
    phi_arena *arena; /* of strings that had to be decoded */
    phi_str text;
    size_t at;
    const char *what; /* begins every message: "JSON", "config.json" */
    phi_status bad;   /* the status of text that is not JSON */
    phi_error *err;
} phi_json_reader;

/* "<what>: byte 12 is 0x7d; expected <expected>", with the reader's status. */
phi_status phi_json_fail(const phi_json_reader *r, const char *expected);

/* The byte at the reader's place; -1 at the end. */
static inline int phi_json_peek(const phi_json_reader *r)
{
    return r->at < r->text.len ? (uint8_t)r->text.ptr[r->at] : -1;
}
static inline bool phi_json_take(phi_json_reader *r, char c)
{
    if (phi_json_peek(r) != c)
        return false;
    r->at++;
    return true;
}
void phi_json_skip_space(phi_json_reader *r);
/* Each begins at its first byte. A string is a view of the text, or of the arena if it has escapes; a number is a view
 * of what is written. */
phi_status phi_json_read_string(phi_json_reader *r, phi_str *out);
phi_status phi_json_read_number(phi_json_reader *r, phi_str *out);
/* true, false or null */
phi_status phi_json_read_word(phi_json_reader *r, phi_str word);

#endif
