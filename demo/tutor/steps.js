/* Reads an answer of the tutor (tools/tutor/GRAMMAR.md) and checks each line against the arithmetic.
 *
 * What comes out of a model may be anything: parseAnswer takes any text, never throws, and its time is bounded by
 * TEXT_MAX. */
import { deriveSteps, solve } from './arithmetic.js';

const TEXT_MAX = 4000;
const NUMBER = '(\\d{1,7})';
const OPERATIONS = '+-×÷';

/* Korean lines are read as English ones: the steps are the same. */
const TRANSLATIONS = [
  [/^일의 자리:/, 'Ones:'],
  [/^십의 자리:/, 'Tens:'],
  [/^백의 자리:/, 'Hundreds:'],
  [/^천의 자리:/, 'Thousands:'],
  [/^자릿수:/, 'Digits:'],
  [/^가르기:/, 'Split:'],
  [/^더하기:/, 'Add:'],
  [/^거꾸로:/, 'Turn around:'],
  [/^결과:/, 'Result:'],
  [/^확인:/, 'Check:'],
  [/^실수:/, 'Slip:'],
  [/^힌트:/, 'Hint:'],
  [/^이유:/, 'Why:'],
  [/^미안해요:/, 'Sorry:'],
  [/^잘했어요!$/, 'Well done!'],
  [/^답:/, 'Answer:'],
  [/(\d+) 나머지 (\d+)/g, '$1 remainder $2'],
  [/(\d+)[을를] 쓰고 1을 올려요\./, 'Write $1, carry 1.'],
  [/(\d+)[을를] 써요\./, 'Write $1.'],
  [/10을 빌려요\./g, 'borrow 10.'],
  [/(\d+)[을를] 골라요\./, 'Take $1.'],
  [/남은 수:/, 'Left:'],
  [/: 작은 수부터$/, ': small to big'],
  [/: 큰 수부터$/, ': big to small'],
];
const COLUMNS = ['Ones', 'Tens', 'Hundreds', 'Thousands'];
const KINDS = { Split: 'split', Add: 'add', 'Turn around': 'turn', Digits: 'compare' };
const NOTES = {
  Hint: 'hint',
  Why: 'why',
  Sorry: 'refusal',
  Check: 'check',
  Slip: 'slip',
  Result: 'result',
};

function toEnglish(line) {
  return TRANSLATIONS.reduce((text, [pattern, to]) => text.replace(pattern, to), line);
}

/** Line 1: `347 + 285`, `347 ? 374`, `□ + 28 = 73`, `52, 17, 38: small to big`; null for anything else. */
export function parseExpression(text) {
  const line = toEnglish(text.trim());
  const plain = line.match(new RegExp(`^${NUMBER} ([-+×÷?]) ${NUMBER}$`));
  if (plain) {
    const operator = plain[2] === '?' ? 'compare' : plain[2];
    return { operator, operands: [Number(plain[1]), Number(plain[3])] };
  }
  const missing = line.match(new RegExp(`^(□|${NUMBER}) ([-+×÷]) (□|${NUMBER}) = ${NUMBER}$`));
  if (missing && (missing[1] === '□') !== (missing[4] === '□')) {
    const operands = [missing[1], missing[4]].map((at) => (at === '□' ? null : Number(at)));
    return { operator: missing[3], operands, total: Number(missing[6]) };
  }
  const list = line.match(/^(\d{1,7}(?:, \d{1,7}){1,9}): (small to big|big to small)$/);
  if (!list) return null;
  const operator = list[2] === 'small to big' ? 'ascending' : 'descending';
  return { operator, operands: list[1].split(', ').map(Number) };
}

/** The canonical line of an expression, in "en" or "ko": what a page sends after `Solve: `. */
export function formatExpression({ operator, operands, total }, language = 'en') {
  if (OPERATIONS.includes(operator)) {
    const [a, b] = operands.map((operand) => operand ?? '□');
    return `${a} ${operator} ${b}${total === undefined ? '' : ` = ${total}`}`;
  }
  if (operator === 'compare') return operands.join(' ? ');
  const words =
    language === 'ko'
      ? { ascending: '작은 수부터', descending: '큰 수부터' }
      : { ascending: 'small to big', descending: 'big to small' };
  return `${operands.join(', ')}: ${words[operator]}`;
}

/** What there is to draw in one column: digits from the top, what was written, carried, lent and borrowed. */
function readColumn(name, body) {
  const column = COLUMNS.indexOf(name);
  const written = body.match(/Write (\d+)(, carry 1)?\./);
  const rest = { column, ...(written && { write: Number(written[1]) }) };
  const sum = body.match(/^(\d+) \+ (\d+)( \+ 1)? = (\d+)\./);
  if (sum) {
    const digits = [Number(sum[1]), Number(sum[2])];
    const carries = { carryIn: sum[3] ? 1 : 0, carry: written?.[2] ? 1 : 0 };
    return { kind: 'add-column', ...rest, digits, ...carries, result: Number(sum[4]) };
  }
  const division = body.match(/^(\d+) ÷ (\d+)\. (\d+) × \d+ = (\d+)\. \d+ - \d+ = (\d+)\./);
  if (division) {
    const [part, divisor, quotient, product, left] = division.slice(1).map(Number);
    return { kind: 'divide-column', ...rest, digits: [part, divisor], quotient, product, left };
  }
  const comparison = body.match(/^\d, \d: (\d) ([<>=]) (\d)\.$/);
  if (comparison) {
    const digits = [Number(comparison[1]), Number(comparison[3])];
    return { kind: 'compare-column', column, digits, sign: comparison[2] };
  }
  const difference = body.match(/(\d+) - (\d+) = (\d+)\. Write \d+\.$/);
  if (!difference) return { kind: 'other', column };
  const [top, bottom, result] = difference.slice(1).map(Number);
  const lent = body.match(/^(\d) - 1 = \d\. |^0 < 1, borrow 10\. /);
  const borrow = body.includes('borrow 10') ? 10 : 0;
  return {
    kind: 'subtract-column',
    ...rest,
    digits: [top, bottom],
    lends: lent ? 1 : 0,
    borrow,
    result,
  };
}

function readStep(text, line) {
  const named = line.match(/^([A-Z][a-z ]{2,12}): (.+)$/);
  if (named && COLUMNS.includes(named[1])) return { ...readColumn(named[1], named[2]), text };
  if (named && Object.hasOwn(KINDS, named[1])) return { kind: KINDS[named[1]], text };
  if (named && Object.hasOwn(NOTES, named[1]))
    return { kind: NOTES[named[1]], text, note: text.slice(text.indexOf(':') + 2) };
  if (line === 'Well done!') return { kind: 'praise', text };
  const product = line.match(/^(\d+) × (\d+) = (\d+)$/);
  if (product) {
    const [a, b, result] = product.slice(1).map(Number);
    return { kind: 'product', text, digits: [a, b], result };
  }
  const taken = line.match(/(?:^|\. )Take (\d+)\./);
  if (taken) return { kind: 'take', text, result: Number(taken[1]) };
  return { kind: 'other', text };
}

const isNote = ({ kind }) =>
  ['hint', 'why', 'refusal', 'result', 'check', 'slip', 'praise'].includes(kind);

function formatResult(expression) {
  const { answer, remainder } = solve(expression);
  if (expression.operator === 'compare') return expression.operands.join(` ${answer} `);
  if (Array.isArray(answer)) return answer.join(', ');
  return remainder > 0 ? `${answer} remainder ${remainder}` : String(answer);
}

/** { answer, remainder?, unit? } of the text behind `Answer: `. */
function readAnswer(text, expression) {
  if (expression?.operator === 'compare') {
    const found = text.match(/^\d{1,7} ([<>=]) \d{1,7}$/);
    return found ? { answer: found[1] } : { answer: null };
  }
  if (/^\d{1,7}(, \d{1,7})+$/.test(text)) return { answer: text.split(', ').map(Number) };
  const divided = text.match(/^(\d{1,7}) remainder (\d{1,7})$/);
  if (divided) return { answer: Number(divided[1]), remainder: Number(divided[2]) };
  const number = text.match(/^(\d{1,7})(?: ?([^\d\s.,:=+×÷<>][^\d.,:=+×÷<>]{0,30}))?$/);
  if (!number) return { answer: null };
  return { answer: Number(number[1]), ...(number[2] && { unit: number[2] }) };
}

function findFormFault({ lines, answerText, steps }, expression) {
  const wanted = deriveSteps(expression);
  if (!wanted) return 'this expression has no steps';
  const shown = lines.filter((_, i) => !isNote(steps[i]));
  for (let i = 0; i < Math.max(wanted.length, shown.length); i++)
    if (shown[i] !== wanted[i])
      return `step ${i + 1}: expected "${wanted[i] ?? 'no more steps'}", got "${shown[i] ?? 'nothing'}"`;
  const right = formatResult(expression);
  const unit = OPERATIONS.includes(expression.operator)
    ? readAnswer(answerText, expression).unit
    : undefined;
  const bare = unit ? answerText.slice(0, answerText.length - unit.length).trim() : answerText;
  if (bare !== right) return `answer: expected "${right}", got "${answerText}"`;
  return findCheckFault({ lines, steps }, right);
}

/** `Check: 522 ≠ 632` must say the right answer and the right sign, and be followed by what the sign asks for. */
function findCheckFault({ lines, steps }, right) {
  const at = steps.findIndex(({ kind }) => kind === 'check');
  if (at < 0) return steps.some(isNote) ? 'a note without its check' : undefined;
  const check = lines[at].match(/^Check: (.{1,40}) ([=≠]) (.{1,40})$/);
  if (check?.[3] !== right) return `check: expected the answer ${right}, got "${lines[at]}"`;
  const isRight = check[1] === right;
  if (isRight !== (check[2] === '=')) return `check: the sign is wrong in "${lines[at]}"`;
  const results = steps.filter(({ kind }) => kind === 'result');
  if (results.length > 0 && lines[at - 1] !== `Result: ${right}`)
    return `check: expected "Result: ${right}" in front of it, got "${lines[at - 1]}"`;
  if (at !== steps.length - 2 || steps.filter(isNote).length !== 2 + results.length)
    return 'check: expected one check and one remark after the steps';
  const next = steps[at + 1]?.kind;
  return next === (isRight ? 'praise' : 'slip') ? undefined : `check: followed by ${next}`;
}

function readForm(steps, hasAnswer) {
  const kinds = new Set(steps.map(({ kind }) => kind));
  for (const form of ['check', 'hint', 'why', 'refusal']) if (kinds.has(form)) return form;
  return hasAnswer ? 'solve' : 'talk';
}

function read(text) {
  const language = /[가-힣]/.test(text) ? 'ko' : 'en';
  const raw = text.trim().split('\n');
  const expression = parseExpression(raw[0]);
  const rawSteps = expression ? raw.slice(1) : raw;
  const lines = rawSteps.map(toEnglish);
  const hasAnswer = lines.at(-1)?.startsWith('Answer: ') ?? false;
  const answerText = hasAnswer ? lines.pop().slice('Answer: '.length) : '';
  const steps = lines.map((line, i) => readStep(rawSteps[i], line));
  const form = readForm(steps, hasAnswer);
  const answered = hasAnswer ? readAnswer(answerText, expression) : { answer: null };
  const isWorked = form === 'solve' || form === 'check';
  let fault;
  if (isWorked && !hasAnswer) fault = 'there is no answer';
  else if (isWorked && !expression) fault = 'the first line is not an expression';
  else if (isWorked) fault = findFormFault({ lines, answerText, steps }, expression);
  const isConsistent = fault === undefined;
  return { language, form, expression, steps, ...answered, isConsistent, ...(fault && { fault }) };
}

/** The answer in parts. See steps.d.ts for the shape; `fault` says in words what is wrong. */
export function parseAnswer(text) {
  if (typeof text !== 'string' || text.length > TEXT_MAX) {
    const fault = `an answer is a text of at most ${TEXT_MAX} characters`;
    const nothing = { language: 'en', form: 'talk', expression: null, steps: [], answer: null };
    return { ...nothing, isConsistent: false, fault };
  }
  return read(text);
}
