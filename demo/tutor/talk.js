/* What the tutor may say besides arithmetic: all that it was taught to say (tools/tutor/talk.py), and nothing else. A
 * page for children does not show free text of a model. In a sentence '#' stands for a number. */
const SENTENCES = {
  talk: [
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
  ],
  refusal: [
    'I only know numbers. Ask me a sum, please.',
    '# is less than #. I do not go below zero yet.',
    'Nobody can share by 0.',
    'That number is too big for me. I go up to 9999.',
    'I only know whole numbers.',
    'One step at a time, please. Give me two numbers.',
    'That is too big for me. I multiply up to 99 by a number up to 10.',
    'I only divide up to 999 by a number from 1 to 9.',
    '저는 숫자만 알아요. 계산 문제를 내 주세요.',
    '#은 #보다 작아요. 저는 아직 0보다 작은 수를 몰라요.',
    '#는 #보다 작아요. 저는 아직 0보다 작은 수를 몰라요.',
    '0으로는 나눌 수 없어요.',
    '그 수는 너무 커요. 저는 9999까지 알아요.',
    '저는 자연수만 알아요.',
    '한 번에 하나씩 해요. 두 수만 주세요.',
    '너무 큰 곱셈이에요. 저는 99까지의 수에 10까지 곱해요.',
    '저는 999까지의 수를 1부터 9까지로만 나눠요.',
  ],
};

/** Whether a tutor says this; `form`: 'talk' or 'refusal'. "# is less than #" must be true, too. */
export function isKnownTalk(form, text) {
  if (SENTENCES[form].includes(text)) return true;
  const [a, b] = text.match(/\d+/g) ?? [];
  const isLess = /is less than|보다 작아요/.test(text) && Number(a) < Number(b);
  const shape = text.replace(/\d+/, '#').replace(/\d+/, '#');
  return form === 'refusal' && isLess && SENTENCES.refusal.includes(shape);
}
