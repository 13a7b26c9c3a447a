#!/usr/bin/env python3
"""Writes the trained tutor as demo/models/tutor.gguf: blocks in Q4_0, embeddings and output in Q8_0, norms in F32.

The last quarter of the training computed with exactly these rounded weights.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402
from gguf import GGMLQuantizationType as Kind  # noqa: E402
from gguf import GGUFWriter, LlamaFileType  # noqa: E402

from export_command import run_export  # noqa: E402
from gguf_text import add_blocks, add_plain, add_shape, add_vocabulary, close_writer, open_writer  # noqa: E402
from make_tiny_model import gguf_name  # noqa: E402
from phi3_block import Shape  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

OUTER = ("embed_tokens.weight", "lm_head.weight")


def add_tensor(writer: GGUFWriter, name: str, weight: torch.Tensor) -> None:
    in_file = gguf_name(name if name == "lm_head.weight" else f"model.{name}")
    if weight.ndim == 1:
        add_plain(writer, in_file, weight)
    else:
        add_blocks(writer, in_file, weight, Kind.Q8_0 if name in OUTER else Kind.Q4_0)


def write_model(weights: dict[str, torch.Tensor], path: Path) -> None:
    # "Phi3" in the name makes llama.cpp and this engine drop white space after special tokens.
    writer = open_writer(path, "PocketPhi tutor (Phi3)",
                         "A small tutor of primary-school arithmetic, English and Korean")
    add_shape(writer, Shape())
    writer.add_file_type(LlamaFileType.MOSTLY_Q4_0)
    add_vocabulary(writer, Vocabulary(), adds_bos=False)
    for name, weight in weights.items():
        add_tensor(writer, name, weight)
    close_writer(writer)


if __name__ == "__main__":
    run_export(__doc__, "tutor", "tutor.gguf", write_model)
