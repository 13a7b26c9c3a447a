#include "elementary.h"

#include <stdint.h>
#include <string.h>

/* ln 2 and pi/2 in two parts: the high ones end in zeros, so that a whole number of 20 bits times them is exact. */
#define LN2_HIGH      0x1.62e42feep-1
#define LN2_LOW       0x1.a39ef35793c76p-33
#define LOG2E         0x1.71547652b82fep+0
#define HALF_PI_HIGH  0x1.921fb544p+0
#define HALF_PI_LOW   0x1.0b4611a626331p-34
#define TWO_OVER_PI   0x1.45f306dc9c883p-1
#define SQRT2         0x1.6a09e667f3bcdp+0
#define ROUND         0x1.8p+52 /* added: the nearest whole number, in the low mantissa bits */
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = m * 2^e with m about 1;  log m = 2 artanh s,  s = (m - 1) / (m + 1),  s^2 < 0.0295. */
double phi_log(double x)
{
    const uint64_t mantissa_mask = ((uint64_t)1 << MANTISSA_BITS) - 1;
    const uint64_t bits = bits_of(x);
    int64_t e = (int64_t)(bits >> MANTISSA_BITS) - EXPONENT_BIAS;
    double m = from_bits((bits & mantissa_mask) | (uint64_t)EXPONENT_BIAS << MANTISSA_BITS);
    if (m > SQRT2) {
        m *= 0.5;
        e++;
    }
    const double s = (m - 1.0) / (m + 1.0);
    const double s2 = s * s;
    double series = 0;
    for (int k = 21; k >= 1; k -= 2)
        series = series * s2 + 1.0 / k;
    return (double)e * LN2_HIGH + ((double)e * LN2_LOW + 2.0 * s * series);
}

/* exp x = 2^n exp r,  |r| < 0.347. */
static double exponential(double x)
{
    const double shifted = x * LOG2E + ROUND;
    const double n = shifted - ROUND;
    const double r = (x - n * LN2_HIGH) - n * LN2_LOW;
    double series = 1;
    for (int k = 14; k >= 1; k--)
        series = 1.0 + series * (r / k);
    return series * from_bits((bits_of(shifted) + EXPONENT_BIAS) << MANTISSA_BITS);
}

double phi_pow(double x, double y)
{
    return exponential(y * phi_log(x));
}

/* x = n pi/2 + r,  |r| < 0.786: n modulo 4 says which series, with which sign. */
void phi_sin_cos(double *sine, double *cosine, double x)
{
    const double shifted = x * TWO_OVER_PI + ROUND;
    const double n = shifted - ROUND;
    const double r = (x - n * HALF_PI_HIGH) - n * HALF_PI_LOW;
    const double r2 = r * r;
    double s = 1;
    double c = 1;
    for (int k = 17; k >= 3; k -= 2) {
        s = 1.0 - s * (r2 / (k * (k - 1)));
        c = 1.0 - c * (r2 / ((k - 1) * (k - 2)));
    }
    s *= r;
    const unsigned quadrant = (unsigned)bits_of(shifted) & 3u;
    const double u = quadrant & 1u ? c : s;
    const double v = quadrant & 1u ? s : c;
    *sine = quadrant & 2u ? -u : u;
    *cosine = quadrant == 1 || quadrant == 2 ? -v : v;
}
