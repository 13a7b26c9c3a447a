"""Right answers, line by line: the grammar of GRAMMAR.md.  demo/tutor/arithmetic.js derives the same lines."""

from dataclasses import dataclass

from language import LABELS, PLACES, with_particle


@dataclass(frozen=True)
class Expression:
    """op is one of + - × ÷ ? (compare) up down (ordering); total is given when a number (None) is missing."""
    op: str
    operands: tuple
    total: int | None = None

    def text(self, lang: str) -> str:
        if self.op in ("up", "down"):
            return f"{', '.join(map(str, self.operands))}: {LABELS[lang][self.op]}"
        a, b = ("□" if n is None else n for n in self.operands)
        return f"{a} {self.op} {b}" + ("" if self.total is None else f" = {self.total}")


def turn_around(e: Expression) -> Expression:
    """The expression whose value is the missing number of e."""
    a, b = e.operands
    if e.op == "+":
        return Expression("-", (e.total, b if a is None else a))
    if e.op == "-":
        return Expression("+", (e.total, b)) if a is None else Expression("-", (a, e.total))
    if e.op == "×":
        return Expression("÷", (e.total, b if a is None else a))
    return Expression("×", (e.total, b)) if a is None else Expression("÷", (a, e.total))


def digit(n: int, column: int) -> int:
    return n // 10 ** column % 10


def write(lang: str, n: int, carries: bool = False) -> str:
    if lang == "en":
        return f"Write {n}, carry 1." if carries else f"Write {n}."
    return f"{with_particle(n, '을')} 쓰고 1을 올려요." if carries else f"{with_particle(n, '을')} 써요."


def borrow(lang: str) -> str:
    return "borrow 10." if lang == "en" else "10을 빌려요."


@dataclass(frozen=True)
class Column:
    """One column of a sum or a difference: `right` is its digit; what came in, what went out, and its equation."""
    right: int
    equation: str
    has_in: bool
    has_out: bool
    top: int = 0
    bottom: int = 0
    lent_zero: bool = False


def add_columns(a: int, b: int) -> list[Column]:
    columns, carry = [], 0
    n = max(len(str(a)), len(str(b)))
    for i in range(n):
        x, y = digit(a, i), digit(b, i)
        total = x + y + carry
        columns.append(Column(total % 10, f"{x} + {y}{' + 1' if carry else ''} = {total}.", bool(carry), total > 9,
                              x, y))
        carry = total // 10
    return columns


def add_steps(a: int, b: int, lang: str) -> list[str]:
    columns = add_columns(a, b)
    lines = []
    for i, column in enumerate(columns):
        carries = column.has_out and i < len(columns) - 1
        shown = column.right + (10 if column.has_out and not carries else 0)
        lines.append(f"{PLACES[lang][i]}: {column.equation} {write(lang, shown, carries)}")
    return lines


def subtract_columns(a: int, b: int) -> list[Column]:
    columns, has_lent = [], False
    for i in range(len(str(a))):
        top, bottom = digit(a, i), digit(b, i)
        lent_zero = has_lent and top == 0
        left = 9 if lent_zero else top - has_lent
        borrows = left < bottom
        high = left + 10 if borrows else left
        columns.append(Column(high - bottom, f"{high} - {bottom} = {high - bottom}.", has_lent, borrows, top, bottom,
                              lent_zero))
        has_lent = borrows or lent_zero
    return columns


def subtract_steps(a: int, b: int, lang: str) -> list[str]:
    lines = []
    for i, column in enumerate(subtract_columns(a, b)):
        line = f"{PLACES[lang][i]}: "
        left = column.top
        if column.lent_zero:
            line += f"0 < 1, {borrow(lang)} 10 - 1 = 9. "
        elif column.has_in:
            left = column.top - 1
            line += f"{column.top} - 1 = {left}. "
        if column.has_out:
            line += f"{left} < {column.bottom}, {borrow(lang)} "
        lines.append(f"{line}{column.equation} {write(lang, column.right)}")
    return lines


def split_product(a: int, b: int) -> tuple[int, int, int]:
    """(tens part, ones, one-digit factor) of a two-digit by one-digit product, in either order."""
    long, short = (a, b) if a > 10 else (b, a)
    return long - long % 10, long % 10, short


def multiply_steps(a: int, b: int, lang: str) -> list[str]:
    if max(a, b) <= 10:
        return [f"{a} × {i} = {a * i}" for i in (range(1, b + 1) if b else [0])]
    tens, ones, short = split_product(a, b)
    label = LABELS[lang]
    return [f"{label['split']}: {tens + ones} = {tens} + {ones}", f"{tens} × {short} = {tens * short}",
            f"{ones} × {short} = {ones * short}", f"{label['add']}: {tens * short} + {ones * short}",
            *add_steps(tens * short, ones * short, lang)]


def divide_steps(a: int, b: int, lang: str) -> list[str]:
    lines, rest = [], 0
    for i in reversed(range(len(str(a)))):
        part = rest * 10 + digit(a, i)
        q, rest = divmod(part, b)
        lines.append(f"{PLACES[lang][i]}: {part} ÷ {b}. {q} × {b} = {q * b}. {part} - {q * b} = {rest}. "
                     f"{write(lang, q)}")
    return lines


def sign(a: int, b: int) -> str:
    return "<" if a < b else ">" if a > b else "="


def compare_steps(a: int, b: int, lang: str) -> list[str]:
    n, m = len(str(a)), len(str(b))
    lines = [f"{LABELS[lang]['digits']}: {n}, {m}: {n} {sign(n, m)} {m}."]
    if n != m:
        return lines
    for i in reversed(range(n)):
        x, y = digit(a, i), digit(b, i)
        lines.append(f"{PLACES[lang][i]}: {x}, {y}: {x} {sign(x, y)} {y}.")
        if x != y:
            break
    return lines


def order_steps(numbers: tuple, op: str, lang: str) -> list[str]:
    lines, left = [], list(numbers)
    while left:
        best, comparisons = left[0], []
        for number in left[1:]:
            comparisons.append(f"{best} {sign(best, number)} {number}")
            best = min(best, number) if op == "up" else max(best, number)
        left.remove(best)
        first = f"{', '.join(comparisons)}. " if comparisons else ""
        rest = ", ".join(map(str, left))
        if lang == "en":
            lines.append(f"{first}Take {best}." + (f" Left: {rest}." if left else ""))
        else:
            lines.append(f"{first}{with_particle(best, '을')} 골라요." + (f" 남은 수: {rest}." if left else ""))
    return lines


def steps(e: Expression, lang: str) -> list[str]:
    if e.total is not None:
        turned = turn_around(e)
        return [f"{LABELS[lang]['turn']}: {turned.text(lang)}", *steps(turned, lang)]
    if e.op in ("up", "down"):
        return order_steps(e.operands, e.op, lang)
    work = {"+": add_steps, "-": subtract_steps, "×": multiply_steps, "÷": divide_steps, "?": compare_steps}
    return work[e.op](*e.operands, lang)


def value(e: Expression) -> int:
    """The number that + - × ÷ gives (a quotient without its remainder)."""
    if e.total is not None:
        return value(turn_around(e))
    a, b = e.operands
    return {"+": a + b, "-": a - b, "×": a * b, "÷": a // b if b else 0}[e.op]


def quotient_text(q: int, r: int, lang: str) -> str:
    return f"{q} {LABELS[lang]['remainder']} {r}" if r else str(q)


def result(e: Expression, lang: str) -> str:
    if e.op in ("up", "down"):
        return ", ".join(map(str, sorted(e.operands, reverse=e.op == "down")))
    if e.op == "?":
        a, b = e.operands
        return f"{a} {sign(a, b)} {b}"
    if e.op == "÷" and e.total is None:
        return quotient_text(*divmod(*e.operands), lang)
    return str(value(e))


def answer_line(e: Expression, lang: str, unit: str = "") -> str:
    between = " " if unit and lang == "en" else ""
    return f"{LABELS[lang]['answer']}: {result(e, lang)}{between}{unit}"


def solution(e: Expression, lang: str, unit: str = "") -> str:
    return "\n".join([e.text(lang), *steps(e, lang), answer_line(e, lang, unit)])
