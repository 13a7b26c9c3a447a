"""Minimax fits by the Remez exchange, standard library only."""

from collections.abc import Callable
from fractions import Fraction
import math
import struct

GRID = 4001  # points at which extrema of the error are looked for
N_ROUNDS = 30
Function = Callable[[float], float]


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss elimination in exact rationals: the system is small and badly conditioned."""
    n = len(right)
    rows = [[Fraction(v) for v in row] + [Fraction(b)] for row, b in zip(matrix, right)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [float(rows[i][n] / rows[i][i]) for i in range(n)]


def value(coefficients: list[float], x: float) -> float:
    """Lowest degree first."""
    y = 0.0
    for c in reversed(coefficients):
        y = y * x + c
    return y


def even_grid(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / (GRID - 1) for i in range(GRID)]


def remez(f: Function, weight: Function, low: float, high: float, degree: int) -> list[float]:
    """Coefficients, lowest degree first, of the polynomial whose largest |error * weight| on [low, high] is least."""
    n = degree + 2
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    points = [middle - half * math.cos(math.pi * i / (n - 1)) for i in range(n)]
    grid = [middle - half * math.cos(math.pi * i / (GRID - 1)) for i in range(GRID)]
    coefficients: list[float] = []
    for _ in range(N_ROUNDS):
        matrix = [[x**k for k in range(degree + 1)] + [(-1) ** i / weight(x)] for i, x in enumerate(points)]
        coefficients = solve(matrix, [f(x) for x in points])[:-1]
        errors = [(value(coefficients, x) - f(x)) * weight(x) for x in grid]
        # One extremum of |error| in each stretch of equal sign.
        extrema: list[int] = []
        for i, e in enumerate(errors):
            if extrema and (errors[extrema[-1]] > 0) == (e > 0):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > n:
            ends = (0, len(extrema) - 1)
            extrema.pop(min(ends, key=lambda k: abs(errors[extrema[k]])))
        if len(extrema) < n:
            break
        exchanged = [grid[i] for i in extrema]
        if exchanged == points:
            break
        points = exchanged
    return coefficients


def to_f32(x: float) -> float:
    return struct.unpack("<f", struct.pack("<f", x))[0]
