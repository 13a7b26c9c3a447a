/* What the tutor may say besides arithmetic: all that it was taught to say (tools/tutor/talk.py), and nothing else. A
 * page for children does not show free text of a model. */
import { withParticle } from './particles.js';

const SUM_MAX = 9999;

const TALK = [
  'Hello! I am your maths tutor. Give me a sum.',
  'You are welcome! Shall we do another one?',
  'I am a little maths tutor. I live in this page and I work without the network.',
  'I can add, subtract, multiply, divide, compare and order numbers, and check your answers.',
  'Goodbye! You worked well today.',
  'Good! Give me the next sum.',
  'You can do it, step by step. Let us try one together.',
  '안녕하세요! 저는 수학 선생님이에요. 문제를 내 주세요.',
  '천만에요! 하나 더 해 볼까요?',
  '저는 작은 수학 선생님이에요. 이 화면 안에 살고 인터넷 없이 일해요.',
  '더하기, 빼기, 곱하기, 나누기, 비교, 순서, 그리고 답 확인을 할 수 있어요.',
  '안녕히 가세요! 오늘 잘했어요.',
  '좋아요! 다음 문제를 내 주세요.',
  '할 수 있어요. 하나씩 같이 해 봐요.',
];

/* Refusals that fit what is no single sum, or one in words. */
const OUTSIDE = [
  'I only know numbers. Ask me a sum, please.',
  'I only know whole numbers.',
  'One step at a time, please. Give me two numbers.',
  '저는 숫자만 알아요. 계산 문제를 내 주세요.',
  '저는 자연수만 알아요.',
  '한 번에 하나씩 해요. 두 수만 주세요.',
];

/* Refusals with a reason, and whether a sum { operator, operands, total } has it. */
const REASONS = [
  {
    texts: [
      'That number is too big for me. I go up to 9999.',
      '그 수는 너무 커요. 저는 9999까지 알아요.',
    ],
    isFor: ({ operands, total }) => [...operands, total ?? 0].some((number) => number > SUM_MAX),
  },
  {
    texts: ['Nobody can share by 0.', '0으로는 나눌 수 없어요.'],
    isFor: ({ operator, operands }) => operator === '÷' && operands[1] === 0,
  },
  {
    texts: [
      'That is too big for me. I multiply up to 99 by a number up to 10.',
      '너무 큰 곱셈이에요. 저는 99까지의 수에 10까지 곱해요.',
    ],
    isFor: ({ operator }) => operator === '×',
  },
  {
    texts: [
      'I only divide up to 999 by a number from 1 to 9.',
      '저는 999까지의 수를 1부터 9까지로만 나눠요.',
    ],
    isFor: ({ operator }) => operator === '÷',
  },
];

const belowZero = (a, b) => [
  `${a} is less than ${b}. I do not go below zero yet.`,
  `${withParticle(a, '은')} ${b}보다 작아요. 저는 아직 0보다 작은 수를 몰라요.`,
];

/** Whether a tutor declines the expression (null: a question in words) in these words. */
function isKnownRefusal(text, expression) {
  const [a, b] = text.match(/\d+/g) ?? [];
  const isBelow = Number(a) < Number(b) && belowZero(a, b).includes(text);
  if (expression === null)
    return isBelow || OUTSIDE.includes(text) || REASONS.some(({ texts }) => texts.includes(text));
  if (isBelow)
    return expression.operator === '-' && expression.operands.join() === [a, b].map(Number).join();
  return REASONS.some(({ texts, isFor }) => texts.includes(text) && isFor(expression));
}

/** Whether the tutor may say this; `form`: 'talk' or 'refusal'; what was asked: an expression, or null. */
export function isKnownTalk(form, text, expression) {
  return form === 'talk' ? TALK.includes(text) : isKnownRefusal(text, expression);
}
