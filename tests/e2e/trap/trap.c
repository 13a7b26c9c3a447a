/* Crashes on order, for crash.test.ts. Linked into a module that only the test serves: the linker (--wrap) puts these
 * functions in front of the pool's own, so no product source knows of them.
 *
 * The worker's address says where: engine-worker.js?trap=run0 crashes the calling thread in a run, run1 pool thread 1,
 * job1 whichever pool thread takes the job. With `after=N`, N runs or jobs go well before. */
#include <emscripten.h>
#include <stdatomic.h>

#include "pool.h"

void real_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx) __asm__("__real_phi_pool_run");
void wrapped_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx) __asm__("__wrap_phi_pool_run");
void real_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx) __asm__("__real_phi_pool_post");
void wrapped_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx) __asm__("__wrap_phi_pool_post");

typedef struct trap_call {
    phi_task_fn *fn;
    void *ctx;
    int32_t thread_idx; /* that crashes */
    _Atomic bool has_crashed;
} trap_call;

/* 1: this call crashes. clang-format would take === apart. */
/* clang-format off */
EM_JS(int, trap_take_order, (int is_job, int thread_idx), {
    const order = new URLSearchParams(self.location.search);
    if (order.get("trap") !== (is_job ? "job" : "run") + thread_idx)
        return 0;
    self.trapCalls = (self.trapCalls ?? 0) + 1;
    return self.trapCalls === 1 + Number(order.get("after")) ? 1 : 0;
})
/* clang-format on */

/* The two common ends of a wrong program: an access outside of memory, and an instruction that may not be reached. */
static void crash(int32_t thread_idx)
{
    if (thread_idx == 0)
        __builtin_trap();
    *(volatile int32_t *)(uintptr_t)0xfffffff0u = 1;
}

/* Whoever must not crash waits for the one that must, so that it gets a task. */
static void trap_task(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    trap_call *call = ctx;
    if (thread_idx == call->thread_idx) {
        atomic_store(&call->has_crashed, true);
        crash(thread_idx);
    }
    while (!atomic_load(&call->has_crashed)) {
    }
    call->fn(call->ctx, task_idx, thread_idx);
}

static void trap_job(void *ctx, int32_t task_idx, int32_t thread_idx)
{
    (void)task_idx;
    atomic_store((_Atomic bool *)ctx, true);
    crash(thread_idx);
}

void wrapped_run(phi_pool *pool, int32_t n_tasks, phi_task_fn *fn, void *ctx)
{
    for (int32_t thread_idx = 0; thread_idx < 2; thread_idx++) {
        trap_call call = {fn, ctx, thread_idx, false};
        if (n_tasks > 1 && trap_take_order(0, thread_idx)) {
            real_run(pool, n_tasks, trap_task, &call);
            return;
        }
    }
    real_run(pool, n_tasks, fn, ctx);
}

/* Waiting here leaves the job to a pool thread; thread 0 might take it otherwise. */
void wrapped_post(phi_pool *pool, phi_task_fn *fn, void *ctx, int32_t task_idx)
{
    _Atomic bool has_crashed = false;
    if (!trap_take_order(1, 1)) {
        real_post(pool, fn, ctx, task_idx);
        return;
    }
    real_post(pool, trap_job, &has_crashed, task_idx);
    while (!atomic_load(&has_crashed)) {
    }
}
