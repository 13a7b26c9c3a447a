"""Words that the answers use in both languages, and Korean particles."""

PLACES = {
    "en": ("Ones", "Tens", "Hundreds", "Thousands", "Ten thousands"),
    "ko": ("일의 자리", "십의 자리", "백의 자리", "천의 자리", "만의 자리"),
}
LABELS = {
    "en": {"answer": "Answer", "hint": "Hint", "check": "Check", "slip": "Slip", "why": "Why", "sorry": "Sorry",
           "split": "Split", "add": "Add", "turn": "Turn around", "digits": "Digits", "result": "Result",
           "praise": "Well done!", "remainder": "remainder", "up": "small to big", "down": "big to small"},
    "ko": {"answer": "답", "hint": "힌트", "check": "확인", "slip": "실수", "why": "이유", "sorry": "미안해요",
           "split": "가르기", "add": "더하기", "turn": "거꾸로", "digits": "자릿수", "result": "결과", "praise": "잘했어요!",
           "remainder": "나머지", "up": "작은 수부터", "down": "큰 수부터"},
}
# (after a consonant, after a vowel)
PARTICLES = {"을": ("을", "를"), "은": ("은", "는"), "이": ("이", "가"), "과": ("과", "와"), "로": ("으로", "로"),
             "예요": ("이에요", "예요"), "야": ("이야", "야"), "이나": ("이나", "나"), "인": ("인", "인")}
DIGIT_READINGS = "영일이삼사오육칠팔구"


def ends_in(word: str) -> int:
    """The final consonant of the last syllable as read aloud: 0 none, 8 the one that 로 follows as it is, else other."""
    last = word[-1]
    if last.isdigit():
        last = DIGIT_READINGS[int(last)]
    return (ord(last) - 0xAC00) % 28 if 0xAC00 <= ord(last) <= 0xD7A3 else 0


def particle(word: object, name: str) -> str:
    """The form of the particle `name` that follows a word or number: particle(7, "을") is "을"."""
    final = ends_in(str(word))
    after_consonant, after_vowel = PARTICLES[name]
    is_vowel = final == 0 or (name == "로" and final == 8)
    return after_vowel if is_vowel else after_consonant


def with_particle(word: object, name: str) -> str:
    return f"{word}{particle(word, name)}"
