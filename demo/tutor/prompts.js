/* What the page sends to the tutor, and what it reads out of a child's line (tools/tutor/GRAMMAR.md, "What a page
 * sends"). */
import { formatExpression, parseExpression } from './steps.js';

const QUESTION_MAX = 300;

const TASK_WORDS = {
  en: { solve: 'Solve', hint: 'Hint', check: 'Check', why: 'Why?', remainder: 'remainder' },
  ko: { solve: '풀이', hint: '힌트', check: '확인', why: '왜요?', remainder: '나머지' },
};

/* Signs as children and keyboards write them → the one that the tutor reads. */
const SPELLINGS = [
  [/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0)],
  [/(?<=\d),(?=\d{3}(?!\d))/g, ''],
  [/[−–—]/g, '-'],
  [/\s*(?:\btimes\b|곱하기|[*·xX✕✖])\s*/g, ' × '],
  [/\s*(?:\bdivided by\b|나누기|[/:])\s*(?=[\d□?])/g, ' ÷ '],
  [/\s*(?:\bplus\b|더하기)\s*/g, ' + '],
  [/\s*(?:\bminus\b|빼기)\s*/g, ' - '],
  [/[_▢⬜]/g, '□'],
  [/\s*([-+×÷=?□<>])\s*/g, ' $1 '],
  [/\s+/g, ' '],
];

function spell(line) {
  return SPELLINGS.reduce((text, [pattern, to]) => text.replace(pattern, to), line).trim();
}

/** The expression of a line that is nothing but a sum ("347+285", "7 x 8 = ?", "? + 28 = 73", "347 ? 374"), in any
 *  usual spelling; null for everything else, which the tutor itself has to read. */
export function readSum(line) {
  if (line.length > QUESTION_MAX) return null;
  const text = spell(line);
  const compared = /^(\d+) [<>?] (\d+)$/.exec(text);
  if (compared) return parseExpression(`${compared[1]} ? ${compared[2]}`);
  const isAsked = /^\d+ [-+×÷] \d+(?: =)?(?: [?□])?$/.test(text);
  if (isAsked) return parseExpression(text.replace(/(?: =)?(?: [?□])?$/, ''));
  return parseExpression(text.replace('?', '□')) ?? parseExpression(line);
}

/** An expression with its signs as they are printed. */
export function printExpression(expression, language) {
  return formatExpression(expression, language).replaceAll('-', '−');
}

export function solvePrompt(expression, language) {
  return `${TASK_WORDS[language].solve}: ${formatExpression(expression, language)}`;
}

export function hintPrompt(expression, language) {
  return `${TASK_WORDS[language].hint}: ${formatExpression(expression, language)}`;
}

/** `given`: { answer, remainder } of the child. */
export function formatGiven({ answer, remainder }, language) {
  return remainder > 0
    ? `${answer} ${TASK_WORDS[language].remainder} ${remainder}`
    : String(answer);
}

export function checkPrompt(expression, given, language) {
  const sum = formatExpression(expression, language);
  return `${TASK_WORDS[language].check}: ${sum} = ${formatGiven(given, language)}`;
}

export const whyPrompt = (language) => TASK_WORDS[language].why;

/** The same sum asked in a sentence: for the second attempt. */
export function otherWording(expression, language) {
  const sum = formatExpression(expression, language);
  return language === 'ko' ? `${sum}를 풀어 주세요` : `What is ${sum}?`;
}

/** Whether the tutor checks answers to it. */
export function isCheckable({ operator, total }) {
  return '+-×÷'.includes(operator) && total === undefined;
}
