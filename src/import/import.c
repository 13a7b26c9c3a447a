/* The handle of phi_import.h: files in their order, then the output's headers. */
#include <inttypes.h>
#include <string.h>

#include "import_impl.h"
#include "limits.h"

enum { ARENA_BYTES = 1 << 16 };

/* Files that add() takes; "name" is none, but travels with them. */
static const char *const file_names[PHI_IMPORT_N_NAMES] = {"config.json",
                                                           "tokenizer.json",
                                                           "tokenizer_config.json",
                                                           "generation_config.json",
                                                           "preprocessor_config.json",
                                                           "chat_template.jinja",
                                                           "model.safetensors.index.json",
                                                           "name"};
enum { CONFIG, TOKENIZER, TOKENIZER_CONFIG, GENERATION_CONFIG, PREPROCESSOR, CHAT_TEMPLATE, INDEX };

phi_import_options phi_import_options_default(void)
{
    return (phi_import_options){.struct_size = sizeof(phi_import_options)};
}

static phi_status check_options(const phi_import_options *o, phi_error *err)
{
    if (!o || o->struct_size != sizeof *o)
        return phi_fail(err, PHI_EINVAL,
                        "import options: struct_size is %u, expected %zu; begin with phi_import_options_default()",
                        o ? (unsigned)o->struct_size : 0, sizeof *o);
    const int32_t types[] = {o->linears, o->embedding, o->output, o->vision};
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
        if (types[k] < PHI_IMPORT_AUTO || types[k] > PHI_IMPORT_Q4_0)
            return phi_fail(err, PHI_EINVAL, "import options: type %d, expected 0 to %d", (int)types[k],
                            PHI_IMPORT_Q4_0);
    return PHI_OK;
}

phi_status phi_import_create(phi_import **out, const phi_import_options *options, phi_error *error)
{
    static phi_str one_file = {"model.safetensors", sizeof "model.safetensors" - 1};
    phi_arena arena;
    if (error)
        *error = (phi_error){0};
    PHI_TRY(check_options(options, error));
    phi_arena_init(&arena, ARENA_BYTES);
    phi_import *i = phi_arena_zeroed(&arena, phi_import, 1);
    if (!i)
        return phi_fail(error, PHI_ENOMEM, "import: no memory for its first %d bytes", ARENA_BYTES);
    i->options = *options;
    i->n_files = 1;
    i->file_names = &one_file;
    for (size_t k = 0; k < PHI_IMPORT_N_NAMES; k++)
        i->files[k].name = file_names[k];
    i->room_mark = phi_arena_get_mark(&arena);
    i->arena = arena;
    *out = i;
    return PHI_OK;
}

void phi_import_destroy(phi_import *i)
{
    if (!i)
        return;
    phi_arena arena = i->arena; /* holds the handle itself */
    phi_arena_deinit(&arena);
}

const phi_error *phi_import_error(const phi_import *i)
{
    return &i->error;
}

uint8_t *phi_import_room(phi_import *i, uint64_t bytes)
{
    if (bytes > PHI_LIMIT_HEADER_BYTES || i->is_finished)
        return NULL;
    phi_arena_rewind(&i->arena, i->room_mark);
    i->room = phi_arena_array(&i->arena, uint8_t, (size_t)bytes);
    i->room_bytes = i->room ? bytes : 0;
    return i->room;
}

static phi_status check_room(phi_import *i, const char *call, uint64_t n_bytes)
{
    if (i->room && n_bytes <= i->room_bytes && !i->is_finished)
        return PHI_OK;
    return phi_fail(&i->error, PHI_EINVAL, "%s: %" PRIu64 " bytes in a room of %" PRIu64, call, n_bytes, i->room_bytes);
}

/* What is in the room stays, and what was made of it. */
static void keep_room(phi_import *i)
{
    i->room = NULL;
    i->room_bytes = 0;
    i->room_mark = phi_arena_get_mark(&i->arena);
}

phi_status phi_import_add(phi_import *i, const char *file_name, uint64_t n_bytes)
{
    PHI_TRY(check_room(i, "add", n_bytes));
    for (size_t k = 0; k < PHI_IMPORT_N_NAMES; k++) {
        phi_import_file *f = &i->files[k];
        if (strcmp(f->name, file_name) != 0)
            continue;
        if (f->is_there || i->n_described > 0)
            return phi_fail(&i->error, PHI_EINVAL, "add: %s is there already, or comes behind the weights", file_name);
        f->bytes = i->room;
        f->n = (size_t)n_bytes;
        const phi_bytes text = {f->bytes, f->n};
        const phi_status status = k == INDEX ? phi_safetensors_read_index(i, text) : PHI_OK;
        f->is_there = status == PHI_OK;
        keep_room(i);
        return status;
    }
    return phi_fail(&i->error, PHI_EINVAL,
                    "add: '%s' is not a file that is read; those are config.json, tokenizer.json, "
                    "tokenizer_config.json, generation_config.json, preprocessor_config.json, chat_template.jinja, "
                    "model.safetensors.index.json",
                    file_name);
}

uint32_t phi_import_n_files(const phi_import *i)
{
    return i->is_gguf ? i->directory.n_files : i->n_files;
}

const char *phi_import_file_name(const phi_import *i, uint32_t file_idx)
{
    return i->is_gguf || file_idx >= i->n_files ? "" : i->file_names[file_idx].ptr;
}

static phi_status describe_gguf(phi_import *i, uint32_t file_idx, phi_bytes header, uint64_t file_bytes,
                                uint64_t *wanted_bytes)
{
    phi_directory part;
    PHI_TRY(phi_directory_open(&part, wanted_bytes, &i->arena, header, file_bytes, &i->error));
    i->is_gguf = true;
    if (file_idx == 0)
        i->directory = part;
    else
        return phi_directory_join(&i->directory, &part, &i->arena, &i->error);
    return PHI_OK;
}

phi_status phi_import_describe(phi_import *i, uint32_t file_idx, uint64_t n_bytes, uint64_t file_bytes,
                               uint64_t *wanted_bytes)
{
    PHI_TRY(check_room(i, "describe", n_bytes));
    if (file_idx != i->n_described || n_bytes > file_bytes)
        return phi_fail(&i->error, PHI_EINVAL,
                        "describe: file %u with %" PRIu64 " of %" PRIu64 " bytes; file %u is next", file_idx, n_bytes,
                        file_bytes, i->n_described);
    const phi_bytes header = {i->room, (size_t)n_bytes};
    const phi_sources before = i->sources;
    const bool is_gguf = file_idx == 0 ? n_bytes >= 4 && memcmp(i->room, "GGUF", 4) == 0 : i->is_gguf;
    const phi_status status = is_gguf ? describe_gguf(i, file_idx, header, file_bytes, wanted_bytes)
                                      : phi_safetensors_open(&i->sources, &i->arena, header, file_idx, file_bytes,
                                                             wanted_bytes, &i->error);
    if (status != PHI_OK) {
        i->sources = before; /* what was added lies behind the room, which is dealt anew */
        return status;
    }
    i->n_described++;
    keep_room(i);
    return PHI_OK;
}

/* A GGUF file's tensors as sources. */
static phi_status list_gguf(phi_import *i)
{
    PHI_TRY(phi_directory_check_complete(&i->directory, &i->error));
    for (size_t k = 0; k < i->directory.n_tensors; k++) {
        const phi_source source = {.info = i->directory.tensors[k]};
        PHI_TRY(phi_sources_add(&i->sources, &source, &i->arena, &i->error));
    }
    return PHI_OK;
}

static phi_bytes file_text(const phi_import *i, int which)
{
    const phi_import_file *f = &i->files[which];
    return f->is_there ? (phi_bytes){f->bytes, f->n} : (phi_bytes){NULL, 0};
}

static phi_status read_folder(phi_import *i)
{
    for (int k = CONFIG; k <= TOKENIZER; k++)
        if (!i->files[k].is_there)
            return phi_fail(&i->error, PHI_EINVAL, "finish: %s is needed and was not added", file_names[k]);
    const phi_hf_texts texts = {file_text(i, TOKENIZER), file_text(i, TOKENIZER_CONFIG),
                                file_text(i, GENERATION_CONFIG), file_text(i, CHAT_TEMPLATE)};
    PHI_TRY(phi_hf_read_config(&i->config, &i->arena, file_text(i, CONFIG), &i->error));
    if (i->files[PREPROCESSOR].is_there)
        PHI_TRY(phi_hf_read_preprocessor(&i->config.vision, &i->arena, file_text(i, PREPROCESSOR), &i->error));
    PHI_TRY(phi_hf_factors_of(&i->factors, &i->config, &i->arena, &i->error));
    return phi_hf_read_tokens(&i->tokens, &i->config, &texts, &i->arena, &i->error);
}

phi_status phi_import_finish(phi_import *i)
{
    if (i->is_finished || i->n_described < phi_import_n_files(i))
        return phi_fail(&i->error, PHI_ESTATE, "finish: %u of %u files are described%s", i->n_described,
                        phi_import_n_files(i), i->is_finished ? ", and it was finished before" : "");
    PHI_TRY(i->is_gguf ? list_gguf(i) : read_folder(i));
    PHI_TRY(phi_sources_sort(&i->sources, &i->arena, &i->error));
    PHI_TRY(phi_import_make_products(i));
    PHI_TRY(phi_import_make_headers(i));
    PHI_TRY(phi_window_init(i));
    i->is_finished = true;
    return PHI_OK;
}

uint32_t phi_import_n_outputs(const phi_import *i)
{
    return i->is_finished ? i->n_outputs : 0;
}

uint64_t phi_import_output_bytes(const phi_import *i, uint32_t output_idx)
{
    return i->is_finished && output_idx < i->n_outputs ? i->outputs[output_idx].bytes : 0;
}
