/* safetensors: u64 length | that many bytes of JSON | data. The JSON: {name: {dtype, shape, data_offsets}, …}, offsets
 * from the start of the data. And the index that says in which file of several a tensor is. */
#include <inttypes.h>
#include <string.h>

#include "checked.h"
#include "import_impl.h"
#include "limits.h"
#include "order.h"

enum { SHAPE_MAX = 8, FIRST_BYTES = 1 << 16 };

/* ------------------------------------------------------------------ lists of tensors */

phi_status phi_sources_add(phi_sources *s, const phi_source *source, phi_arena *arena, phi_error *err)
{
    if (s->n == PHI_LIMIT_TENSORS)
        return phi_fail(err, PHI_ECORRUPT, "more than %d tensors", PHI_LIMIT_TENSORS);
    if (s->n == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : 256;
        phi_source *grown = phi_arena_array(arena, phi_source, cap);
        if (!grown)
            return phi_fail(err, PHI_ENOMEM, "no memory for %zu tensors", cap);
        if (s->n > 0)
            memcpy(grown, s->items, s->n * sizeof *grown);
        s->items = grown;
        s->cap = cap;
    }
    s->items[s->n++] = *source;
    return PHI_OK;
}

static phi_str name_of_source(const void *rows, uint32_t row)
{
    return ((const phi_source *)rows)[row].info.name;
}

static int compare_names(const void *rows, uint32_t a, uint32_t b)
{
    return phi_order_text(name_of_source(rows, a), name_of_source(rows, b));
}

phi_status phi_sources_sort(phi_sources *s, phi_arena *arena, phi_error *err)
{
    s->order = phi_arena_array(arena, uint32_t, s->n);
    if (!s->order)
        return phi_fail(err, PHI_ENOMEM, "no memory to sort %zu tensors", s->n);
    phi_order_rows(s->order, s->n, s->items, compare_names);
    for (size_t i = 1; i < s->n; i++) {
        const phi_str name = s->items[s->order[i]].info.name;
        if (phi_str_equal(name, s->items[s->order[i - 1]].info.name))
            return phi_fail(err, PHI_ECORRUPT, "tensor '%.*s' is there twice, expected once", phi_str_print_len(name),
                            name.ptr);
    }
    return PHI_OK;
}

const phi_source *phi_sources_find(const phi_sources *s, phi_str name)
{
    const uint32_t *row = phi_order_find(s->order, s->n, s->items, name_of_source, name);
    return row ? &s->items[*row] : NULL;
}

/* ------------------------------------------------------------------ the header */

typedef struct shape {
    int64_t dims[SHAPE_MAX];
    uint32_t n;
} shape;

typedef struct entry {
    phi_str dtype;
    shape shape;
    int64_t offsets[2];
} entry;

static phi_status read_ints(phi_json_walk *w, int64_t *out, uint32_t *n, uint32_t n_max)
{
    bool has_more;
    *n = 0;
    PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        if (*n == n_max)
            return phi_json_fail(&w->r, n_max == 2 ? "two offsets" : "at most 8 dimensions");
        PHI_TRY(phi_walk_int(w, &out[(*n)++]));
        if (out[*n - 1] < 0)
            return phi_json_fail(&w->r, "a number of 0 or more in front of this byte");
    }
}

static phi_status read_shape(phi_json_walk *w, void *field)
{
    shape *s = field;
    return read_ints(w, s->dims, &s->n, SHAPE_MAX);
}

static phi_status read_offsets(phi_json_walk *w, void *field)
{
    uint32_t n;
    PHI_TRY(read_ints(w, field, &n, 2));
    return n == 2 ? PHI_OK : phi_json_fail(&w->r, "two offsets in front of this byte");
}

static phi_dtype dtype_of(phi_str name)
{
    static const phi_dtype known[] = {PHI_DTYPE_F32, PHI_DTYPE_F16, PHI_DTYPE_BF16};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (phi_str_equal(name, phi_str_of(phi_dtype_get(known[i])->name)))
            return known[i];
    return PHI_N_DTYPES;
}

/* Where the data begins and how long they are. */
typedef struct extent {
    uint64_t begin, bytes;
    uint32_t file_idx;
} extent;

/* dims[0] of GGUF is the last one here. Shapes of more than four dimensions are for tensors that nobody reads. */
static phi_status place_tensor(phi_source *s, const entry *e, const extent *data, phi_error *err)
{
    const phi_str name = s->info.name;
    uint64_t n = 1;
    bool fits = true;
    s->type = e->dtype;
    s->info.dtype = dtype_of(e->dtype);
    s->info.file_idx = data->file_idx;
    s->info.n_dims = e->shape.n;
    for (uint32_t i = 0; i < PHI_TENSOR_DIMS; i++)
        s->info.dims[i] = i < e->shape.n ? (uint64_t)e->shape.dims[e->shape.n - 1 - i] : 1;
    for (uint32_t i = 0; i < e->shape.n; i++)
        fits = fits && phi_mul_u64(&n, n, (uint64_t)e->shape.dims[i]);
    if (s->info.dtype != PHI_N_DTYPES)
        fits = fits && phi_mul_u64(&n, n, phi_dtype_get(s->info.dtype)->block_bytes);
    const uint64_t begin = (uint64_t)e->offsets[0];
    const uint64_t end = (uint64_t)e->offsets[1];
    s->info.bytes = end - begin;
    s->info.offset = data->begin + begin;
    if (begin > end || end > data->bytes)
        return phi_fail(err, PHI_ECORRUPT,
                        "safetensors: tensor '%.*s' has bytes %" PRIu64 " to %" PRIu64
                        " of the data, which have %" PRIu64,
                        phi_str_print_len(name), name.ptr, begin, end, data->bytes);
    if (!fits || (s->info.dtype != PHI_N_DTYPES && n != s->info.bytes))
        return phi_fail(err, PHI_ECORRUPT,
                        "safetensors: tensor '%.*s' has %" PRIu64
                        " bytes of data, its shape and type %.*s make %" PRIu64,
                        phi_str_print_len(name), name.ptr, s->info.bytes, phi_str_print_len(e->dtype), e->dtype.ptr,
                        fits ? n : UINT64_MAX);
    return PHI_OK;
}

static phi_status read_entries(phi_sources *out, phi_json_walk *w, const extent *data)
{
    static const phi_field fields[] = {
        {"dtype", PHI_FIELD_TEXT, offsetof(entry, dtype), NULL},
        {"shape", PHI_FIELD_OTHER, offsetof(entry, shape), read_shape},
        {"data_offsets", PHI_FIELD_OTHER, offsetof(entry, offsets), read_offsets},
    };
    bool has_more;
    PHI_TRY(phi_walk_enter(w, '{'));
    for (;;) {
        phi_source source = {.type = {NULL, 0}};
        entry e = {.offsets = {-1, -1}};
        PHI_TRY(phi_walk_member(w, &source.info.name, &has_more));
        if (!has_more)
            return phi_walk_end(w);
        if (phi_str_equal(source.info.name, PHI_STR("__metadata__"))) {
            PHI_TRY(phi_walk_skip(w));
            continue;
        }
        PHI_TRY(phi_walk_fields(w, fields, sizeof fields / sizeof fields[0], &e));
        if (e.offsets[0] < 0 || e.dtype.len == 0)
            return phi_json_fail(&w->r, "a tensor with dtype, shape and data_offsets in front of this byte");
        PHI_TRY(place_tensor(&source, &e, data, w->r.err));
        PHI_TRY(phi_sources_add(out, &source, w->r.arena, w->r.err));
    }
}

static int compare_offsets(const void *rows, uint32_t a, uint32_t b)
{
    const phi_source *items = rows;
    return (items[a].info.offset > items[b].info.offset) - (items[a].info.offset < items[b].info.offset);
}

/* Of the tensors from `first` on, which are one file's. */
static phi_status check_apart(const phi_sources *s, size_t first, phi_arena *arena, phi_error *err)
{
    const size_t n = s->n - first;
    if (n == 0)
        return PHI_OK;
    const phi_source *items = s->items + first;
    uint32_t *order = phi_arena_array(arena, uint32_t, n);
    if (!order)
        return phi_fail(err, PHI_ENOMEM, "safetensors: no memory to sort %zu tensors", n);
    phi_order_rows(order, n, items, compare_offsets);
    for (size_t i = 1; i < n; i++) {
        const phi_tensor_info *a = &items[order[i - 1]].info;
        const phi_tensor_info *b = &items[order[i]].info;
        if (a->bytes > b->offset - a->offset && b->bytes > 0)
            return phi_fail(err, PHI_ECORRUPT,
                            "safetensors: tensors '%.*s' and '%.*s' overlap at byte %" PRIu64 ", expected them apart",
                            a->name.len > 100 ? 100 : (int)a->name.len, a->name.ptr,
                            b->name.len > 100 ? 100 : (int)b->name.len, b->name.ptr, b->offset);
    }
    return PHI_OK;
}

phi_status phi_safetensors_open(phi_sources *out, phi_arena *arena, phi_bytes header, uint32_t file_idx,
                                uint64_t file_bytes, uint64_t *wanted_bytes, phi_error *err)
{
    phi_cursor c = phi_cursor_open(header);
    const uint64_t n = phi_cursor_u64(&c);
    if (c.is_failed && header.len < file_bytes) {
        *wanted_bytes = file_bytes < FIRST_BYTES ? file_bytes : FIRST_BYTES;
        return PHI_NEED_DATA;
    }
    if (c.is_failed || n > PHI_LIMIT_HEADER_BYTES || n > file_bytes - 8)
        return phi_fail(err, PHI_ECORRUPT,
                        "safetensors: a header of %" PRIu64 " bytes in a file of %" PRIu64
                        ", expected at most %d; is this a "
                        "safetensors file?",
                        n, file_bytes, PHI_LIMIT_HEADER_BYTES);
    if (n > header.len - 8) {
        *wanted_bytes = n + 8;
        return PHI_NEED_DATA;
    }
    const size_t first = out->n;
    const extent data = {n + 8, file_bytes - n - 8, file_idx};
    phi_json_walk w = phi_walk_open(arena, "safetensors header", phi_cursor_take(&c, n), err);
    PHI_TRY(read_entries(out, &w, &data));
    return check_apart(out, first, arena, err);
}

/* ------------------------------------------------------------------ the index */

/* A plain name of a file beside the index: it becomes part of a path or an address. */
static bool is_plain_name(phi_str name)
{
    if (name.len == 0 || name.len > PHI_LIMIT_NAME_BYTES || name.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                             c == '_' || c == '.';
        if (!is_good)
            return false;
    }
    return true;
}

/* The number of the file of this name, which is listed if it is new. */
static phi_status number_file(uint32_t *out, phi_import *i, phi_str name)
{
    if (!is_plain_name(name))
        return phi_fail(&i->error, PHI_ECORRUPT,
                        "model.safetensors.index.json: '%.*s' is not the plain name of a file (letters, digits, - _ .)",
                        phi_str_print_len(name), name.ptr);
    for (uint32_t f = 0; f < i->n_files; f++) {
        *out = f;
        if (phi_str_equal(i->file_names[f], name))
            return PHI_OK;
    }
    if (i->n_files == PHI_LIMIT_SPLITS)
        return phi_fail(&i->error, PHI_ECORRUPT, "model.safetensors.index.json: more than %d files", PHI_LIMIT_SPLITS);
    char *copy = phi_arena_array(&i->arena, char, name.len + 1);
    if (!copy)
        return phi_fail(&i->error, PHI_ENOMEM, "model.safetensors.index.json: no memory for a name");
    memcpy(copy, name.ptr, name.len);
    copy[name.len] = 0;
    *out = i->n_files;
    i->file_names[i->n_files++] = (phi_str){copy, name.len};
    return PHI_OK;
}

static phi_status read_weight_map(phi_json_walk *w, void *field)
{
    phi_import *i = *(phi_import **)field;
    bool has_more;
    phi_str file;
    PHI_TRY(phi_walk_enter(w, '{'));
    for (;;) {
        phi_source source = {.type = {NULL, 0}};
        PHI_TRY(phi_walk_member(w, &source.info.name, &has_more));
        if (!has_more)
            return PHI_OK;
        PHI_TRY(phi_walk_text(w, &file));
        PHI_TRY(number_file(&source.info.file_idx, i, file));
        PHI_TRY(phi_sources_add(&i->promised, &source, &i->arena, &i->error));
    }
}

static int compare_texts(const void *rows, uint32_t a, uint32_t b)
{
    const phi_str *names = rows;
    return phi_order_text(names[a], names[b]);
}

/* Shards in the order of their names: that of their numbers. */
static phi_status sort_files(phi_import *i)
{
    uint32_t *order = phi_arena_array(&i->arena, uint32_t, i->n_files);
    uint32_t *place = phi_arena_array(&i->arena, uint32_t, i->n_files);
    phi_str *names = phi_arena_array(&i->arena, phi_str, i->n_files);
    if (!order || !place || !names)
        return phi_fail(&i->error, PHI_ENOMEM, "model.safetensors.index.json: no memory for %u files", i->n_files);
    phi_order_rows(order, i->n_files, i->file_names, compare_texts);
    for (uint32_t f = 0; f < i->n_files; f++) {
        names[f] = i->file_names[order[f]];
        place[order[f]] = f;
    }
    i->file_names = names;
    for (size_t t = 0; t < i->promised.n; t++)
        i->promised.items[t].info.file_idx = place[i->promised.items[t].info.file_idx];
    return PHI_OK;
}

phi_status phi_safetensors_read_index(phi_import *i, phi_bytes text)
{
    phi_import *self = i;
    static const phi_field fields[] = {{"weight_map", PHI_FIELD_OTHER, 0, read_weight_map}};
    phi_json_walk w = phi_walk_open(&i->arena, "model.safetensors.index.json", text, &i->error);
    i->n_files = 0;
    i->file_names = phi_arena_array(&i->arena, phi_str, PHI_LIMIT_SPLITS);
    if (!i->file_names)
        return phi_fail(&i->error, PHI_ENOMEM, "model.safetensors.index.json: no memory for names");
    PHI_TRY(phi_walk_fields(&w, fields, 1, &self));
    PHI_TRY(phi_walk_end(&w));
    if (i->n_files == 0)
        return phi_fail(&i->error, PHI_ECORRUPT, "model.safetensors.index.json: no weight_map that names a file");
    return sort_files(i);
}
