/* Opens and joins a split model while the k-th block request fails, for all k until none does. */
#include <stdlib.h>

#include "check.h"
#include "gguf_builder.h"

static gguf_builder g_parts[2];

static phi_status open_part(phi_directory *out, phi_arena *arena, uint32_t idx, phi_error *err)
{
    uint64_t wanted;
    put_split(&g_parts[idx], idx, 2, 4);
    return phi_directory_open(out, &wanted, arena, (phi_bytes){g_parts[idx].bytes, g_parts[idx].len}, g_parts[idx].len,
                              err);
}

static phi_status open_model(phi_arena *arena, phi_error *err)
{
    phi_directory dir, part;
    phi_str *strings;
    size_t n;
    PHI_TRY(open_part(&dir, arena, 0, err));
    PHI_TRY(open_part(&part, arena, 1, err));
    PHI_TRY(phi_directory_join(&dir, &part, arena, err));
    PHI_TRY(phi_directory_check_complete(&dir, err));
    put_header(&g_parts[0], 3, 0, 1);
    put_array(&g_parts[0], "a", PHI_META_STRING, 1), put_text(&g_parts[0], "x");
    uint64_t wanted;
    PHI_TRY(
        phi_directory_open(&dir, &wanted, arena, (phi_bytes){g_parts[0].bytes, g_parts[0].len}, g_parts[0].len, err));
    return phi_meta_read_str_array(&strings, &n, &dir, PHI_STR("a"), arena, err);
}

TEST(fault_alloc_format__reports_every_failed_request)
{
    phi_status status = PHI_ENOMEM;
    uint64_t k = 0;
    while (status != PHI_OK && k < 1000) {
        phi_arena arena;
        phi_error err = {0};
        phi_arena_init(&arena, 0); /* every allocation is a block request */
        (void)phi_arena_fail_at(++k);
        status = open_model(&arena, &err);
        (void)phi_arena_fail_at(0);
        CHECK(status == PHI_OK || status == PHI_ENOMEM);
        if (status == PHI_ENOMEM) {
            CHECK_INT(err.status, PHI_ENOMEM);
            CHECK(err.text[0] != 0);
        }
        phi_arena_deinit(&arena);
    }
    CHECK_INT(status, PHI_OK);
    CHECK(k > 10);
}
