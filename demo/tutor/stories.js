/* Word problems of the practice sets, in the wordings that the tutor was taught (tools/tutor/stories.py).
 *
 * In a template {a} and {b} are the numbers, {n} and {m} names, {o} things, {c} the Korean counter; in Korean {o|을}
 * adds the particle that suits the word. */

import { withParticle } from './particles.js';

const NAMES = {
  en: ['Tom', 'Anna', 'Sam', 'Mia', 'Ben', 'Lucy', 'Emma', 'Leo', 'Omar', 'Sara', 'Minho', 'Aisha'],
  ko: [
    '민수',
    '지우',
    '서연',
    '하준',
    '수아',
    '도윤',
    '지민',
    '예은',
    '유나',
    '준호',
    '태호',
    '현우',
  ],
};
const THINGS = {
  en: [
    'apples',
    'stickers',
    'marbles',
    'books',
    'pencils',
    'flowers',
    'cards',
    'balloons',
    'stamps',
    'shells',
    'cookies',
  ],
  ko: [
    ['사과', '개'],
    ['연필', '자루'],
    ['책', '권'],
    ['스티커', '장'],
    ['구슬', '개'],
    ['꽃', '송이'],
    ['귤', '개'],
    ['공책', '권'],
    ['풍선', '개'],
    ['색종이', '장'],
    ['딸기', '개'],
  ],
};
const STORIES = {
  en: {
    '+': [
      '{n} has {a} {o}. {m} gives {n} {b} more. How many {o} does {n} have now?',
      '{n} has {a} {o} and {m} has {b} {o}. How many {o} do they have together?',
      'There are {a} {o} in a box. {n} puts in {b} more {o}. How many {o} are in the box?',
      '{n} found {a} {o} on Monday and {b} {o} on Tuesday. How many {o} did {n} find?',
      '{n} read {a} pages yesterday and {b} pages today. How many pages is that?',
    ],
    '-': [
      '{n} has {a} {o}. {n} gives {b} to {m}. How many {o} does {n} have left?',
      'There were {a} {o}. {n} took {b} of them. How many {o} are left?',
      '{n} has {a} {o}. {m} has {b} {o}. How many more {o} does {n} have than {m}?',
      'A book has {a} pages. {n} has read {b} pages. How many pages are left?',
      '{a} people are on a bus. {b} get off. How many people are still on the bus?',
    ],
    '×': [
      'There are {a} boxes with {b} {o} in each. How many {o} are there?',
      '{n} has {a} bags. Each bag has {b} {o}. How many {o} does {n} have?',
      'There are {a} rows of {b} {o}. How many {o} are there in all?',
      'Each child gets {a} {o}. There are {b} children. How many {o} are needed?',
    ],
    '÷': [
      '{n} shares {a} {o} among {b} children. How many does each child get?',
      '{a} {o} are shared equally by {b} friends. How many does each one get?',
      '{n} divides {a} {o} into {b} equal groups. How many are in each group?',
    ],
  },
  ko: {
    '+': [
      '{n|은} {o|을} {a}{c} 가지고 있어요. {m|이} {b}{c|을} 더 주었어요. {n|이} 가진 {o|은} 모두 몇 {c}일까요?',
      '상자에 {o|이} {a}{c} 있어요. {b}{c|을} 더 넣으면 모두 몇 {c}예요?',
      '{n|은} 어제 {o} {a}{c|을} 모으고 오늘 {b}{c|을} 모았어요. 모두 몇 {c|을} 모았나요?',
      '{n|이} 책을 어제 {a}쪽, 오늘 {b}쪽 읽었어요. 모두 몇 쪽을 읽었나요?',
    ],
    '-': [
      '{n|은} {o|을} {a}{c} 가지고 있어요. {m}에게 {b}{c|을} 주면 몇 {c|이} 남을까요?',
      '{o|이} {a}{c} 있었어요. 그중 {b}{c|을} 썼어요. 남은 {o|은} 몇 {c}인가요?',
      '{a}쪽짜리 책을 {b}쪽까지 읽었어요. 몇 쪽이 남았나요?',
      '버스에 {a}명이 타고 있었는데 {b}명이 내렸어요. 지금 몇 명이 타고 있을까요?',
    ],
    '×': [
      '상자가 {a}개 있고 상자마다 {o|이} {b}{c}씩 들어 있어요. {o|은} 모두 몇 {c}일까요?',
      '{n|은} {o|을} 하루에 {a}{c}씩 모아요. {b}일 동안 몇 {c|을} 모을까요?',
      '한 줄에 {a}명씩 {b}줄로 섰어요. 모두 몇 명일까요?',
    ],
    '÷': [
      '{o} {a}{c|을} {b}명이 똑같이 나누면 한 명이 몇 {c}씩 가질까요?',
      '{o} {a}{c|을} {b}개의 상자에 똑같이 나누어 담으면 한 상자에 몇 {c}일까요?',
    ],
  },
};

function fill(template, slots) {
  return template.replace(/\{(\w)(?:\|(.))?\}/g, (_, slot, particle) =>
    particle ? withParticle(slots[slot], particle) : String(slots[slot]),
  );
}

/** The text of a word problem (problems.js), in 'en' or 'ko'. */
export function tellStory({ expression, story }, language) {
  const { operator, operands } = expression;
  const names = NAMES[language];
  const things = THINGS[language];
  const templates = STORIES[language][operator];
  const first = story % names.length;
  const second = (first + 1 + ((story >> 4) % (names.length - 1))) % names.length;
  const thing = things[(story >> 3) % things.length];
  const [o, c] = language === 'ko' ? thing : [thing, ''];
  const template = templates[(story >> 7) % templates.length];
  const [a, b] = operands;
  return fill(template, { a, b, n: names[first], m: names[second], o, c });
}
