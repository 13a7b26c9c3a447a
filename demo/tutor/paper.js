/* A sum as it stands on squared paper, and at which step of the tutor's explanation each mark appears.
 *
 *        1                 4 13
 *      3 4 7             3 5̶ 3̶               2 1
 *    + 2 8 5           -   2 8           4 ) 8 7
 *    ───────           ───────               8
 *      6 3 2           3 2 5                 ...
 *
 * A paper is { columns, rows, cells, rules, bracket, marks, steps }, steps being how many there are. Places count
 * from 0, from the top left. A cell is { row, column, text, kind, from, until?, crossedFrom? }: there at step s when
 * from <= s < until. Kinds: 'given', 'operator', 'small' (carried or changed digits), 'result', 'working', 'quiet'
 * (zeros that nobody writes), 'remainder', 'square' (of a times table) and 'count'. A rule { row, first, last, from }
 * lies under its row. The steps are those of tools/tutor/GRAMMAR.md, one a line.
 *
 * This is the page's own arithmetic: it is drawn only beside steps that were checked against the same. */
import { turnAround } from './arithmetic.js';

const digitsOf = (number) => [...String(number)];

/** Digits in squares so that the last stands in `last`. */
function writeNumber(number, row, last, rest) {
  const digits = digitsOf(number);
  return digits.map((text, idx) => ({
    row,
    column: last - digits.length + 1 + idx,
    text,
    ...rest,
  }));
}

const digitAt = (number, place) => Math.floor(number / 10 ** place) % 10;

/** Carries and result of a sum by columns: step `before` + 1 does the ones. */
function addCells(a, b, { last, carryRow, resultRow, before }) {
  const cells = [];
  const places = Math.max(digitsOf(a).length, digitsOf(b).length);
  let carry = 0;
  for (let place = 0; place < places; place++) {
    const sum = digitAt(a, place) + digitAt(b, place) + carry;
    const from = before + place + 1;
    const isLast = place === places - 1;
    carry = sum > 9 && !isLast ? 1 : 0;
    if (carry)
      cells.push({ row: carryRow, column: last - place - 1, text: '1', kind: 'small', from });
    const written = isLast ? sum : sum % 10;
    cells.push(...writeNumber(written, resultRow, last - place, { kind: 'result', from }));
  }
  return { cells, steps: before + places };
}

function additionPaper(a, b) {
  const width = digitsOf(a + b).length;
  const { cells, steps } = addCells(a, b, { last: width, carryRow: 0, resultRow: 3, before: 0 });
  const given = { kind: 'given', from: 0 };
  return {
    columns: width + 1,
    rows: 4,
    cells: [
      ...writeNumber(a, 1, width, given),
      { row: 2, column: 0, text: '+', kind: 'operator', from: 0 },
      ...writeNumber(b, 2, width, given),
      ...cells,
    ],
    rules: [{ row: 2, first: 0, last: width, from: 0 }],
    steps,
  };
}

/** What becomes of the upper digit of one column: [{ text, from }], in order of time, and whether it borrows. */
function changedDigit({ top, bottom, hasLent, step }) {
  const changes = [];
  let value = top;
  let borrows = false;
  if (hasLent && top === 0) {
    value = 9;
    borrows = true;
    changes.push({ text: '9', from: step });
  } else if (hasLent) {
    value = top - 1;
    changes.push({
      text: String(value),
      from: step - 1,
    }); /* crossed out when its neighbour borrows */
  }
  if (value < bottom) {
    value += 10;
    borrows = true;
    changes.push({ text: String(value), from: step });
  }
  return { changes, borrows, result: value - bottom };
}

function subtractionPaper(a, b) {
  const width = digitsOf(a).length;
  const given = { kind: 'given', from: 0 };
  const upper = writeNumber(a, 1, width, given);
  const cells = [];
  const results = [];
  let hasLent = false;
  for (let place = 0; place < width; place++) {
    const step = place + 1;
    const column = width - place;
    const digit = { top: digitAt(a, place), bottom: digitAt(b, place), hasLent, step };
    const { changes, borrows, result } = changedDigit(digit);
    for (const [idx, { text, from }] of changes.entries()) {
      const until = changes[idx + 1]?.from;
      cells.push({ row: 0, column, text, kind: 'small', from, ...(until && { until }) });
    }
    if (changes.length > 0) upper[column - 1].crossedFrom = changes[0].from;
    results.push({ row: 3, column, text: String(result), kind: 'result', from: step });
    hasLent = borrows;
  }
  const zeros = width - digitsOf(a - b).length;
  for (const cell of results.slice(width - zeros)) cell.kind = 'quiet';
  return {
    columns: width + 1,
    rows: 4,
    cells: [
      ...upper,
      { row: 2, column: 0, text: '−', kind: 'operator', from: 0 },
      ...writeNumber(b, 2, width, given),
      ...cells,
      ...results,
    ],
    rules: [{ row: 2, first: 0, last: width, from: 0 }],
    steps: width,
  };
}

/** Two digits times one: the tens' product, the ones' product, their sum (steps: split, tens, ones, add, columns). */
function timesPaper(long, short) {
  const tens = (long - (long % 10)) * short;
  const ones = (long % 10) * short;
  const last = digitsOf(tens + ones).length;
  const sum = addCells(tens, ones, { last, carryRow: 2, resultRow: 5, before: 4 });
  const given = { kind: 'given', from: 0 };
  return {
    columns: last + 1,
    rows: 6,
    cells: [
      ...writeNumber(long, 0, last, given),
      { row: 1, column: 0, text: '×', kind: 'operator', from: 0 },
      ...writeNumber(short, 1, last, given),
      ...writeNumber(tens, 3, last, { kind: 'working', from: 2 }),
      ...writeNumber(ones, 4, last, { kind: 'working', from: 3 }),
      { row: 4, column: 0, text: '+', kind: 'operator', from: 4 },
      ...sum.cells,
    ],
    rules: [
      { row: 1, first: 0, last, from: 0 },
      { row: 4, first: 0, last, from: 4 },
    ],
    steps: sum.steps,
  };
}

/** A rectangle of squares, one row more each step, with the count so far at its end. */
function tablePaper(a, b) {
  const cells = [];
  for (let row = 0; row < b; row++) {
    const from = row + 1;
    for (let column = 0; column < a; column++)
      cells.push({ row, column, text: '', kind: 'square', from });
    cells.push({ row, column: a, text: String(a * from), kind: 'count', from });
  }
  return { columns: a + 1, rows: b, cells, rules: [], steps: b };
}

/** One digit of the quotient: what is written at this step, and where the work then stands. */
function divideDigit(state, { digits, divisor, idx }) {
  const { cells, rules } = state;
  const step = idx + 1;
  const column = idx + 1;
  const isLast = idx === digits.length - 1;
  const part = state.rest * 10 + Number(digits[idx]);
  const digit = Math.floor(part / divisor);
  const rest = part % divisor;
  if (state.row > 1) {
    const isRest = isLast && digit === 0 && rest > 0;
    const kind = isRest ? 'remainder' : 'working';
    cells.push({ row: state.row, column, text: digits[idx], kind, from: step });
  }
  const isLeading = !state.hasDigit && digit === 0 && !isLast;
  const kind = isLeading ? 'quiet' : 'result';
  cells.push({ row: 0, column, text: String(digit), kind, from: step });
  if (digit > 0) {
    const product = digit * divisor;
    const row = state.row + 1;
    cells.push(...writeNumber(product, row, column, { kind: 'working', from: step }));
    const first = column - digitsOf(part).length + 1;
    rules.push({ row, first, last: column, from: step });
    const restKind = isLast ? (rest > 0 ? 'remainder' : 'working') : rest > 0 ? 'working' : 'quiet';
    cells.push(...writeNumber(rest, row + 1, column, { kind: restKind, from: step }));
    state.row = row + 1;
  }
  state.rest = rest;
  state.hasDigit ||= digit > 0;
}

/** Long division by one digit, as it is taught: the quotient above, what is taken away below. */
function divisionPaper(dividend, divisor) {
  const digits = digitsOf(dividend);
  const given = { kind: 'given', from: 0 };
  const state = {
    cells: [
      { row: 1, column: 0, text: String(divisor), ...given },
      ...writeNumber(dividend, 1, digits.length, given),
    ],
    rules: [],
    rest: 0,
    row: 1,
    hasDigit: false,
  };
  for (let idx = 0; idx < digits.length; idx++) divideDigit(state, { digits, divisor, idx });
  const { cells, rules, row } = state;
  return {
    columns: digits.length + 1,
    rows: row + 1,
    cells,
    rules,
    bracket: { row: 1, first: 1, last: digits.length },
    steps: digits.length,
  };
}

/** Both numbers, one above the other; a mark lies on the column that a step compares. */
function comparisonPaper(a, b) {
  const width = Math.max(digitsOf(a).length, digitsOf(b).length);
  const given = { kind: 'given', from: 0 };
  const isSameLength = digitsOf(a).length === digitsOf(b).length;
  const marks = [];
  for (let column = 0; isSameLength && column < width; column++) {
    marks.push({ column, at: column + 2 });
    if (digitsOf(a)[column] !== digitsOf(b)[column]) break;
  }
  return {
    columns: width,
    rows: 2,
    cells: [...writeNumber(a, 0, width - 1, given), ...writeNumber(b, 1, width - 1, given)],
    rules: [],
    marks,
    steps: 1 + marks.length,
  };
}

/** The same paper, with everything a step later. */
function later(paper) {
  const shift = (mark) => ({
    ...mark,
    from: mark.from + 1,
    ...('until' in mark && { until: mark.until + 1 }),
    ...('crossedFrom' in mark && { crossedFrom: mark.crossedFrom + 1 }),
  });
  return {
    ...paper,
    cells: paper.cells.map(shift),
    rules: paper.rules.map(shift),
    ...(paper.bracket && { bracket: shift(paper.bracket) }),
    steps: paper.steps + 1,
  };
}

function barePaper(operator, [a, b]) {
  if (operator === '+') return additionPaper(a, b);
  if (operator === '-') return subtractionPaper(a, b);
  if (operator === '÷') return divisionPaper(a, b);
  if (operator === 'compare') return comparisonPaper(a, b);
  if (operator !== '×') return null;
  if (a <= 10 && b <= 10) return a > 0 && b > 0 ? tablePaper(a, b) : null;
  return timesPaper(Math.max(a, b), Math.min(a, b));
}

/** The paper of an expression (shape: arithmetic.js), which must have a value; null when it has none to draw (ordering,
 *  tables of zero). */
export function paperOf(expression) {
  if (expression.total !== undefined) {
    const turned = turnAround(expression);
    const paper = turned ? barePaper(turned.operator, turned.operands) : null;
    return paper && later({ ...paper, bracket: paper.bracket && { ...paper.bracket, from: 0 } });
  }
  return barePaper(expression.operator, expression.operands);
}

/** Cells that are there after a step, with `isCrossed`. Step 0: before the first. */
export function cellsAt(paper, step) {
  return paper.cells
    .filter(({ from, until = Number.POSITIVE_INFINITY }) => from <= step && step < until)
    .map((cell) => ({
      ...cell,
      isCrossed: (cell.crossedFrom ?? Number.POSITIVE_INFINITY) <= step,
    }));
}

/** The rows that a reader would see after a step, from the top: [{ isSmall, cells }], cells from the left; empty rows
 *  are left out. */
export function rowsAt(paper, step) {
  const rows = [];
  for (let row = 0; row < paper.rows; row++) {
    const cells = cellsAt(paper, step)
      .filter((cell) => cell.row === row)
      .sort((one, other) => one.column - other.column);
    if (cells.length > 0) rows.push({ isSmall: cells[0].kind === 'small', cells });
  }
  return rows;
}
