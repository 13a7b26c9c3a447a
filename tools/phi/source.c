#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1024 };

struct cli_source {
    int fds[FILES_MAX];
    uint64_t bytes[FILES_MAX];
    uint32_t n;
    phi_import *import; /* of a folder: what is read is its first output */
};

bool cli_source_open_next(cli_source *s, const char *path)
{
    struct stat info;
    const int fd = s->n < FILES_MAX ? open(path, O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)cli_fail("%s: %s", path, s->n < FILES_MAX ? strerror(errno) : "too many files");
        return false;
    }
    s->fds[s->n] = fd;
    s->bytes[s->n++] = (uint64_t)info.st_size;
    return true;
}

cli_source *cli_source_open(const char *path, const phi_import_options *options)
{
    const phi_import_options standard = phi_import_options_default();
    cli_source *s = calloc(1, sizeof *s);
    if (!s) {
        (void)cli_fail("out of memory");
        return NULL;
    }
    bool is_open;
    if (cli_is_folder(path)) {
        s->import = cli_import_open(path, options ? options : &standard, s->fds, &s->n);
        is_open = s->import != NULL;
        s->bytes[0] = is_open ? phi_import_output_bytes(s->import, 0) : 0;
    } else {
        is_open = cli_source_open_next(s, path);
    }
    if (is_open)
        return s;
    cli_source_close(s);
    return NULL;
}

void cli_source_close(cli_source *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n; i++)
        (void)close(s->fds[i]);
    phi_import_destroy(s->import);
    free(s);
}

uint64_t cli_source_bytes(const cli_source *s, uint32_t file_idx)
{
    return s->bytes[file_idx];
}

static size_t read_file(const cli_source *s, uint32_t file_idx, uint8_t *dst, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t got = pread(s->fds[file_idx], dst + done, n - done, (off_t)(offset + done));
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

size_t cli_source_read(cli_source *s, uint32_t file_idx, uint8_t *dst, size_t n, uint64_t offset)
{
    size_t done = 0;
    if (!s->import)
        return read_file(s, file_idx, dst, n, offset);
    while (done < n && offset + done < s->bytes[0]) {
        const uint8_t *bytes;
        const size_t got = cli_import_next(s->import, s->fds, 0, offset + done, n - done, &bytes);
        if (got == 0)
            break;
        memcpy(dst + done, bytes, got);
        done += got;
    }
    return done;
}
