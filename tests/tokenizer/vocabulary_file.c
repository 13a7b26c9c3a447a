#include "vocabulary_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "format.h"

enum { HEADER_BYTES_MAX = 1 << 26 };

uint8_t *vocabulary_file_read(const char *path, size_t *n, uint64_t *file_bytes)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = f ? malloc(HEADER_BYTES_MAX) : NULL;
    *n = 0;
    *file_bytes = 0;
    if (bytes) {
        *n = fread(bytes, 1, HEADER_BYTES_MAX, f);
        (void)fseek(f, 0, SEEK_END);
        *file_bytes = (uint64_t)ftell(f);
    }
    if (f)
        (void)fclose(f);
    return bytes;
}

/* As src/api/engine_vocabulary.c reads them. */
static phi_status read_flags(phi_token_flags *f, const phi_directory *dir, phi_arena *arena, phi_error *err)
{
    const phi_str right = PHI_STR("pocketphi.tokenizer.strips_right");
    int32_t *ids;
    f->has_strips = phi_directory_meta(dir, right) != NULL;
    PHI_TRY(phi_meta_read_i32_array(&ids, &f->n_strips_right, dir, right, arena, err));
    f->strips_right = ids;
    PHI_TRY(
        phi_meta_read_i32_array(&ids, &f->n_strips_left, dir, PHI_STR("pocketphi.tokenizer.strips_left"), arena, err));
    f->strips_left = ids;
    return PHI_OK;
}

phi_status vocabulary_file_open(phi_vocabulary *v, phi_arena *arena, phi_bytes header, uint64_t file_bytes,
                                phi_error *err)
{
    phi_directory opened;
    const phi_directory *dir = &opened;
    uint64_t wanted;
    phi_str *texts;
    phi_str *merges;
    float *scores;
    int32_t *types;
    size_t n;
    PHI_TRY(phi_directory_open(&opened, &wanted, arena, header, file_bytes, err));
    *v = (phi_vocabulary){.bos_id = -1, .eos_id = -1, .unknown_id = -1, .adds_space_prefix = true};
    PHI_TRY(phi_meta_read_str(&v->model, dir, PHI_STR("tokenizer.ggml.model"), err));
    PHI_TRY(phi_meta_read_str(&v->pre, dir, PHI_STR("tokenizer.ggml.pre"), err));
    PHI_TRY(phi_meta_read_str(&v->model_name, dir, PHI_STR("general.name"), err));
    PHI_TRY(phi_meta_read_i32(&v->bos_id, dir, PHI_STR("tokenizer.ggml.bos_token_id"), err));
    PHI_TRY(phi_meta_read_i32(&v->eos_id, dir, PHI_STR("tokenizer.ggml.eos_token_id"), err));
    PHI_TRY(phi_meta_read_i32(&v->unknown_id, dir, PHI_STR("tokenizer.ggml.unknown_token_id"), err));
    PHI_TRY(phi_meta_read_bool(&v->adds_bos, dir, PHI_STR("tokenizer.ggml.add_bos_token"), err));
    PHI_TRY(phi_meta_read_str_array(&texts, &v->n_tokens, dir, PHI_STR("tokenizer.ggml.tokens"), arena, err));
    PHI_TRY(phi_meta_read_f32_array(&scores, &n, dir, PHI_STR("tokenizer.ggml.scores"), arena, err));
    PHI_TRY(phi_meta_read_i32_array(&types, &n, dir, PHI_STR("tokenizer.ggml.token_type"), arena, err));
    PHI_TRY(phi_meta_read_str_array(&merges, &v->n_merges, dir, PHI_STR("tokenizer.ggml.merges"), arena, err));
    PHI_TRY(read_flags(&v->flags, dir, arena, err));
    v->texts = texts;
    v->scores = scores;
    v->types = types;
    v->merges = merges;
    return PHI_OK;
}
