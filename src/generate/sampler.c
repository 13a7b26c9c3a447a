#include "sampler.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "elementary.h"
#include "rng.h"

typedef struct candidate {
    float logit;
    int32_t id;
} candidate;

enum { IS_SEEN = 1u << 30 }; /* in a count: in the prompt or generated. The rest of the count: times generated */

struct phi_sampler {
    phi_sampling sampling;
    int32_t n_usable;
    phi_rng rng;
    candidate *candidates; /* (n_usable) of one pick */
    float *weights;        /* (n_usable) of candidates, in a draw */
    uint32_t *counts;      /* (n_usable) IS_SEEN | times generated */
    int32_t *seen;         /* (n_usable) [0, n_seen): the ids with IS_SEEN */
    size_t n_seen;
    const uint32_t *allowed;
    phi_ranked_token top[PHI_LIMIT_TOP_LOGPROBS];
};

phi_sampling phi_sampling_default(void)
{
    return (phi_sampling){.top_p = 1, .repetition_penalty = 1, .n_logprobs = -1};
}

static phi_status check_range(const char *field, float got, float low, float high, phi_error *err)
{
    if (got >= low && got <= high) /* false for NaN */
        return PHI_OK;
    return phi_fail(err, PHI_EINVAL, "sampling: %s is %g, expected %g to %g", field, (double)got, (double)low,
                    (double)high);
}

phi_status phi_sampling_check(const phi_sampling *p, phi_error *err)
{
    PHI_TRY(check_range("temperature", p->temperature, 0, 100, err));
    PHI_TRY(check_range("top_p", p->top_p, 0, 1, err));
    PHI_TRY(check_range("min_p", p->min_p, 0, 1, err));
    PHI_TRY(check_range("repetition_penalty", p->repetition_penalty, 0.01f, 100, err));
    PHI_TRY(check_range("presence_penalty", p->presence_penalty, -2, 2, err));
    PHI_TRY(check_range("frequency_penalty", p->frequency_penalty, -2, 2, err));
    if (p->top_k < 0)
        return phi_fail(err, PHI_EINVAL, "sampling: top_k is %d, expected 0 (off) or more", p->top_k);
    if (p->n_logprobs < -1 || p->n_logprobs > PHI_LIMIT_TOP_LOGPROBS)
        return phi_fail(err, PHI_EINVAL, "sampling: n_logprobs is %d, expected -1 to %d", p->n_logprobs,
                        PHI_LIMIT_TOP_LOGPROBS);
    if ((p->n_biases > 0 && (!p->bias_ids || !p->biases)) || (p->n_banned > 0 && !p->banned_ids))
        return phi_fail(err, PHI_EINVAL,
                        "sampling: a list of ids or biases is NULL, expected as many items as its count");
    for (size_t i = 0; i < p->n_biases; i++)
        PHI_TRY(check_range("bias", p->biases[i], -100, 100, err));
    return PHI_OK;
}

static phi_status check_ids(const char *field, const int32_t *ids, size_t n, int32_t n_usable, phi_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= n_usable)
            return phi_fail(err, PHI_EINVAL, "sampling: %s %zu is token %d, expected 0 to %d", field, i, ids[i],
                            n_usable - 1);
    return PHI_OK;
}

static phi_status copy_lists(phi_sampling *p, phi_arena *arena, phi_error *err)
{
    int32_t *bias_ids = phi_arena_array(arena, int32_t, p->n_biases);
    float *biases = phi_arena_array(arena, float, p->n_biases);
    int32_t *banned_ids = phi_arena_array(arena, int32_t, p->n_banned);
    if (!bias_ids || !biases || !banned_ids)
        return phi_fail(err, PHI_ENOMEM, "sampling: no memory for %zu biases and %zu banned tokens", p->n_biases,
                        p->n_banned);
    for (size_t i = 0; i < p->n_biases; i++) {
        bias_ids[i] = p->bias_ids[i];
        biases[i] = p->biases[i];
    }
    for (size_t i = 0; i < p->n_banned; i++)
        banned_ids[i] = p->banned_ids[i];
    p->bias_ids = bias_ids;
    p->biases = biases;
    p->banned_ids = banned_ids;
    return PHI_OK;
}

phi_status phi_sampler_create(phi_sampler **out, phi_arena *arena, const phi_sampling *sampling, int32_t n_logits,
                              int32_t n_usable, phi_error *err)
{
    if (n_usable < 1 || n_usable > n_logits || n_logits > PHI_LIMIT_VOCABULARY)
        return phi_fail(err, PHI_EINVAL,
                        "sampling: %d usable tokens of %d logits, expected 1 to %d, no more than logits", n_usable,
                        n_logits, PHI_LIMIT_VOCABULARY);
    PHI_TRY(phi_sampling_check(sampling, err));
    PHI_TRY(check_ids("bias", sampling->bias_ids, sampling->n_biases, n_usable, err));
    PHI_TRY(check_ids("banned token", sampling->banned_ids, sampling->n_banned, n_usable, err));
    phi_sampler *s = phi_arena_zeroed(arena, phi_sampler, 1);
    candidate *candidates = phi_arena_array(arena, candidate, (size_t)n_usable);
    float *weights = phi_arena_array(arena, float, (size_t)n_usable);
    uint32_t *counts = phi_arena_zeroed(arena, uint32_t, (size_t)n_usable);
    int32_t *seen = phi_arena_array(arena, int32_t, (size_t)n_usable);
    if (!s || !candidates || !weights || !counts || !seen)
        return phi_fail(err, PHI_ENOMEM, "sampling: no memory for a vocabulary of %d", n_usable);
    s->sampling = *sampling;
    s->n_usable = n_usable;
    s->rng = phi_rng_seeded(sampling->seed);
    s->candidates = candidates;
    s->weights = weights;
    s->counts = counts;
    s->seen = seen;
    PHI_TRY(copy_lists(&s->sampling, arena, err));
    *out = s;
    return PHI_OK;
}

static void mark_seen(phi_sampler *s, int32_t id)
{
    if ((s->counts[id] & IS_SEEN) != 0)
        return;
    s->counts[id] |= IS_SEEN;
    s->seen[s->n_seen++] = id;
}

void phi_sampler_add_prompt(phi_sampler *s, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] >= 0 && ids[i] < s->n_usable)
            mark_seen(s, ids[i]);
}

void phi_sampler_accept(phi_sampler *s, int32_t id)
{
    if (id < 0 || id >= s->n_usable)
        return;
    mark_seen(s, id);
    s->counts[id]++;
}

void phi_sampler_set_allowed(phi_sampler *s, const uint32_t *bits)
{
    s->allowed = bits;
}

static phi_status load_logits(phi_sampler *s, const float *logits, phi_error *err)
{
    int32_t n_bad = 0;
    int32_t first_bad = -1;
    for (int32_t id = 0; id < s->n_usable; id++) {
        s->candidates[id] = (candidate){logits[id], id};
        if (!(fabsf(logits[id]) <= FLT_MAX)) {
            first_bad = n_bad == 0 ? id : first_bad;
            n_bad++;
        }
    }
    if (n_bad == 0)
        return PHI_OK;
    return phi_fail(err, PHI_ECORRUPT,
                    "sampling: the logit of token %d is %g (%d of %d are not finite), expected "
                    "finite numbers; the model's weights are probably damaged",
                    first_bad, (double)logits[first_bad], n_bad, s->n_usable);
}

/* The nearest finite float, so that no later difference of two logits is NaN. */
static float to_finite(double x)
{
    if (x > (double)FLT_MAX)
        return FLT_MAX;
    return x < -(double)FLT_MAX ? -FLT_MAX : (float)x;
}

/* Repetition: Keskar et al. 2019, arXiv:1909.05858 (CTRL), section 4.1, with the sign rule of
 * Hugging Face's RepetitionPenaltyLogitsProcessor: a positive logit is divided, a negative one
 * multiplied. Presence and frequency: OpenAI API reference, "frequency and presence penalties":
 * mu -= count * frequency + (count > 0) * presence. */
static float penalise(float logit, uint32_t n_generated, const phi_sampling *p)
{
    double x = (double)logit;
    x = x > 0 ? x / (double)p->repetition_penalty : x * (double)p->repetition_penalty;
    x -= (double)n_generated * (double)p->frequency_penalty;
    x -= n_generated > 0 ? (double)p->presence_penalty : 0;
    return to_finite(x);
}

/* Steps 1 to 3. Leaves the candidates that may be picked, by ascending id, all finite. */
static int32_t adjust(phi_sampler *s)
{
    const phi_sampling *p = &s->sampling;
    candidate *c = s->candidates;
    int32_t n = 0;
    for (size_t i = 0; i < p->n_biases; i++) {
        candidate *biased = &c[p->bias_ids[i]];
        biased->logit = to_finite((double)biased->logit + (double)p->biases[i]);
    }
    const bool has_penalties = p->repetition_penalty != 1 || p->presence_penalty != 0 || p->frequency_penalty != 0;
    for (size_t i = 0; has_penalties && i < s->n_seen; i++) {
        const int32_t id = s->seen[i];
        c[id].logit = penalise(c[id].logit, s->counts[id] & ~(uint32_t)IS_SEEN, p);
    }
    for (size_t i = 0; i < p->n_banned; i++)
        c[p->banned_ids[i]].logit = -INFINITY;
    for (int32_t id = 0; id < s->n_usable; id++) {
        const bool is_allowed = !s->allowed || (s->allowed[id / 32] >> (id % 32) & 1) != 0;
        if (is_allowed && c[id].logit >= -FLT_MAX)
            c[n++] = c[id];
    }
    return n;
}

static bool is_better(candidate a, candidate b)
{
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/* e^x for x <= 0, to 3e-7, from nothing but IEEE 754 additions and multiplications: the same bits
 * everywhere, which libm does not promise, and without a call, so that compilers vectorise it.
 * x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite 1980), then Taylor's
 * series, whose first term left out is r^8 / 8! < 6e-9. Below e^-87 it is 0. */
static inline float exp_negative(float x)
{
    const float y = x > -87.0f ? x : -87.0f;
    /* The conversion truncates towards 0 and y is not positive, so this rounds to the nearest. */
    const int32_t n = (int32_t)(y * 1.44269504f - 0.5f);
    const float r = (y - (float)n * 0x1.63p-1f) + (float)n * 2.12194440e-4f;
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x > -87.0f ? sum * power : 0.0f;
}

/* What a token weighs in a draw: its probability over that of the best. */
static inline float weigh(candidate c, float best, float temperature)
{
    return exp_negative((c.logit - best) / temperature);
}

/* Weighs all, and returns the sum. */
static double weigh_all(float *weights, const candidate *c, int32_t n, float best, float temperature)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        weights[i] = weigh(c[i], best, temperature);
    for (int32_t i = 0; i < n; i++)
        sum += (double)weights[i];
    return sum;
}

static candidate find_best(const candidate *c, int32_t n)
{
    candidate best = c[0];
    for (int32_t i = 1; i < n; i++)
        if (c[i].logit > best.logit) /* ids ascend: the lowest wins among equals */
            best = c[i];
    return best;
}

/* The best few, by insertion: most candidates fail the first comparison. */
static int32_t rank_top(phi_ranked_token *top, int32_t n_top, const candidate *c, int32_t n, double norm)
{
    candidate best[PHI_LIMIT_TOP_LOGPROBS];
    int32_t n_best = 0;
    for (int32_t i = 0; i < n; i++) {
        if (n_best == n_top && (n_top == 0 || !is_better(c[i], best[n_best - 1])))
            continue;
        int32_t at = n_best < n_top ? n_best++ : n_best - 1;
        for (; at > 0 && is_better(c[i], best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = c[i];
    }
    for (int32_t i = 0; i < n_best; i++)
        top[i] = (phi_ranked_token){best[i].id, (float)((double)best[i].logit - norm)};
    return n_best;
}

static void sift_down(candidate *heap, int32_t at, int32_t n)
{
    const candidate moved = heap[at];
    for (int32_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && is_better(heap[child + 1], heap[child]))
            child++;
        if (!is_better(heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Moves the best of the heap c[0..n) to c[n - 1]; c[0..n - 1) stays a heap. */
static void pop_best(candidate *c, int32_t n)
{
    const candidate best = c[0];
    c[0] = c[n - 1];
    sift_down(c, 0, n - 1);
    c[n - 1] = best;
}

/* Steps 5 and 6. Returns where the tokens that stay begin; they reach to the end. A heap gives as
 * many of the best as are asked for, and no more, in order; unlike a quickselect it has no bad
 * case. */
static int32_t truncate(phi_sampler *s, int32_t n, float best)
{
    const phi_sampling *p = &s->sampling;
    candidate *c = s->candidates;
    const int32_t k = p->top_k > 0 && p->top_k < n ? p->top_k : n;
    if (k == n && p->top_p >= 1)
        return 0;
    double total = k == n ? weigh_all(s->weights, c, n, best, p->temperature) : 0;
    for (int32_t i = n / 2; i-- > 0;)
        sift_down(c, i, n);
    int32_t heap_len = n;
    while (k < n && heap_len > n - k)
        pop_best(c, heap_len--);
    if (p->top_p >= 1)
        return heap_len;
    if (k < n)
        total = weigh_all(s->weights, c + heap_len, k, best, p->temperature);
    double sum = 0;
    int32_t first = n;
    do { /* one token stays at least */
        if (first == heap_len)
            pop_best(c, heap_len--);
        sum += (double)weigh(c[--first], best, p->temperature);
    } while (first > n - k && sum < (double)p->top_p * total);
    return first;
}

/* Uniform in [0, 1) with all 53 bits of a double: 24 would never reach the tail of a large
 * vocabulary. */
static double draw_unit(phi_rng *rng)
{
    const uint64_t high = phi_rng_u32(rng) >> 5;
    const uint64_t low = phi_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

/* Steps 7 and 8, on n tokens. The best weighs 1, so min_p itself is the least weight that stays. */
static candidate draw(phi_sampler *s, const candidate *c, int32_t n, float best)
{
    float *weights = s->weights;
    double total = 0;
    double sum = 0;
    (void)weigh_all(weights, c, n, best, s->sampling.temperature);
    for (int32_t i = 0; i < n; i++) {
        weights[i] = weights[i] >= s->sampling.min_p ? weights[i] : 0;
        total += (double)weights[i];
    }
    const double target = draw_unit(&s->rng) * total;
    int32_t drawn = 0;
    for (int32_t i = 0; i < n && sum <= target; i++) {
        if (weights[i] == 0) /* a target of 0 must not draw it */
            continue;
        sum += (double)weights[i];
        drawn = i;
    }
    return c[drawn];
}

phi_status phi_sampler_pick(phi_picked *out, phi_sampler *s, const float *logits, phi_error *err)
{
    const phi_sampling *p = &s->sampling;
    candidate *c = s->candidates;
    PHI_TRY(load_logits(s, logits, err));
    const int32_t n = adjust(s);
    if (n == 0)
        return phi_fail(err, PHI_EINVAL,
                        "sampling: banned tokens and the allowed-token mask leave none of %d tokens, "
                        "expected at least one",
                        s->n_usable);
    candidate picked = find_best(c, n);
    const float best = picked.logit;
    double norm = NAN;
    out->n_top = 0;
    out->top = s->top;
    if (p->n_logprobs >= 0) {
        norm = (double)best + phi_log(weigh_all(s->weights, c, n, best, 1)); /* of the softmax */
        out->n_top = rank_top(s->top, p->n_logprobs, c, n, norm);
    }
    if (p->temperature > 0) {
        const int32_t first = truncate(s, n, best);
        picked = draw(s, c + first, n - first, best);
    }
    out->id = picked.id;
    out->logprob = (float)((double)picked.logit - norm);
    return PHI_OK;
}
