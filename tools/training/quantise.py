"""Q4_0 and Q8_0 in PyTorch, bit for bit what gguf.quants writes, for training with the file's numbers."""

import torch

BLOCK = 32


def round_q4_0(weight: torch.Tensor) -> torch.Tensor:
    """(rows, n * 32) f32 -> the values that a Q4_0 tensor of it decodes to."""
    blocks = weight.reshape(-1, BLOCK)
    at = blocks.abs().argmax(dim=1, keepdim=True)
    d = blocks.gather(1, at) / -8
    inverse = torch.where(d == 0, torch.zeros_like(d), 1 / d)
    q = torch.trunc(blocks * inverse + 8.5).clamp(0, 15) - 8
    return (q * d.half().float()).reshape(weight.shape)


def round_q8_0(weight: torch.Tensor) -> torch.Tensor:
    """(rows, n * 32) f32 -> the values that a Q8_0 tensor of it decodes to."""
    blocks = weight.reshape(-1, BLOCK)
    d = blocks.abs().amax(dim=1, keepdim=True) / 127
    inverse = torch.where(d == 0, torch.zeros_like(d), 1 / d)
    x = blocks * inverse
    q = torch.sign(x) * torch.floor(x.abs() + 0.5)
    return (q * d.half().float()).reshape(weight.shape)


def fake_q4_0(weight: torch.Tensor) -> torch.Tensor:
    return weight + (round_q4_0(weight.detach()) - weight).detach()


def fake_q8_0(weight: torch.Tensor) -> torch.Tensor:
    return weight + (round_q8_0(weight.detach()) - weight).detach()
