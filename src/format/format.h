/* Containers of model weights. A format only describes: it reads the bytes before the tensor data and fills a directory
 * of metadata and tensors, in which every tensor is a checked byte range of a numbered file. Tensor bytes never pass
 * through here. Adding a container is one file and one line in formats.def. */
#ifndef PHI_FORMAT_H
#define PHI_FORMAT_H

#include "arena.h"
#include "bytes.h"
#include "dtype.h"

enum { PHI_TENSOR_DIMS = 4 };

typedef struct phi_tensor_info {
    phi_str name;
    phi_dtype dtype;
    uint32_t n_dims;
    uint64_t dims[PHI_TENSOR_DIMS]; /* dims[0] is contiguous (columns, in_features); unused ones are 1 */
    uint32_t file_idx;              /* which file of a split model */
    uint64_t offset;                /* first byte, counted from the start of that file */
    uint64_t bytes;
} phi_tensor_info;

typedef enum phi_meta_type { /* the ids of GGUF */
                             PHI_META_U8 = 0,
                             PHI_META_I8,
                             PHI_META_U16,
                             PHI_META_I16,
                             PHI_META_U32,
                             PHI_META_I32,
                             PHI_META_F32,
                             PHI_META_BOOL,
                             PHI_META_STRING,
                             PHI_META_ARRAY,
                             PHI_META_U64,
                             PHI_META_I64,
                             PHI_META_F64
} phi_meta_type;

/* One metadata entry, its payload still in the file's own little-endian form and already bounds-checked. */
typedef struct phi_meta {
    phi_str key;
    phi_meta_type type;
    phi_meta_type item_type; /* of an array; arrays of arrays are refused */
    uint64_t n_items;        /* of an array, else 1 */
    phi_bytes payload;       /* a string: its bytes; strings of an array: u64 length and bytes, one after the other */
} phi_meta;

/* What a model file says. Views point into the header bytes that were given to open. In a split model the metadata are
 * those of file 0; the other files only repeat the split's own keys. */
typedef struct phi_directory {
    const char *format; /* "gguf" */
    phi_meta *metas;
    size_t n_metas;
    phi_tensor_info *tensors; /* in the order of the file; names are unique */
    size_t n_tensors;
    uint32_t n_files;       /* of a split model; 1 otherwise */
    uint32_t file_idx;      /* which of them was opened first; the n-th file's name counts from 1, this from 0 */
    uint64_t *file_bytes;   /* (n_files), UINT64_MAX where not known yet */
    bool *has_file;         /* (n_files), opened or joined */
    uint64_t n_announced;   /* tensors of the whole split model, UINT64_MAX if the file does not say */
    size_t tensors_cap;     /* items that `tensors` and `tensor_order` have room for */
    uint32_t *meta_order;   /* (n_metas) rows by ascending key, see phi_directory_index() */
    uint32_t *tensor_order; /* (n_tensors) rows by ascending name */
} phi_directory;

/* Describes one file from its first bytes. `header` must outlive the directory. `file_bytes` is the whole file's size,
 * or UINT64_MAX if unknown (then ranges are checked when they are fetched).
 * PHI_NEED_DATA: `header` is too short; *wanted_bytes says how many to come back with (more than header.len, at most
 * file_bytes; may still prove too few). It doubles at least, so that all the tries together stay linear; a file of
 * unknown size that ends sooner is given whole, with its size.
 * PHI_ECORRUPT, PHI_EUNSUPPORTED: err says what, where, got, expected. Nothing is kept on failure. */
phi_status phi_directory_open(phi_directory *out, uint64_t *wanted_bytes, phi_arena *arena, phi_bytes header,
                              uint64_t file_bytes, phi_error *err);

/* For the openers of containers: fills the two orders that the lookups need. PHI_ECORRUPT names a duplicate. */
phi_status phi_directory_index(phi_directory *dir, phi_arena *arena, phi_error *err);

/* Adds the tensors of another file of the same split model to `dir`. Files may come in any order, each once; the split
 * numbers, counts and names must agree. `arena` must be the one that `dir` was opened with. */
phi_status phi_directory_join(phi_directory *dir, const phi_directory *part, phi_arena *arena, phi_error *err);

/* Checks what only the whole model can show: every split present, the announced number of tensors. */
phi_status phi_directory_check_complete(const phi_directory *dir, phi_error *err);

/* The name of file `idx` (from 0) of `count`, from the path or URL of any of them: the part "-00001-of-00003.gguf" is
 * exchanged, what follows it (a query, a fragment) is kept. NUL-terminated. PHI_EINVAL: no such part, another count, or
 * `cap` too small. */
phi_status phi_split_name(char *out, size_t cap, phi_str first, uint32_t idx, uint32_t count, phi_error *err);

/* NULL when absent. O(log n). */
const phi_tensor_info *phi_directory_tensor(const phi_directory *dir, phi_str name);
const phi_meta *phi_directory_meta(const phi_directory *dir, phi_str key);

/* Typed reads. Absent: *out stays as it was (preset the default) and PHI_OK, unless a wrapper below demands it.
 * Present with another type or out of range: PHI_ECORRUPT with the key, the type got and the type expected.
 * Integers of any width and sign convert if the value fits; floats accept F32 and F64 and must be finite. */
phi_status phi_meta_read_u32(uint32_t *out, const phi_directory *dir, phi_str key, phi_error *err);
phi_status phi_meta_read_i32(int32_t *out, const phi_directory *dir, phi_str key, phi_error *err);
phi_status phi_meta_read_f32(float *out, const phi_directory *dir, phi_str key, phi_error *err);
phi_status phi_meta_read_bool(bool *out, const phi_directory *dir, phi_str key, phi_error *err);
phi_status phi_meta_read_str(phi_str *out, const phi_directory *dir, phi_str key, phi_error *err);
/* Arrays, expanded into the arena. Absent: *out NULL and *n_out 0. */
phi_status phi_meta_read_str_array(phi_str **out, size_t *n_out, const phi_directory *dir, phi_str key,
                                   phi_arena *arena, phi_error *err);
phi_status phi_meta_read_f32_array(float **out, size_t *n_out, const phi_directory *dir, phi_str key, phi_arena *arena,
                                   phi_error *err);
phi_status phi_meta_read_i32_array(int32_t **out, size_t *n_out, const phi_directory *dir, phi_str key,
                                   phi_arena *arena, phi_error *err);
/* PHI_ECORRUPT when the key is absent. */
phi_status phi_meta_require(const phi_directory *dir, phi_str key, phi_error *err);

#endif
