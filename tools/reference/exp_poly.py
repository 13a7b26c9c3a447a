"""Coefficients of the exponential in wasm_kernels/f32_math.h: a minimax fit by the Remez exchange, standard library
only.

On |r| <= ln(2)/2 (a little more, since the reduction rounds) we fit q of degree 4 in

    exp(r) = 1 + r + r^2 q(r)

so that the relative error is least. Prints the coefficients rounded to binary32 as C hexadecimal floats, lowest degree
first, the error of the exact fit, and that of the rounded coefficients evaluated exactly.
"""

from fractions import Fraction
import math
import struct

HALF = math.log(2.0) / 2.0 * 1.001
DEGREE = 4
GRID = 20001


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


def rest(r: float) -> float:
    """exp(r) - 1 - r without cancellation."""
    term, total, k = r * r / 2.0, 0.0, 2
    while abs(term) > 1e-30:
        total += term
        k += 1
        term *= r / k
    return total


def relative_error(coefficients: list[float], r: float) -> float:
    q = 0.0
    for c in reversed(coefficients):
        q = q * r + c
    return (r * r * q - rest(r)) / math.exp(r)


def remez() -> list[float]:
    n = DEGREE + 2
    points = [-HALF * math.cos(math.pi * (i + 0.5) / n) for i in range(n)]
    grid = [-HALF + 2.0 * HALF * i / (GRID - 1) for i in range(GRID)]
    coefficients: list[float] = []
    for _ in range(20):
        matrix = [[r ** (k + 2) for k in range(DEGREE + 1)] + [(-1) ** i * math.exp(r)] for i, r in enumerate(points)]
        coefficients = solve(matrix, [rest(r) for r in points])[:-1]
        errors = [relative_error(coefficients, r) for r in grid]
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
        points = [grid[i] for i in extrema]
    return coefficients


def to_f32(x: float) -> float:
    return struct.unpack("<f", struct.pack("<f", x))[0]


def main() -> None:
    coefficients = remez()
    rounded = [to_f32(c) for c in coefficients]
    grid = [-HALF + 2.0 * HALF * i / (GRID - 1) for i in range(GRID)]
    for k, c in enumerate(rounded):
        print(f"r^{k + 2}: {c.hex()}f")
    print("relative error, fit:    ", max(abs(relative_error(coefficients, r)) for r in grid))
    print("relative error, rounded:", max(abs(relative_error(rounded, r)) for r in grid))


if __name__ == "__main__":
    main()
