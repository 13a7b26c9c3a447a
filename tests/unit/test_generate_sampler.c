#include <float.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "sampler.h"

enum { N_SMALL = 8 };

static phi_error g_err;
static phi_picked g_picked;
static phi_arena g_arena;

/* Eight logits; the softmax of them is what the tests below compute for themselves, in double. */
static const float g_logits[N_SMALL] = {1.0f, 3.0f, -2.0f, 2.5f, 0.0f, 3.0f, -1.0f, 2.0f};

static phi_sampler *create(const phi_sampling *p, int32_t n)
{
    phi_sampler *s = NULL;
    phi_arena_deinit(&g_arena);
    phi_arena_init(&g_arena, 4096);
    (void)phi_sampler_create(&s, &g_arena, p, n, n, &g_err);
    return s;
}

static void softmax(double *out, const float *logits, int32_t n, double temperature)
{
    double sum = 0;
    double best = -INFINITY;
    for (int32_t i = 0; i < n; i++)
        best = fmax(best, (double)logits[i]);
    for (int32_t i = 0; i < n; i++)
        sum += out[i] = exp(((double)logits[i] - best) / temperature);
    for (int32_t i = 0; i < n; i++)
        out[i] /= sum;
}

/* Draws many times and holds the counts against `expected` (n probabilities, zeros allowed) by
 * Pearson's chi-square. With d degrees of freedom the statistic has mean d and variance 2d; d + 5
 * sqrt(2d) + 10 is beyond the 0.9999 quantile for every d up to 50 (d = 1: 27.1 of 15.1 needed; d =
 * 7: 35.7 of 29.9). */
static void check_distribution(const phi_sampling *p, const float *logits, int32_t n, const double *expected)
{
    enum { N_DRAWS = 40000, N_MAX = 64 };
    int32_t counts[N_MAX] = {0};
    double statistic = 0;
    int32_t freedom = -1;
    phi_sampler *s = create(p, n);
    CHECK(s != NULL);
    CHECK(n <= N_MAX);
    for (int32_t i = 0; i < N_DRAWS; i++) {
        CHECK_INT(phi_sampler_pick(&g_picked, s, logits, &g_err), PHI_OK);
        counts[g_picked.id]++;
    }
    for (int32_t i = 0; i < n; i++) {
        const double wanted = expected[i] * (double)N_DRAWS;
        if (expected[i] == 0) {
            CHECK_INT(counts[i], 0);
            continue;
        }
        freedom++;
        statistic += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
    }
    CHECK(statistic <= freedom + 5 * sqrt(2.0 * freedom) + 10);
    phi_arena_deinit(&g_arena);
}

/* Keeps the entries of `kept` and normalises. */
static void keep(double *probabilities, int32_t n, const bool *kept)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += kept[i] ? probabilities[i] : 0;
    for (int32_t i = 0; i < n; i++)
        probabilities[i] = kept[i] ? probabilities[i] / sum : 0;
}

TEST(generate_sampler__draws_by_temperature)
{
    static const float temperatures[] = {0.3f, 1.0f, 1.7f};
    for (size_t t = 0; t < 3; t++) {
        double expected[N_SMALL];
        phi_sampling p = phi_sampling_default();
        p.temperature = temperatures[t];
        p.seed = 11 + t;
        softmax(expected, g_logits, N_SMALL, (double)temperatures[t]);
        check_distribution(&p, g_logits, N_SMALL, expected);
    }
}

TEST(generate_sampler__top_k_keeps_k)
{
    double expected[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    p.top_k = 3;
    softmax(expected, g_logits, N_SMALL, 1);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 1, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
    /* Two equal logits at the border: the lower id stays. */
    p.top_k = 1;
    check_distribution(&p, g_logits, N_SMALL, (const double[]){0, 1, 0, 0, 0, 0, 0, 0});
    p.top_k = 100;
    softmax(expected, g_logits, N_SMALL, 1);
    check_distribution(&p, g_logits, N_SMALL, expected);
}

TEST(generate_sampler__top_p_keeps_the_fewest_that_reach_p)
{
    double expected[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    softmax(expected, g_logits, N_SMALL, 1);
    const double two = expected[1] + expected[5]; /* 0.637, with the next 0.830 */
    p.top_p = (float)(two + 0.01);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 1, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
    softmax(expected, g_logits, N_SMALL, 1);
    p.top_p = (float)(two - 0.01);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 0, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
    p.top_p = 0;
    check_distribution(&p, g_logits, N_SMALL, (const double[]){0, 1, 0, 0, 0, 0, 0, 0});
}

TEST(generate_sampler__top_p_counts_what_top_k_left)
{
    /* Of the whole, ids 1 and 5 have 0.637; of the best three, 0.767. With p = 0.7 two stay only if
     * the sum is normalised after top-k. */
    double expected[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    p.top_k = 3;
    p.top_p = 0.7f;
    softmax(expected, g_logits, N_SMALL, 1);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 0, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
    p.top_k = 0;
    softmax(expected, g_logits, N_SMALL, 1);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 1, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
}

TEST(generate_sampler__min_p_is_relative_to_the_best)
{
    double expected[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    p.min_p = 0.3f; /* e^-1 = 0.37 stays, e^-2 = 0.14 goes */
    softmax(expected, g_logits, N_SMALL, 1);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 1, 0, 1, 0, 1});
    check_distribution(&p, g_logits, N_SMALL, expected);
    p.temperature = 2; /* after temperature: e^-1.5 = 0.22 goes, e^-1 stays */
    softmax(expected, g_logits, N_SMALL, 2);
    keep(expected, N_SMALL, (const bool[]){1, 1, 0, 1, 0, 1, 0, 1});
    check_distribution(&p, g_logits, N_SMALL, expected);
    p.min_p = 1;
    softmax(expected, g_logits, N_SMALL, 2);
    keep(expected, N_SMALL, (const bool[]){0, 1, 0, 0, 0, 1, 0, 0});
    check_distribution(&p, g_logits, N_SMALL, expected);
}

TEST(generate_sampler__same_seed_same_tokens)
{
    enum { N = 1000 };
    int32_t first[N];
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    for (uint64_t seed = 0; seed < 3; seed++) {
        int32_t n_same = 0;
        p.seed = seed < 2 ? 5 : 6;
        phi_sampler *s = create(&p, N_SMALL);
        for (int32_t i = 0; i < N; i++) {
            CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
            n_same += seed > 0 && g_picked.id == first[i];
            first[i] = seed == 0 ? g_picked.id : first[i];
        }
        CHECK(seed == 0 || (seed == 1 ? n_same == N : n_same < N));
    }
    phi_arena_deinit(&g_arena);
}

/* The very numbers, so that another platform or another compiler shows a difference. */
TEST(generate_sampler__draws_are_the_same_everywhere)
{
    static const int32_t expected[16] = {99, 655, 963, 136, 50, 704, 990, 568, 25, 619, 606, 988, 371, 989, 445, 531};
    float logits[1000];
    phi_sampling p = phi_sampling_default();
    p.temperature = 0.8f;
    p.top_p = 0.95f;
    p.seed = 42;
    for (int32_t i = 0; i < 1000; i++)
        logits[i] = (float)((i * 7919) % 1000) * 0.011f;
    phi_sampler *s = create(&p, 1000);
    for (int32_t i = 0; i < 16; i++) {
        CHECK_INT(phi_sampler_pick(&g_picked, s, logits, &g_err), PHI_OK);
        CHECK_INT(g_picked.id, expected[i]);
    }
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__greedy_takes_the_lowest_of_equals)
{
    phi_sampling p = phi_sampling_default();
    phi_sampler *s = create(&p, N_SMALL);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.id, 1);
    CHECK(isnan(g_picked.logprob));
    CHECK_INT(g_picked.n_top, 0);
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__reports_logprobs_before_temperature)
{
    double exact[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.temperature = 0.25f;
    p.top_k = 2;
    p.n_logprobs = 5;
    softmax(exact, g_logits, N_SMALL, 1);
    phi_sampler *s = create(&p, N_SMALL);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    static const int32_t ranks[] = {1, 5, 3, 7, 0};
    CHECK_INT(g_picked.n_top, 5);
    for (int32_t i = 0; i < 5; i++) { /* 2.4e-7: half an ulp of a float below 8; 3e-7: the sampler's exp */
        CHECK_INT(g_picked.top[i].id, ranks[i]);
        CHECK_NEAR(g_picked.top[i].logprob, log(exact[ranks[i]]), 5.4e-7);
    }
    CHECK_NEAR(g_picked.logprob, log(exact[g_picked.id]), 5.4e-7);
    p.n_logprobs = 20; /* more than there are */
    s = create(&p, N_SMALL);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.n_top, N_SMALL);
    p.n_logprobs = 0;
    s = create(&p, N_SMALL);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.n_top, 0);
    CHECK_NEAR(g_picked.logprob, log(exact[g_picked.id]), 5.4e-7);
    phi_arena_deinit(&g_arena);
}

/* Log-probabilities show the logits up to one constant: compares them with the formulas. */
static void check_adjusted(phi_sampler *s, const double *wanted)
{
    float shifted[N_SMALL];
    double exact[N_SMALL];
    for (int32_t i = 0; i < N_SMALL; i++)
        shifted[i] = (float)wanted[i];
    softmax(exact, shifted, N_SMALL, 1);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.n_top, N_SMALL);
    for (int32_t i = 0; i < N_SMALL; i++) /* both sides round to float near 100 */
        CHECK_NEAR(g_picked.top[i].logprob, log(exact[g_picked.top[i].id]), 1e-5);
}

TEST(generate_sampler__repetition_penalty_counts_prompt_and_generated)
{
    double wanted[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.repetition_penalty = 1.5f;
    p.n_logprobs = N_SMALL;
    phi_sampler *s = create(&p, N_SMALL);
    phi_sampler_add_prompt(s, (const int32_t[]){1, 1, 2, 4, -1, 99}, 6); /* twice counts once; strangers do not count */
    phi_sampler_accept(s, 3);
    phi_sampler_accept(s, 3);
    for (int32_t i = 0; i < N_SMALL; i++)
        wanted[i] = (double)g_logits[i];
    wanted[1] /= 1.5;
    wanted[2] *= 1.5;
    wanted[3] /= 1.5;
    check_adjusted(s, wanted);
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__presence_and_frequency_count_generated_only)
{
    double wanted[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.presence_penalty = 0.5f;
    p.frequency_penalty = 0.25f;
    p.n_logprobs = N_SMALL;
    phi_sampler *s = create(&p, N_SMALL);
    phi_sampler_add_prompt(s, (const int32_t[]){0, 1}, 2);
    phi_sampler_accept(s, 1);
    for (int32_t i = 0; i < 3; i++)
        phi_sampler_accept(s, 6);
    phi_sampler_accept(s, -1);
    for (int32_t i = 0; i < N_SMALL; i++)
        wanted[i] = (double)g_logits[i];
    wanted[1] -= 0.5 + 0.25;
    wanted[6] -= 0.5 + 3 * 0.25;
    check_adjusted(s, wanted);
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__bias_comes_before_the_penalties)
{
    static const int32_t ids[] = {4, 2, 4};
    static const float biases[] = {2, 100, 1};
    double wanted[N_SMALL];
    phi_sampling p = phi_sampling_default();
    p.repetition_penalty = 2;
    p.n_logprobs = N_SMALL;
    p.bias_ids = ids;
    p.biases = biases;
    p.n_biases = 3;
    phi_sampler *s = create(&p, N_SMALL);
    phi_sampler_add_prompt(s, (const int32_t[]){4}, 1);
    for (int32_t i = 0; i < N_SMALL; i++)
        wanted[i] = (double)g_logits[i];
    wanted[4] = (0 + 2 + 1) / 2.0;
    wanted[2] += 100;
    check_adjusted(s, wanted);
    CHECK_INT(g_picked.id, 2);
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__excludes_banned_masked_and_unusable)
{
    static const int32_t banned[] = {1, 5};
    const uint32_t allowed = 1u << 0 | 1u << 1 | 1u << 2;
    const uint32_t none = 1u << 5;
    phi_sampling p = phi_sampling_default();
    phi_sampler *s;
    p.banned_ids = banned;
    p.n_banned = 2;
    p.n_logprobs = 3;
    phi_arena_deinit(&g_arena);
    phi_arena_init(&g_arena, 4096);
    CHECK_INT(phi_sampler_create(&s, &g_arena, &p, N_SMALL, 7, &g_err), PHI_OK); /* id 7 is past the tokenizer */
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.id, 3);
    phi_sampler_set_allowed(s, &allowed);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.id, 0);
    CHECK_INT(g_picked.n_top, 2);
    CHECK_NEAR(g_picked.logprob, -log1p(exp(-3)), 5.4e-7);
    phi_sampler_set_allowed(s, &none);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_EINVAL);
    CHECK_TEXT(g_err.text, "sampling: banned tokens and the allowed-token mask leave none of 7 tokens, expected at "
                           "least one");
    phi_sampler_set_allowed(s, NULL);
    CHECK_INT(phi_sampler_pick(&g_picked, s, g_logits, &g_err), PHI_OK);
    CHECK_INT(g_picked.id, 3);
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__refuses_logits_that_are_not_finite)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    static const char *const texts[] = {"nan", "inf", "-inf"};
    for (size_t i = 0; i < 3; i++) {
        float logits[N_SMALL];
        phi_sampling p = phi_sampling_default();
        p.temperature = 1;
        memcpy(logits, g_logits, sizeof logits);
        logits[4] = values[i];
        logits[6] = values[i];
        phi_sampler *s = create(&p, N_SMALL);
        CHECK_INT(phi_sampler_pick(&g_picked, s, logits, &g_err), PHI_ECORRUPT);
        CHECK(strstr(g_err.text, "sampling: the logit of token 4 is ") != NULL);
        CHECK(strstr(g_err.text, texts[i]) != NULL);
        CHECK(strstr(g_err.text, "(2 of 8 are not finite), expected finite numbers") != NULL);
    }
    phi_arena_deinit(&g_arena);
}

/* Finite, but every difference and every penalty overflows a float. */
TEST(generate_sampler__survives_the_greatest_logits)
{
    static const float extreme[N_SMALL] = {FLT_MAX, -FLT_MAX, FLT_MAX, 0, FLT_MIN, -FLT_MIN, 1, -1};
    static const int32_t ids[] = {0, 1};
    static const float biases[] = {100, -100};
    phi_sampling p = phi_sampling_default();
    p.temperature = 1e-30f;
    p.repetition_penalty = 0.01f;
    p.frequency_penalty = -2;
    p.top_p = 0.9f;
    p.min_p = 0.1f;
    p.n_logprobs = N_SMALL;
    p.bias_ids = ids;
    p.biases = biases;
    p.n_biases = 2;
    phi_sampler *s = create(&p, N_SMALL);
    phi_sampler_add_prompt(s, (const int32_t[]){0, 1, 2, 3}, 4);
    phi_sampler_accept(s, 0);
    for (int32_t i = 0; i < 50; i++) {
        CHECK_INT(phi_sampler_pick(&g_picked, s, extreme, &g_err), PHI_OK);
        CHECK(g_picked.id == 0 || g_picked.id == 2);
        CHECK(!isnan(g_picked.logprob));
    }
    phi_arena_deinit(&g_arena);
}

TEST(generate_sampler__says_which_option_is_wrong)
{
    static const int32_t id = 8;
    static const float bias = 101;
    phi_sampling p[12];
    phi_sampler *s;
    for (size_t i = 0; i < 12; i++)
        p[i] = phi_sampling_default();
    p[0].temperature = NAN;
    p[1].top_p = 1.5f;
    p[2].min_p = -0.1f;
    p[3].repetition_penalty = 0;
    p[4].presence_penalty = 3;
    p[5].frequency_penalty = -INFINITY;
    p[6].top_k = -1;
    p[7].n_logprobs = 21;
    p[8].n_biases = 1;
    p[9].n_biases = 1, p[9].bias_ids = &id, p[9].biases = &bias;
    p[10].n_banned = 1, p[10].banned_ids = &id;
    p[11].temperature = 101;
    static const char *const messages[12] = {
        "sampling: temperature is nan, expected 0 to 100",
        "sampling: top_p is 1.5, expected 0 to 1",
        "sampling: min_p is -0.1, expected 0 to 1",
        "sampling: repetition_penalty is 0, expected 0.01 to 100",
        "sampling: presence_penalty is 3, expected -2 to 2",
        "sampling: frequency_penalty is -inf, expected -2 to 2",
        "sampling: top_k is -1, expected 0 (off) or more",
        "sampling: n_logprobs is 21, expected -1 to 20",
        "sampling: a list of ids or biases is NULL, expected as many items as its count",
        "sampling: bias is 101, expected -100 to 100",
        "sampling: banned token 0 is token 8, expected 0 to 7",
        "sampling: temperature is 101, expected 0 to 100",
    };
    for (size_t i = 0; i < 12; i++) {
        phi_arena_deinit(&g_arena);
        phi_arena_init(&g_arena, 4096);
        CHECK_INT(phi_sampler_create(&s, &g_arena, &p[i], N_SMALL, N_SMALL, &g_err), PHI_EINVAL);
        CHECK_TEXT(g_err.text, messages[i]);
    }
    phi_sampling fine = phi_sampling_default();
    CHECK_INT(phi_sampler_create(&s, &g_arena, &fine, 8, 9, &g_err), PHI_EINVAL);
    CHECK_INT(phi_sampler_create(&s, &g_arena, &fine, 0, 0, &g_err), PHI_EINVAL);
    phi_arena_deinit(&g_arena);
}

/* A large vocabulary: top-p with a flat distribution keeps most of it, in the right number. */
TEST(generate_sampler__handles_a_large_vocabulary)
{
    enum { N = 200064 };
    phi_sampling p = phi_sampling_default();
    p.temperature = 1;
    p.top_p = 0.5f;
    p.n_logprobs = 20;
    phi_sampler *s = create(&p, N);
    float *logits = phi_arena_zeroed(&g_arena, float, N);
    CHECK(s != NULL && logits != NULL);
    int32_t highest = 0;
    for (int32_t i = 0; i < 20; i++) {
        CHECK_INT(phi_sampler_pick(&g_picked, s, logits, &g_err), PHI_OK);
        highest = g_picked.id > highest ? g_picked.id : highest;
        CHECK_INT(g_picked.top[19].id, 19);
    }
    CHECK(highest <= N / 2); /* equal logits: the lower ids are the better ones */
    CHECK(highest > N / 4);  /* 20 draws all in the lower half of them: 1e-6 */
    CHECK_NEAR(g_picked.logprob, -log(N), 1e-6);
    phi_arena_deinit(&g_arena);
}
