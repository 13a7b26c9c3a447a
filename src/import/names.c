/* Names of Hugging Face's tensors and what GGUF calls them; # stands for a layer's number. */
#include <string.h>

#include "import_impl.h"
#include "limits.h"
#include "write_text.h"

#define VISION "model.vision_embed_tokens."
#define CLIP   VISION "img_processor.vision_model."
#define LAYER  "model.layers.#."
#define BLOCK  CLIP "encoder.layers.#."

static const struct {
    const char *hf, *gguf; /* gguf NULL: nobody reads it */
    phi_role role;
} rows[] = {
    {"model.embed_tokens.weight", "token_embd.weight", PHI_ROLE_EMBEDDING},
    {"model.norm.weight", "output_norm.weight", PHI_ROLE_VECTOR},
    {"lm_head.weight", "output.weight", PHI_ROLE_OUTPUT},
    {LAYER "input_layernorm.weight", "blk.#.attn_norm.weight", PHI_ROLE_VECTOR},
    {LAYER "post_attention_layernorm.weight", "blk.#.ffn_norm.weight", PHI_ROLE_VECTOR},
    {LAYER "self_attn.qkv_proj.weight", "blk.#.attn_qkv.weight", PHI_ROLE_LINEAR},
    {LAYER "self_attn.q_proj.weight", "blk.#.attn_q.weight", PHI_ROLE_ROTARY},
    {LAYER "self_attn.k_proj.weight", "blk.#.attn_k.weight", PHI_ROLE_ROTARY},
    {LAYER "self_attn.v_proj.weight", "blk.#.attn_v.weight", PHI_ROLE_LINEAR},
    {LAYER "self_attn.o_proj.weight", "blk.#.attn_output.weight", PHI_ROLE_LINEAR},
    {LAYER "mlp.gate_up_proj.weight", "blk.#.ffn_up.weight", PHI_ROLE_LINEAR},
    {LAYER "mlp.gate_proj.weight", "blk.#.ffn_gate.weight", PHI_ROLE_LINEAR},
    {LAYER "mlp.up_proj.weight", "blk.#.ffn_up.weight", PHI_ROLE_LINEAR},
    {LAYER "mlp.down_proj.weight", "blk.#.ffn_down.weight", PHI_ROLE_LINEAR},
    {LAYER "self_attn.rotary_emb.inv_freq", NULL, PHI_ROLE_IGNORED},
    {VISION "sub_GN", "mm.sub_gn", PHI_ROLE_VECTOR},
    {VISION "glb_GN", "mm.glb_gn", PHI_ROLE_VECTOR},
    {VISION "img_projection.0.weight", "mm.0.weight", PHI_ROLE_VISION},
    {VISION "img_projection.0.bias", "mm.0.bias", PHI_ROLE_VECTOR},
    {VISION "img_projection.2.weight", "mm.2.weight", PHI_ROLE_VISION},
    {VISION "img_projection.2.bias", "mm.2.bias", PHI_ROLE_VECTOR},
    {VISION "wte.weight", NULL, PHI_ROLE_IGNORED}, /* the text's embedding again */
    {CLIP "embeddings.class_embedding", "v.class_embd", PHI_ROLE_VECTOR},
    {CLIP "embeddings.patch_embedding.weight", "v.patch_embd.weight", PHI_ROLE_VISION_TABLE},
    {CLIP "embeddings.position_embedding.weight", "v.position_embd.weight", PHI_ROLE_VISION_TABLE},
    {CLIP "embeddings.position_ids", NULL, PHI_ROLE_IGNORED},
    {CLIP "pre_layrnorm.weight", "v.pre_ln.weight", PHI_ROLE_VECTOR},
    {CLIP "pre_layrnorm.bias", "v.pre_ln.bias", PHI_ROLE_VECTOR},
    {CLIP "post_layernorm.weight", NULL, PHI_ROLE_IGNORED},
    {CLIP "post_layernorm.bias", NULL, PHI_ROLE_IGNORED},
    {BLOCK "layer_norm1.weight", "v.blk.#.ln1.weight", PHI_ROLE_VECTOR},
    {BLOCK "layer_norm1.bias", "v.blk.#.ln1.bias", PHI_ROLE_VECTOR},
    {BLOCK "layer_norm2.weight", "v.blk.#.ln2.weight", PHI_ROLE_VECTOR},
    {BLOCK "layer_norm2.bias", "v.blk.#.ln2.bias", PHI_ROLE_VECTOR},
    {BLOCK "self_attn.q_proj.weight", "v.blk.#.attn_q.weight", PHI_ROLE_VISION},
    {BLOCK "self_attn.q_proj.bias", "v.blk.#.attn_q.bias", PHI_ROLE_VECTOR},
    {BLOCK "self_attn.k_proj.weight", "v.blk.#.attn_k.weight", PHI_ROLE_VISION},
    {BLOCK "self_attn.k_proj.bias", "v.blk.#.attn_k.bias", PHI_ROLE_VECTOR},
    {BLOCK "self_attn.v_proj.weight", "v.blk.#.attn_v.weight", PHI_ROLE_VISION},
    {BLOCK "self_attn.v_proj.bias", "v.blk.#.attn_v.bias", PHI_ROLE_VECTOR},
    {BLOCK "self_attn.out_proj.weight", "v.blk.#.attn_out.weight", PHI_ROLE_VISION},
    {BLOCK "self_attn.out_proj.bias", "v.blk.#.attn_out.bias", PHI_ROLE_VECTOR},
    {BLOCK "mlp.fc1.weight", "v.blk.#.ffn_up.weight", PHI_ROLE_VISION},
    {BLOCK "mlp.fc1.bias", "v.blk.#.ffn_up.bias", PHI_ROLE_VECTOR},
    {BLOCK "mlp.fc2.weight", "v.blk.#.ffn_down.weight", PHI_ROLE_VISION},
    {BLOCK "mlp.fc2.bias", "v.blk.#.ffn_down.bias", PHI_ROLE_VECTOR},
};

/* Whether a name is that of the pattern; *layer: the number at #. A number is written without leading zeros. */
static bool matches(const char *pattern, phi_str name, int32_t *layer)
{
    size_t at = 0;
    *layer = -1;
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (at == name.len || name.ptr[at++] != *pattern)
                return false;
            continue;
        }
        const size_t begin = at;
        for (*layer = 0; at < name.len && name.ptr[at] >= '0' && name.ptr[at] <= '9' && at - begin < 4; at++)
            *layer = *layer * 10 + (name.ptr[at] - '0');
        if (at == begin || *layer >= PHI_LIMIT_LAYERS || (name.ptr[begin] == '0' && at > begin + 1))
            return false;
    }
    return at == name.len;
}

phi_status phi_hf_name(char out[PHI_NAME_BYTES], phi_role *role, int32_t *layer, phi_str name, phi_error *err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!matches(rows[i].hf, name, layer))
            continue;
        const char *gguf = rows[i].gguf ? rows[i].gguf : "";
        const char *mark = strchr(gguf, '#');
        *role = rows[i].role;
        if (mark)
            (void)phi_write_text(out, PHI_NAME_BYTES, "%.*s%d%s", (int)(mark - gguf), gguf, (int)*layer, mark + 1);
        else
            (void)phi_write_text(out, PHI_NAME_BYTES, "%s", gguf);
        return PHI_OK;
    }
    return phi_fail(err, PHI_EUNSUPPORTED,
                    "tensor '%.*s' is not part of the families phi3, phi3_v and llama as this build knows them",
                    phi_str_print_len(name), name.ptr);
}

phi_role phi_gguf_role(phi_str name, uint32_t n_dims)
{
    int32_t layer;
    if (n_dims < 2)
        return PHI_ROLE_VECTOR;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].gguf && matches(rows[i].gguf, name, &layer))
            return rows[i].role == PHI_ROLE_ROTARY ? PHI_ROLE_LINEAR : rows[i].role;
    return PHI_ROLE_LINEAR;
}
