/* Typed reads of metadata. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "checked.h"
#include "format.h"

/* An entry being read, and who wants to know what is wrong with it. */
typedef struct entry {
    const phi_directory *dir;
    const phi_meta *meta; /* NULL when absent */
    phi_cursor c;         /* over the payload */
    phi_error *err;
} entry;

static const char *type_name(phi_meta_type type)
{
    static const char *const names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
    return (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

static bool is_integer_type(phi_meta_type type)
{
    return type <= PHI_META_I32 || type == PHI_META_U64 || type == PHI_META_I64;
}

static bool is_float_type(phi_meta_type type)
{
    return type == PHI_META_F32 || type == PHI_META_F64;
}

static bool is_bool_type(phi_meta_type type)
{
    return type == PHI_META_BOOL;
}

static bool is_string_type(phi_meta_type type)
{
    return type == PHI_META_STRING;
}

static phi_status refuse_type(const entry *e, const char *expected)
{
    const phi_meta *meta = e->meta;
    const bool is_array = meta->type == PHI_META_ARRAY;
    return phi_fail(e->err, PHI_ECORRUPT, "%s: metadata '%.*s' is of type %s%s, expected %s", e->dir->format,
                    phi_str_print_len(meta->key), meta->key.ptr, is_array ? "array of " : "",
                    type_name(is_array ? meta->item_type : meta->type), expected);
}

static phi_status open_value(entry *e, const phi_directory *dir, phi_str key, bool (*is_wanted)(phi_meta_type),
                             const char *expected, phi_error *err)
{
    *e = (entry){dir, phi_directory_meta(dir, key), {{NULL, 0}, 0, false}, err};
    if (!e->meta)
        return PHI_OK;
    if (!is_wanted(e->meta->type))
        return refuse_type(e, expected);
    e->c = phi_cursor_open(e->meta->payload);
    return PHI_OK;
}

static phi_status open_array(entry *e, const phi_directory *dir, phi_str key, bool (*is_wanted)(phi_meta_type),
                             const char *expected, phi_error *err)
{
    *e = (entry){dir, phi_directory_meta(dir, key), {{NULL, 0}, 0, false}, err};
    if (!e->meta)
        return PHI_OK;
    if (e->meta->type != PHI_META_ARRAY || !is_wanted(e->meta->item_type))
        return refuse_type(e, expected);
    e->c = phi_cursor_open(e->meta->payload);
    return PHI_OK;
}

static void *deal_items(const entry *e, size_t item_bytes, phi_arena *arena)
{
    size_t n;
    void *items = phi_to_size(&n, e->meta->n_items) ? phi_arena_alloc(arena, n, item_bytes) : NULL;
    if (!items)
        (void)phi_fail(e->err, PHI_ENOMEM, "%s: no memory for the %" PRIu64 " items of metadata '%.*s'", e->dir->format,
                       e->meta->n_items, phi_str_print_len(e->meta->key), e->meta->key.ptr);
    return items;
}

/* The next integer, of any width and sign, if it lies within [low, high]. */
static phi_status take_integer(int64_t *out, entry *e, phi_meta_type type, int64_t low, int64_t high)
{
    int64_t value = 0;
    bool is_too_great = false;
    switch (type) {
    case PHI_META_U8:
        value = phi_cursor_u8(&e->c);
        break;
    case PHI_META_I8:
        value = (int8_t)phi_cursor_u8(&e->c);
        break;
    case PHI_META_U16:
        value = phi_cursor_u16(&e->c);
        break;
    case PHI_META_I16:
        value = (int16_t)phi_cursor_u16(&e->c);
        break;
    case PHI_META_U32:
        value = phi_cursor_u32(&e->c);
        break;
    case PHI_META_I32:
        value = (int32_t)phi_cursor_u32(&e->c);
        break;
    default: /* 64 bits */
        value = (int64_t)phi_cursor_u64(&e->c);
        is_too_great = type == PHI_META_U64 && value < 0;
    }
    *out = value;
    if (!is_too_great && value >= low && value <= high)
        return PHI_OK;
    return phi_fail(e->err, PHI_ECORRUPT, "%s: metadata '%.*s' holds %s%" PRIu64 ", expected %" PRId64 " to %" PRId64,
                    e->dir->format, phi_str_print_len(e->meta->key), e->meta->key.ptr,
                    value < 0 && !is_too_great ? "-" : "",
                    value < 0 && !is_too_great ? 0 - (uint64_t)value : (uint64_t)value, low, high);
}

/* The next float, of either width, if a finite 32-bit float can stand for it. */
static phi_status take_float(float *out, entry *e, phi_meta_type type)
{
    double wide = 0;
    if (type == PHI_META_F32) {
        const uint32_t bits = phi_cursor_u32(&e->c);
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        wide = (double)narrow;
    } else {
        const uint64_t bits = phi_cursor_u64(&e->c);
        memcpy(&wide, &bits, sizeof wide);
    }
    if (isfinite(wide) && isfinite((float)wide)) {
        *out = (float)wide;
        return PHI_OK;
    }
    return phi_fail(e->err, PHI_ECORRUPT, "%s: metadata '%.*s' holds %g, expected a finite 32-bit float",
                    e->dir->format, phi_str_print_len(e->meta->key), e->meta->key.ptr, wide);
}

phi_status phi_meta_require(const phi_directory *dir, phi_str key, phi_error *err)
{
    if (phi_directory_meta(dir, key))
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT, "%s: metadata '%.*s' is missing, expected it to be present", dir->format,
                    phi_str_print_len(key), key.ptr);
}

phi_status phi_meta_read_u32(uint32_t *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    entry e;
    int64_t value;
    PHI_TRY(open_value(&e, dir, key, is_integer_type, "an integer", err));
    if (!e.meta)
        return PHI_OK;
    PHI_TRY(take_integer(&value, &e, e.meta->type, 0, UINT32_MAX));
    *out = (uint32_t)value;
    return PHI_OK;
}

phi_status phi_meta_read_i32(int32_t *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    entry e;
    int64_t value;
    PHI_TRY(open_value(&e, dir, key, is_integer_type, "an integer", err));
    if (!e.meta)
        return PHI_OK;
    PHI_TRY(take_integer(&value, &e, e.meta->type, INT32_MIN, INT32_MAX));
    *out = (int32_t)value;
    return PHI_OK;
}

phi_status phi_meta_read_f32(float *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    entry e;
    PHI_TRY(open_value(&e, dir, key, is_float_type, "a float", err));
    return e.meta ? take_float(out, &e, e.meta->type) : PHI_OK;
}

phi_status phi_meta_read_bool(bool *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    entry e;
    PHI_TRY(open_value(&e, dir, key, is_bool_type, "bool", err));
    if (!e.meta)
        return PHI_OK;
    const uint8_t value = phi_cursor_u8(&e.c);
    if (value > 1)
        return phi_fail(err, PHI_ECORRUPT, "%s: metadata '%.*s' holds %u, expected a bool, 0 or 1", dir->format,
                        phi_str_print_len(key), key.ptr, value);
    *out = value == 1;
    return PHI_OK;
}

phi_status phi_meta_read_str(phi_str *out, const phi_directory *dir, phi_str key, phi_error *err)
{
    entry e;
    PHI_TRY(open_value(&e, dir, key, is_string_type, "string", err));
    if (e.meta)
        *out = (phi_str){(const char *)e.meta->payload.ptr, e.meta->payload.len};
    return PHI_OK;
}

phi_status phi_meta_read_str_array(phi_str **out, size_t *n_out, const phi_directory *dir, phi_str key,
                                   phi_arena *arena, phi_error *err)
{
    entry e;
    *out = NULL;
    *n_out = 0;
    PHI_TRY(open_array(&e, dir, key, is_string_type, "array of string", err));
    if (!e.meta)
        return PHI_OK;
    phi_str *items = deal_items(&e, sizeof *items, arena);
    if (!items)
        return PHI_ENOMEM;
    for (size_t i = 0; i < e.meta->n_items; i++) {
        const phi_bytes text = phi_cursor_take(&e.c, phi_cursor_u64(&e.c));
        items[i] = (phi_str){(const char *)text.ptr, text.len};
    }
    *out = items;
    *n_out = (size_t)e.meta->n_items;
    return PHI_OK;
}

phi_status phi_meta_read_f32_array(float **out, size_t *n_out, const phi_directory *dir, phi_str key, phi_arena *arena,
                                   phi_error *err)
{
    entry e;
    *out = NULL;
    *n_out = 0;
    PHI_TRY(open_array(&e, dir, key, is_float_type, "array of floats", err));
    if (!e.meta)
        return PHI_OK;
    float *items = deal_items(&e, sizeof *items, arena);
    if (!items)
        return PHI_ENOMEM;
    for (size_t i = 0; i < e.meta->n_items; i++)
        PHI_TRY(take_float(&items[i], &e, e.meta->item_type));
    *out = items;
    *n_out = (size_t)e.meta->n_items;
    return PHI_OK;
}

phi_status phi_meta_read_i32_array(int32_t **out, size_t *n_out, const phi_directory *dir, phi_str key,
                                   phi_arena *arena, phi_error *err)
{
    entry e;
    *out = NULL;
    *n_out = 0;
    PHI_TRY(open_array(&e, dir, key, is_integer_type, "array of integers", err));
    if (!e.meta)
        return PHI_OK;
    int32_t *items = deal_items(&e, sizeof *items, arena);
    if (!items)
        return PHI_ENOMEM;
    for (size_t i = 0; i < e.meta->n_items; i++) {
        int64_t value;
        PHI_TRY(take_integer(&value, &e, e.meta->item_type, INT32_MIN, INT32_MAX));
        items[i] = (int32_t)value;
    }
    *out = items;
    *n_out = (size_t)e.meta->n_items;
    return PHI_OK;
}
