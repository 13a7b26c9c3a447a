"""Coefficients of the error function in wasm_kernels/f32_math.h: weighted minimax fits (remez.py), standard library
only.

    |z| <= 15/16:    erf(z) = z + z s(z^2)          least |error| of s, which is about the relative one of erf
    15/16 <= z <= 4: erf(z) = 1 - exp(p(z))         least |error| of erf

Prints the coefficients rounded to binary32 as C hexadecimal floats, lowest degree first, and the error of the rounded
coefficients evaluated exactly.
"""

import math

from remez import Function, even_grid, remez, to_f32, value

BOUNDARY = 0.9375


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
    print(f"{name}: largest error", max(abs(error(x)) for x in even_grid(low, high)))


def main() -> None:
    s = [to_f32(c) for c in remez(quotient, lambda _: 1.0, 0.0, BOUNDARY**2, 6)]
    show("s", s, lambda x: value(s, x) - quotient(x), 0.0, BOUNDARY**2)
    p = [to_f32(c) for c in remez(lambda z: math.log(math.erfc(z)), math.erfc, BOUNDARY, 4.0, 6)]
    show("p", p, lambda z: math.exp(value(p, z)) - math.erfc(z), BOUNDARY, 4.0)


if __name__ == "__main__":
    main()
