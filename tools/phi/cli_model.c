/* Files in place of fetch: serves the ranges that the engine wants with pread. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { FILES_MAX = 1024, HEADER_FIRST_BYTES = 1 << 20 };

typedef struct model_files {
    int fds[FILES_MAX];
    uint64_t bytes[FILES_MAX];
    uint32_t n;
} model_files;

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

static bool open_file(model_files *files, const char *path)
{
    struct stat info;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)cli_fail("%s: %s", path, strerror(errno));
        return false;
    }
    files->fds[files->n] = fd;
    files->bytes[files->n++] = (uint64_t)info.st_size;
    return true;
}

static void close_files(model_files *files)
{
    for (uint32_t i = 0; i < files->n; i++)
        (void)close(files->fds[i]);
    files->n = 0;
}

/* Bytes read; fewer than asked for at the end of the file or on an error. */
static size_t read_at(const model_files *files, uint32_t file_idx, uint8_t *dst, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t got = pread(files->fds[file_idx], dst + done, n - done, (off_t)(offset + done));
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

static bool describe_file(phi_engine *e, const model_files *files, uint32_t idx)
{
    uint64_t wanted = HEADER_FIRST_BYTES;
    phi_status status;
    do {
        const uint64_t n = wanted < files->bytes[idx] ? wanted : files->bytes[idx];
        uint8_t *room = phi_engine_header_room(e, n);
        if (!room) {
            (void)cli_fail("no memory for a header of %llu bytes", (unsigned long long)n);
            return false;
        }
        const size_t got = read_at(files, idx, room, (size_t)n, 0);
        status = phi_engine_describe(e, idx, got, files->bytes[idx], &wanted);
    } while (status == PHI_NEED_DATA);
    if (status != PHI_OK)
        (void)cli_fail("%s: %s", phi_status_name(status), phi_engine_error(e)->text);
    return status == PHI_OK;
}

static bool describe(phi_engine *e, model_files *files, const char *path)
{
    char name[4096];
    if (!open_file(files, path) || !describe_file(e, files, 0))
        return false;
    for (uint32_t i = 1; i < phi_engine_n_files(e); i++) {
        if (i == FILES_MAX || phi_engine_file_name(e, name, sizeof name, path, i) != PHI_OK) {
            (void)cli_fail("%s: file %u of %u: %s", path, i + 1, phi_engine_n_files(e), phi_engine_error(e)->text);
            return false;
        }
        if (!open_file(files, name) || !describe_file(e, files, i))
            return false;
    }
    return true;
}

static bool load(phi_engine *e, const model_files *files)
{
    phi_status status = phi_engine_reserve(e);
    while (status == PHI_OK && phi_engine_state(e) == PHI_ENGINE_LOADING) {
        size_t n;
        const phi_range *wanted = phi_engine_wants(e, &n);
        for (size_t i = 0; i < n && status == PHI_OK; i++) {
            const size_t got = read_at(files, wanted[i].file_idx, wanted[i].dst, wanted[i].bytes, wanted[i].offset);
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
    model_files files = {.n = 0};
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
    const bool is_good = describe(e, &files, o->model) && (!needs_weights || load(e, &files));
    close_files(&files);
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
