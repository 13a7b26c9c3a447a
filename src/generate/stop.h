/* Stop strings in streamed text. Text goes in as it is decoded and comes out as soon as no stop
 * string can begin in it; at a hit, the stop string and everything after it are dropped. The string
 * that is complete first counts; of several that end at the same byte, the longest. Aho and
 * Corasick 1975, "Efficient string matching: an aid to bibliographic search": each byte is looked
 * at once, whatever the strings. */
#ifndef PHI_STOP_H
#define PHI_STOP_H

#include "arena.h"
#include "bytes.h"
#include "limits.h"

enum { PHI_STOP_BYTES_MAX = 1024 }; /* of one stop string */

typedef struct phi_stop phi_stop;

typedef struct phi_stop_output {
    phi_str text;    /* safe to show; borrowed until the next call */
    int32_t hit_idx; /* the stop string that was found, or -1 */
} phi_stop_output;

/* Up to PHI_LIMIT_STOP_STRINGS strings, copied. `chunk_bytes` is the most that one feed will bring.
 * PHI_EINVAL: a string that is empty, too long, or begins inside a UTF-8 sequence (what comes out
 * could end inside a character). */
phi_status phi_stop_create(phi_stop **out, phi_arena *arena, const phi_str *stops, size_t n_stops, size_t chunk_bytes,
                           phi_error *err);

/* If the text that goes in never ends inside a character, neither does the text that comes out.
 * After a hit every feed gives no text and the same hit. PHI_EINVAL: more than chunk_bytes. */
phi_status phi_stop_feed(phi_stop_output *out, phi_stop *s, phi_str text, phi_error *err);

/* The text still held back, when generation ends without a hit. The state is as new. */
phi_str phi_stop_flush(phi_stop *s);

#endif
