#!/usr/bin/env python3
"""Trains the vocabulary on generated questions and answers: tools/vision/words.model.  The same text, the same file."""

import argparse
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import enter_venv, sha256_file  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from chat_vocabulary import train_pieces  # noqa: E402
from questions import ask, ask_without_picture  # noqa: E402
from scenes import draw_scene  # noqa: E402
from words import MODEL_PATH, N_ROWS  # noqa: E402


def sentences(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    lines = []
    for i in range(count):
        turn = (ask_without_picture if i % 4 == 0 else ask)(rng, draw_scene(rng))
        lines += [f" {text}" for text in turn]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=30000)
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    args = parser.parse_args()
    args.out.write_bytes(train_pieces(sentences(args.seed, args.count), N_ROWS, "×÷−"))
    print(f"{args.out}  {args.out.stat().st_size} bytes  sha256 {sha256_file(args.out)}")


if __name__ == "__main__":
    main()
