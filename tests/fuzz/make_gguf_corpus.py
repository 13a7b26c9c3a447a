#!/usr/bin/env python3
"""Writes the seeds of fuzz_gguf into corpora/fuzz_gguf: python3 tests/fuzz/make_gguf_corpus.py

Files that the fuzzer finds are kept beside them under their own names; this script touches only its own."""
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "corpora" / "fuzz_gguf"


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(raw)) + raw


def meta(key, type_id, payload):
    return text(key) + struct.pack("<I", type_id) + payload


def array(key, item_type, items):
    return meta(key, 9, struct.pack("<IQ", item_type, len(items)) + b"".join(items))


def tensor(name, dims, type_id, offset):
    return (text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
            + struct.pack("<IQ", type_id, offset))


def gguf(metas, tensors, data_bytes, version=3, alignment=32):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metas))
    head += b"".join(metas) + b"".join(tensors)
    return head + bytes(-len(head) % alignment + data_bytes)


def split_part(number, count, total):
    metas = [meta("split.no", 2, struct.pack("<H", number)), meta("split.count", 2, struct.pack("<H", count)),
             meta("split.tensors.count", 5, struct.pack("<i", total))]
    return gguf(metas, [tensor(f"p{number}.a", [8], 0, 0), tensor(f"p{number}.b", [8], 0, 32)], 64)


SCALARS = [meta(f"t{i}", i, struct.pack(code, 1)) for i, code in
           [(0, "<B"), (1, "<b"), (2, "<H"), (3, "<h"), (4, "<I"), (5, "<i"), (6, "<f"), (7, "<B"), (10, "<Q"),
            (11, "<q"), (12, "<d")]]

SEEDS = {
    "empty": b"",
    "magic": b"GGUF",
    "no_tensors": gguf([meta("general.architecture", 8, text("phi3"))], [], 0),
    "scalars": gguf(SCALARS, [tensor("w", [32, 2], 2, 0)], 36),
    "arrays": gguf([array("s", 8, [text("a"), text(""), text(b"\xff\x00")]),
                    array("f", 6, [struct.pack("<f", 0.5)] * 3), array("i", 5, [struct.pack("<i", -1)] * 3),
                    array("e", 8, [])], [], 0),
    "dtypes": gguf([], [tensor(f"w{t}", [256 if t in (12, 13, 14) else 32], t, i * 256) for i, t in
                        enumerate([0, 1, 30, 2, 3, 6, 7, 8, 12, 13, 14, 20])], 12 * 256),
    "four_dims": gguf([meta("general.alignment", 4, struct.pack("<I", 64))],
                      [tensor("w", [2, 3, 4, 5], 0, 0), tensor("v", [4], 0, 512)], 528, 3, 64),
    "version_1": gguf([], [], 0, 1),
    "version_2": gguf([], [tensor("w", [4], 0, 0)], 16, 2),
    "big_endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "nested_array": gguf([meta("n", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 4, 1) + bytes(4))], [], 0),
    "refused_type": gguf([], [tensor("w", [256], 16, 0)], 66),
    "overlap": gguf([], [tensor("a", [16], 0, 0), tensor("b", [16], 0, 32)], 96),
    "twice": gguf([], [tensor("a", [8], 0, 0), tensor("a", [8], 0, 32)], 64),
    "wrap": gguf([], [tensor("a", [8], 0, 2**64 - 32)], 64),
    "huge_dims": gguf([], [tensor("a", [2**40, 2**40], 0, 0)], 64),
    "vision": gguf([meta("clip.has_vision_encoder", 7, b"\1"), meta("clip.projector_type", 8, text("phi3v")),
                    meta("clip.vision.image_size", 4, struct.pack("<I", 28)),
                    meta("clip.vision.attention.layer_norm_epsilon", 6, struct.pack("<f", 1e-5)),
                    array("clip.vision.image_mean", 6, [struct.pack("<f", 0.5)] * 3)],
                   [tensor("v.patch_embd.weight", [14, 14, 3, 2], 1, 0), tensor("v.class_embd", [2], 0, 2368)], 2400),
    "split_joined": split_part(0, 2, 4) + split_part(1, 2, 4),
    "split_reversed": split_part(1, 2, 4) + split_part(0, 2, 4),
    "split_twice": split_part(0, 2, 4) + split_part(0, 2, 4),
    "split_disagree": split_part(0, 3, 4) + split_part(1, 2, 4),
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, raw in SEEDS.items():
        (FOLDER / name).write_bytes(raw)
