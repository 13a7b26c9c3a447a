/* The file that a folder stands for: the same bytes however it is read, each source byte read once and in order. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "format.h"
#include "import_folder.h"

static const char *const folders[] = {"phi3-longrope", "phi3-gqa", "llama-gqa-rope3"};

static void check_pieces(const char *name, const phi_import_options *o)
{
    static const uint32_t pieces[] = {1u << 30, 1000, 333, 64, 17};
    import_folder f = {0};
    phi_import *i;
    phi_error err;
    size_t n = 0;
    CHECK_INT(import_folder_open(&i, &f, name, o, &err), PHI_OK);
    uint8_t *whole = import_folder_read(i, &f, 0, pieces[0], &n);
    CHECK(whole != NULL);
    for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
        size_t n_again = 0;
        uint8_t *again = import_folder_read(i, &f, 0, pieces[k], &n_again);
        CHECK(again != NULL);
        CHECK_INT(n_again, n);
        CHECK(memcmp(again, whole, n) == 0);
        CHECK(!f.goes_back);
        free(again);
        uint64_t all = 0;
        for (int s = 0; s < IMPORT_FOLDER_SHARDS_MAX; s++)
            all += f.shard_bytes[s];
        CHECK(f.n_read <= all);
    }
    free(whole);
    phi_import_destroy(i);
    import_folder_close(&f);
}

TEST(import_window__any_pieces_give_the_same_bytes)
{
    for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++)
        for (int32_t type = PHI_IMPORT_AUTO; type <= PHI_IMPORT_Q4_0; type++) {
            phi_import_options o = phi_import_options_default();
            o.linears = o.embedding = o.output = o.vision = type;
            check_pieces(folders[k], &o);
        }
}

TEST(import_window__what_is_read_is_a_gguf_file)
{
    for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++) {
        phi_import_options o = phi_import_options_default();
        import_folder f = {0};
        phi_import *i;
        phi_error err;
        phi_directory dir;
        phi_arena arena;
        uint64_t wanted;
        size_t n = 0;
        CHECK_INT(import_folder_open(&i, &f, folders[k], &o, &err), PHI_OK);
        uint8_t *whole = import_folder_read(i, &f, 0, 4096, &n);
        phi_arena_init(&arena, 1 << 16);
        CHECK_INT(phi_directory_open(&dir, &wanted, &arena, (phi_bytes){whole, n}, n, &err), PHI_OK);
        CHECK(phi_directory_tensor(&dir, PHI_STR("token_embd.weight"))->dtype == PHI_DTYPE_Q8_0);
        CHECK(phi_directory_tensor(&dir, PHI_STR("blk.1.ffn_down.weight"))->dtype == PHI_DTYPE_Q4_0);
        CHECK(phi_directory_tensor(&dir, PHI_STR("output_norm.weight"))->dtype == PHI_DTYPE_F32);
        phi_arena_deinit(&arena);
        free(whole);
        phi_import_destroy(i);
        import_folder_close(&f);
    }
}

/* A read that failed, or was given up, left nothing in the window. */
TEST(import_window__what_was_asked_but_not_filled_is_asked_again)
{
    phi_import_options o = phi_import_options_default();
    import_folder f = {0};
    phi_import *i;
    phi_error err;
    phi_import_range first, again;
    const uint8_t *bytes;
    size_t n_all = 0;
    uint32_t n = 0;
    CHECK_INT(import_folder_open(&i, &f, "phi3-gqa", &o, &err), PHI_OK);
    uint8_t *whole = import_folder_read(i, &f, 0, 1u << 20, &n_all);
    CHECK(whole != NULL);
    const uint32_t piece = 1000;
    for (uint64_t at = n_all / 2; at < n_all / 2 + 4 * piece; at += n) {
        CHECK_INT(phi_import_ask(i, 0, at, piece, &first), PHI_OK);
        CHECK(first.bytes > 0);
        memset(first.dst, 0xee, first.bytes); /* the wrong bytes: of a read that was cut short */
        CHECK_INT(phi_import_ask(i, 0, at, piece, &again), PHI_OK);
        CHECK_INT(again.bytes, first.bytes);
        CHECK(again.offset == first.offset && again.dst == first.dst && again.file_idx == first.file_idx);
        memcpy(again.dst, f.shards[again.file_idx] + again.offset, again.bytes);
        CHECK_INT(phi_import_take(i, &bytes, &n), PHI_OK);
        CHECK(memcmp(bytes, whole + at, n) == 0);
    }
    free(whole);
    phi_import_destroy(i);
    import_folder_close(&f);
}

TEST(import_window__calls_out_of_order_are_refused)
{
    phi_import_options o = phi_import_options_default();
    phi_import_range r;
    phi_import *i;
    phi_error err;
    uint64_t wanted;
    const uint8_t *bytes;
    uint32_t n;
    o.linears = 9;
    CHECK_INT(phi_import_create(&i, &o, &err), PHI_EINVAL);
    o.linears = PHI_IMPORT_AUTO;
    CHECK_INT(phi_import_create(&i, &o, &err), PHI_OK);
    CHECK_INT(phi_import_add(i, "config.json", 1), PHI_EINVAL);
    CHECK(phi_import_room(i, 100) != NULL);
    CHECK_INT(phi_import_add(i, "config.json", 101), PHI_EINVAL);
    CHECK_INT(phi_import_add(i, "model.bin", 10), PHI_EINVAL);
    CHECK_INT(phi_import_describe(i, 1, 10, 10, &wanted), PHI_EINVAL);
    CHECK_INT(phi_import_finish(i), PHI_ESTATE);
    CHECK_INT(phi_import_ask(i, 0, 0, 1, &r), PHI_EINVAL);
    CHECK_INT(phi_import_take(i, &bytes, &n), PHI_EINVAL);
    CHECK(phi_import_room(i, UINT64_MAX) == NULL);
    phi_import_destroy(i);
    phi_import_destroy(NULL);
}
