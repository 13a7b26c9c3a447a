/* A line of the tutor as it is read aloud: signs become words, in English and Korean. */

import { withParticle } from './particles.js';

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
    [/(\d+) ?= ?/g, (_, number) => `${withParticle(number, '은')} `],
    [/ ?= ?/g, '는 '],
    [/(\d+) ?≠ ?(\d+)/g, (_, a, b) => `${withParticle(a, '은')} ${withParticle(b, '이')} 아니에요`],
    [/(\d+) ?< ?(\d+)/g, (_, a, b) => `${withParticle(a, '은')} ${b}보다 작아요`],
    [/(\d+) ?> ?(\d+)/g, (_, a, b) => `${withParticle(a, '은')} ${b}보다 커요`],
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
