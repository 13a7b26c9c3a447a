/* Pictures on their way into a model that sees: padded pixels in, vectors out, a step at a time. */
#include "engine_internal.h"
#include "vision.h"

struct phi_image {
    phi_arena arena;      /* one fixed block: features, this struct */
    phi_arena work_arena; /* one fixed block, given back when the picture is encoded */
    phi_engine *engine;
    phi_image *next; /* of the engine's */
    phi_error error;
    phi_vision_work work;
    float *features; /* (n_tokens, d_model) */
    int32_t id;
    int32_t n_tokens;
    int32_t n_steps;
    int32_t n_done; /* n_steps: encoded */
    _Atomic int32_t cancel_flag;
};

static phi_status settle_size(phi_tile_grid *out, phi_engine *e, int32_t width, int32_t height)
{
    if (e->state == PHI_ENGINE_EMPTY || e->state == PHI_ENGINE_POISONED)
        return phi_fail(&e->error, PHI_ESTATE, "image: the model must be described first");
    if (!e->model->vision)
        return phi_fail(&e->error, PHI_EUNSUPPORTED,
                        "this model reads text only; for pictures load one that sees, such as Phi-3.5-vision");
    return phi_vision_grid(out, e->model->vision, width, height, &e->error);
}

static uint64_t count_features(const phi_engine *e, int32_t n_tokens)
{
    return (uint64_t)n_tokens * (uint64_t)e->model->hparams.d_model;
}

/* SIZE_MAX or more: does not fit. */
static uint64_t feature_bytes(const phi_engine *e, int32_t n_tokens)
{
    const uint64_t n = count_features(e, n_tokens);
    if (n > SIZE_MAX / 2 / sizeof(float))
        return UINT64_MAX;
    return phi_arena_cost(1, sizeof(phi_image)) + phi_arena_cost((size_t)n, sizeof(float));
}

static phi_image_plan plan_of(const phi_engine *e, phi_tile_grid grid)
{
    const phi_vision *v = e->model->vision;
    const int32_t n_tokens = phi_vision_n_tokens(v, grid);
    return (phi_image_plan){.n_tokens = n_tokens,
                            .n_steps = phi_vision_n_steps(v, grid),
                            .work_bytes = phi_vision_work_bytes(v, grid, phi_pool_n_threads(e->pool)),
                            .feature_bytes = feature_bytes(e, n_tokens)};
}

phi_status phi_engine_plan_image(phi_engine *e, int32_t width, int32_t height, phi_image_plan *out)
{
    phi_tile_grid grid;
    PHI_TRY(settle_size(&grid, e, width, height));
    *out = plan_of(e, grid);
    return PHI_OK;
}

static phi_status deal(phi_image *i, phi_tile_grid grid, const phi_image_plan *plan)
{
    phi_engine *e = i->engine;
    i->features = phi_arena_array(&i->arena, float, (size_t)count_features(e, plan->n_tokens));
    if (!i->features)
        return phi_fail(&e->error, PHI_ENOMEM, "image: the plan of its features was too small");
    i->work.exec = (phi_exec){.kernels = &e->kernels, .pool = e->pool, .accuracy_level = e->options.accuracy_level};
    PHI_TRY(phi_arena_init_fixed(&i->work_arena, plan->work_bytes, "image: work", &e->error));
    return phi_vision_init(&i->work, &i->work_arena, e->model->vision, grid, &e->error);
}

static void give_back(phi_image *i)
{
    phi_arena_deinit(&i->work_arena);
    phi_arena arena = i->arena; /* holds the image itself */
    phi_arena_deinit(&arena);
}

phi_status phi_image_create(PHI_OWN phi_image **out, phi_engine *e, int32_t width, int32_t height)
{
    phi_tile_grid grid;
    phi_arena arena;
    if (e->state != PHI_ENGINE_READY)
        return phi_fail(&e->error, PHI_ESTATE, "image: the engine is not READY");
    PHI_TRY(settle_size(&grid, e, width, height));
    const phi_image_plan plan = plan_of(e, grid);
    if (e->n_image_ids == INT32_MAX)
        return phi_fail(&e->error, PHI_ESTATE, "image: the engine has given all its %d ids", (int)INT32_MAX);
    PHI_TRY(phi_arena_init_fixed(&arena, plan.feature_bytes, "image: features", &e->error));
    phi_image *i = phi_arena_zeroed(&arena, phi_image, 1);
    if (!i) {
        phi_arena_deinit(&arena);
        return phi_fail(&e->error, PHI_ENOMEM, "image: the plan of its features was too small");
    }
    i->arena = arena;
    i->engine = e;
    i->n_tokens = plan.n_tokens;
    i->n_steps = plan.n_steps;
    const phi_status status = deal(i, grid, &plan);
    if (status != PHI_OK) {
        give_back(i);
        return status;
    }
    i->id = ++e->n_image_ids;
    i->next = e->images;
    e->images = i;
    *out = i;
    return PHI_OK;
}

void phi_image_destroy(PHI_OWN phi_image *i)
{
    if (!i)
        return;
    phi_image **link = &i->engine->images;
    while (*link != i)
        link = &(*link)->next;
    *link = i->next;
    give_back(i);
}

const phi_image *phi_engine_find_image(const phi_engine *e, int32_t id)
{
    for (const phi_image *i = e->images; i; i = i->next)
        if (i->id == id)
            return i;
    return NULL;
}

const phi_error *phi_image_error(const phi_image *i)
{
    return &i->error;
}

uint8_t *phi_image_pixels(phi_image *i, size_t *n_bytes)
{
    const bool is_open = i->n_done == 0;
    *n_bytes = is_open ? phi_vision_pixel_bytes(i->work.vision, i->work.grid) : 0;
    return is_open ? i->work.pixels : NULL;
}

phi_status phi_image_step(phi_image *i)
{
    if (i->n_done == i->n_steps)
        return PHI_OK;
    if (atomic_exchange(&i->cancel_flag, 0) != 0)
        return phi_fail(&i->error, PHI_ECANCELED, "cancelled by the caller behind step %d of %d", (int)i->n_done,
                        (int)i->n_steps);
    phi_vision_step(&i->work, i->features, i->n_done);
    i->n_done++;
    if (i->n_done < i->n_steps)
        return PHI_PENDING;
    phi_arena_deinit(&i->work_arena);
    return PHI_OK;
}

int32_t *phi_image_cancel_flag(phi_image *i)
{
    return (int32_t *)&i->cancel_flag;
}

int32_t phi_image_n_steps_done(const phi_image *i)
{
    return i->n_done;
}

int32_t phi_image_id(const phi_image *i)
{
    return i->id;
}

int32_t phi_image_n_tokens(const phi_image *i)
{
    return i->n_tokens;
}

const float *phi_image_features(const phi_image *i, size_t *n_out)
{
    const bool is_encoded = i->n_done == i->n_steps;
    *n_out = is_encoded ? (size_t)count_features(i->engine, i->n_tokens) : 0;
    return is_encoded ? i->features : NULL;
}
