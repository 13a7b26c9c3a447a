/* Whether an answer of the model may be shown to the child who asked. parseAnswer has compared steps and results with
 * the arithmetic; here the rest is looked at: that it answers what was asked, and that hints, reasons and small talk
 * claim nothing false. What is doubtful is not shown.
 *
 * A request is { task, expression, text, given }: task 'solve', 'hint', 'check' or 'why'; expression null when the
 * child wrote a question in words, then `text`; given { answer, remainder } for a check. */
import { deriveSteps, solve } from './arithmetic.js';
import { formatGiven } from './prompts.js';
import { formatExpression } from './steps.js';
import { isKnownTalk } from './talk.js';

const SENTENCE_MAX = 240;
const EVERYDAY_NUMBERS = ['0', '1', '2', '10', '100', '1000'];
const COLUMN =
  /^(Ones|Tens|Hundreds|Thousands|Ten thousands|[일십백천만]의 자리): (\d+) ≠ (\d+)\. ?/;
const PLACES = {
  Ones: 0,
  Tens: 1,
  Hundreds: 2,
  Thousands: 3,
  'Ten thousands': 4,
  '일의 자리': 0,
  '십의 자리': 1,
  '백의 자리': 2,
  '천의 자리': 3,
  '만의 자리': 4,
};

const numbersIn = (text) => text.match(/\d+/g) ?? [];

/** The same sum, or one with the same meaning: 3 + 4 for 4 + 3. */
export function isSameSum(one, other) {
  if (formatExpression(one) === formatExpression(other)) return true;
  const isCommuting = (one.operator === '+' || one.operator === '×') && one.total === undefined;
  if (!isCommuting || one.operator !== other.operator || other.total !== undefined) return false;
  return one.operands[0] === other.operands[1] && one.operands[1] === other.operands[0];
}

const EQUATION = /(?<!\d)\d{1,7}(?: ?[-+×÷] ?\d{1,7})+ ?= ?\d{1,7}/g;
const COMPARISON = /(?<![-+×÷] ?|\d)(\d{1,7}) ([<>≠]) (\d{1,7})(?! ?[-+×÷])/g;

/** What "4 + 8 + 1" makes; undefined for what is no simple sum: a longer one with × or ÷, one below zero. */
function evaluate(sum) {
  const [first, ...rest] = sum.split(/ ?([-+×÷]) ?/);
  if (rest.length > 2 && /[×÷]/.test(sum)) return undefined;
  let value = Number(first);
  for (let idx = 0; idx < rest.length; idx += 2) {
    const operands = [value, Number(rest[idx + 1])];
    const solution = solve({ operator: rest[idx], operands });
    if (solution === undefined || solution.remainder > 0) return undefined;
    value = solution.answer;
  }
  return value;
}

/** A statement such as "7 + 5 = 13" or "3 > 8" somewhere in the text that does not hold. */
export function hasFalseClaim(text) {
  for (const [equation] of text.matchAll(EQUATION)) {
    const [sum, result] = equation.split('=');
    if (evaluate(sum.trim()) !== Number(result)) return true;
  }
  for (const [, left, sign, right] of text.matchAll(COMPARISON)) {
    const [a, b] = [Number(left), Number(right)];
    if (!{ '<': a < b, '>': a > b, '≠': a !== b }[sign]) return true;
  }
  return false;
}

/** One plain sentence or two of the tutor's languages: no markup, no addresses, no loose bytes. */
function isPlain(text) {
  const isWords = /^[\p{Script=Latin}\p{Script=Hangul}\d\s.,:;!?'’"“”()□+\-×÷=<>≠~…]+$/u.test(text);
  return text.length <= SENTENCE_MAX && isWords && /[.!?…)]$/.test(text) && !/(\S)\1{4}/.test(text);
}

/** Numbers that an explanation of this sum has reason to name, as text. */
function numbersOf(expression, given) {
  const lines = [formatExpression(expression), ...(deriveSteps(expression) ?? [])];
  if (given) lines.push(formatGiven(given, 'en'));
  const named = numbersIn(lines.join(' '));
  const answer = solve(expression)?.answer;
  return new Set([
    ...EVERYDAY_NUMBERS,
    ...named,
    ...named.join(''),
    ...numbersIn(String(answer ?? '')),
  ]);
}

function findNoteFault(note, { expression, given }) {
  if (!isPlain(note)) return 'not a plain sentence';
  if (hasFalseClaim(note)) return 'a false claim';
  const allowed = numbersOf(expression, given);
  const stray = numbersIn(note).find((number) => !allowed.has(number));
  return stray === undefined ? undefined : `${stray} is not of this sum`;
}

/** A hint must not be the answer; one that is a digit of the sum anyway gives nothing away. */
function findHintFault(request, [step, ...more]) {
  if (step?.kind !== 'hint' || more.length > 0) return 'not one hint';
  const { answer } = solve(request.expression) ?? {};
  const isTold =
    typeof answer === 'number' && answer > 10 && numbersIn(step.note).includes(String(answer));
  const isAsked = numbersIn(formatExpression(request.expression)).includes(String(answer));
  return isTold && !isAsked ? 'the hint tells the answer' : findNoteFault(step.note, request);
}

const digitAt = (number, place) => Math.floor(number / 10 ** place) % 10;

/** { place, rest } of a slip's "Tens: 2 ≠ 3. You forgot …"; place is null when it names no column. */
export function readSlip(note) {
  const found = COLUMN.exec(note);
  if (found === null) return { place: null, rest: note };
  return { place: PLACES[found[1]], rest: note.slice(found[0].length) };
}

function findSlipFault({ given, expression }, note) {
  const found = COLUMN.exec(note);
  if (found) {
    const place = PLACES[found[1]];
    const isTrue =
      digitAt(given.answer, place) === Number(found[2]) &&
      digitAt(solve(expression).answer, place) === Number(found[3]);
    if (!isTrue) return 'the slip is in another column';
  }
  return findNoteFault(note, { given, expression });
}

function findCheckFault(request, steps) {
  const check = steps.find(({ kind }) => kind === 'check')?.note ?? '';
  const { answer, remainder } = request.given;
  const [named, restNamed = '0'] = numbersIn(check.split(/[=≠]/)[0]);
  if (Number(named) !== answer || Number(restNamed) !== remainder)
    return 'it checks another answer';
  const slip = steps.find(({ kind }) => kind === 'slip');
  return slip ? findSlipFault(request, slip.note) : undefined;
}

/** Within what the tutor was taught for certain: it has no reason to decline. */
function isTaught(expression) {
  const solution = solve(expression);
  if (solution === undefined || deriveSteps(expression) === undefined) return false;
  const { operator, operands, total } = expression;
  const most = operator === '÷' || total !== undefined ? 999 : 9999;
  const numbers = [...operands, total ?? 0, solution.answer].flat();
  return numbers.every((number) => typeof number !== 'number' || number <= most);
}

/** Operands of a sum that the tutor made out of words are numbers of those words, where there are enough. */
function isFromText(expression, text) {
  const named = numbersIn(text.replace(/(?<=\d),(?=\d{3})/g, '')).map(Number);
  const used = expression.operands.filter((operand) => operand !== null);
  return named.length < used.length || used.every((operand) => named.includes(operand));
}

function findSolveFault(request, answer) {
  const { expression, text } = request;
  if (answer.form === 'solve') {
    if (!answer.isConsistent) return answer.fault;
    if (expression) return isSameSum(answer.expression, expression) ? undefined : 'another sum';
    return isFromText(answer.expression, text)
      ? undefined
      : 'numbers that the question does not have';
  }
  if (answer.form !== 'refusal' && answer.form !== 'talk')
    return `a ${answer.form} was not asked for`;
  return findTalkFault(expression, answer);
}

/** Small talk is no answer to a sum; a refusal is, where the sum may be too hard. */
function findTalkFault(expression, { form, steps }) {
  if (expression && (form === 'talk' || isTaught(expression))) return 'the sum was not answered';
  const said = steps.map((step) => step.note ?? step.text).join(' ');
  return isKnownTalk(form, said) ? undefined : 'nothing that the tutor was taught to say';
}

/** Why the answer may not be shown; undefined when it may. */
export function findFault(request, answer) {
  if (request.task === 'solve') return findSolveFault(request, answer);
  if (answer.form === 'refusal') return findTalkFault(request.expression, answer);
  if (answer.form !== request.task) return `${request.task} was asked for, not ${answer.form}`;
  if (!answer.isConsistent) return answer.fault;
  if (!answer.expression || !isSameSum(answer.expression, request.expression)) return 'another sum';
  if (request.task === 'hint') return findHintFault(request, answer.steps);
  if (request.task === 'check') return findCheckFault(request, answer.steps);
  const [step, ...more] = answer.steps;
  if (step?.kind !== 'why' || more.length > 0) return 'not one reason';
  return findNoteFault(step.note, request);
}
