/* Fork-join over a fixed set of threads: the only place where threads exist. The calling thread is thread 0 and works
 * too; a pool of one has no other thread and works in builds without threads.
 *
 * Results never depend on the number of threads: a task computes the same whichever thread runs it, and tasks share no
 * output. Tasks are drawn one by one from an atomic counter, so a slow core delays its own task only. */
#ifndef PHI_POOL_H
#define PHI_POOL_H

#include "arena.h"

typedef struct phi_pool phi_pool;

/* task_idx in [0, n_tasks); thread_idx in [0, phi_pool_n_threads()), for per-thread scratch. */
typedef void phi_task_fn(void *ctx, int32_t task_idx, int32_t thread_idx);

/* n_threads in [1, PHI_LIMIT_THREADS]. The pool lives in `arena`; destroy it before the arena. If the system gives
 * fewer threads than asked for, the pool has as many as it got (phi_pool_n_threads()). */
phi_status phi_pool_create(phi_pool **out, phi_arena *arena, int32_t n_threads, phi_error *err);
void phi_pool_destroy(phi_pool *pool); /* NULL is fine; waits for the threads */

int32_t phi_pool_n_threads(const phi_pool *pool);

/* Runs fn for every task and returns when all are done; memory written by tasks is visible to the caller. Called by
 * thread 0 only, not from a task. Between runs, idle threads spin for some tens of microseconds, then sleep. */
void phi_pool_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx);

/* Hands one job to an idle thread (thread_idx >= 1) and returns at once; jobs run in the order posted, each on one
 * thread. A pool of one runs it on the spot, thread_idx 0. At most PHI_POOL_JOBS_MAX are queued: when full, the caller
 * runs the oldest itself. run() first drains the jobs. */
enum { PHI_POOL_JOBS_MAX = 16 };
void phi_pool_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx);
/* Returns when every posted job is done; the caller helps. */
void phi_pool_drain(phi_pool *pool);
/* Runs the oldest job that no thread has begun; false when there is none. Called by thread 0 only. */
bool phi_pool_help(phi_pool *pool);

/* Microseconds on a monotonic clock. */
double phi_pool_now_us(void);

#endif
