#!/usr/bin/env python3
"""Trains the tutor's vocabulary on generated text: tools/tutor/vocabulary.model.  The same text gives the same file."""

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

from generate import LANGUAGES, MIX, conversation  # noqa: E402
from talk import OFF_FIELD, SORRY, TALK, WORDS  # noqa: E402
from vocabulary import MODEL_PATH, N_PIECES  # noqa: E402


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
    import sentencepiece
    model = io.BytesIO()  # a file's name would be recorded in it
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(args.seed, args.lines)), model_writer=model,
        model_type="bpe", vocab_size=N_PIECES, byte_fallback=True, split_digits=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=False,
        num_threads=1, minloglevel=1,
        required_chars=string.ascii_letters + string.punctuation + "×÷□−○≠", shuffle_input_sentence=False)
    args.out.write_bytes(model.getvalue())
    print(f"{args.out}  {args.out.stat().st_size} bytes  sha256 {sha256_file(args.out)}")


if __name__ == "__main__":
    main()
