/* phi convert: a Hugging Face folder, or a GGUF model, as GGUF. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

enum { PATH_BYTES = 4096, FILES_MAX = 1024, WRITE_BYTES = 8 << 20 };

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

/* "model.gguf" -> "model-00002-of-00003.gguf" */
static bool name_output(char out[PATH_BYTES], const char *path, uint32_t idx, uint32_t n)
{
    const size_t length = strlen(path);
    const bool has_suffix = length > 5 && strcmp(path + length - 5, ".gguf") == 0;
    const int stem = (int)(has_suffix ? length - 5 : length);
    const int written = n == 1 ? snprintf(out, PATH_BYTES, "%s", path)
                               : snprintf(out, PATH_BYTES, "%.*s-%05u-of-%05u.gguf", stem, path, idx + 1, n);
    return written > 0 && written + 8 < PATH_BYTES;
}

static void show_progress(uint64_t done, uint64_t total, double start)
{
    const double seconds = cli_now() - start;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%5.1f %%  %.0f MB/s ", 100.0 * (double)done / (double)total,
                (double)done / 1e6 / (seconds > 0 ? seconds : 1));
}

typedef struct job {
    phi_import *import;
    const int *fds;
    uint64_t done, total;
    double start;
} job;

static bool write_bytes(job *j, FILE *f, uint32_t output)
{
    const uint64_t bytes = phi_import_output_bytes(j->import, output);
    for (uint64_t at = 0; at < bytes;) {
        const uint8_t *piece;
        const size_t most = bytes - at < WRITE_BYTES ? (size_t)(bytes - at) : WRITE_BYTES;
        const size_t n = is_interrupted ? 0 : cli_import_next(j->import, j->fds, output, at, most, &piece);
        if (n == 0)
            return is_interrupted ? cli_fail("interrupted; nothing is left behind") == 0 : false;
        if (fwrite(piece, 1, n, f) != n)
            return cli_fail("%s", strerror(errno)) == 0;
        at += n;
        j->done += n;
        show_progress(j->done, j->total, j->start);
    }
    return true;
}

/* Written under another name: a file that is there is whole. */
static bool write_output(job *j, const char *path, uint32_t output)
{
    char part[PATH_BYTES];
    (void)snprintf(part, sizeof part, "%.4000s.part", path);
    FILE *f = fopen(part, "wb");
    if (!f)
        return cli_fail("%s: %s", part, strerror(errno)) == 0;
    bool is_good = write_bytes(j, f, output);
    is_good = fclose(f) == 0 && is_good;
    if (is_good && rename(part, path) == 0)
        return true;
    if (is_good)
        (void)cli_fail("%s: %s", path, strerror(errno));
    (void)remove(part);
    return false;
}

static bool write_outputs(job *j, const char *path)
{
    const uint32_t n = phi_import_n_outputs(j->import);
    char names[2][PATH_BYTES];
    for (uint32_t k = 0; k < n; k++)
        j->total += phi_import_output_bytes(j->import, k);
    for (uint32_t k = 0; k < n; k++) {
        if (!name_output(names[0], path, k, n))
            return cli_fail("%s: the path is too long", path) == 0;
        if (write_output(j, names[0], k))
            continue;
        for (uint32_t m = 0; m < k; m++) /* a part of a model is none */
            if (name_output(names[1], path, m, n))
                (void)remove(names[1]);
        return false;
    }
    return true;
}

static int run(cli_options *o)
{
    int fds[FILES_MAX];
    uint32_t n_fds = 0;
    phi_import_options options = phi_import_options_default();
    options.linears = o->type;
    const bool is_plain = o->type == PHI_IMPORT_FILE || o->type == PHI_IMPORT_F16;
    options.embedding = o->embedding != PHI_IMPORT_AUTO || !is_plain ? o->embedding : o->type;
    options.output = o->output != PHI_IMPORT_AUTO || !is_plain ? o->output : o->type;
    options.vision = o->vision != PHI_IMPORT_AUTO || !is_plain ? o->vision : o->type;
    options.split_bytes = o->split_bytes;
    if (!o->input || !o->out_path)
        return cli_fail("convert INPUT OUTPUT.gguf: both are needed");
    job j = {.import = cli_import_open(o->input, &options, fds, &n_fds), .fds = fds, .start = cli_now()};
    (void)signal(SIGINT, on_interrupt);
    (void)signal(SIGTERM, on_interrupt);
    const bool is_good = j.import && write_outputs(&j, o->out_path);
    if (is_good)
        fprintf(stderr, "%s%" PRIu64 " bytes in %u file%s, %.1f s\n", isatty(STDERR_FILENO) ? "\r" : "", j.total,
                phi_import_n_outputs(j.import), phi_import_n_outputs(j.import) == 1 ? "" : "s", cli_now() - j.start);
    phi_import_destroy(j.import);
    for (uint32_t k = 0; k < n_fds; k++)
        (void)close(fds[k]);
    return is_good ? 0 : 1;
}

const cli_command cli_convert = {
    "convert", "write a Hugging Face folder, or a GGUF model, as GGUF",
    "usage: phi convert INPUT OUTPUT.gguf [OPTIONS]\n\n"
    "  INPUT                a folder with config.json, tokenizer.json and *.safetensors, or a GGUF file\n"
    "  --type TYPE          of linears: q4_0 (default), q8_0, f16, file (as they are)\n"
    "  --embedding TYPE     of the token embedding (default q8_0; of file and f16, the same)\n"
    "  --output TYPE        of the output matrix (likewise)\n"
    "  --vision TYPE        of the vision encoder (likewise): q8_0, f16, file\n"
    "  --split-bytes N      files of at most N bytes of weights: OUTPUT-00001-of-0000N.gguf\n\n"
    "Weights that are quantised already stay as they are, but q8_0 may become q4_0.\n",
    run};
