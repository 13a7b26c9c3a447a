/* What the pool asks of the system: threads, one lock, sleeping on a bell. pool_posix.c or pool_wasm.c gives it. */
#ifndef PHI_POOL_OS_H
#define PHI_POOL_OS_H

#include <pthread.h>
#include <stdatomic.h>

#include "pool.h"

enum { PHI_CACHE_LINE = 64 };

/* A counter that threads wait for. Ringing adds one; whoever waits names the count that it has seen, so a ring between
 * looking for work and going to sleep is never lost. */
typedef struct phi_bell {
    _Alignas(PHI_CACHE_LINE) _Atomic uint32_t n_rings;
    _Atomic uint32_t n_asleep;
#ifndef __EMSCRIPTEN__
    pthread_mutex_t mutex;
    pthread_cond_t cond;
#endif
} phi_bell;

void phi_bell_init(phi_bell *bell);
void phi_bell_deinit(phi_bell *bell);
/* Sleeps unless n_rings differs from `seen`. May return early. */
void phi_bell_sleep(phi_bell *bell, uint32_t seen);
/* Wakes all who sleep. */
void phi_bell_wake(phi_bell *bell);

/* Called every microsecond or so by a thread that spins: lets others run where the system has a call for that. */
void phi_os_yield(void);
int32_t phi_os_n_cores(void);

/* phi_pool_create for a machine that has n_cores: tests give it more than there are. */
phi_status phi_pool_create_on_cores(phi_pool **out, phi_arena *arena, int32_t n_threads, int32_t n_cores,
                                    phi_error *err);

#endif
