/* A small counter-free generator, PCG32 (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
 * Algorithms for Random Number Generation", variant XSH-RR 64/32). Same seed, same numbers, on every platform. */
#ifndef PHI_RNG_H
#define PHI_RNG_H

#include <stdint.h>

typedef struct phi_rng {
    uint64_t state;
} phi_rng;

static inline uint32_t phi_rng_u32(phi_rng *r)
{
    const uint64_t old = r->state;
    r->state = old * 6364136223846793005u + 1442695040888963407u;
    const uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    const uint32_t turn = (uint32_t)(old >> 59);
    return (mixed >> turn) | (mixed << ((32u - turn) & 31u));
}

static inline phi_rng phi_rng_seeded(uint64_t seed)
{
    phi_rng r = {seed + 1442695040888963407u};
    (void)phi_rng_u32(&r);
    return r;
}

/* Uniform in [0, 1): 24 random bits, each value exactly representable. */
static inline float phi_rng_f32(phi_rng *r)
{
    return (float)(phi_rng_u32(r) >> 8) * 0x1p-24f;
}

#endif
