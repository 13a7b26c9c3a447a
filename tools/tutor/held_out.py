#!/usr/bin/env python3
"""Writes held-out problems for evaluation: tests/tutor/held-out.json, or any number of them elsewhere.

One row: [language, messages, lines]; messages alternate user and assistant and end with the user; lines are those
of the right answer that cannot be derived from its first one (the first, a check and its remark, the last).
Checks that no problem is one of training's: by its operator and numbers, over a sample of what training sees.
"""

import argparse
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, fail, sha256_file  # noqa: E402

from generate import LANGUAGES, conversation  # noqa: E402
from language import LABELS  # noqa: E402
from problems import DRAW, draw, is_held_out, key  # noqa: E402

OUT = REPOSITORY / "tests" / "tutor" / "held-out.json"
CATEGORIES = ("add", "subtract", "table", "multiply", "divide", "compare", "order", "missing", "story", "check", "hint",
              "hint_reply", "refusal", "talk")
MAIN = ("add", "subtract", "table", "multiply", "divide", "story")
TRAINING_SAMPLE = 20000


def language_of(text: str) -> str:
    return "ko" if any("가" <= letter <= "힣" for letter in text) else "en"


def keep_lines(answer: str) -> list[str]:
    """The first and the last line, and a check with its remark; an answer without steps as it is."""
    lines = answer.split("\n")
    ends = tuple(f"{LABELS[lang]['answer']}: " for lang in LANGUAGES)
    if not lines[-1].startswith(ends):
        return lines
    checks = tuple(f"{LABELS[lang]['check']}: " for lang in LANGUAGES)
    at = next((i for i, line in enumerate(lines) if line.startswith(checks)), len(lines) - 1)
    return [lines[0], *lines[at:]]


def make_row(rng: random.Random, category: str, lang: str) -> list:
    """One question of the category in the language, with what came before it when it is a follow-up."""
    while True:
        turns = conversation(rng, True, category)
        n = 4 if category == "hint_reply" else 2
        if turns[0][0] == "system" or len(turns) > n or language_of(turns[-1][1] + turns[0][1]) != lang:
            continue
        texts = [text for _, text in turns]
        return [lang, texts[:-1], keep_lines(texts[-1])]


def make_problems(seed: int, count: int, minor: int) -> dict[str, list]:
    problems = {}
    for category in CATEGORIES:
        rng = random.Random(f"held out {seed} {category}")
        n = count if category in MAIN else minor
        problems[category] = [make_row(rng, category, LANGUAGES[i % 2]) for i in range(n)]
    return problems


def check_disjoint(seed: int) -> int:
    """Draws expressions of both sides; fails if one is on both.  Returns how many different ones were held out."""
    rng = random.Random(f"disjoint {seed}")
    seen: dict[str, bool] = {}
    for category in DRAW:
        for held_out in (False, True):
            for _ in range(TRAINING_SAMPLE // 10):
                e = draw(rng, category, held_out)
                if seen.setdefault(key(e), held_out) != held_out or is_held_out(e) != held_out:
                    fail(f"{key(e)} is on both sides")
    return sum(seen.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--count", type=int, default=160, help="problems of each main category")
    parser.add_argument("--minor", type=int, default=80, help="problems of each other category")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    n_held_out = check_disjoint(args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    problems = make_problems(args.seed, args.count, args.minor)
    parts = [f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"
             for name, rows in problems.items()]
    args.out.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    print(f"{args.out}  {args.out.stat().st_size} bytes  sha256 {sha256_file(args.out)}  "
          f"(disjoint from training: {n_held_out} held-out expressions checked)")


if __name__ == "__main__":
    main()
