/* PocketPhi: models in other forms as GGUF. The third public header, of a program beside the engine.
 *
 * A Hugging Face folder (config.json, tokenizer.json, safetensors) or a GGUF file becomes one or more GGUF files that
 * exist nowhere: their headers are made from the descriptions, and any range of their bytes is made from the ranges of
 * the source that it stands for, with the weights quantised on the way. Who reads them front to back holds a converted
 * file; who gives them to phi_engine_describe() and serves its ranges runs the model without one.
 *
 *     phi_import_options o = phi_import_options_default();
 *     phi_import *i;
 *     phi_import_create(&i, &o, &why);
 *     memcpy(phi_import_room(i, n), text, n);  phi_import_add(i, "config.json", n);     // and the other JSON files
 *     for (f = 0; f < phi_import_n_files(i); f++)
 *         do { read_file(phi_import_file_name(i, f), 0, phi_import_room(i, want), want);
 *              st = phi_import_describe(i, f, want, file_size, &want); } while (st == PHI_NEED_DATA);
 *     phi_import_finish(i);
 *     for (at = 0; at < phi_import_output_bytes(i, 0); at += n) {
 *         phi_import_ask(i, 0, at, room, &r);                                           // source bytes, if any
 *         read_file(phi_import_file_name(i, r.file_idx), r.offset, r.dst, r.bytes);
 *         phi_import_take(i, &bytes, &n);                                               // the output's from `at` on
 *     }
 *
 * No I/O, no threads, no global state. Bytes of the source may be hostile: everything is checked before it is used, and
 * phi_import_error() says what, where, got and expected. Detail is there until the next call on the handle. */
#ifndef PHI_IMPORT_H
#define PHI_IMPORT_H

#include "bytes.h"
#include "status.h"

#if defined(__EMSCRIPTEN__)
#define PHI_IMPORT_API __attribute__((used, visibility("default")))
#else
#define PHI_IMPORT_API
#endif

typedef struct phi_import phi_import;

/* What a matrix becomes. Rows that are no multiple of 32 long, vectors, and weights that are quantised already (but
 * Q8_0) stay what they are; a matrix of a small type is never made larger. */
typedef enum phi_import_type {
    PHI_IMPORT_AUTO = 0, /* linears Q4_0; embedding, output and vision Q8_0 */
    PHI_IMPORT_FILE = 1, /* as the source has it */
    PHI_IMPORT_F16 = 2,
    PHI_IMPORT_Q8_0 = 3,
    PHI_IMPORT_Q4_0 = 4
} phi_import_type;

typedef struct phi_import_options {
    uint32_t struct_size; /* sizeof(phi_import_options) */
    int32_t linears;      /* phi_import_type */
    int32_t embedding;    /* of tokens; serves as output too where the model ties them */
    int32_t output;
    int32_t vision;
    uint32_t reserved;
    uint64_t split_bytes; /* at most so many bytes an output file (one tensor at least); 0: one file */
} phi_import_options;

/* Bytes [offset, offset + bytes) of a source file, written to dst. */
typedef struct phi_import_range {
    uint64_t offset;
    uint8_t *dst;
    uint32_t bytes; /* 0: nothing is needed */
    uint32_t file_idx;
} phi_import_range;

PHI_IMPORT_API phi_import_options phi_import_options_default(void);
/* *error (NULL is fine) says why there is none: PHI_EINVAL, PHI_ENOMEM. */
PHI_IMPORT_API phi_status phi_import_create(phi_import **out, const phi_import_options *options, phi_error *error);
PHI_IMPORT_API void phi_import_destroy(phi_import *i); /* NULL is fine */
PHI_IMPORT_API const phi_error *phi_import_error(const phi_import *i);

/* Room for bytes of the source, until the next call of this function, add() or describe(). NULL: out of memory. */
PHI_IMPORT_API uint8_t *phi_import_room(phi_import *i, uint64_t bytes);
/* The first n_bytes of the room are the whole file of this name: config.json, tokenizer.json (needed), and
 * tokenizer_config.json, generation_config.json, preprocessor_config.json, chat_template.jinja,
 * model.safetensors.index.json (where the folder has them). "name": what the model is called. PHI_EINVAL: another name,
 * or twice. PHI_ECORRUPT: an index that is wrong. */
PHI_IMPORT_API phi_status phi_import_add(phi_import *i, const char *file_name, uint64_t n_bytes);

/* Files of weights. A folder has those that its index names, else "model.safetensors"; a GGUF model those that its
 * first file announces, of which this knows no name (""). */
PHI_IMPORT_API uint32_t phi_import_n_files(const phi_import *i);
PHI_IMPORT_API const char *phi_import_file_name(const phi_import *i, uint32_t file_idx);
/* Reads the description of file `file_idx` out of the first n_bytes of the room. Files in ascending order.
 * PHI_NEED_DATA: *wanted_bytes of its start are needed. */
PHI_IMPORT_API phi_status phi_import_describe(phi_import *i, uint32_t file_idx, uint64_t n_bytes, uint64_t file_bytes,
                                              uint64_t *wanted_bytes);
/* Everything is there: makes the output files' headers. */
PHI_IMPORT_API phi_status phi_import_finish(phi_import *i);

/* ---- Behind finish() ------------------------------------------------------------------------------------------- */

PHI_IMPORT_API uint32_t phi_import_n_outputs(const phi_import *i);
PHI_IMPORT_API uint64_t phi_import_output_bytes(const phi_import *i, uint32_t output_idx);
/* The source bytes that output bytes from `offset` on are made of, `bytes` of them at most. Fill r->dst, then take().
 * Offsets of one output may go anywhere; those that ascend are read once only, in the order of the source files. */
PHI_IMPORT_API phi_status phi_import_ask(phi_import *i, uint32_t output_idx, uint64_t offset, uint32_t bytes,
                                         phi_import_range *r);
/* The output bytes asked for, at least one, perhaps fewer than asked: borrowed until the next call. PHI_ECORRUPT names
 * the tensor, row and column of a weight that is not finite. */
PHI_IMPORT_API phi_status phi_import_take(phi_import *i, const uint8_t **out, uint32_t *n_out);

/* ---- For bindings without C's structs: a module of its own in WebAssembly, one output ---------------------------- */

/* NULL: a type that is none, or no memory. */
PHI_IMPORT_API phi_import *phi_import_open(int32_t linears, int32_t embedding, int32_t output, int32_t vision);
PHI_IMPORT_API const char *phi_import_error_text(const phi_import *i);
/* What the calls below give besides a status: four numbers. */
PHI_IMPORT_API uint64_t *phi_import_results(phi_import *i);
/* add(); the file's name, NUL-terminated, fills the room behind its bytes. */
PHI_IMPORT_API phi_status phi_import_add_named(phi_import *i, uint64_t n_bytes);
/* describe() of the file behind the last; PHI_NEED_DATA: {wanted_bytes} */
PHI_IMPORT_API phi_status phi_import_describe_next(phi_import *i, uint64_t n_bytes, uint64_t file_bytes);
/* ask() of output 0: {offset, dst, bytes, file_idx} */
PHI_IMPORT_API phi_status phi_import_ask_flat(phi_import *i, uint64_t offset, uint32_t bytes);
/* take(): {address, bytes} */
PHI_IMPORT_API phi_status phi_import_take_flat(phi_import *i);

#endif
