#!/usr/bin/env python3
"""Writes the seeds of fuzz_import into corpora/fuzz_import: python3 tests/fuzz/make_import_corpus.py

The tiny Hugging Face folders without their weights' data, whole and with one thing wrong, and a GGUF header. Files that
the fuzzer finds are kept beside them under their own names; this script touches only its own."""
import json
import pathlib
import struct

TESTS = pathlib.Path(__file__).parent.parent
FOLDER = TESTS / "fuzz" / "corpora" / "fuzz_import"
NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
         "preprocessor_config.json", "chat_template.jinja", "model.safetensors.index.json", "name"]
WEIGHTS = 8


def section(which, raw):
    return struct.pack("<BI", which, len(raw)) + raw


def header_of(path):
    """The part before the data; the byte behind it says how long they are, in units of 64 KiB."""
    raw = path.read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    return raw[:8 + n] + bytes([(len(raw) - 8 - n) // 65536 + 1])


def folder(name, edit=None):
    root = TESTS / "models" / "hf" / name
    out = b""
    for which, file in enumerate(NAMES):
        path = root / file
        if not path.exists():
            continue
        raw = path.read_bytes()
        if edit and file in edit:
            value = json.loads(raw)
            edit[file](value)
            raw = json.dumps(value).encode()
        out += section(which, raw)
    for shard in sorted(root.glob("*.safetensors")):
        out += section(WEIGHTS, header_of(shard))
    return out


def set_rope(config):
    rope = config.pop("rope_parameters")
    config["rope_scaling"] = {"type": "yarn", "short_factor": rope["short_factor"], "long_factor": rope["long_factor"]}


def set_metaspace(tokenizer):
    tokenizer["normalizer"] = None
    tokenizer["pre_tokenizer"] = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always",
                                  "split": False}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    seeds = {
        "sharded": folder("phi3-longrope"),
        "single": folder("phi3-gqa"),
        "byte_level": folder("llama-gqa-rope3"),
        "yarn": folder("phi3-longrope", {"config.json": set_rope}),
        "metaspace": folder("phi3-gqa", {"tokenizer.json": set_metaspace}),
        "pairs": folder("phi3-gqa", {"tokenizer.json": lambda t: t["model"].update(
            merges=[m if isinstance(m, str) else " ".join(m) for m in t["model"]["merges"]])}),
        "no_merges": folder("phi3-gqa", {"tokenizer.json": lambda t: t["model"].update(merges=[])}),
        "tied": folder("phi3-gqa", {"config.json": lambda c: c.update(tie_word_embeddings=True)}),
        "gguf": section(WEIGHTS, (TESTS / "models" / "quant-q8_0.gguf").read_bytes()[:20000] + bytes([9])),
        "deep": section(0, b"[" * 100) + section(1, b"{}") + section(WEIGHTS, b"\2\0\0\0\0\0\0\0{}"),
        "empty": section(0, b"") + section(1, b"") + section(WEIGHTS, b""),
    }
    for name, raw in seeds.items():
        (FOLDER / name).write_bytes(raw)
        print(f"{name}: {len(raw)} bytes")


if __name__ == "__main__":
    main()
