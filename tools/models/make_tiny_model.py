#!/usr/bin/env python3
"""Writes the tiny random models (tiny_specs.py, tiny_vision.py) as GGUF files: tests/models/<id>.gguf.

Names, keys and the row order of llama's q and k are those of llama.cpp's converter.  The goldens that go with
them come from tools/reference/make_golden_logits.py and make_golden_vision.py.
"""

import argparse
import math
import sys
from pathlib import Path

from project_cache import REPOSITORY, enter_venv, sha256_file

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("formats")

GGUF_LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.qkv_proj": "attn_qkv", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_up_proj": "ffn_up", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
GGUF_NAMES = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
              "lm_head.weight": "output.weight"}
FILE_TYPE = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q4_K": 14, "Q5_K": 16,
             "Q6_K": 18, "IQ4_NL": 25, "BF16": 32}


def gguf_name(name: str) -> str:
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_LAYER_NAMES[rest.removesuffix('.weight')]}.weight"


def permute_rows(raw, n_heads: int):
    """llama.cpp's converter turns rotate-half pairs (i, i + d/2) of llama's q and k into neighbours."""
    rows = raw.reshape(n_heads, 2, raw.shape[0] // n_heads // 2, -1)
    return rows.swapaxes(1, 2).reshape(raw.shape)


def add_metadata(writer, spec) -> None:
    import tiny_vocab
    writer.add_name(spec.name or spec.id)
    writer.add_context_length(spec.max_position)
    writer.add_embedding_length(spec.hidden)
    writer.add_feed_forward_length(spec.inter)
    writer.add_block_count(spec.n_layers)
    writer.add_head_count(spec.n_heads)
    writer.add_head_count_kv(spec.n_kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(spec.rotary_dim)
    writer.add_rope_freq_base(spec.rope_theta)
    writer.add_file_type(FILE_TYPE[spec.storage])
    if spec.arch == "phi3":
        writer.add_rope_scaling_orig_ctx_len(spec.original_max or spec.max_position)
        writer.add_sliding_window(spec.sliding_window)
        if spec.original_max:
            scale = spec.max_position / spec.original_max
            writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(scale) / math.log(spec.original_max)))
    else:
        writer.add_vocab_size(tiny_vocab.N_ROWS)
    (tiny_vocab.add_spm if spec.vocabulary == "spm" else tiny_vocab.add_bpe)(writer)


def add_rope_tensors(writer, spec) -> None:
    import numpy as np
    from tiny_weights import llama3_factors
    if spec.original_max == 0:
        return
    if spec.arch == "llama":
        writer.add_tensor("rope_freqs.weight", llama3_factors(spec))
        return
    short, long = spec.long_factors()
    writer.add_tensor("rope_factors_long.weight", np.array(long, np.float32))
    writer.add_tensor("rope_factors_short.weight", np.array(short, np.float32))


def write_model(spec, path: Path, vision=None) -> None:
    """`vision`: a VisionSpec whose text model `spec` is."""
    from gguf import GGMLQuantizationType, GGUFWriter
    from tiny_weights import make_weights
    writer = GGUFWriter(path, spec.arch)
    add_metadata(writer, spec)
    add_rope_tensors(writer, spec)
    for name, matrix in make_weights(spec).items():
        raw = matrix.raw
        if spec.arch == "llama" and ".q_proj" in name:
            raw = permute_rows(raw, spec.n_heads)
        elif spec.arch == "llama" and ".k_proj" in name:
            raw = permute_rows(raw, spec.n_kv_heads)
        plain = matrix.kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16)
        writer.add_tensor(gguf_name(name), raw, raw_dtype=None if plain else matrix.kind)
    if vision:
        from tiny_vision import add_vision
        add_vision(writer, vision)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="id", help="default: all of tiny_specs.py and tiny_vision.py")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "tests" / "models")
    args = parser.parse_args()
    from tiny_specs import SPECS
    from tiny_vision import VISION_SPECS
    args.folder.mkdir(parents=True, exist_ok=True)
    known = {**{i: (spec, None) for i, spec in SPECS.items()},
             **{i: (spec.text, spec) for i, spec in VISION_SPECS.items()}}
    for model_id in args.ids or known:
        if model_id not in known:
            parser.error(f"unknown model {model_id}; expected one of {', '.join(known)}")
        path = args.folder / f"{model_id}.gguf"
        spec, vision = known[model_id]
        write_model(spec, path, vision)
        print(f"{path}  {path.stat().st_size} bytes  sha256 {sha256_file(path)}")


if __name__ == "__main__":
    main()
