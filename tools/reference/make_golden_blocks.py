#!/usr/bin/env python3
"""Writes golden blocks of every GGUF type: tests/golden/blocks/<type>.{raw,f32}.bin and manifest.json.

Blocks are random bytes; their half-precision scales are finite and include negative, zero and subnormal
values and the largest finite one. Values come from the gguf package's own dequantiser, little-endian f32; the
engine's block decoders must equal them bit for bit.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("formats")

SEED = 41
# type -> (blocks, byte offsets of the half floats in a block)
TYPES = {
    "Q4_0": (80, (0,)), "Q4_1": (80, (0, 2)), "Q5_0": (80, (0,)), "Q5_1": (80, (0, 2)), "Q8_0": (80, (0,)),
    "Q4_K": (10, (0, 2)), "Q5_K": (10, (0, 2)), "Q6_K": (10, (208,)), "IQ4_NL": (80, (0,)),
    "F16": (2560, (0,)), "BF16": (2560, ()),
}
# Zeros of both signs, the smallest and largest subnormals, the smallest normal, one, the largest finite.
SPECIAL_HALVES = (0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF)


def random_halves(rng, n: int):
    """Finite half floats: the special ones first, then a third subnormal and the rest of usual size."""
    import numpy as np
    usual = rng.normal(0.0, 0.05, n).astype(np.float16).view(np.uint16)
    subnormal = rng.integers(0, 0x400, n, dtype=np.uint16) | (rng.integers(0, 2, n, dtype=np.uint16) << 15)
    out = np.where(rng.random(n) < 1 / 3, subnormal, usual).astype(np.uint16)
    if n >= len(SPECIAL_HALVES):
        out[:len(SPECIAL_HALVES)] = SPECIAL_HALVES
    else:
        out[:4] = (0x0000, 0x8001, 0x03FF, 0xBC00)
    return out


def make_blocks(rng, kind: str):
    import numpy as np
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    n_blocks, halves = TYPES[kind]
    _, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    raw = rng.integers(0, 256, (n_blocks, block_bytes), dtype=np.uint8)
    for offset in halves:
        raw[:, offset:offset + 2] = random_halves(rng, n_blocks).astype("<u2").view(np.uint8).reshape(n_blocks, 2)
    if kind == "BF16":  # any finite exponent, and zeros
        bits = raw.view("<u2").ravel()
        bits[(bits & 0x7F80) == 0x7F80] ^= 0x4000
        bits[:4] = (0x0000, 0x8000, 0x0001, 0x7F7F)
    return raw


def decode(raw, kind: str):
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize
    qtype = GGMLQuantizationType[kind]
    if kind == "F16":
        return raw.view("<f2").astype(np.float32).ravel()
    return dequantize(raw, qtype).astype(np.float32).ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the manifest")
    args = parser.parse_args()
    import numpy as np
    folder = REPOSITORY / "tests" / "golden" / "blocks"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    rows = {}
    for kind in TYPES:
        raw = make_blocks(rng, kind)
        values = decode(raw, kind)
        assert np.isfinite(values).all(), kind
        stem = kind.lower()
        files = {"raw": raw.tobytes(), "f32": values.astype("<f4").tobytes()}
        for suffix, data in files.items():
            (folder / f"{stem}.{suffix}.bin").write_bytes(data)
        rows[kind] = {"blocks": raw.shape[0], "values": values.size,
                      **{f"{suffix}_sha256": hashlib.sha256(data).hexdigest() for suffix, data in files.items()}}
    write_json(folder / "manifest.json", {
        "provenance": {"script": "tools/reference/make_golden_blocks.py", "seed": SEED, "date": args.date,
                       "reference": "gguf.quants.dequantize (F16: numpy)",
                       "libraries": {name: importlib.metadata.version(name) for name in ("gguf", "numpy")}},
        "tolerance": "none: bit for bit", "types": rows})
    total = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}  {total} bytes")


if __name__ == "__main__":
    main()
