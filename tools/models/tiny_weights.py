"""Weights of the tiny models: random, encoded to the file's type, and decoded again for the reference.

The reference therefore computes with exactly the numbers that the file holds.
"""

from dataclasses import dataclass

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

from random_blocks import BlockMaker
from tiny_specs import VOCAB, Spec

K_TYPES = ("Q4_K", "Q5_K", "Q6_K")


@dataclass
class Matrix:
    """A tensor as the file holds it, and as f32; rows first."""
    kind: GGMLQuantizationType
    raw: np.ndarray
    value: np.ndarray


def encode(kind: str, value: np.ndarray) -> Matrix:
    qtype = GGMLQuantizationType[kind]
    raw = quantize(value, qtype)
    return Matrix(qtype, raw, dequantize(raw, qtype).reshape(value.shape))


def encode_iq4_nl(value: np.ndarray) -> Matrix:
    """gguf has no quantiser for IQ4_NL: d = -extreme/127, nearest entry of the table."""
    table = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)
    blocks = value.reshape(-1, 32)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1, keepdims=True), axis=1)
    d = (extreme / -127).astype(np.float16)
    q = np.abs(blocks[:, :, None] / d.astype(np.float32)[:, :, None] - table).argmin(axis=2).astype(np.uint8)
    raw = np.concatenate([d.view(np.uint8), q[:, :16] | (q[:, 16:] << 4)], axis=1)
    raw = raw.reshape(value.shape[0], -1)
    qtype = GGMLQuantizationType.IQ4_NL
    return Matrix(qtype, raw, dequantize(raw, qtype).reshape(value.shape))


class WeightMaker:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.rng = np.random.default_rng(spec.seed)
        # Projections of a normalised vector get a standard deviation of 1.2: attention is neither flat nor
        # one-hot, SiLU is used on both sides.
        self.blocks = BlockMaker(spec.seed, 1.2 / np.sqrt(spec.hidden), (20, 63))

    def matrix(self, n_rows: int, n_cols: int, kind: str, gain: float = 1.2) -> Matrix:
        if kind in K_TYPES:  # gguf cannot quantise these: random valid blocks
            qtype = GGMLQuantizationType[kind]
            raw = self.blocks.tensor(kind, n_rows * n_cols).reshape(n_rows, -1)
            return Matrix(qtype, raw, dequantize(raw, qtype).reshape(n_rows, n_cols))
        value = self.rng.normal(0.0, gain / np.sqrt(n_cols), (n_rows, n_cols)).astype(np.float32)
        return encode_iq4_nl(value) if kind == "IQ4_NL" else encode(kind, value)

    def norm(self, n: int) -> Matrix:
        return encode("F32", self.rng.normal(1.0, 0.2, n).astype(np.float32))


def make_weights(spec: Spec) -> dict[str, Matrix]:
    """Hugging Face names -> tensors; llama's q and k in Hugging Face's row order."""
    maker, kind = WeightMaker(spec), spec.storage
    hidden, inter = spec.hidden, spec.inter
    n_q, n_kv = spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim
    # An embedding of unit scale; a tied one serves as output matrix too.
    out = {"model.embed_tokens.weight": maker.matrix(VOCAB, hidden, kind, gain=np.sqrt(hidden) * 0.3)}
    for i in range(spec.n_layers):
        at = f"model.layers.{i}."
        out[at + "input_layernorm.weight"] = maker.norm(hidden)
        if spec.arch == "phi3":
            out[at + "self_attn.qkv_proj.weight"] = maker.matrix(n_q + 2 * n_kv, hidden, kind)
        else:
            for name, n_rows in (("q", n_q), ("k", n_kv), ("v", n_kv)):
                out[at + f"self_attn.{name}_proj.weight"] = maker.matrix(n_rows, hidden, kind)
        out[at + "self_attn.o_proj.weight"] = maker.matrix(hidden, n_q, kind)
        out[at + "post_attention_layernorm.weight"] = maker.norm(hidden)
        if spec.arch == "phi3":
            out[at + "mlp.gate_up_proj.weight"] = maker.matrix(2 * inter, hidden, kind)
        else:
            out[at + "mlp.gate_proj.weight"] = maker.matrix(inter, hidden, kind)
            out[at + "mlp.up_proj.weight"] = maker.matrix(inter, hidden, kind)
        out[at + "mlp.down_proj.weight"] = maker.matrix(hidden, inter, kind)
    out["model.norm.weight"] = maker.norm(hidden)
    if not spec.is_tied:
        out["lm_head.weight"] = maker.matrix(VOCAB, hidden, kind, gain=2.0)
    return out


def llama3_factors(spec: Spec) -> np.ndarray:
    """What llama.cpp's converter writes as rope_freqs.weight: each frequency's divisor (Llama 3.1)."""
    scaling = spec.llama3_scaling()
    low, high, factor = scaling["low_freq_factor"], scaling["high_freq_factor"], scaling["factor"]
    n = spec.rotary_dim
    wavelength = 2 * np.pi * spec.rope_theta ** (np.arange(0, n, 2) / n)
    smooth = (spec.original_max / wavelength - low) / (high - low)
    blended = 1.0 / ((1.0 - smooth) / factor + smooth)
    out = np.where(wavelength < spec.original_max / high, 1.0, blended)
    return np.where(wavelength > spec.original_max / low, factor, out).astype(np.float32)
