/* Imports a Hugging Face folder while the k-th block request fails, for all k until none does. */
#include <stdlib.h>

#include "arena.h"
#include "check.h"
#include "import_folder.h"

TEST(fault_alloc_import__reports_every_failed_request)
{
    const phi_import_options o = phi_import_options_default();
    import_folder f = {0};
    phi_status status = PHI_ENOMEM;
    uint64_t k = 0;
    while (status != PHI_OK && k < 1000) {
        phi_import *i;
        phi_error err = {0};
        (void)phi_arena_fail_at(++k);
        status = import_folder_open(&i, &f, "phi3-longrope", &o, &err);
        (void)phi_arena_fail_at(0);
        CHECK(status == PHI_OK || status == PHI_ENOMEM);
        phi_import_destroy(i);
    }
    CHECK_INT(status, PHI_OK);
    CHECK(k > 5);
    import_folder_close(&f);
}
