#include "import_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static uint8_t *read_part(const import_folder *f, const char *file, size_t *n)
{
    char path[256];
    (void)snprintf(path, sizeof path, "models/hf/%s/%s", f->name, file);
    return check_read_file(path, n);
}

static phi_status add_part(phi_import *i, const import_folder *f, const char *file)
{
    size_t n = 0;
    uint8_t *bytes = read_part(f, file, &n);
    if (!bytes)
        return PHI_OK; /* not every folder has every file */
    uint8_t *room = phi_import_room(i, n);
    if (room)
        memcpy(room, bytes, n);
    free(bytes);
    return room ? phi_import_add(i, file, n) : PHI_ENOMEM;
}

static phi_status describe(phi_import *i, import_folder *f, uint32_t idx)
{
    uint64_t wanted = 8;
    phi_status status;
    f->shards[idx] = f->shards[idx] ? f->shards[idx] : read_part(f, phi_import_file_name(i, idx), &f->shard_bytes[idx]);
    if (!f->shards[idx])
        return PHI_EINVAL;
    do {
        uint8_t *room = phi_import_room(i, wanted);
        if (!room)
            return PHI_ENOMEM;
        memcpy(room, f->shards[idx], (size_t)wanted);
        status = phi_import_describe(i, idx, wanted, f->shard_bytes[idx], &wanted);
    } while (status == PHI_NEED_DATA);
    return status;
}

static phi_status fill(phi_import *i, import_folder *f)
{
    static const char *const files[] = {"config.json",           "tokenizer.json",      "generation_config.json",
                                        "tokenizer_config.json", "chat_template.jinja", "model.safetensors.index.json"};
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++)
        PHI_TRY(add_part(i, f, files[k]));
    for (uint32_t k = 0; k < phi_import_n_files(i); k++)
        PHI_TRY(describe(i, f, k));
    return phi_import_finish(i);
}

phi_status import_folder_open(phi_import **out, import_folder *f, const char *name, const phi_import_options *o,
                              phi_error *err)
{
    *out = NULL;
    f->name = name;
    PHI_TRY(phi_import_create(out, o, err));
    const phi_status status = fill(*out, f);
    *err = *phi_import_error(*out);
    if (status == PHI_OK)
        return PHI_OK;
    phi_import_destroy(*out);
    *out = NULL;
    return status;
}

void import_folder_close(import_folder *f)
{
    for (int k = 0; k < IMPORT_FOLDER_SHARDS_MAX; k++)
        free(f->shards[k]);
    *f = (import_folder){.name = NULL};
}

static void serve(import_folder *f, const phi_import_range *r)
{
    f->goes_back = f->goes_back || r->file_idx < f->last_shard || r->offset < f->next_offset[r->file_idx];
    f->next_offset[r->file_idx] = r->offset + r->bytes;
    f->last_shard = r->file_idx;
    f->n_read += r->bytes;
    memcpy(r->dst, f->shards[r->file_idx] + r->offset, r->bytes);
}

uint8_t *import_folder_read(phi_import *i, import_folder *f, uint32_t idx, uint32_t piece_bytes, size_t *n_out)
{
    const uint64_t total = phi_import_output_bytes(i, idx);
    uint8_t *all = malloc((size_t)total);
    uint64_t at = 0;
    f->goes_back = false;
    f->n_read = 0;
    f->last_shard = 0;
    memset(f->next_offset, 0, sizeof f->next_offset);
    while (all && at < total) {
        phi_import_range r;
        const uint8_t *bytes;
        uint32_t n = 0;
        const bool is_good = phi_import_ask(i, idx, at, piece_bytes, &r) == PHI_OK;
        if (is_good && r.bytes > 0)
            serve(f, &r);
        if (!is_good || phi_import_take(i, &bytes, &n) != PHI_OK || n == 0 || n > piece_bytes) {
            free(all);
            return NULL;
        }
        memcpy(all + at, bytes, n);
        at += n;
    }
    *n_out = (size_t)total;
    return all;
}
