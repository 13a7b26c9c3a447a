#!/usr/bin/env python3
"""Writes a full-size Phi-3-mini GGUF with random weights: the size and mix of types of the real file.

The weights are noise, so the text is too; sizes, types, names, vocabulary and speed are those of the real
model.  --quant q4_k_m has the mix of Microsoft's Phi-3-mini-4k-instruct-q4.gguf (81 Q4_K, 32 Q5_K, 17 Q6_K,
65 F32); q4_0 is llama.cpp's Q4_0 (everything Q4_0 but the output, which is Q6_K).  --layers makes a slice.

Weights have a standard deviation of 0.02 and a mean of 0: with hidden size 3072 a projection of a normalised
vector has unit scale, the residual grows like the square root of the depth, logits stay near +-5.

--vision makes it Phi-3.5-vision: CLIP ViT-L/14-336 and the projector come in front, with matrices of that type.
Prints the path and the SHA-256 of the file.
"""

import argparse
import math
import sys
from pathlib import Path

from project_cache import cache_folder, enter_venv, sha256_file

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("formats")

HIDDEN, INTER, HEADS, HEAD_DIM, VOCAB = 3072, 8192, 32, 96, 32064
FULL_LAYERS = 32
# phi3-family reference: tensor bytes of the published files.
FULL_TENSOR_BYTES = {"q4_k_m": 2_392_493_568, "q4_0": 2_175_438_336}
FILE_TYPE = {"q4_k_m": 15, "q4_0": 2}


def ffn_down_is_q6_k(layer: int, n_layers: int) -> bool:
    """llama.cpp's use_more_bits: the first and last eighth, and every third layer between."""
    eighth = n_layers // 8
    return layer < eighth or layer >= 7 * n_layers // 8 or (layer - eighth) % 3 == 2


def list_tensors(quant: str, n_layers: int) -> list[tuple[str, tuple[int, ...], str]]:
    """(name, shape with rows first, type), in the order of llama.cpp's converter."""
    mixed = quant == "q4_k_m"
    base = "Q4_K" if mixed else "Q4_0"
    out = [("token_embd.weight", (VOCAB, HIDDEN), base)]
    for i in range(n_layers):
        down = "Q6_K" if mixed and ffn_down_is_q6_k(i, n_layers) else base
        out += [
            (f"blk.{i}.attn_norm.weight", (HIDDEN,), "F32"),
            (f"blk.{i}.ffn_down.weight", (HIDDEN, INTER), down),
            (f"blk.{i}.ffn_up.weight", (2 * INTER, HIDDEN), base),
            (f"blk.{i}.ffn_norm.weight", (HIDDEN,), "F32"),
            (f"blk.{i}.attn_output.weight", (HIDDEN, HEADS * HEAD_DIM), base),
            (f"blk.{i}.attn_qkv.weight", (3 * HEADS * HEAD_DIM, HIDDEN), "Q5_K" if mixed else base),
        ]
    return out + [("output_norm.weight", (HIDDEN,), "F32"), ("output.weight", (VOCAB, HIDDEN), "Q6_K")]


def add_metadata(writer, quant: str, n_layers: int, context_length: int) -> None:
    """The 24 keys of Microsoft's file (GGUFWriter adds general.architecture itself)."""
    from llama2_vocab import PHI3_CHAT_TEMPLATE, phi3_vocabulary
    writer.add_name("Phi3")
    writer.add_context_length(context_length)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INTER)
    writer.add_block_count(n_layers)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_file_type(FILE_TYPE[quant])
    vocabulary = phi3_vocabulary(VOCAB)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(32000)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(32000)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(PHI3_CHAT_TEMPLATE)
    writer.add_quantization_version(2)


def count_bytes(shape: tuple[int, ...], kind: str) -> int:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    return math.prod(shape) // block * block_bytes


def check_total(tensors: list, quant: str) -> None:
    total = sum(count_bytes(shape, kind) for _, shape, kind in tensors)
    assert total == FULL_TENSOR_BYTES[quant], f"{total} tensor bytes, not as published"


def is_bias(name: str) -> bool:
    return name.endswith((".bias", "_gn", "class_embd"))


def write_model(path: Path, args) -> int:
    """Streams the file to `path`; returns the number of tensor bytes."""
    import numpy as np
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter
    from random_blocks import BlockMaker
    writer = GGUFWriter(path, "phi3")
    add_metadata(writer, args.quant, args.layers, args.context_length)
    tensors = list_tensors(args.quant, args.layers)
    if args.layers == FULL_LAYERS:
        check_total(tensors, args.quant)
    if args.vision:
        from synthetic_vision import add_vision_metadata, list_vision_tensors
        add_vision_metadata(writer)
        tensors += list_vision_tensors(args.vision, HIDDEN)
    total = 0
    for name, shape, kind in tensors:
        dtype = GGMLQuantizationType[kind]
        block, block_bytes = GGML_QUANT_SIZES[dtype]
        n_bytes = count_bytes(shape, kind)
        total += n_bytes
        if kind in ("F32", "F16"):
            writer.add_tensor_info(name, shape, np.dtype(np.float32 if kind == "F32" else np.float16), n_bytes)
        else:  # quantised: gguf wants the shape in bytes
            byte_shape = (*shape[:-1], shape[-1] // block * block_bytes)
            writer.add_tensor_info(name, byte_shape, np.dtype(np.uint8), n_bytes, raw_dtype=dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    maker = BlockMaker(args.seed)
    for name, shape, kind in tensors:
        n = int(np.prod(shape))
        writer.write_tensor_data(maker.bias(n) if is_bias(name) else maker.tensor(kind, n))
    writer.close()
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quant", choices=sorted(FILE_TYPE), default="q4_k_m")
    parser.add_argument("--layers", type=int, default=FULL_LAYERS)
    parser.add_argument("--context-length", type=int, default=4096)
    parser.add_argument("--vision", choices=("q8_0", "f16"), help="type of the vision encoder's matrices")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--output", type=Path, help="default: <cache>/models/<name>.gguf")
    parser.add_argument("--force", action="store_true", help="write again although the file exists")
    args = parser.parse_args()

    name = f"phi3-mini-synthetic-l{args.layers}-c{args.context_length}-s{args.seed}-{args.quant}.gguf"
    if args.vision:
        name = name.replace("-mini-", "-vision-").replace(".gguf", f"-{args.vision}.gguf")
    path = args.output or cache_folder("models") / name
    if args.force or not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        total = write_model(partial, args)
        partial.rename(path)
        print(f"{total} tensor bytes", file=sys.stderr)
    print(f"{path}  sha256 {sha256_file(path)}")


if __name__ == "__main__":
    main()
