/* Any bytes as a GGUF file, arriving piece by piece as the parser asks; a second "GGUF" begins
 * another file of a split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_gguf: broken promise: %s\n", what);
    abort();
}

static void read_everything(const phi_directory *dir, phi_arena *arena)
{
    phi_error err;
    for (size_t i = 0; i < dir->n_metas; i++) {
        const phi_str key = dir->metas[i].key;
        uint32_t u;
        int32_t s;
        float f;
        bool flag;
        phi_str text = {NULL, 0};
        phi_str *strings;
        float *floats;
        int32_t *ints;
        size_t n;
        expect(phi_directory_meta(dir, key) == &dir->metas[i], "every key is found");
        (void)phi_meta_read_u32(&u, dir, key, &err);
        (void)phi_meta_read_i32(&s, dir, key, &err);
        (void)phi_meta_read_f32(&f, dir, key, &err);
        (void)phi_meta_read_bool(&flag, dir, key, &err);
        (void)phi_meta_read_str(&text, dir, key, &err);
        (void)phi_meta_read_f32_array(&floats, &n, dir, key, arena, &err);
        (void)phi_meta_read_i32_array(&ints, &n, dir, key, arena, &err);
        (void)phi_meta_read_str_array(&strings, &n, dir, key, arena, &err);
        size_t sum = text.len > 0 ? (uint8_t)text.ptr[text.len - 1] : 0;
        for (size_t k = 0; k < n; k++)
            sum += strings[k].len > 0 ? (uint8_t)strings[k].ptr[strings[k].len - 1] : 0;
        expect(sum < SIZE_MAX, "strings are readable");
    }
    for (size_t i = 0; i < dir->n_tensors; i++) {
        const phi_tensor_info *t = &dir->tensors[i];
        expect(phi_directory_tensor(dir, t->name) == t, "every tensor is found");
        expect(t->bytes <= dir->file_bytes[t->file_idx] && t->offset <= dir->file_bytes[t->file_idx] - t->bytes,
               "every tensor lies in its file");
    }
}

/* The bytes arrive as they are asked for, in a copy of exactly that size. On PHI_OK the caller
 * frees *copy. */
static phi_status open_piecewise(phi_directory *out, uint8_t **copy, phi_arena *arena, const uint8_t *data, size_t size)
{
    phi_error err = {0};
    size_t n = 0;
    for (;;) {
        uint64_t wanted = 0;
        const size_t used = arena->used_bytes;
        *copy = malloc(n + 1);
        expect(*copy != NULL, "memory");
        memcpy(*copy, data, n);
        const phi_status status = phi_directory_open(out, &wanted, arena, (phi_bytes){*copy, n}, size, &err);
        if (status == PHI_OK)
            return PHI_OK;
        free(*copy);
        *copy = NULL;
        expect(arena->used_bytes == used, "a failure keeps nothing");
        if (status != PHI_NEED_DATA) {
            expect(err.status == status && err.text[0] != 0, "a failure says why");
            return status;
        }
        expect(wanted > n && wanted <= size, "more bytes are wanted, none past the end");
        n = n < 64 ? (wanted < n + 7 ? (size_t)wanted : n + 7) : (size_t)wanted; /* small steps first */
    }
}

static size_t find_second(const uint8_t *data, size_t size)
{
    for (size_t i = 4; i + 4 <= size; i++)
        if (memcmp(data + i, "GGUF", 4) == 0)
            return i;
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    phi_arena arena;
    phi_directory dir;
    phi_directory part;
    phi_error err;
    uint8_t *copies[2] = {NULL, NULL};
    const size_t first = find_second(data, size);
    phi_arena_init(&arena, 4096);
    if (open_piecewise(&dir, &copies[0], &arena, data, first) == PHI_OK) {
        read_everything(&dir, &arena);
        if (first < size && open_piecewise(&part, &copies[1], &arena, data + first, size - first) == PHI_OK) {
            if (phi_directory_join(&dir, &part, &arena, &err) == PHI_OK)
                read_everything(&dir, &arena);
            (void)phi_directory_check_complete(&dir, &err);
        }
    }
    phi_arena_deinit(&arena);
    free(copies[0]);
    free(copies[1]);
    return 0;
}
