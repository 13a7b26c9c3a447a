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


VISION_ID = "vision-longrope"


def vision_tensors(spec) -> dict:
    """Names of the published Phi-3-vision. One layer of the encoder more than is run, as there."""
    import torch
    from hf_vision import clip_name
    from tiny_vision import make_vision_weights
    prefix = "model.vision_embed_tokens."
    names = {"mm.sub_gn": ("sub_GN", (1, 1, 1, -1)), "mm.glb_gn": ("glb_GN", (1, 1, -1))}
    out = {}
    for name, matrix in make_vision_weights(spec).items():
        value = torch.from_numpy(matrix.value.copy()).to(torch.float16 if matrix.kind.name == "F16" else torch.float32)
        if name in names:
            out[prefix + names[name][0]] = value.reshape(names[name][1])
        elif name.startswith("mm."):
            out[prefix + "img_projection." + name.removeprefix("mm.")] = value
        else:
            if name == "v.patch_embd.weight":
                value = value.reshape(-1, 3, spec.patch_size, spec.patch_size)
            out[prefix + "img_processor.vision_model." + clip_name(name)] = value
    last, unread = f".layers.{spec.n_layers - 1}.", f".layers.{spec.n_layers}."
    out |= {name.replace(last, unread): torch.zeros_like(value) for name, value in out.items() if last in name}
    out[prefix + "img_processor.vision_model.post_layernorm.weight"] = torch.ones(spec.hidden)
    return {name: value.contiguous() for name, value in out.items()}


def write_vision_folder(folder: Path) -> None:
    """By hand: transformers has no Phi-3-vision of its own. The configuration is as its remote code reads it."""
    import torch
    from safetensors.torch import save_file
    from tiny_specs import VOCAB
    from tiny_vision import VISION_SPECS
    from tiny_weights import make_weights
    spec = VISION_SPECS[VISION_ID]
    text = spec.text
    tensors = {name: torch.from_numpy(m.value.copy()).to(torch.float16 if m.kind.name == "F16" else torch.float32)
               for name, m in make_weights(text).items()} | vision_tensors(spec)
    short, long = text.long_factors()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_tokenizer(folder, text.vocabulary)
    write_json(folder / "config.json", {
        "model_type": "phi3_v", "vocab_size": VOCAB, "hidden_size": text.hidden, "intermediate_size": text.inter,
        "num_hidden_layers": text.n_layers, "num_attention_heads": text.n_heads, "rms_norm_eps": 1e-5,
        "max_position_embeddings": text.max_position, "original_max_position_embeddings": text.original_max,
        "rope_theta": text.rope_theta, "rope_scaling": {"type": "su", "short_factor": short, "long_factor": long},
        "sliding_window": None, "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
        "embd_layer": {"hd_transform_order": "sub_glb", "projection_cls": "mlp", "use_hd_transform": True,
                       "with_learnable_separator": True},
        "img_processor": {"name": "clip_vision_model", "num_attention_heads": spec.n_heads}})
    write_json(folder / "preprocessor_config.json", {"num_crops": spec.num_crops})
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def main() -> None:
    root = REPOSITORY / "tests" / "models" / "hf"
    write_vision_folder(root / VISION_ID)
    for model_id in FOLDERS:
        write_folder(model_id, root / model_id)
    for model_id in (VISION_ID, *FOLDERS):
        for path in sorted((root / model_id).iterdir()):
            print(f"{path}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
