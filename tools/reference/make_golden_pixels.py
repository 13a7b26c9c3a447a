#!/usr/bin/env python3
"""Writes what Pillow makes of pictures: tests/golden/pixels/pictures.json, files/<name> and files/<name>.rgb.

pictures.json: SHA-256 of the HD transform (Microsoft's steps with Pillow's resize and white around it) of pictures from
a formula, which the tests have too, and of the small files. <name>.rgb: a file decoded and over white, as it is seen:
width and height as little-endian u16, then RGB. Of JPEG, whose decoders differ by a few units, only that, with the
measured differences in the tests.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import io
import math
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from make_golden_hd_views import formula_picture  # noqa: E402
from picture_files import all_files  # noqa: E402

TILE = 336
CROPS = (1, 4, 16)
SIZES = ((1, 1), (1, 2), (2, 1), (3, 3), (7, 5), (13, 17), (100, 100), (101, 99), (99, 101), (300, 301), (301, 300),
         (333, 500), (335, 335), (336, 336), (337, 337), (336, 672), (672, 336), (640, 480), (480, 640), (640, 1280),
         (1280, 640), (1000, 1000), (1024, 1024), (1001, 999), (1344, 1344), (1345, 1343), (1680, 1008), (1920, 1080),
         (1080, 1920), (4000, 3000), (3000, 4000), (4032, 3024), (3000, 200), (200, 3000), (2000, 125), (125, 2000),
         (2500, 50), (17, 1999), (1, 335), (336, 1), (1, 5000), (5000, 1), (2, 5000), (5000, 2), (4999, 3), (65535, 3))
# What Pillow's convert() does with 16-bit grey is to cut at 255, which leaves a white picture: the upper byte it is.
UPPER_BYTE = {"grey16.png"}


def over_white(image, name: str):
    """A picture file as RGB, as it is seen."""
    from PIL import Image, ImageOps
    import numpy as np
    if name in UPPER_BYTE:
        grey = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        return Image.fromarray(np.stack([grey] * 3, -1))
    rgba = ImageOps.exif_transpose(image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba).convert("RGB")


def hd_transform(image, n_crops: int):
    """image_processing_phi3_v.py: HD_transform and padding_336. A row is kept where that fails, for none is left."""
    from PIL import Image
    is_upright = image.width < image.height
    if is_upright:
        image = image.transpose(Image.Transpose.TRANSPOSE)
    ratio = image.width / image.height
    scale = 1
    while scale * math.ceil(scale / ratio) <= n_crops:
        scale += 1
    scale -= 1
    width = scale * TILE
    height = max(1, int(width / ratio))
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    padded = Image.new("RGB", (width, math.ceil(height / TILE) * TILE), (255, 255, 255))
    padded.paste(image, (0, (padded.height - height) // 2))
    return padded.transpose(Image.Transpose.TRANSPOSE) if is_upright else padded


def describe(image) -> list:
    """A row of the manifest for each number of crops."""
    rows = []
    for n_crops in CROPS:
        padded = hd_transform(image, n_crops)
        digest = hashlib.sha256(padded.tobytes()).hexdigest()
        rows.append(f"{n_crops} {padded.width}x{padded.height} {digest}")
    return rows


def bomb() -> bytes:
    """One pixel whose data unpack to 16 MB."""
    from picture_files import RGB, chunk, png
    import numpy as np
    import zlib
    whole = png(np.zeros((1, 1, 3), np.uint8), RGB)
    start, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    return whole[:start] + chunk(b"IDAT", zlib.compress(bytes(16 << 20), 9)) + whole[end:]


def write_files(folder: Path) -> dict:
    from PIL import Image
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name, data in all_files():
        (folder / name).write_bytes(data)
        seen = over_white(Image.open(io.BytesIO(data)), name)
        (folder / f"{name}.rgb").write_bytes(struct.pack("<HH", seen.width, seen.height) + seen.tobytes())
        if not name.endswith(".jpg"):
            rows[name] = describe(seen)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the manifest")
    args = parser.parse_args()
    from PIL import Image, features
    folder = REPOSITORY / "tests" / "golden" / "pixels"
    (folder / "refused").mkdir(parents=True, exist_ok=True)
    (folder / "refused" / "bomb.png").write_bytes(bomb())
    pictures = {f"{width}x{height}": describe(Image.fromarray(formula_picture(width, height)))
                for width, height in SIZES}
    write_json(folder / "pictures.json", {
        "provenance": {"script": "tools/reference/make_golden_pixels.py", "date": args.date,
                       "reference": "Pillow: resize(BILINEAR), exif_transpose, alpha_composite",
                       "libraries": {"libjpeg-turbo": features.version("libjpeg_turbo"),
                                     **{name: importlib.metadata.version(name) for name in ("pillow", "numpy")}}},
        "tolerance": "none: bit for bit (JPEG: the transform only)", "tile": TILE,
        "rows": "num_crops, padded size, SHA-256 of the RGB bytes",
        "pictures": pictures, "files": write_files(folder / "files")})
    print(f"{len(pictures)} pictures, {folder}")


if __name__ == "__main__":
    main()
