"""What the tutor says beyond the steps: hints, the slip in a child's answer, why."""

from language import LABELS, PLACES, with_particle
from solve import (Column, Expression, add_columns, digit, quotient_text, result, split_product, steps,
                   subtract_columns, turn_around, value)


def hint_words(e: Expression, lang: str) -> str:
    is_english = lang == "en"
    if e.total is not None:
        turned = turn_around(e).text(lang)
        return f"Turn it around: {turned}." if is_english else f"거꾸로 생각해요: {turned}."
    if e.op in ("up", "down"):
        a, b = e.operands[:2]
        return (f"Compare {a} and {b} first." if is_english
                else f"먼저 {with_particle(a, '과')} {with_particle(b, '을')} 비교해요.")
    a, b = e.operands
    if e.op == "+":
        column = add_columns(a, b)[0]
        return add_hint(column, lang)
    if e.op == "-":
        return subtract_hint(subtract_columns(a, b)[0], lang)
    if e.op == "×":
        return multiply_hint(a, b, lang)
    if e.op == "÷":
        part = next((int(str(a)[:n]) for n in range(1, len(str(a)) + 1) if int(str(a)[:n]) >= b), a)
        return (f"How many times does {b} fit into {part}?" if is_english
                else f"{part}에는 {with_particle(b, '이')} 몇 번 들어갈까요?")
    n, m = len(str(a)), len(str(b))
    if n != m:
        return f"Count the digits: {n} and {m}." if is_english else f"자릿수를 세어 봐요: {n}, {m}."
    x, y = str(a)[0], str(b)[0]
    return (f"Compare from the left: first {x} and {y}." if is_english
            else f"왼쪽부터 비교해요: 먼저 {with_particle(x, '과')} {y}.")


def add_hint(column: Column, lang: str) -> str:
    if lang == "en":
        more = " Do not forget to carry." if column.has_out else ""
        return f"Start with the ones: {column.top} + {column.bottom}.{more}"
    more = " 받아올림을 잊지 마세요." if column.has_out else ""
    return f"일의 자리부터 {column.top} + {column.bottom}.{more}"


def subtract_hint(column: Column, lang: str) -> str:
    x, y = column.top, column.bottom
    if lang == "en":
        more = f" {x} is too small, so borrow 10." if column.has_out else ""
        return f"Start with the ones: {x} - {y}.{more}"
    more = f" {with_particle(x, '은')} 작으니까 10을 빌려요." if column.has_out else ""
    return f"일의 자리부터 {x} - {y}.{more}"


def multiply_hint(a: int, b: int, lang: str) -> str:
    if max(a, b) <= 10:
        return (f"Count up by {a}, {b} times." if lang == "en" else f"{a}씩 {b}번 뛰어 세어 봐요.")
    tens, ones, short = split_product(a, b)
    if lang == "en":
        return f"{tens + ones} is {tens} + {ones}. Do {tens} × {short} and {ones} × {short}, then add."
    return f"{with_particle(tens + ones, '은')} {tens} + {ones}. {tens} × {short}, {ones} × {short}, 그리고 더해요."


def hint(e: Expression, lang: str) -> str:
    return f"{e.text(lang)}\n{LABELS[lang]['hint']}: {hint_words(e, lang)}"


WHY_CARRY = {"en": "10 ones make 1 ten. {n} is 1 ten and {r} ones, so carry 1.",
             "ko": "일이 10개면 십이 1개예요. {n}은 10과 {r}, 그래서 1을 올려요."}
WHY = {
    "en": {"+": "We add ones to ones and tens to tens.", "-": "We take ones from ones and tens from tens.",
           "÷": "Each line shares what is left by {b}.", "?": "The first different digit from the left decides.",
           "up": "Each time we take the smallest number.", "down": "Each time we take the biggest number.",
           "missing": "The opposite operation brings us back to the missing number."},
    "ko": {"+": "일은 일끼리, 십은 십끼리 더해요.", "-": "일은 일끼리, 십은 십끼리 빼요.",
           "÷": "줄마다 남은 수를 {b_by} 나눠요.", "?": "왼쪽부터 처음으로 다른 숫자를 보면 알아요.",
           "up": "매번 가장 작은 수를 골라요.", "down": "매번 가장 큰 수를 골라요.",
           "missing": "반대로 계산하면 모르는 수가 나와요."},
}


def why_words(e: Expression, lang: str) -> str:
    if e.total is not None:
        return WHY[lang]["missing"]
    a, b = e.operands[:2]
    if e.op == "+" and add_columns(a, b)[0].has_out:
        total = digit(a, 0) + digit(b, 0)
        return WHY_CARRY[lang].format(n=total, r=total - 10) if lang == "en" else (
            f"일이 10개면 십이 1개예요. {with_particle(total, '은')} 10과 {total - 10}, 그래서 1을 올려요.")
    if e.op == "-" and subtract_columns(a, b)[0].has_out:
        x, y = digit(a, 0), digit(b, 0)
        return (f"{x} is less than {y}, so 1 ten becomes 10 ones." if lang == "en"
                else f"{with_particle(x, '은')} {y}보다 작아서 십 1개를 일 10개로 바꿔요.")
    if e.op == "×" and max(a, b) <= 10:
        return (f"{a} × {b} means {a} taken {b} times." if lang == "en"
                else f"{a} × {with_particle(b, '은')} {with_particle(a, '을')} {b}번 더한 거예요.")
    if e.op == "×":
        tens, ones, short = split_product(a, b)
        return (f"{tens + ones} is {tens} and {ones}, so we take both {short} times." if lang == "en" else
                f"{with_particle(tens + ones, '은')} {with_particle(tens, '과')} {ones}, 그래서 둘 다 {short}번 더해요.")
    return WHY[lang][e.op].format(b=b, b_by=with_particle(b, "로"))


def why(e: Expression, lang: str) -> str:
    return f"{e.text(lang)}\n{LABELS[lang]['why']}: {why_words(e, lang)}"


SLIPS = {
    "en": {"carry": "You forgot the 1 you carried.", "no_carry": "There was no 1 to carry.",
           "smaller": "You took the smaller digit from the larger one.",
           "lent": "You borrowed 10, so take 1 away here.", "again": "Look again: {equation}",
           "subtracted": "You subtracted instead of adding.", "added": "You added instead of subtracting.",
           "added_times": "You added instead of multiplying.", "few": "You counted one {a} too few.",
           "many": "You counted one {a} too many.", "part": "You forgot {part}.",
           "place": "The {d} in {long} stands for {tens}.", "no_rest": "You forgot the remainder {r}.",
           "big_rest": "The remainder must be smaller than {b}.", "rest": "Look at the remainder again.",
           "quotient": "Count again how many times {b} fits."},
    "ko": {"carry": "올린 1을 빠뜨렸어요.", "no_carry": "올릴 1이 없었어요.",
           "smaller": "큰 숫자에서 작은 숫자를 뺐어요.",
           "lent": "10을 빌려줬으니 1을 빼야 해요.", "again": "다시 봐요: {equation}",
           "subtracted": "더하지 않고 뺐어요.", "added": "빼지 않고 더했어요.",
           "added_times": "곱하지 않고 더했어요.", "few": "{a_을} 한 번 덜 셌어요.",
           "many": "{a_을} 한 번 더 셌어요.", "part": "{part_을} 빠뜨렸어요.",
           "place": "{long}의 {d_은} {tens_을} 뜻해요.", "no_rest": "나머지 {r_을} 빠뜨렸어요.",
           "big_rest": "나머지는 {b}보다 작아야 해요.", "rest": "나머지를 다시 봐요.",
           "quotient": "{b_이} 몇 번 들어가는지 다시 세어 봐요."},
}


def say(lang: str, key: str, **slots: object) -> str:
    for name, slot in list(slots.items()):
        for mark in ("을", "은", "이"):
            slots[f"{name}_{mark}"] = with_particle(slot, mark)
    return SLIPS[lang][key].format(**slots)


def name_column_slip(columns: list[Column], is_sum: bool, given: int, right: int, lang: str) -> str:
    """The first wrong digit from the ones, and what went wrong in its column."""
    at = next(i for i in range(8) if digit(given, i) != digit(right, i))
    wrong, wanted = digit(given, at), digit(right, at)
    place = PLACES[lang][min(at, 4)]
    first = f"{place}: {wrong} ≠ {wanted}. "
    if at >= len(columns):  # the digit that the last carry made, or one too many
        return first + say(lang, "carry" if wanted else "no_carry")
    column = columns[at]
    if is_sum and column.has_in and wrong == (wanted - 1) % 10:
        return first + say(lang, "carry")
    if is_sum and at > 0 and not column.has_in and wrong == (wanted + 1) % 10:
        return first + say(lang, "no_carry")
    if not is_sum and column.has_out and wrong == column.bottom - column.top:
        return first + say(lang, "smaller")
    if not is_sum and column.has_in and wrong == (wanted + 1) % 10:
        return first + say(lang, "lent")
    return first + say(lang, "again", equation=column.equation)


def name_product_slip(a: int, b: int, given: int, lang: str) -> str:
    if given == a + b:
        return say(lang, "added_times")
    if max(a, b) <= 10:
        for key, n in (("few", b - 1), ("many", b + 1)):
            if given == a * n:
                return say(lang, key, a=a)
        return say(lang, "again", equation=f"{a} × {b} = {a * b}.")
    tens, ones, short = split_product(a, b)
    if given == tens * short:
        return say(lang, "part", part=f"{ones} × {short}")
    if given == ones * short:
        return say(lang, "part", part=f"{tens} × {short}")
    if given == (tens // 10 + ones) * short:
        return say(lang, "place", d=tens // 10, long=tens + ones, tens=tens)
    return name_column_slip(add_columns(tens * short, ones * short), True, given, a * b, lang)


def name_slip(e: Expression, given: tuple[int, int], lang: str) -> str:
    """given: (value, remainder), not the right one."""
    a, b = e.operands
    x, rest = given
    if e.op == "+":
        return (say(lang, "subtracted") if x == abs(a - b)
                else name_column_slip(add_columns(a, b), True, x, a + b, lang))
    if e.op == "-":
        return (say(lang, "added") if x == a + b
                else name_column_slip(subtract_columns(a, b), False, x, a - b, lang))
    if e.op == "×":
        return name_product_slip(a, b, x, lang)
    q, r = divmod(a, b)
    if rest >= b:
        return say(lang, "big_rest", b=b)
    if x == q:
        return say(lang, "rest") if rest else say(lang, "no_rest", r=r)
    return say(lang, "quotient", b=b)


def right_pair(e: Expression) -> tuple[int, int]:
    return divmod(*e.operands) if e.op == "÷" else (value(e), 0)


def check(e: Expression, given: tuple[int, int], lang: str, unit: str = "") -> str:
    label = LABELS[lang]
    right, said = result(e, lang), quotient_text(*given, lang)
    if given == right_pair(e):
        remark = [f"{label['check']}: {said} = {right}", label["praise"]]
    else:
        remark = [f"{label['check']}: {said} ≠ {right}", f"{label['slip']}: {name_slip(e, given, lang)}"]
    return "\n".join([e.text(lang), *steps(e, lang), f"{label['result']}: {right}", *remark,
                      f"{label['answer']}: {right}"])
