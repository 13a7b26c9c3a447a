#!/usr/bin/env python3
"""Asks the native program (npm run test:native builds it) about the held-out pictures and counts right answers.

Decoding is greedy; an answer is right if it is the expected one word for word.  Pictures are transformed by Pillow.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import REPOSITORY, enter_venv, fail  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from PIL import Image  # noqa: E402

from transform import hd_transform  # noqa: E402


def ask_program(args: argparse.Namespace, picture: Path, question: str) -> str:
    prompt = f"<|user|>\n<|image_1|>\n{question}<|end|>\n<|assistant|>\n"
    command = [str(args.phi), "generate", "--model", str(args.model), "--prompt", prompt, "--image", str(picture),
               "--temperature", "0", "--max-tokens", "80", "--accuracy-level", str(args.level), "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        fail(f"{args.phi}: {done.stderr.strip()}")
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phi", type=Path, default=REPOSITORY / "build" / "native-release" / "phi")
    parser.add_argument("--model", type=Path, default=REPOSITORY / "demo" / "models" / "tiny-vision.gguf")
    parser.add_argument("--held-out", type=Path, default=REPOSITORY / "tests" / "vision")
    parser.add_argument("--level", type=int, default=4, help="accuracy level: 4 int8 activations, 1 f32")
    parser.add_argument("--wrong", action="store_true", help="print every wrong answer")
    args = parser.parse_args()
    rows = json.loads((args.held_out / "held-out.json").read_text(encoding="utf-8"))
    tally: dict[tuple[str, str], list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as work:
        for category, lang, name, question, answer in rows:
            padded = Path(work) / "padded.ppm"
            Image.fromarray(hd_transform(Image.open(args.held_out / name).convert("RGB"))[0]).save(padded)
            got = ask_program(args, padded, question)
            tally[category, lang].append(got == answer)
            if args.wrong and got != answer:
                print(f"{name}: {question} expected {answer!r}, got {got!r}", flush=True)
    for (category, lang), right in tally.items():
        print(f"{category:13} {lang}  {sum(right)} of {len(right)}")
    print(f"{sum(map(sum, tally.values()))} of {len(rows)}")


if __name__ == "__main__":
    main()
