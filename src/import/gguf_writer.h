/* Writes the values of a GGUF header: once without room, to learn how many there are and how long, then for good. */
#ifndef PHI_GGUF_WRITER_H
#define PHI_GGUF_WRITER_H

#include "format.h"

typedef struct phi_gguf_writer {
    uint8_t *out; /* NULL: only counts */
    size_t n;
    uint64_t n_metas;
} phi_gguf_writer;

void phi_gguf_put(phi_gguf_writer *w, const void *bytes, size_t n);
void phi_gguf_put_u32(phi_gguf_writer *w, uint32_t value);
void phi_gguf_put_u64(phi_gguf_writer *w, uint64_t value);
void phi_gguf_put_text(phi_gguf_writer *w, phi_str text);

void phi_gguf_meta_u16(phi_gguf_writer *w, const char *key, uint16_t value);
void phi_gguf_meta_u32(phi_gguf_writer *w, const char *key, uint32_t value);
void phi_gguf_meta_i32(phi_gguf_writer *w, const char *key, int32_t value);
void phi_gguf_meta_f32(phi_gguf_writer *w, const char *key, double value);
void phi_gguf_meta_flag(phi_gguf_writer *w, const char *key, bool value);
void phi_gguf_meta_text(phi_gguf_writer *w, const char *key, phi_str value);
/* The items follow. */
void phi_gguf_meta_array(phi_gguf_writer *w, const char *key, phi_meta_type type, uint64_t n);
void phi_gguf_meta_i32s(phi_gguf_writer *w, const char *key, const int32_t *values, size_t n);
void phi_gguf_meta_f32s(phi_gguf_writer *w, const char *key, const float *values, size_t n);
/* As another file has it. */
void phi_gguf_meta_copy(phi_gguf_writer *w, const phi_meta *meta);

#endif
