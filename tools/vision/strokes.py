"""Characters and shapes as a hand draws them: strokes through a few points of the unit square (y down), jittered.

A stroke is (is_curve, points); a curve is a Catmull-Rom spline through its points.
"""

import math
import random

Point = tuple[float, float]
Stroke = tuple[bool, tuple[Point, ...]]


def line(*points: Point) -> Stroke:
    return False, points


def curve(*points: Point) -> Stroke:
    return True, points


def oval(x: float, y: float, rx: float, ry: float) -> Stroke:
    """From the top, against the clock, and a little beyond the beginning."""
    angles = [-math.pi / 2 - k * math.pi / 4 for k in range(9)]
    return True, tuple((x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles)


# The ways in which people write a character.
GLYPHS: dict[str, tuple[tuple[Stroke, ...], ...]] = {
    "0": ((oval(.5, .5, .4, .5),), (oval(.5, .5, .3, .5),)),
    "1": ((line((.5, 0), (.5, 1)),), (line((.25, .25), (.55, 0), (.55, 1)),), (line((.6, 0), (.45, 1)),),
          (line((.25, .2), (.5, 0), (.5, 1)), line((.2, 1), (.8, 1)))),
    "2": ((curve((.1, .28), (.3, .02), (.7, .03), (.85, .3), (.5, .68), (.08, .98)), line((.08, .98), (.92, .98))),
          (curve((.1, .2), (.5, 0), (.85, .25), (.55, .65), (.1, .95), (.3, .85), (.6, .98), (.95, .92)),),
          (curve((.12, .25), (.45, 0), (.82, .22), (.6, .6), (.1, 1)), line((.1, 1), (.9, .95)))),
    "3": ((curve((.1, .1), (.5, 0), (.85, .22), (.4, .47)), curve((.4, .47), (.9, .7), (.55, 1), (.08, .9))),
          (line((.12, .02), (.85, .02), (.42, .42)), curve((.42, .42), (.9, .65), (.6, .98), (.08, .92))),
          (curve((.15, .12), (.6, 0), (.8, .25), (.45, .48), (.85, .72), (.5, 1), (.1, .9)),)),
    "4": ((line((.35, 0), (.08, .62), (.92, .62)), line((.65, .3), (.65, 1))),
          (line((.65, 1), (.65, 0), (.05, .68), (.95, .68)),),
          (line((.2, 0), (.18, .5), (.85, .5)), line((.8, 0), (.78, 1)))),
    "5": ((line((.82, .02), (.25, .02), (.18, .45)), curve((.18, .45), (.55, .36), (.88, .66), (.6, .97), (.08, .92))),
          (line((.25, .03), (.2, .42)), curve((.2, .42), (.6, .36), (.85, .7), (.5, 1), (.1, .9)),
           line((.25, .03), (.88, 0)))),
    "6": ((curve((.72, .02), (.32, .3), (.12, .7), (.4, 1), (.85, .78), (.6, .5), (.16, .66)),),
          (curve((.6, 0), (.2, .45), (.15, .85), (.55, 1), (.85, .75), (.5, .55), (.18, .75)),)),
    "7": ((line((.08, .03), (.92, .03), (.4, 1)),), (line((.1, .03), (.9, .03), (.45, 1)), line((.3, .5), (.8, .48))),
          (line((.12, .25), (.12, .03), (.88, .03), (.55, 1)),),
          (curve((.08, .05), (.5, .03), (.9, .03), (.6, .5), (.45, 1)),)),
    "8": ((curve((.8, .15), (.45, 0), (.2, .2), (.5, .47), (.85, .76), (.5, 1), (.15, .78), (.5, .47), (.82, .2)),),
          (oval(.5, .25, .28, .25), oval(.5, .75, .36, .25))),
    "9": ((curve((.8, .25), (.45, .02), (.15, .27), (.45, .52), (.8, .25)), line((.8, .2), (.72, 1))),
          (curve((.82, .2), (.45, .02), (.18, .3), (.5, .52), (.82, .25), (.8, .7), (.5, 1), (.18, .9)),),
          (oval(.5, .27, .33, .27), line((.83, .25), (.6, 1)))),
    "+": ((line((.5, .1), (.5, .9)), line((.1, .5), (.9, .5))),),
    "-": ((line((.1, .5), (.9, .5)),),),
    "×": ((line((.15, .15), (.85, .85)), line((.85, .15), (.15, .85))),),
    "=": ((line((.1, .33), (.9, .33)), line((.1, .67), (.9, .67))),),
    "?": ((curve((.15, .25), (.45, 0), (.82, .22), (.55, .5), (.5, .72)), line((.5, .95), (.5, 1.0))),),
}
WIDTH = {"1": 0.5, "-": 0.7, "+": 0.75, "×": 0.7, "=": 0.7}


def star_points(n: int = 5) -> tuple[Point, ...]:
    points = []
    for k in range(2 * n):
        r, a = (0.5 if k % 2 == 0 else 0.2), math.pi * k / n - math.pi / 2
        points.append((0.5 + r * math.cos(a), 0.5 + r * math.sin(a)))
    return tuple(points)


HEART = tuple((0.5 + 0.5 * math.sin(t) ** 3,
               0.46 - (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 32)
              for t in (2 * math.pi * k / 24 for k in range(25)))
OUTLINES: dict[str, Stroke] = {
    "circle": oval(.5, .5, .5, .5),
    "square": line((.06, .06), (.94, .06), (.94, .94), (.06, .94), (.06, .06)),
    "triangle": line((.5, 0), (.96, .82), (.04, .82), (.5, 0)),
    "star": line(*star_points(), star_points()[0]),
    "heart": line(*HEART),
}


def catmull_rom(points: list[Point], n_between: int = 6) -> list[Point]:
    ends = [points[0], *points, points[-1]]
    out = []
    for p0, p1, p2, p3 in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for k in range(n_between):
            t = k / n_between
            out.append(tuple(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t
                                    + (3 * b - a - 3 * c + d) * t ** 3)
                             for a, b, c, d in zip(p0, p1, p2, p3, strict=True)))
    return [*out, points[-1]]


def draw_strokes(rng: random.Random, strokes: tuple[Stroke, ...], jitter: float) -> list[list[Point]]:
    """Polylines in the unit square or a little outside: points moved, the whole slanted and turned."""
    slant, turn = rng.gauss(0, jitter * 2), rng.gauss(0, jitter * 1.5)
    cos, sin = math.cos(turn), math.sin(turn)
    out = []
    for is_curve, points in strokes:
        moved = []
        for x, y in points:
            x, y = x - 0.5 + rng.gauss(0, jitter), y - 0.5 + rng.gauss(0, jitter)
            x -= slant * y
            moved.append((0.5 + x * cos - y * sin, 0.5 + x * sin + y * cos))
        out.append(catmull_rom(moved) if is_curve else moved)
    return out
