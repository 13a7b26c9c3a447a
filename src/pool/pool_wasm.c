/* Threads and sleeping in WebAssembly. Emscripten's threads are workers that the page starts beforehand
 * (PTHREAD_POOL_SIZE); with PTHREAD_POOL_SIZE_STRICT=2, asking for more than there are fails instead of waiting for an
 * event loop that the pool blocks. Thread 0 must not be the page's main thread, which may not wait. */
#if defined(PHI_HAS_THREADS) && defined(__EMSCRIPTEN__)

#include <emscripten/threading.h>
#include <math.h>

#include "pool_os.h"

void phi_bell_init(phi_bell *bell)
{
    atomic_init(&bell->n_rings, 0);
}

void phi_bell_deinit(phi_bell *bell)
{
    (void)bell;
}

/* Not the bare wait instruction: a thread that crashes wakes thread 0 out of Emscripten's wait, which then does not
 * come back but leaves WebAssembly with the exception "unwind" (web/abi/module.ts). With the bare one, thread 0 would
 * wait for ever for the tasks of a thread that is gone. */
void phi_bell_sleep(phi_bell *bell, uint32_t seen)
{
    emscripten_futex_wait(&bell->n_rings, seen, INFINITY);
}

void phi_bell_wake(phi_bell *bell)
{
    emscripten_futex_wake(&bell->n_rings, INT32_MAX);
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
