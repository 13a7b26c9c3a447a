/* What all containers share: telling them apart, and finding rows by name. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "gguf.h"
#include "order.h"
#include "write_text.h"

/* The first request: the header of a model with a vocabulary of 32 thousand fits. */
enum { FIRST_BYTES = 1 << 20 };

typedef phi_status open_function(phi_directory *out, uint64_t *wanted_bytes, phi_arena *arena, phi_bytes header,
                                 uint64_t file_bytes, phi_error *err);

static const struct {
    const char *name;
    const char *magic;
    open_function *open;
} formats[] = {
#define PHI_FORMAT(name, magic, open) {#name, magic, open},
#include "formats.def"
#undef PHI_FORMAT
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

/* What arrives instead of a model when something else went wrong. */
static const struct {
    const char *begin;
    const char *meaning;
} strangers[] = {
    {"<!", "an HTML page; the address may need a login or be wrong"},
    {"<h", "an HTML page; the address may need a login or be wrong"},
    {"{\"", "a JSON answer; the address may be wrong"},
    {"version https://git-lfs", "a Git LFS pointer; fetch the file that it stands for"},
    {"PK\3\4", "a ZIP archive, as PyTorch checkpoints are"},
    {"ggjt", "the retired format before GGUF; convert it"},
    {"tjgg", "the retired format before GGUF; convert it"},
};

static bool begins_with(phi_bytes bytes, const char *begin)
{
    const phi_str text = {(const char *)bytes.ptr, bytes.len};
    return phi_str_has_prefix(text, phi_str_of(begin));
}

static phi_status refuse_stranger(phi_bytes header, phi_error *err)
{
    const char *meaning = "an unknown format";
    char begin[32] = ""; /* "47 47 55 46 " */
    char known[128] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (begins_with(header, strangers[i].begin))
            meaning = strangers[i].meaning;
    for (size_t i = 0; i < 8 && i < header.len; i++)
        (void)phi_write_text(begin + 3 * i, sizeof begin - 3 * i, "%02x ", header.ptr[i]);
    for (size_t i = 0; i < N_FORMATS && n < sizeof known; i++)
        n += (size_t)phi_write_text(known + n, sizeof known - n, "%s%s", i > 0 ? ", " : "", formats[i].name);
    return phi_fail(err, PHI_EUNSUPPORTED, "file: begins with bytes %s(%s), expected one of: %s", begin, meaning,
                    known);
}

phi_status phi_directory_open(phi_directory *out, uint64_t *wanted_bytes, phi_arena *arena, phi_bytes header,
                              uint64_t file_bytes, phi_error *err)
{
    if (header.len > file_bytes)
        return phi_fail(err, PHI_EINVAL, "file: %zu bytes were given of a file of %" PRIu64, header.len, file_bytes);
    bool may_match = false;
    for (size_t i = 0; i < N_FORMATS; i++) {
        const phi_str magic = phi_str_of(formats[i].magic);
        const size_t n = magic.len < header.len ? magic.len : header.len;
        if (n > 0 && memcmp(header.ptr, magic.ptr, n) != 0)
            continue;
        if (n < magic.len) {
            may_match = true;
            continue;
        }
        const phi_arena_mark mark = phi_arena_get_mark(arena);
        phi_directory dir = {0};
        const phi_status status = formats[i].open(&dir, wanted_bytes, arena, header, file_bytes, err);
        if (status == PHI_OK)
            *out = dir;
        else
            phi_arena_rewind(arena, mark);
        return status;
    }
    if (!may_match)
        return refuse_stranger(header, err);
    if (header.len == file_bytes)
        return phi_fail(err, PHI_ECORRUPT, "file: %zu bytes are too few for any model", header.len);
    *wanted_bytes = file_bytes < FIRST_BYTES ? file_bytes : FIRST_BYTES;
    return PHI_NEED_DATA;
}

static phi_str key_of_meta(const void *rows, uint32_t row)
{
    return ((const phi_meta *)rows)[row].key;
}

static phi_str name_of_tensor(const void *rows, uint32_t row)
{
    return ((const phi_tensor_info *)rows)[row].name;
}

static int compare_metas(const void *rows, uint32_t a, uint32_t b)
{
    return phi_order_text(key_of_meta(rows, a), key_of_meta(rows, b));
}

static int compare_tensors(const void *rows, uint32_t a, uint32_t b)
{
    return phi_order_text(name_of_tensor(rows, a), name_of_tensor(rows, b));
}

phi_status phi_directory_index(phi_directory *dir, phi_arena *arena, phi_error *err)
{
    dir->meta_order = phi_arena_array(arena, uint32_t, dir->n_metas);
    dir->tensor_order = phi_arena_array(arena, uint32_t, dir->n_tensors);
    dir->tensors_cap = dir->n_tensors;
    if (!dir->meta_order || !dir->tensor_order)
        return phi_fail(err, PHI_ENOMEM, "%s: no memory to index %zu metadata entries and %zu tensors", dir->format,
                        dir->n_metas, dir->n_tensors);
    phi_order_rows(dir->meta_order, dir->n_metas, dir->metas, compare_metas);
    phi_order_rows(dir->tensor_order, dir->n_tensors, dir->tensors, compare_tensors);
    for (size_t i = 1; i < dir->n_metas; i++) {
        const uint32_t a = dir->meta_order[i - 1];
        const uint32_t b = dir->meta_order[i];
        const phi_str key = dir->metas[a].key;
        if (phi_str_equal(key, dir->metas[b].key))
            return phi_fail(err, PHI_ECORRUPT,
                            "%s: metadata key '%.*s' appears twice, as entries %u and %u; expected once", dir->format,
                            phi_str_print_len(key), key.ptr, a < b ? a : b, a < b ? b : a);
    }
    for (size_t i = 1; i < dir->n_tensors; i++) {
        const uint32_t a = dir->tensor_order[i - 1];
        const uint32_t b = dir->tensor_order[i];
        const phi_str name = dir->tensors[a].name;
        if (phi_str_equal(name, dir->tensors[b].name))
            return phi_fail(err, PHI_ECORRUPT,
                            "%s: tensor name '%.*s' appears twice, as entries %u and %u; expected once", dir->format,
                            phi_str_print_len(name), name.ptr, a < b ? a : b, a < b ? b : a);
    }
    return PHI_OK;
}

const phi_tensor_info *phi_directory_tensor(const phi_directory *dir, phi_str name)
{
    const uint32_t *row = phi_order_find(dir->tensor_order, dir->n_tensors, dir->tensors, name_of_tensor, name);
    return row ? &dir->tensors[*row] : NULL;
}

const phi_meta *phi_directory_meta(const phi_directory *dir, phi_str key)
{
    const uint32_t *row = phi_order_find(dir->meta_order, dir->n_metas, dir->metas, key_of_meta, key);
    return row ? &dir->metas[*row] : NULL;
}
