#include "gguf_writer.h"

#include <string.h>

void phi_gguf_put(phi_gguf_writer *w, const void *bytes, size_t n)
{
    if (w->out && n > 0)
        memcpy(w->out + w->n, bytes, n);
    w->n += n;
}

static void put_little_endian(phi_gguf_writer *w, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    phi_gguf_put(w, bytes, n);
}

void phi_gguf_put_u32(phi_gguf_writer *w, uint32_t value)
{
    put_little_endian(w, value, 4);
}

void phi_gguf_put_u64(phi_gguf_writer *w, uint64_t value)
{
    put_little_endian(w, value, 8);
}

void phi_gguf_put_text(phi_gguf_writer *w, phi_str text)
{
    phi_gguf_put_u64(w, text.len);
    phi_gguf_put(w, text.ptr, text.len);
}

static void put_key(phi_gguf_writer *w, const char *key, phi_meta_type type)
{
    phi_gguf_put_text(w, phi_str_of(key));
    phi_gguf_put_u32(w, (uint32_t)type);
    w->n_metas++;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void phi_gguf_meta_u16(phi_gguf_writer *w, const char *key, uint16_t value)
{
    put_key(w, key, PHI_META_U16);
    put_little_endian(w, value, 2);
}

void phi_gguf_meta_u32(phi_gguf_writer *w, const char *key, uint32_t value)
{
    put_key(w, key, PHI_META_U32);
    phi_gguf_put_u32(w, value);
}

void phi_gguf_meta_i32(phi_gguf_writer *w, const char *key, int32_t value)
{
    put_key(w, key, PHI_META_I32);
    phi_gguf_put_u32(w, (uint32_t)value);
}

void phi_gguf_meta_f32(phi_gguf_writer *w, const char *key, double value)
{
    put_key(w, key, PHI_META_F32);
    phi_gguf_put_u32(w, bits_of((float)value));
}

void phi_gguf_meta_flag(phi_gguf_writer *w, const char *key, bool value)
{
    put_key(w, key, PHI_META_BOOL);
    put_little_endian(w, value, 1);
}

void phi_gguf_meta_text(phi_gguf_writer *w, const char *key, phi_str value)
{
    put_key(w, key, PHI_META_STRING);
    phi_gguf_put_text(w, value);
}

void phi_gguf_meta_array(phi_gguf_writer *w, const char *key, phi_meta_type type, uint64_t n)
{
    put_key(w, key, PHI_META_ARRAY);
    phi_gguf_put_u32(w, (uint32_t)type);
    phi_gguf_put_u64(w, n);
}

void phi_gguf_meta_i32s(phi_gguf_writer *w, const char *key, const int32_t *values, size_t n)
{
    phi_gguf_meta_array(w, key, PHI_META_I32, n);
    for (size_t i = 0; i < n; i++)
        phi_gguf_put_u32(w, (uint32_t)values[i]);
}

void phi_gguf_meta_f32s(phi_gguf_writer *w, const char *key, const float *values, size_t n)
{
    phi_gguf_meta_array(w, key, PHI_META_F32, n);
    for (size_t i = 0; i < n; i++)
        phi_gguf_put_u32(w, bits_of(values[i]));
}

void phi_gguf_meta_copy(phi_gguf_writer *w, const phi_meta *meta)
{
    phi_gguf_put_text(w, meta->key);
    phi_gguf_put_u32(w, (uint32_t)meta->type);
    if (meta->type == PHI_META_STRING)
        phi_gguf_put_u64(w, meta->payload.len);
    if (meta->type == PHI_META_ARRAY) {
        phi_gguf_put_u32(w, (uint32_t)meta->item_type);
        phi_gguf_put_u64(w, meta->n_items);
    }
    phi_gguf_put(w, meta->payload.ptr, meta->payload.len);
    w->n_metas++;
}
