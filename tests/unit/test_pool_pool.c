/* The pool's contract: every task runs once, jobs run in order, memory is visible, threads come and go. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "limits.h"
#include "pool.h"
#ifdef PHI_HAS_THREADS
#include "pool_os.h"
#endif

static const int32_t thread_counts[] = {1, 2, 4, 8};
enum { N_THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0], N_TASKS_MAX = 1000, N_JOBS = 100 };

/* A pool whose threads all take part in runs, however few cores this machine has. */
static phi_status create_full(phi_pool **out, phi_arena *arena, int32_t n_threads, phi_error *err)
{
#ifdef PHI_HAS_THREADS
    return phi_pool_create_on_cores(out, arena, n_threads, n_threads, err);
#else
    return phi_pool_create(out, arena, n_threads, err);
#endif
}

typedef struct counted {
    int32_t n_threads;
    bool is_thread_wrong;        /* read after the run only */
    int32_t n_runs[N_TASKS_MAX]; /* plain memory: its visibility is part of the contract */
    int32_t by_thread[PHI_LIMIT_THREADS];
} counted;

static void count_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    counted *c = ctx;
    if (thread_idx < 0 || thread_idx >= c->n_threads) {
        c->is_thread_wrong = true;
        return;
    }
    c->n_runs[task_idx]++;
    c->by_thread[thread_idx]++;
}

/* Runs n_tasks and says whether each ran once, on a thread of the pool. */
static bool runs_each_once(phi_pool *pool, int32_t n_tasks)
{
    counted c = {.n_threads = phi_pool_n_threads(pool)};
    phi_pool_run(pool, n_tasks, count_task, &c);
    int32_t total = 0;
    for (int32_t i = 0; i < N_TASKS_MAX; i++)
        if (c.n_runs[i] != (i < n_tasks))
            return false;
    for (int32_t i = 0; i < c.n_threads; i++)
        total += c.by_thread[i];
    return total == n_tasks && !c.is_thread_wrong;
}

TEST(pool__runs_every_task_once)
{
    static const int32_t task_counts[] = {0, 1, 2, 3, 7, 64, N_TASKS_MAX};
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        CHECK(phi_pool_n_threads(pool) >= 1 && phi_pool_n_threads(pool) <= thread_counts[t]);
        for (size_t i = 0; i < sizeof task_counts / sizeof task_counts[0]; i++)
            for (int repeat = 0; repeat < 20; repeat++)
                CHECK(runs_each_once(pool, task_counts[i]));
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

/* A chain of runs, each reading what other threads wrote in the one before. */
typedef struct chain {
    int32_t values[2][64];
    int32_t step;
} chain;

static void chain_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    chain *c = ctx;
    (void)thread_idx;
    const int32_t *before = c->values[c->step % 2];
    c->values[(c->step + 1) % 2][task_idx] = before[(task_idx + 1) % 64] + 1;
}

TEST(pool__run_sees_the_run_before)
{
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        chain c = {0};
        for (c.step = 0; c.step < 3000; c.step++)
            phi_pool_run(pool, 64, chain_task, &c);
        for (int i = 0; i < 64; i++)
            CHECK_INT(c.values[0][i], 3000);
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

typedef struct journal {
    _Atomic int32_t n_started, n_finished;
    int32_t order[N_JOBS];
    bool is_on_caller[N_JOBS];
} journal;

static void note_job(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    journal *j = ctx;
    j->order[atomic_fetch_add(&j->n_started, 1)] = task_idx;
    j->is_on_caller[task_idx] = thread_idx == 0;
    atomic_fetch_add(&j->n_finished, 1);
}

/* With one helper thread and a caller that only posts, jobs start in the order posted, except those that a full queue
 * hands to the caller while the helper is inside an older one. */
TEST(pool__jobs_all_run)
{
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        journal j = {0};
        for (int32_t i = 0; i < N_JOBS; i++)
            phi_pool_post(pool, note_job, &j, i);
        phi_pool_drain(pool);
        CHECK_INT(atomic_load(&j.n_finished), N_JOBS);
        bool is_seen[N_JOBS] = {false};
        for (int32_t i = 0; i < N_JOBS; i++)
            is_seen[j.order[i]] = true;
        for (int32_t i = 0; i < N_JOBS; i++)
            CHECK(is_seen[i]);
        if (phi_pool_n_threads(pool) == 1)
            for (int32_t i = 0; i < N_JOBS; i++)
                CHECK(j.order[i] == i && j.is_on_caller[i]);
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

TEST(pool__help_runs_what_nobody_has_begun)
{
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        CHECK(!phi_pool_help(pool));
        for (int repeat = 0; repeat < 50; repeat++) {
            journal j = {0};
            for (int32_t i = 0; i < 12; i++)
                phi_pool_post(pool, note_job, &j, i);
            int32_t n_helped = 0;
            while (phi_pool_help(pool))
                n_helped++;
            phi_pool_drain(pool);
            CHECK_INT(atomic_load(&j.n_finished), 12);
            int32_t n_on_caller = 0;
            for (int i = 0; i < 12; i++)
                n_on_caller += j.is_on_caller[i];
            if (phi_pool_n_threads(pool) > 1)
                CHECK_INT(n_on_caller, n_helped);
        }
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

TEST(pool__run_drains_jobs_first)
{
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        for (int repeat = 0; repeat < 50; repeat++) {
            journal j = {0};
            for (int32_t i = 0; i < 12; i++)
                phi_pool_post(pool, note_job, &j, i);
            CHECK(runs_each_once(pool, 5));
            CHECK_INT(atomic_load(&j.n_finished), 12);
        }
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

TEST(pool__destroy_finishes_jobs)
{
    phi_arena arena = {0};
    phi_pool *pool;
    CHECK_INT(create_full(&pool, &arena, 3, NULL), PHI_OK);
    journal j = {0};
    for (int32_t i = 0; i < 10; i++)
        phi_pool_post(pool, note_job, &j, i);
    phi_pool_destroy(pool);
    CHECK_INT(atomic_load(&j.n_finished), 10);
    phi_arena_deinit(&arena);
    phi_pool_destroy(NULL);
}

TEST(pool__comes_and_goes)
{
    for (int i = 0; i < 100; i++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(create_full(&pool, &arena, 4, NULL), PHI_OK);
        if (i % 2)
            CHECK(runs_each_once(pool, i));
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

TEST(pool__refuses_thread_counts)
{
    phi_arena arena = {0};
    phi_pool *pool = NULL;
    phi_error err = {0};
    CHECK_INT(phi_pool_create(&pool, &arena, 0, &err), PHI_EINVAL);
    CHECK(strstr(err.text, "got 0"));
    CHECK_INT(phi_pool_create(&pool, &arena, PHI_LIMIT_THREADS + 1, &err), PHI_EINVAL);
    CHECK(pool == NULL);
    phi_arena_deinit(&arena);
}

TEST(pool__says_when_memory_is_out)
{
    for (uint64_t k = 1; k <= 2; k++) {
        phi_arena arena;
        phi_arena_init(&arena, 0);
        phi_pool *pool = NULL;
        phi_error err = {0};
        (void)phi_arena_fail_at(k);
        const phi_status status = phi_pool_create(&pool, &arena, 2, &err);
        (void)phi_arena_fail_at(0);
        CHECK(status == PHI_ENOMEM ? pool == NULL && err.text[0] : status == PHI_OK);
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}

/* --- figures, printed and not asserted --------------------------------------------------------------------------- */

static void no_work(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    (void)ctx;
    (void)task_idx;
    (void)thread_idx;
}

/* About 10 us. */
static void some_work(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    float *sums = ctx;
    (void)thread_idx;
    float x = 1.0f;
    for (int i = 0; i < 8000; i++)
        x = x * 0.999f + 0.5f;
    sums[task_idx] = x;
}

typedef struct timing {
    double best_us, mean_us;
} timing;

/* `pause_us` of the caller's time before each run: helpers fall asleep in a long one. */
static timing time_runs(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx, int n_runs, double pause_us)
{
    timing t = {1e9, 0};
    for (int i = 0; i < n_runs; i++) {
        double start_us = phi_pool_now_us();
        while (pause_us > 0 && phi_pool_now_us() - start_us < pause_us)
            ;
        start_us = phi_pool_now_us();
        phi_pool_run(pool, n_tasks, fn, ctx);
        const double us = phi_pool_now_us() - start_us;
        t.best_us = us < t.best_us ? us : t.best_us;
        t.mean_us += us / n_runs;
    }
    return t;
}

static void print_figures(phi_pool *pool, const char *name)
{
    float sums[64];
    const timing empty = time_runs(pool, 8, no_work, NULL, 20000, 0);
    const timing small = time_runs(pool, 8, some_work, sums, 500, 0);
    const timing woken = time_runs(pool, 8, some_work, sums, 200, 200);
    const timing large = time_runs(pool, 64, some_work, sums, 200, 0);
    printf("pool of %d, %s: us a run, best and mean: 8 empty tasks %.2f %.2f; 8 of some 10 us %.0f %.0f, "
           "after a pause %.0f %.0f; 64 of them %.0f %.0f\n",
           phi_pool_n_threads(pool), name, empty.best_us, empty.mean_us, small.best_us, small.mean_us, woken.best_us,
           woken.mean_us, large.best_us, large.mean_us);
}

TEST(pool__figures)
{
    for (int t = 0; t < N_THREAD_COUNTS; t++) {
        phi_arena arena = {0};
        phi_pool *pool;
        CHECK_INT(phi_pool_create(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        print_figures(pool, "as many in runs as cores");
        phi_pool_destroy(pool);
        CHECK_INT(create_full(&pool, &arena, thread_counts[t], NULL), PHI_OK);
        print_figures(pool, "all in runs");
        phi_pool_destroy(pool);
        phi_arena_deinit(&arena);
    }
}
