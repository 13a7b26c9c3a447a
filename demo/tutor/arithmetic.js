/* The school's arithmetic, step by step, in the tutor's English lines (tools/tutor/GRAMMAR.md): what a right answer
 * says.
 *
 * An expression is { operator, operands } with operator + - × ÷ compare ascending descending; `total` is there when a
 * number is missing (null in operands). All numbers are whole, 0 to 9 999 999. */

const PLACES = [
  'Ones',
  'Tens',
  'Hundreds',
  'Thousands',
  'Ten thousands',
  'Hundred thousands',
  'Millions',
];

const digitAt = (n, column) => Math.floor(n / 10 ** column) % 10;
const nDigits = (n) => String(n).length;

function addColumns(a, b) {
  const lines = [];
  const n = Math.max(nDigits(a), nDigits(b));
  let carry = 0;
  for (let column = 0; column < n; column++) {
    const [x, y] = [digitAt(a, column), digitAt(b, column)];
    const sum = x + y + carry;
    const left = `${PLACES[column]}: ${x} + ${y}${carry ? ' + 1' : ''} = ${sum}.`;
    carry = sum > 9 && column < n - 1 ? 1 : 0;
    lines.push(`${left} Write ${carry ? `${sum - 10}, carry 1` : sum}.`);
  }
  return lines;
}

function subtractColumns(a, b) {
  const lines = [];
  let hasLent = false;
  for (let column = 0; column < nDigits(a); column++) {
    let top = digitAt(a, column);
    const bottom = digitAt(b, column);
    let line = `${PLACES[column]}: `;
    let lends = false;
    if (hasLent && top === 0) {
      line += '0 < 1, borrow 10. 10 - 1 = 9. ';
      top = 9;
      lends = true;
    } else if (hasLent) {
      line += `${top} - 1 = ${top - 1}. `;
      top -= 1;
    }
    if (top < bottom) {
      line += `${top} < ${bottom}, borrow 10. `;
      top += 10;
      lends = true;
    }
    lines.push(`${line}${top} - ${bottom} = ${top - bottom}. Write ${top - bottom}.`);
    hasLent = lends;
  }
  return lines;
}

function multiply(a, b) {
  if (a <= 10 && b <= 10) {
    const counts = b === 0 ? [0] : Array.from({ length: b }, (_, i) => i + 1);
    return counts.map((i) => `${a} × ${i} = ${a * i}`);
  }
  const [long, short] = a > 10 ? [a, b] : [b, a];
  const ones = long % 10;
  const tens = long - ones;
  return [
    `Split: ${long} = ${tens} + ${ones}`,
    `${tens} × ${short} = ${tens * short}`,
    `${ones} × ${short} = ${ones * short}`,
    `Add: ${tens * short} + ${ones * short}`,
    ...addColumns(tens * short, ones * short),
  ];
}

function divide(a, b) {
  let rest = 0;
  return Array.from({ length: nDigits(a) }, (_, i) => {
    const column = nDigits(a) - 1 - i;
    const part = rest * 10 + digitAt(a, column);
    const q = Math.floor(part / b);
    rest = part - q * b;
    return `${PLACES[column]}: ${part} ÷ ${b}. ${q} × ${b} = ${q * b}. ${part} - ${q * b} = ${rest}. Write ${q}.`;
  });
}

const sign = (a, b) => (a < b ? '<' : a > b ? '>' : '=');

const compareLine = (name, x, y) => `${name}: ${x}, ${y}: ${x} ${sign(x, y)} ${y}.`;

function compare(a, b) {
  const lines = [compareLine('Digits', nDigits(a), nDigits(b))];
  if (nDigits(a) !== nDigits(b)) return lines;
  for (let column = nDigits(a) - 1; column >= 0; column--) {
    const [x, y] = [digitAt(a, column), digitAt(b, column)];
    lines.push(compareLine(PLACES[column], x, y));
    if (x !== y) break;
  }
  return lines;
}

function order(numbers, isAscending) {
  const lines = [];
  let left = [...numbers];
  while (left.length > 0) {
    let [best, ...rest] = left;
    const comparisons = [];
    for (const next of rest) {
      comparisons.push(`${best} ${sign(best, next)} ${next}`);
      if (isAscending ? next < best : next > best) best = next;
    }
    const at = left.indexOf(best);
    left = left.filter((_, i) => i !== at);
    const first = comparisons.length > 0 ? `${comparisons.join(', ')}. ` : '';
    lines.push(`${first}Take ${best}.${left.length > 0 ? ` Left: ${left.join(', ')}.` : ''}`);
  }
  return lines;
}

/** The expression whose value is the missing number; undefined when there is no whole one of zero or more. */
export function turnAround({ operator, operands: [a, b], total }) {
  const isFirst = a === null;
  const known = isFirst ? b : a;
  const turned = {
    '+': ['-', total, known],
    '-': isFirst ? ['+', total, known] : ['-', known, total],
    '×': ['÷', total, known],
    '÷': isFirst ? ['×', total, known] : ['÷', known, total],
  }[operator];
  if (!turned) return undefined;
  const expression = { operator: turned[0], operands: [turned[1], turned[2]] };
  const value = solve(expression);
  return value === undefined || value.remainder > 0 ? undefined : expression;
}

/** { answer, remainder } (answer: a number, a list when ordering, a sign when comparing); undefined: no such value. */
export function solve(expression) {
  const { operator, operands } = expression;
  if (expression.total !== undefined) {
    const turned = turnAround(expression);
    return turned && solve(turned);
  }
  const [a, b] = operands;
  switch (operator) {
    case '+':
      return { answer: a + b, remainder: 0 };
    case '-':
      return a < b ? undefined : { answer: a - b, remainder: 0 };
    case '×':
      return { answer: a * b, remainder: 0 };
    case '÷':
      return b === 0 ? undefined : { answer: Math.floor(a / b), remainder: a % b };
    case 'compare':
      return { answer: sign(a, b), remainder: 0 };
    default: {
      const up = operands.toSorted((x, y) => x - y);
      return { answer: operator === 'ascending' ? up : up.toReversed(), remainder: 0 };
    }
  }
}

/** The lines between the expression and the answer; undefined when the tutor has no way to work it out. */
export function deriveSteps(expression) {
  if (solve(expression) === undefined) return undefined;
  const { operator, operands } = expression;
  if (expression.total !== undefined) {
    const turned = turnAround(expression);
    const [a, b] = turned.operands;
    const steps = deriveSteps(turned);
    return steps && [`Turn around: ${a} ${turned.operator} ${b}`, ...steps];
  }
  const [a, b] = operands;
  switch (operator) {
    case '+':
      return addColumns(a, b);
    case '-':
      return subtractColumns(a, b);
    case '×':
      return Math.min(a, b) <= 10 && Math.max(a, b) <= 99 ? multiply(a, b) : undefined;
    case '÷':
      return b <= 9 ? divide(a, b) : undefined;
    case 'compare':
      return compare(a, b);
    default:
      return order(operands, operator === 'ascending');
  }
}
