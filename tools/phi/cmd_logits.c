/* phi logits: what the model thinks of a text, for comparison with other implementations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static double log_sum_exp(const float *x, size_t n)
{
    double max = -INFINITY;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        max = (double)x[i] > max ? (double)x[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    return max + log(sum);
}

static int32_t best_except(const float *x, size_t n, const int32_t *taken, int32_t n_taken)
{
    int32_t best = -1;
    for (size_t i = 0; i < n; i++) {
        bool is_taken = false;
        for (int32_t k = 0; k < n_taken; k++)
            is_taken = is_taken || taken[k] == (int32_t)i;
        if (!is_taken && (best < 0 || x[i] > x[best]))
            best = (int32_t)i;
    }
    return best;
}

static void print_position(const cli_options *o, const float *logits, size_t n, size_t pos, bool is_first)
{
    int32_t taken[20];
    const int32_t n_top = o->top < 20 ? o->top : 20;
    const double norm = log_sum_exp(logits, n);
    printf(o->json ? "%s{\"position\":%zu,\"top\":[" : "%s%zu:", is_first || !o->json ? "" : ",", pos);
    for (int32_t k = 0; k < n_top; k++) {
        taken[k] = best_except(logits, n, taken, k);
        const double logit = (double)logits[taken[k]];
        if (o->json)
            printf("%s{\"id\":%d,\"logit\":%.7g,\"logprob\":%.7g}", k ? "," : "", (int)taken[k], logit, logit - norm);
        else
            printf(" %d (%.4f, log p %.4f)", (int)taken[k], logit, logit - norm);
    }
    printf(o->json ? "]}" : "\n");
}

/* Computes the text up to and including position pos, writes or prints its logits. */
static bool one_position(const cli_options *o, phi_session *s, const int32_t *ids, size_t pos, FILE *out)
{
    if (phi_session_sync(s, ids, pos + 1) != PHI_OK)
        return cli_fail("%s", phi_session_error(s)->text) == 0;
    if (!cli_compute(s))
        return false;
    size_t n;
    const float *logits = phi_session_logits(s, &n);
    if (out && fwrite(logits, sizeof *logits, n, out) != n)
        return cli_fail("%s: could not be written", o->out_path) == 0;
    return true;
}

typedef struct scorer {
    const cli_options *o;
    phi_engine *engine;
    phi_session *session;
    const int32_t *ids;
    size_t n_ids;
    FILE *out;
    double nll;
    size_t n_scored;
} scorer;

static bool score_length(scorer *w, int32_t length, bool is_first)
{
    if (length < 1 || (size_t)length > w->n_ids)
        return cli_fail("length %d of a text of %zu tokens", (int)length, w->n_ids) == 0;
    if (w->o->fresh && !is_first) {
        phi_session_destroy(w->session);
        w->session = cli_open_session(w->o, w->engine);
    }
    const size_t pos = (size_t)length - 1;
    if (!w->session || !one_position(w->o, w->session, w->ids, pos, w->out))
        return false;
    size_t n;
    const float *logits = phi_session_logits(w->session, &n);
    if (pos + 1 < w->n_ids && w->ids[pos + 1] >= 0) {
        w->nll += log_sum_exp(logits, n) - (double)logits[w->ids[pos + 1]];
        w->n_scored++;
    }
    if (w->o->top > 0)
        print_position(w->o, logits, n, pos, is_first);
    return true;
}

static bool print_all(scorer *w, const int32_t *lengths, size_t n_lengths)
{
    bool is_good = true;
    if (w->o->json)
        printf("{\"positions\":[");
    for (size_t i = 0; i < n_lengths && is_good; i++)
        is_good = score_length(w, lengths[i], i == 0);
    const double mean = w->n_scored > 0 ? w->nll / (double)w->n_scored : 0.0;
    if (w->o->json)
        printf("],\"mean_nll\":%.9g,\"scored\":%zu}\n", mean, w->n_scored);
    else if (w->n_scored > 0)
        printf("mean negative log likelihood %.6f over %zu tokens, perplexity %.4f\n", mean, w->n_scored, exp(mean));
    return is_good;
}

static int run_logits(cli_options *o)
{
    size_t n_ids = 0;
    size_t n_lengths = 0;
    bool is_good = false;
    phi_engine *e = cli_open_model(o, true);
    phi_session *s = e ? cli_open_session(o, e) : NULL;
    cli_images *images = s ? cli_open_images(o, e) : NULL;
    int32_t *ids = images ? cli_tokens(o, e, images, &n_ids) : NULL;
    int32_t *lengths = ids && n_ids > 0 ? cli_lengths(o, n_ids, &n_lengths) : NULL;
    FILE *out = o->out_path ? fopen(o->out_path, "wb") : NULL;
    scorer w = {o, e, s, ids, n_ids, out, 0.0, 0};
    if (ids && n_ids == 0)
        (void)cli_fail("the text has no tokens");
    else if (o->out_path && !out)
        (void)cli_fail("%s: cannot be written", o->out_path);
    else if (lengths)
        is_good = print_all(&w, lengths, n_lengths);
    if (out)
        (void)fclose(out);
    free(lengths);
    free(ids);
    phi_session_destroy(w.session);
    cli_close_images(images);
    phi_engine_destroy(e);
    return !is_good;
}

const cli_command cli_logits = {
    "logits", "the best next tokens behind a text, or behind each of its tokens",
    "  --model FILE\n"
    "  --prompt TEXT | --file FILE | --tokens IDS\n"
    "  --image A,B      pictures (phi image --help): <|image_1|> of a text, -1 of ids; --crops N\n"
    "  --every          behind every token (from the cache), with the mean negative log likelihood of the text\n"
    "  --lengths 1,2,3  behind so many tokens each; --fresh computes each from nothing\n"
    "  --top N          how many to print (default 5, at most 20)\n"
    "  --out FILE       all logits as 32-bit floats, position after position\n"
    "  --threads N, --context N, --batch N, --kv f16|q8, --rope auto|short|long, --accuracy-level 4|1,\n"
    "  --kernels auto|scalar|simd128|relaxed-i16|relaxed-i32|relaxed-s8|relaxed-u8, --strip RULE, --plain, "
    "--no-special\n"
    "  --json           as JSON\n",
    run_logits};
