"""The tutor's network: exactly the Phi-3 block (fused qkv and gate/up, RMSNorm, NeoX rotary pairs, SiLU gating).

The tokens of many conversations stand in one row without padding; only attention takes them apart.
N tokens, C hidden.
"""

import torch
import torch.nn.functional as F
from torch import nn

from batches import Batch
from phi3_block import DecoderLayer, Linear, RmsNorm, Shape, attend, rotary_tables, rotate
from quantise import fake_q4_0, fake_q8_0


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
            future = torch.full((q.shape[-2],) * 2, float("-inf"), dtype=q.dtype).triu(1)
            out = attend(q, k, v, future).transpose(1, 2).reshape(-1, hidden)
            parts.append(out.index_select(0, group.cells))
        n_padding = n_tokens - sum(len(part) for part in parts)
        parts.append(torch.zeros((n_padding, hidden), dtype=x.dtype))
        return self.o_proj(torch.cat(parts))


class Tutor(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = Linear(shape.hidden, shape.vocabulary, 0.5)
        self.layers = nn.ModuleList(DecoderLayer(shape, Attention(shape)) for _ in range(shape.n_layers))
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
