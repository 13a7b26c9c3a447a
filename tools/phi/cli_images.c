/* Pictures of the command line: PPM files whose size is that of a padded picture, encoded before the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The next number of a PPM header: spaces and comments before it are skipped. */
static bool read_number(int32_t *out, FILE *f)
{
    int c = fgetc(f);
    while (c == '#' || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        while (c == '#' && (c = fgetc(f)) != '\n' && c != EOF)
            c = '#';
        c = fgetc(f);
    }
    int64_t value = 0;
    for (; c >= '0' && c <= '9' && value < INT32_MAX / 16; c = fgetc(f))
        value = value * 10 + (c - '0');
    *out = (int32_t)value;
    return value > 0;
}

static bool read_pixels(phi_image **out, phi_engine *e, FILE *f, const char *path)
{
    int32_t width;
    int32_t height;
    int32_t most;
    size_t n;
    if (fgetc(f) != 'P' || fgetc(f) != '6' || !read_number(&width, f) || !read_number(&height, f) ||
        !read_number(&most, f) || most != 255)
        return cli_fail("%s: expected a binary PPM file (P6) with a maximum of 255", path) == 0;
    if (phi_image_create(out, e, width, height) != PHI_OK)
        return cli_fail("%s: %s", path, phi_engine_error(e)->text) == 0;
    uint8_t *pixels = phi_image_pixels(*out, &n);
    return fread(pixels, 1, n, f) == n || cli_fail("%s: fewer than %zu bytes of pixels", path, n) == 0;
}

static bool encode(cli_picture *picture)
{
    const double begin = cli_now();
    phi_status status;
    do
        status = phi_image_step(picture->image);
    while (status == PHI_PENDING);
    picture->seconds = cli_now() - begin;
    return status == PHI_OK || cli_fail("%s", phi_image_error(picture->image)->text) == 0;
}

static bool add_image(cli_images *images, phi_engine *e, const char *path)
{
    cli_picture *more = realloc(images->at, (images->n + 1) * sizeof *more);
    FILE *f = more ? fopen(path, "rb") : NULL;
    if (more)
        images->at = more;
    if (!f)
        return cli_fail("%s: cannot be read", path) == 0;
    cli_picture *picture = &images->at[images->n];
    *picture = (cli_picture){0};
    const bool is_good = read_pixels(&picture->image, e, f, path);
    images->n += picture->image != NULL;
    (void)fclose(f);
    return is_good && encode(picture);
}

void cli_close_images(cli_images *images)
{
    if (!images)
        return;
    for (size_t i = 0; i < images->n; i++)
        phi_image_destroy(images->at[i].image);
    free(images->at);
    free(images);
}

cli_images *cli_open_images(const cli_options *o, phi_engine *e)
{
    cli_images *images = calloc(1, sizeof *images);
    char *list = images && o->images ? strdup(o->images) : NULL;
    bool is_good = images && (list || !o->images);
    for (char *path = list ? strtok(list, ",") : NULL; path && is_good; path = strtok(NULL, ","))
        is_good = add_image(images, e, path);
    free(list);
    if (is_good)
        return images;
    cli_close_images(images);
    return NULL;
}

typedef struct token_list {
    int32_t *ids;
    size_t n;
    size_t cap;
} token_list;

static bool append(token_list *list, int32_t id, size_t count)
{
    if (!list->ids || list->n + count > list->cap) {
        list->cap = 2 * (list->n + count) + 64;
        int32_t *more = realloc(list->ids, list->cap * sizeof *more);
        if (!more)
            return cli_fail("out of memory") == 0;
        list->ids = more;
    }
    for (size_t i = 0; i < count; i++)
        list->ids[list->n++] = id;
    return true;
}

static bool append_image(token_list *list, const cli_images *images, size_t number)
{
    if (number < 1 || number > images->n)
        return cli_fail("image %zu of %zu", number, images->n) == 0;
    const phi_image *i = images->at[number - 1].image;
    return append(list, -phi_image_id(i), (size_t)phi_image_n_tokens(i));
}

/* Token -k becomes the run of the k-th image. */
static bool append_expanded(token_list *list, const cli_images *images, const int32_t *ids, size_t n)
{
    bool is_good = true;
    for (size_t i = 0; is_good && i < n; i++)
        is_good = ids[i] < 0 ? append_image(list, images, (size_t) - (int64_t)ids[i]) : append(list, ids[i], 1);
    return is_good;
}

static bool append_text(token_list *list, const cli_options *o, phi_engine *e, phi_str text)
{
    const int32_t *ids;
    size_t n;
    if (phi_engine_encode(e, text.ptr, text.len, !o->no_special, !o->plain, &ids, &n) != PHI_OK)
        return cli_fail("%s", phi_engine_error(e)->text) == 0;
    return append_expanded(list, NULL, ids, n);
}

/* hf processing_phi3_v.py: the text is cut at its <|image_k|>, and each piece encoded as a text of its own. */
static bool append_prompt(token_list *list, const cli_options *o, phi_engine *e, const cli_images *images)
{
    const char *at = o->prompt;
    const char *end = at + o->prompt_bytes;
    for (;;) {
        const char *tag = images->n > 0 ? strstr(at, "<|image_") : NULL;
        if (!append_text(list, o, e, (phi_str){at, (size_t)((tag ? tag : end) - at)}))
            return false;
        if (!tag)
            return true;
        char *behind;
        const unsigned long number = strtoul(tag + strlen("<|image_"), &behind, 10);
        if (strncmp(behind, "|>", 2) != 0)
            return cli_fail("'%.16s' is no <|image_NUMBER|>", tag) == 0;
        if (!append_image(list, images, number))
            return false;
        at = behind + 2;
    }
}

int32_t *cli_tokens(const cli_options *o, phi_engine *e, const cli_images *images, size_t *n_out)
{
    token_list list = {0};
    bool is_good = o->tokens || o->prompt;
    if (!is_good)
        (void)cli_fail("--prompt TEXT, --file FILE or --tokens IDS is needed");
    if (is_good && o->tokens) {
        size_t n;
        int32_t *ids = cli_parse_numbers(o->tokens, &n);
        is_good = ids && append_expanded(&list, images, ids, n);
        free(ids);
    } else if (is_good) {
        is_good = append_prompt(&list, o, e, images);
    }
    *n_out = list.n;
    if (is_good)
        return list.ids;
    free(list.ids);
    return NULL;
}
