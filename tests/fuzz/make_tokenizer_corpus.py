#!/usr/bin/env python3
"""Writes the seeds of fuzz_tokenizer into tests/fuzz/corpora/fuzz_tokenizer; the form is told in fuzz_tokenizer.c."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpora" / "fuzz_tokenizer"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
SPM, SPECIAL, NO_TYPES, NO_PREFIX, ALL_BYTES = 1, 2, 4, 64, 128
PRE_SHIFT = 3
GPT2, DBRX, GPT4O, LLAMA, QWEN, SMOLLM, DEFAULT, NONSENSE = range(8)
TEXT = "Hello  world\n\n\u4f60\u597d e\u0301 I'M 12345 CamelCase <|end|>\t\U0001f600!".encode() + b"\xff\xf0\x9f\0"


def seed(flags: int, tokens: list[tuple[bytes, int, int]], merges: list[bytes], text: bytes = TEXT) -> bytes:
    out = bytes([flags, len(tokens)])
    for token, kind, score in tokens:
        out += bytes([kind, score, len(token)]) + token
    out += bytes([len(merges)])
    for merge in merges:
        out += bytes([len(merge)]) + merge
    return out + text


def spm_tokens() -> list[tuple[bytes, int, int]]:
    pieces = ["\u2581", "l", "o", "ll", "lo", "He", "\u2581w", "or", "orl", "ld", "\u2581\u2581"]
    tokens = [(p.encode(), NORMAL, 100 - i) for i, p in enumerate(pieces)]
    return tokens + [(b"<|end|>", CONTROL, 0), (b"<|user|>", NORMAL, 0), (b"123", USER_DEFINED, 0),
                     (b"[PAD]", UNUSED, 0), (b"[PAD]", UNUSED, 0), (b"", NORMAL, 0), (b"<unk>", UNKNOWN, 0)]


def byte_tokens() -> list[tuple[bytes, int, int]]:
    pieces = ["ll", "He", "llo", "or", "\u0120w", "\u0120wor", "\u0120\u0120"]
    return [(p.encode(), NORMAL, 0) for p in pieces] + [(b"<|end|>", CONTROL, 0), (b"  ", USER_DEFINED, 0)]


def main() -> None:
    merges = [m.encode() for m in ("l l", "H e", "ll o", "o r", "\u0120 w", "\u0120w or", "\u0120 \u0120", "x y")]
    seeds = {
        "empty": b"",
        "spm_reversible": seed(SPM | SPECIAL | NO_PREFIX | ALL_BYTES | 1 << PRE_SHIFT, spm_tokens(), []),
        "spm_strip_all": seed(SPM | SPECIAL | ALL_BYTES | 2 << PRE_SHIFT, spm_tokens(), []),
        "spm_no_bytes": seed(SPM | SPECIAL, spm_tokens(), []),
        "spm_crossing": seed(SPM | ALL_BYTES, [(b"o\xe2\x96\x81w", NORMAL, 9), (b"o\xe2\x96\x81", NORMAL, 8)], []),
        "spm_duplicate": seed(SPM, [(b"a", NORMAL, 1), (b"a", NORMAL, 2)], []),
        "spm_nan": seed(SPM, [(b"a", NORMAL, 255)], []),
        "spm_bad_byte": seed(SPM, [(b"<0xG0>", BYTE, 1)], []),
        "spm_bad_type": seed(SPM, [(b"a", 7, 1)], []),
        "spm_no_types": seed(SPM | NO_TYPES, [(b"<0x0A>", NORMAL, 1), (b"a", NORMAL, 1)], [], b"a\na"),
        "byte_no_merges": seed(ALL_BYTES, byte_tokens(), []),
        "byte_bad_merge": seed(ALL_BYTES, byte_tokens(), [b"ab"]),
        "byte_some_bytes": seed(GPT2 << PRE_SHIFT, [(b"a", NORMAL, 0), (b"b", NORMAL, 0)], [b"a b"], b"ab\x06ba"),
    }
    for name, pre in (("gpt2", GPT2), ("dbrx", DBRX), ("gpt4o", GPT4O), ("llama", LLAMA), ("qwen2", QWEN),
                      ("smollm", SMOLLM), ("default", DEFAULT), ("nonsense", NONSENSE)):
        seeds[f"byte_{name}"] = seed(SPECIAL | ALL_BYTES | pre << PRE_SHIFT, byte_tokens(), merges)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
