#!/usr/bin/env python3
"""How much the network has learnt, by category: the share of held-out answers that it would give word for word.

Every answer is determined by picture and question, so "each next token is the likeliest" is the same as "greedy
decoding gives exactly this answer", and one forward pass tells.  As a command: a table for the last checkpoint.
"""

import argparse
import random
import sys
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import cache_folder, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402

from network import TinyVision  # noqa: E402
from questions import LANGUAGES, ask  # noqa: E402
from rows import N_COUNTS, N_LABELS, make_pictures  # noqa: E402
from scenes import Scene, draw_scene, draw_shapes, draw_sum  # noqa: E402
from words import Words  # noqa: E402

AT_ONCE = 16
Make = Callable[[random.Random], Scene]


def sums(op: str, is_hand_drawn: bool) -> Make:
    return lambda rng: Scene("sum", sum=draw_sum(rng, True, op), is_hand_drawn=is_hand_drawn)


def numbers(is_hand_drawn: bool) -> Make:
    return lambda rng: Scene("number", number=rng.randrange(10 ** rng.randint(1, 3)), is_hand_drawn=is_hand_drawn)


def some_shapes(is_hand_drawn: bool, fits: Callable[[Scene], bool] = lambda scene: True) -> Make:
    def make(rng: random.Random) -> Scene:
        while True:
            scene = Scene("shapes", shapes=draw_shapes(rng, rng.randint(1, 9)), is_hand_drawn=is_hand_drawn)
            if fits(scene):
                return scene
    return make


CATEGORIES: dict[str, tuple[Make, str]] = {
    "printed_add": (sums("+", False), "solve"),
    "printed_subtract": (sums("-", False), "solve"),
    "printed_times": (sums("×", False), "solve"),
    "drawn_add": (sums("+", True), "solve"),
    "drawn_subtract": (sums("-", True), "solve"),
    "drawn_times": (sums("×", True), "solve"),
    "read": (sums("+", False), "read"),
    "number": (numbers(False), "number"),
    "drawn_number": (numbers(True), "number"),
    "count": (some_shapes(False), "count"),
    "drawn_count": (some_shapes(True), "count"),
    "describe": (some_shapes(False, lambda scene: len(scene.groups()) < 4), "describe"),
    "colour": (some_shapes(False, lambda scene: len(set(scene.shapes)) == 1 and len(scene.shapes) == 1), "colour"),
    "shape": (some_shapes(False, lambda scene: len(scene.shapes) == 1), "shape"),
    "mixed": (lambda rng: draw_scene(rng, True), ""),
}


@torch.no_grad()
def exact(model: TinyVision, words: Words, category: str, count: int, lang: str | None = None,
          seed: int = 7) -> list[bool]:
    """Of each held-out picture: would its question be answered word for word?"""
    make, topic = CATEGORIES[category]
    rng = random.Random(f"{seed} {category} {lang}")
    out: list[bool] = []
    while len(out) < count:
        scenes = [make(rng) for _ in range(min(AT_ONCE, count - len(out)))]
        chats = [[[ask(rng, scene, lang, topic or None)]] for scene in scenes]
        batch = make_pictures(words, rng, scenes, chats, "all")
        with torch.autocast("cpu", torch.bfloat16):
            hidden, _ = model.read(model.see(batch.pixels), batch.rows, batch.n_before)
            likeliest = model.decoder.lm_head(hidden).argmax(-1)
        is_wrong = (likeliest != batch.rows.targets) & (batch.rows.targets >= 0)
        out += (~is_wrong.any(1)).tolist()
    return out


def glance(model: TinyVision, words: Words, count: int) -> dict[str, float]:
    return {category: sum(exact(model, words, category, count)) / count for category in CATEGORIES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None, help="of the training; default: vision/ in the cache")
    parser.add_argument("--count", type=int, default=200, help="pictures of each category and language")
    args = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load((args.folder or cache_folder("vision")) / "checkpoint.pt", weights_only=True)
    model, words = TinyVision(n_labels=sum(N_LABELS), n_counts=sum(N_COUNTS)), Words()
    model.load_state_dict(saved["model"])
    print(f"step {saved['step']}, {args.count} pictures of each category and language\n")
    print("| % | English | Korean |\n|---|---|---|")
    for category in CATEGORIES:
        shares = [100 * sum(exact(model, words, category, args.count, lang)) / args.count for lang in LANGUAGES]
        print(f"| {category} | " + " | ".join(f"{share:.1f}" for share in shares) + " |", flush=True)


if __name__ == "__main__":
    main()
