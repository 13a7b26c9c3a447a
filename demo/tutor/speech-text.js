/* A line of the tutor as it is read aloud: signs become words, in English and Korean. */

/* Numbers whose Korean reading ends in a consonant: 0 (영, 십, 백), 1, 3, 6, 7, 8. */
const CLOSED_DIGITS = '013678';

const topic = (number) => (CLOSED_DIGITS.includes(number.at(-1)) ? '은' : '는');
const subject = (number) => (CLOSED_DIGITS.includes(number.at(-1)) ? '이' : '가');

const SIGNS = {
  en: [
    [/□/g, 'what'],
    [/(\d+) remainder (\d+)/g, '$1, remainder $2'],
    [/ ?\+ ?/g, ' plus '],
    [/(?<=[\d□] ?)[-−] ?(?=\w)/g, ' minus '],
    [/ ?× ?/g, ' times '],
    [/ ?÷ ?/g, ' divided by '],
    [/ ?= ?/g, ' equals '],
    [/ ?≠ ?/g, ' is not '],
    [/ ?< ?/g, ' is less than '],
    [/ ?> ?/g, ' is more than '],
    [/(\d+) \? (\d+)/g, '$1 or $2'],
  ],
  ko: [
    [/□/g, '얼마'],
    [/ ?\+ ?/g, ' 더하기 '],
    [/(?<=[\d마] ?)[-−] ?(?=[\d얼])/g, ' 빼기 '],
    [/ ?× ?/g, ' 곱하기 '],
    [/ ?÷ ?/g, ' 나누기 '],
    [/(\d+) ?= ?/g, (_, number) => `${number}${topic(number)} `],
    [/ ?= ?/g, '는 '],
    [/(\d+) ?≠ ?(\d+)/g, (_, a, b) => `${a}${topic(a)} ${b}${subject(b)} 아니에요`],
    [/(\d+) ?< ?(\d+)/g, (_, a, b) => `${a}${topic(a)} ${b}보다 작아요`],
    [/(\d+) ?> ?(\d+)/g, (_, a, b) => `${a}${topic(a)} ${b}보다 커요`],
    [/(\d+) \? (\d+)/g, '$1, $2'],
  ],
};

export function spoken(text, language) {
  const read = SIGNS[language].reduce(
    (line, [sign, words]) => line.replace(sign, words),
    text.replaceAll('\u00a0', ' '),
  );
  return read.replace(/\s+/g, ' ').trim();
}
