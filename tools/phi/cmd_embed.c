/* phi embed: a text as one vector, the pooled hidden states behind the final norm. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static void print_vector(const cli_options *o, const float *vector, size_t n)
{
    printf(o->json ? "[" : "");
    for (size_t i = 0; i < n; i++)
        printf("%s%.9g", i == 0 ? "" : o->json ? "," : " ", (double)vector[i]);
    printf(o->json ? "]\n" : "\n");
}

/* The vector of the first `length` tokens, written or printed. */
static bool embed_length(const cli_options *o, phi_session *s, const int32_t *ids, size_t length, FILE *out)
{
    size_t n;
    if (phi_session_sync(s, ids, length) != PHI_OK)
        return cli_fail("%s", phi_session_error(s)->text) == 0;
    if (!cli_compute(s))
        return false;
    const float *vector = phi_session_embedding(s, (phi_pooling)o->pooling, &n);
    if (!out)
        print_vector(o, vector, n);
    else if (fwrite(vector, sizeof *vector, n, out) != n)
        return cli_fail("%s: could not be written", o->out_path) == 0;
    return true;
}

static bool embed_all(const cli_options *o, phi_session *s, const int32_t *ids, size_t n_ids, FILE *out)
{
    size_t n = 0;
    int32_t *lengths = cli_lengths(o, n_ids, &n);
    bool is_good = lengths != NULL;
    for (size_t i = 0; is_good && i < n; i++) {
        is_good = lengths[i] >= 1 && (size_t)lengths[i] <= n_ids;
        if (!is_good)
            (void)cli_fail("length %d of a text of %zu tokens", (int)lengths[i], n_ids);
        is_good = is_good && embed_length(o, s, ids, (size_t)lengths[i], out);
    }
    free(lengths);
    return is_good;
}

static int run_embed(cli_options *o)
{
    size_t n_ids = 0;
    bool is_good = false;
    o->embeds = true;
    phi_engine *e = cli_open_model(o, true);
    phi_session *s = e ? cli_open_session(o, e) : NULL;
    cli_images *images = s ? cli_open_images(o, e) : NULL;
    int32_t *ids = images ? cli_tokens(o, e, images, &n_ids) : NULL;
    FILE *out = o->out_path ? fopen(o->out_path, "wb") : NULL;
    if (ids && n_ids == 0)
        (void)cli_fail("the text has no tokens");
    else if (o->out_path && !out)
        (void)cli_fail("%s: cannot be written", o->out_path);
    else if (ids)
        is_good = embed_all(o, s, ids, n_ids, out);
    if (out)
        (void)fclose(out);
    free(ids);
    phi_session_destroy(s);
    cli_close_images(images);
    phi_engine_destroy(e);
    return !is_good;
}

const cli_command cli_embed = {
    "embed", "a text as one vector: the hidden states behind the final norm, pooled; not normalised",
    "  --model FILE\n"
    "  --prompt TEXT | --file FILE | --tokens IDS\n"
    "  --image A,B           pictures (phi image --help): <|image_1|> of a text, -1 of ids; --crops N\n"
    "  --pooling last|mean   of the last token, or the mean of all (default mean)\n"
    "  --lengths 1,2,3       of the first so many tokens each\n"
    "  --out FILE            the vectors as 32-bit floats, one after the other\n"
    "  --threads N, --context N, --batch N, --kv f16|q8, --rope auto|short|long, --accuracy-level 4|1,\n"
    "  --kernels auto|scalar|simd128|relaxed-i16|relaxed-i32|relaxed-s8|relaxed-u8, --strip RULE, --plain, "
    "--no-special\n"
    "  --json                as JSON arrays\n",
    run_embed};
