"""The HD transform of Phi-3-vision for num_crops 1, and the patches that the vision part reads.

With one crop every picture becomes one tile of SIDE x SIDE, and the global view of such a picture is the tile itself:
bicubic interpolation to the same size changes nothing.  So it is encoded once and stands in the prompt twice.
"""

import numpy as np
import torch
from PIL import Image

from vision_keys import IMAGE_MEAN, IMAGE_STD

SIDE = 336
PATCH = 14
GRID = SIDE // PATCH
MERGED = GRID // 2
N_IMAGE_TOKENS = 2 * MERGED * MERGED + 1 + 2 * MERGED


def hd_transform(picture: Image.Image) -> tuple[np.ndarray, tuple[float, float, float]]:
    """(SIDE, SIDE, 3) uint8, and (scale, dx, dy): where a point of the picture is in it."""
    is_portrait = picture.width < picture.height
    turned = picture.transpose(Image.Transpose.TRANSPOSE) if is_portrait else picture
    high = int(SIDE / (turned.width / turned.height))
    pixels = np.asarray(turned.resize((SIDE, high), Image.Resampling.BILINEAR))
    top = int((SIDE - high) / 2)
    padded = np.full((SIDE, SIDE, 3), 255, np.uint8)
    padded[top:top + high] = pixels
    scale = SIDE / turned.width
    return (padded.transpose(1, 0, 2), (scale, top, 0)) if is_portrait else (padded, (scale, 0, top))


def patches(pixels: torch.Tensor) -> torch.Tensor:
    """(B, SIDE, SIDE, 3) uint8 -> (B, GRID * GRID, 3 * PATCH * PATCH) f32, normalised, channel by channel."""
    x = (pixels.float() / 255 - torch.tensor(IMAGE_MEAN)) / torch.tensor(IMAGE_STD)
    x = x.view(-1, GRID, PATCH, GRID, PATCH, 3).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(len(pixels), GRID * GRID, 3 * PATCH * PATCH)


def image_places() -> torch.Tensor:
    """(N_IMAGE_TOKENS): which of [merged cells row by row, sub_GN, glb_GN] stands at each image token."""
    n = MERGED * MERGED
    rows = [index for row in range(MERGED) for index in (*range(row * MERGED, (row + 1) * MERGED), n)]
    return torch.tensor([*rows, n + 1, *rows])
