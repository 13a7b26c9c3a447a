/* Files in place of fetch: serves the ranges that the engine wants with pread. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "source.h"

enum { HEADER_FIRST_BYTES = 1 << 20 };

int cli_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "phi: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    return 1;
}

double cli_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

char *cli_read_file(const char *path, size_t *n_out)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t n = 0;
    size_t cap = 0;
    size_t got = 1;
    while (f && got > 0) {
        if (n + 65536 > cap) {
            cap = 2 * cap + 65536 + 1;
            text = realloc(text, cap);
        }
        if (!text)
            break;
        got = fread(text + n, 1, cap - n - 1, f);
        n += got;
        text[n] = 0;
    }
    if (!f || !text)
        (void)cli_fail("%s: %s", path, f ? "out of memory" : strerror(errno));
    if (f && f != stdin)
        (void)fclose(f);
    *n_out = n;
    return text;
}

static bool describe_file(phi_engine *e, cli_source *files, uint32_t idx)
{
    uint64_t wanted = HEADER_FIRST_BYTES;
    phi_status status;
    do {
        const uint64_t n = wanted < cli_source_bytes(files, idx) ? wanted : cli_source_bytes(files, idx);
        uint8_t *room = phi_engine_header_room(e, n);
        if (!room) {
            (void)cli_fail("no memory for a header of %llu bytes", (unsigned long long)n);
            return false;
        }
        const size_t got = cli_source_read(files, idx, room, (size_t)n, 0);
        status = phi_engine_describe(e, idx, got, cli_source_bytes(files, idx), &wanted);
    } while (status == PHI_NEED_DATA);
    if (status != PHI_OK)
        (void)cli_fail("%s: %s", phi_status_name(status), phi_engine_error(e)->text);
    return status == PHI_OK;
}

static bool describe(phi_engine *e, cli_source *files, const char *path)
{
    char name[4096];
    if (!describe_file(e, files, 0))
        return false;
    for (uint32_t i = 1; i < phi_engine_n_files(e); i++) {
        if (phi_engine_file_name(e, name, sizeof name, path, i) != PHI_OK) {
            (void)cli_fail("%s: file %u of %u: %s", path, i + 1, phi_engine_n_files(e), phi_engine_error(e)->text);
            return false;
        }
        if (!cli_source_open_next(files, name) || !describe_file(e, files, i))
            return false;
    }
    return true;
}

static bool load(phi_engine *e, cli_source *files)
{
    phi_status status = phi_engine_reserve(e);
    while (status == PHI_OK && phi_engine_state(e) == PHI_ENGINE_LOADING) {
        size_t n;
        const phi_range *wanted = phi_engine_wants(e, &n);
        for (size_t i = 0; i < n && status == PHI_OK; i++) {
            const size_t got = cli_source_read(files, wanted[i].file_idx, wanted[i].dst, wanted[i].bytes,
                                               wanted[i].offset);
            status = phi_engine_provide(e, wanted[i].slot, (uint32_t)got);
        }
    }
    if (status == PHI_OK && phi_engine_state(e) == PHI_ENGINE_READY)
        return true;
    (void)cli_fail("%s", phi_engine_error(e)->text);
    return false;
}

phi_engine *cli_open_model(const cli_options *o, bool needs_weights)
{
    phi_engine *e = NULL;
    phi_engine_options options = phi_engine_options_default();
    options.n_threads = o->n_threads;
    options.accuracy_level = o->accuracy_level;
    options.kernels = o->kernels;
    options.strip_rule = o->strip_rule;
    if (!o->model) {
        (void)cli_fail("--model FILE is needed");
        return NULL;
    }
    phi_error error;
    if (phi_engine_create(&e, &options, &error) != PHI_OK) {
        (void)cli_fail("%s", error.text);
        return NULL;
    }
    phi_import_options as = phi_import_options_default();
    as.linears = as.embedding = as.output = as.vision = o->weights;
    cli_source *files = cli_source_open(o->model, &as);
    const bool is_good = files && describe(e, files, o->model) && (!needs_weights || load(e, files));
    cli_source_close(files);
    if (is_good)
        return e;
    phi_engine_destroy(e);
    return NULL;
}

phi_session *cli_open_session(const cli_options *o, phi_engine *e)
{
    phi_session *s = NULL;
    phi_session_options options = phi_session_options_default();
    options.n_context = o->context;
    options.n_batch = o->batch;
    options.kv_type = o->kv_type;
    options.rope_choice = o->rope;
    options.embeds = o->embeds;
    if (phi_session_create(&s, e, &options) != PHI_OK)
        (void)cli_fail("%s", phi_engine_error(e)->text);
    return s;
}

int32_t *cli_parse_numbers(const char *list, size_t *n_out)
{
    const size_t cap = strlen(list) / 2 + 1;
    int32_t *ids = malloc(cap * sizeof *ids);
    size_t n = 0;
    for (const char *at = list; ids && *at;) {
        char *end;
        const long id = strtol(at, &end, 10);
        if (end == at || (*end != ',' && *end != 0)) {
            (void)cli_fail("'%s' is not a list of numbers with commas", list);
            free(ids);
            return NULL;
        }
        ids[n++] = (int32_t)id;
        at = *end ? end + 1 : end;
    }
    *n_out = n;
    return ids;
}

int32_t *cli_lengths(const cli_options *o, size_t n_ids, size_t *n_out)
{
    int32_t *lengths;
    if (o->lengths)
        return cli_parse_numbers(o->lengths, n_out);
    *n_out = o->every ? n_ids : 1;
    lengths = malloc(*n_out * sizeof *lengths);
    for (size_t i = 0; lengths && i < *n_out; i++)
        lengths[i] = (int32_t)(o->every ? i + 1 : n_ids);
    return lengths;
}

bool cli_compute(phi_session *s)
{
    phi_status status;
    do
        status = phi_session_step(s);
    while (status == PHI_PENDING);
    if (status != PHI_OK)
        (void)cli_fail("%s", phi_session_error(s)->text);
    return status == PHI_OK;
}
