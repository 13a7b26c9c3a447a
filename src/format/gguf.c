#include "gguf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "checked.h"
#include "limits.h"
#include "order.h"
#include "write_text.h"

enum {
    HEADER_BYTES = 24,
    META_BYTES_MIN = 8 + 1 + 4 + 1,           /* key length and a byte, type, one-byte value */
    TENSOR_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8, /* name length and a byte, n_dims, one dim, type, offset */
    ALIGNMENT_DEFAULT = 32,
    ALIGNMENT_MAX = 65536
};

typedef struct reader {
    phi_cursor c;
    uint64_t file_bytes; /* UINT64_MAX: unknown */
    uint64_t *wanted_bytes;
    phi_error *err;
    const char *what; /* the record being read, for messages: "metadata" or "tensor", */
    uint64_t row;     /* its number, */
    phi_str name;     /* and its name, empty while it is not known */
} reader;

static phi_status fail_at(const reader *r, phi_status status, uint64_t offset, const char *fmt, ...) PHI_PRINTF(4, 5);

/* "gguf: tensor 3 'blk.0.attn_qkv.weight' at byte 1234: …" */
static phi_status fail_at(const reader *r, phi_status status, uint64_t offset, const char *fmt, ...)
{
    char detail[PHI_ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    (void)phi_write_text_args(detail, sizeof detail, fmt, args);
    va_end(args);
    if (r->name.len == 0)
        return phi_fail(r->err, status, "gguf: %s %" PRIu64 " at byte %" PRIu64 ": %s", r->what, r->row, offset,
                        detail);
    return phi_fail(r->err, status, "gguf: %s %" PRIu64 " '%.*s' at byte %" PRIu64 ": %s", r->what, r->row,
                    phi_str_print_len(r->name), r->name.ptr, offset, detail);
}

/* PHI_OK when the next n bytes are in memory. */
static phi_status need(const reader *r, uint64_t n)
{
    const size_t have = r->c.bytes.len;
    uint64_t end;
    if (n <= phi_cursor_left(&r->c))
        return PHI_OK;
    if (!phi_add_u64(&end, r->c.pos, n) || end > r->file_bytes)
        return fail_at(r, PHI_ECORRUPT, r->c.pos, "takes %" PRIu64 " more bytes, but the file ends at byte %" PRIu64, n,
                       r->file_bytes);
    if (end > PHI_LIMIT_HEADER_BYTES)
        return fail_at(r, PHI_ECORRUPT, r->c.pos,
                       "takes %" PRIu64 " more bytes; what comes before the tensor data may "
                       "have %d bytes in all",
                       n, PHI_LIMIT_HEADER_BYTES);
    const uint64_t doubled = 2 * (uint64_t)have;
    const uint64_t most = r->file_bytes < PHI_LIMIT_HEADER_BYTES ? r->file_bytes : PHI_LIMIT_HEADER_BYTES;
    const uint64_t grown = doubled < most ? doubled : most;
    *r->wanted_bytes = end > grown ? end : grown;
    return PHI_NEED_DATA;
}

static phi_status read_text(phi_str *out, reader *r, uint64_t bytes_max)
{
    PHI_TRY(need(r, 8));
    const size_t at = r->c.pos;
    const uint64_t n = phi_cursor_u64(&r->c);
    if (n > bytes_max)
        return fail_at(r, PHI_ECORRUPT, at, "string length %" PRIu64 ", expected at most %" PRIu64, n, bytes_max);
    PHI_TRY(need(r, n));
    const phi_bytes text = phi_cursor_take(&r->c, n);
    *out = (phi_str){(const char *)text.ptr, text.len};
    return PHI_OK;
}

/* A key or a tensor's name: it goes into messages and look-ups, so it has no control characters. */
static phi_status read_name(phi_str *out, reader *r)
{
    const size_t at = r->c.pos;
    PHI_TRY(read_text(out, r, PHI_LIMIT_NAME_BYTES));
    if (out->len == 0)
        return fail_at(r, PHI_ECORRUPT, at, "name is empty, expected 1 to %d bytes", PHI_LIMIT_NAME_BYTES);
    for (size_t i = 0; i < out->len; i++) {
        const uint8_t byte = (uint8_t)out->ptr[i];
        if (byte < 0x20 || byte == 0x7f)
            return fail_at(r, PHI_ECORRUPT, at, "name has the control character 0x%02x at position %zu, expected text",
                           byte, i);
    }
    r->name = *out;
    return PHI_OK;
}

/* Bytes of a value of this type, the least for a string; 0 for anything that cannot be a value. */
static uint32_t value_bytes(uint32_t type)
{
    static const uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8}; /* in the order of phi_meta_type */
    return type < sizeof bytes ? bytes[type] : 0;
}

static phi_status read_array(phi_meta *meta, reader *r)
{
    const size_t at = r->c.pos;
    PHI_TRY(need(r, 12));
    const uint32_t type = phi_cursor_u32(&r->c);
    const uint64_t n = phi_cursor_u64(&r->c);
    if (type == PHI_META_ARRAY)
        return fail_at(r, PHI_EUNSUPPORTED, at, "array of arrays, expected an array of plain values");
    if (value_bytes(type) == 0)
        return fail_at(r, PHI_ECORRUPT, at, "array of type %u, expected 0 to 8 or 10 to 12", type);
    if (n > PHI_LIMIT_ARRAY_ITEMS)
        return fail_at(r, PHI_ECORRUPT, at, "array of %" PRIu64 " items, expected at most %d", n,
                       PHI_LIMIT_ARRAY_ITEMS);
    meta->item_type = (phi_meta_type)type;
    meta->n_items = n;
    PHI_TRY(need(r, n * value_bytes(type)));
    const size_t start = r->c.pos;
    if (type == PHI_META_STRING) {
        phi_str skipped;
        for (uint64_t i = 0; i < n; i++)
            PHI_TRY(read_text(&skipped, r, PHI_LIMIT_STRING_BYTES));
    } else {
        phi_cursor_skip(&r->c, n * value_bytes(type));
    }
    meta->payload = (phi_bytes){r->c.bytes.ptr + start, r->c.pos - start};
    return PHI_OK;
}

static phi_status read_meta(phi_meta *meta, reader *r)
{
    *meta = (phi_meta){.n_items = 1};
    r->name = PHI_STR("");
    PHI_TRY(read_name(&meta->key, r));
    PHI_TRY(need(r, 4));
    const size_t at = r->c.pos;
    const uint32_t type = phi_cursor_u32(&r->c);
    if (type != PHI_META_ARRAY && value_bytes(type) == 0)
        return fail_at(r, PHI_ECORRUPT, at, "value of type %u, expected 0 to 12", type);
    meta->type = (phi_meta_type)type;
    meta->item_type = meta->type;
    if (type == PHI_META_ARRAY)
        return read_array(meta, r);
    if (type == PHI_META_STRING) {
        phi_str text = {NULL, 0};
        PHI_TRY(read_text(&text, r, PHI_LIMIT_STRING_BYTES));
        meta->payload = (phi_bytes){(const uint8_t *)text.ptr, text.len};
        return PHI_OK;
    }
    PHI_TRY(need(r, value_bytes(type)));
    meta->payload = phi_cursor_take(&r->c, value_bytes(type));
    return PHI_OK;
}

static phi_status refuse_dtype(const reader *r, size_t at, uint32_t gguf_id)
{
    const char *name = phi_dtype_gguf_name(gguf_id);
    char known[128] = "";
    size_t n = 0;
    for (int i = 0; i < PHI_N_DTYPES && n < sizeof known; i++)
        n += (size_t)phi_write_text(known + n, sizeof known - n, "%s%s", i > 0 ? ", " : "",
                                    phi_dtype_get((phi_dtype)i)->name);
    if (name)
        return fail_at(r, PHI_EUNSUPPORTED, at, "has type %s, this build loads %s", name, known);
    return fail_at(r, PHI_EUNSUPPORTED, at, "has the unknown type %u, this build loads %s", gguf_id, known);
}

/* Elements and bytes of the dims that are read. */
static phi_status measure_tensor(phi_tensor_info *tensor, const reader *r, size_t at)
{
    const phi_dtype_info *dtype = phi_dtype_get(tensor->dtype);
    uint64_t n_elements = 1;
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        if (tensor->dims[i] == 0)
            return fail_at(r, PHI_ECORRUPT, at, "dims[%u] is 0, expected at least 1", i);
        if (!phi_mul_u64(&n_elements, n_elements, tensor->dims[i]))
            return fail_at(r, PHI_ECORRUPT, at,
                           "%" PRIu64 " x %" PRIu64 " x %" PRIu64 " x %" PRIu64 " elements, expected fewer than 2^64",
                           tensor->dims[0], tensor->dims[1], tensor->dims[2], tensor->dims[3]);
    }
    if (tensor->dims[0] % dtype->block_elements != 0)
        return fail_at(r, PHI_ECORRUPT, at, "dims[0] is %" PRIu64 ", expected a multiple of %u, the block of %s",
                       tensor->dims[0], dtype->block_elements, dtype->name);
    if (!phi_mul_u64(&tensor->bytes, n_elements / dtype->block_elements, dtype->block_bytes))
        return fail_at(r, PHI_ECORRUPT, at, "%" PRIu64 " elements of %s, expected fewer than 2^64 bytes", n_elements,
                       dtype->name);
    return PHI_OK;
}

/* `offset` stays relative to the tensor data, whose start is known once the last entry is read. */
static phi_status read_tensor(phi_tensor_info *tensor, reader *r)
{
    *tensor = (phi_tensor_info){.dims = {1, 1, 1, 1}};
    r->name = PHI_STR("");
    PHI_TRY(read_name(&tensor->name, r));
    const size_t at = r->c.pos;
    PHI_TRY(need(r, 4));
    tensor->n_dims = phi_cursor_u32(&r->c);
    if (tensor->n_dims < 1 || tensor->n_dims > PHI_TENSOR_DIMS)
        return fail_at(r, PHI_ECORRUPT, at, "%u dims, expected 1 to %d", tensor->n_dims, PHI_TENSOR_DIMS);
    PHI_TRY(need(r, tensor->n_dims * 8 + 12));
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        tensor->dims[i] = phi_cursor_u64(&r->c);
    const size_t type_at = r->c.pos;
    const uint32_t gguf_id = phi_cursor_u32(&r->c);
    tensor->offset = phi_cursor_u64(&r->c);
    tensor->dtype = phi_dtype_of_gguf(gguf_id);
    if (tensor->dtype == PHI_N_DTYPES)
        return refuse_dtype(r, type_at, gguf_id);
    return measure_tensor(tensor, r, at);
}

static int compare_offsets(const void *rows, uint32_t a, uint32_t b)
{
    const phi_tensor_info *tensors = rows;
    return (tensors[a].offset > tensors[b].offset) - (tensors[a].offset < tensors[b].offset);
}

/* Two names share a message. */
static int short_len(phi_str name)
{
    return name.len > 100 ? 100 : (int)name.len;
}

static phi_status check_overlaps(const phi_directory *dir, phi_arena *arena, phi_error *err)
{
    const phi_arena_mark mark = phi_arena_get_mark(arena);
    phi_status status = PHI_OK;
    uint32_t *order = phi_arena_array(arena, uint32_t, dir->n_tensors);
    if (!order)
        return phi_fail(err, PHI_ENOMEM, "gguf: no memory to sort %zu tensors", dir->n_tensors);
    phi_order_rows(order, dir->n_tensors, dir->tensors, compare_offsets);
    for (size_t i = 1; i < dir->n_tensors && status == PHI_OK; i++) {
        const phi_tensor_info *a = &dir->tensors[order[i - 1]];
        const phi_tensor_info *b = &dir->tensors[order[i]];
        if (a->bytes > b->offset - a->offset)
            status = phi_fail(err, PHI_ECORRUPT,
                              "gguf: tensors '%.*s' (bytes %" PRIu64 " to %" PRIu64 ") and '%.*s' (from "
                              "byte %" PRIu64 ") overlap, expected them apart",
                              short_len(a->name), a->name.ptr, a->offset, a->offset + a->bytes, short_len(b->name),
                              b->name.ptr, b->offset);
    }
    phi_arena_rewind(arena, mark);
    return status;
}

/* Turns relative offsets into positions in the file. */
static phi_status place_tensors(phi_directory *dir, reader *r, uint32_t alignment)
{
    const uint64_t data_start = phi_round_up(r->c.pos, alignment);
    for (size_t i = 0; i < dir->n_tensors; i++) {
        phi_tensor_info *tensor = &dir->tensors[i];
        uint64_t end;
        r->row = i;
        r->name = tensor->name;
        const uint64_t offset = tensor->offset;
        if (offset % alignment != 0)
            return fail_at(r, PHI_ECORRUPT, data_start,
                           "offset %" PRIu64 " of the tensor data, expected a multiple of the "
                           "alignment, %u",
                           offset, alignment);
        if (!phi_add_u64(&tensor->offset, offset, data_start) || !phi_add_u64(&end, tensor->offset, tensor->bytes) ||
            end > r->file_bytes)
            return fail_at(r, PHI_ECORRUPT, data_start,
                           "%" PRIu64 " bytes at offset %" PRIu64 " of the tensor data, but the "
                           "file ends at byte %" PRIu64,
                           tensor->bytes, offset, r->file_bytes);
        tensor->file_idx = dir->file_idx;
    }
    return PHI_OK;
}

static phi_status read_alignment(uint32_t *out, const phi_directory *dir, phi_error *err)
{
    *out = ALIGNMENT_DEFAULT;
    PHI_TRY(phi_meta_read_u32(out, dir, PHI_STR("general.alignment"), err));
    if (*out == 0 || (*out & (*out - 1)) != 0 || *out > ALIGNMENT_MAX)
        return phi_fail(err, PHI_ECORRUPT,
                        "gguf: metadata 'general.alignment' is %u, expected a power of two, at most %d", *out,
                        ALIGNMENT_MAX);
    return PHI_OK;
}

/* The keys of a split model. llama.cpp leaves a count of 0 in a file that it merged from splits. */
static phi_status read_split(phi_directory *dir, phi_arena *arena, uint64_t file_bytes, phi_error *err)
{
    uint32_t number = 0;
    uint32_t count = 0;
    uint32_t n_announced = UINT32_MAX;
    PHI_TRY(phi_meta_read_u32(&count, dir, PHI_STR("split.count"), err));
    if (count > PHI_LIMIT_SPLITS)
        return phi_fail(err, PHI_ECORRUPT, "gguf: metadata 'split.count' is %u, expected at most %d", count,
                        PHI_LIMIT_SPLITS);
    if (count > 1) {
        PHI_TRY(phi_meta_read_u32(&number, dir, PHI_STR("split.no"), err));
        PHI_TRY(phi_meta_read_u32(&n_announced, dir, PHI_STR("split.tensors.count"), err));
    }
    dir->n_files = count > 1 ? count : 1;
    dir->file_idx = number;
    dir->n_announced = n_announced == UINT32_MAX ? UINT64_MAX : n_announced;
    if (number >= dir->n_files)
        return phi_fail(err, PHI_ECORRUPT, "gguf: metadata 'split.no' is %u, expected less than 'split.count', %u",
                        number, count);
    if (dir->n_announced < dir->n_tensors)
        return phi_fail(err, PHI_ECORRUPT,
                        "gguf: metadata 'split.tensors.count' is %u, expected at least %zu, the tensors "
                        "of this file alone",
                        n_announced, dir->n_tensors);
    dir->file_bytes = phi_arena_array(arena, uint64_t, dir->n_files);
    dir->has_file = phi_arena_zeroed(arena, bool, dir->n_files);
    if (!dir->file_bytes || !dir->has_file)
        return phi_fail(err, PHI_ENOMEM, "gguf: no memory for a split of %u files", dir->n_files);
    for (uint32_t i = 0; i < dir->n_files; i++)
        dir->file_bytes[i] = UINT64_MAX;
    dir->file_bytes[number] = file_bytes;
    dir->has_file[number] = true;
    return PHI_OK;
}

static phi_status check_version(uint32_t version, phi_error *err)
{
    if (version == 2 || version == 3)
        return PHI_OK;
    if (version == 1)
        return phi_fail(err, PHI_EUNSUPPORTED, "gguf: version 1 at byte 4, expected 3 or 2; convert the model again");
    if (version != 0 && (version & 0xffffffu) == 0)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "gguf: version %u in big-endian order at byte 4, expected a little-endian "
                        "file; convert the model for little endian",
                        version >> 24);
    return phi_fail(err, PHI_EUNSUPPORTED, "gguf: version %u at byte 4, expected 3 or 2", version);
}

/* Magic, version and counts, held against the limits and the file before anything is reserved. */
static phi_status read_header(phi_directory *dir, reader *r)
{
    PHI_TRY(need(r, 8));
    if (phi_cursor_u32(&r->c) != 0x46554747u) /* "GGUF" */
        return fail_at(r, PHI_ECORRUPT, 0, "expected the magic bytes \"GGUF\"");
    PHI_TRY(check_version(phi_cursor_u32(&r->c), r->err));
    PHI_TRY(need(r, HEADER_BYTES - 8));
    const uint64_t n_tensors = phi_cursor_u64(&r->c);
    const uint64_t n_metas = phi_cursor_u64(&r->c);
    if (n_tensors > PHI_LIMIT_TENSORS)
        return phi_fail(r->err, PHI_ECORRUPT, "gguf: %" PRIu64 " tensors at byte 8, expected at most %d", n_tensors,
                        PHI_LIMIT_TENSORS);
    if (n_metas > PHI_LIMIT_KVS)
        return phi_fail(r->err, PHI_ECORRUPT, "gguf: %" PRIu64 " metadata entries at byte 16, expected at most %d",
                        n_metas, PHI_LIMIT_KVS);
    const uint64_t bytes_min = n_metas * META_BYTES_MIN + n_tensors * TENSOR_BYTES_MIN;
    if (bytes_min > r->file_bytes - HEADER_BYTES)
        return phi_fail(r->err, PHI_ECORRUPT,
                        "gguf: %" PRIu64 " metadata entries and %" PRIu64 " tensors at byte 8 take at "
                        "least %" PRIu64 " bytes, but the file has %" PRIu64 " more",
                        n_metas, n_tensors, bytes_min, r->file_bytes - HEADER_BYTES);
    dir->n_tensors = (size_t)n_tensors;
    dir->n_metas = (size_t)n_metas;
    return PHI_OK;
}

phi_status phi_gguf_open(phi_directory *out, uint64_t *wanted_bytes, phi_arena *arena, phi_bytes header,
                         uint64_t file_bytes, phi_error *err)
{
    reader r = {phi_cursor_open(header), file_bytes, wanted_bytes, err, "header", 0, PHI_STR("")};
    phi_directory dir = {.format = "gguf"};
    uint32_t alignment;
    PHI_TRY(read_header(&dir, &r));
    dir.metas = phi_arena_array(arena, phi_meta, dir.n_metas);
    dir.tensors = phi_arena_array(arena, phi_tensor_info, dir.n_tensors);
    if (!dir.metas || !dir.tensors)
        return phi_fail(err, PHI_ENOMEM, "gguf: no memory for %zu metadata entries and %zu tensors", dir.n_metas,
                        dir.n_tensors);
    r.what = "metadata";
    for (r.row = 0; r.row < dir.n_metas; r.row++)
        PHI_TRY(read_meta(&dir.metas[r.row], &r));
    r.what = "tensor";
    for (r.row = 0; r.row < dir.n_tensors; r.row++)
        PHI_TRY(read_tensor(&dir.tensors[r.row], &r));
    PHI_TRY(phi_directory_index(&dir, arena, err));
    PHI_TRY(read_alignment(&alignment, &dir, err));
    PHI_TRY(read_split(&dir, arena, file_bytes, err));
    PHI_TRY(place_tensors(&dir, &r, alignment));
    PHI_TRY(check_overlaps(&dir, arena, err));
    *out = dir;
    return PHI_OK;
}
