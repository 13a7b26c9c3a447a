#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

model_file model_file_read(const char *name)
{
    char path[256];
    model_file f = {0};
    (void)snprintf(path, sizeof path, "models/%s", name);
    f.bytes = check_read_file(path, &f.n);
    return f;
}

void model_file_close(model_file *f)
{
    free(f->bytes);
    f->bytes = NULL;
}

static phi_status describe(phi_engine *e, const model_file *f)
{
    uint64_t wanted = 64; /* small, so that growing is exercised */
    phi_status status;
    do {
        const size_t n = wanted < f->n ? (size_t)wanted : f->n;
        uint8_t *room = phi_engine_header_room(e, n);
        if (!room)
            return PHI_ENOMEM;
        memcpy(room, f->bytes, n);
        status = phi_engine_describe(e, 0, n, f->n, &wanted);
    } while (status == PHI_NEED_DATA);
    return status;
}

static phi_status serve(phi_engine *e, model_file *f, const phi_range *r)
{
    const bool is_hit = f->fault != FAULT_NONE && f->n_ranges++ == f->fault_at;
    if (is_hit && f->fault == FAULT_MISSING)
        return PHI_ENETWORK;
    memcpy(r->dst, f->bytes + r->offset, r->bytes);
    return phi_engine_provide(e, r->slot, r->bytes - (is_hit ? 1 : 0));
}

static phi_status load(phi_engine *e, model_file *f)
{
    while (phi_engine_state(e) == PHI_ENGINE_LOADING) {
        size_t n;
        const phi_range *listed = phi_engine_wants(e, &n);
        phi_range ranges[64];
        memcpy(ranges, listed, n * sizeof *listed);
        for (size_t i = 0; i < n; i++) {
            const phi_status status = serve(e, f, &ranges[f->is_late ? n - 1 - i : i]);
            if (status != PHI_OK)
                return status;
        }
    }
    return phi_engine_state(e) == PHI_ENGINE_READY ? PHI_OK : phi_engine_error(e)->status;
}

phi_status model_file_load(phi_engine **out, model_file *f, const phi_engine_options *options, phi_error *err)
{
    phi_engine *e = NULL;
    *out = NULL;
    f->n_ranges = 0;
    phi_status status = phi_engine_create(&e, options, err);
    if (status != PHI_OK)
        return status;
    status = describe(e, f);
    if (status == PHI_OK)
        status = phi_engine_reserve(e);
    if (status == PHI_OK)
        status = load(e, f);
    if (err)
        *err = *phi_engine_error(e);
    if (status == PHI_OK)
        *out = e;
    else
        phi_engine_destroy(e);
    return status;
}

phi_status model_compute(phi_session *s)
{
    phi_status status;
    do
        status = phi_session_step(s);
    while (status == PHI_PENDING);
    return status;
}
