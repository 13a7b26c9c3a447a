/* Against the C library's snprintf. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "rng.h"
#include "write_text.h"

enum { TEXT_BYTES = 128 };

/* Both texts, their lengths and what a cap leaves of them. */
#define SAME(cap, ...)                                                                                            \
    do {                                                                                                          \
        char got[TEXT_BYTES], expected[TEXT_BYTES];                                                               \
        memset(got, '#', sizeof got);                                                                             \
        memset(expected, '#', sizeof expected);                                                                   \
        const int n_got = phi_write_text(got, (cap), __VA_ARGS__);                                                \
        const int n_expected = snprintf(expected, (cap), __VA_ARGS__);                                            \
        if (n_got != n_expected || memcmp(got, expected, sizeof got) != 0) {                                      \
            check_failed(__FILE__, __LINE__, "got '%s', expected '%s'", (cap) ? got : "", (cap) ? expected : ""); \
            return;                                                                                               \
        }                                                                                                         \
    } while (0)

TEST(base_write_text__integers)
{
    static const int64_t values[] = {0, 1, -1, 9, 10, 255, -4096, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const int64_t v = values[i];
        SAME(TEXT_BYTES, "%d %u %x|%02x %04x %05u", (int)v, (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v,
             (unsigned)v);
        SAME(TEXT_BYTES, "%lld %llu %llx", (long long)v, (unsigned long long)v, (unsigned long long)v);
        SAME(TEXT_BYTES, "%" PRId64 " %" PRIu64 " %zu %ld %lu", v, (uint64_t)v, (size_t)v, (long)v, (unsigned long)v);
        SAME(TEXT_BYTES, "%05d %012lld", (int)v, (long long)v);
    }
}

TEST(base_write_text__strings)
{
    SAME(TEXT_BYTES, "%s", "");
    SAME(TEXT_BYTES, "%s and %s, 100 %%, %c", "one", "t\xc3\xa4o", 'x');
    SAME(TEXT_BYTES, "%.*s|%.*s|%.*s", 2, "long", 0, "none", 9, "short");
    SAME(TEXT_BYTES, "%.3s|%.20s", "abcdef", "abc");
    SAME(TEXT_BYTES, "%.*s", -1, "all of it");
    const char bytes[3] = {'a', 'b', 'c'}; /* without an end */
    SAME(TEXT_BYTES, "%.*s", 3, bytes);
    char text[TEXT_BYTES];
    const char *volatile nothing = NULL; /* a compiler that sees it warns: of the C library's own it is not allowed */
    CHECK_INT(phi_write_text(text, sizeof text, "'%.*s'", 0, nothing), 2);
    CHECK_TEXT(text, "''");
}

TEST(base_write_text__cuts_at_the_cap)
{
    for (size_t cap = 0; cap < 20; cap++)
        SAME(cap, "%s %d %g", "text", 1234, 0.25);
}

TEST(base_write_text__floats)
{
    static const double values[] = {0.0,  -0.0,   1.0,      -1.0,    0.1,      0.5,      2.5,      100.0,     123456.0,
                                    1e5,  1e6,    999999.0, 9999995, 0.0001,   0.00001,  1e-5f,    0.1f,      1e10,
                                    1e22, 1e23,   1e100,    1e-100,  DBL_MAX,  DBL_MIN,  5e-324,   FLT_MAX,   FLT_MIN,
                                    NAN,  1e-45f, INFINITY, -1e300,  10000.0f, 0.00123f, 250000.5, -INFINITY, 4096.25};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        SAME(TEXT_BYTES, "%g|%.9g|%.0g", fabs(values[i]), fabs(values[i]), fabs(values[i]));
        if (!isnan(values[i]))
            SAME(TEXT_BYTES, "%g|%.9g|%.3g|%.1g", values[i], values[i], values[i], values[i]);
    }
}

/* What the JSON of models carries: every binary32 number comes back. */
TEST(base_write_text__random_floats)
{
    phi_rng rng = {1};
    for (int i = 0; i < 200000; i++) {
        const uint32_t bits = phi_rng_u32(&rng) & 0x7fffffffu;
        float x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        SAME(TEXT_BYTES, "%g %.9g", (double)x, (double)x);
    }
}

TEST(base_write_text__leaves_what_it_does_not_know)
{
    char text[TEXT_BYTES];
    const char *const fmt = "a %d b %e c %d"; /* a variable: the compiler would check the arguments */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    CHECK_INT(phi_write_text(text, sizeof text, fmt, 7, 1.0, 8), 13);
    CHECK(strcmp(text, "a 7 b %e c %d") == 0);
    /* C pads these with spaces, or fills up to the precision. */
    static const char *const others[] = {"%5d", "%.3d", "%05.3u", "%5x", "%05g", "%5c"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)phi_write_text(text, sizeof text, others[i], 7);
        CHECK_TEXT(text, others[i]);
    }
#pragma GCC diagnostic pop
    CHECK_INT(phi_write_text(text, sizeof text, "%s", "50 %"), 4);
}
