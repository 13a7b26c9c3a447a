#!/usr/bin/env python3
"""Trains the vocabulary on generated questions and answers: tools/vision/words.model.  The same text, the same file."""

import argparse
import io
import random
import string
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import enter_venv, sha256_file  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from questions import ask, ask_without_picture  # noqa: E402
from scenes import draw_scene  # noqa: E402
from words import MODEL_PATH, N_PIECES  # noqa: E402


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
    import sentencepiece
    model = io.BytesIO()  # a file's name would be recorded in it
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(args.seed, args.count)), model_writer=model,
        model_type="bpe", vocab_size=N_PIECES, byte_fallback=True, split_digits=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=False,
        num_threads=1, minloglevel=1, required_chars=string.ascii_letters + string.punctuation + "×÷−",
        shuffle_input_sentence=False)
    args.out.write_bytes(model.getvalue())
    print(f"{args.out}  {args.out.stat().st_size} bytes  sha256 {sha256_file(args.out)}")


if __name__ == "__main__":
    main()
