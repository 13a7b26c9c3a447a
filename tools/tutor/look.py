#!/usr/bin/env python3
"""How much the network has learnt, by category: the share of held-out answers that it would give word for word.

Every answer is determined by its question, so "each next token is the likeliest" is the same as "greedy decoding gives
exactly this answer", and one forward pass tells.  As a command: for the last checkpoint, in f32, with the weights as
they are and as the file holds them.
"""

import argparse
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import cache_folder, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402

from batches import make_batch  # noqa: E402
from generate import LANGUAGES, MIX, conversation  # noqa: E402
from model import Shape, Tutor  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

AT_ONCE = 64


@torch.no_grad()
def exact_share(model: Tutor, vocabulary: Vocabulary, category: str, count: int, seed: int = 7) -> float:
    rng = random.Random(f"{seed} {category}")
    encoded = [vocabulary.encode_turns(conversation(rng, True, category)) for _ in range(count)]
    n_right = 0
    for start in range(0, count, AT_ONCE):
        part = encoded[start:start + AT_ONCE]
        batch = make_batch(part)
        logits = model.lm_head(model(batch))
        is_wrong = (logits.argmax(-1) != batch.targets) & (batch.targets >= 0)
        n_right += len(part) - len(set(batch.owner[is_wrong].tolist()))
    return n_right / count


def look(model: Tutor, vocabulary: Vocabulary, count: int) -> dict[str, float]:
    return {category: exact_share(model, vocabulary, category, count) for category in MIX}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None, help="of the training; default: tutor/ in the cache")
    parser.add_argument("--count", type=int, default=500, help="conversations of each category")
    args = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load((args.folder or cache_folder("tutor")) / "checkpoint.pt", weights_only=True)
    model, vocabulary = Tutor(Shape()), Vocabulary()
    model.load_state_dict(saved["model"])
    print(f"step {saved['step']}, {len(LANGUAGES)} languages, {args.count} conversations of each category")
    for name, is_quantised in (("as trained", False), ("as in the file", True)):
        model.set_quantised(is_quantised)
        shares = look(model, vocabulary, args.count)
        print(f"{name:15} " + "  ".join(f"{category} {100 * share:.1f}" for category, share in shares.items()))


if __name__ == "__main__":
    main()
