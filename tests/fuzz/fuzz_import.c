/* Any bytes as the files of a Hugging Face folder, or as a GGUF file to convert. The input is a row of sections:
 *
 *   u8 which (a file of `names`, or of weights) | u32 length, little endian | bytes
 *
 * Files of weights end behind their section by as much as their last byte says, in units of 64 KiB: the data are zeros
 * that nobody keeps. Whatever comes out must be a GGUF file that the engine's own parser opens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "half.h"
#include "phi_import.h"

enum { N_NAMES = 8, READ_BYTES_MAX = 1 << 18, DATA_UNIT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[N_NAMES] = {"config.json",
                                           "tokenizer.json",
                                           "tokenizer_config.json",
                                           "generation_config.json",
                                           "preprocessor_config.json",
                                           "chat_template.jinja",
                                           "model.safetensors.index.json",
                                           "name"};

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_import: broken promise: %s\n", what);
    abort();
}

static phi_status add_weights(phi_import *i, uint32_t idx, const uint8_t *bytes, size_t n)
{
    const uint64_t file_bytes = n + (n > 0 ? (uint64_t)bytes[n - 1] * DATA_UNIT : 0);
    uint64_t wanted = 8;
    phi_status status = PHI_NEED_DATA;
    while (status == PHI_NEED_DATA) {
        const uint64_t have = wanted < n ? wanted : n;
        uint8_t *room = phi_import_room(i, have);
        if (!room)
            return PHI_ENOMEM;
        if (have > 0)
            memcpy(room, bytes, (size_t)have);
        status = phi_import_describe(i, idx, have, file_bytes, &wanted);
        expect(status != PHI_NEED_DATA || wanted > have, "more is wanted than was there");
        if (have == n && status == PHI_NEED_DATA)
            return PHI_NEED_DATA;
    }
    return status;
}

static phi_status add_sections(phi_import *i, const uint8_t *data, size_t size)
{
    uint32_t n_weights = 0;
    for (size_t at = 0; size - at >= 5;) {
        const uint8_t which = data[at];
        const uint32_t length = phi_load_u32(data + at + 1);
        at += 5;
        const size_t n = length < size - at ? length : size - at;
        if (which >= N_NAMES) {
            PHI_TRY(add_weights(i, n_weights++, data + at, n));
        } else {
            uint8_t *room = phi_import_room(i, n);
            if (!room)
                return PHI_ENOMEM;
            if (n > 0)
                memcpy(room, data + at, n);
            PHI_TRY(phi_import_add(i, names[which], n));
        }
        at += n;
    }
    return phi_import_finish(i);
}

static void read_output(phi_import *i, uint8_t *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        phi_import_range r;
        const uint8_t *bytes = NULL;
        uint32_t got = 0;
        if (phi_import_ask(i, 0, at, (uint32_t)(n - at), &r) != PHI_OK)
            return expect(false, "bytes inside the output may be asked for");
        memset(r.dst ? r.dst : out, 0, r.dst ? r.bytes : 0);
        if (phi_import_take(i, &bytes, &got) != PHI_OK)
            return expect(false, "zeros can be converted");
        expect(got > 0 && got <= n - at, "some bytes, and no more than asked for");
        memcpy(out + at, bytes, got);
        at += got;
    }
}

static void check_output(phi_import *i)
{
    const uint64_t total = phi_import_output_bytes(i, 0);
    const size_t n = total < READ_BYTES_MAX ? (size_t)total : READ_BYTES_MAX;
    uint8_t *out = malloc(n);
    phi_arena arena;
    phi_directory dir;
    phi_error err;
    uint64_t wanted;
    if (!out)
        return;
    read_output(i, out, n);
    phi_arena_init(&arena, 1 << 16);
    const phi_status status = phi_directory_open(&dir, &wanted, &arena, (phi_bytes){out, n}, total, &err);
    expect(status != PHI_NEED_DATA || n < total, "a whole file is whole");
    phi_arena_deinit(&arena);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    phi_import_options o = phi_import_options_default();
    phi_import *i;
    phi_error err;
    if (phi_import_create(&i, &o, &err) != PHI_OK)
        return 0;
    const phi_status status = add_sections(i, data, size);
    if (status == PHI_OK)
        check_output(i);
    else if (status != PHI_NEED_DATA)
        expect(phi_import_error(i)->text[0] != 0 || status == PHI_ENOMEM, "an error says what is wrong");
    phi_import_destroy(i);
    return 0;
}
