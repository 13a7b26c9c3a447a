"""The parts of Phi-3's block that all models trained here are made of.

Module names are Hugging Face's, so that the exporters map them as tools/models/make_tiny_model.py does.
N tokens, D head dimension.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    hidden: int = 256
    inter: int = 640
    n_layers: int = 6
    n_heads: int = 8
    vocabulary: int = 1024
    rope_theta: float = 10000.0
    eps: float = 1e-5
    n_context: int = 2048

    @property
    def head_dim(self) -> int:
        return self.hidden // self.n_heads


class RmsNorm(nn.Module):
    def __init__(self, n: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return (wide * self.weight).to(x.dtype)


class Linear(nn.Module):
    """y = x W^T; with `fake` set, W goes through the file's number format first (straight through for gradients)."""

    def __init__(self, n_in: int, n_out: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) * std)
        self.fake = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight if self.fake is None else self.fake(self.weight)
        return F.linear(x, weight.to(x.dtype))


def rotary_tables(shape: Shape, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin, (N, 1, D) each, for pairs (i, i + D/2)."""
    half = torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim
    angles = torch.outer(positions.double(), shape.rope_theta ** -half)
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    return angles.cos().float(), angles.sin().float()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Attention, written out: on short texts a CPU does this two or three times faster than PyTorch's fused one.

    mask: added to the scores; 0 where a token is seen, -inf where not.
    """
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return (scores if mask is None else scores + mask).softmax(-1) @ v


class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_up_proj = Linear(shape.hidden, 2 * shape.inter, shape.hidden ** -0.5)
        self.down_proj = Linear(shape.inter, shape.hidden, shape.inter ** -0.5 / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class DecoderLayer(nn.Module):
    """Pre-norm block; `seen` is what the given attention takes to know which tokens see which."""

    def __init__(self, shape: Shape, attention: nn.Module) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.self_attn = attention
        self.post_attention_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.mlp = Mlp(shape)

    def forward(self, x: torch.Tensor, rope: tuple, seen: object) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, seen)
        return x + self.mlp(self.post_attention_layernorm(x))
