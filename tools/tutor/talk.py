"""Greetings, and kind refusals of what is not primary-school arithmetic."""

import random

from language import LABELS, with_particle
from phrases import ASK, fill

TALK = {
    "en": [(["Hello", "hi", "Hi!", "hello!", "Hey", "Good morning", "good afternoon!", "hi there", "Hello tutor"],
            "Hello! I am your maths tutor. Give me a sum."),
           (["Thank you", "thanks", "Thanks!", "thank you!", "Thank you so much", "thx", "great, thanks"],
            "You are welcome! Shall we do another one?"),
           (["Who are you?", "who are you", "What are you?", "What is your name?", "are you a robot?",
             "tell me about you", "Are you a teacher?"],
            "I am a little maths tutor. I live in this page and I work without the network."),
           (["What can you do?", "what can you do", "How can you help me?", "Help", "help me", "What do you know?",
             "can you help me?"],
            "I can add, subtract, multiply, divide, compare and order numbers, and check your answers."),
           (["Bye", "bye!", "Goodbye", "see you", "good night", "I am done"], "Goodbye! You worked well today."),
           (["ok", "OK", "okay", "I see", "yes", "cool", "got it", "wow", "I understand",
             "nice"], "Good! Give me the next sum."),
           (["I am bad at maths", "maths is hard", "I hate maths", "This is too hard", "I am sad", "I am tired",
             "I can't do this"],
            "You can do it, step by step. Let us try one together.")],
    "ko": [(["안녕", "안녕하세요", "안녕!", "안녕하세요!", "하이", "좋은 아침", "선생님 안녕하세요", "반가워요"],
            "안녕하세요! 저는 수학 선생님이에요. 문제를 내 주세요."),
           (["고마워", "고맙습니다", "감사합니다", "고마워요!", "감사해요", "땡큐", "정말 고마워"], "천만에요! 하나 더 해 볼까요?"),
           (["누구세요?", "넌 누구야?", "이름이 뭐예요?", "너는 뭐야?", "로봇이에요?", "자기소개 해줘", "선생님이에요?"],
            "저는 작은 수학 선생님이에요. 이 화면 안에 살고 인터넷 없이 일해요."),
           (["뭐 할 수 있어요?", "뭘 할 수 있어?", "어떻게 도와줘?", "도와줘", "도와주세요", "뭐 알아?"],
            "더하기, 빼기, 곱하기, 나누기, 비교, 순서, 그리고 답 확인을 할 수 있어요."),
           (["잘 가", "안녕히 계세요", "다음에 봐", "끝났어요", "그만할래", "잘 자"], "안녕히 가세요! 오늘 잘했어요."),
           (["응", "네", "알겠어요", "좋아", "그렇구나", "오", "이해했어요", "와", "알았어"], "좋아요! 다음 문제를 내 주세요."),
           (["수학이 어려워", "수학 싫어", "너무 어려워요", "못하겠어요", "슬퍼요", "힘들어", "나는 수학을 못해"],
            "할 수 있어요. 하나씩 같이 해 봐요.")],
}
WORDS = {
    "en": ["France", "Korea", "Paris", "dogs", "cats", "the moon", "space", "history", "a dragon", "football",
           "music", "a car", "rain", "the sea",
           "a king", "dinosaurs", "pizza", "school", "winter", "computers", "trees", "money", "a robot", "books",
           "Japan", "China", "birds", "love"],
    "ko": ["프랑스", "한국", "서울", "강아지", "고양이", "달", "우주", "역사", "공룡", "축구", "음악", "자동차", "비", "바다", "왕", "피자", "학교",
           "겨울", "컴퓨터", "나무", "돈", "로봇", "책", "일본", "중국", "새", "사랑", "영화"],
}
OFF_FIELD = {
    "en": ["What is the capital of {w}?", "Tell me a joke", "Write a poem about {w}.",
           "Who is the president of {w}?", "How is the weather?",
           "What is {w}?", "Tell me about {w}", "Who made {w}?", "Write a story about {w}",
           "Translate {w} into Korean.", "Do you like {w}?",
           "Why is the sky blue?", "What time is it?", "Play some music", "How old are you?",
           "What is the meaning of life?", "draw {w}",
           "Who won the game?", "Summarise this text about {w}.", "Where is {w}?", "When was {w} born?",
           "Sing a song about {w}", "I like {w}",
           "my friend likes {w} and {v}", "Is {w} better than {v}?", "Can you write code?", "How do I cook {w}?",
           "spell {w}", "{w}", "{w} and {v}",
           "What is a prime number?", "How do I solve an equation?", "What is algebra?", "what is pi?"],
    "ko": ["{w}의 수도는 어디예요?", "농담 해줘", "{w}에 대한 시를 써 줘", "{w}의 대통령은 누구예요?", "오늘 날씨 어때?", "{w|이} 뭐예요?",
           "{w}에 대해 알려줘", "{w|은} 누가 만들었어요?", "{w} 이야기를 써 주세요", "{w|을} 영어로 뭐라고 해요?", "{w} 좋아해?", "하늘은 왜 파래요?",
           "지금 몇 시예요?", "노래 틀어줘", "몇 살이야?", "인생이란 뭘까?", "{w} 그려줘", "누가 이겼어?", "{w|은} 어디에 있어요?",
           "나는 {w|을} 좋아해", "{w|과} {v} 중에 뭐가 좋아?", "코딩 할 줄 알아?", "{w|은} 어떻게 요리해요?", "{w}", "{w} {v}", "소수가 뭐예요?",
           "방정식 풀어줘", "점심 뭐 먹을까?", "{w} 그림 보여줘"],
}
SORRY = {
    "en": {"field": "I only know numbers. Ask me a sum, please.",
    "below": "{a} is less than {b}. I do not go below zero yet.",
           "zero": "Nobody can share by 0.", "big": "That number is too big for me. I go up to 9999.",
           "parts": "I only know whole numbers.", "many": "One step at a time, please. Give me two numbers.",
           "times": "That is too big for me. I multiply up to 99 by a number up to 10.",
           "share": "I only divide up to 999 by a number from 1 to 9."},
    "ko": {"field": "저는 숫자만 알아요. 계산 문제를 내 주세요.", "below": "{a_은} {b}보다 작아요. 저는 아직 0보다 작은 수를 몰라요.",
           "zero": "0으로는 나눌 수 없어요.", "big": "그 수는 너무 커요. 저는 9999까지 알아요.",
           "parts": "저는 자연수만 알아요.", "many": "한 번에 하나씩 해요. 두 수만 주세요.",
           "times": "너무 큰 곱셈이에요. 저는 99까지의 수에 10까지 곱해요.",
           "share": "저는 999까지의 수를 1부터 9까지로만 나눠요."},
}


def sorry(lang: str, key: str, **slots: object) -> str:
    slots = {**slots, **{f"{name}_은": with_particle(slot, "은") for name, slot in slots.items()}}
    return f"{LABELS[lang]['sorry']}: {SORRY[lang][key].format(**slots)}"


def chatter(rng: random.Random, lang: str) -> tuple[str, str]:
    questions, answer = rng.choice(TALK[lang])
    return rng.choice(questions), answer


def babble(rng: random.Random, lang: str) -> str:
    """Words that mean nothing: letters or syllables."""
    if lang == "en":
        words = ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 8)))
                 for _ in range(rng.randint(1, 5))]
    else:
        words = ["".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(rng.randint(1, 4)))
                 for _ in range(rng.randint(1, 4))]
    return " ".join(words) + rng.choice(("", "", "?", ".", "!"))


def off_field(rng: random.Random, lang: str) -> tuple[str, str]:
    first, second = rng.sample(WORDS[lang], 2)
    text = babble(rng, lang) if rng.random() < 0.15 else fill(rng.choice(OFF_FIELD[lang]), w=first, v=second)
    if lang == "en" and rng.random() < 0.3:
        text = text.lower()
    return text, sorry(lang, "field")


def request(rng: random.Random, expression: str, lang: str) -> str:
    """A bare expression is answered in English."""
    if lang == "en" and rng.random() < 0.4:
        return expression + rng.choice(("", "", " =", "=", "?", " = ?"))
    return fill(rng.choice(ASK[lang]), e=expression)


def sign_of(rng: random.Random, choices: str) -> str:
    return f" {rng.choice(choices)} " if rng.random() < 0.7 else rng.choice(choices)


def below_zero(rng: random.Random, lang: str) -> tuple[str, str]:
    low, high = sorted(rng.sample(range(10 ** rng.randint(1, 4)), 2))
    return request(rng, f"{low}{sign_of(rng, '--−')}{high}",
    lang), f"{low} - {high}\n{sorry(lang, 'below', a=low, b=high)}"


def by_zero(rng: random.Random, lang: str) -> tuple[str, str]:
    a = rng.randrange(1, 10 ** rng.randint(1, 3))
    return request(rng, f"{a}{sign_of(rng, '÷÷/')}0", lang), f"{a} ÷ 0\n{sorry(lang, 'zero')}"


def out_of_range(rng: random.Random, lang: str) -> tuple[str, str]:
    small = rng.randrange(1, 10 ** rng.randint(1, 4))
    big = rng.randrange(10000, 10 ** rng.randint(5, 8))
    kind = rng.randrange(6)
    if kind <= 1:
        pair = rng.sample([small, big], 2) if rng.random() < 0.7 else [big, rng.randrange(10000, 10 ** 6)]
        return request(rng, f"{pair[0]}{sign_of(rng, '++--×÷')}{pair[1]}", lang), sorry(lang, "big")
    if kind == 2:
        op = sign_of(rng, "+-×÷")
        parts = (f"{rng.randint(1, 9)}/{rng.randint(2, 9)} + {rng.randint(1, 9)}/{rng.randint(2, 9)}",
                 f"{rng.randint(0, 99)}.{rng.randint(1, 9)}{op}{rng.randint(1, 99)}.{rng.randint(1, 9)}",
                 f"{rng.randint(0, 99)}.{rng.randint(1, 9)}{op}{rng.randint(1, 99)}")
        return request(rng, rng.choice(parts), lang), sorry(lang, "parts")
    if kind == 3:
        numbers = [rng.randint(1, 99) for _ in range(rng.randint(3, 4))]
        text = str(numbers[0]) + "".join(f"{sign_of(rng, '+-×÷')}{n}" for n in numbers[1:])
        return request(rng, text, lang), sorry(lang, "many")
    if kind == 4:
        a, b = rng.choice(((rng.randint(11, 99), rng.randint(11, 99)), (rng.randint(100, 9999), rng.randint(2, 99)),
                           (rng.randint(2, 99), rng.randint(100, 999))))
        return request(rng, f"{a}{sign_of(rng, '×××x*')}{b}", lang), sorry(lang, "times")
    a, b = rng.choice(((rng.randint(10, 999), rng.randint(10, 99)), (rng.randint(1000, 9999), rng.randint(2, 9))))
    return request(rng, f"{a}{sign_of(rng, '÷÷/')}{b}", lang), sorry(lang, "share")


def refusal(rng: random.Random, lang: str) -> tuple[str, str]:
    make = rng.choices((off_field, below_zero, by_zero, out_of_range), (4, 2, 1, 3))[0]
    return make(rng, lang)
