/* Threads and sleeping in WebAssembly. Emscripten's threads are workers that the page starts beforehand
 * (PTHREAD_POOL_SIZE); with PTHREAD_POOL_SIZE_STRICT=2, asking for more than there are fails instead of waiting for an
 * event loop that the pool blocks. Thread 0 must not be the page's main thread, which may not wait. */
#if defined(PHI_HAS_THREADS) && defined(__EMSCRIPTEN__)

#include <emscripten/threading.h>

#include "pool_os.h"

/* The wait and notify instructions take a plain pointer. */
static int *word_of(phi_bell *bell)
{
    return (int *)(void *)&bell->n_rings;
}

void phi_bell_init(phi_bell *bell)
{
    atomic_init(&bell->n_rings, 0);
}

void phi_bell_deinit(phi_bell *bell)
{
    (void)bell;
}

void phi_bell_sleep(phi_bell *bell, uint32_t seen)
{
    __builtin_wasm_memory_atomic_wait32(word_of(bell), (int)seen, -1);
}

void phi_bell_wake(phi_bell *bell)
{
    __builtin_wasm_memory_atomic_notify(word_of(bell), UINT32_MAX);
}

/* A worker cannot yield: it sleeps or it runs. */
void phi_os_yield(void)
{
}

int32_t phi_os_n_cores(void)
{
    return emscripten_num_logical_cores();
}

#endif
