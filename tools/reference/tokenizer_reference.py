#!/usr/bin/env python3
"""Ids that the reference tokenizers give: goldens of the committed corpus, or any number of random texts.

  --goldens             tests/golden/tokenizer/<family>.json for every text of corpus.jsonl
  --random N            JSON lines {"text", "special", "plain"} of N random texts of one --family, on stdout

Families: phi3-none, phi3-all, phi3-vision (by the white space that added tokens swallow), phi4-mini, phi4,
smollm2. Ids have no BOS; "special" reads the strings of added tokens as tokens, "plain" as text.
"""

import argparse
import datetime
import importlib.metadata
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, sha256_file, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

FOLDER = REPOSITORY / "tests" / "golden" / "tokenizer"
# The phi3 expectations of phi3-family's test vectors, without BOS.
VECTORS = {
    "phi3-none": ("<|user|>\nHello<|end|>\n<|assistant|>\n",
                  [32010, 29871, 13, 10994, 32007, 29871, 13, 32001, 29871, 13]),
    "phi3-all": ("<|user|>\nHello<|end|>\n<|assistant|>\n", [32010, 15043, 32007, 32001]),
    "phi3-vision": ("<|user|>\nHello<|end|>\n<|assistant|>\n",
                    [32010, 29871, 13, 10994, 32007, 29871, 13, 32001]),
}

WORDS = ["the", "Hello", "world", "don't", "they've", "I'M", "def", "return", "int", "HTTPServer", "caf\u00e9", "0x7f",
         "2026", "12345", "3.14", "\u4f60\u597d", "\u4e16\u754c", "\uc548\ub155", "\u0645\u0631\u062d\u0628\u0627",
         "\u041f\u0440\u0438\u0432\u0435\u0442", "\u0928\u092e\u0938\u094d\u0924\u0947", "\U0001f600",
         "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", "<|user|>", "<|end|>", "<|assistant|>",
         "<|im_start|>", "<|im_end|>", "<|endoftext|>", "</s>", "<|", "|>", "=>", "...", "!!", "//", "_", "'", "'s"]
SPACES = [" ", " ", " ", "", "  ", "\n", "\n\n", "\t", "    ", "\r\n", "\u00a0", "\u3000", "\u2009", " \n ", "\u200b"]
# Ranges of code points to draw single characters from; surrogates are no text.
RANGES = [(0x00, 0x7F), (0x00, 0x7F), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0xDFF),
          (0x1100, 0x11FF), (0x2000, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
          (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x3FFFF)]
# U+017F and U+212A fold to s and k: whether 's and the like match them differs between regex engines.
AMBIGUOUS = {0x017F, 0x212A}


def random_text(rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randint(1, 24)):
        if rng.random() < 0.7:
            parts.append(rng.choice(WORDS))
        else:
            low, high = rng.choice(RANGES)
            codes = [rng.randint(low, high) for _ in range(rng.randint(1, 6))]
            parts.append("".join(chr(code) for code in codes if code not in AMBIGUOUS))
        parts.append(rng.choice(SPACES))
    return "".join(parts)


def write_goldens(date: str) -> None:
    from tokenizers_hf import REFERENCES
    corpus = FOLDER / "corpus.jsonl"
    texts = [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()]
    for family, build in REFERENCES.items():
        reference = build()
        if family in VECTORS:
            text, expected = VECTORS[family]
            assert reference.special(text) == expected, family
        rows = []
        for text in texts:
            special, plain = reference.special(text), reference.plain(text)
            rows.append({"ids": special} if special == plain else {"ids": special, "plain": plain})
        write_json(FOLDER / f"{family}.json", {
            "family": family,
            "about": "rows in the order of corpus.jsonl; ids without BOS; plain: strings of added tokens as text "
                     "(absent when the same)",
            "provenance": {"script": "tools/reference/tokenizer_reference.py --goldens", "date": date,
                           "reference": reference.library,
                           "version": importlib.metadata.version(reference.library),
                           "corpus_sha256": sha256_file(corpus)},
            "rows": rows})
        print(f"{family}: {len(rows)} texts, {sum(len(row['ids']) for row in rows)} ids")


def print_random(family: str, count: int, seed: int) -> None:
    from tokenizers_hf import REFERENCES
    reference = REFERENCES[family]()
    rng = random.Random(seed)
    for _ in range(count):
        text = random_text(rng)
        print(json.dumps({"text": text, "special": reference.special(text), "plain": reference.plain(text)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--goldens", action="store_true")
    what.add_argument("--random", type=int, metavar="N")
    parser.add_argument("--family", default="phi3-all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the goldens")
    args = parser.parse_args()
    if args.goldens:
        write_goldens(args.date)
        return
    from tokenizers_hf import REFERENCES
    if args.family not in REFERENCES:
        parser.error(f"unknown family {args.family}; expected one of {', '.join(REFERENCES)}")
    print_random(args.family, args.random, args.seed)


if __name__ == "__main__":
    main()
