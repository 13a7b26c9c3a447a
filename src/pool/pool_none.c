/* The pool of one, for builds without threads. */
#ifndef PHI_HAS_THREADS

#include "limits.h"
#include "pool.h"

struct phi_pool {
    int32_t n_threads;
};

phi_status phi_pool_create(phi_pool **out, phi_arena *arena, int32_t n_threads, phi_error *err)
{
    if (n_threads < 1 || n_threads > PHI_LIMIT_THREADS)
        return phi_fail(err, PHI_EINVAL, "threads: expected 1 to %d, got %d", PHI_LIMIT_THREADS, n_threads);
    phi_pool *pool = phi_arena_zeroed(arena, phi_pool, 1);
    if (!pool)
        return phi_fail(err, PHI_ENOMEM, "thread pool: no memory");
    pool->n_threads = 1;
    *out = pool;
    return PHI_OK;
}

void phi_pool_destroy(phi_pool *pool)
{
    (void)pool;
}

int32_t phi_pool_n_threads(const phi_pool *pool)
{
    return pool->n_threads;
}

void phi_pool_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx)
{
    (void)pool;
    for (int32_t i = 0; i < n_tasks; i++)
        fn(ctx, i, 0);
}

void phi_pool_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx)
{
    (void)pool;
    fn(ctx, task_idx, 0);
}

void phi_pool_drain(phi_pool *pool)
{
    (void)pool;
}

bool phi_pool_help(phi_pool *pool)
{
    (void)pool;
    return false;
}

#endif
