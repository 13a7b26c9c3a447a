"""Training batches: pictures with several questions each, what stands where in them, and sums as text alone.

All questions about a picture stand behind it in one row; none sees another, and each begins at the position where the
picture ends.  A batch is a function of its name alone, so a resumed run sees what an uninterrupted one would have.
"""

import random
from dataclasses import dataclass

import numpy as np
import torch

from paint import Mark, paint
from questions import ask, ask_without_picture
from scenes import COLOURS, COUNT_MAX, SHAPES, Scene, draw_scene
from transform import GRID, MERGED, N_IMAGE_TOKENS, PATCH, hd_transform
from words import STRIP_RULES, Words

IGNORED = -100
N_ALIGNED = 8  # attention over a multiple of so many tokens is twice as fast on a CPU
NAMES = ("", *"0123456789+-×=?", *SHAPES)
COLOUR_NAMES = ("", *COLOURS)
PLACES_MAX = 12
WINDOW = 12
OFFSET_MAX = 7
# Of a patch: covered by, middle of; and of a covered one: place, colour, how far below and right of it the middle is.
N_LABELS = (len(NAMES), len(NAMES), PLACES_MAX, len(COLOUR_NAMES), 2 * OFFSET_MAX + 1, 2 * OFFSET_MAX + 1)
# Of a cell that a shape covers: how many there are of its shape and colour, its shape, its colour; how many shapes.
N_COUNTS = (COUNT_MAX + 1,) * 4


@dataclass
class Rows:
    """Token rows: ids (B, N), positions (N), mask (N, N), targets (B, N)."""
    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    targets: torch.Tensor


@dataclass
class Pictures:
    pixels: torch.Tensor  # (B, SIDE, SIDE, 3) uint8
    labels: torch.Tensor  # (6, B, GRID * GRID), as N_LABELS
    counts: torch.Tensor  # (4, B, MERGED * MERGED), as N_COUNTS
    rows: Rows            # the image's tokens have id 0
    n_before: int         # tokens before the image


@dataclass
class Windows:
    """Parts of pictures, for learning to see at a fraction of the cost: most of a picture is paper."""
    pixels: torch.Tensor  # (B, SIDE, SIDE, 3) uint8
    owners: torch.Tensor  # (W): of which picture each window is a part
    places: torch.Tensor  # (W, WINDOW * WINDOW): which patches of it
    labels: torch.Tensor  # (6, W, WINDOW * WINDOW); places in reading order are ignored


def count_like(mark: Mark, marks: list[Mark]) -> tuple[int, int, int, int]:
    """How many marks are of its shape and colour, its shape, its colour; how many there are."""
    is_shape, is_colour = [m.name == mark.name for m in marks], [m.colour == mark.colour for m in marks]
    return sum(a and b for a, b in zip(is_shape, is_colour, strict=True)), sum(is_shape), sum(is_colour), len(marks)


def label_patches(marks: list[Mark], where: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Labels of patches (6, GRID, GRID) and counts (4, GRID, GRID) as N_LABELS and N_COUNTS say."""
    scale, dx, dy = where
    labels = np.full((len(N_LABELS), GRID, GRID), IGNORED, np.int64)
    labels[:2] = 0
    counts = np.full((len(N_COUNTS), GRID, GRID), IGNORED, np.int64)
    rows, columns = np.mgrid[:GRID, :GRID]
    for m in marks:
        x0, y0, x1, y1 = (v * scale + d for v, d in zip(m.box, (dx, dy, dx, dy), strict=True))
        name = NAMES.index(m.name)
        middle = (min(GRID - 1, int((y0 + y1) / 2 / PATCH)), min(GRID - 1, int((x0 + x1) / 2 / PATCH)))
        is_over = np.zeros((GRID, GRID), bool)
        is_over[max(0, round(y0 / PATCH)):max(round(y1 / PATCH), middle[0] + 1),
                max(0, round(x0 / PATCH)):max(round(x1 / PATCH), middle[1] + 1)] = True
        is_over[middle] = True
        labels[0][is_over] = name
        if m.place >= 0:
            labels[2][is_over] = min(m.place, PLACES_MAX - 1)
        if m.colour:
            labels[3][is_over] = COLOUR_NAMES.index(m.colour)
            counts[:, is_over] = np.array(count_like(m, marks))[:, None]
        for plane, at, there in ((4, rows, middle[0]), (5, columns, middle[1])):
            labels[plane][is_over] = np.clip(there - at[is_over], -OFFSET_MAX, OFFSET_MAX) + OFFSET_MAX
        labels[1][middle] = name
    return labels, counts


def merge_counts(counts: np.ndarray) -> torch.Tensor:
    """(4, GRID, GRID) -> (4, MERGED * MERGED); the larger one where two shapes meet in a cell."""
    cells = counts.reshape(len(N_COUNTS), MERGED, 2, MERGED, 2).max(axis=(2, 4))
    return torch.from_numpy(cells).flatten(1)


def block_mask(n_prefix: int, n_tails: int, n_tail: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions and mask of a prefix, tails that see it and themselves, and padding at the end."""
    n = n_prefix + n_tails * n_tail
    n += -n % N_ALIGNED
    at = torch.arange(n)
    block = torch.where(at < n_prefix, -1, (at - n_prefix) // max(1, n_tail))
    positions = torch.where(at < n_prefix, at, n_prefix + (at - n_prefix) % max(1, n_tail))
    is_seen = (at[None] <= at[:, None]) & ((block[None] == -1) | (block[None] == block[:, None]))
    return positions, torch.zeros(n, n).masked_fill(~is_seen, float("-inf"))


def fill_rows(before: list[int], n_image: int, tails: list[list[tuple[list[int], list[bool]]]]) -> Rows:
    """One row for each list of tails."""
    n_prefix = len(before) + n_image
    n_tail = max(len(ids) for row in tails for ids, _ in row)
    positions, mask = block_mask(n_prefix, len(tails[0]), n_tail)
    ids = torch.zeros((len(tails), len(positions)), dtype=torch.long)
    targets = torch.full_like(ids, IGNORED)
    ids[:, :len(before)] = torch.tensor(before, dtype=torch.long)
    for r, row in enumerate(tails):
        for k, (tail, is_said) in enumerate(row):
            start = n_prefix + k * n_tail
            ids[r, start:start + len(tail)] = torch.tensor(tail)
            wanted = [tail[j] if is_said[j] else IGNORED for j in range(1, len(tail))]
            targets[r, start:start + len(wanted)] = torch.tensor(wanted)
    return Rows(ids, positions, mask, targets)


def paint_and_label(rng: random.Random, scenes: list[Scene]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pixels (B, SIDE, SIDE, 3), labels (6, B, GRID * GRID) and counts (4, B, MERGED * MERGED)."""
    pixels, labels, counts = [], [], []
    for scene in scenes:
        picture, marks = paint(rng, scene)
        seen, where = hd_transform(picture)
        pixels.append(torch.from_numpy(np.ascontiguousarray(seen)))
        of_patches, of_shapes = label_patches(marks, where)
        labels.append(torch.from_numpy(of_patches).flatten(1))
        counts.append(merge_counts(of_shapes))
    return torch.stack(pixels), torch.stack(labels, dim=1), torch.stack(counts, dim=1)


def draw_window(rng: random.Random, labels: torch.Tensor) -> torch.Tensor:
    """Patches of a window about one of a picture's objects.  labels (GRID * GRID): where a middle is."""
    middles = labels.nonzero().flatten().tolist() or [rng.randrange(GRID * GRID)]
    row, column = divmod(rng.choice(middles), GRID)
    top, left = (min(GRID - WINDOW, max(0, at - rng.randint(2, WINDOW - 3))) for at in (row, column))
    at = torch.arange(WINDOW)
    return ((top + at)[:, None] * GRID + left + at[None]).flatten()


def make_windows(rng: random.Random, n_pictures: int, n_each: int) -> Windows:
    pixels, labels, _ = paint_and_label(rng, [draw_scene(rng) for _ in range(n_pictures)])
    owners = torch.arange(n_pictures).repeat_interleave(n_each)
    places = torch.stack([draw_window(rng, labels[1, owner]) for owner in owners])
    parts = labels[:, owners[:, None], places]
    parts[2] = IGNORED
    return Windows(pixels, owners, places, parts)


def make_pictures(words: Words, rng: random.Random, scenes: list[Scene], chats: list[list[list]],
                  strip: str) -> Pictures:
    """chats: for each of the scenes the conversations about it, each a list of (question, answer)."""
    pixels, labels, counts = paint_and_label(rng, scenes)
    before = words.before_picture(strip)
    tails = [[words.after_picture(turns, strip) for turns in chat] for chat in chats]
    return Pictures(pixels, labels, counts, fill_rows(before, N_IMAGE_TOKENS, tails), len(before))


def training_batch(words: Words, name: str, n_pictures: int, n_texts: int) -> tuple[Pictures, Rows]:
    rng = random.Random(name)
    strip = rng.choices(STRIP_RULES, (8, 1, 1))[0]
    n_turns, n_chats = rng.choices(((1, 8), (2, 4), (4, 2)), (7, 2, 1))[0]
    scenes = [draw_scene(rng) for _ in range(n_pictures)]
    chats = [[[ask(rng, scene) for _ in range(n_turns)] for _ in range(n_chats)] for scene in scenes]
    texts = [[words.without_picture(ask_without_picture(rng, draw_text_scene(rng)), strip)] for _ in range(n_texts)]
    return make_pictures(words, rng, scenes, chats, strip), fill_rows([], 0, texts)


def draw_text_scene(rng: random.Random) -> Scene:
    while True:
        scene = draw_scene(rng)
        if scene.kind == "sum" or scene.kind == "shapes" and rng.random() < 0.08:
            return scene
