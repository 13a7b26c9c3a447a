#!/usr/bin/env python3
"""Writes held-out pictures with their questions and answers: tests/vision/, or any number of them elsewhere.

held-out.json has rows [category, language, file, question, answer]; categories are those of glance.py.  A picture is as
it comes from a camera or a program, before any transform: PNG where it is clean, JPEG where that is much smaller.
No sum or difference here is ever trained on, in any writing; products and shapes are only other pictures of the same.
"""

import argparse
import io
import json
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import REPOSITORY, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from PIL import Image  # noqa: E402

from glance import CATEGORIES  # noqa: E402
from paint import paint  # noqa: E402
from questions import LANGUAGES, ask  # noqa: E402

OUT = REPOSITORY / "tests" / "vision"
JPEG_QUALITY = 70


def encoded(picture: Image.Image) -> tuple[str, bytes]:
    """Ending and bytes of the picture's file."""
    png, jpeg = io.BytesIO(), io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    picture.save(jpeg, "JPEG", quality=JPEG_QUALITY)
    is_clean = png.tell() < 2 * jpeg.tell()
    return ("png", png.getvalue()) if is_clean else ("jpg", jpeg.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--count", type=int, default=16, help="pictures of each category, half of them asked in Korean")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    (args.out / "pictures").mkdir(parents=True, exist_ok=True)
    rows, n_bytes = [], 0
    for category, (make, topic) in CATEGORIES.items():
        rng = random.Random(f"held out {args.seed} {category}")
        for i in range(args.count):
            scene, lang = make(rng), LANGUAGES[i % 2]
            ending, data = encoded(paint(rng, scene)[0])
            name = f"pictures/{category}-{i:02d}.{ending}"
            (args.out / name).write_bytes(data)
            n_bytes += len(data)
            rows.append([category, lang, name, *ask(rng, scene, lang, topic or None)])
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (args.out / "held-out.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")
    print(f"{args.out}  {len(rows)} pictures, {n_bytes} bytes")


if __name__ == "__main__":
    main()
