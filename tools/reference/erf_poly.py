"""Coefficients of the error function in wasm_kernels/f32_math.h: weighted minimax fits by the Remez exchange, standard
library only.

    |z| <= 15/16:    erf(z) = z + z s(z^2)          least |error| of s, which is about the relative one of erf
    15/16 <= z <= 4: erf(z) = 1 - exp(p(z))         least |error| of erf

Prints the coefficients rounded to binary32 as C hexadecimal floats, lowest degree first, and the error of the rounded
coefficients evaluated exactly.
"""

from collections.abc import Callable
import math

from exp_poly import solve, to_f32

GRID = 4001
BOUNDARY = 0.9375
Function = Callable[[float], float]


def value(coefficients: list[float], x: float) -> float:
    y = 0.0
    for c in reversed(coefficients):
        y = y * x + c
    return y


def remez(f: Function, weight: Function, low: float, high: float, degree: int) -> list[float]:
    n = degree + 2
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    points = [middle - half * math.cos(math.pi * i / (n - 1)) for i in range(n)]
    grid = [middle - half * math.cos(math.pi * i / (GRID - 1)) for i in range(GRID)]
    coefficients: list[float] = []
    for _ in range(30):
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
        points = [grid[i] for i in extrema]
    return coefficients


def quotient(s: float) -> float:
    """erf(z) / z - 1 at z^2 = s, without cancellation."""
    total, term = 0.0, 2.0 / math.sqrt(math.pi)
    for k in range(40):
        total += term / (2 * k + 1)
        term *= -s / (k + 1)
    return total - 1.0


def show(name: str, coefficients: list[float], error: Function, low: float, high: float) -> None:
    for k, c in enumerate(coefficients):
        print(f"{name}^{k}: {c.hex()}f")
    grid = [low + (high - low) * i / (GRID - 1) for i in range(GRID)]
    print(f"{name}: largest error", max(abs(error(x)) for x in grid))


def main() -> None:
    s = [to_f32(c) for c in remez(quotient, lambda _: 1.0, 0.0, BOUNDARY**2, 6)]
    show("s", s, lambda x: value(s, x) - quotient(x), 0.0, BOUNDARY**2)
    p = [to_f32(c) for c in remez(lambda z: math.log(math.erfc(z)), math.erfc, BOUNDARY, 4.0, 6)]
    show("p", p, lambda z: math.exp(value(p, z)) - math.erfc(z), BOUNDARY, 4.0)


if __name__ == "__main__":
    main()
