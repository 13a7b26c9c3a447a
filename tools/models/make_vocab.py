#!/usr/bin/env python3
"""Writes GGUF files that hold a vocabulary and no tensors, for tokenizer tests, into the cache.

phi3       Llama-2 SentencePiece BPE with Phi-3's added tokens (tokenizer.ggml.model "llama")
phi4-mini  o200k byte-level BPE, 200064 rows, pre "gpt-4o"     (model "gpt2")
phi4       cl100k byte-level BPE, 100352 rows, pre "dbrx"
Prints one path and SHA-256 a line.  They are not committed: 0.8 to 7 MB each.
"""

import argparse
import sys
from pathlib import Path

from project_cache import cache_folder, enter_venv, sha256_file

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("formats")

NAMES = ("phi3", "phi4-mini", "phi4")


def add_shape(writer) -> None:
    """llama.cpp wants a shape even of a file that only holds a vocabulary."""
    writer.add_context_length(4096)
    writer.add_embedding_length(3072)
    writer.add_feed_forward_length(8192)
    writer.add_block_count(32)
    writer.add_head_count(32)
    writer.add_head_count_kv(32)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(96)


def add_phi3(writer) -> None:
    from llama2_vocab import PHI3_CHAT_TEMPLATE, phi3_vocabulary
    vocabulary = phi3_vocabulary()
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


def add_byte_level(writer, name: str) -> None:
    from tiktoken_vocab import FAMILIES, gguf_lists
    family = FAMILIES[name]
    tokens, types, merges = gguf_lists(family)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(family.pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(family.bos)
    writer.add_eos_token_id(family.eos)
    writer.add_pad_token_id(family.bos)
    writer.add_add_bos_token(False)
    writer.add_chat_template(family.chat_template)


def write_vocabulary(name: str, path: Path) -> None:
    from gguf import GGUFWriter
    partial = path.with_suffix(".partial")
    writer = GGUFWriter(partial, "phi3")
    writer.add_name({"phi3": "Phi3", "phi4-mini": "Phi 4 Mini Instruct", "phi4": "Phi 4"}[name])
    add_shape(writer)
    if name == "phi3":
        add_phi3(writer)
    else:
        add_byte_level(writer, name)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    partial.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--force", action="store_true", help="write again although the file exists")
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown vocabulary {sorted(unknown)}; expected {', '.join(NAMES)}")
    for name in args.names or NAMES:
        path = cache_folder("models") / f"vocab-{name}.gguf"
        if args.force or not path.exists():
            write_vocabulary(name, path)
        print(f"{path}  sha256 {sha256_file(path)}")


if __name__ == "__main__":
    main()
