#!/usr/bin/env python3
"""Writes the trained tutor as demo/models/tutor.gguf: blocks in Q4_0, embeddings and output in Q8_0, norms in F32.

The last quarter of the training computed with exactly these rounded weights.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, cache_folder, enter_venv, fail, sha256_file  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType  # noqa: E402
from gguf.quants import dequantize, quantize  # noqa: E402

from llama2_vocab import BYTE, CONTROL, NORMAL, UNKNOWN  # noqa: E402
from make_tiny_model import gguf_name  # noqa: E402
from model import Shape  # noqa: E402
from quantise import round_q4_0, round_q8_0  # noqa: E402
from vocabulary import N_PIECES, SPECIAL, TEMPLATE, Vocabulary  # noqa: E402

OUT = REPOSITORY / "demo" / "models" / "tutor.gguf"
BYTES_MAX = 4_000_000
OUTER = ("embed_tokens.weight", "lm_head.weight")


def add_shape(writer: GGUFWriter, shape: Shape) -> None:
    # "Phi3" in the name makes llama.cpp and this engine drop white space after special tokens.
    writer.add_name("PocketPhi tutor (Phi3)")
    writer.add_description("A small tutor of primary-school arithmetic, English and Korean")
    writer.add_license("MIT")
    writer.add_context_length(shape.n_context)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.inter)
    writer.add_block_count(shape.n_layers)
    writer.add_head_count(shape.n_heads)
    writer.add_head_count_kv(shape.n_heads)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_rope_scaling_orig_ctx_len(shape.n_context)
    writer.add_sliding_window(0)
    writer.add_file_type(LlamaFileType.MOSTLY_Q4_0)


def add_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    spm = vocabulary.spm
    tokens, scores, types = [], [], []
    for i in range(N_PIECES):
        tokens.append(spm.id_to_piece(i))
        scores.append(spm.get_score(i))
        types.append(UNKNOWN if spm.is_unknown(i) else CONTROL if spm.is_control(i) else
                     BYTE if spm.is_byte(i) else NORMAL)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*tokens, *SPECIAL])
    writer.add_token_scores([*scores, *[-1e6] * len(SPECIAL)])
    writer.add_token_types([*types, *[CONTROL] * len(SPECIAL)])
    writer.add_bos_token_id(spm.bos_id())
    writer.add_eos_token_id(vocabulary.special["<|endoftext|>"])
    writer.add_eot_token_id(vocabulary.end)
    writer.add_unk_token_id(spm.unk_id())
    writer.add_pad_token_id(vocabulary.special["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def add_tensor(writer: GGUFWriter, name: str, weight: torch.Tensor) -> None:
    if weight.ndim == 1:
        writer.add_tensor(gguf_name(f"model.{name}"), weight.numpy())
        return
    is_outer = name in OUTER
    kind = GGMLQuantizationType.Q8_0 if is_outer else GGMLQuantizationType.Q4_0
    raw = quantize(weight.numpy(), kind)
    trained_with = (round_q8_0 if is_outer else round_q4_0)(weight).numpy()
    if not np.array_equal(dequantize(raw, kind).reshape(trained_with.shape), trained_with):
        fail(f"{name}: {kind.name} in the file is not what the training rounded to")
    writer.add_tensor(gguf_name(name if name == "lm_head.weight" else f"model.{name}"), raw, raw_dtype=kind)


def write_model(weights: dict[str, torch.Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "phi3")
    add_shape(writer, Shape())
    add_vocabulary(writer, Vocabulary())
    for name, weight in weights.items():
        add_tensor(writer, name, weight.float())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None,
                        help="of the training; default: tutor/ in the project's cache")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    saved = torch.load((args.folder or cache_folder("tutor")) / "checkpoint.pt", weights_only=True)
    write_model(saved["model"], args.out)
    n_bytes = args.out.stat().st_size
    if n_bytes > BYTES_MAX:
        fail(f"{args.out} has {n_bytes} bytes, more than {BYTES_MAX}")
    print(f"{args.out}  {n_bytes} bytes  step {saved['step']}  sha256 {sha256_file(args.out)}")


if __name__ == "__main__":
    main()
