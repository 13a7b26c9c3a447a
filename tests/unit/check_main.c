#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static check_test *tests;
static const char *data_folder = PHI_TESTS_DIR;
static const char *running;
static int n_failed_checks;
static int n_skipped;

void check_register(check_test *test)
{
    check_test **at = &tests;
    while (*at && strcmp((*at)->name, test->name) < 0)
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

void check_failed(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    printf("FAILED %s\n  %s:%d: ", running, file, line);
    vprintf(fmt, args);
    printf("\n");
    va_end(args);
    n_failed_checks++;
}

void check_skip(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    printf("SKIPPED %s: ", running);
    vprintf(fmt, args);
    printf("\n");
    va_end(args);
    n_skipped++;
}

bool check_text_equal(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

uint8_t *check_read_file(const char *relative_path, size_t *n_out)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", data_folder, relative_path);
    FILE *f = fopen(path, "rb");
    *n_out = 0;
    if (!f)
        return NULL;
    (void)fseek(f, 0, SEEK_END);
    const long n = ftell(f);
    (void)fseek(f, 0, SEEK_SET);
    uint8_t *bytes = n >= 0 ? malloc((size_t)n + 1) : NULL;
    if (bytes && fread(bytes, 1, (size_t)n, f) == (size_t)n) {
        bytes[n] = 0;
        *n_out = (size_t)n;
    } else {
        free(bytes);
        bytes = NULL;
    }
    (void)fclose(f);
    return bytes;
}

int main(int argc, char **argv)
{
    const char *filter = "";
    bool lists = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0)
            lists = true;
        else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc)
            data_folder = argv[++i];
        else {
            fprintf(stderr, "usage: %s [-l] [-s WORD] [-d DIR]\n", argv[0]);
            return 2;
        }
    }
    int n_passed = 0;
    int n_failed = 0;
    for (const check_test *t = tests; t; t = t->next) {
        if (!strstr(t->name, filter))
            continue;
        running = t->name;
        if (lists) {
            printf("%s\n", t->name);
            continue;
        }
        const int failed_before = n_failed_checks;
        const int skipped_before = n_skipped;
        t->run();
        if (n_failed_checks > failed_before)
            n_failed++;
        else if (n_skipped == skipped_before)
            n_passed++;
        (void)fflush(stdout);
    }
    if (!lists)
        printf("%d passed, %d failed, %d skipped\n", n_passed, n_failed, n_skipped);
    (void)fflush(stdout); /* a leak report ends the process without flushing */
    return n_failed > 0 || (!lists && n_passed + n_skipped == 0);
}
