"""Word problems by language and operator: (template, unit).

`{n}` and `{m}` are names, `{o}` things, `{c}` the Korean counter.
"""

import random

from phrases import fill

NAMES = {
    "en": ["Tom", "Anna", "Sam", "Mia", "Ben", "Lucy", "Jack", "Emma", "Leo", "Zoe", "Max", "Lily", "Omar", "Sara",
           "Noah", "Ella",
           "Minho", "Jiwoo", "Ravi", "Aisha"],
    "ko": ["민수", "지우", "서연", "하준", "영희", "철수", "수아", "도윤", "지민", "예은", "유나", "준호", "은지", "태호", "소라", "현우"],
}
THINGS = {
    "en": ["apples", "stickers", "marbles", "books", "pencils", "candies", "flowers", "cards", "balloons", "eggs",
           "stamps", "coins",
           "cookies", "shells", "toys", "oranges", "beads", "buttons", "stars", "strawberries"],
    "ko": [("사과", "개"), ("연필", "자루"), ("책", "권"), ("스티커", "장"), ("구슬", "개"), ("꽃", "송이"), ("사탕", "개"), ("귤", "개"),
           ("카드", "장"), ("공책", "권"), ("풍선", "개"), ("물고기", "마리"), ("장난감", "개"), ("쿠키", "개"), ("딸기", "개"), ("색종이", "장"),
           ("달걀", "개"), ("동전", "개"), ("인형", "개"), ("단추", "개")],
}
# unit "": none; "o": the thing (English) or its counter (Korean)
STORIES = {
    "en": {
        "+": [("{n} has {a} {o}. {m} gives {n} {b} more. How many {o} does {n} have now?", "o"),
              ("{n} has {a} {o} and {m} has {b} {o}. How many {o} do they have together?", "o"),
              ("There are {a} {o} in a box. {n} puts in {b} more {o}. How many {o} are in the box?", "o"),
              ("{n} found {a} {o} on Monday and {b} {o} on Tuesday. How many {o} did {n} find?", "o"),
              ("A shop sold {a} {o} in the morning and {b} in the afternoon. How many {o} did it sell in all?", "o"),
              ("{n} had {a} {o}. Then {n} bought {b} {o}. How many are there now?", "o"),
              ("{n} read {a} pages yesterday and {b} pages today. How many pages is that?", "pages"),
              ("One school has {a} children and another has {b} children. How many children are there altogether?",
               "children"),
              ("{a} people are on a train. At the station {b} people get on. How many people are on the train?",
               "people"),
              ("{n} collects {o}. {n} has {a} and gets {b} for a birthday. How many {o} is that?", "o"),
              ("{m} has {a} {o}. {n} has {b} more than {m}. How many {o} does {n} have?", "o"),
              ("A rope is {a} cm long. Another is {b} cm long. How long are they together?", "cm")],
        "-": [("{n} has {a} {o}. {n} gives {b} to {m}. How many {o} does {n} have left?", "o"),
              ("There were {a} {o}. {n} took {b} of them. How many {o} are left?", "o"),
              ("{n} had {a} {o} and lost {b}. How many {o} are left?", "o"),
              ("{n} has {a} {o}. {m} has {b} {o}. How many more {o} does {n} have than {m}?", "o"),
              ("A book has {a} pages. {n} has read {b} pages. How many pages are left?", "pages"),
              ("A shop had {a} {o}. It sold {b}. How many {o} does it still have?", "o"),
              ("There are {a} children in a school. {b} go home. How many children stay?", "children"),
              ("{a} people are on a bus. {b} get off. How many people are still on the bus?", "people"),
              ("{n} ate {b} of the {a} {o}. How many {o} are left?", "o"),
              ("{n} wants {a} {o} and has {b}. How many {o} does {n} still need?", "o"),
              ("{n} has {a} {o}. {m} has {b} fewer. How many {o} does {m} have?", "o"),
              ("A ribbon is {a} cm long. {n} cuts off {b} cm. How long is the rest?", "cm")],
        "×": [("There are {a} boxes with {b} {o} in each. How many {o} are there?", "o"),
              ("{n} has {a} bags. Each bag has {b} {o}. How many {o} does {n} have?", "o"),
              ("{n} buys {a} packs of {o}. There are {b} in a pack. How many {o} is that?", "o"),
              ("There are {a} rows of {b} {o}. How many {o} are there in all?", "o"),
              ("{n} reads {a} pages a day. How many pages does {n} read in {b} days?", "pages"),
              ("Each child gets {a} {o}. There are {b} children. How many {o} are needed?", "o"),
              ("One ticket costs {a} coins. How many coins do {b} tickets cost?", "coins"),
              ("{n} puts {a} {o} on each of {b} plates. How many {o} are on the plates?", "o"),
              ("A bus holds {a} people. How many people fit in {b} buses?", "people")],
        "÷": [("{n} shares {a} {o} among {b} children. How many does each child get?", ""),
              ("{n} has {a} {o} and puts {b} in each bag. How many bags are full, and how many {o} are left?", ""),
              ("{a} {o} are shared equally by {b} friends. How many does each one get?", ""),
              ("There are {a} {o}. {b} fit in a box. How many boxes can {n} fill?", ""),
              ("{n} divides {a} {o} into {b} equal groups. How many are in each group?", ""),
              ("{a} children make teams of {b}. How many teams are there, and how many children are left?", ""),
              ("{n} gives {a} {o} to {b} friends, the same to each. How many does each friend get and how many remain?",
               "")],
    },
    "ko": {
        "+": [("{n|은} {o|을} {a}{c} 가지고 있어요. {m|이} {b}{c|을} 더 주었어요. {n|이} 가진 {o|은} 모두 몇 {c}일까요?", "o"),
              ("{n|은} {o} {a}{c|을}, {m|은} {b}{c|을} 가지고 있어요. 두 사람이 가진 {o|은} 모두 몇 {c}인가요?", "o"),
              ("상자에 {o|이} {a}{c} 있어요. {b}{c|을} 더 넣으면 모두 몇 {c}예요?", "o"),
              ("{n|은} 어제 {o} {a}{c|을} 모으고 오늘 {b}{c|을} 모았어요. 모두 몇 {c|을} 모았나요?", "o"),
              ("가게에서 {o|을} 오전에 {a}{c}, 오후에 {b}{c} 팔았어요. 모두 몇 {c|을} 팔았을까요?", "o"),
              ("{n|이} 책을 어제 {a}쪽, 오늘 {b}쪽 읽었어요. 모두 몇 쪽을 읽었나요?", "쪽"),
              ("기차에 {a}명이 타고 있어요. 역에서 {b}명이 더 탔어요. 지금 몇 명이 타고 있나요?", "명"),
              ("학교에 남학생이 {a}명, 여학생이 {b}명 있어요. 학생은 모두 몇 명일까요?", "명"),
              ("{m|은} {o} {a}{c|을} 가지고 있고, {n|은} {m}보다 {b}{c} 더 많이 가지고 있어요. {n|은} 몇 {c} 가지고 있나요?", "o"),
              ("{o} {a}{c|이} 있었는데 {b}{c|을} 더 샀어. 모두 몇 {c}야?", "o")],
        "-": [("{n|은} {o|을} {a}{c} 가지고 있어요. {m}에게 {b}{c|을} 주면 몇 {c|이} 남을까요?", "o"),
              ("{o|이} {a}{c} 있었어요. 그중 {b}{c|을} 썼어요. 남은 {o|은} 몇 {c}인가요?", "o"),
              ("{n|은} {o} {a}{c}, {m|은} {b}{c} 가지고 있어요. {n|은} {m}보다 몇 {c} 더 많나요?", "o"),
              ("{a}쪽짜리 책을 {b}쪽까지 읽었어요. 몇 쪽이 남았나요?", "쪽"),
              ("버스에 {a}명이 타고 있었는데 {b}명이 내렸어요. 지금 몇 명이 타고 있을까요?", "명"),
              ("가게에 {o|이} {a}{c} 있었는데 {b}{c|을} 팔았어요. 몇 {c} 남았어요?", "o"),
              ("{n|이} {o} {a}{c} 중에서 {b}{c|을} 잃어버렸어요. 남은 것은 몇 {c}예요?", "o"),
              ("{n|은} {o|을} {a}{c} 모으려고 해요. 지금 {b}{c} 있어요. 몇 {c} 더 필요할까요?", "o"),
              ("운동장에 학생이 {a}명 있었어요. {b}명이 집에 갔어요. 몇 명이 남았을까요?", "명"),
              ("{o} {a}{c} 있는데 {b}{c} 없어졌어. 몇 {c} 남았어?", "o")],
        "×": [("상자가 {a}개 있고 상자마다 {o|이} {b}{c}씩 들어 있어요. {o|은} 모두 몇 {c}일까요?", "o"),
              ("{n|은} {o|을} 하루에 {a}{c}씩 모아요. {b}일 동안 몇 {c|을} 모을까요?", "o"),
              ("한 봉지에 {o|이} {a}{c}씩 {b}봉지 있어요. 모두 몇 {c}인가요?", "o"),
              ("{n|이} 책을 매일 {a}쪽씩 읽어요. {b}일 동안 모두 몇 쪽을 읽나요?", "쪽"),
              ("한 줄에 {a}명씩 {b}줄로 섰어요. 모두 몇 명일까요?", "명"),
              ("학생 {b}명에게 {o|을} {a}{c}씩 나누어 주려고 해요. {o|은} 몇 {c} 필요한가요?", "o"),
              ("버스 한 대에 {a}명이 타요. {b}대에는 몇 명이 탈 수 있나요?", "명"),
              ("접시 {b}개에 {o|이} {a}{c}씩 있어. 모두 몇 {c}야?", "o")],
        "÷": [("{o} {a}{c|을} {b}명이 똑같이 나누면 한 명이 몇 {c}씩 가질까요?", ""),
              ("{n|이} {o} {a}{c|을} 한 봉지에 {b}{c}씩 담아요. 몇 봉지가 되고 몇 {c|이} 남을까요?", ""),
              ("{o} {a}{c|을} {b}개의 상자에 똑같이 나누어 담으면 한 상자에 몇 {c}일까요?", ""),
              ("학생 {a}명이 {b}명씩 모둠을 만들어요. 모둠은 몇 개이고 몇 명이 남나요?", ""),
              ("{o} {a}{c|을} 친구 {b}명에게 똑같이 주면 한 명이 몇 {c}씩 받고 몇 {c|이} 남아요?", ""),
              ("{n|은} {o} {a}{c|을} {b}{c}씩 묶었어. 몇 묶음이고 몇 {c} 남아?", "")],
    },
}


def tell(rng: random.Random, op: str, a: int, b: int, lang: str) -> tuple[str, str]:
    """(the problem, the unit of its answer)."""
    template, unit = rng.choice(STORIES[lang][op])
    first, second = rng.sample(NAMES[lang], 2)
    thing = rng.choice(THINGS[lang])
    thing, counter = thing if lang == "ko" else (thing, "")
    text = fill(template, n=first, m=second, o=thing, c=counter, a=a, b=b)
    if lang == "en" and rng.random() < 0.15:
        text = text.lower()
    return text, (counter if lang == "ko" else thing.lower()) if unit == "o" else unit
