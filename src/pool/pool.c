/* The pool on threads.
 *
 *   run   thread 0 writes the call (fn, ctx, n_tasks), stores the number of tasks left, rings `team`; everyone draws
 *         tasks until none is left. The run is over when n_done is n_tasks: no thread need have woken up for it, so one
 *         that the system does not schedule delays only the tasks it has drawn.
 *   draw  `tasks` holds run number << 32 | tasks left. A successful compare-and-swap of one task less is the licence to
 *         read the call: it cannot change before this task is reported done. A thread that comes late to an old run
 *         finds nothing left or another run number.
 *   sleep A waiting thread spins for SPIN_US, then sleeps. Between prompts everyone sleeps.
 *
 * Threads past the number of cores stay out of runs: they could only take turns with the others, at a context switch
 * each. They wait at `reserve`, for jobs. */
#ifdef PHI_HAS_THREADS

#include "limits.h"
#include "pool_os.h"

static const double SPIN_US = 50;
/* About a microsecond: a pause takes 40 to 140 cycles, and WebAssembly has none. */
#ifdef __EMSCRIPTEN__
enum { SPINS_PER_CLOCK = 1024 };
#else
enum { SPINS_PER_CLOCK = 64 };
#endif

typedef struct phi_job {
    phi_task_fn *fn;
    void *ctx;
    int32_t task_idx;
} phi_job;

typedef struct phi_worker {
    phi_pool *pool;
    pthread_t thread;
    int32_t thread_idx;
    phi_bell *bell; /* team or reserve */
} phi_worker;

struct phi_pool {
    phi_bell team;    /* rung for runs, jobs and the end */
    phi_bell reserve; /* rung for jobs and the end */
    phi_bell joiner;  /* where thread 0 waits: rung when a run or the last job is done */
    _Alignas(PHI_CACHE_LINE) _Atomic uint64_t tasks;
    _Alignas(PHI_CACHE_LINE) _Atomic int32_t n_done;
    _Alignas(PHI_CACHE_LINE) phi_task_fn *fn; /* the call of this run */
    void *ctx;
    int32_t n_tasks;
    uint32_t run_number;
    _Atomic bool is_ending;
    int32_t n_threads;
    phi_worker *workers; /* [n_threads - 1], thread_idx from 1 */
    _Alignas(PHI_CACHE_LINE) pthread_mutex_t jobs_mutex;
    phi_job jobs[PHI_POOL_JOBS_MAX]; /* ring, guarded by the mutex */
    int32_t first_job, n_jobs;
    _Atomic int32_t n_open_jobs; /* posted, not finished */
};

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void ring(phi_bell *bell)
{
    /* Sequentially consistent on both sides: either the sleeper sees the new count or we see the sleeper. */
    atomic_fetch_add(&bell->n_rings, 1);
    if (atomic_load(&bell->n_asleep) > 0)
        phi_bell_wake(bell);
}

static bool is_rung(phi_bell *bell, uint32_t seen)
{
    return atomic_load_explicit(&bell->n_rings, memory_order_acquire) != seen;
}

static bool spin_for_ring(phi_bell *bell, uint32_t seen)
{
    for (int i = 0; i < SPINS_PER_CLOCK; i++) {
        if (is_rung(bell, seen))
            return true;
        spin_pause();
    }
    return false;
}

static void wait_for_ring(phi_bell *bell, uint32_t seen)
{
    if (spin_for_ring(bell, seen)) /* the clock is a call out of WebAssembly: most waits end before it is asked */
        return;
    const double start_us = phi_pool_now_us();
    do {
        phi_os_yield();
        if (spin_for_ring(bell, seen))
            return;
    } while (phi_pool_now_us() - start_us < SPIN_US);
    while (!is_rung(bell, seen)) {
        atomic_fetch_add(&bell->n_asleep, 1);
        phi_bell_sleep(bell, seen);
        atomic_fetch_sub(&bell->n_asleep, 1);
    }
}

/* Takes one task of the current run. True fixes fn, ctx and n_tasks until the task is reported. */
static bool draw_task(phi_pool *pool, int32_t *task_idx)
{
    uint64_t word = atomic_load_explicit(&pool->tasks, memory_order_acquire);
    while ((uint32_t)word != 0) {
        if (atomic_compare_exchange_weak_explicit(&pool->tasks, &word, word - 1, memory_order_acq_rel,
                                                  memory_order_acquire)) {
            *task_idx = pool->n_tasks - (int32_t)(uint32_t)word;
            return true;
        }
    }
    return false;
}

/* Works until no task is left; true if that was the last report of the run. */
static bool work_on_tasks(phi_pool *pool, int32_t thread_idx)
{
    int32_t n_finished = 0, n_tasks = 0, task_idx;
    while (draw_task(pool, &task_idx)) {
        n_tasks = pool->n_tasks;
        pool->fn(pool->ctx, task_idx, thread_idx);
        n_finished++;
    }
    if (n_finished == 0)
        return false;
    return atomic_fetch_add_explicit(&pool->n_done, n_finished, memory_order_acq_rel) + n_finished == n_tasks;
}

static bool take_job(phi_pool *pool, phi_job *job)
{
    if (atomic_load(&pool->n_open_jobs) == 0)
        return false;
    pthread_mutex_lock(&pool->jobs_mutex);
    const bool has_job = pool->n_jobs > 0;
    if (has_job) {
        *job = pool->jobs[pool->first_job];
        pool->first_job = (pool->first_job + 1) % PHI_POOL_JOBS_MAX;
        pool->n_jobs--;
    }
    pthread_mutex_unlock(&pool->jobs_mutex);
    return has_job;
}

static bool work_on_job(phi_pool *pool, int32_t thread_idx)
{
    phi_job job;
    if (!take_job(pool, &job))
        return false;
    job.fn(job.ctx, job.task_idx, thread_idx);
    if (atomic_fetch_sub(&pool->n_open_jobs, 1) == 1)
        ring(&pool->joiner);
    return true;
}

static void work_on_jobs(phi_pool *pool, int32_t thread_idx)
{
    while (work_on_job(pool, thread_idx)) {
    }
}

static void *worker_main(void *arg)
{
    const phi_worker *worker = arg;
    phi_pool *pool = worker->pool;
    const bool is_team = worker->bell == &pool->team;
    for (;;) {
        const uint32_t seen = atomic_load_explicit(&worker->bell->n_rings, memory_order_acquire);
        if (is_team && work_on_tasks(pool, worker->thread_idx))
            ring(&pool->joiner);
        work_on_jobs(pool, worker->thread_idx);
        if (atomic_load(&pool->is_ending))
            return NULL;
        wait_for_ring(worker->bell, seen);
    }
}

phi_status phi_pool_create_on_cores(phi_pool **out, phi_arena *arena, int32_t n_threads, int32_t n_cores,
                                    phi_error *err)
{
    if (n_threads < 1 || n_threads > PHI_LIMIT_THREADS)
        return phi_fail(err, PHI_EINVAL, "threads: expected 1 to %d, got %d", PHI_LIMIT_THREADS, n_threads);
    phi_pool *pool = phi_arena_zeroed(arena, phi_pool, 1);
    phi_worker *workers = phi_arena_zeroed(arena, phi_worker, (size_t)n_threads);
    if (!pool || !workers)
        return phi_fail(err, PHI_ENOMEM, "thread pool: no memory for %d threads", n_threads);
    phi_bell_init(&pool->team);
    phi_bell_init(&pool->reserve);
    phi_bell_init(&pool->joiner);
    pthread_mutex_init(&pool->jobs_mutex, NULL);
    pool->workers = workers;
    pool->n_threads = 1;
    while (pool->n_threads < n_threads) {
        phi_worker *worker = &workers[pool->n_threads - 1];
        worker->pool = pool;
        worker->thread_idx = pool->n_threads;
        worker->bell = worker->thread_idx < n_cores ? &pool->team : &pool->reserve;
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
            break;
        pool->n_threads++;
    }
    *out = pool;
    return PHI_OK;
}

phi_status phi_pool_create(phi_pool **out, phi_arena *arena, int32_t n_threads, phi_error *err)
{
    return phi_pool_create_on_cores(out, arena, n_threads, phi_os_n_cores(), err);
}

void phi_pool_destroy(phi_pool *pool)
{
    if (!pool)
        return;
    phi_pool_drain(pool);
    atomic_store(&pool->is_ending, true);
    ring(&pool->team);
    ring(&pool->reserve);
    for (int32_t i = 0; i < pool->n_threads - 1; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_mutex_destroy(&pool->jobs_mutex);
    phi_bell_deinit(&pool->joiner);
    phi_bell_deinit(&pool->reserve);
    phi_bell_deinit(&pool->team);
}

int32_t phi_pool_n_threads(const phi_pool *pool)
{
    return pool->n_threads;
}

void phi_pool_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx)
{
    phi_pool_drain(pool);
    if (n_tasks <= 1 || pool->n_threads == 1) {
        for (int32_t i = 0; i < n_tasks; i++)
            fn(ctx, i, 0);
        return;
    }
    pool->fn = fn;
    pool->ctx = ctx;
    pool->n_tasks = n_tasks;
    pool->run_number++;
    atomic_store_explicit(&pool->n_done, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->tasks, (uint64_t)pool->run_number << 32 | (uint32_t)n_tasks, memory_order_release);
    ring(&pool->team);
    if (work_on_tasks(pool, 0))
        return;
    for (;;) {
        const uint32_t seen = atomic_load_explicit(&pool->joiner.n_rings, memory_order_acquire);
        if (atomic_load_explicit(&pool->n_done, memory_order_acquire) == n_tasks)
            return;
        wait_for_ring(&pool->joiner, seen);
    }
}

void phi_pool_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx)
{
    if (pool->n_threads == 1) {
        fn(ctx, task_idx, 0);
        return;
    }
    phi_job oldest = {0};
    pthread_mutex_lock(&pool->jobs_mutex);
    const bool is_full = pool->n_jobs == PHI_POOL_JOBS_MAX;
    if (is_full) {
        oldest = pool->jobs[pool->first_job];
        pool->first_job = (pool->first_job + 1) % PHI_POOL_JOBS_MAX;
        pool->n_jobs--;
    }
    pool->jobs[(pool->first_job + pool->n_jobs) % PHI_POOL_JOBS_MAX] = (phi_job){fn, ctx, task_idx};
    pool->n_jobs++;
    atomic_fetch_add(&pool->n_open_jobs, 1);
    pthread_mutex_unlock(&pool->jobs_mutex);
    ring(&pool->team);
    ring(&pool->reserve);
    if (is_full) {
        oldest.fn(oldest.ctx, oldest.task_idx, 0);
        atomic_fetch_sub(&pool->n_open_jobs, 1);
    }
}

bool phi_pool_help(phi_pool *pool)
{
    return work_on_job(pool, 0);
}

void phi_pool_drain(phi_pool *pool)
{
    work_on_jobs(pool, 0);
    for (;;) {
        const uint32_t seen = atomic_load_explicit(&pool->joiner.n_rings, memory_order_acquire);
        if (atomic_load(&pool->n_open_jobs) == 0)
            return;
        wait_for_ring(&pool->joiner, seen);
    }
}

#endif
