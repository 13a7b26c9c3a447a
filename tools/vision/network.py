"""The tiny vision model: exactly Phi-3.5-vision's parts, small.

A CLIP ViT (patches of 14, class token, pre_layrnorm, quick_gelu) of which all layers in the file are run, patches
merged two by two, separators sub_GN and glb_GN, a projector of two layers with exact GELU, and Phi-3's decoder.
B pictures, N tokens, P patches, C width of the vision part, D of the decoder.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from first_weights import patch_filters, positions, start_layer
from phi3_block import DecoderLayer, Linear, RmsNorm, Shape, attend, rotary_tables, rotate
from rows import N_ALIGNED, Rows, Windows
from transform import MERGED, image_places, patches
from vision_keys import LAYER_NORM_EPS


@dataclass(frozen=True)
class VisionShape:
    width: int = 128
    inter: int = 512
    n_layers: int = 5
    n_heads: int = 4
    eps: float = LAYER_NORM_EPS
    text: Shape = field(default_factory=lambda: Shape(hidden=192, inter=512, n_layers=4, n_heads=6, vocabulary=640))


class Affine(nn.Module):
    """y = x W^T + b."""

    def __init__(self, n_in: int, n_out: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) * std)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class LayerNorm(nn.Module):
    def __init__(self, n: int, eps: float) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n)), eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x.float(), self.weight.shape, self.weight, self.bias, self.eps).to(x.dtype)


class VisionAttention(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        c = shape.width
        self.n_heads = shape.n_heads
        self.q_proj, self.k_proj, self.v_proj = (Affine(c, c, c ** -0.5) for _ in range(3))
        self.out_proj = Affine(c, c, c ** -0.5 / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        b, n, c = x.shape
        q, k, v = (layer(x).view(b, n, self.n_heads, -1).transpose(1, 2)
                   for layer in (self.q_proj, self.k_proj, self.v_proj))
        out = attend(q, k, v, mask)
        return self.out_proj(out.transpose(1, 2).reshape(b, n, c))


class VisionLayer(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        c = shape.width
        self.layer_norm1, self.layer_norm2 = LayerNorm(c, shape.eps), LayerNorm(c, shape.eps)
        self.self_attn = VisionAttention(shape)
        self.fc1 = Affine(c, shape.inter, c ** -0.5)
        self.fc2 = Affine(shape.inter, c, shape.inter ** -0.5 / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.layer_norm1(x), mask)
        inner = self.fc1(self.layer_norm2(x))
        return x + self.fc2(inner * torch.sigmoid(1.702 * inner))


class VisionPart(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        c, d = shape.width, shape.text.hidden
        self.class_embedding = nn.Parameter(torch.randn(c) * 0.5)
        self.patch_embedding = nn.Parameter(patch_filters(c))
        self.position_embedding = nn.Parameter(positions(c))
        self.pre_layrnorm = LayerNorm(c, shape.eps)
        self.layers = nn.ModuleList(VisionLayer(shape) for _ in range(shape.n_layers))
        for i, layer in enumerate(self.layers):
            start_layer(layer, i)
        self.sub_GN = nn.Parameter(torch.randn(4 * c))
        self.glb_GN = nn.Parameter(torch.randn(4 * c))
        self.projection_0 = Affine(4 * c, d, (4 * c) ** -0.5)
        self.projection_2 = Affine(d, d, d ** -0.5)
        self.register_buffer("places", image_places(), persistent=False)

    def encode(self, patches: torch.Tensor, places: torch.Tensor | None = None) -> torch.Tensor:
        """(B, P, 3 * PATCH * PATCH) -> features (B, P, C), the class token dropped.

        places (B, P): which patches of a picture these are, if not all of one.
        """
        b = len(patches)
        first, rest = self.position_embedding.split((1, len(self.position_embedding) - 1))
        positions = torch.cat((first.expand(b, -1, -1), rest.expand(b, -1, -1) if places is None else rest[places]), 1)
        x = F.linear(patches, self.patch_embedding.to(patches.dtype))
        x = torch.cat((self.class_embedding.to(x.dtype).expand(b, 1, -1), x), dim=1)
        x = self.pre_layrnorm(x + positions.to(x.dtype))
        n = x.shape[1]
        n_padding = -n % N_ALIGNED
        mask = torch.cat((torch.zeros(n), torch.full((n_padding,), float("-inf")))).to(x.dtype)
        return self.run_layers(F.pad(x, (0, 0, 0, n_padding)), mask)[:, 1:n]

    def run_layers(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """(B, P, C) -> what the decoder reads, (B, N image tokens, D)."""
        b, _, c = features.shape
        cells = features.view(b, MERGED, 2, MERGED, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(b, MERGED * MERGED, 4 * c)
        ends = torch.stack((self.sub_GN, self.glb_GN)).to(cells.dtype).expand(b, -1, -1)
        out = self.projection_2(F.gelu(self.projection_0(torch.cat((cells, ends), dim=1))))
        return out.index_select(1, self.places)


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        std = shape.hidden ** -0.5
        self.n_heads = shape.n_heads
        self.qkv_proj = Linear(shape.hidden, 3 * shape.hidden, std)
        self.o_proj = Linear(shape.hidden, shape.hidden, std / (2 * shape.n_layers) ** 0.5)

    def forward(self, x: torch.Tensor, rope: tuple, mask: torch.Tensor) -> torch.Tensor:
        b, n, d = x.shape
        q, k, v = self.qkv_proj(x).view(b, n, 3, self.n_heads, -1).permute(2, 0, 1, 3, 4)
        q, k, v = (t.transpose(1, 2) for t in (rotate(q, *rope), rotate(k, *rope), v))
        out = attend(q, k, v, mask)
        return self.o_proj(out.transpose(1, 2).reshape(b, n, d))


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = Linear(shape.hidden, shape.vocabulary, 0.5)
        self.layers = nn.ModuleList(DecoderLayer(shape, Attention(shape)) for _ in range(shape.n_layers))
        self.norm = RmsNorm(shape.hidden, shape.eps)
        self.lm_head = Linear(shape.hidden, shape.vocabulary, 0.5 * shape.hidden ** -0.5)

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        return F.embedding(ids, self.embed_tokens.weight)

    def forward(self, x: torch.Tensor, positions: torch.Tensor,
                mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x (B, N, D), positions (N), mask (N, N): 0 where a token is seen, else -inf.

        Hidden states (B, N, D) at the end, normalised, and behind the first half of the layers.
        """
        rope = rotary_tables(self.shape, positions)
        if torch.is_autocast_enabled("cpu"):
            x, rope, mask = x.bfloat16(), tuple(t.bfloat16() for t in rope), mask.bfloat16()
        return self.run_layers(x, rope, mask)

    def run_layers(self, x: torch.Tensor, rope: tuple, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for i, layer in enumerate(self.layers):
            if i == len(self.layers) // 2:
                halfway = x
            x = layer(x, rope, mask)
        return self.norm(x), halfway


class TinyVision(nn.Module):
    """`teacher` and `teacher_of_counts` are for training only.

    The first says of each patch what is there, so that seeing is learnt patch by patch; the second says halfway through
    the decoder, of each cell that a shape covers, how many of its kind there are, so that counting is learnt from all
    of a picture's shapes at once.
    """

    def __init__(self, shape: VisionShape = VisionShape(), n_labels: int = 0, n_counts: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self.vision = VisionPart(shape)
        self.decoder = Decoder(shape.text)
        self.teacher = nn.Sequential(LayerNorm(shape.width, shape.eps), Affine(shape.width, n_labels, 0.02))
        self.teacher_of_counts = nn.Sequential(RmsNorm(shape.text.hidden, shape.text.eps),
                                               Affine(shape.text.hidden, n_counts, 0.02))

    def compile_layers(self) -> None:
        """A step takes three quarters of the time then, after a minute of compiling; needs a C++ compiler."""
        self.vision.run_layers = torch.compile(self.vision.run_layers, dynamic=False)
        self.decoder.run_layers = torch.compile(self.decoder.run_layers, dynamic=True)

    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, SIDE, SIDE, 3) uint8 -> features (B, P, C)."""
        x = patches(pixels)
        return self.vision.encode(x.bfloat16() if torch.is_autocast_enabled("cpu") else x)

    def see_windows(self, windows: Windows) -> torch.Tensor:
        """Features (W, P of a window, C)."""
        x = patches(windows.pixels)[windows.owners[:, None], windows.places]
        return self.vision.encode(x.bfloat16() if torch.is_autocast_enabled("cpu") else x, windows.places)

    def read(self, features: torch.Tensor | None, rows: Rows,
             n_before: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states of the rows, whose image (if any) begins behind n_before tokens: at the end and halfway."""
        x = self.decoder.embed(rows.ids)
        if features is not None:
            image = self.vision.project(features)
            x = torch.cat((x[:, :n_before].to(image.dtype), image, x[:, n_before + image.shape[1]:].to(image.dtype)), 1)
        return self.decoder(x, rows.positions, rows.mask)

    def tell_counts(self, halfway: torch.Tensor, n_before: int) -> torch.Tensor:
        """Of the cells of the global view, which stands behind all others: (B, MERGED * MERGED, sum of N_COUNTS)."""
        cells = n_before + (self.vision.places < MERGED * MERGED).nonzero().flatten()[MERGED * MERGED:]
        return self.teacher_of_counts(halfway[:, cells])

    def logits(self, hidden: torch.Tensor, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the tokens that have to be said, and these tokens."""
        is_kept = rows.targets >= 0
        return self.decoder.lm_head(hidden[is_kept]).float(), rows.targets[is_kept]
