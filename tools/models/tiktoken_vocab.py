"""The cl100k and o200k byte-level vocabularies, from npm js-tiktoken, as tiktoken ranks and as GGUF "gpt2" lists.

GGUF writes byte-level BPE the way GPT-2 did: every byte as one printable character, and merges as pairs in
order of rank.  tiktoken only has ranks; the merge that makes a token is the last one when the token alone is
merged with all lower ranks.
"""

import base64
import json
import re
from dataclasses import dataclass

from project_cache import npm_package

PACKAGE = ("js-tiktoken", "1.0.21")
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

PHI4_MINI_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and "
    "message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + "
    "message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + "
    "message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI4_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '<|im_sep|>' + message['content'] + "
    "'<|im_end|>'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)


@dataclass(frozen=True)
class Family:
    encoding: str       # name of the ranks in js-tiktoken
    pre: str            # tokenizer.ggml.pre that llama.cpp's converter writes
    n_rows: int
    special: dict[str, int]
    bos: int
    eos: int
    chat_template: str


def phi4_special() -> dict[str, int]:
    named = {100257: "<|endoftext|>", 100258: "<|fim_prefix|>", 100259: "<|fim_middle|>",
             100260: "<|fim_suffix|>", 100264: "<|im_start|>", 100265: "<|im_end|>",
             100266: "<|im_sep|>", 100276: "<|endofprompt|>"}
    special, n_dummies = {}, 0
    for token_id in range(100256, 100352):
        if token_id in named:
            special[named[token_id]] = token_id
        else:
            special[f"<|dummy_{n_dummies}|>"] = token_id
            n_dummies += 1
    assert special["<|dummy_85|>"] == 100349
    return special


# Ids of Phi-4-mini other than 199999, 200019 and 200020 are not confirmed by a source.
FAMILIES = {
    "phi4-mini": Family("o200k_base", "gpt-4o", 200064, {
        "<|endoftext|>": 199999, "<|endofprompt|>": 200018, "<|assistant|>": 200019, "<|end|>": 200020,
        "<|user|>": 200021, "<|system|>": 200022, "<|tool|>": 200023, "<|/tool|>": 200024,
        "<|tool_call|>": 200025, "<|/tool_call|>": 200026}, 199999, 199999, PHI4_MINI_TEMPLATE),
    "phi4": Family("cl100k_base", "dbrx", 100352, phi4_special(), 100257, 100265, PHI4_TEMPLATE),
}


def load_ranks(encoding: str) -> tuple[dict[bytes, int], str]:
    """(bytes -> rank, split pattern)."""
    source = (npm_package(*PACKAGE) / "dist" / "ranks" / f"{encoding}.js").read_text(encoding="utf-8")
    strings = dict(re.findall(r'"(pat_str|bpe_ranks)":("(?:[^"\\]|\\.)*")', source))
    pattern, packed = json.loads(strings["pat_str"]), json.loads(strings["bpe_ranks"])
    ranks: dict[bytes, int] = {}
    for line in packed.split("\n"):
        if not line:
            continue
        _, first, *tokens = line.split(" ")
        for offset, token in enumerate(tokens):
            ranks[base64.b64decode(token)] = int(first) + offset
    return ranks, pattern


def byte_characters() -> list[str]:
    """GPT-2's printable stand-in of each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, n_moved = [], 0
    for byte in range(256):
        if byte in printable:
            table.append(chr(byte))
        else:
            table.append(chr(256 + n_moved))
            n_moved += 1
    return table


def merge_below(ranks: dict[bytes, int], token: bytes, limit: int) -> list[bytes]:
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 1:
        found = [(ranks.get(a + b, limit), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
        rank, i = min(found)
        if rank >= limit:
            break
        parts[i:i + 2] = [parts[i] + parts[i + 1]]
    return parts


def derive_merges(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) == 1:
            continue
        parts = merge_below(ranks, token, rank)
        if len(parts) == 2:  # a token that merging never reaches is only found as a whole piece
            merges.append((parts[0], parts[1]))
    return merges


def gguf_lists(family: Family) -> tuple[list[str], list[int], list[str]]:
    """(tokens, types, merges) in GGUF's form."""
    ranks, _ = load_ranks(family.encoding)
    shown = byte_characters()
    text = {token: "".join(shown[b] for b in token) for token in ranks}
    tokens = [f"[PAD{i}]" for i in range(family.n_rows)]
    types = [UNUSED] * family.n_rows
    for token, rank in ranks.items():
        tokens[rank], types[rank] = text[token], NORMAL
    for token, token_id in family.special.items():
        tokens[token_id], types[token_id] = token, CONTROL
    merges = [f"{text[a]} {text[b]}" for a, b in derive_merges(ranks)]
    return tokens, types, merges
