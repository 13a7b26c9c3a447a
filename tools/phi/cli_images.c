/* Pictures of the command line, encoded before the text: JPEG, PNG, GIF, BMP through the HD transform, and PPM files
 * that are padded already. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "phi_pixels.h"

/* A padded picture, borrowed. */
typedef struct padded {
    const uint8_t *rgb; /* (height, width, 3) */
    int32_t width;
    int32_t height;
} padded;

static bool make_image(phi_image **out, phi_engine *e, const padded *p, const char *path)
{
    size_t n;
    if (phi_image_create(out, e, p->width, p->height) != PHI_OK)
        return cli_fail("%s: %s", path, phi_engine_error(e)->text) == 0;
    uint8_t *pixels = phi_image_pixels(*out, &n);
    memcpy(pixels, p->rgb, n);
    return true;
}

static bool image_of_ppm(phi_image **out, phi_engine *e, const char *path, phi_str file)
{
    int width;
    int height;
    int at = 0;
    if (sscanf(file.ptr, "P6 %d %d 255%n", &width, &height, &at) != 2 || at == 0 || width < 1 || height < 1)
        return cli_fail("%s: expected a PPM file that begins with P6, width, height and 255", path) == 0;
    const uint64_t n_pixels = (uint64_t)(unsigned)width * (uint64_t)(unsigned)height;
    if (file.len - (size_t)at < 1 || file.len - (size_t)at - 1 < 3 * n_pixels)
        return cli_fail("%s: fewer bytes than %d x %d pixels", path, width, height) == 0;
    const padded p = {(const uint8_t *)file.ptr + at + 1, width, height};
    return make_image(out, e, &p, path);
}

/* A number of the model's "vision" description. */
static int32_t vision_number(phi_engine *e, const char *key)
{
    const char *vision = strstr(phi_engine_info_json(e), "\"vision\":{");
    const char *at = vision ? strstr(vision, key) : NULL;
    return at ? (int32_t)strtol(at + strlen(key), NULL, 10) : 0;
}

static bool image_of_picture(phi_image **out, phi_engine *e, const cli_options *o, const char *path, phi_str file)
{
    phi_pixels *pixels = phi_pixels_create();
    uint8_t *room = pixels ? phi_pixels_room(pixels, file.len) : NULL;
    const int32_t tile = vision_number(e, "\"tileSize\":");
    const int32_t n_crops = o->crops > 0 ? o->crops : vision_number(e, "\"numCrops\":");
    padded p = {0};
    if (room) {
        memcpy(room, file.ptr, file.len);
        if (phi_pixels_decode(pixels) == PHI_OK && phi_pixels_transform(pixels, n_crops, tile) == PHI_OK)
            p = (padded){phi_pixels_padded(pixels), phi_pixels_padded_width(pixels), phi_pixels_padded_height(pixels)};
        else
            (void)cli_fail("%s: %s", path, phi_pixels_error_text(pixels));
    } else {
        (void)cli_fail("%s: no room for %zu bytes", path, file.len);
    }
    const bool is_good = p.rgb && make_image(out, e, &p, path);
    phi_pixels_destroy(pixels);
    return is_good;
}

static bool open_image(phi_image **out, phi_engine *e, const cli_options *o, const char *path)
{
    phi_image_plan plan;
    size_t n;
    if (phi_engine_plan_image(e, 1, 1, &plan) == PHI_EUNSUPPORTED)
        return cli_fail("%s", phi_engine_error(e)->text) == 0;
    char *bytes = cli_read_file(path, &n);
    const phi_str file = {bytes, n};
    bool is_good = bytes != NULL;
    if (is_good)
        is_good = n > 2 && memcmp(bytes, "P6", 2) == 0 ? image_of_ppm(out, e, path, file)
                                                       : image_of_picture(out, e, o, path, file);
    free(bytes);
    return is_good;
}

static bool encode(cli_picture_item *picture)
{
    const double begin = cli_now();
    phi_status status;
    do
        status = phi_image_step(picture->image);
    while (status == PHI_PENDING);
    picture->seconds = cli_now() - begin;
    return status == PHI_OK || cli_fail("%s", phi_image_error(picture->image)->text) == 0;
}

static bool add_image(cli_images *images, phi_engine *e, const cli_options *o, const char *path)
{
    cli_picture_item *more = realloc(images->at, (images->n + 1) * sizeof *more);
    if (!more)
        return cli_fail("out of memory") == 0;
    images->at = more;
    cli_picture_item *item = &images->at[images->n];
    *item = (cli_picture_item){0};
    if (!open_image(&item->image, e, o, path))
        return false;
    images->n++;
    return encode(item);
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
        is_good = add_image(images, e, o, path);
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
