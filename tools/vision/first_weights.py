"""First weights of the vision part: it begins as a network that looks at neighbours, as seeing needs.

The first N_WAVES numbers of a patch are its position as sines, the others its content.  A shift is then a rotation,
so a head can look at the neighbour at a given offset from the beginning, and the first layers are a convolution.  The
filters of the patch embedding are cosines: strokes and edges are smooth.  All of it is trained on.
"""

import math

import torch

from transform import GRID, PATCH

N_RATES = 8
N_WAVES = 4 * N_RATES  # sine and cosine for row and column
# Offsets (rows, columns) at which the heads of a layer look; None: at what is alike.
OFFSETS = (((0, -1), (0, 1), (-1, 0), (1, 0)), ((-1, -1), (-1, 1), (1, -1), (1, 1)), ((0, -2), (0, 2), (-2, 0), (2, 0)))
SHARPNESS = 1.3


def rates() -> torch.Tensor:
    return torch.exp(torch.linspace(math.log(0.15), math.log(2.5), N_RATES))


def positions(width: int) -> torch.Tensor:
    """(1 + P, width): the class token's is zero."""
    angles = torch.arange(GRID)[:, None] * rates()
    line = torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)
    waves = torch.cat((line[:, None].expand(-1, GRID, -1), line[None].expand(GRID, -1, -1)), dim=2)
    table = torch.zeros(1 + GRID * GRID, width)
    table[1:, :N_WAVES] = waves.reshape(GRID * GRID, N_WAVES)
    return table


def cosines(n: int) -> torch.Tensor:
    """(n, PATCH * PATCH) orthonormal, the smooth ones first."""
    k, x = torch.arange(PATCH)[:, None], torch.arange(PATCH)[None]
    line = torch.cos(math.pi * (x + 0.5) * k / PATCH) * math.sqrt(2 / PATCH)
    line[0] /= math.sqrt(2)
    order = sorted(((i, j) for i in range(PATCH) for j in range(PATCH)), key=lambda ij: ij[0] ** 2 + ij[1] ** 2)[:n]
    return torch.stack([torch.outer(line[i], line[j]).flatten() for i, j in order])


def patch_filters(width: int) -> torch.Tensor:
    """(C, 3 * PATCH * PATCH)."""
    n = width - N_WAVES
    n_colour = n // 6
    colours = torch.tensor(((1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (0.5, 0.5, -1.0)))
    colours /= colours.norm(dim=1, keepdim=True)
    rows = []
    for colour, count in zip(colours, (n - 2 * n_colour, n_colour, n_colour), strict=True):
        smooth = cosines(count) * 0.4
        smooth[0] *= 0.15
        rows.append((colour[None, :, None] * smooth[:, None]).flatten(1))
    return torch.cat((torch.zeros(N_WAVES, 3 * PATCH * PATCH), *rows))


def look_at(query: torch.Tensor, key: torch.Tensor, offset: tuple[int, int]) -> None:
    """Sets a head's rows (N_WAVES, C) of the two projections."""
    for rows in (query, key):
        rows[:, :N_WAVES] = 0
        rows[:, N_WAVES:] *= 0.1
    for axis in range(2):
        for i, rate in enumerate(rates().tolist()):
            at = 2 * (axis * N_RATES + i)
            cos, sin = math.cos(rate * offset[axis]), math.sin(rate * offset[axis])
            key[at:at + 2, at:at + 2] = SHARPNESS * torch.eye(2)
            query[at:at + 2, at:at + 2] = SHARPNESS * torch.tensor(((cos, sin), (-sin, cos)))


@torch.no_grad()
def start_layer(layer: torch.nn.Module, index: int) -> None:
    """Content is moved, positions stay: nothing is written over them."""
    attention = layer.self_attn
    attention.k_proj.weight.copy_(attention.q_proj.weight)
    if index < len(OFFSETS):
        for head, offset in enumerate(OFFSETS[index]):
            rows = slice(head * N_WAVES, (head + 1) * N_WAVES)
            look_at(attention.q_proj.weight[rows], attention.k_proj.weight[rows], offset)
    attention.out_proj.weight[:N_WAVES] = 0
    layer.fc2.weight[:N_WAVES] = 0
