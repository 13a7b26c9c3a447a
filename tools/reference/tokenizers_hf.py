"""Reference tokenizers: Hugging Face tokenizers for Phi-3 and SmolLM2, OpenAI's tiktoken for Phi-4 and -mini.

Each is a pair of functions text -> ids without BOS: `special` reads the strings of added tokens as tokens, `plain`
as text. Built from the vocabularies that the GGUF files carry, not downloaded.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import tiktoken
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from llama2_vocab import PHI3_ADDED, load_pieces_and_merges
from project_cache import TOOLS
from tiktoken_vocab import FAMILIES, load_ranks

Encode = Callable[[str], list[int]]


@dataclass(frozen=True)
class Reference:
    special: Encode
    plain: Encode
    library: str


def rstrip_tokens(rule: str) -> set[str]:
    """The published sets of added tokens that swallow the white space behind them."""
    keeps = {"<|endoftext|>"}
    if rule == "all":
        return {"</s>", *PHI3_ADDED} - keeps
    if rule == "vision":
        return {"</s>", *(t for t in PHI3_ADDED if "assistant" in t or "placeholder" in t)}
    return set()


def llama2_bpe() -> Tokenizer:
    """tokenizer.json of Phi-3: no pre-tokeniser, every segment gets one U+2581 in front."""
    pieces, merges = load_pieces_and_merges()
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    return tokenizer


def ids_of(tokenizer: Tokenizer) -> Encode:
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def phi3_special(rule: str) -> Tokenizer:
    special = llama2_bpe()
    strips = rstrip_tokens(rule)
    special.add_special_tokens([AddedToken(token, rstrip=token in strips, normalized=False)
                                for token in ("<unk>", "<s>", "</s>", *PHI3_ADDED)])
    assert special.token_to_id("<|user|>") == 32010
    return special


def phi3(rule: str) -> Reference:
    return Reference(ids_of(phi3_special(rule)), ids_of(llama2_bpe()), "tokenizers")


def byte_level(family: str) -> Reference:
    entry = FAMILIES[family]
    ranks, pattern = load_ranks(entry.encoding)
    encoding = tiktoken.Encoding(entry.encoding, pat_str=pattern, mergeable_ranks=ranks,
                                 special_tokens=entry.special)
    return Reference(lambda text: encoding.encode(text, allowed_special="all"),
                     lambda text: encoding.encode_ordinary(text), "tiktoken")


def smollm2_tokenizers() -> tuple[Tokenizer, Tokenizer]:
    """tokenizer.json of SmolLM2: digits one by one, then GPT-2's split. With its added tokens, and without."""
    script = TOOLS / "models" / "smollm2.py"
    path = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout.strip()
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]

    def build() -> Tokenizer:
        tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
        return tokenizer
    special = build()
    special.add_special_tokens([AddedToken(token, normalized=False)
                                for token, kind in zip(tokens, types) if kind == 3])
    return special, build()


def smollm2() -> Reference:
    special, plain = smollm2_tokenizers()
    return Reference(ids_of(special), ids_of(plain), "tokenizers")


def hf_tokenizer(family: str) -> Tokenizer:
    """As tokenizer.json has it, added tokens and all."""
    return smollm2_tokenizers()[0] if family == "smollm2" else phi3_special(family.removeprefix("phi3-"))


REFERENCES: dict[str, Callable[[], Reference]] = {
    "phi3-none": lambda: phi3("none"), "phi3-all": lambda: phi3("all"), "phi3-vision": lambda: phi3("vision"),
    "phi4-mini": lambda: byte_level("phi4-mini"), "phi4": lambda: byte_level("phi4"), "smollm2": smollm2,
}
