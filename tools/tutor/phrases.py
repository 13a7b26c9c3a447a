"""How children ask: many wordings of one expression.  `{e}` is the expression, `{a}` and `{b}` its numbers.

In Korean a bar names the particle that follows: `{b|을}` (language.py).
"""

import random
import re

from language import ends_in, with_particle
from solve import Expression

SYMBOLS = {
    "en": {"+": ("+", "+", "+", "+", "plus"), "-": ("-", "-", "-", "−", "minus"),
           "×": ("×", "×", "x", "*", "times", "X"), "÷": ("÷", "÷", "/", "divided by"), "?": ("?",)},
    "ko": {"+": ("+", "+", "+", "더하기"), "-": ("-", "-", "−", "빼기"), "×": ("×", "×", "x", "*", "곱하기"),
           "÷": ("÷", "÷", "/", "나누기"), "?": ("?",)},
}
ASK = {
    "en": ["What is {e}?", "What is {e}", "what's {e}?", "How much is {e}?", "Calculate {e}.", "Solve {e}",
           "Solve: {e}",
           "Solve: {e}", "Please solve {e}.", "Can you solve {e}?", "Can you help me with {e}?", "Work out {e}.",
           "I need help with {e}",
           "{e} please", "Help me with {e}", "Show me how to do {e}.", "Do {e} step by step", "How do I do {e}?",
           "Teach me {e}", "Compute {e}", "{e} = ?", "tell me {e}", "I can't do {e}", "Explain {e} to me.",
           "Could you do {e} for me?", "hi, what is {e}?", "My homework is {e}."],
    "ko": ["{e|은} 얼마예요?", "{e|은} 얼마야?", "{e} 얼마예요?", "{e|을} 계산해 주세요.", "{e} 계산해줘", "{e|을} 풀어 주세요",
           "풀이: {e}", "풀이: {e}", "{e} 풀어줘", "{e} 답이 뭐예요?", "{e|은} 어떻게 풀어요?", "{e} 알려줘", "{e} 가르쳐 주세요.",
           "{e|을} 모르겠어요", "{e|을} 도와주세요.", "숙제가 {e|이에요}.", "{e|은} 뭐야?", "{e|을} 차근차근 풀어 줘",
           "선생님, {e} 어떻게 해요?", "{e} 설명해 주세요", "안녕, {e|은} 얼마야?", "{e} 좀 해줘", "{e}의 답은?", "{e} 구해 주세요"],
}
ASK_BARE = ["{e}", "{e}", "{e}", "{e} =", "{e}=", "{e} = ?", "{e}?", "{e}=?"]
ASK_OP = {
    "en": {
        "+": ["Add {a} and {b}.", "add {a} and {b}", "What is the sum of {a} and {b}?",
              "What do you get if you add {a} and {b}?",
              "{a} and {b} together?", "Find the total of {a} and {b}.", "What is {b} more than {a}?"],
        "-": ["Subtract {b} from {a}.", "Take {b} away from {a}.", "{a} take away {b}", "What is {a} take away {b}?",
              "What is the difference between {a} and {b}?", "take {b} from {a}", "What is {b} less than {a}?",
              "How much is left if I take {b} from {a}?"],
        "×": ["Multiply {a} by {b}.", "What is the product of {a} and {b}?",
              "What do you get if you multiply {a} by {b}?",
              "multiply {a} and {b}", "{a} multiplied by {b}"],
        "÷": ["Divide {a} by {b}.", "How many times does {b} fit into {a}?", "divide {a} by {b}", "Share {a} by {b}.",
              "What is {a} divided by {b}?", "{a} shared by {b}"],
        "?": ["Which is bigger, {a} or {b}?", "Which number is bigger: {a} or {b}?", "compare {a} and {b}",
              "Compare {a} and {b}.",
              "Is {a} bigger than {b}?", "Is {a} smaller than {b}?", "which is smaller {a} or {b}",
              "Put the right sign: {a} ? {b}",
              "< or >: {a} ? {b}", "Solve: {a} ? {b}", "Which one is larger, {a} or {b}?", "Is {a} less than {b}?",
              "{a} or {b}, which is more?", "What sign goes between {a} and {b}?",
              "What goes in the circle? {a} ○ {b}"],
    },
    "ko": {
        "+": ["{a}에 {b|을} 더하면 얼마예요?", "{a|과} {b|을} 더해 주세요.", "{a|과} {b}의 합은 얼마예요?", "{a|과} {b|을} 더하면?",
              "{a}보다 {b} 큰 수는 뭐예요?", "{a|과} {b|을} 더해줘"],
        "-": ["{a}에서 {b|을} 빼면 얼마예요?", "{a}에서 {b|을} 빼 주세요.", "{a|과} {b}의 차는 얼마예요?", "{a}에서 {b|을} 빼면?",
              "{a}보다 {b} 작은 수는 뭐예요?", "{a}에서 {b} 빼줘"],
        "×": ["{a}에 {b|을} 곱하면 얼마예요?", "{a|과} {b}의 곱은 얼마예요?", "{a|과} {b|을} 곱해 주세요.", "{a}에 {b|을} 곱하면?",
              "{a}의 {b}배는 얼마예요?", "{a} 곱하기 {b|은}?"],
        "÷": ["{a|을} {b|로} 나누면 얼마예요?", "{a|을} {b|로} 나눠 주세요.", "{a|을} {b|로} 나눈 몫과 나머지는?", "{a|을} {b|로} 나누면?",
              "{a} 나누기 {b|은}?", "{a}에 {b|이} 몇 번 들어가요?"],
        "?": ["{a|과} {b} 중에 뭐가 더 커요?", "{a|과} {b} 중 더 큰 수는?", "{a|과} {b|을} 비교해 주세요.", "{a}하고 {b} 비교해줘",
              "{a|이} {b}보다 커요?", "{a|은} {b}보다 작아요?", "{a|과} {b} 중 작은 수는 뭐예요?", "풀이: {a} ? {b}",
              "알맞은 기호를 넣어 주세요: {a} ? {b}", "어느 쪽이 더 커? {a}, {b}", "{a} ○ {b} 안에 뭐가 들어가요?"],
    },
}
ASK_MISSING = {
    "en": ["{e}", "{e}", "Solve: {e}", "Solve: {e}", "What is missing? {e}", "Find the missing number: {e}",
           "What goes in the box? {e}",
           "fill in the box: {e}", "{e}, what is the missing number?", "Which number fits? {e}"],
    "ko": ["풀이: {e}", "풀이: {e}", "빈칸에 알맞은 수는? {e}", "{e}에서 네모는 얼마예요?", "{e} 빈칸을 채워 주세요.", "{e}, 네모 안에 뭐가 들어가요?",
           "어떤 수가 빠졌어요? {e}", "모르는 수를 구해 주세요: {e}", "{e} 빈칸 알려줘"],
}
ASK_ORDER = {
    "en": {"up": ["Solve: {e}: small to big", "{e}: small to big", "Put in order from small to big: {e}",
    "Order {e} from smallest to largest.",
                  "sort {e}", "Put these numbers in order: {e}", "Arrange {e} from small to big",
                  "Which order? {e}, smallest first",
                  "order {e}", "Sort from small to big: {e}", "put {e} in ascending order"],
           "down": ["Solve: {e}: big to small", "{e}: big to small", "Put in order from big to small: {e}",
                    "Order {e} from largest to smallest.",
                    "Arrange {e} from big to small", "Which order? {e}, biggest first", "Sort from big to small: {e}",
                    "put {e} in descending order"]},
    "ko": {"up": ["풀이: {e}: 작은 수부터", "{e}: 작은 수부터", "작은 수부터 써 주세요: {e}", "{e} 작은 순서대로 써 줘", "{e} 순서대로 놓아 주세요.",
                  "{e|을} 작은 것부터 나열해 주세요", "작은 수부터 차례로: {e}", "{e} 정렬해줘"],
           "down": ["풀이: {e}: 큰 수부터", "{e}: 큰 수부터", "큰 수부터 써 주세요: {e}", "{e} 큰 순서대로 써 줘",
                    "{e|을} 큰 것부터 나열해 주세요", "큰 수부터 차례로: {e}"]},
}
ASK_HINT = {
    "en": ["Hint: {e}", "Hint: {e}", "Hint: {e}", "Give me a hint for {e}.", "hint for {e}", "A hint please: {e}",
           "{e}, just a hint",
           "Can I have a hint for {e}?", "Don't tell me the answer, just a hint: {e}", "How do I start {e}?",
           "help me start {e}",
           "I want a hint: {e}", "{e} hint", "{e} hint please"],
    "ko": ["힌트: {e}", "힌트: {e}", "힌트: {e}", "{e} 힌트 주세요.", "{e} 힌트", "힌트 좀 주세요: {e}", "{e} 힌트만 줘", "답은 말하지 말고 힌트만: {e}",
           "{e|은} 어떻게 시작해요?", "{e|을} 풀 힌트를 주세요", "{e} 힌트 부탁해요"],
}
ASK_CHECK = {
    "en": ["Check: {e} = {x}", "Check: {e} = {x}", "Check: {e} = {x}", "Is {e} = {x} right?", "I think {e} = {x}",
           "I got {x} for {e}. Is that right?",
           "{e} = {x}, correct?", "{e} = {x}, right?", "Check my answer: {e} = {x}", "My answer to {e} is {x}.",
           "is {e} {x}?", "{e} is {x}, isn't it?",
           "I say {e} is {x}", "I wrote {e} = {x}", "did I get it right? {e} = {x}", "{e} = {x}"],
    "ko": ["확인: {e} = {x}", "확인: {e} = {x}", "확인: {e} = {x}", "{e} = {x} 맞아요?", "{e|은} {x} 맞나요?", "{e} = {x} 맞아?",
           "내 답이 맞는지 봐 줘: {e} = {x}",
           "{e}의 답은 {x|이에요}?", "{e} = {x|이라고} 썼어요", "나는 {e} = {x|이라고} 생각해", "{e} 답 {x} 맞게 했어요?", "채점해 주세요: {e} = {x}"],
}
REST = {"en": (" remainder ", " remainder ", " r ", " R ", "r", ", remainder "),
        "ko": (" 나머지 ", " 나머지 ", " ... ", ", 나머지 ")}
GIVE_UP = {
    "en": ["I don't know", "Show me", "show me the answer", "Tell me the answer.", "I give up",
           "What is the answer?", "please solve it",
           "how?", "I still don't get it", "Show me the steps", "solve it"],
    "ko": ["모르겠어요", "보여줘", "답 알려줘", "정답이 뭐예요?", "포기할래요", "풀어 주세요", "어떻게 풀어요?", "그래도 모르겠어", "답을 보여 주세요", "풀어줘"],
}
ASK_WHY = {
    "en": ["Why?", "why", "Why is that?", "I don't understand", "Can you explain why?", "why is it like that?",
           "How come?", "but why?"],
    "ko": ["왜요?", "왜?", "왜 그래요?", "이해가 안 돼요", "왜 그런지 설명해 주세요", "이유가 뭐예요?", "왜 그렇게 돼?", "잘 이해가 안 가요"],
}
REPLY = {
    "en": ["{x}", "{x}", "{x}", "{x}?", "Is it {x}?", "is it {x}", "I think {x}", "I think it is {x}.",
           "The answer is {x}", "{x}!", "I got {x}",
           "my answer is {x}"],
    "ko": ["{x}", "{x}", "{x}", "{x}?", "{x} 맞아요?", "답은 {x|이에요}", "{x|이에요}", "{x}인가요?", "{x} 아니에요?", "{x} 같아요", "{x}!"],
}
SLOT = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
LONG_PARTICLES = {"이에요": ("이에요", "예요"), "이라고": ("이라고", "라고")}


def fill(template: str, **slots: object) -> str:
    """Fills a template; `{e|을}` puts the particle that suits the value."""
    def put(found: re.Match) -> str:
        word, name = str(slots[found[1]]), found[2]
        if name is None:
            return word
        if name in LONG_PARTICLES:
            return word + LONG_PARTICLES[name][ends_in(word) == 0]
        return with_particle(word, name)
    return SLOT.sub(put, template)


def vary_expression(rng: random.Random, e: Expression, lang: str) -> str:
    """The expression as someone may type it."""
    if e.op in ("up", "down"):
        return rng.choice((", ", ", ", ", ", " ", ",")).join(map(str, e.operands))
    a, b = ("□" if n is None else n for n in e.operands)
    if rng.random() < 0.45:
        op = e.op
    else:
        op = rng.choice(SYMBOLS[lang][e.op])
    tight = len(op) == 1 and rng.random() < 0.3
    text = f"{a}{op}{b}" if tight else f"{a} {op} {b}"
    if e.total is not None:
        text += f"={e.total}" if tight else f" = {e.total}"
        text = text.replace("□", rng.choice("□□□□?_"))
    return text


def finish(rng: random.Random, text: str, lang: str) -> str:
    """Small carelessness: lower case, no full stop."""
    if lang == "en" and rng.random() < 0.25:
        text = text.lower()
    if text[-1] in ".?" and text[-2:] != "= ?" and rng.random() < 0.15:
        text = text[:-1]
    return text


def ask(rng: random.Random, e: Expression, lang: str, may_be_bare: bool = True) -> str:
    """A request to solve e.  A bare expression says nothing of the language: for English, or in a Korean chat."""
    shown = vary_expression(rng, e, lang)
    if e.total is not None:
        choices = ASK_MISSING[lang]
        if lang == "ko" and may_be_bare:
            choices = [*choices, "{e}"]
        return finish(rng, fill(rng.choice(choices), e=shown), lang)
    if e.op in ("up", "down"):
        return finish(rng, fill(rng.choice(ASK_ORDER[lang][e.op]), e=shown), lang)
    if e.op == "?" and (rng.random() < 0.8 or not may_be_bare):
        return finish(rng, fill(rng.choice(ASK_OP[lang]["?"]), a=e.operands[0], b=e.operands[1]), lang)
    if e.op == "?":
        return shown
    kind = rng.random()
    bare = (" 더하기 ", " 빼기 ", " 곱하기 ", " 나누기 ") if lang == "ko" else ()
    if kind < 0.25 and (may_be_bare or any(word in shown for word in bare)):
        return fill(rng.choice(ASK_BARE), e=shown)
    if kind < 0.5:
        return finish(rng, fill(rng.choice(ASK_OP[lang][e.op]), a=e.operands[0], b=e.operands[1]), lang)
    return finish(rng, fill(rng.choice(ASK[lang]), e=shown), lang)


def given_text(rng: random.Random, given: tuple[int, int], lang: str) -> str:
    return f"{given[0]}{rng.choice(REST[lang])}{given[1]}" if given[1] else str(given[0])
