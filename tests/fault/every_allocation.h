/* The k-th request for memory fails, for k = 1, 2, … until none does. */
#ifndef EVERY_ALLOCATION_H
#define EVERY_ALLOCATION_H

#include "arena.h"
#include "check.h"

/* How often attempt(ctx) failed before it succeeded, each time with PHI_ENOMEM and no block of an arena kept; what else
 * is kept, LeakSanitizer tells. A check that does not hold is reported, and the answer is 0. */
static inline int every_allocation_fails(phi_status (*attempt)(void *ctx), void *ctx)
{
    enum { FAILURES_MAX = 1000 };
    const uint64_t held = phi_arena_total_held();
    for (int n_failures = 0; n_failures < FAILURES_MAX; n_failures++) {
        (void)phi_arena_fail_at((uint64_t)n_failures + 1);
        const phi_status status = attempt(ctx);
        (void)phi_arena_fail_at(0);
        if (phi_arena_total_held() != held || (status != PHI_OK && status != PHI_ENOMEM)) {
            check_failed(__FILE__, __LINE__, "request %d failed: status %d, %lld bytes more are held", n_failures + 1,
                         (int)status, (long long)(phi_arena_total_held() - held));
            return 0;
        }
        if (status == PHI_OK)
            return n_failures;
    }
    check_failed(__FILE__, __LINE__, "there is no end of failures");
    return 0;
}

#endif
