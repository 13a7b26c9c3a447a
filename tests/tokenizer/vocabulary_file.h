/* For test programs: the vocabulary of a GGUF file, without the engine around it. */
#ifndef PHI_TEST_VOCABULARY_FILE_H
#define PHI_TEST_VOCABULARY_FILE_H

#include "tokenizer.h"

/* The file's first bytes, up to 64 MiB, malloc'ed; NULL if it cannot be read. */
uint8_t *vocabulary_file_read(const char *path, size_t *n, uint64_t *file_bytes);
/* Views into `header`; tables in `arena`. */
phi_status vocabulary_file_open(phi_vocabulary *v, phi_arena *arena, phi_bytes header, uint64_t file_bytes,
                                phi_error *err);

#endif
