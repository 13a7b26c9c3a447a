/* Imports a Hugging Face folder while the k-th block request fails, for all k until none does. */
#include "every_allocation.h"
#include "import_folder.h"

static phi_status open_folder(void *folder)
{
    const phi_import_options o = phi_import_options_default();
    phi_import *i;
    phi_error err = {0};
    const phi_status status = import_folder_open(&i, folder, "phi3-longrope", &o, &err);
    phi_import_destroy(i);
    return status;
}

TEST(fault_alloc_import__reports_every_failed_request)
{
    import_folder f = {0};
    CHECK(every_allocation_fails(open_folder, &f) >= 5);
    import_folder_close(&f);
}
