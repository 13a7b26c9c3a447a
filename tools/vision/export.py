#!/usr/bin/env python3
"""Writes the trained model as demo/models/tiny-vision.gguf: text and vision part in one file.

Matrices are Q8_0, but the patch embedding (its rows are no whole blocks) and the positions F16; norms, biases,
separators and the class token F32.  Names: docs/VISION.md.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from gguf import GGMLQuantizationType as Kind  # noqa: E402
from gguf import GGUFWriter, LlamaFileType  # noqa: E402

from export_command import run_export  # noqa: E402
from gguf_text import add_blocks, add_plain, add_shape, add_vocabulary, close_writer, open_writer  # noqa: E402
from make_tiny_model import gguf_name  # noqa: E402
from network import VisionShape  # noqa: E402
from transform import PATCH, SIDE  # noqa: E402
from vision_keys import VisionKeys, add_vision_keys  # noqa: E402
from words import Words  # noqa: E402

NUM_CROPS = 1
STEMS = {"class_embedding": "v.class_embd", "patch_embedding": "v.patch_embd.weight",
         "position_embedding": "v.position_embd.weight", "pre_layrnorm": "v.pre_ln", "sub_GN": "mm.sub_gn",
         "glb_GN": "mm.glb_gn", "projection_0": "mm.0", "projection_2": "mm.2"}
LAYER_STEMS = {"layer_norm1": "ln1", "layer_norm2": "ln2", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
               "self_attn.v_proj": "attn_v", "self_attn.out_proj": "attn_out", "fc1": "ffn_up", "fc2": "ffn_down"}


def file_name(name: str) -> str:
    """decoder.* and vision.* of network.py -> the name in the file."""
    part, rest = name.split(".", 1)
    if part == "decoder":
        return gguf_name(rest if rest == "lm_head.weight" else f"model.{rest}")
    if rest in STEMS:
        return STEMS[rest]
    stem, kind = rest.rsplit(".", 1)
    if stem in STEMS:
        return f"{STEMS[stem]}.{kind}"
    _, layer, stem = stem.split(".", 2)
    return f"v.blk.{layer}.{LAYER_STEMS[stem]}.{kind}"


def add_tensor(writer: GGUFWriter, name: str, weight: torch.Tensor) -> None:
    if weight.ndim == 1:
        add_plain(writer, file_name(name), weight)
    elif name in ("vision.patch_embedding", "vision.position_embedding"):
        add_plain(writer, file_name(name), weight, np.float16)
    else:
        add_blocks(writer, file_name(name), weight, Kind.Q8_0)


def write_model(weights: dict[str, torch.Tensor], path: Path) -> None:
    shape = VisionShape()
    # "Phi3" in the name makes llama.cpp and this engine drop white space after special tokens.
    writer = open_writer(path, "PocketPhi tiny vision (Phi3)",
                         "Reads sums, counts and names shapes in pictures, English and Korean")
    add_shape(writer, shape.text)
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    add_vocabulary(writer, Words(), adds_bos=True)
    add_vision_keys(writer, VisionKeys(image_size=SIDE, patch_size=PATCH, width=shape.width, inner=shape.inter,
                                       n_layers=shape.n_layers, n_heads=shape.n_heads, num_crops=NUM_CROPS))
    for name, weight in weights.items():
        if not name.startswith("teacher"):
            add_tensor(writer, name, weight)
    close_writer(writer)


if __name__ == "__main__":
    run_export(__doc__, "vision", "tiny-vision.gguf", write_model)
