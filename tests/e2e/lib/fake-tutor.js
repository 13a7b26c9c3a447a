/* Stands in for the package on the tutor's page: an Engine that answers as a model would that has learnt the grammar of
 * tools/tutor/GRAMMAR.md, or as `globalThis.fakeTutor` of the page wants it:
 *
 *   { fails }      EngineError code with which the model does not load
 *   { reply }      (last message, right answer) → the text to answer instead
 *   { isSlow }     answers only when globalThis.fakeTutor.go() is called
 *
 * What was asked is in globalThis.asked. */
import { deriveSteps, solve } from '../../../demo/tutor/arithmetic.js';
import { hintFor, slipFor, whyFor } from '../../../demo/tutor/remarks.js';
import { formatExpression, parseExpression } from '../../../demo/tutor/steps.js';

const KOREAN = [
  [/^Ones:/, '일의 자리:'],
  [/^Tens:/, '십의 자리:'],
  [/^Hundreds:/, '백의 자리:'],
  [/^Thousands:/, '천의 자리:'],
  [/^Digits:/, '자릿수:'],
  [/^Split:/, '가르기:'],
  [/^Add:/, '더하기:'],
  [/^Turn around:/, '거꾸로:'],
  [/^Answer:/, '답:'],
  [/^Well done!$/, '잘했어요!'],
  [/^Check:/, '확인:'],
  [/^Slip:/, '실수:'],
  [/^Hint:/, '힌트:'],
  [/^Why:/, '이유:'],
  [/Write (\d+), carry 1\./, '$1을 쓰고 1을 올려요.'],
  [/Write (\d+)\./, '$1을 써요.'],
  [/borrow 10\./g, '10을 빌려요.'],
  [/ remainder /g, ' 나머지 '],
];

const toKorean = (line) => KOREAN.reduce((text, [from, to]) => text.replace(from, to), line);

function resultOf(expression) {
  const { answer, remainder } = solve(expression);
  if (expression.operator === 'compare') return expression.operands.join(` ${answer} `);
  return remainder > 0 ? `${answer} remainder ${remainder}` : [answer].flat().join(', ');
}

/** The sum in a question: an expression, or the first two numbers of a story with a sign of its words. */
function sumOf(text) {
  const bare = parseExpression(text);
  if (bare) return bare;
  const numbers = text.match(/\d+/g)?.map(Number) ?? [];
  if (numbers.length < 2) return null;
  const signs = [
    [/left|gives \d+ to|더 많나요|남/, '-'],
    [/each|rows|마다|씩 모아|줄로/, '×'],
    [/shares|shared|groups|똑같이/, '÷'],
  ];
  const operator = signs.find(([words]) => words.test(text))?.[1] ?? '+';
  return { operator, operands: numbers.slice(0, 2) };
}

const TASKS = {
  Solve: 'solve',
  풀이: 'solve',
  Hint: 'hint',
  힌트: 'hint',
  Check: 'check',
  확인: 'check',
};

function checkLines(expression, given, language) {
  const right = resultOf(expression);
  if (given === right) return [`Check: ${given} = ${right}`, 'Well done!'];
  const [answer, remainder = 0] = given.match(/\d+/g).map(Number);
  const slip = slipFor(expression, { answer, remainder }, language);
  return [`Check: ${given} ≠ ${right}`, `Slip: ${slip}`];
}

function answerTo(messages, language) {
  const last = messages.at(-1).content;
  if (/^(Why\?|왜요\?)$/.test(last)) {
    const asked = messages[0].content.replace(/^\S+: /, '');
    return [asked, `Why: ${whyFor(parseExpression(asked), language)}`];
  }
  if (/hello/i.test(last)) return ['Hello! I am your maths tutor. Give me a sum.'];
  const [, word, rest] = /^(\S+): (.*)$/s.exec(last) ?? [];
  const task = TASKS[word] ?? 'solve';
  const [sum, given] = task === 'check' ? rest.split(' = ') : [TASKS[word] ? rest : last];
  const expression = sumOf(sum);
  if (expression === null) return ['Sorry: I only know numbers. Ask me a sum, please.'];
  const first = formatExpression(expression, language);
  const steps = deriveSteps(expression);
  if (steps === undefined)
    return [first, 'Sorry: That is too big for me. I multiply up to 99 by a number up to 10.'];
  if (task === 'hint') return [first, `Hint: ${hintFor(expression, language)}`];
  const isCheck = task === 'check';
  const check = isCheck
    ? checkLines(expression, given.replace('나머지', 'remainder'), language)
    : [];
  return [first, ...steps, ...check, `Answer: ${resultOf(expression)}`];
}

globalThis.asked = [];

async function complete({ messages }, { signal } = {}) {
  const last = messages.at(-1).content;
  globalThis.asked.push(last);
  const { reply, isSlow } = globalThis.fakeTutor ?? {};
  if (isSlow)
    await new Promise((go, stop) => {
      globalThis.fakeTutor.go = go;
      signal?.addEventListener('abort', () => stop(new EngineError('PHI_ECANCELED', 'cancelled')));
    });
  const isKorean = messages.some(({ content }) => /[가-힣]/.test(content));
  const right = answerTo(messages, isKorean ? 'ko' : 'en')
    .map((line) => (isKorean ? toKorean(line) : line))
    .join('\n');
  const content = reply?.(last, right) ?? right;
  return { choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }] };
}

export class EngineError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Engine {
  chat = { completions: { create: complete } };

  static async create() {
    const { fails } = globalThis.fakeTutor ?? {};
    if (fails) throw new EngineError(fails, 'the fake model does not load');
    return new Engine();
  }

  static async probe() {
    return { variant: 'fake', reason: 'for tests' };
  }

  async destroy() {
    this.chat = undefined;
  }
}

export const models = { list: async () => [], known: async () => [] };
