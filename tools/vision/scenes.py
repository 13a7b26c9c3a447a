"""What a picture can show, drawn by lot: a sum, a number, shapes, or nothing.

A sum is held out (never trained on, in any writing) by a hash of its operator and numbers; products are table facts and
all are trained on.
"""

import random
import zlib
from dataclasses import dataclass, field

SHAPES = ("circle", "square", "triangle", "star", "heart")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "black")
COUNT_MAX = 9
HELD_OUT_SHARE = 10  # one sum of so many


@dataclass(frozen=True)
class Sum:
    a: int
    op: str  # + - ×
    b: int

    @property
    def text(self) -> str:
        return f"{self.a} {self.op} {self.b}"

    @property
    def value(self) -> int:
        return {"+": self.a + self.b, "-": self.a - self.b, "×": self.a * self.b}[self.op]

    @property
    def is_held_out(self) -> bool:
        return self.op != "×" and zlib.crc32(self.text.encode()) % HELD_OUT_SHARE == 0


@dataclass
class Scene:
    """kind: sum, number, shapes or empty."""
    kind: str
    sum: Sum | None = None
    number: int = 0
    shapes: list[tuple[str, str]] = field(default_factory=list)  # (shape, colour) of each
    is_hand_drawn: bool = False

    def count(self, shape: str | None = None, colour: str | None = None) -> int:
        return sum(shape in (None, s) and colour in (None, c) for s, c in self.shapes)

    def groups(self) -> dict[tuple[str, str], int]:
        """How many of each kind, in the order of COLOURS and SHAPES."""
        kinds = [(s, c) for c in COLOURS for s in SHAPES]
        return {kind: n for kind in kinds if (n := self.shapes.count(kind))}


def draw_operand(rng: random.Random) -> int:
    return rng.randrange(10) if rng.random() < 0.3 else rng.randrange(100)


def draw_sum(rng: random.Random, held_out: bool = False, op: str | None = None) -> Sum:
    """Sums and differences of numbers below 100 (no negative result), products up to 10 x 10."""
    op = op or rng.choice("++--×")
    while True:
        if op == "×":
            return Sum(rng.randint(0, 10), op, rng.randint(0, 10))
        a, b = draw_operand(rng), draw_operand(rng)
        if op == "-" and a < b:
            a, b = b, a
        if (drawn := Sum(a, op, b)).is_held_out == held_out:
            return drawn


def draw_shapes(rng: random.Random, count: int | None = None) -> list[tuple[str, str]]:
    """A few kinds, so that most pictures can be described in a line."""
    n = count or rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9))
    n_kinds = min(n, rng.choice((1, 1, 2, 2, 3, 9)))
    kinds = [(rng.choice(SHAPES), rng.choice(COLOURS)) for _ in range(n_kinds)]
    if rng.random() < 0.15:
        kinds = [(shape, kinds[0][1]) for shape, _ in kinds]
    shapes = [*kinds, *(rng.choice(kinds) for _ in range(n - n_kinds))]
    rng.shuffle(shapes)
    return shapes


def draw_scene(rng: random.Random, held_out: bool = False) -> Scene:
    roll = rng.random()
    is_hand_drawn = rng.random() < 0.4
    if roll < 0.5:
        return Scene("sum", sum=draw_sum(rng, held_out), is_hand_drawn=is_hand_drawn)
    if roll < 0.58:
        return Scene("number", number=rng.randrange(10 ** rng.choice((1, 2, 2, 3))), is_hand_drawn=is_hand_drawn)
    if roll < 0.985:
        return Scene("shapes", shapes=draw_shapes(rng), is_hand_drawn=rng.random() < 0.2)
    return Scene("empty")
