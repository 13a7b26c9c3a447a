/* Pictures on their way into a model that sees (phi.h). */
#include "engine_internal.h"

static phi_status refuse(phi_engine *e)
{
    return phi_fail(&e->error, PHI_EUNSUPPORTED,
                    "this model reads text only; for pictures load one that sees, such as Phi-3.5-vision");
}

phi_status phi_engine_plan_image(phi_engine *e, int32_t width, int32_t height, phi_image_plan *out)
{
    (void)width;
    (void)height;
    (void)out;
    return refuse(e);
}

phi_status phi_image_create(PHI_OWN phi_image **out, phi_engine *e, int32_t width, int32_t height)
{
    (void)width;
    (void)height;
    *out = NULL;
    return refuse(e);
}

void phi_image_destroy(PHI_OWN phi_image *i)
{
    (void)i;
}

const phi_error *phi_image_error(const phi_image *i)
{
    (void)i;
    return NULL;
}

uint8_t *phi_image_pixels(phi_image *i, size_t *n_bytes)
{
    (void)i;
    *n_bytes = 0;
    return NULL;
}

phi_status phi_image_step(phi_image *i)
{
    (void)i;
    return PHI_EUNSUPPORTED;
}

int32_t *phi_image_cancel_flag(phi_image *i)
{
    (void)i;
    return NULL;
}

int32_t phi_image_n_steps_done(const phi_image *i)
{
    (void)i;
    return 0;
}

int32_t phi_image_id(const phi_image *i)
{
    (void)i;
    return 0;
}

int32_t phi_image_n_tokens(const phi_image *i)
{
    (void)i;
    return 0;
}

const float *phi_image_features(const phi_image *i, size_t *n_out)
{
    (void)i;
    *n_out = 0;
    return NULL;
}
