#!/usr/bin/env python3
"""Compares the engine's tokenizer with SentencePiece on thousands of generated conversations, English and Korean.

Needs the native program (npm run test:native builds it).  With --write also writes tests/tutor/tokens.json, a few of
them for the test in Chromium.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import REPOSITORY, enter_venv, fail  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from generate import conversation  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

TOKENS = REPOSITORY / "tests" / "tutor" / "tokens.json"
N_WRITTEN = 40


def render(turns: list[tuple[str, str]]) -> str:
    """The chat template of the file, without a generation prompt."""
    return "".join(f"<|{role}|>\n{text}<|end|>\n" for role, text in turns)


def tokenize(phi: Path, model: Path, text: str) -> list[int]:
    done = subprocess.run([str(phi), "tokenize", "--json", "--model", str(model), "--file", "-"], input=text,
                          capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        fail(f"{phi}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--phi", type=Path, default=REPOSITORY / "build" / "native-release" / "phi")
    parser.add_argument("--model", type=Path, default=REPOSITORY / "demo" / "models" / "tutor.gguf")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    vocabulary, rng = Vocabulary(), random.Random(args.seed)
    chats = [conversation(rng) for _ in range(args.count)]
    wanted = [vocabulary.encode_turns(turns)[0] for turns in chats]
    got = tokenize(args.phi, args.model, "".join(map(render, chats)))
    at = 0
    for turns, ids in zip(chats, wanted, strict=True):
        if got[at:at + len(ids)] != ids:
            fail(f"expected {ids}, got {got[at:at + len(ids)]} for {render(turns)!r}")
        at += len(ids)
    if at != len(got):
        fail(f"{len(got) - at} tokens too many at the end")
    print(f"{args.count} conversations, {at} tokens: the engine and SentencePiece agree")
    if args.write:
        rows = [json.dumps([render(turns), ids], ensure_ascii=False)
                for turns, ids in zip(chats[:N_WRITTEN], wanted, strict=False)]
        TOKENS.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
