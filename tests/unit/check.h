/* A small test runner. A file dropped into a test folder is picked up by CMake; each TEST registers itself.
 *
 *   TEST(format_gguf__rejects_truncated_string)
 *   {
 *       CHECK_INT(status, PHI_ECORRUPT);
 *   }
 *
 * A failed check prints both values, counts, and leaves the test function. `-s WORD` runs the tests whose name contains
 * WORD; `-l` lists them. The data folder (tests/) is given by `-d DIR`, default PHI_TESTS_DIR of the build. */
#ifndef PHI_CHECK_H
#define PHI_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
} check_test;

void check_register(check_test *test);
void check_failed(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void check_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* says so loudly; then return */

/* A file below the data folder, malloc'ed and NUL-terminated behind its end; NULL if it cannot be read. Caller
 * frees. */
uint8_t *check_read_file(const char *relative_path, size_t *n_out);

#define TEST(test_name)                                                 \
    static void test_##test_name(void);                                 \
    __attribute__((constructor)) static void register_##test_name(void) \
    {                                                                   \
        static check_test test = {#test_name, test_##test_name, NULL};  \
        check_register(&test);                                          \
    }                                                                   \
    static void test_##test_name(void)

#define CHECK(cond)                                        \
    do {                                                   \
        if (!(cond)) {                                     \
            check_failed(__FILE__, __LINE__, "%s", #cond); \
            return;                                        \
        }                                                  \
    } while (0)

#define CHECK_INT(got, expected)                                                                              \
    do {                                                                                                      \
        const long long check_got = (long long)(got), check_expected = (long long)(expected);                 \
        if (check_got != check_expected) {                                                                    \
            check_failed(__FILE__, __LINE__, "%s: got %lld, expected %lld", #got, check_got, check_expected); \
            return;                                                                                           \
        }                                                                                                     \
    } while (0)

#define CHECK_NEAR(got, expected, tolerance)                                                                 \
    do {                                                                                                     \
        const double check_got = (double)(got), check_expected = (double)(expected);                         \
        const double check_delta = check_got > check_expected ? check_got - check_expected                   \
                                                              : check_expected - check_got;                  \
        if (!(check_delta <= (double)(tolerance))) {                                                         \
            check_failed(__FILE__, __LINE__, "%s: got %.9g, expected %.9g, tolerance %.3g", #got, check_got, \
                         check_expected, (double)(tolerance));                                               \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

#define CHECK_TEXT(got, expected)                                                                         \
    do {                                                                                                  \
        if (!check_text_equal((got), (expected))) {                                                       \
            check_failed(__FILE__, __LINE__, "%s: got \"%s\", expected \"%s\"", #got, (got), (expected)); \
            return;                                                                                       \
        }                                                                                                 \
    } while (0)

bool check_text_equal(const char *a, const char *b);

#endif
