/* The monotonic clock. */
#include "pool.h"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>

/* Milliseconds of performance.now(): one call out of WebAssembly, half as dear as the 64-bit clock_gettime. */
double phi_pool_now_us(void)
{
    return emscripten_get_now() * 1e3;
}
#else
#include <time.h>

double phi_pool_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}
#endif
