/* The Llama architecture, GGUF "llama": Llama 2 and 3, SmolLM2.
 *
 * Shape card (SmolLM2-135M): d_model 576, d_inner 1536, 30 layers, 9 heads of 64 on 3 kv heads, tied embeddings. q, k,
 * v and gate, up are separate tensors; the file's q and k rows are permuted so that rotary pairs are neighbours. Llama
 * 3 brings frequency divisors (rope_freqs.weight). */
#include "model.h"

static phi_status read_rope_scaling(phi_model *model, const phi_directory *dir, phi_error *err)
{
    phi_meta_key room;
    phi_str type = PHI_STR("none");
    float factor = 1.0f;
    PHI_TRY(phi_meta_read_str(&type, dir, phi_model_key(&room, model, "rope.scaling.type"), err));
    if (phi_str_equal(type, PHI_STR("none")))
        return PHI_OK;
    if (!phi_str_equal(type, PHI_STR("linear")))
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "rope scaling '%.*s'; this build knows none, linear and factors in the file",
                        phi_str_print_len(type), type.ptr);
    PHI_TRY(phi_meta_read_f32(&factor, dir, phi_model_key(&room, model, "rope.scaling.factor"), err));
    if (!(factor > 0.0f))
        return phi_fail(err, PHI_ECORRUPT, "metadata '%s' is %g, expected a positive number", room.text,
                        (double)factor);
    model->hparams.rope_scale = 1.0f / factor;
    return PHI_OK;
}

static phi_status read_hparams(phi_model *model, const phi_directory *dir, phi_error *err)
{
    PHI_TRY(phi_model_read_common(model, dir, err));
    if (phi_directory_tensor(dir, PHI_STR("blk.0.ffn_gate_inp.weight")))
        return phi_fail(err, PHI_EUNSUPPORTED, "a mixture of experts in architecture 'llama'");
    model->hparams.attention.is_neox = false;
    return read_rope_scaling(model, dir, err);
}

const phi_descriptor phi_llama_descriptor = {
    .architecture = "llama",
    .read_hparams = read_hparams,
    .qkv = {"blk.%d.attn_q.weight", "blk.%d.attn_k.weight", "blk.%d.attn_v.weight"},
    .gate_up = {"blk.%d.ffn_gate.weight", "blk.%d.ffn_up.weight"},
};
