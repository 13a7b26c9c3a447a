#!/usr/bin/env python3
"""Makes conversations with the tutor.  As a command: prints some, with their held-out state, to look at.

A conversation is a list of (role, text); conversation(rng, held_out) draws one.  The same seed gives the same text.
"""

import argparse
import json
import random

from language import LABELS
from mistakes import child_answer
from phrases import ASK_CHECK, ASK_HINT, ASK_WHY, GIVE_UP, REPLY, ask, fill, finish, given_text, vary_expression
from problems import DRAW, draw, is_held_out, number
from remarks import check, hint, why
from solve import Expression, solution
from stories import tell
from talk import chatter, refusal

LANGUAGES = ("en", "ko")
ARITHMETIC = ("add", "subtract", "table", "multiply", "divide")
# How often each kind is the first question.
MIX = {"add": 13, "subtract": 16, "table": 6, "multiply": 8, "divide": 11, "compare": 6, "order": 6, "missing": 7,
       "story": 15, "hint": 3, "check": 11, "hint_reply": 4, "refusal": 6, "talk": 3}
# From this step on, more of what is learned last: judging answers, sorting, and counting up to where a table stops.
LATE_STEP = 3500
LATE_MIX = {**MIX, "table": 9, "order": 9, "check": 26, "hint_reply": 11, "count": 9}
# And at the very end, subtractions that are almost below zero.
LAST_STEP = 4800
LAST_MIX = {**LATE_MIX, "subtract": 24, "close": 16}
SYSTEM = ("You are a helpful assistant.", "You are a maths tutor.", "Help the child.", "당신은 친절한 선생님입니다.",
          "You are a helpful AI assistant.", "Answer in a few words.")
Turns = list[tuple[str, str]]


def hint_question(rng: random.Random, e: Expression, lang: str) -> str:
    shown = e.text(lang) if e.op in ("up", "down") else vary_expression(rng, e, lang)
    return finish(rng, fill(rng.choice(ASK_HINT[lang]), e=shown), lang)


def check_turns(rng: random.Random, e: Expression, lang: str, is_follow_up: bool) -> Turns:
    given = child_answer(rng, e)
    said = given_text(rng, given, lang)
    if is_follow_up:
        question = fill(rng.choice(REPLY[lang]), x=said)
    else:
        choices = ASK_CHECK[lang]
        question = finish(rng, fill(rng.choice(choices), e=vary_expression(rng, e, lang), x=said), lang)
    return [("user", question), ("assistant", check(e, given, lang))]


def any_category(rng: random.Random) -> str:
    return rng.choice(("add", "subtract", "table", "multiply", "divide", "compare", "order", "missing"))


def hint_turns(rng: random.Random, e: Expression, lang: str) -> Turns:
    return [("user", hint_question(rng, e, lang)), ("assistant", hint(e, lang))]


def hint_reply_turns(rng: random.Random, lang: str, held_out: bool) -> Turns:
    """A hint, and then the child's answer, or "show me"."""
    if rng.random() < 0.65:
        e = draw(rng, rng.choice(ARITHMETIC), held_out)
        return hint_turns(rng, e, lang) + check_turns(rng, e, lang, True)
    e = draw(rng, any_category(rng), held_out)
    shown = [("user", rng.choice(GIVE_UP[lang])), ("assistant", solution(e, lang))]
    return hint_turns(rng, e, lang) + shown


def count_turns(rng: random.Random, lang: str) -> Turns:
    """Counting up by numbers beyond the tables: no page asks for it, but it teaches where any table stops."""
    e = Expression("×", (rng.randint(11, 60), rng.randint(1, 10)))
    while is_held_out(e):
        e = Expression("×", (rng.randint(11, 60), rng.randint(1, 10)))
    a, b = e.operands
    lines = [e.text(lang), *(f"{a} × {i} = {a * i}" for i in range(1, b + 1)), f"{LABELS[lang]['answer']}: {a * b}"]
    question = {"en": "Count up: ", "ko": "뛰어 세기: "}[lang] + e.text(lang)
    return [("user", question), ("assistant", "\n".join(lines))]


def close_turns(rng: random.Random, lang: str) -> Turns:
    """Numbers alike in their first digits, or the same: which is greater has to be looked for."""
    while True:
        b = number(rng, rng.randint(1, 4))
        e = Expression("-", (b + rng.choice((0, 0, rng.randint(0, 9), rng.randint(0, 99), rng.randint(0, 999))), b))
        if e.operands[0] <= 9999 and not is_held_out(e):
            return [("user", ask(rng, e, lang, lang == "en")), ("assistant", solution(e, lang))]


def story_turns(rng: random.Random, e: Expression, lang: str) -> Turns:
    problem, unit = tell(rng, e.op, *e.operands, lang)
    if e.op == "÷":
        unit = ""
    return [("user", problem), ("assistant", solution(e, lang, unit))]


def first_turns(rng: random.Random, category: str, lang: str, held_out: bool,
                may_be_bare: bool) -> tuple[Turns, Expression | None]:
    if category == "talk":
        question, answer = chatter(rng, lang)
        return [("user", question), ("assistant", answer)], None
    if category == "refusal":
        question, answer = refusal(rng, lang)
        return [("user", question), ("assistant", answer)], None
    if category == "hint_reply":
        return hint_reply_turns(rng, lang, held_out), None
    if category == "count":
        return count_turns(rng, lang), None
    if category == "close":
        return close_turns(rng, lang), None
    if category == "hint":
        e = draw(rng, any_category(rng), held_out)
        return hint_turns(rng, e, lang), e
    if category == "check":
        e = draw(rng, rng.choice(ARITHMETIC), held_out)
        return check_turns(rng, e, lang, False), e
    e = draw(rng, category, held_out)
    if category == "story":
        return story_turns(rng, e, lang), e
    return [("user", ask(rng, e, lang, may_be_bare)), ("assistant", solution(e, lang))], e


def follow_up(rng: random.Random, e: Expression | None, lang: str, held_out: bool) -> Turns:
    if e is not None and rng.random() < 0.4:
        return [("user", rng.choice(ASK_WHY[lang])), ("assistant", why(e, lang))]
    category = rng.choices(list(MIX), list(MIX.values()))[0]
    return first_turns(rng, category, lang, held_out, True)[0]


def conversation(rng: random.Random, held_out: bool = False, category: str | None = None,
                 mix: dict[str, int] = MIX) -> Turns:
    lang = rng.choice(LANGUAGES)
    category = category or rng.choices(list(mix), list(mix.values()))[0]
    turns, e = first_turns(rng, category, lang, held_out, lang == "en")
    if rng.random() < 0.15:
        turns = turns + follow_up(rng, e, lang, held_out)
    if rng.random() < 0.02:
        turns = [("system", rng.choice(SYSTEM)), *turns]
    return turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--category", choices=[*MIX, *DRAW])
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--json", action="store_true", help="a line of [[role, text], ...] each")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for _ in range(args.count):
        turns = conversation(rng, args.held_out, args.category)
        print(json.dumps(turns) if args.json else "".join(f"[{role}] {text}\n" for role, text in turns))


if __name__ == "__main__":
    main()
