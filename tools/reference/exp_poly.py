"""Coefficients of the exponential in wasm_kernels/f32_math.h: a minimax fit (remez.py), standard library only.

On |r| <= ln(2)/2 (a little more, since the reduction rounds) we fit q of degree 4 in

    exp(r) = 1 + r + r^2 q(r)

so that the relative error is least. Prints the coefficients rounded to binary32 as C hexadecimal floats, lowest degree
first, the error of the exact fit, and that of the rounded coefficients evaluated exactly.
"""

import math

from remez import even_grid, remez, to_f32, value

HALF = math.log(2.0) / 2.0 * 1.001
DEGREE = 4


def wanted(r: float) -> float:
    """(exp(r) - 1 - r) / r^2 without cancellation."""
    term, total, k = 0.5, 0.0, 2
    while abs(term) > 1e-30:
        total += term
        k += 1
        term *= r / k
    return total


def weight(r: float) -> float:
    return r * r / math.exp(r)


def largest_error(coefficients: list[float]) -> float:
    return max(abs((value(coefficients, r) - wanted(r)) * weight(r)) for r in even_grid(-HALF, HALF))


def main() -> None:
    coefficients = remez(wanted, weight, -HALF, HALF, DEGREE)
    rounded = [to_f32(c) for c in coefficients]
    for k, c in enumerate(rounded):
        print(f"r^{k + 2}: {c.hex()}f")
    print("relative error, fit:    ", largest_error(coefficients))
    print("relative error, rounded:", largest_error(rounded))


if __name__ == "__main__":
    main()
