/* phi bench: prefill and decode rates of a model on this machine's native build. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *x, int32_t n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

enum { RUNS_MAX = 64, DECODE_TOKENS = 16 };

/* One run: a prompt of n tokens from nothing, then DECODE_TOKENS more one by one. Seconds. */
static bool one_run(phi_session *s, int32_t *ids, int32_t n, double *prefill, double *decode)
{
    const int32_t first = ids[0] == 1 ? 2 : 1; /* not that of the run before: nothing is reused from it */
    for (int32_t i = 0; i < n + DECODE_TOKENS; i++)
        ids[i] = 100 + i * 7919 % 1000;
    ids[0] = first;
    const double begin = cli_now();
    if (phi_session_sync(s, ids, (size_t)n) != PHI_OK || !cli_compute(s))
        return cli_fail("%s", phi_session_error(s)->text) == 0;
    const double middle = cli_now();
    for (int32_t i = 0; i < DECODE_TOKENS; i++)
        if (phi_session_append(s, ids[n + i]) != PHI_OK || !cli_compute(s))
            return cli_fail("%s", phi_session_error(s)->text) == 0;
    *prefill = middle - begin;
    *decode = cli_now() - middle;
    return true;
}

static bool measure(const cli_options *o, phi_engine *e, phi_session *s)
{
    double prefill[RUNS_MAX];
    double decode[RUNS_MAX];
    const int32_t n_runs = o->repeat < 1 ? 1 : o->repeat > RUNS_MAX ? RUNS_MAX : o->repeat;
    int32_t *ids = calloc((size_t)(o->prefill + DECODE_TOKENS), sizeof *ids);
    bool is_good = ids != NULL;
    for (int32_t r = -1; r < n_runs && is_good; r++) { /* run -1 warms up */
        const int32_t at = r < 0 ? 0 : r;
        is_good = one_run(s, ids, o->prefill, &prefill[at], &decode[at]);
    }
    free(ids);
    if (!is_good)
        return false;
    const double prefill_rate = o->prefill / median(prefill, n_runs);
    const double decode_rate = (double)DECODE_TOKENS / median(decode, n_runs);
    printf(o->json ? "{\"kernels\":\"%s\",\"threads\":%d,\"context\":%d,\"prefill_tok_s\":%.3f,\"decode_tok_s\":%.3f,"
                     "\"runs\":%d}\n"
                   : "kernels %s, %d threads, context %d: prefill %.2f tok/s, decode %.2f tok/s (median of %d)\n",
           phi_engine_kernels_name(e), (int)phi_engine_n_threads(e), (int)o->prefill, prefill_rate, decode_rate,
           (int)n_runs);
    return true;
}

static int run_bench(cli_options *o)
{
    bool is_good = false;
    if (o->prefill < 1)
        return cli_fail("--prefill must be at least 1");
    if (o->context == 0)
        o->context = o->prefill + DECODE_TOKENS;
    phi_engine *e = cli_open_model(o, true);
    phi_session *s = e ? cli_open_session(o, e) : NULL;
    if (s)
        is_good = measure(o, e, s);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    return !is_good;
}

const cli_command cli_bench = {"bench", "prefill and decode rates of a model, native build",
                               "  --model FILE\n"
                               "  --prefill N      prompt tokens (default 128); decoding goes on behind them\n"
                               "  --repeat N       runs, of which the median counts (default 3)\n"
                               "  --threads N, --batch N, --kv f16|q8, --accuracy-level 4|1, --kernels NAME\n"
                               "  --json           as JSON\n",
                               run_bench};
