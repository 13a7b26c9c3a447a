/* Against the C library's functions, which round within an ulp or so. */
#include <math.h>

#include "check.h"
#include "elementary.h"
#include "rng.h"

enum { N_RANDOM = 200000 };

static const double PRECISION = 0x1p-50;

static double between(phi_rng *rng, double low, double high)
{
    return low + (high - low) * (double)phi_rng_u32(rng) * 0x1p-32;
}

TEST(base_elementary__logarithm_is_that_of_the_library)
{
    phi_rng rng = {1};
    CHECK(phi_log(1.0) == 0.0);
    for (int i = 0; i < N_RANDOM; i++) {
        const double x = i % 2 ? between(&rng, 0.5, 2.0) : exp(between(&rng, -80, 80));
        CHECK(fabs(phi_log(x) - log(x)) <= PRECISION * fabs(log(x)));
    }
}

TEST(base_elementary__power_is_that_of_the_library)
{
    phi_rng rng = {2};
    CHECK(phi_pow(10000.0, 0.0) == 1.0);
    for (int i = 0; i < N_RANDOM; i++) {
        const double x = exp(between(&rng, -5, 20)), y = between(&rng, -1, 1);
        const double bound = (1 + 9.0 / 8 * fabs(y * log(x))) * PRECISION; /* elementary.h */
        CHECK(fabs(phi_pow(x, y) - pow(x, y)) <= bound * pow(x, y));
    }
}

/* The promise is absolute: what is left of an angle near a multiple of pi/2 is as exact as the two parts of it. */
TEST(base_elementary__sine_and_cosine_are_those_of_the_library)
{
    phi_rng rng = {3};
    for (int i = 0; i < N_RANDOM; i++) {
        const double x = i % 2 ? between(&rng, -0x1p20, 0x1p20) : between(&rng, -7, 7);
        double sine, cosine;
        phi_sin_cos(&sine, &cosine, x);
        CHECK(fabs(sine - sin(x)) <= PRECISION && fabs(cosine - cos(x)) <= PRECISION);
    }
}

/* The same binary32 number as the library's, but where a double lies within its own error of the middle of two. */
TEST(base_elementary__rotary_tables_round_as_those_of_the_library)
{
    int n_other = 0, n = 0;
    for (int i = 0; i < 48; i++) {
        const float power = (float)phi_pow(10000.0, (double)((float)(2 * i) / 96.0f));
        CHECK(power == (float)pow(10000.0, (double)((float)(2 * i) / 96.0f)));
        for (int position = 0; position < 131072; position += 61) {
            const float angle = (float)position * (1.0f / power);
            double sine, cosine;
            phi_sin_cos(&sine, &cosine, (double)angle);
            n_other += (float)sine != (float)sin((double)angle);
            n_other += (float)cosine != (float)cos((double)angle);
            n += 2;
        }
    }
    CHECK_INT(n, 206304);
    CHECK_INT(n_other, 0);
}

TEST(base_elementary__angles_out_of_range_do_not_trap)
{
    static const double angles[] = {0.0, -0.0, 0x1p60, -0x1p300, 1e308, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof angles / sizeof angles[0]; i++) {
        double sine = 2, cosine = 2;
        phi_sin_cos(&sine, &cosine, angles[i]);
        CHECK(sine != 2 && cosine != 2);
    }
}
