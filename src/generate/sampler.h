/* From logits to the next token. Order of the steps, each cited where it is defined:
 *
 *   1 exclude   banned ids, ids past the tokenizer's, the allowed-token mask
 *   2 bias      logit += bias (OpenAI API reference, logit_bias)
 *   3 penalties repetition (CTRL paper), then presence and frequency (OpenAI API reference)
 *     log-probabilities are those of the softmax here: before temperature and any truncation
 *   4 temperature 0: the greatest logit, the lowest id among equals. Else logit / temperature
 *   5 top-k     the k best, the lower id first among equals (Fan et al. 2018, arXiv:1805.04833)
 *   6 top-p     the fewest best whose sum reaches p of what top-k left (Holtzman et al. 2019,
 *               arXiv:1904.09751)
 *   7 min-p     p(token) >= min_p * p(best) (Nguyen et al. 2024, arXiv:2407.01082)
 *   8 draw      in proportion to what is left
 *
 * Steps 4 to 7 run in the order in which Hugging Face transformers stacks its warpers
 * (generation/logits_process.py), each upon what the one before left. Nothing is allocated after
 * creation. The draw uses arithmetic of its own, so that the same seed and the same logits give the
 * same tokens on every platform. */
#ifndef PHI_SAMPLER_H
#define PHI_SAMPLER_H

#include "arena.h"
#include "limits.h"

typedef struct phi_sampling {
    float temperature;        /* 0 to 100; 0: greedy */
    float top_p;              /* 0 to 1; 1: off */
    float min_p;              /* 0 to 1; 0: off */
    float repetition_penalty; /* 0.01 to 100; 1: off. Counts prompt and generated tokens */
    float presence_penalty;   /* -2 to 2; 0: off. Counts generated tokens only */
    float frequency_penalty;  /* -2 to 2; 0: off. Counts generated tokens only */
    int32_t top_k;            /* 0: off */
    int32_t n_logprobs;       /* alternatives, 0 to PHI_LIMIT_TOP_LOGPROBS; -1: no logprobs */
    uint64_t seed;
    const int32_t *bias_ids; /* (n_biases) copied; an id given twice gets both */
    const float *biases;     /* (n_biases) copied; -100 to 100 */
    size_t n_biases;
    const int32_t *banned_ids; /* (n_banned) copied; never picked, no part of any softmax */
    size_t n_banned;
} phi_sampling;

typedef struct phi_ranked_token {
    int32_t id;
    float logprob; /* natural logarithm */
} phi_ranked_token;

typedef struct phi_picked {
    int32_t id;
    float logprob;               /* of id; NaN when n_logprobs is -1 */
    int32_t n_top;               /* fewer than asked for when fewer tokens are allowed */
    const phi_ranked_token *top; /* (n_top) best first; borrowed until the next pick */
} phi_picked;

typedef struct phi_sampler phi_sampler;

/* Greedy, everything off, no log-probabilities. */
phi_sampling phi_sampling_default(void);
/* PHI_EINVAL names the field, what it got and the allowed range. NaN is in no range. */
phi_status phi_sampling_check(const phi_sampling *sampling, phi_error *err);

/* All that is ever needed, dealt from `arena`: 20 bytes a logit. `n_logits` is what a pick gets, of
 * which ids below `n_usable` (the tokenizer's) may be picked. */
phi_status phi_sampler_create(phi_sampler **out, phi_arena *arena, const phi_sampling *sampling, int32_t n_logits,
                              int32_t n_usable, phi_error *err);

/* Tokens that the repetition penalty counts. Ids that are not usable are ignored (image
 * placeholders, say). */
void phi_sampler_add_prompt(phi_sampler *s, const int32_t *ids, size_t n);
/* A generated token, counted by all three penalties from the next pick on. */
void phi_sampler_accept(phi_sampler *s, int32_t id);
/* One bit an id, bit id % 32 of word id / 32, up to n_usable: 1 may be picked. Borrowed until
 * replaced; NULL: all may. */
void phi_sampler_set_allowed(phi_sampler *s, const uint32_t *bits);

/* Picks from (n_logits) logits; changes nothing but the random state. O(n_logits), and O(log
 * n_logits) for each token that top-k or top-p keeps. PHI_ECORRUPT: a usable logit is NaN or
 * infinite. PHI_EINVAL: nothing may be picked. */
phi_status phi_sampler_pick(phi_picked *out, phi_sampler *s, const float *logits, phi_error *err);

#endif
