"""Hugging Face's CLIP vision model, the published assembly of its outputs, and Hugging Face's Phi-3 behind them: the
reference for models that see.

transformers has no Phi-3-vision of its own: the model's remote code takes hidden_states[-2] of a CLIPVisionModel,
drops the class, and arranges it with hd_transform_order "sub_glb"; assemble() follows that arrangement.
"""

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel

from hf_oracle import ATTENTION, Arithmetic, Oracle, round_q8
from tiny_vision import Picture, VisionSpec, pixels_of
from vision_keys import IMAGE_MEAN, IMAGE_STD, LAYER_NORM_EPS
from tiny_weights import Matrix, make_weights

LAYER_NAMES = {"ln1": "layer_norm1", "ln2": "layer_norm2", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
               "attn_v": "self_attn.v_proj", "attn_out": "self_attn.out_proj", "ffn_up": "mlp.fc1",
               "ffn_down": "mlp.fc2"}
NAMES = {"v.class_embd": "embeddings.class_embedding", "v.patch_embd.weight": "embeddings.patch_embedding.weight",
         "v.position_embd.weight": "embeddings.position_embedding.weight",
         "v.pre_ln.weight": "pre_layrnorm.weight", "v.pre_ln.bias": "pre_layrnorm.bias"}


def clip_name(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    _, _, layer, stem, ending = name.split(".")
    return f"encoder.layers.{layer}.{LAYER_NAMES[stem]}.{ending}"


def as_tensor(matrix: Matrix) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(matrix.value))


def make_clip(spec: VisionSpec, weights: dict[str, Matrix]) -> CLIPVisionModel:
    """One layer more than the file has: hidden_states[-2] is what comes out of the file's last one."""
    torch.manual_seed(0)
    model = CLIPVisionModel(CLIPVisionConfig(
        hidden_size=spec.hidden, intermediate_size=spec.inter, num_hidden_layers=spec.n_layers + 1,
        num_attention_heads=spec.n_heads, image_size=spec.tile_size, patch_size=spec.patch_size,
        hidden_act="quick_gelu", layer_norm_eps=LAYER_NORM_EPS, attn_implementation=ATTENTION))
    state = {clip_name(name): as_tensor(m) for name, m in weights.items() if name.startswith("v.")}
    patch = "embeddings.patch_embedding.weight"
    state[patch] = state[patch].reshape(spec.hidden, 3, spec.patch_size, spec.patch_size)
    found = model.load_state_dict(state, strict=False)
    unread = (f"encoder.layers.{spec.n_layers}.", "post_layernorm", "embeddings.position_ids")
    assert not found.unexpected_keys and all(name.startswith(unread) for name in found.missing_keys), found
    return model


def tiles_of(pixels: torch.Tensor, spec: VisionSpec) -> torch.Tensor:
    """(1 + tiles, 3, S, S): the whole picture first, as pixel_values has it; pixels (3, height, width) normalised."""
    size = spec.tile_size
    whole = torch.nn.functional.interpolate(pixels[None], size=(size, size), mode="bicubic")
    rows, cols = pixels.shape[1] // size, pixels.shape[2] // size
    tiles = pixels.reshape(3, rows, size, cols, size).permute(1, 3, 0, 2, 4).reshape(-1, 3, size, size)
    return torch.cat([whole, tiles])


def arrange(features: torch.Tensor, rows: int, cols: int, separator: torch.Tensor) -> torch.Tensor:
    """features (rows * cols, n * n, h) -> ((rows m) (cols m + 1), 4 h): 2 x 2 patches side by side, a separator behind
    each line of the grid."""
    n = int(features.shape[1] ** 0.5)
    m, h = n // 2, features.shape[2]
    blocks = features.reshape(rows, cols, m, 2, m, 2, h).permute(0, 2, 1, 4, 3, 5, 6)
    grid = blocks.reshape(rows * m, cols * m, 4 * h)
    return torch.cat([grid, separator.expand(rows * m, 1, 4 * h)], dim=1).reshape(-1, 4 * h)


def assemble(features: torch.Tensor, picture: Picture, sub_gn: torch.Tensor, glb_gn: torch.Tensor) -> torch.Tensor:
    tiles = arrange(features[1:], picture.n_rows, picture.n_cols, sub_gn)
    whole = arrange(features[:1], 1, 1, sub_gn)
    return torch.cat([tiles, glb_gn[None], whole])


class VisionOracle:
    def __init__(self, spec: VisionSpec, weights: dict[str, Matrix], arithmetic: Arithmetic) -> None:
        self.spec, self.arithmetic = spec, arithmetic
        self.weights = {name: as_tensor(m).to(arithmetic.dtype) for name, m in weights.items()}
        self.clip = make_clip(spec, weights).to(arithmetic.dtype).eval()
        for module in self.clip.modules():
            Oracle._adapt(module, Arithmetic(arithmetic.is_f64, activations=arithmetic.activations))
        self.text = Oracle(spec.text, make_weights(spec.text), arithmetic).model

    def linear(self, stem: str, x: torch.Tensor) -> torch.Tensor:
        if self.arithmetic.activations == "q8":
            x = round_q8(x)
        return x @ self.weights[f"{stem}.weight"].T + self.weights[f"{stem}.bias"]

    @torch.no_grad()
    def features(self, picture: Picture) -> torch.Tensor:
        """(n_tokens, width of the text)"""
        mean, std = (torch.tensor(v, dtype=self.arithmetic.dtype)[:, None, None] for v in (IMAGE_MEAN, IMAGE_STD))
        raw = torch.from_numpy(pixels_of(self.spec, picture)).permute(2, 0, 1).to(self.arithmetic.dtype)
        pixels = tiles_of((raw / 255 - mean) / std, self.spec)
        states = self.clip(pixels, output_hidden_states=True).hidden_states
        assert len(states) == self.spec.n_layers + 2
        rows = assemble(states[-2][:, 1:], picture, self.weights["mm.sub_gn"], self.weights["mm.glb_gn"])
        return self.linear("mm.2", torch.nn.functional.gelu(self.linear("mm.0", rows)))

    @torch.no_grad()
    def logits(self, parts: tuple[int, ...], features: list[torch.Tensor]) -> np.ndarray:
        """Of the last token; part -k is the k-th picture."""
        table = self.text.model.embed_tokens.weight
        rows = [features[-part - 1] if part < 0 else table[part][None] for part in parts]
        out = self.text(inputs_embeds=torch.cat(rows)[None], use_cache=False)
        return out.logits[0, -1].double().numpy()
