/* What a right tutor says beyond the steps: the hint for a sum, why it is done so, the slip in a child's answer. Each
 * follows from the numbers (tools/tutor/remarks.py says the same), so that a remark of the model can be compared.
 *
 * Expressions as in arithmetic.js; languages 'en' and 'ko'. */
import { solve, turnAround } from './arithmetic.js';
import { withParticle } from './particles.js';
import { formatExpression } from './steps.js';

const PLACES = {
  en: ['Ones', 'Tens', 'Hundreds', 'Thousands', 'Ten thousands'],
  ko: ['일의 자리', '십의 자리', '백의 자리', '천의 자리', '만의 자리'],
};
const PLACE_MAX = 4;
const TABLE_MAX = 10;

const digitAt = (number, place) => Math.floor(number / 10 ** place) % 10;
const lengthOf = (number) => String(number).length;
const particle = withParticle;

/** { top, bottom, hasIn, hasOut, equation } of each column of a sum, ones first. */
function addColumns(a, b) {
  const columns = [];
  let carry = 0;
  for (let place = 0; place < Math.max(lengthOf(a), lengthOf(b)); place++) {
    const [top, bottom] = [digitAt(a, place), digitAt(b, place)];
    const sum = top + bottom + carry;
    const equation = `${top} + ${bottom}${carry ? ' + 1' : ''} = ${sum}.`;
    columns.push({ top, bottom, hasIn: carry > 0, hasOut: sum > 9, equation });
    carry = sum > 9 ? 1 : 0;
  }
  return columns;
}

/** The same of a difference; hasIn: the column has lent, hasOut: it borrows. */
function subtractColumns(a, b) {
  const columns = [];
  let hasLent = false;
  for (let place = 0; place < lengthOf(a); place++) {
    const [top, bottom] = [digitAt(a, place), digitAt(b, place)];
    const isLentZero = hasLent && top === 0;
    const left = isLentZero ? 9 : top - (hasLent ? 1 : 0);
    const hasOut = left < bottom;
    const high = hasOut ? left + 10 : left;
    const equation = `${high} - ${bottom} = ${high - bottom}.`;
    columns.push({ top, bottom, hasIn: hasLent, hasOut, equation });
    hasLent = hasOut || isLentZero;
  }
  return columns;
}

/** Two digits times one, in either order, in parts. */
function splitProduct(a, b) {
  const [long, short] = a > TABLE_MAX ? [a, b] : [b, a];
  return { long, tens: long - (long % 10), ones: long % 10, short };
}

const isTable = (a, b) => a <= TABLE_MAX && b <= TABLE_MAX;

// ---- Hints -------------------------------------------------------------------------------------------------------

/** The first digits of the dividend that the divisor fits into. */
function firstPart(dividend, divisor) {
  for (let count = 1; count <= lengthOf(dividend); count++) {
    const part = Number(String(dividend).slice(0, count));
    if (part >= divisor) return part;
  }
  return dividend;
}

function compareHint(a, b, isEnglish) {
  const [n, m] = [lengthOf(a), lengthOf(b)];
  if (n !== m)
    return isEnglish ? `Count the digits: ${n} and ${m}.` : `자릿수를 세어 봐요: ${n}, ${m}.`;
  const [x, y] = [String(a)[0], String(b)[0]];
  return isEnglish
    ? `Compare from the left: first ${x} and ${y}.`
    : `왼쪽부터 비교해요: 먼저 ${particle(x, '과')} ${y}.`;
}

function timesHint(a, b, isEnglish) {
  if (isTable(a, b))
    return isEnglish ? `Count up by ${a}, ${b} times.` : `${a}씩 ${b}번 뛰어 세어 봐요.`;
  const { long, tens, ones, short } = splitProduct(a, b);
  const parts = [`${tens} × ${short}`, `${ones} × ${short}`];
  return isEnglish
    ? `${long} is ${tens} + ${ones}. Do ${parts.join(' and ')}, then add.`
    : `${particle(long, '은')} ${tens} + ${ones}. ${parts.join(', ')}, 그리고 더해요.`;
}

function columnHint(operator, { top, bottom, hasOut }, isEnglish) {
  const start = isEnglish ? 'Start with the ones:' : '일의 자리부터';
  const first = `${start} ${top} ${operator} ${bottom}.`;
  if (!hasOut) return first;
  if (operator === '+')
    return `${first} ${isEnglish ? 'Do not forget to carry.' : '받아올림을 잊지 마세요.'}`;
  return isEnglish
    ? `${first} ${top} is too small, so borrow 10.`
    : `${first} ${particle(top, '은')} 작으니까 10을 빌려요.`;
}

/** The hint for an expression that has a value. */
export function hintFor(expression, language) {
  const isEnglish = language === 'en';
  const { operator, operands } = expression;
  if (expression.total !== undefined) {
    const turned = formatExpression(turnAround(expression), language);
    return isEnglish ? `Turn it around: ${turned}.` : `거꾸로 생각해요: ${turned}.`;
  }
  const [a, b] = operands;
  switch (operator) {
    case '+':
      return columnHint('+', addColumns(a, b)[0], isEnglish);
    case '-':
      return columnHint('-', subtractColumns(a, b)[0], isEnglish);
    case '×':
      return timesHint(a, b, isEnglish);
    case '÷': {
      const part = firstPart(a, b);
      return isEnglish
        ? `How many times does ${b} fit into ${part}?`
        : `${part}에는 ${particle(b, '이')} 몇 번 들어갈까요?`;
    }
    case 'compare':
      return compareHint(a, b, isEnglish);
    default:
      return isEnglish
        ? `Compare ${a} and ${b} first.`
        : `먼저 ${particle(a, '과')} ${particle(b, '을')} 비교해요.`;
  }
}

// ---- Reasons -----------------------------------------------------------------------------------------------------

const REASONS = {
  en: {
    '+': 'We add ones to ones and tens to tens.',
    '-': 'We take ones from ones and tens from tens.',
    compare: 'The first different digit from the left decides.',
    ascending: 'Each time we take the smallest number.',
    descending: 'Each time we take the biggest number.',
    missing: 'The opposite operation brings us back to the missing number.',
  },
  ko: {
    '+': '일은 일끼리, 십은 십끼리 더해요.',
    '-': '일은 일끼리, 십은 십끼리 빼요.',
    compare: '왼쪽부터 처음으로 다른 숫자를 보면 알아요.',
    ascending: '매번 가장 작은 수를 골라요.',
    descending: '매번 가장 큰 수를 골라요.',
    missing: '반대로 계산하면 모르는 수가 나와요.',
  },
};

function timesReason(a, b, isEnglish) {
  if (isTable(a, b))
    return isEnglish
      ? `${a} × ${b} means ${a} taken ${b} times.`
      : `${a} × ${particle(b, '은')} ${particle(a, '을')} ${b}번 더한 거예요.`;
  const { long, tens, ones, short } = splitProduct(a, b);
  return isEnglish
    ? `${long} is ${tens} and ${ones}, so we take both ${short} times.`
    : `${particle(long, '은')} ${particle(tens, '과')} ${ones}, 그래서 둘 다 ${short}번 더해요.`;
}

function carryReason(total, isEnglish) {
  return isEnglish
    ? `10 ones make 1 ten. ${total} is 1 ten and ${total - 10} ones, so carry 1.`
    : `일이 10개면 십이 1개예요. ${particle(total, '은')} 10과 ${total - 10}, 그래서 1을 올려요.`;
}

function borrowReason(top, bottom, isEnglish) {
  return isEnglish
    ? `${top} is less than ${bottom}, so 1 ten becomes 10 ones.`
    : `${particle(top, '은')} ${bottom}보다 작아서 십 1개를 일 10개로 바꿔요.`;
}

/** Why an expression that has a value is done so. */
export function whyFor({ operator, operands, total }, language) {
  const isEnglish = language === 'en';
  if (total !== undefined) return REASONS[language].missing;
  const [a, b] = operands;
  if (operator === '×') return timesReason(a, b, isEnglish);
  if (operator === '÷')
    return isEnglish
      ? `Each line shares what is left by ${b}.`
      : `줄마다 남은 수를 ${particle(b, '로')} 나눠요.`;
  const columns = { '+': addColumns, '-': subtractColumns }[operator]?.(a, b);
  const { top, bottom, hasOut } = columns?.[0] ?? {};
  if (!hasOut) return REASONS[language][operator];
  return operator === '+'
    ? carryReason(top + bottom, isEnglish)
    : borrowReason(top, bottom, isEnglish);
}

// ---- Slips -------------------------------------------------------------------------------------------------------

const SLIPS = {
  en: {
    carry: () => 'You forgot the 1 you carried.',
    noCarry: () => 'There was no 1 to carry.',
    smaller: () => 'You took the smaller digit from the larger one.',
    lent: () => 'You borrowed 10, so take 1 away here.',
    again: (equation) => `Look again: ${equation}`,
    subtracted: () => 'You subtracted instead of adding.',
    added: () => 'You added instead of subtracting.',
    addedTimes: () => 'You added instead of multiplying.',
    few: (a) => `You counted one ${a} too few.`,
    many: (a) => `You counted one ${a} too many.`,
    part: (part) => `You forgot ${part}.`,
    place: ({ digit, long, tens }) => `The ${digit} in ${long} stands for ${tens}.`,
    noRest: (rest) => `You forgot the remainder ${rest}.`,
    bigRest: (b) => `The remainder must be smaller than ${b}.`,
    rest: () => 'Look at the remainder again.',
    quotient: (b) => `Count again how many times ${b} fits.`,
  },
  ko: {
    carry: () => '올린 1을 빠뜨렸어요.',
    noCarry: () => '올릴 1이 없었어요.',
    smaller: () => '큰 숫자에서 작은 숫자를 뺐어요.',
    lent: () => '10을 빌려줬으니 1을 빼야 해요.',
    again: (equation) => `다시 봐요: ${equation}`,
    subtracted: () => '더하지 않고 뺐어요.',
    added: () => '빼지 않고 더했어요.',
    addedTimes: () => '곱하지 않고 더했어요.',
    few: (a) => `${particle(a, '을')} 한 번 덜 셌어요.`,
    many: (a) => `${particle(a, '을')} 한 번 더 셌어요.`,
    part: (part) => `${particle(part, '을')} 빠뜨렸어요.`,
    place: ({ digit, long, tens }) =>
      `${long}의 ${particle(digit, '은')} ${particle(tens, '을')} 뜻해요.`,
    noRest: (rest) => `나머지 ${particle(rest, '을')} 빠뜨렸어요.`,
    bigRest: (b) => `나머지는 ${b}보다 작아야 해요.`,
    rest: () => '나머지를 다시 봐요.',
    quotient: (b) => `${particle(b, '이')} 몇 번 들어가는지 다시 세어 봐요.`,
  },
};

/** { place, wrong, wanted, said, detail }: the first wrong digit from the ones, and what went wrong in its column. */
function columnSlip(columns, isSum, given, right) {
  let place = 0;
  while (digitAt(given, place) === digitAt(right, place)) place++;
  const [wrong, wanted] = [digitAt(given, place), digitAt(right, place)];
  const slip = (said, detail) => ({
    place: Math.min(place, PLACE_MAX),
    wrong,
    wanted,
    said,
    detail,
  });
  const column = columns[place];
  if (column === undefined) return slip(wanted > 0 ? 'carry' : 'noCarry');
  const { hasIn, hasOut, top, bottom, equation } = column;
  const [below, above] = [(wanted + 9) % 10, (wanted + 1) % 10];
  if (isSum && hasIn && wrong === below) return slip('carry');
  if (isSum && place > 0 && !hasIn && wrong === above) return slip('noCarry');
  if (!isSum && hasOut && wrong === bottom - top) return slip('smaller');
  if (!isSum && hasIn && wrong === above) return slip('lent');
  return slip('again', equation);
}

function productSlip(a, b, given) {
  if (given === a + b) return { said: 'addedTimes' };
  if (isTable(a, b)) {
    if (given === a * (b - 1)) return { said: 'few', detail: a };
    if (given === a * (b + 1)) return { said: 'many', detail: a };
    return { said: 'again', detail: `${a} × ${b} = ${a * b}.` };
  }
  const { long, tens, ones, short } = splitProduct(a, b);
  if (given === tens * short) return { said: 'part', detail: `${ones} × ${short}` };
  if (given === ones * short) return { said: 'part', detail: `${tens} × ${short}` };
  const digit = tens / 10;
  if (given === (digit + ones) * short) return { said: 'place', detail: { digit, long, tens } };
  return columnSlip(addColumns(tens * short, ones * short), true, given, a * b);
}

function quotientSlip(expression, { answer, remainder }) {
  const right = solve(expression);
  const divisor = expression.operands[1];
  if (remainder >= divisor) return { said: 'bigRest', detail: divisor };
  if (answer !== right.answer) return { said: 'quotient', detail: divisor };
  return remainder > 0 ? { said: 'rest' } : { said: 'noRest', detail: right.remainder };
}

/** { place?, wrong?, wanted?, said, detail? } of a wrong answer { answer, remainder } to a sum with + - × ÷. */
function findSlip(expression, given) {
  const { operator, operands } = expression;
  const [a, b] = operands;
  const { answer } = given;
  if (operator === '÷') return quotientSlip(expression, given);
  if (operator === '×') return productSlip(a, b, answer);
  if (operator === '+' && answer === Math.abs(a - b)) return { said: 'subtracted' };
  if (operator === '-' && answer === a + b) return { said: 'added' };
  const isSum = operator === '+';
  const columns = isSum ? addColumns(a, b) : subtractColumns(a, b);
  return columnSlip(columns, isSum, answer, isSum ? a + b : a - b);
}

/** The slip as the tutor names it, of an answer that is not the right one. */
export function slipFor(expression, given, language) {
  const { place, wrong, wanted, said, detail } = findSlip(expression, given);
  const text = SLIPS[language][said](detail);
  return place === undefined ? text : `${PLACES[language][place]}: ${wrong} ≠ ${wanted}. ${text}`;
}

/** { place, rest } of a slip's text: the column that it names (0: ones; null: none), and the rest of it. */
export function readSlip(text) {
  const [start, place] = /^([^:]+): \d ≠ \d\. /.exec(text) ?? [];
  if (start === undefined) return { place: null, rest: text };
  const found = Math.max(PLACES.en.indexOf(place), PLACES.ko.indexOf(place));
  return { place: found, rest: text.slice(start.length) };
}
