/* Where a model's bytes come from: a GGUF file, all files of a split one, or a Hugging Face folder, which is read as
 * the GGUF file that it stands for. */
#ifndef PHI_SOURCE_H
#define PHI_SOURCE_H

#include "cli.h"
#include "phi_import.h"

typedef struct cli_source cli_source;

/* NULL after printing the error. `options`: what a folder's weights become; NULL: as phi convert does by itself. */
cli_source *cli_source_open(const char *path, const phi_import_options *options);
void cli_source_close(cli_source *s);
/* The next file of a split model; false after printing the error. */
bool cli_source_open_next(cli_source *s, const char *path);
uint64_t cli_source_bytes(const cli_source *s, uint32_t file_idx);
/* Bytes read; fewer than asked for at the end of the file, or after printing an error. */
size_t cli_source_read(cli_source *s, uint32_t file_idx, uint8_t *dst, size_t n, uint64_t offset);

bool cli_is_folder(const char *path);
/* A folder, or a GGUF model whose weights are to change, as an import that is finished; `fds` (room for 1024) are its
 * source files, *n_fds their number, for the caller to close. NULL after printing the error. */
phi_import *cli_import_open(const char *path, const phi_import_options *options, int *fds, uint32_t *n_fds);
/* The next bytes of an output from `offset` on, at most n of them, borrowed until the next call; 0 after printing the
 * error. */
size_t cli_import_next(phi_import *i, const int *fds, uint32_t output, uint64_t offset, size_t n,
                       const uint8_t **bytes);

#endif
