/* Replays files and folders of inputs through a fuzz target, without a fuzzer: an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inputs replayed, or -1 when something could not be read. */
static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (!f) {
        perror(path);
        return -1;
    }
    for (size_t cap = 4096, got = 1; got > 0; cap *= 2) {
        uint8_t *grown = realloc(bytes, cap);
        if (!grown)
            break;
        bytes = grown;
        got = fread(bytes + n, 1, cap - n, f);
        n += got;
        if (n < cap && feof(f))
            break;
    }
    const int is_bad = ferror(f) || !feof(f);
    (void)fclose(f);
    /* A copy of exactly n bytes lets the sanitizer see reads past the end. */
    uint8_t *exact = bytes ? malloc(n + (n == 0)) : NULL;
    if (is_bad || !exact) {
        fprintf(stderr, "%s: could not be read\n", path);
        free(bytes);
        return -1;
    }
    memcpy(exact, bytes, n);
    free(bytes);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

static int replay_folder(DIR *folder, const char *path)
{
    int n = 0;
    for (const struct dirent *entry = readdir(folder); entry && n >= 0; entry = readdir(folder)) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        n = replay_file(file) < 0 ? -1 : n + 1;
    }
    return n;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const int n = folder ? replay_folder(folder, argv[i]) : replay_file(argv[i]);
        if (folder)
            (void)closedir(folder);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs replayed\n", total);
    return total == 0;
}
