"""What children answer: right, or wrong in the ways that children are wrong."""

import random

from remarks import right_pair
from solve import Expression, add_columns, digit, split_product, subtract_columns


def spoil_digit(rng: random.Random, n: int) -> int:
    column = rng.randrange(len(str(n)))
    old = digit(n, column)
    new = rng.choice([d for d in (old - 1, old + 1) if 0 <= d <= 9]) if rng.random() < 0.6 else rng.randint(0, 9)
    return n + (new - old) * 10 ** column


def wrong_sum(rng: random.Random, a: int, b: int) -> int:
    columns = add_columns(a, b)
    carries = [i for i, column in enumerate(columns) if column.has_out]
    kind = rng.random()
    if kind < 0.1:
        return abs(a - b)
    if carries and kind < 0.4:
        return sum((digit(a, i) + digit(b, i)) % 10 * 10 ** i for i in range(len(columns)))
    if carries and kind < 0.7:
        return a + b - 10 ** (rng.choice(carries) + 1)
    if kind < 0.8:
        return a + b + 10 ** rng.randint(1, len(columns))
    return spoil_digit(rng, a + b)


def wrong_difference(rng: random.Random, a: int, b: int) -> int:
    borrows = [i for i, column in enumerate(subtract_columns(a, b)) if column.has_out]
    kind = rng.random()
    if kind < 0.1:
        return a + b
    if borrows and kind < 0.5:
        return sum(abs(digit(a, i) - digit(b, i)) * 10 ** i for i in range(len(str(a))))
    if borrows and kind < 0.8:
        return a - b + 10 ** (rng.choice(borrows) + 1)
    return spoil_digit(rng, a - b)


def wrong_product(rng: random.Random, a: int, b: int) -> int:
    kind = rng.random()
    if kind < 0.15:
        return a + b
    if max(a, b) <= 10:
        return rng.choice((a * max(b - 1, 0), a * (b + 1), max(a - 1, 0) * b, (a + 1) * b, spoil_digit(rng, a * b)))
    tens, ones, short = split_product(a, b)
    if kind < 0.3:
        return tens * short
    if kind < 0.4:
        return ones * short
    if kind < 0.55:
        return (tens // 10 + ones) * short
    if kind < 0.8:
        return wrong_sum(rng, tens * short, ones * short)
    return spoil_digit(rng, a * b)


def wrong_quotient(rng: random.Random, a: int, b: int) -> tuple[int, int]:
    q, r = divmod(a, b)
    kind = rng.random()
    if r and kind < 0.3:
        return q, 0
    if q and kind < 0.55:
        return q - 1, r + b
    if kind < 0.75:
        return q, rng.randint(0, b - 1)
    return max(q + rng.choice((-1, 1)), 0) if kind < 0.9 else spoil_digit(rng, q), r


def child_answer(rng: random.Random, e: Expression) -> tuple[int, int]:
    """(value, remainder); right one time in three."""
    right = right_pair(e)
    if rng.random() < 0.33:
        return right
    for _ in range(20):
        if e.op == "÷":
            given = wrong_quotient(rng, *e.operands)
        else:
            work = {"+": wrong_sum, "-": wrong_difference, "×": wrong_product}[e.op]
            given = (work(rng, *e.operands), 0)
        if given != right and given[0] >= 0:
            return given
    return right[0] + 1, right[1]
