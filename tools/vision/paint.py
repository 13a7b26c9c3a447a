"""Paints a scene: printed or drawn by hand, on paper of a light or a dark colour, as a photograph or clean.

Lengths are in pixels of the picture that the model sees (SIDE wide or high); `zoom` is how much larger the painted one
is, for the transform has to be learnt as well.
"""

import math
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scenes import Scene
from strokes import GLYPHS, OUTLINES, WIDTH, catmull_rom, draw_strokes, star_points

SIDE = 336
INKS = {"red": (215, 35, 40), "orange": (250, 140, 25), "yellow": (248, 215, 40), "green": (40, 160, 70),
        "blue": (40, 90, 215), "purple": (140, 60, 180), "black": (30, 30, 32)}
FONT_ROOT = Path("/usr/share/fonts")
FONTS = """dejavu/DejaVuSans dejavu/DejaVuSans-Bold dejavu/DejaVuSerif dejavu/DejaVuSerif-Bold dejavu/DejaVuSansMono
dejavu/DejaVuSansMono-Bold dejavu/DejaVuSans-Oblique dejavu/DejaVuSansCondensed dejavu/DejaVuSans-ExtraLight
liberation/LiberationSans-Regular liberation/LiberationSans-Bold liberation/LiberationSans-Italic
liberation/LiberationSerif-Regular liberation/LiberationSerif-Bold liberation/LiberationSerif-Italic
liberation/LiberationMono-Regular liberation/LiberationMono-Bold liberation/LiberationSansNarrow-Regular
freefont/FreeSans freefont/FreeSansBold freefont/FreeSerif freefont/FreeSerifBold freefont/FreeMonoBold
nanum/NanumGothic nanum/NanumGothicBold nanum/NanumMyeongjo nanum/NanumMyeongjoBold nanum/NanumSquareRoundR
nanum/NanumBarunGothic nanum/NanumGothicCoding lato/Lato-Regular lato/Lato-Bold lato/Lato-Light lato/Lato-Black
lato/Lato-Italic humor-sans/Humor-Sans""".split()
FONTS_OTF = ["comic-neue/ComicNeue-Regular", "comic-neue/ComicNeue-Bold"]
PACKAGES = "fonts-dejavu fonts-liberation fonts-freefont-ttf fonts-nanum fonts-lato fonts-humor-sans fonts-comic-neue"


@dataclass
class Mark:
    """An object of the picture: where it is, what it is, its place in reading order (characters) or its colour."""
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in the painted picture
    name: str
    place: int = -1
    colour: str = ""


@cache
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    full = FONT_ROOT / ("opentype" if path in FONTS_OTF else "truetype") / (
        path + (".otf" if path in FONTS_OTF else ".ttf"))
    if not full.exists():
        raise FileNotFoundError(f"{full} is missing; Debian has it: apt-get install {PACKAGES}")
    return ImageFont.truetype(str(full), size)


@cache
def noise_pool() -> np.ndarray:
    return np.random.default_rng(5).standard_normal(1 << 21).astype(np.float32)


def noise(rng: random.Random, height: int, width: int) -> np.ndarray:
    start = rng.randrange((1 << 21) - height * width)
    return noise_pool()[start:start + height * width].reshape(height, width, 1)


# ------------------------------------------------------------------ text

def written(rng: random.Random, scene: Scene) -> str:
    if scene.kind == "number":
        return str(scene.number)
    s = scene.sum
    gap = rng.choice((" ", " ", "", "  "))
    ending = rng.choice(("", "", f"{gap}=", f"{gap}={gap}?"))
    return f"{s.a}{gap}{s.op}{gap}{s.b}{ending}"


def print_text(rng: random.Random, text: str, size: tuple[int, int]) -> tuple[Image.Image, list[Mark]]:
    """Ink of a printed line: an L picture, and where each character stands."""
    width, height = size
    shown = [c for c in text.replace("×", rng.choice("×××x")).replace("-", rng.choice("-−–"))]
    path = rng.choice(FONTS + FONTS_OTF)
    probe = font(path, 64)
    advances = [probe.getlength(c) + rng.choice((0, 0, 3)) for c in shown]
    fit = min(0.94 * width / sum(advances), 0.8 * height / 60, 2.4 * width / SIDE)
    least = min(fit, 0.36 * width / SIDE)
    pixels = max(12, round(64 * (least + (fit - least) * rng.random() ** 0.7)))
    real = font(path, pixels)
    scale = pixels / 64
    total = sum(advances) * scale
    x = rng.uniform(0.02 * width, max(0.02 * width, 0.98 * width - total))
    margin = 0.45 * pixels
    y = rng.uniform(margin, max(margin, height - margin))
    ink = Image.new("L", size, 0)
    draw = ImageDraw.Draw(ink)
    marks = []
    for c, original, advance in zip(shown, text, advances, strict=True):
        if c != " ":
            draw.text((x, y + 0.36 * pixels), c, fill=255, font=real, anchor="ls")
            box = real.getbbox(c, anchor="ls")
            base = y + 0.36 * pixels
            marks.append(Mark((x + box[0], base + box[1], x + box[2], base + box[3]), original, len(marks)))
        x += advance * scale
    return ink, marks


def draw_polyline(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], width: float) -> None:
    r = width / 2
    draw.line(points, fill=255, width=max(1, round(width)), joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)


def write_text(rng: random.Random, text: str, size: tuple[int, int]) -> tuple[Image.Image, list[Mark]]:
    """Ink of a line written by hand."""
    width, height = size
    unit = width / SIDE
    shares = [0.4 if c == " " else WIDTH.get(c, 0.68) * rng.uniform(0.85, 1.15) for c in text]
    gap = rng.uniform(0.12, 0.35)
    total = sum(shares) + gap * len(text)
    fit = min(0.92 * width / total, 0.72 * height, 170 * unit)
    least = min(fit, 34 * unit)
    tall = least + (fit - least) * rng.random() ** 0.6
    x = rng.uniform(0.03 * width, max(0.03 * width, 0.97 * width - total * tall))
    y = rng.uniform(0.55 * tall, max(0.55 * tall, height - 0.55 * tall))
    climb, jitter = rng.uniform(-0.08, 0.08), rng.uniform(0.01, 0.045)
    pen = min(rng.uniform(2.5, 12) * unit, 0.16 * tall)
    grow = 2 if width <= 1.4 * SIDE else 1
    ink = Image.new("L", (width * grow, height * grow), 0)
    draw = ImageDraw.Draw(ink)
    marks = []
    habits = {c: rng.choice(GLYPHS[c]) for c in set(text) - {" "}}
    for c, share in zip(text, shares, strict=True):
        wide = share * tall
        if c != " ":
            high = tall * rng.uniform(0.88, 1.12) * (0.75 if c in "+-×=" else 1)
            middle = y + rng.gauss(0, 0.03) * tall + climb * (x - width / 2)
            strokes = [[(x + px * wide, middle + (py - 0.5) * high) for px, py in line]
                       for line in draw_strokes(rng, habits[c], jitter)]
            for line in strokes:
                draw_polyline(draw, [(px * grow, py * grow) for px, py in line], pen * grow)
            xs, ys = [p[0] for line in strokes for p in line], [p[1] for line in strokes for p in line]
            marks.append(Mark((min(xs), min(ys), max(xs), max(ys)), c, len(marks)))
        x += wide + gap * tall
    return (ink.resize(size, Image.Resampling.BOX) if grow > 1 else ink), marks


def turned(rng: random.Random, ink: Image.Image, marks: list[Mark]) -> tuple[Image.Image, list[Mark]]:
    """A little around the middle; boxes move with their centres."""
    degrees = rng.uniform(-7, 7)
    a = math.radians(degrees)
    cos, sin = math.cos(a), math.sin(a)
    cx, cy = ink.width / 2, ink.height / 2
    centres = [((m.box[0] + m.box[2]) / 2 - cx, (m.box[1] + m.box[3]) / 2 - cy) for m in marks]
    moved = [(cx + x * cos + y * sin, cy - x * sin + y * cos) for x, y in centres]
    if any(not (8 < x < ink.width - 8 and 8 < y < ink.height - 8) for x, y in moved):
        return ink, marks
    out = []
    for m, (x, y) in zip(marks, moved, strict=True):
        w, h = (m.box[2] - m.box[0]) / 2, (m.box[3] - m.box[1]) / 2
        out.append(Mark((x - w, y - h, x + w, y + h), m.name, m.place))
    return ink.rotate(degrees, Image.Resampling.BILINEAR), out


# ------------------------------------------------------------------ shapes

def places(rng: random.Random, n: int, size: tuple[int, int]) -> list[tuple[float, float, float]]:
    """n circles (x, y, r) that do not touch."""
    width, height = size
    unit = max(width, height) / SIDE
    most = min(0.42 * min(size), 0.55 * math.sqrt(width * height / n))
    while True:
        out: list[tuple[float, float, float]] = []
        for _ in range(60 * n):
            r = min(most, max(15 * unit, most * rng.uniform(0.25, 0.95)))
            x, y = rng.uniform(r, width - r), rng.uniform(r, height - r)
            if all(math.hypot(x - a, y - b) > r + s + 5 * unit for a, b, s in out):
                out.append((x, y, r))
                if len(out) == n:
                    return out
        most *= 0.8


def outline(rng: random.Random, shape: str, is_hand_drawn: bool) -> list[tuple[float, float]]:
    """A closed line in the unit square."""
    if is_hand_drawn:
        is_curve, points = OUTLINES[shape]
        jitter = rng.uniform(0.005, 0.03)
        moved = [(x + rng.gauss(0, jitter), y + rng.gauss(0, jitter)) for x, y in points]
        return catmull_rom(moved) if is_curve else moved
    if shape == "star":
        return list(star_points())
    if shape == "circle":
        return [(0.5 + 0.46 * math.cos(k * math.pi / 20), 0.5 + 0.46 * math.sin(k * math.pi / 20)) for k in range(40)]
    return list(OUTLINES[shape][1])


def turn_for(rng: random.Random, shape: str) -> float:
    """Radians; a heart stays upright, a square is not turned into a diamond."""
    most = {"square": 0.3, "heart": 0.3, "triangle": 0.5}.get(shape, 3.2)
    return rng.uniform(-most, most)


def paint_shapes(rng: random.Random, scene: Scene, picture: Image.Image) -> tuple[Image.Image, list[Mark]]:
    grow = 2
    width, height = picture.size
    unit = max(picture.size) / SIDE
    large = picture.resize((width * grow, height * grow), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(large)
    marks = []
    is_filled, pen = rng.random() < 0.75 and not scene.is_hand_drawn, rng.uniform(3, 9) * unit
    for (shape, colour), (x, y, r) in zip(scene.shapes, places(rng, len(scene.shapes), picture.size), strict=True):
        ink = tuple(min(255, max(0, v + rng.randint(-18, 18))) for v in INKS[colour])
        a = turn_for(rng, shape)
        cos, sin = math.cos(a), math.sin(a)
        side = r * 1.35 if shape == "square" else r * 1.9
        points = [(px - 0.5, py - 0.5) for px, py in outline(rng, shape, scene.is_hand_drawn)]
        line = [(x + side * (px * cos - py * sin), y + side * (px * sin + py * cos)) for px, py in points]
        scaled = [(px * grow, py * grow) for px, py in line]
        if is_filled:
            draw.polygon(scaled, fill=ink)
        else:
            closed = scaled if scene.is_hand_drawn else [*scaled, *scaled[:2]]
            draw.line(closed, fill=ink, width=round(min(pen, 0.3 * r) * grow), joint="curve")
        xs, ys = [p[0] for p in line], [p[1] for p in line]
        marks.append(Mark((min(xs), min(ys), max(xs), max(ys)), shape, colour=colour))
    return large.resize(picture.size, Image.Resampling.BOX), marks


# ------------------------------------------------------------------ the picture

def draw_size(rng: random.Random, is_text: bool) -> tuple[int, int]:
    zoom = 1 if rng.random() < 0.75 else rng.uniform(0.7, 2)
    ratio = rng.choice((1, 1, 1, 1.2, 4 / 3, 4 / 3, 1.5, 16 / 9, 2, 3 if is_text else 1))
    long, short = round(SIDE * zoom), round(SIDE * zoom / ratio)
    return (short, long) if rng.random() < 0.15 and ratio < 1.6 else (long, short)


def paper(rng: random.Random, size: tuple[int, int], is_dark: bool) -> np.ndarray:
    """(H, W, 3) f32: one colour, on photographs with a gradient of light."""
    width, height = size
    if is_dark:
        base = np.array([rng.randint(0, 70) for _ in range(3)], np.float32)
    elif rng.random() < 0.45:
        base = np.full(3, 255, np.float32)
    else:
        level = rng.randint(150, 255)
        base = np.array([min(255, level + rng.randint(-18, 18)) for _ in range(3)], np.float32)
    sheet = np.broadcast_to(base, (height, width, 3)).astype(np.float32)
    if rng.random() < 0.4:
        dx, dy = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)
        light = 1 + np.linspace(-dx, dx, width)[None, :, None] + np.linspace(-dy, dy, height)[:, None, None]
        sheet = sheet * light.astype(np.float32)
    return sheet


def finish(rng: random.Random, pixels: np.ndarray) -> Image.Image:
    if rng.random() < 0.4:
        pixels = pixels + rng.uniform(1, 14) * noise(rng, *pixels.shape[:2])
    picture = Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))
    if rng.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4) * max(picture.size) / SIDE))
    return picture


def text_ink(rng: random.Random, is_dark: bool) -> np.ndarray:
    if is_dark:
        return np.array([rng.randint(190, 255) for _ in range(3)], np.float32)
    if rng.random() < 0.6:
        return np.full(3, rng.randint(0, 40), np.float32)
    colour = INKS[rng.choice(("red", "green", "blue", "purple", "black"))]
    return np.array([max(0, v - rng.randint(0, 40)) for v in colour], np.float32)


def paint(rng: random.Random, scene: Scene) -> tuple[Image.Image, list[Mark]]:
    is_text = scene.kind in ("sum", "number")
    size = draw_size(rng, is_text)
    is_dark = is_text and rng.random() < 0.12
    sheet = paper(rng, size, is_dark)
    if is_text:
        write = write_text if scene.is_hand_drawn else print_text
        ink, marks = write(rng, written(rng, scene), size)
        if rng.random() < 0.4:
            ink, marks = turned(rng, ink, marks)
        share = np.asarray(ink, np.float32)[:, :, None] / 255
        return finish(rng, sheet + (text_ink(rng, is_dark) - sheet) * share), marks
    picture = Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8))
    marks = []
    if scene.shapes:
        picture, marks = paint_shapes(rng, scene, picture)
    return finish(rng, np.asarray(picture, np.float32)), marks
