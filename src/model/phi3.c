/* The Phi-3 text architecture, GGUF "phi3": mini and medium (4k, 128k), 3.5-mini, Phi-4, Phi-4-mini.
 *
 * Shape card (mini-4k): d_model 3072, d_inner 8192, 32 layers, 32 heads of 96, vocabulary 32064; qkv and gate/up are
 * fused in the file (gate first); RMSNorm; NeoX rotary pairs; LongRoPE in the 128k models; a sliding window of 2047 in
 * the 4k ones. */
#include <math.h>

#include "elementary.h"
#include "model.h"

/* LongRoPE's factor on cos and sin (hf modeling_rope_utils.py, _compute_longrope_parameters). */
static float attention_factor(int32_t n_max, int32_t n_original)
{
    const double s = (double)n_max / (double)n_original;
    return s <= 1.0 ? 1.0f : (float)sqrt(1.0 + phi_log(s) / phi_log((double)n_original));
}

static phi_status read_hparams(phi_model *model, const phi_directory *dir, phi_error *err)
{
    phi_hparams *h = &model->hparams;
    phi_meta_key room;
    PHI_TRY(phi_model_read_common(model, dir, err));
    h->attention.is_neox = true;
    const bool has_factors = phi_directory_tensor(dir, PHI_STR("rope_factors_long.weight")) != NULL;
    if (has_factors) {
        h->rope_factor = attention_factor(h->n_context_max, h->n_context_original);
        PHI_TRY(phi_meta_read_f32(&h->rope_factor, dir, phi_model_key(&room, model, "rope.scaling.attn_factor"), err));
    }
    /* Files of the 4k models converted before the key existed leave the window out; their config.json says 2047. */
    if (!has_factors && h->n_context_max == 4096 &&
        !phi_directory_meta(dir, phi_model_key(&room, model, "attention.sliding_window")))
        h->attention.window = 2047;
    return PHI_OK;
}

const phi_descriptor phi_phi3_descriptor = {
    .architecture = "phi3",
    .read_hparams = read_hparams,
    .qkv = {"blk.%d.attn_qkv.weight"},
    .gate_up = {"blk.%d.ffn_up.weight"},
};
