"""Which numbers: drawing expressions, and keeping some of them out of training.

An expression is held out by a hash of its operator and numbers alone (for + and two-digit × in either order), so that
no wording, hint, check, story or missing number of a held-out expression is ever trained on.
"""

import random
import zlib

from solve import Expression, turn_around

HELD_OUT_PERCENT = {"+": 8, "-": 8, "×": 14, "÷": 10, "?": 8, "up": 8, "down": 8}


def key(e: Expression) -> str:
    """What names an expression for the split; a missing number goes by the expression that finds it."""
    if e.total is not None:
        return key(turn_around(e))
    numbers = e.operands
    if e.op == "+" or (e.op == "×" and max(numbers) > 10):
        numbers = tuple(sorted(numbers))
    return f"{e.op} {' '.join(map(str, numbers))}"


def is_held_out(e: Expression) -> bool:
    op = turn_around(e).op if e.total is not None else e.op
    return zlib.crc32(f"tutor {key(e)}".encode()) % 100 < HELD_OUT_PERCENT[op]


def number(rng: random.Random, n_digits: int) -> int:
    """Of so many digits; zeros and nines, which make carries and borrows travel, are more frequent than by chance."""
    n = rng.randrange(10 ** (n_digits - 1) if n_digits > 1 else 0, 10 ** n_digits)
    if rng.random() < 0.3:
        digits = list(str(n))
        for i in range(1 if n_digits > 1 else 0, len(digits)):
            if rng.random() < 0.4:
                digits[i] = rng.choice("0099")
        n = int("".join(digits))
    return n


def two_numbers(rng: random.Random, n_digits_max: int = 4) -> tuple[int, int]:
    n = rng.choices(range(1, n_digits_max + 1), (2, 4, 5, 5)[:n_digits_max])[0]
    m = n if rng.random() < 0.6 else rng.randint(1, n)
    pair = [number(rng, n), number(rng, m)]
    if rng.random() < 0.5:
        pair.reverse()
    return pair[0], pair[1]


def draw_add(rng: random.Random, n_digits_max: int = 4) -> Expression:
    return Expression("+", two_numbers(rng, n_digits_max))


def draw_subtract(rng: random.Random, n_digits_max: int = 4) -> Expression:
    pair = two_numbers(rng, n_digits_max)
    return Expression("-", (max(pair), min(pair)))


def draw_table(rng: random.Random) -> Expression:
    low = 0 if rng.random() < 0.1 else 1
    return Expression("×", (rng.randint(low, 10), rng.randint(low, 10)))


def draw_multiply(rng: random.Random) -> Expression:
    low = 0 if rng.random() < 0.1 else 1
    pair = (rng.randint(11, 99), rng.randint(low, 10))
    return Expression("×", pair if rng.random() < 0.75 else pair[::-1])


def draw_divide(rng: random.Random) -> Expression:
    n_digits = rng.choices((1, 2, 3), (1, 6, 4))[0]
    return Expression("÷", (number(rng, n_digits), rng.randint(1 if rng.random() < 0.2 else 2, 9)))


def draw_compare(rng: random.Random) -> Expression:
    a, b = two_numbers(rng)
    if rng.random() < 0.4:  # alike but for one or two digits
        digits = list(str(a))
        for _ in range(rng.randint(0, 2)):
            i = rng.randrange(len(digits))
            digits[i] = str(rng.randint(1 if i == 0 else 0, 9))
        b = int("".join(digits))
    return Expression("?", (a, b))


def draw_order(rng: random.Random) -> Expression:
    numbers: set[int] = set()
    n, n_digits = rng.randint(3, 4), rng.randint(1, 3)
    while len(numbers) < n:
        digits = n_digits if rng.random() < 0.8 else rng.randint(1, 3)
        numbers.add(number(rng, digits))
    shuffled = sorted(numbers)
    rng.shuffle(shuffled)
    return Expression(rng.choice(("up", "up", "down")), tuple(shuffled))


def draw_missing(rng: random.Random) -> Expression:
    kind = rng.random()
    if kind < 0.35:
        a, b = two_numbers(rng, 3)
        e = ("+", a, b, a + b)
    elif kind < 0.7:
        b, c = two_numbers(rng, 3)
        e = ("-", b + c, b, c)
    else:
        a, b = rng.randint(1, 10), rng.randint(1, 9)
        if kind < 0.85:
            e = ("×", a, b, a * b) if rng.random() < 0.5 else ("×", b, a, a * b)
        else:
            e = ("÷", a * b, b, a)
    op, a, b, total = e
    hides_first = rng.random() < 0.5
    if op == "×" and (a if hides_first else b) > 9 and (b if hides_first else a) > 9:
        hides_first = True
    known = b if hides_first else a
    if op == "×" and not 1 <= known <= 9:
        hides_first = not hides_first
    if op == "÷" and not hides_first and total > 9:
        hides_first = True
    return Expression(op, (None, b) if hides_first else (a, None), total)


def draw_story(rng: random.Random) -> Expression:
    op = rng.choices("+-×÷", (3, 3, 2, 2))[0]
    if op in "+-":
        e = (draw_add if op == "+" else draw_subtract)(rng, 4 if rng.random() < 0.1 else 3)
        while min(e.operands) < 2 or e.operands[0] - e.operands[1] in (0, 1):
            e = (draw_add if op == "+" else draw_subtract)(rng, 3)
        return e
    if op == "×":
        if rng.random() < 0.6:
            return Expression("×", (rng.randint(2, 10), rng.randint(2, 10)))
        return Expression("×", (rng.randint(11, 99), rng.randint(2, 9)))
    b = rng.randint(2, 9)
    return Expression("÷", (rng.randint(b, 99), b))


DRAW = {"add": draw_add, "subtract": draw_subtract, "table": draw_table, "multiply": draw_multiply,
        "divide": draw_divide, "compare": draw_compare, "order": draw_order, "missing": draw_missing,
        "story": draw_story}


def draw(rng: random.Random, category: str, held_out: bool) -> Expression:
    while True:
        e = DRAW[category](rng)
        if is_held_out(e) == held_out:
            return e
