/* Threads and sleeping on POSIX: the mutex of a condition variable makes testing the count and sleeping one step. */
#if defined(PHI_HAS_THREADS) && !defined(__EMSCRIPTEN__)

#include <sched.h>
#include <unistd.h>

#include "pool_os.h"

void phi_bell_init(phi_bell *bell)
{
    pthread_mutex_init(&bell->mutex, NULL);
    pthread_cond_init(&bell->cond, NULL);
}

void phi_bell_deinit(phi_bell *bell)
{
    pthread_cond_destroy(&bell->cond);
    pthread_mutex_destroy(&bell->mutex);
}

void phi_bell_sleep(phi_bell *bell, uint32_t seen)
{
    pthread_mutex_lock(&bell->mutex);
    while (atomic_load(&bell->n_rings) == seen)
        pthread_cond_wait(&bell->cond, &bell->mutex);
    pthread_mutex_unlock(&bell->mutex);
}

void phi_bell_wake(phi_bell *bell)
{
    pthread_mutex_lock(&bell->mutex);
    pthread_cond_broadcast(&bell->cond);
    pthread_mutex_unlock(&bell->mutex);
}

void phi_os_yield(void)
{
    sched_yield();
}

int32_t phi_os_n_cores(void)
{
    const long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    return n_cores < 1 ? 1 : n_cores > INT32_MAX ? INT32_MAX : (int32_t)n_cores;
}

#endif
