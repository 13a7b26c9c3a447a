"""The tutor's network: exactly the Phi-3 block (fused qkv and gate/up, RMSNorm, NeoX rotary pairs, SiLU gating).

Module names are Hugging Face's, so that the exporter maps them as tools/models/make_tiny_model.py does.
The tokens of many conversations stand in one row without padding; only attention takes them apart.
N tokens, C hidden, H heads, D head dimension.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from batches import Batch
from quantise import fake_q4_0, fake_q8_0


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


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Causal attention, written out: on short texts a CPU does this three times faster than PyTorch's fused one."""
    n = q.shape[-2]
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    future = torch.full((n, n), float("-inf"), dtype=scores.dtype).triu(1)
    return (scores + future).softmax(-1) @ v


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        std = shape.hidden ** -0.5
        self.shape = shape
        self.qkv_proj = Linear(shape.hidden, 3 * shape.hidden, std)
        self.o_proj = Linear(shape.hidden, shape.hidden, std / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor, rope: tuple, batch: Batch) -> torch.Tensor:
        n_tokens, hidden = x.shape
        qkv = self.qkv_proj(x).view(n_tokens, 3, self.shape.n_heads, self.shape.head_dim)
        q, k, v = qkv.unbind(1)
        qkv = torch.stack((rotate(q, *rope), rotate(k, *rope), v), dim=1)
        parts = []
        for group in batch.groups:  # what stands behind a conversation's end is seen by nothing before it
            cells = qkv.index_select(0, group.places).view(group.n_rows, -1, *qkv.shape[1:])
            q, k, v = cells.permute(2, 0, 3, 1, 4)
            out = attend(q, k, v).transpose(1, 2).reshape(-1, hidden)
            parts.append(out.index_select(0, group.cells))
        n_padding = n_tokens - sum(len(part) for part in parts)
        parts.append(torch.zeros((n_padding, hidden), dtype=x.dtype))
        return self.o_proj(torch.cat(parts))


class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_up_proj = Linear(shape.hidden, 2 * shape.inter, shape.hidden ** -0.5)
        self.down_proj = Linear(shape.inter, shape.hidden, shape.inter ** -0.5 / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.mlp = Mlp(shape)

    def forward(self, x: torch.Tensor, rope: tuple, batch: Batch) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, batch)
        return x + self.mlp(self.post_attention_layernorm(x))


class Tutor(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = Linear(shape.hidden, shape.vocabulary, 0.5)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.n_layers))
        self.norm = RmsNorm(shape.hidden, shape.eps)
        self.lm_head = Linear(shape.hidden, shape.vocabulary, 0.5 * shape.hidden ** -0.5)

    def set_quantised(self, is_on: bool) -> None:
        """From now on compute (or not) with the numbers that the int4 file will hold."""
        for name, module in self.named_modules():
            if isinstance(module, Linear):
                outer = name in ("embed_tokens", "lm_head")
                module.fake = (fake_q8_0 if outer else fake_q4_0) if is_on else None

    def forward(self, batch: Batch) -> torch.Tensor:
        """Hidden states after the last norm, (N, C)."""
        table = self.embed_tokens.weight
        table = table if self.embed_tokens.fake is None else self.embed_tokens.fake(table)
        x = F.embedding(batch.ids, table)
        cos, sin = rotary_tables(self.shape, batch.positions)
        if torch.is_autocast_enabled("cpu"):
            x, cos, sin = x.bfloat16(), cos.bfloat16(), sin.bfloat16()
        for layer in self.layers:
            x = layer(x, (cos, sin), batch)
        return self.norm(x)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Mean cross entropy over what the assistant says."""
        kept = (batch.targets >= 0).nonzero().squeeze(1)
        logits = self.lm_head(self(batch)[kept])
        return F.cross_entropy(logits.float(), batch.targets[kept])
