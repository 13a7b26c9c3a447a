/* The split into pieces that comes before byte-level merging, which never crosses a piece. Each published regular
 * expression is one hand-written matcher; the table `pre` name -> matcher is in pretokenize.c. */
#ifndef PHI_PRETOKENIZE_H
#define PHI_PRETOKENIZE_H

#include "bytes.h"

typedef struct phi_pretokenizer phi_pretokenizer;

/* NULL when unknown. An empty name is that of files older than the key: "default". */
const phi_pretokenizer *phi_pretokenizer_find(phi_str name);
/* Every known name, for messages. */
const char *phi_pretokenizer_names(void);
/* Is a piece that is a token as a whole that token, whatever merging would give? */
bool phi_pretokenizer_takes_whole(const phi_pretokenizer *p);
/* Where the piece that begins at `at` < text.len ends. Pieces are never empty. Bytes that are not UTF-8 count as
 * symbols, one for what U+FFFD would stand for. Linear in the piece and the white space behind it. */
size_t phi_pretokenizer_piece_end(const phi_pretokenizer *p, phi_str text, size_t at);

#endif
