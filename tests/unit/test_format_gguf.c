#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "gguf_builder.h"
#include "limits.h"

static gguf_builder g_file;
static phi_error g_err;

/* Opens a copy of exactly n bytes, so that the sanitizer sees every read past them. The copy must
 * outlive the directory. */
static phi_status open_copy(phi_directory *out, uint64_t *wanted, uint8_t **copy, phi_arena *arena, size_t n,
                            uint64_t file_bytes)
{
    *copy = malloc(n + (n == 0));
    memcpy(*copy, g_file.bytes, n);
    return phi_directory_open(out, wanted, arena, (phi_bytes){*copy, n}, file_bytes, &g_err);
}

/* Every type of value, three tensors. */
static void put_good_file(void)
{
    gguf_builder *b = &g_file;
    put_header(b, 3, 3, 17);
    put_string(b, "general.architecture", "phi3");
    put_u32(b, "general.alignment", 64);
    put_key(b, "t.u8", PHI_META_U8), put_int(b, 200, 1);
    put_key(b, "t.i8", PHI_META_I8), put_int(b, 0xff, 1);
    put_key(b, "t.u16", PHI_META_U16), put_int(b, 60000, 2);
    put_key(b, "t.i16", PHI_META_I16), put_int(b, 0x8000, 2);
    put_i32(b, "t.i32", INT32_MIN);
    put_f32(b, "t.f32", 1.5f);
    put_key(b, "t.bool", PHI_META_BOOL), put_int(b, 1, 1);
    put_key(b, "t.u64", PHI_META_U64), put_int(b, 0x100000000u, 8);
    put_key(b, "t.i64", PHI_META_I64), put_int(b, (uint64_t)-5, 8);
    put_key(b, "t.f64", PHI_META_F64), put_int(b, 0x3fe0000000000000u, 8);
    put_array(b, "a.str", PHI_META_STRING, 3), put_text(b, "one"), put_text(b, ""), put_text(b, "three");
    put_array(b, "a.f32", PHI_META_F32, 2), put_int(b, 0x3f800000, 4), put_int(b, 0xbf800000, 4);
    put_array(b, "a.u8", PHI_META_U8, 4), put_int(b, 0x04030201, 4);
    put_array(b, "a.empty", PHI_META_I32, 0);
    put_u32(b, "t.u32", UINT32_MAX);
    put_tensor(b, "output.weight", 32, 4, 2, 64); /* Q4_0: 72 bytes */
    put_tensor(b, "a.weight", 16, 1, 0, 0);       /* F32: 64 bytes */
    put_tensor(b, "blk.0.norm", 8, 2, 1, 192);    /* F16: 32 bytes */
    put_padding(b, 64);
    put_zeros(b, 224);
}

TEST(format_gguf__reads_every_type)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    phi_arena_init(&arena, 4096);
    put_good_file();
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len), PHI_OK);
    CHECK_TEXT(dir.format, "gguf");
    CHECK_INT(dir.n_metas, 17);
    CHECK_INT(dir.n_files, 1);
    CHECK_INT(dir.file_bytes[0], g_file.len);
    uint32_t u = 7;
    CHECK_INT(phi_meta_read_u32(&u, &dir, PHI_STR("absent"), &g_err), PHI_OK);
    CHECK_INT(u, 7);
    CHECK_INT(phi_meta_read_u32(&u, &dir, PHI_STR("t.u8"), &g_err), PHI_OK);
    CHECK_INT(u, 200);
    CHECK_INT(phi_meta_read_u32(&u, &dir, PHI_STR("t.u32"), &g_err), PHI_OK);
    CHECK_INT(u, UINT32_MAX);
    int32_t i = 0;
    CHECK_INT(phi_meta_read_i32(&i, &dir, PHI_STR("t.i8"), &g_err), PHI_OK);
    CHECK_INT(i, -1);
    CHECK_INT(phi_meta_read_i32(&i, &dir, PHI_STR("t.u16"), &g_err), PHI_OK);
    CHECK_INT(i, 60000);
    CHECK_INT(phi_meta_read_i32(&i, &dir, PHI_STR("t.i16"), &g_err), PHI_OK);
    CHECK_INT(i, -32768);
    CHECK_INT(phi_meta_read_i32(&i, &dir, PHI_STR("t.i32"), &g_err), PHI_OK);
    CHECK_INT(i, INT32_MIN);
    CHECK_INT(phi_meta_read_i32(&i, &dir, PHI_STR("t.i64"), &g_err), PHI_OK);
    CHECK_INT(i, -5);
    float f = 0;
    CHECK_INT(phi_meta_read_f32(&f, &dir, PHI_STR("t.f32"), &g_err), PHI_OK);
    CHECK_NEAR(f, 1.5, 0);
    CHECK_INT(phi_meta_read_f32(&f, &dir, PHI_STR("t.f64"), &g_err), PHI_OK);
    CHECK_NEAR(f, 0.5, 0);
    bool flag = false;
    CHECK_INT(phi_meta_read_bool(&flag, &dir, PHI_STR("t.bool"), &g_err), PHI_OK);
    CHECK(flag);
    phi_str text = PHI_STR("");
    CHECK_INT(phi_meta_read_str(&text, &dir, PHI_STR("general.architecture"), &g_err), PHI_OK);
    CHECK(phi_str_equal(text, PHI_STR("phi3")));
    phi_arena_deinit(&arena);
    free(copy);
}

TEST(format_gguf__reads_arrays)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    size_t n;
    phi_arena_init(&arena, 4096);
    put_good_file();
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len), PHI_OK);
    phi_str *strings;
    CHECK_INT(phi_meta_read_str_array(&strings, &n, &dir, PHI_STR("a.str"), &arena, &g_err), PHI_OK);
    CHECK_INT(n, 3);
    CHECK(phi_str_equal(strings[0], PHI_STR("one")));
    CHECK_INT(strings[1].len, 0);
    CHECK(phi_str_equal(strings[2], PHI_STR("three")));
    float *floats;
    CHECK_INT(phi_meta_read_f32_array(&floats, &n, &dir, PHI_STR("a.f32"), &arena, &g_err), PHI_OK);
    CHECK_INT(n, 2);
    CHECK_NEAR(floats[1], -1, 0);
    int32_t *ints;
    CHECK_INT(phi_meta_read_i32_array(&ints, &n, &dir, PHI_STR("a.u8"), &arena, &g_err), PHI_OK);
    CHECK_INT(n, 4);
    CHECK_INT(ints[3], 4);
    CHECK_INT(phi_meta_read_i32_array(&ints, &n, &dir, PHI_STR("a.empty"), &arena, &g_err), PHI_OK);
    CHECK(ints != NULL);
    CHECK_INT(n, 0);
    CHECK_INT(phi_meta_read_i32_array(&ints, &n, &dir, PHI_STR("absent"), &arena, &g_err), PHI_OK);
    CHECK(ints == NULL);
    CHECK_INT(phi_meta_read_i32_array(&ints, &n, &dir, PHI_STR("a.str"), &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 'a.str' is of type array of string, expected array of integers");
    phi_arena_deinit(&arena);
    free(copy);
}

TEST(format_gguf__finds_tensors_by_name)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    phi_arena_init(&arena, 4096);
    put_good_file();
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len), PHI_OK);
    const phi_tensor_info *t = phi_directory_tensor(&dir, PHI_STR("output.weight"));
    const uint64_t data_start = g_file.len - 224;
    CHECK(t == &dir.tensors[0]);
    CHECK_INT(t->dtype, PHI_DTYPE_Q4_0);
    CHECK_INT(t->n_dims, 2);
    CHECK_INT(t->dims[0], 32);
    CHECK_INT(t->dims[1], 4);
    CHECK_INT(t->dims[2], 1);
    CHECK_INT(t->bytes, 72);
    CHECK_INT(t->offset, data_start + 64);
    CHECK_INT(phi_directory_tensor(&dir, PHI_STR("blk.0.norm"))->offset, data_start + 192);
    CHECK(phi_directory_tensor(&dir, PHI_STR("blk.0.norm")) == &dir.tensors[2]);
    CHECK(phi_directory_tensor(&dir, PHI_STR("blk.0.nor")) == NULL);
    CHECK(phi_directory_tensor(&dir, PHI_STR("")) == NULL);
    CHECK(phi_directory_tensor(&dir, PHI_STR("zzz")) == NULL);
    phi_arena_deinit(&arena);
    free(copy);
}

TEST(format_gguf__refuses_values_that_do_not_fit)
{
    static const struct {
        const char *key;
        const char *message;
    } as_i32[] = {
        {"t.u32", "gguf: metadata 't.u32' holds 4294967295, expected -2147483648 to 2147483647"},
        {"t.u64", "gguf: metadata 't.u64' holds 4294967296, expected -2147483648 to 2147483647"},
        {"t.bool", "gguf: metadata 't.bool' is of type bool, expected an integer"},
        {"a.u8", "gguf: metadata 'a.u8' is of type array of u8, expected an integer"},
    };
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    int32_t i = 0;
    uint32_t u = 0;
    phi_arena_init(&arena, 4096);
    put_good_file();
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len), PHI_OK);
    for (size_t k = 0; k < sizeof as_i32 / sizeof as_i32[0]; k++) {
        CHECK_INT(phi_meta_read_i32(&i, &dir, phi_str_of(as_i32[k].key), &g_err), PHI_ECORRUPT);
        CHECK_TEXT(g_err.text, as_i32[k].message);
    }
    CHECK_INT(phi_meta_read_u32(&u, &dir, PHI_STR("t.i8"), &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 't.i8' holds -1, expected 0 to 4294967295");
    CHECK_INT(phi_meta_require(&dir, PHI_STR("t.u8"), &g_err), PHI_OK);
    CHECK_INT(phi_meta_require(&dir, PHI_STR("t.none"), &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 't.none' is missing, expected it to be present");
    phi_arena_deinit(&arena);
    free(copy);
}

TEST(format_gguf__refuses_floats_that_are_not_finite)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    float f = 3;
    float *floats;
    size_t n;
    bool flag;
    phi_arena_init(&arena, 4096);
    put_header(&g_file, 3, 0, 4);
    put_f32(&g_file, "nan", NAN);
    put_key(&g_file, "big", PHI_META_F64), put_int(&g_file, 0x7fe0000000000000u, 8); /* 2^1023 */
    put_array(&g_file, "list", PHI_META_F32, 2), put_int(&g_file, 0, 4), put_int(&g_file, 0x7f800000, 4);
    put_key(&g_file, "flag", PHI_META_BOOL), put_int(&g_file, 2, 1);
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len), PHI_OK);
    CHECK_INT(phi_meta_read_f32(&f, &dir, PHI_STR("nan"), &g_err), PHI_ECORRUPT);
    CHECK_INT(phi_meta_read_f32(&f, &dir, PHI_STR("big"), &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 'big' holds 8.98847e+307, expected a finite 32-bit float");
    CHECK_INT(phi_meta_read_f32_array(&floats, &n, &dir, PHI_STR("list"), &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 'list' holds inf, expected a finite 32-bit float");
    CHECK(floats == NULL);
    CHECK_INT(phi_meta_read_bool(&flag, &dir, PHI_STR("flag"), &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "gguf: metadata 'flag' holds 2, expected a bool, 0 or 1");
    CHECK_NEAR(f, 3, 0);
    phi_arena_deinit(&arena);
    free(copy);
}

TEST(format_gguf__asks_for_more_when_truncated)
{
    put_good_file();
    const size_t header_len = g_file.len - 224 - 63; /* at most: padding may be shorter */
    for (size_t n = 0; n <= g_file.len; n++) {
        for (int knows_size = 0; knows_size < 2; knows_size++) {
            phi_arena arena;
            phi_directory dir;
            uint64_t wanted = 0;
            uint8_t *copy;
            phi_arena_init(&arena, 256);
            const uint64_t file_bytes = knows_size ? g_file.len : UINT64_MAX;
            const phi_status status = open_copy(&dir, &wanted, &copy, &arena, n, file_bytes);
            CHECK(status == PHI_NEED_DATA || (status == PHI_OK && n >= header_len));
            if (status == PHI_NEED_DATA) {
                CHECK(wanted > n);
                CHECK(wanted >= 2 * n || wanted == file_bytes);
                CHECK(wanted <= file_bytes);
                CHECK_INT(arena.used_bytes, 0);
            }
            phi_arena_deinit(&arena);
            free(copy);
        }
    }
}

TEST(format_gguf__refuses_a_file_that_ends_early)
{
    put_good_file();
    for (size_t n = 0; n < g_file.len; n++) {
        phi_arena arena;
        phi_directory dir;
        uint64_t wanted = 0;
        uint8_t *copy;
        phi_arena_init(&arena, 256);
        CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, n, n), PHI_ECORRUPT);
        CHECK(strstr(g_err.text, "file") != NULL);
        CHECK_INT(arena.used_bytes, 0);
        phi_arena_deinit(&arena);
        free(copy);
    }
}

/* Reads everything that a directory offers. */
static void read_everything(const phi_directory *dir, phi_arena *arena)
{
    for (size_t i = 0; i < dir->n_metas; i++) {
        const phi_str key = dir->metas[i].key;
        uint32_t u;
        float f;
        bool flag;
        phi_str text, *strings;
        float *floats;
        int32_t *ints;
        size_t n;
        (void)phi_meta_read_u32(&u, dir, key, &g_err);
        (void)phi_meta_read_f32(&f, dir, key, &g_err);
        (void)phi_meta_read_bool(&flag, dir, key, &g_err);
        (void)phi_meta_read_str(&text, dir, key, &g_err);
        (void)phi_meta_read_str_array(&strings, &n, dir, key, arena, &g_err);
        (void)phi_meta_read_f32_array(&floats, &n, dir, key, arena, &g_err);
        (void)phi_meta_read_i32_array(&ints, &n, dir, key, arena, &g_err);
        CHECK(phi_directory_meta(dir, key) == &dir->metas[i]);
    }
    for (size_t i = 0; i < dir->n_tensors; i++)
        CHECK(phi_directory_tensor(dir, dir->tensors[i].name) == &dir->tensors[i]);
}

TEST(format_gguf__survives_every_byte_changed)
{
    static const uint8_t flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    put_good_file();
    for (size_t at = 0; at < g_file.len - 224; at++) {
        for (size_t k = 0; k < sizeof flips; k++) {
            phi_arena arena;
            phi_directory dir;
            uint64_t wanted = 0;
            uint8_t *copy;
            phi_arena_init(&arena, 256);
            g_file.bytes[at] ^= flips[k];
            const phi_status status = open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len);
            g_file.bytes[at] ^= flips[k];
            CHECK(status == PHI_OK || status == PHI_ECORRUPT || status == PHI_EUNSUPPORTED);
            if (status == PHI_OK)
                read_everything(&dir, &arena);
            phi_arena_deinit(&arena);
            free(copy);
        }
    }
}

/* One refused file each; what the message must say. */
static void put_tensor_pair(uint32_t type, uint64_t columns, uint64_t second_offset)
{
    put_header(&g_file, 3, 2, 0);
    put_tensor(&g_file, "first", columns, 1, type, 0);
    put_tensor(&g_file, "second", 32, 1, 0, second_offset);
    put_padding(&g_file, 32);
    put_zeros(&g_file, 512);
}

static void put_dims(uint32_t n_dims, uint64_t dim)
{
    put_header(&g_file, 3, 1, 0);
    put_text(&g_file, "t");
    put_int(&g_file, n_dims, 4);
    for (uint32_t i = 0; i < n_dims; i++)
        put_int(&g_file, dim, 8);
    put_int(&g_file, 0, 4);
    put_int(&g_file, 0, 8);
    put_padding(&g_file, 32);
    put_zeros(&g_file, 64);
}

static void put_one_meta(const char *key, uint32_t type)
{
    put_header(&g_file, 3, 0, 1);
    put_key(&g_file, key, type);
    put_zeros(&g_file, 64);
}

static void bad_version_1(void)
{
    put_header(&g_file, 1, 1, 1);
}
static void bad_version_9(void)
{
    put_header(&g_file, 9, 1, 1);
}
static void bad_endian(void)
{
    put_header(&g_file, 0x03000000, 1, 1);
}
static void bad_magic(void)
{
    put_header(&g_file, 3, 0, 0), g_file.bytes[3] = 'Z';
}
static void bad_html(void)
{
    g_file.len = 0, put_raw(&g_file, "<!doctype html>", 15);
}
static void bad_tensor_count(void)
{
    put_header(&g_file, 3, 65537, 0);
}
static void bad_meta_count(void)
{
    put_header(&g_file, 3, 0, UINT64_MAX);
}
static void bad_room(void)
{
    put_header(&g_file, 3, 1000, 1000);
}
static void bad_key_length(void)
{
    put_header(&g_file, 3, 0, 1), put_int(&g_file, 257, 8), put_zeros(&g_file, 300);
}
static void bad_key_empty(void)
{
    put_one_meta("", 0);
}
static void bad_key_nul(void)
{
    put_one_meta("a.b", 0), g_file.bytes[33] = 0;
}
static void bad_type(void)
{
    put_one_meta("a.b", 13);
}
static void bad_array_nested(void)
{
    put_one_meta("a.b", 9), g_file.bytes[39] = 9;
}
static void bad_array_type(void)
{
    put_one_meta("a.b", 9), g_file.bytes[39] = 77;
}
static void bad_array_items(void)
{
    put_one_meta("a.b", 9), g_file.bytes[47] = 1;
}
static void bad_array_room(void)
{
    put_one_meta("a.b", 9), g_file.bytes[44] = 1;
}
static void bad_string(void)
{
    put_one_meta("a.b", 8), g_file.bytes[39 + 7] = 0x80;
}
static void bad_key_twice(void)
{
    put_header(&g_file, 3, 0, 3);
    put_u32(&g_file, "a.b", 1), put_u32(&g_file, "a.c", 1), put_u32(&g_file, "a.b", 2);
}
static void bad_name_twice(void)
{
    put_tensor_pair(0, 32, 128);
    memcpy(g_file.bytes + 24 + 8 + 5 + 4 + 16 + 12, "\5\0\0\0\0\0\0\0first", 13);
    g_file.len -= 1;
    memmove(g_file.bytes + 24 + 45 + 13, g_file.bytes + 24 + 45 + 14, g_file.len - (24 + 45 + 13));
}
static void bad_alignment_7(void)
{
    put_header(&g_file, 3, 0, 1), put_u32(&g_file, "general.alignment", 7);
}
static void bad_alignment_0(void)
{
    put_header(&g_file, 3, 0, 1), put_u32(&g_file, "general.alignment", 0);
}
static void bad_alignment_big(void)
{
    put_header(&g_file, 3, 0, 1), put_u32(&g_file, "general.alignment", 1 << 17);
}
static void bad_dtype(void)
{
    put_tensor_pair(16, 256, 512);
}
static void bad_dtype_unknown(void)
{
    put_tensor_pair(99, 256, 512);
}
static void bad_block(void)
{
    put_tensor_pair(2, 33, 64);
}
static void bad_offset(void)
{
    put_tensor_pair(0, 8, 33);
}
static void bad_offset_wrap(void)
{
    put_tensor_pair(0, 8, UINT64_MAX - 31);
}
static void bad_end(void)
{
    put_tensor_pair(0, 8, 512);
}
static void bad_overlap(void)
{
    put_tensor_pair(0, 16, 32);
}
static void bad_dims_0(void)
{
    put_dims(0, 1);
}
static void bad_dims_5(void)
{
    put_dims(5, 1);
}
static void bad_dim_zero(void)
{
    put_dims(2, 0);
}
static void bad_elements(void)
{
    put_dims(2, (uint64_t)1 << 32);
}
static void bad_bytes(void)
{
    put_dims(1, (uint64_t)1 << 62);
}
static void bad_split_count(void)
{
    put_split(&g_file, 1, 2000, 4);
}
static void bad_split_no(void)
{
    put_split(&g_file, 3, 3, 6);
}
static void bad_split_tensors(void)
{
    put_split(&g_file, 0, 2, 1);
}

TEST(format_gguf__says_what_it_refuses)
{
    static const struct {
        void (*put)(void);
        phi_status status;
        const char *message;
    } cases[] = {
        {bad_version_1, PHI_EUNSUPPORTED, "gguf: version 1 at byte 4, expected 3 or 2; convert the model again"},
        {bad_version_9, PHI_EUNSUPPORTED, "gguf: version 9 at byte 4, expected 3 or 2"},
        {bad_endian, PHI_EUNSUPPORTED, "gguf: version 3 in big-endian order at byte 4, expected a little-endian file"},
        {bad_magic, PHI_EUNSUPPORTED,
         "file: begins with bytes 47 47 55 5a 03 00 00 00 (an unknown format), expected one of: "
         "gguf"},
        {bad_html, PHI_EUNSUPPORTED, "(an HTML page; the address may need a login or be wrong)"},
        {bad_tensor_count, PHI_ECORRUPT, "gguf: 65537 tensors at byte 8, expected at most 65536"},
        {bad_meta_count, PHI_ECORRUPT,
         "gguf: 18446744073709551615 metadata entries at byte 16, expected at most 65536"},
        {bad_room, PHI_ECORRUPT,
         "gguf: 1000 metadata entries and 1000 tensors at byte 8 take at least 47000 bytes, but "
         "the file has 0 more"},
        {bad_key_length, PHI_ECORRUPT, "gguf: metadata 0 at byte 24: string length 257, expected at most 256"},
        {bad_key_empty, PHI_ECORRUPT, "gguf: metadata 0 at byte 24: name is empty, expected 1 to 256 bytes"},
        {bad_key_nul, PHI_ECORRUPT, "name has the control character 0x00 at position 1, expected text"},
        {bad_type, PHI_ECORRUPT, "gguf: metadata 0 'a.b' at byte 35: value of type 13, expected 0 to 12"},
        {bad_array_nested, PHI_EUNSUPPORTED, "gguf: metadata 0 'a.b' at byte 39: array of arrays"},
        {bad_array_type, PHI_ECORRUPT, "array of type 77, expected 0 to 8 or 10 to 12"},
        {bad_array_items, PHI_ECORRUPT, "array of 4294967296 items, expected at most 16777216"},
        {bad_array_room, PHI_ECORRUPT, "at byte 51: takes 256 more bytes, but the file ends at byte 103"},
        {bad_string, PHI_ECORRUPT, "string length 9223372036854775808, expected at most 16777216"},
        {bad_key_twice, PHI_ECORRUPT, "gguf: metadata key 'a.b' appears twice, as entries 0 and 2; expected once"},
        {bad_name_twice, PHI_ECORRUPT, "gguf: tensor name 'first' appears twice, as entries 0 and 1; expected once"},
        {bad_alignment_7, PHI_ECORRUPT,
         "gguf: metadata 'general.alignment' is 7, expected a power of two, at most 65536"},
        {bad_alignment_0, PHI_ECORRUPT, "'general.alignment' is 0, expected a power of two"},
        {bad_alignment_big, PHI_ECORRUPT, "'general.alignment' is 131072, expected a power of two, at most 65536"},
        {bad_dtype, PHI_EUNSUPPORTED,
         "gguf: tensor 0 'first' at byte 57: has type IQ2_XXS, this build loads F32, F16, BF16, "
         "Q4_0"},
        {bad_dtype_unknown, PHI_EUNSUPPORTED, "has the unknown type 99, this build loads F32"},
        {bad_block, PHI_ECORRUPT, "dims[0] is 33, expected a multiple of 32, the block of Q4_0"},
        {bad_offset, PHI_ECORRUPT,
         "gguf: tensor 1 'second' at byte 128: offset 33 of the tensor data, expected a "
         "multiple of the alignment, 32"},
        {bad_offset_wrap, PHI_ECORRUPT, "128 bytes at offset 18446744073709551584 of the tensor data, but the file"},
        {bad_end, PHI_ECORRUPT, "128 bytes at offset 512 of the tensor data, but the file ends at byte 640"},
        {bad_overlap, PHI_ECORRUPT,
         "gguf: tensors 'first' (bytes 128 to 192) and 'second' (from byte 160) overlap, expected "
         "them apart"},
        {bad_dims_0, PHI_ECORRUPT, "gguf: tensor 0 't' at byte 33: 0 dims, expected 1 to 4"},
        {bad_dims_5, PHI_ECORRUPT, "5 dims, expected 1 to 4"},
        {bad_dim_zero, PHI_ECORRUPT, "dims[0] is 0, expected at least 1"},
        {bad_elements, PHI_ECORRUPT, "4294967296 x 4294967296 x 1 x 1 elements, expected fewer than 2^64"},
        {bad_bytes, PHI_ECORRUPT, "4611686018427387904 elements of F32, expected fewer than 2^64 bytes"},
        {bad_split_count, PHI_ECORRUPT, "gguf: metadata 'split.count' is 2000, expected at most 1024"},
        {bad_split_no, PHI_ECORRUPT, "gguf: metadata 'split.no' is 3, expected less than 'split.count', 3"},
        {bad_split_tensors, PHI_ECORRUPT, "'split.tensors.count' is 1, expected at least 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        phi_arena arena;
        phi_directory dir;
        uint64_t wanted = 0;
        uint8_t *copy;
        phi_arena_init(&arena, 4096);
        g_file.len = 0;
        cases[i].put();
        const phi_status status = open_copy(&dir, &wanted, &copy, &arena, g_file.len, g_file.len);
        if (status != cases[i].status || !strstr(g_err.text, cases[i].message))
            check_failed(__FILE__, __LINE__, "case %zu: got %s \"%s\", expected %s \"%s\"", i, phi_status_name(status),
                         g_err.text, phi_status_name(cases[i].status), cases[i].message);
        phi_arena_deinit(&arena);
        free(copy);
    }
}

TEST(format_gguf__refuses_impossible_lengths_before_they_are_fetched)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    phi_arena_init(&arena, 4096);
    put_header(&g_file, 3, 0, 1);
    put_array(&g_file, "tokens", PHI_META_STRING, 1 << 20);
    /* a file of 1 MiB cannot hold 2^20 strings of 8 bytes at least */
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, 1 << 20), PHI_ECORRUPT);
    CHECK(strstr(g_err.text, "takes 8388608 more bytes, but the file ends at byte 1048576") != NULL);
    free(copy);
    /* a file of unknown size may not ask for more header than the limit */
    put_header(&g_file, 3, 0, 1);
    put_array(&g_file, "tokens", PHI_META_F64, 1 << 24);
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, UINT64_MAX), PHI_NEED_DATA);
    CHECK_INT(wanted, g_file.len + ((uint64_t)8 << 24));
    free(copy);
    CHECK_INT(phi_directory_open(&dir, &wanted, &arena, (phi_bytes){g_file.bytes, 10}, 9, &g_err), PHI_EINVAL);
    phi_arena_deinit(&arena);
}

TEST(format_gguf__accepts_version_2_and_merged_files)
{
    phi_arena arena;
    phi_directory dir;
    uint64_t wanted = 0;
    uint8_t *copy;
    phi_arena_init(&arena, 4096);
    put_split(&g_file, 0, 0, 99); /* what a merge of splits leaves behind */
    g_file.bytes[4] = 2;
    CHECK_INT(open_copy(&dir, &wanted, &copy, &arena, g_file.len, UINT64_MAX), PHI_OK);
    CHECK_INT(dir.n_files, 1);
    CHECK_INT(phi_directory_check_complete(&dir, &g_err), PHI_OK);
    CHECK(dir.file_bytes[0] == UINT64_MAX);
    phi_arena_deinit(&arena);
    free(copy);
}

static gguf_builder g_parts[3];

static phi_status open_part(phi_directory *out, phi_arena *arena, uint32_t idx, uint32_t count, int32_t n_announced)
{
    uint64_t wanted;
    put_split(&g_parts[idx], idx, count, n_announced);
    return phi_directory_open(out, &wanted, arena, (phi_bytes){g_parts[idx].bytes, g_parts[idx].len}, g_parts[idx].len,
                              &g_err);
}

TEST(format_split__joins_in_any_order)
{
    static const uint32_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}};
    for (size_t o = 0; o < 3; o++) {
        phi_arena arena;
        phi_directory dir, part;
        phi_arena_init(&arena, 4096);
        CHECK_INT(open_part(&dir, &arena, orders[o][0], 3, 6), PHI_OK);
        for (size_t i = 1; i < 3; i++) {
            CHECK_INT(phi_directory_check_complete(&dir, &g_err), PHI_ECORRUPT);
            CHECK_INT(open_part(&part, &arena, orders[o][i], 3, 6), PHI_OK);
            CHECK_INT(phi_directory_join(&dir, &part, &arena, &g_err), PHI_OK);
        }
        CHECK_INT(phi_directory_check_complete(&dir, &g_err), PHI_OK);
        CHECK_INT(dir.n_tensors, 6);
        CHECK_INT(dir.file_idx, orders[o][0]);
        read_everything(&dir, &arena);
        const phi_tensor_info *t = phi_directory_tensor(&dir, PHI_STR("part2.b"));
        CHECK(t != NULL);
        CHECK_INT(t->file_idx, 2);
        CHECK_INT(t->offset, g_parts[2].len - 32);
        CHECK_INT(dir.file_bytes[1], g_parts[1].len);
        CHECK(phi_directory_meta(&dir, PHI_STR("general.architecture")) != NULL);
        phi_arena_deinit(&arena);
    }
}

TEST(format_split__refuses_parts_that_disagree)
{
    phi_arena arena;
    phi_directory dir, part;
    phi_arena_init(&arena, 4096);
    CHECK_INT(open_part(&dir, &arena, 0, 3, 6), PHI_OK);
    CHECK_INT(phi_directory_check_complete(&dir, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: file 1 of 3 (\"-00002-of-00003\") is missing, expected all of them");
    CHECK_INT(open_part(&part, &arena, 1, 2, 6), PHI_OK);
    CHECK_INT(phi_directory_join(&dir, &part, &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: file 1 says that there are 2 files, expected 3 as file 0 says");
    CHECK_INT(open_part(&part, &arena, 1, 3, 7), PHI_OK);
    CHECK_INT(phi_directory_join(&dir, &part, &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: file 1 announces 7 tensors in all, expected 6 as file 0 says");
    CHECK_INT(phi_directory_join(&dir, &dir, &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: file 0 of 3 is given twice, expected each once");
    CHECK_INT(open_part(&part, &arena, 1, 3, 6), PHI_OK);
    part.tensors[1].name = PHI_STR("part0.b");
    CHECK_INT(phi_directory_index(&part, &arena, &g_err), PHI_OK);
    CHECK_INT(phi_directory_join(&dir, &part, &arena, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: tensor 'part0.b' is in file 0 and in file 1, expected once");
    CHECK_INT(dir.n_tensors, 2);
    phi_arena_deinit(&arena);
}

TEST(format_split__counts_the_tensors)
{
    phi_arena arena;
    phi_directory dir, part;
    phi_arena_init(&arena, 4096);
    CHECK_INT(open_part(&dir, &arena, 0, 2, 5), PHI_OK);
    CHECK_INT(open_part(&part, &arena, 1, 2, 5), PHI_OK);
    CHECK_INT(phi_directory_join(&dir, &part, &arena, &g_err), PHI_OK);
    CHECK_INT(phi_directory_check_complete(&dir, &g_err), PHI_ECORRUPT);
    CHECK_TEXT(g_err.text, "split: the 2 files hold 4 tensors, expected 5 as they announce");
    phi_arena_deinit(&arena);
}

TEST(format_split__derives_names)
{
    static const struct {
        const char *first;
        const char *third; /* NULL: refused */
    } cases[] = {
        {"m-00001-of-00012.gguf", "m-00003-of-00012.gguf"},
        {"dir/m-00007-of-00012.gguf", "dir/m-00003-of-00012.gguf"},
        {"https://h/m-00001-of-00012.gguf?download=true", "https://h/m-00003-of-00012.gguf?download=true"},
        {"https://h/m-00001-of-00012.gguf#x", "https://h/m-00003-of-00012.gguf#x"},
        {"https://h/get?f=m-00001-of-00012.gguf&k=1", "https://h/get?f=m-00003-of-00012.gguf&k=1"},
        {"a-00001-of-00012.gguf?f=b-00001-of-00012.gguf", "a-00003-of-00012.gguf?f=b-00001-of-00012.gguf"},
        {"m-00001-of-00012.gguf.part", NULL},
        {"m-00001-of-00011.gguf", NULL},
        {"m-00000-of-00012.gguf", NULL},
        {"m-00013-of-00012.gguf", NULL},
        {"m-0001-of-00012.gguf", NULL},
        {"m.gguf", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64] = "";
        const phi_status status = phi_split_name(out, sizeof out, phi_str_of(cases[i].first), 2, 12, &g_err);
        CHECK_INT(status, cases[i].third ? PHI_OK : PHI_EINVAL);
        if (cases[i].third)
            CHECK_TEXT(out, cases[i].third);
    }
    char small[21];
    CHECK_INT(phi_split_name(small, sizeof small, PHI_STR("m-00001-of-00012.gguf"), 2, 12, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "split: a name of 21 bytes does not fit in 21");
    CHECK_INT(phi_split_name(small, sizeof small, PHI_STR("x"), 12, 12, &g_err), PHI_EINVAL);
}

/* As many names as the limit allows, neither sorted nor random. */
TEST(format_directory__indexes_many_names_quickly)
{
    enum { N = 65536 };
    static char names[N][16];
    phi_arena arena;
    phi_directory dir = {.format = "test", .n_tensors = N};
    phi_arena_init(&arena, 1 << 20);
    dir.tensors = phi_arena_zeroed(&arena, phi_tensor_info, N);
    CHECK(dir.tensors != NULL);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "blk.%05zu.w", i * 40503u % N);
        dir.tensors[i].name = phi_str_of(names[i]);
    }
    CHECK_INT(phi_directory_index(&dir, &arena, &g_err), PHI_OK);
    for (size_t i = 0; i < N; i++)
        CHECK(phi_directory_tensor(&dir, dir.tensors[i].name) == &dir.tensors[i]);
    phi_arena_deinit(&arena);
}
