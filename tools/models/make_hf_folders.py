#!/usr/bin/env python3
"""Writes some of the tiny models as Hugging Face folders, by transformers itself: tests/models/hf/<id>/.

They hold exactly the numbers of tests/models/<id>.gguf, so the goldens of that file are theirs too. Between them: one
file and several shards, F16 and BF16, tied and separate output, LongRoPE and Llama 3's scaling, both families of
tokenizers, generation_config.json with one id and with several.
"""

import json
import shutil
import sys
from pathlib import Path

from project_cache import REPOSITORY, enter_venv

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

FOLDERS = {"phi3-longrope": "100KB", "phi3-gqa": "1GB", "llama-gqa-rope3": "1GB"}
DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}
STRIPPING = ("<|assistant|>", "<|end|>")


def all_merges(pieces: list[str]) -> list[tuple[str, str]]:
    """As transformers takes them out of a SentencePiece model: every pair of pieces whose join is one."""
    known = set(pieces)
    return [(piece[:i], piece[i:]) for piece in pieces for i in range(1, len(piece))
            if piece[:i] in known and piece[i:] in known]


def spm_tokenizer():
    import tiny_vocab as tv
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
    pieces = tv.SPM_MERGED + tv.SPM_LETTERS
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256)), *pieces]
    tokenizer = Tokenizer(models.BPE({text: i for i, text in enumerate(texts)}, all_merges(pieces), unk_token="<unk>",
                                     fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B",
                                                             special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(text, rstrip=text in STRIPPING, lstrip=text == "<|user|>",
                                             normalized=False) for text in ("<unk>", "<s>", "</s>", *tv.SPM_ADDED)])
    first = tokenizer.token_to_id("<|endoftext|>")
    config = {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "<|endoftext|>",
              "unk_token": "<unk>", "pad_token": "<|endoftext|>", "chat_template": tv.PHI3,
              "tokenizer_class": "LlamaTokenizer"}
    return tokenizer, config, {"bos_token_id": 1, "pad_token_id": first,
                               "eos_token_id": [first, tokenizer.token_to_id("<|end|>")]}


def bpe_tokenizer():
    import tiny_vocab as tv
    from tiktoken_vocab import byte_characters
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    merges = [tuple(merge.split(" ")) for merge in tv.BPE_MERGES]
    texts = [*tv.BPE_ADDED, *byte_characters(), *("".join(merge) for merge in merges)]
    tokenizer = Tokenizer(models.BPE({text: i for i, text in enumerate(texts)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in tv.BPE_ADDED])
    config = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "unk_token": "<|endoftext|>",
              "pad_token": "<|im_end|>", "tokenizer_class": "GPT2Tokenizer"}
    return tokenizer, config, {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder: Path, family: str) -> dict:
    """Returns what generation_config.json says."""
    import tiny_vocab as tv
    tokenizer, config, generation = spm_tokenizer() if family == "spm" else bpe_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", config)
    if "chat_template" not in config:
        (folder / "chat_template.jinja").write_text(tv.CHATML, encoding="utf-8")
    return generation


def write_folder(model_id: str, folder: Path) -> None:
    import torch
    from transformers import GenerationConfig
    from hf_oracle import Arithmetic, Oracle
    from tiny_specs import SPECS
    from tiny_weights import make_weights
    spec = SPECS[model_id]
    model = Oracle(spec, make_weights(spec), Arithmetic()).model
    for parameter in model.parameters():  # norms stay f32, as in the GGUF file
        if parameter.dim() == 2:
            parameter.data = parameter.data.to(getattr(torch, DTYPES[spec.storage]))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generation = write_tokenizer(folder, spec.vocabulary)
    model.generation_config = GenerationConfig(**generation)
    for key, value in generation.items():
        setattr(model.config, key, value[0] if isinstance(value, list) else value)
    model.save_pretrained(folder, max_shard_size=FOLDERS[model_id])


def main() -> None:
    root = REPOSITORY / "tests" / "models" / "hf"
    for model_id in FOLDERS:
        write_folder(model_id, root / model_id)
        for path in sorted((root / model_id).iterdir()):
            print(f"{path}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
