/* For bindings that have numbers only, and no layout of C's structs. */
#include <string.h>

#include "import_impl.h"

phi_import *phi_import_open(int32_t linears, int32_t embedding, int32_t output, int32_t vision)
{
    phi_import *i = NULL;
    phi_import_options o = phi_import_options_default();
    o.linears = linears;
    o.embedding = embedding;
    o.output = output;
    o.vision = vision;
    (void)phi_import_create(&i, &o, NULL);
    return i;
}

const char *phi_import_error_text(const phi_import *i)
{
    return i->error.text;
}

uint64_t *phi_import_results(phi_import *i)
{
    return i->results;
}

phi_status phi_import_add_named(phi_import *i, uint64_t n_bytes)
{
    if (!i->room || n_bytes >= i->room_bytes || i->room[i->room_bytes - 1] != 0)
        return phi_fail(&i->error, PHI_EINVAL, "add: no name behind the file's bytes");
    return phi_import_add(i, (const char *)i->room + n_bytes, n_bytes);
}

phi_status phi_import_describe_next(phi_import *i, uint64_t n_bytes, uint64_t file_bytes)
{
    return phi_import_describe(i, i->n_described, n_bytes, file_bytes, &i->results[0]);
}

phi_status phi_import_ask_flat(phi_import *i, uint64_t offset, uint32_t bytes)
{
    phi_import_range r;
    const phi_status status = phi_import_ask(i, 0, offset, bytes, &r);
    i->results[0] = r.offset;
    i->results[1] = (uint64_t)(uintptr_t)r.dst;
    i->results[2] = r.bytes;
    i->results[3] = r.file_idx;
    return status;
}

phi_status phi_import_take_flat(phi_import *i)
{
    const uint8_t *bytes = NULL;
    uint32_t n = 0;
    const phi_status status = phi_import_take(i, &bytes, &n);
    i->results[0] = (uint64_t)(uintptr_t)bytes;
    i->results[1] = n;
    return status;
}
