/* Writes GGUF bytes in a test, value by value, so that any of them can be wrong. */
#ifndef PHI_TEST_GGUF_BUILDER_H
#define PHI_TEST_GGUF_BUILDER_H

#include <stdint.h>
#include <string.h>

#include "format.h"

enum { GGUF_BUILDER_BYTES = 1 << 16 };

typedef struct gguf_builder {
    uint8_t bytes[GGUF_BUILDER_BYTES];
    size_t len;
} gguf_builder;

static inline void put_int(gguf_builder *b, uint64_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes && b->len < GGUF_BUILDER_BYTES; i++)
        b->bytes[b->len++] = (uint8_t)(value >> (8 * i));
}

static inline void put_raw(gguf_builder *b, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_int(b, ((const uint8_t *)bytes)[i], 1);
}

static inline void put_text(gguf_builder *b, const char *text)
{
    put_int(b, strlen(text), 8);
    put_raw(b, text, strlen(text));
}

static inline void put_header(gguf_builder *b, uint32_t version, uint64_t n_tensors, uint64_t n_metas)
{
    b->len = 0;
    put_raw(b, "GGUF", 4);
    put_int(b, version, 4);
    put_int(b, n_tensors, 8);
    put_int(b, n_metas, 8);
}

static inline void put_key(gguf_builder *b, const char *key, uint32_t type)
{
    put_text(b, key);
    put_int(b, type, 4);
}

static inline void put_u32(gguf_builder *b, const char *key, uint32_t value)
{
    put_key(b, key, PHI_META_U32);
    put_int(b, value, 4);
}

static inline void put_u16(gguf_builder *b, const char *key, uint32_t value)
{
    put_key(b, key, PHI_META_U16);
    put_int(b, value, 2);
}

static inline void put_i32(gguf_builder *b, const char *key, int32_t value)
{
    put_key(b, key, PHI_META_I32);
    put_int(b, (uint32_t)value, 4);
}

static inline void put_f32(gguf_builder *b, const char *key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(b, key, PHI_META_F32);
    put_int(b, bits, 4);
}

static inline void put_string(gguf_builder *b, const char *key, const char *value)
{
    put_key(b, key, PHI_META_STRING);
    put_text(b, value);
}

static inline void put_array(gguf_builder *b, const char *key, uint32_t item_type, uint64_t n)
{
    put_key(b, key, PHI_META_ARRAY);
    put_int(b, item_type, 4);
    put_int(b, n, 8);
}

/* A matrix of two dims. */
static inline void put_tensor(gguf_builder *b, const char *name, uint64_t columns, uint64_t rows, uint32_t gguf_type,
                              uint64_t offset)
{
    put_text(b, name);
    put_int(b, 2, 4);
    put_int(b, columns, 8);
    put_int(b, rows, 8);
    put_int(b, gguf_type, 4);
    put_int(b, offset, 8);
}

static inline void put_padding(gguf_builder *b, size_t alignment)
{
    while (b->len % alignment != 0)
        put_int(b, 0, 1);
}

static inline void put_zeros(gguf_builder *b, size_t n)
{
    while (n-- > 0)
        put_int(b, 0, 1);
}

/* Part `idx` of a model of `count` files: two tensors, "part<idx>.a" and "part<idx>.b". */
static inline void put_split(gguf_builder *b, uint32_t idx, uint32_t count, int32_t n_announced)
{
    char name[] = "part0.a";
    name[4] = (char)('0' + idx);
    put_header(b, 3, 2, idx == 0 ? 4 : 3);
    if (idx == 0)
        put_string(b, "general.architecture", "phi3");
    put_u16(b, "split.no", idx);
    put_u16(b, "split.count", count);
    put_i32(b, "split.tensors.count", n_announced);
    put_tensor(b, name, 8, 1, 0, 0);
    name[6] = 'b';
    put_tensor(b, name, 8, 1, 0, 32);
    put_padding(b, 32);
    put_zeros(b, 64);
}

#endif
