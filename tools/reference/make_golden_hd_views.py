#!/usr/bin/env python3
"""Writes what torch makes of small padded pictures: tests/golden/pixels/views.f32.bin and views.json.

The pictures come from a formula that tests/unit/test_image_hd_views.c has too. Of each case the last tile (ToTensor and
Normalize as torchvision computes them) and the global view (torch's bicubic of the normalised picture) are stored,
every `stride`-th value of the flat tensor, little-endian f32, case after case.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, write_json  # noqa: E402
from vision_keys import IMAGE_MEAN, IMAGE_STD  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

# width, height, S, stride: multiples of S as the encoder has them, even and odd; two that are not; two of full size.
CASES = ((14, 14, 14, 1), (28, 14, 14, 1), (42, 56, 14, 1), (14, 70, 14, 1), (31, 45, 14, 1), (15, 15, 14, 1),
         (1344, 336, 336, 997), (1008, 1680, 336, 997))


def formula_picture(width: int, height: int):
    """(height, width, 3) uint8: slopes with wrap-around, hence sharp edges, and a product that varies them."""
    import numpy as np
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * (3 + c) + y * (7 - c) + x * y // 16 + 50 * c) & 255).astype(np.uint8)


def reference_views(rgb, side: int):
    """The last tile and the global view, (3, side, side) each."""
    import torch
    mean, std = (torch.tensor(v, dtype=torch.float32).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    picture = torch.from_numpy(rgb).permute(2, 0, 1).contiguous().to(torch.float32).div(255).sub(mean).div(std)
    whole = torch.nn.functional.interpolate(picture.unsqueeze(0), size=(side, side), mode="bicubic")[0]
    return picture[:, -side:, -side:], whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the manifest")
    args = parser.parse_args()
    folder = REPOSITORY / "tests" / "golden" / "pixels"
    folder.mkdir(parents=True, exist_ok=True)
    data = b""
    for width, height, side, stride in CASES:
        for view in reference_views(formula_picture(width, height), side):
            data += view.flatten()[::stride].contiguous().numpy().astype("<f4").tobytes()
    (folder / "views.f32.bin").write_bytes(data)
    write_json(folder / "views.json", {
        "provenance": {"script": "tools/reference/make_golden_hd_views.py", "date": args.date,
                       "reference": "torch: div(255), sub(mean), div(std); interpolate(mode='bicubic')",
                       "libraries": {name: importlib.metadata.version(name) for name in ("torch", "numpy")}},
        "tolerance": "tiles: none, bit for bit; global view: 1e-4",
        "cases": [list(case) for case in CASES], "sha256": hashlib.sha256(data).hexdigest()})
    print(f"{folder / 'views.f32.bin'}  {len(data)} bytes")


if __name__ == "__main__":
    main()
