/* Logarithm, power, sine and cosine in double precision, for the few places that are not hot: frequencies and angles of
 * rotary positions, one logarithm a token. A C library brings tables of kilobytes for its last half ulp; these are
 * series of a few lines, whose errors what is rounded to binary32 afterwards cannot tell. Plain IEEE operations in a
 * fixed order: the same bits on every machine, in WebAssembly and natively. */
#ifndef PHI_ELEMENTARY_H
#define PHI_ELEMENTARY_H

/* Natural logarithm of a positive, finite, normal x; within 2^-50 of it, relatively. */
double phi_log(double x);

/* x^y = exp(y log x) for such an x and |y log x| < 700; within (1 + 9/8 |y log x|) 2^-50 of it, relatively. The
 * exponent is off by |y log x| times the logarithm's 2^-50 and the product's rounding, 2^-53, and its absolute error is
 * the relative one of the power; the exponential's own is below 2^-50. */
double phi_pow(double x, double y);

/* Of an angle in radians. |x| < 2^20 gives them within 2^-50, absolutely, |x| < 2^27 that of binary32; beyond, where
 * neighbouring binary32 angles are turns apart, some numbers. */
void phi_sin_cos(double *sine, double *cosine, double x);

#endif
