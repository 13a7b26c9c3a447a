/* Size arithmetic that cannot wrap. Each returns false, and leaves *out alone, when the true result does not fit. */
#ifndef PHI_CHECKED_H
#define PHI_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(void *) == 4 || sizeof(void *) == 8, "32- or 64-bit addresses");

static inline bool phi_add_u64(uint64_t *out, uint64_t a, uint64_t b)
{
    if (a > UINT64_MAX - b)
        return false;
    *out = a + b;
    return true;
}

static inline bool phi_mul_u64(uint64_t *out, uint64_t a, uint64_t b)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *out = a * b;
    return true;
}

static inline bool phi_mul_size(size_t *out, size_t a, size_t b)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

/* A file quantity as an in-memory size: fails where size_t is 32 bits and the value is not. */
static inline bool phi_to_size(size_t *out, uint64_t a)
{
    if (a > SIZE_MAX)
        return false;
    *out = (size_t)a;
    return true;
}

/* Smallest multiple of `step` (a power of two) that is >= a. The caller knows that a + step - 1 fits. */
static inline uint64_t phi_round_up(uint64_t a, uint64_t step)
{
    return (a + step - 1) & ~(step - 1);
}

#endif
