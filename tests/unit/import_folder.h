/* A Hugging Face folder below tests/models/hf, in memory, and what an import makes of it. */
#ifndef IMPORT_FOLDER_H
#define IMPORT_FOLDER_H

#include "phi_import.h"

enum { IMPORT_FOLDER_SHARDS_MAX = 4 };

typedef struct import_folder {
    const char *name;
    uint8_t *shards[IMPORT_FOLDER_SHARDS_MAX];
    size_t shard_bytes[IMPORT_FOLDER_SHARDS_MAX];
    uint64_t next_offset[IMPORT_FOLDER_SHARDS_MAX]; /* behind what was read so far */
    uint64_t n_read;
    uint32_t last_shard;
    bool goes_back; /* a read began before the end of one before it */
} import_folder;

/* Adds all of the folder's files; finish() is the last call that is made. */
phi_status import_folder_open(phi_import **out, import_folder *f, const char *name, const phi_import_options *o,
                              phi_error *err);
void import_folder_close(import_folder *f);
/* All of output `idx`, malloc'ed, in pieces of piece_bytes; NULL on an error. */
uint8_t *import_folder_read(phi_import *i, import_folder *f, uint32_t idx, uint32_t piece_bytes, size_t *n_out);

#endif
