/* phi info, phi tokenize, phi generate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int run_info(cli_options *o)
{
    phi_engine *e = cli_open_model(o, false);
    if (!e)
        return 1;
    phi_plan plan = {0};
    phi_session_options so = phi_session_options_default();
    so.n_context = o->context;
    so.kv_type = o->kv_type;
    const phi_status status = phi_engine_plan(e, &so, &plan);
    if (status != PHI_OK) {
        (void)cli_fail("%s", phi_engine_error(e)->text);
    } else if (o->json) {
        printf("{\"model\":%s,\"plan\":{\"weights_bytes\":%llu,\"kv_bytes\":%llu,\"session_bytes\":%llu,"
               "\"model_bytes\":%llu,\"staging_bytes\":%llu,\"file_bytes\":%llu}}\n",
               phi_engine_info_json(e), (unsigned long long)plan.weights_bytes, (unsigned long long)plan.kv_bytes,
               (unsigned long long)plan.session_bytes, (unsigned long long)plan.model_bytes,
               (unsigned long long)plan.staging_bytes, (unsigned long long)plan.file_bytes);
    } else {
        printf("%s\n\nweights %.1f MB, kv cache %.1f MB, session %.1f MB, tables %.1f MB, staging %.1f MB\n",
               phi_engine_info_json(e), (double)plan.weights_bytes / 1e6, (double)plan.kv_bytes / 1e6,
               (double)plan.session_bytes / 1e6, (double)plan.model_bytes / 1e6, (double)plan.staging_bytes / 1e6);
    }
    phi_engine_destroy(e);
    return status != PHI_OK;
}

const cli_command cli_info = {"info", "describe a model file without loading its weights",
                              "  --model FILE     a GGUF file, or the first of a split one\n"
                              "  --context N      tokens of the session that is planned (default: up to 4096)\n"
                              "  --kv f16|q8      type of its cache\n"
                              "  --json           as JSON\n",
                              run_info};

static int run_tokenize(cli_options *o)
{
    size_t n = 0;
    phi_engine *e = cli_open_model(o, false);
    const cli_images none = {0};
    int32_t *ids = e ? cli_tokens(o, e, &none, &n) : NULL;
    if (ids) {
        if (o->json)
            printf("[");
        for (size_t i = 0; i < n; i++)
            printf("%s%d", i ? (o->json ? "," : " ") : "", (int)ids[i]);
        printf("%s\n", o->json ? "]" : "");
    }
    free(ids);
    phi_engine_destroy(e);
    return !ids;
}

const cli_command cli_tokenize = {"tokenize", "print the token ids of a text",
                                  "  --model FILE\n"
                                  "  --prompt TEXT | --file FILE   (- is standard input)\n"
                                  "  --plain          strings of control tokens are plain text\n"
                                  "  --no-special     no BOS or EOS\n"
                                  "  --strip RULE     auto, none, all, vision: white space behind special tokens\n"
                                  "  --json           as a JSON array\n",
                                  run_tokenize};

static const char *finish_name(phi_finish finish)
{
    static const char *const names[] = {"none", "stop", "length", "context"};
    return names[finish];
}

static void print_rates(const phi_session *s)
{
    phi_session_stats stats;
    if (phi_session_get_stats(s, &stats) != PHI_OK)
        return;
    fprintf(stderr, "prefill %llu tokens, %.1f tok/s; decode %llu tokens, %.1f tok/s\n",
            (unsigned long long)stats.n_prefill_tokens,
            stats.prefill_us > 0 ? (double)stats.n_prefill_tokens / stats.prefill_us * 1e6 : 0.0,
            (unsigned long long)stats.n_decode_tokens,
            stats.decode_us > 0 ? (double)stats.n_decode_tokens / stats.decode_us * 1e6 : 0.0);
    if (stats.n_masks > 0)
        fprintf(stderr, "%llu masks, mean %.1f us, max %.1f us\n", (unsigned long long)stats.n_masks,
                stats.mask_us / (double)stats.n_masks, stats.mask_us_max);
}

/* Into o->generate, from whichever option gives one. *schema is malloc'ed. */
static bool read_constraint(cli_options *o, char **schema)
{
    phi_generate_options *g = &o->generate;
    size_t n = 0;
    if ((o->json_object ? 1 : 0) + (o->json_schema ? 1 : 0) + (o->regex ? 1 : 0) > 1)
        return cli_fail("--json-object, --json-schema and --regex exclude each other") == 0;
    if (o->json_object)
        g->constraint_kind = PHI_CONSTRAINT_JSON_OBJECT;
    if (o->regex) {
        g->constraint_kind = PHI_CONSTRAINT_REGEX;
        g->constraint = (phi_str){o->regex, strlen(o->regex)};
        g->constraint_flags = (phi_str){o->regex_flags, o->regex_flags ? strlen(o->regex_flags) : 0};
    }
    if (o->json_schema) {
        *schema = cli_read_file(o->json_schema, &n);
        g->constraint_kind = PHI_CONSTRAINT_JSON_SCHEMA;
        g->constraint = (phi_str){*schema, n};
    }
    return !o->json_schema || *schema;
}

static bool print_generated(cli_options *o, phi_session *s, const int32_t *ids, size_t n_ids)
{
    phi_generated g = {0};
    size_t n = 0;
    phi_status status = phi_generate_begin(s, &o->generate, ids, n_ids);
    while (status == PHI_OK || status == PHI_PENDING) {
        status = phi_generate_next(s, &g);
        if (status == PHI_PENDING || (status != PHI_OK && status != PHI_DONE))
            continue;
        if (o->json && g.id >= 0)
            printf("%s%d", n++ ? "," : "{\"ids\":[", (int)g.id);
        if (!o->json)
            (void)fwrite(g.text, 1, g.text_bytes, stdout);
        (void)fflush(stdout);
    }
    if (status != PHI_DONE)
        return cli_fail("%s", phi_session_error(s)->text) == 0;
    if (o->json)
        printf("%s],\"finish\":\"%s\"}\n", n ? "" : "{\"ids\":[", finish_name(g.finish));
    else
        printf("\n");
    print_rates(s);
    return true;
}

static int run_generate(cli_options *o)
{
    size_t n = 0;
    char *schema = NULL;
    bool is_good = read_constraint(o, &schema);
    phi_engine *e = is_good ? cli_open_model(o, true) : NULL;
    phi_session *s = e ? cli_open_session(o, e) : NULL;
    cli_images *images = s ? cli_open_images(o, e) : NULL;
    int32_t *ids = images ? cli_tokens(o, e, images, &n) : NULL;
    is_good = ids && print_generated(o, s, ids, n);
    free(ids);
    free(schema);
    phi_session_destroy(s);
    cli_close_images(images);
    phi_engine_destroy(e);
    return !is_good;
}

const cli_command cli_generate = {
    "generate", "continue a text",
    "  --model FILE\n"
    "  --prompt TEXT | --file FILE | --tokens IDS\n"
    "                   the text as the model sees it: templates are applied by the web layer\n"
    "  --image A,B      pictures (phi image --help): <|image_1|> of a text, -1 of ids; --crops N\n"
    "  --threads N, --context N, --batch N, --kv f16|q8, --rope auto|short|long, --accuracy-level 4|1,\n"
    "  --kernels auto|scalar|simd128|relaxed-i16|relaxed-i32|relaxed-s8|relaxed-u8, --strip RULE, --plain, "
    "--no-special\n"
    "  --max-tokens N, --temperature T (0: greedy), --top-k K, --top-p P, --min-p P, --seed S,\n"
    "  --repetition-penalty R, --presence-penalty P, --frequency-penalty F\n"
    "  --json-object | --json-schema FILE | --regex RE [--regex-flags is]\n"
    "                   what the output obeys (docs/CONSTRAINTS.md)\n"
    "  --json           {\"ids\": [...], \"finish\": ...} in place of the text\n",
    run_generate};
