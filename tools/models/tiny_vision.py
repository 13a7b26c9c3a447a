"""The tiny random models that see: a text model of tiny_specs' kind, CLIP's encoder in front of it, and the projector.

Tensors are named as in docs/VISION.md (llama.cpp's names where its mmproj files have them)."""

from dataclasses import dataclass

import numpy as np
from gguf import GGMLQuantizationType

from tiny_specs import Spec
from tiny_weights import Matrix, encode
from vision_keys import VisionKeys, add_vision_keys


@dataclass(frozen=True)
class Picture:
    """A padded picture from a formula (pixels_of), in tiles."""
    seed: int
    n_rows: int
    n_cols: int


@dataclass(frozen=True)
class VisionCase:
    name: str
    parts: tuple[int, ...]       # a token, or -k for the k-th picture of the model's list (from 1)
    lengths: tuple[int, ...]     # in parts: the text is the first so many of them


@dataclass(frozen=True)
class VisionSpec:
    text: Spec
    about: str
    seed: int
    tile_size: int
    patch_size: int
    hidden: int
    inter: int
    n_layers: int
    n_heads: int
    storage: str                 # of the encoder's and the projector's matrices
    conv: str                    # of the patch embedding: F32 or F16
    is_conv_4d: bool
    pictures: tuple[Picture, ...]
    cases: tuple[VisionCase, ...]
    num_crops: int = 4

    @property
    def id(self) -> str:
        return self.text.id

    @property
    def n_side(self) -> int:
        return self.tile_size // self.patch_size

    def n_tokens(self, picture: Picture) -> int:
        m = self.n_side // 2
        return (picture.n_rows * picture.n_cols + 1) * m * m + 1 + (picture.n_rows + 1) * m


def text_spec(model_id: str, seed: int, hidden: int, storage: str, **rest) -> Spec:
    n_heads = hidden // 32
    return Spec(model_id, "phi3", "", seed, hidden, 128, 2, n_heads, n_heads, storage, (), name="Phi3", **rest)


LANDSCAPE, PORTRAIT, SQUARE, WIDE = Picture(1, 1, 2), Picture(2, 2, 1), Picture(3, 2, 2), Picture(4, 1, 3)

VISION_SPECS = {spec.id: spec for spec in (
    VisionSpec(
        text_spec("vision-f32", 41, 64, "F32"), "everything f32, tiles of 56 pixels, one and three pictures",
        141, 56, 14, 64, 128, 2, 2, "F32", "F32", False, (LANDSCAPE, PORTRAIT, SQUARE),
        (VisionCase("one", (1, 270, 13, -1, 1, 265, 280, 261, 300), (3, 4, 5, 9)),
         VisionCase("portrait", (1, 270, -2, 1, 265, 280), (3, 6)),
         VisionCase("three", (1, 270, -1, 1, 13, -2, 1, 13, -3, 1, 280, 261, 264, 290), (9, 14)),
         VisionCase("twice", (1, 270, -2, -2, 1, 13, -1, 300, 261), (4, 9)))),
    VisionSpec(
        text_spec("vision-tile336", 42, 96, "Q8_0", max_position=2048),
        "tiles of 336 pixels with patches of 14 as the real model has, Q8_0, the patch embedding 4-D in f16",
        142, 336, 14, 64, 128, 2, 2, "Q8_0", "F16", True, (Picture(5, 1, 1), Picture(6, 1, 2)),
        (VisionCase("one", (1, 270, 13, -1, 1, 265, 280, 261, 300), (4, 9)),
         VisionCase("landscape", (1, 270, -2, 1, 265, 280), (6,)))),
    VisionSpec(
        text_spec("vision-longrope", 43, 64, "F16", max_position=512, original_max=64),
        "LongRoPE with its border at 64 tokens, which a picture crosses; an encoder wider than the text, f16",
        143, 56, 14, 96, 160, 3, 3, "F16", "F16", True, (LANDSCAPE, PORTRAIT, WIDE),
        (VisionCase("below", (1, 270, -1, 1, 265, 280), (3, 6)),
         VisionCase("above", (1, 270, -1, 1, 13, -2, 1, 13, -3, 1, 13, -1, 300, 261), (12, 14)),
         VisionCase("crossing", (1, 270, -3, 1, 13, 264, -1, 290, 261, -2, 280, 300), (6, 9, 12)))),
)}


def pixels_of(spec: VisionSpec, picture: Picture) -> np.ndarray:
    """(height, width, 3) uint8. The tests compute the same from the same seed."""
    y = np.arange(picture.n_rows * spec.tile_size)[:, None, None]
    x = np.arange(picture.n_cols * spec.tile_size)[None, :, None]
    c = np.arange(3)[None, None, :]
    k = picture.seed
    return ((x * (2 + k) + y * (5 + k) + c * 40 + ((x >> 3) ^ (y >> 2)) * 11) & 255).astype(np.uint8)


class VisionMaker:
    def __init__(self, spec: VisionSpec) -> None:
        self.spec = spec
        self.rng = np.random.default_rng(spec.seed)

    def normal(self, shape, std: float, mean: float = 0.0, kind: str = "F32") -> Matrix:
        return encode(kind, self.rng.normal(mean, std, shape).astype(np.float32))

    def affine(self, out: dict, stem: str, n_rows: int, n_cols: int, gain: float = 1.2) -> None:
        out[stem + ".weight"] = self.normal((n_rows, n_cols), gain / np.sqrt(n_cols), kind=self.spec.storage)
        out[stem + ".bias"] = self.normal(n_rows, 0.1)

    def norm(self, out: dict, stem: str, n: int) -> None:
        out[stem + ".weight"] = self.normal(n, 0.2, mean=1.0)
        out[stem + ".bias"] = self.normal(n, 0.1)


def make_vision_weights(spec: VisionSpec) -> dict[str, Matrix]:
    """Names in the file -> tensors, rows first."""
    maker, out = VisionMaker(spec), {}
    h, d_out, n_columns = spec.hidden, spec.text.hidden, 3 * spec.patch_size ** 2
    out["v.class_embd"] = maker.normal(h, 0.7)
    out["v.patch_embd.weight"] = maker.normal((h, n_columns), 1 / np.sqrt(n_columns), kind=spec.conv)
    out["v.position_embd.weight"] = maker.normal((spec.n_side ** 2 + 1, h), 0.3, kind=spec.conv)
    maker.norm(out, "v.pre_ln", h)
    for i in range(spec.n_layers):
        at = f"v.blk.{i}."
        maker.norm(out, at + "ln1", h)
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            maker.affine(out, at + name, h, h)
        maker.norm(out, at + "ln2", h)
        maker.affine(out, at + "ffn_up", spec.inter, h)
        maker.affine(out, at + "ffn_down", h, spec.inter)
    maker.affine(out, "mm.0", d_out, 4 * h)
    maker.affine(out, "mm.2", d_out, d_out)
    out["mm.sub_gn"] = maker.normal(4 * h, 1.0)
    out["mm.glb_gn"] = maker.normal(4 * h, 1.0)
    return out


def add_vision(writer, spec: VisionSpec) -> None:
    """The keys and tensors of the vision part."""
    add_vision_keys(writer, VisionKeys(image_size=spec.tile_size, patch_size=spec.patch_size, width=spec.hidden,
                                       inner=spec.inter, n_layers=spec.n_layers, n_heads=spec.n_heads,
                                       num_crops=spec.num_crops))
    p = spec.patch_size
    for name, matrix in make_vision_weights(spec).items():
        plain = matrix.kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16)
        raw = matrix.raw.reshape(-1, 3, p, p) if name == "v.patch_embd.weight" and spec.is_conv_4d else matrix.raw
        writer.add_tensor(name, raw, raw_dtype=None if plain else matrix.kind)
