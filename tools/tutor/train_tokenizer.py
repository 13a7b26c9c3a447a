#!/usr/bin/env python3
"""Trains the tutor's vocabulary on generated text: tools/tutor/vocabulary.model.  The same text gives the same file."""

import argparse
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import enter_venv, sha256_file  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from chat_vocabulary import train_pieces  # noqa: E402
from generate import LANGUAGES, MIX, conversation  # noqa: E402
from talk import OFF_FIELD, SORRY, TALK, WORDS  # noqa: E402
from vocabulary import MODEL_PATH, N_ROWS  # noqa: E402


def sentences(seed: int, count: int) -> list[str]:
    """Lines of conversations, and every fixed text of talk.py (but none of its babble, whose syllables are random).

    The first line of a text begins with the space that the tokenizer puts in front of it; the others do not.
    """
    rng = random.Random(seed)
    categories = [name for name in MIX if name != "refusal"]
    lines = []
    while len(lines) < count:
        turns = conversation(rng, category=rng.choice(categories))[:2]
        lines += [line for _, text in turns for line in f" {text}".split("\n") if line.isprintable()]
    for lang in LANGUAGES:
        fixed = [*OFF_FIELD[lang], *WORDS[lang], *SORRY[lang].values()]
        fixed += [text for questions, answer in TALK[lang] for text in (*questions, answer)]
        lines += [" " + text.replace("{", " ").replace("}", " ").replace("|", " ") for text in fixed for _ in range(20)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=60000)
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    args = parser.parse_args()
    args.out.write_bytes(train_pieces(sentences(args.seed, args.lines), N_ROWS, "×÷□−○≠"))
    print(f"{args.out}  {args.out.stat().st_size} bytes  sha256 {sha256_file(args.out)}")


if __name__ == "__main__":
    main()
