/* phi image: what a model makes of pictures, and how long it takes. */
#include <stdio.h>

#include "cli.h"

enum { MEASURE_MS = 300 };

/* As JSON with the rate of the GEMM kernel, which encoding is measured by. */
static bool report(const cli_options *o, phi_engine *e, const cli_picture_item *picture)
{
    const int32_t n_tokens = phi_image_n_tokens(picture->image);
    const int32_t n_steps = phi_image_n_steps_done(picture->image);
    const char *kernels = phi_engine_kernels_name(e);
    const int32_t n_threads = phi_engine_n_threads(e);
    double gemv, gemm;
    if (!o->json) {
        printf("%d tokens, %d steps, %.4f s (kernels %s, %d threads)\n", (int)n_tokens, (int)n_steps, picture->seconds,
               kernels, (int)n_threads);
        return true;
    }
    if (phi_engine_measure(e, MEASURE_MS, &gemv, &gemm) != PHI_OK)
        return cli_fail("%s", phi_engine_error(e)->text) == 0;
    printf("{\"tokens\":%d,\"steps\":%d,\"seconds\":%.4f,\"kernels\":\"%s\",\"threads\":%d,"
           "\"gemm_gop_per_s\":%.1f}\n",
           (int)n_tokens, (int)n_steps, picture->seconds, kernels, (int)n_threads, gemm);
    return true;
}

static bool write_features(const cli_options *o, const phi_image *i, FILE *out)
{
    size_t n;
    const float *features = phi_image_features(i, &n);
    return fwrite(features, sizeof *features, n, out) == n || cli_fail("%s: could not be written", o->out_path) == 0;
}

static int run_image(cli_options *o)
{
    phi_engine *e = cli_open_model(o, true);
    cli_images *images = e && o->images ? cli_open_images(o, e) : NULL;
    FILE *out = images && o->out_path ? fopen(o->out_path, "wb") : NULL;
    bool is_good = images != NULL;
    if (e && !o->images)
        (void)cli_fail("--image FILE is needed");
    if (images && o->out_path && !out)
        is_good = cli_fail("%s: cannot be written", o->out_path) == 0;
    for (size_t i = 0; is_good && i < images->n; i++)
        is_good = report(o, e, &images->at[i]) && (!out || write_features(o, images->at[i].image, out));
    if (out)
        is_good = fclose(out) == 0 && is_good;
    cli_close_images(images);
    phi_engine_destroy(e);
    return !is_good;
}

const cli_command cli_image = {"image", "encode pictures, as a model that sees would read them",
                               "  --model FILE\n"
                               "  --image A,B      JPEG, PNG, GIF, BMP; or PPM, padded already\n"
                               "  --crops N        tiles at most (default: the model's own number)\n"
                               "  --out FILE       the vectors as 32-bit floats, picture after picture\n"
                               "  --threads N, --accuracy-level 4|1, --kernels NAME\n"
                               "  --json           as JSON, a line a picture\n",
                               run_image};
