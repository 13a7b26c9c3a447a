/* Creates a sampler and a stop matcher while the k-th block request fails, for all k until none
 * does. */
#include "check.h"
#include "sampler.h"
#include "stop.h"

static phi_status create_both(phi_arena *arena, phi_error *err)
{
    static const int32_t ids[] = {1, 2};
    static const float biases[] = {1, -1};
    static const phi_str stops[] = {{"ab", 2}, {"abc", 3}};
    phi_sampling p = phi_sampling_default();
    phi_sampler *sampler;
    phi_stop *stop;
    p.bias_ids = ids;
    p.biases = biases;
    p.n_biases = 2;
    p.banned_ids = ids;
    p.n_banned = 2;
    PHI_TRY(phi_sampler_create(&sampler, arena, &p, 8, 8, err));
    return phi_stop_create(&stop, arena, stops, 2, 64, err);
}

TEST(fault_alloc_generate__reports_every_failed_request)
{
    phi_status status = PHI_ENOMEM;
    uint64_t k = 0;
    while (status != PHI_OK && k < 100) {
        phi_arena arena;
        phi_error err = {0};
        phi_arena_init(&arena, 0); /* every allocation is a block request */
        (void)phi_arena_fail_at(++k);
        status = create_both(&arena, &err);
        (void)phi_arena_fail_at(0);
        CHECK(status == PHI_OK || (status == PHI_ENOMEM && err.status == PHI_ENOMEM));
        phi_arena_deinit(&arena);
    }
    CHECK_INT(status, PHI_OK);
    CHECK(k > 10);
}
