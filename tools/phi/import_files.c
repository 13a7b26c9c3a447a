/* The files of a model for src/import: a Hugging Face folder, or GGUF. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

enum { FILES_MAX = 1024, HEADER_FIRST_BYTES = 1 << 20, PATH_BYTES = 4096 };

bool cli_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static size_t read_all(int fd, uint8_t *dst, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t got = pread(fd, dst + done, n - done, (off_t)(offset + done));
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

/* A whole small file; one that is optional may be missing. */
static bool add_file(phi_import *i, const char *folder, const char *name, bool is_optional)
{
    char path[PATH_BYTES];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (is_optional && access(path, F_OK) != 0)
        return true;
    char *text = cli_read_file(path, &n);
    uint8_t *room = text ? phi_import_room(i, n) : NULL;
    if (room)
        memcpy(room, text, n);
    free(text);
    if (!text)
        return false;
    if (!room || phi_import_add(i, name, n) != PHI_OK) {
        (void)cli_fail("%s: %s", path, room ? phi_import_error(i)->text : "too large, or no memory");
        return false;
    }
    return true;
}

static bool add_name(phi_import *i, const char *folder)
{
    char path[PATH_BYTES];
    if (!realpath(folder, path))
        (void)snprintf(path, sizeof path, "%s", folder);
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    uint8_t *room = phi_import_room(i, strlen(name));
    if (!room)
        return cli_fail("no memory") == 0;
    memcpy(room, name, strlen(name));
    return phi_import_add(i, "name", strlen(name)) == PHI_OK;
}

static bool add_folder(phi_import *i, const char *folder)
{
    static const struct {
        const char *name;
        bool is_optional;
    } files[] = {{"config.json", false},
                 {"tokenizer.json", false},
                 {"tokenizer_config.json", true},
                 {"generation_config.json", true},
                 {"preprocessor_config.json", true},
                 {"chat_template.jinja", true},
                 {"model.safetensors.index.json", true}};
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++)
        if (!add_file(i, folder, files[k].name, files[k].is_optional))
            return false;
    return add_name(i, folder);
}

static bool describe_file(phi_import *i, int fd, uint32_t idx, uint64_t file_bytes)
{
    uint64_t wanted = HEADER_FIRST_BYTES;
    phi_status status;
    do {
        const uint64_t n = wanted < file_bytes ? wanted : file_bytes;
        uint8_t *room = phi_import_room(i, n);
        if (!room)
            return cli_fail("no memory for a header of %llu bytes", (unsigned long long)n) == 0;
        status = phi_import_describe(i, idx, read_all(fd, room, (size_t)n, 0), file_bytes, &wanted);
    } while (status == PHI_NEED_DATA);
    return status == PHI_OK;
}

/* The source file `idx` of a model at `path`. */
static bool name_file(char out[PATH_BYTES], phi_import *i, const char *path, uint32_t idx)
{
    if (cli_is_folder(path))
        return snprintf(out, PATH_BYTES, "%s/%s", path, phi_import_file_name(i, idx)) < PATH_BYTES;
    const uint32_t n = phi_import_n_files(i);
    (void)snprintf(out, PATH_BYTES, "%s", path);
    char *mark = strstr(out, "-00001-of-");
    if (idx == 0)
        return true;
    if (!mark)
        return cli_fail("%s: file 1 of %u, whose name does not hold \"-00001-of-%05u\"", path, n, n) == 0;
    char digits[8];
    (void)snprintf(digits, sizeof digits, "%05u", (unsigned)(idx + 1) % 100000u);
    memcpy(mark + 1, digits, 5);
    return true;
}

static bool describe_files(phi_import *i, const char *path, int *fds, uint32_t *n_fds)
{
    for (uint32_t idx = 0; idx < phi_import_n_files(i); idx++) {
        char name[PATH_BYTES];
        struct stat info;
        if (idx == FILES_MAX)
            return cli_fail("%s: %u files, expected at most %d", path, phi_import_n_files(i), FILES_MAX) == 0;
        if (!name_file(name, i, path, idx))
            return false;
        const int fd = open(name, O_RDONLY);
        if (fd < 0 || fstat(fd, &info) != 0)
            return cli_fail("%s: %s", name, strerror(errno)) == 0;
        fds[(*n_fds)++] = fd;
        if (!describe_file(i, fd, idx, (uint64_t)info.st_size))
            return cli_fail("%s: %s", name, phi_import_error(i)->text) == 0;
    }
    if (phi_import_finish(i) == PHI_OK)
        return true;
    return cli_fail("%s: %s", path, phi_import_error(i)->text) == 0;
}

phi_import *cli_import_open(const char *path, const phi_import_options *options, int *fds, uint32_t *n_fds)
{
    phi_import *i = NULL;
    phi_error error;
    *n_fds = 0;
    if (phi_import_create(&i, options, &error) != PHI_OK) {
        (void)cli_fail("%s", error.text);
        return NULL;
    }
    if ((!cli_is_folder(path) || add_folder(i, path)) && describe_files(i, path, fds, n_fds))
        return i;
    phi_import_destroy(i);
    return NULL;
}

size_t cli_import_next(phi_import *i, const int *fds, uint32_t output, uint64_t offset, size_t n, const uint8_t **bytes)
{
    phi_import_range r;
    uint32_t got = 0;
    const uint32_t most = n > 1u << 30 ? 1u << 30 : (uint32_t)n;
    phi_status status = phi_import_ask(i, output, offset, most, &r);
    if (status == PHI_OK && r.bytes > 0 && read_all(fds[r.file_idx], r.dst, r.bytes, r.offset) != r.bytes) {
        (void)cli_fail("source file %u: the file ends before byte %llu", (unsigned)r.file_idx,
                       (unsigned long long)(r.offset + r.bytes));
        return 0;
    }
    if (status == PHI_OK)
        status = phi_import_take(i, bytes, &got);
    if (status != PHI_OK)
        (void)cli_fail("%s: %s", phi_status_name(status), phi_import_error(i)->text);
    return status == PHI_OK ? got : 0;
}
