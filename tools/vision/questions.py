"""Questions and their answers, English and Korean.  Every answer is determined by the scene and the question."""

import random

from scenes import COLOURS, SHAPES, Scene

LANGUAGES = ("en", "ko")
GROUPS_MAX = 4  # of a description

KO_SHAPES = dict(zip(SHAPES, ("원", "사각형", "삼각형", "별", "하트"), strict=True))
KO_COLOURS = dict(zip(COLOURS, ("빨간", "주황", "노란", "초록", "파란", "보라", "검은"), strict=True))
KO_COLOUR_NAMES = dict(zip(COLOURS, ("빨간색", "주황색", "노란색", "초록색", "파란색", "보라색", "검은색"), strict=True))

ASK = {
    "solve": {
        "en": ("What is the answer?", "Solve this.", "What is the result?", "Work it out.", "Calculate this.",
               "Can you solve this?", "What does this make?", "How much is it?", "What is the sum?",
               "Read the sum and answer it.", "What is this sum?", "Solve the sum in the picture.", "Solve it",
               "What is the answer to this sum?", "Please calculate."),
        "ko": ("답이 뭐예요?", "계산해 주세요.", "풀어 주세요.", "얼마예요?", "이 식의 답은 뭐예요?", "답을 알려 주세요.",
               "이 문제를 풀어 주세요.", "계산하면 얼마예요?", "답은?", "정답이 뭐예요?"),
    },
    "read": {
        "en": ("What does it say?", "Read this.", "What is written here?", "Read the text.", "What do you read?",
               "What is written in the picture?"),
        "ko": ("뭐라고 써 있어요?", "읽어 주세요.", "무엇이 써 있어요?", "뭐라고 쓰여 있나요?"),
    },
    "describe": {
        "en": ("What do you see?", "Describe the picture.", "What is in the picture?", "What is this?",
               "Describe this image.", "What is in this image?", "What can you see?"),
        "ko": ("무엇이 보여요?", "그림을 설명해 주세요.", "그림에 뭐가 있어요?", "이게 뭐예요?", "뭐가 보이나요?"),
    },
    "number": {
        "en": ("What number is this?", "Which number is it?", "Read the number.", "What number do you see?"),
        "ko": ("무슨 숫자예요?", "숫자를 읽어 주세요.", "이 숫자는 뭐예요?"),
    },
    "count": {
        "en": ("How many {} are there?", "How many {}?", "Count the {}.", "How many {} do you see?",
               "How many {} are in the picture?", "Can you count the {}?"),
        "ko": ("{}{이} 몇 개예요?", "{}{은} 몇 개 있어요?", "{}{을} 세어 주세요.", "{}{이} 몇 개 있나요?", "{} 개수는?"),
    },
    "colour": {
        "en": ("What colour is it?", "Which colour do you see?", "What color is it?", "What color is this?",
               "What is the colour?"),
        "ko": ("무슨 색이에요?", "색깔이 뭐예요?", "어떤 색이에요?"),
    },
    "colour_of": {
        "en": ("What colour is the {}?", "What color is the {}?", "Which colour does the {} have?"),
        "ko": ("{}{은} 무슨 색이에요?", "{} 색깔이 뭐예요?", "{}{은} 어떤 색이에요?"),
    },
    "shape": {
        "en": ("What shape is this?", "Which shape is it?", "What shape do you see?", "Name the shape."),
        "ko": ("무슨 모양이에요?", "어떤 도형이에요?", "이 도형은 뭐예요?", "모양이 뭐예요?"),
    },
}
PARTICLES = {"이": ("이", "가"), "은": ("은", "는"), "을": ("을", "를"), "이에요": ("이에요", "예요")}
NO_SUM = {"en": "There is no sum in the picture.", "ko": "그림에 식이 없어요."}
NO_TEXT = {"en": "There is no text in the picture.", "ko": "그림에 글자가 없어요."}
NO_SHAPE = {"en": "There is no shape in the picture.", "ko": "그림에 도형이 없어요."}
EMPTY = {"en": "The picture is empty.", "ko": "그림이 비어 있어요."}
NO_PICTURE = {"en": "I see no picture.", "ko": "그림이 없어요."}


def particle(word: str, name: str) -> str:
    """The form of a Korean particle that goes behind the word's last syllable."""
    has_final = (ord(word[-1]) - ord("가")) % 28 > 0
    return PARTICLES[name][0 if has_final else 1]


def fill(phrase: str, word: str) -> str:
    for name in PARTICLES:
        phrase = phrase.replace("{" + name + "}", particle(word, name) if "{" + name + "}" in phrase else "")
    return phrase.replace("{}", word)


def kind_name(lang: str, shape: str | None, colour: str | None, is_plural: bool) -> str:
    """`red circles`, `shapes`, `빨간 원`."""
    if lang == "ko":
        return " ".join(([KO_COLOURS[colour]] if colour else []) + [KO_SHAPES[shape] if shape else "도형"])
    return " ".join(([colour] if colour else []) + [(shape or "shape") + ("s" if is_plural else "")])


def say_count(lang: str, n: int, shape: str | None, colour: str | None) -> str:
    name = kind_name(lang, shape, colour, n != 1)
    return f"{n} {name}" if lang == "en" else f"{name} {n}개"


def describe(lang: str, scene: Scene) -> str:
    if scene.kind == "sum":
        return answer_sum(scene)
    if scene.kind == "number":
        return f"The number {scene.number}." if lang == "en" else f"숫자 {scene.number}."
    if scene.kind == "empty":
        return EMPTY[lang]
    parts = [say_count(lang, n, shape, colour) for (shape, colour), n in scene.groups().items()]
    return ", ".join(parts) + ("." if lang == "en" else "예요.")


def answer_sum(scene: Scene) -> str:
    return f"{scene.sum.text} = {scene.sum.value}"


def ask_count(rng: random.Random, lang: str, scene: Scene) -> tuple[str, str]:
    shape = colour = None
    style = rng.random()
    shown = rng.choice(scene.shapes) if scene.shapes and rng.random() < 0.8 else (rng.choice(SHAPES),
                                                                                  rng.choice(COLOURS))
    if style > 0.4:
        shape = shown[0] if style < 0.9 else None
        colour = shown[1] if style > 0.7 else None
    question = fill(rng.choice(ASK["count"][lang]), kind_name(lang, shape, colour, True))
    said = say_count(lang, scene.count(shape, colour), shape, colour)
    return question, said + ("." if lang == "en" else "예요.")


def ask_text(rng: random.Random, lang: str, scene: Scene, topic: str) -> tuple[str, str]:
    """What is written, and what it makes."""
    question = rng.choice(ASK[topic][lang])
    if scene.kind == "sum":
        return question, answer_sum(scene) if topic == "solve" else scene.sum.text
    if scene.kind == "number":
        return question, NO_SUM[lang] if topic == "solve" else str(scene.number)
    return question, NO_SUM[lang] if topic == "solve" else NO_TEXT[lang]


def ask_shape(rng: random.Random, lang: str, scene: Scene) -> tuple[str, str]:
    question = rng.choice(ASK["shape"][lang])
    if not scene.shapes:
        return question, NO_SHAPE[lang]
    name = kind_name(lang, *scene.shapes[0], False)
    if lang == "en":
        return question, f"{'An' if name[0] in 'aeiou' else 'A'} {name}."
    return question, name + particle(name, "이에요") + "."


def ask_colour(rng: random.Random, lang: str, scene: Scene) -> tuple[str, str]:
    """Of the picture's only shape, or of a shape that is there once."""
    single = [(shape, colour) for shape, colour in scene.shapes if scene.count(shape) == 1]
    if len(scene.groups()) == 1 and rng.random() < 0.5:
        colour = scene.shapes[0][1]
        return rng.choice(ASK["colour"][lang]), (f"{colour.capitalize()}." if lang == "en"
                                                 else KO_COLOUR_NAMES[colour] + "이에요.")
    shape, colour = rng.choice(single)
    question = fill(rng.choice(ASK["colour_of"][lang]), kind_name(lang, shape, None, False))
    if lang == "en":
        return question, f"The {shape} is {colour}."
    name = KO_SHAPES[shape]
    return question, f"{name}{particle(name, '은')} {KO_COLOUR_NAMES[colour]}이에요."


def topics(scene: Scene) -> dict[str, float]:
    """What can be asked about the scene, and how often."""
    if scene.kind == "sum":
        return {"solve": 10, "read": 2, "describe": 1, "count": 0.2, "shape": 0.1}
    if scene.kind == "number":
        return {"number": 4, "read": 2, "describe": 2, "solve": 0.3, "count": 0.3}
    if scene.kind == "empty":
        return {"describe": 4, "count": 1, "solve": 1, "read": 1, "shape": 1}
    weights = {"count": 6, "solve": 0.2, "read": 0.1}
    if len(scene.groups()) <= GROUPS_MAX:
        weights["describe"] = 2
    if len(scene.shapes) == 1:
        weights |= {"shape": 2, "colour": 2}
    elif len(scene.groups()) == 1:
        weights["shape"] = 0.5
    if any(scene.count(shape) == 1 for shape, _ in scene.shapes):
        weights["colour"] = 2
    return weights


def ask(rng: random.Random, scene: Scene, lang: str | None = None, topic: str | None = None) -> tuple[str, str]:
    """A question and its answer."""
    lang = lang or ("en" if rng.random() < 0.6 else "ko")
    if topic is None:
        weights = topics(scene)
        topic = rng.choices([*weights], [*weights.values()])[0]
    if topic == "count":
        return ask_count(rng, lang, scene)
    if topic == "shape":
        return ask_shape(rng, lang, scene)
    if topic == "colour":
        return ask_colour(rng, lang, scene)
    if topic == "describe":
        return rng.choice(ASK["describe"][lang]), describe(lang, scene)
    return ask_text(rng, lang, scene, "read" if topic == "number" and scene.kind != "number" else topic)


def ask_without_picture(rng: random.Random, scene: Scene) -> tuple[str, str]:
    """The decoder learns to calculate mostly from text alone."""
    lang = "en" if rng.random() < 0.6 else "ko"
    if scene.kind != "sum":
        return ask(rng, scene, lang)[0], NO_PICTURE[lang]
    text = scene.sum.text if rng.random() < 0.9 else scene.sum.text.replace(" ", "")
    phrase = rng.choice({"en": ("{}", "{} =", "What is {}?", "Solve {}."), "ko": ("{}", "{} =", "{}", "{} 답은?")}[lang])
    return phrase.replace("{}", text), answer_sum(scene)
