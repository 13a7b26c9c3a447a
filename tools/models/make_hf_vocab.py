#!/usr/bin/env python3
"""Writes the real vocabularies as Hugging Face folders into the project's cache and prints the folder's path.

  make_hf_vocab.py phi3-none|phi3-all|phi3-vision|smollm2

tokenizer.json is what the library `tokenizers` writes of the reference tokenizers of tests/tokenizer
(tokenizers_hf.py); the model around it is as small as one can be: a header of weights that nobody reads.
"""

import json
import struct
import sys
from pathlib import Path

from project_cache import cache_folder, enter_venv, fail

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

WIDTH = 32
ROWS = {"phi3": 32064, "smollm2": 49152}


def write_weights(path: Path, n_rows: int) -> None:
    """All zeros: a hole in the file."""
    shapes = {"model.embed_tokens.weight": [n_rows, WIDTH], "model.norm.weight": [WIDTH]}
    layer = {"input_layernorm": [WIDTH], "post_attention_layernorm": [WIDTH],
             "self_attn.qkv_proj": [3 * WIDTH, WIDTH], "self_attn.o_proj": [WIDTH, WIDTH],
             "mlp.gate_up_proj": [2 * WIDTH, WIDTH], "mlp.down_proj": [WIDTH, WIDTH]}
    shapes |= {f"model.layers.0.{name}.weight": shape for name, shape in layer.items()}
    header, at = {}, 0
    for name, shape in shapes.items():
        n_bytes = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + n_bytes]}
        at += n_bytes
    raw = json.dumps(header).encode()
    with open(path, "wb") as stream:
        stream.write(struct.pack("<Q", len(raw)) + raw)
        stream.truncate(8 + len(raw) + at)


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in ("phi3-none", "phi3-all", "phi3-vision", "smollm2"):
        fail("expected phi3-none, phi3-all, phi3-vision or smollm2")
    family = sys.argv[1]
    from tokenizers_hf import hf_tokenizer
    folder = cache_folder("models") / f"hf-vocab-{family}"
    folder.mkdir(exist_ok=True)
    hf_tokenizer(family).save(str(folder / "tokenizer.json"))
    n_rows = ROWS[family.split("-")[0]]
    config = {"model_type": "phi3", "vocab_size": n_rows, "hidden_size": WIDTH, "intermediate_size": WIDTH,
              "num_hidden_layers": 1, "num_attention_heads": 1, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
              "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2}
    (folder / "config.json").write_text(json.dumps(config))
    write_weights(folder / "model.safetensors", n_rows)
    print(folder)


if __name__ == "__main__":
    main()
