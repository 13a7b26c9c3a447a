#!/usr/bin/env python3
"""Writes the corpora of fuzz_picture (small files of each kind, and broken ones) and fuzz_hd_transform."""

import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "pixels"
# One of each path through the decoder.
FILES = ("grey2.png", "rgb16.png", "rgb-key.png", "palette4-alpha.png", "interlaced.png", "one.png", "bits1.bmp",
         "palette4.bmp", "rgb32.bmp", "top-down.bmp", "interlaced.gif", "transparent.gif", "420.jpg", "progressive.jpg",
         "restarts.jpg", "turned6.jpg")


def broken_files():
    whole = {name: (GOLDEN / "files" / name).read_bytes() for name in FILES}
    for name in ("one.png", "bits1.bmp", "transparent.gif", "420.jpg"):
        yield f"half-{name}", whole[name][:len(whole[name]) // 2]
    huge = bytearray(whole["one.png"])
    huge[16:24] = struct.pack(">II", 60000, 60000)
    yield "huge.png", bytes(huge)
    negative = bytearray(whole["top-down.bmp"])
    negative[22:26] = struct.pack("<I", 0x80000000)
    yield "negative.bmp", bytes(negative)
    turned = bytearray(whole["turned6.jpg"])
    at = turned.index(b"MM\0*") + 4
    turned[at:at + 4] = b"\xff\xff\xff\xff"
    yield "exif-beyond.jpg", bytes(turned)
    codes = bytearray(whole["420.jpg"])
    at = codes.index(b"\xff\xc4") + 5
    codes[at:at + 16] = bytes([17] * 16)  # 272 codes of a byte each
    yield "codes-beyond.jpg", bytes(codes)
    yield "empty", b""


def transforms():
    """(name, width, height, crops, tile, orientation)."""
    yield "one", 1, 1, 1, 28, 1
    yield "wide", 300, 3, 16, 14, 1
    yield "high", 2, 400, 16, 14, 1
    yield "turned", 31, 17, 4, 28, 6
    yield "mirrored", 17, 31, 9, 13, 7
    yield "square", 40, 40, 4, 20, 5


def main() -> None:
    pictures = HERE / "corpora" / "fuzz_picture"
    pictures.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (pictures / name).write_bytes((GOLDEN / "files" / name).read_bytes())
    for name, data in broken_files():
        (pictures / name).write_bytes(data)
    folder = HERE / "corpora" / "fuzz_hd_transform"
    folder.mkdir(parents=True, exist_ok=True)
    for name, width, height, crops, tile, orientation in transforms():
        head = struct.pack("<HHBBB", width - 1, height - 1, crops - 1, tile - 1, orientation - 1)
        (folder / name).write_bytes(head + bytes((i * 89 + 7) & 255 for i in range(97)))


if __name__ == "__main__":
    main()
