/* Problems of the practice sets. A set follows from (kind, level, seed) alone, so a reload makes the same one again.
 *
 * A problem is { kind, expression, story }: the expression is one of arithmetic.js with '+', '-', '×' or '÷'; `story`
 * picks the wording of a word problem (stories.js) and is null for a bare sum. All are within what the tutor was
 * taught. */

export const KINDS = ['plus', 'minus', 'tables', 'times', 'divide', 'mixed', 'words'];
export const SET_SIZE = 10;
export const LEVEL_MAX = 5;
/* Few different sums exist at the lowest levels; after so many draws a set may repeat one. */
const DRAWS_MAX = 60;

/** A small generator (mulberry32): the same numbers in every browser. `seed`: any integer. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (count) => next() % count;
  return {
    below,
    /** Both ends belong to it. */
    between: (least, most) => least + below(most - least + 1),
    pick: (list) => list[below(list.length)],
  };
}

const digitsOf = (number) => [...String(number)].reverse().map(Number);

/** How many columns of a + b carry. */
export function countCarries(a, b) {
  const [above, below] = [digitsOf(a), digitsOf(b)];
  let carry = 0;
  let count = 0;
  for (let idx = 0; idx < Math.max(above.length, below.length); idx++) {
    carry = (above[idx] ?? 0) + (below[idx] ?? 0) + carry >= 10 ? 1 : 0;
    count += carry;
  }
  return count;
}

/** How many columns of a - b borrow; a >= b. */
export function countBorrows(a, b) {
  return countCarries(a - b, b);
}

/** Draws until it fits; every rule here accepts at least a tenth of its draws. */
function drawUntil(draw, fits) {
  for (;;) {
    const drawn = draw();
    if (fits(drawn)) return drawn;
  }
}

function drawPlus(random, level) {
  const draws = [
    () => ({ a: random.between(1, 9), b: random.between(1, 9) }),
    () => ({ a: random.between(11, 89), b: random.between(2, 59) }),
    () => ({ a: random.between(13, 89), b: random.between(13, 89) }),
    () => ({ a: random.between(112, 899), b: random.between(25, 899) }),
    () => ({ a: random.between(1024, 7999), b: random.between(125, 4999) }),
  ];
  const fits = [
    () => true,
    ({ a, b }) => countCarries(a, b) === 0,
    ({ a, b }) => countCarries(a, b) > 0,
    ({ a, b }) => a + b <= 1200,
    ({ a, b }) => a + b <= 9999,
  ];
  const { a, b } = drawUntil(draws[level - 1], fits[level - 1]);
  return { operator: '+', operands: [a, b] };
}

function drawMinus(random, level) {
  const draws = [
    () => ({ a: random.between(3, 18), b: random.between(1, 9) }),
    () => ({ a: random.between(14, 99), b: random.between(2, 88) }),
    () => ({ a: random.between(21, 98), b: random.between(4, 89) }),
    () => ({ a: random.between(130, 999), b: random.between(25, 899) }),
    () => ({ a: random.between(1200, 9999), b: random.between(125, 8999) }),
  ];
  const fits = [
    ({ a, b }) => a >= b && a - b <= 9,
    ({ a, b }) => a > b && countBorrows(a, b) === 0,
    ({ a, b }) => a > b && countBorrows(a, b) > 0,
    ({ a, b }) => a > b,
    ({ a, b }) => a > b,
  ];
  const { a, b } = drawUntil(draws[level - 1], fits[level - 1]);
  return { operator: '-', operands: [a, b] };
}

const TABLES = [
  [2, 5, 10],
  [2, 3, 4, 5, 10],
  [3, 4, 6],
  [6, 7, 8, 9],
  [2, 3, 4, 5, 6, 7, 8, 9, 10],
];

function drawTables(random, level) {
  const pair = [random.pick(TABLES[level - 1]), random.between(level < 5 ? 1 : 3, 10)];
  return { operator: '×', operands: random.below(2) === 0 ? pair : pair.reverse() };
}

const TIMES = [
  { a: [11, 19], b: [2, 4] },
  { a: [12, 34], b: [2, 5] },
  { a: [13, 59], b: [3, 6] },
  { a: [23, 99], b: [3, 9] },
  { a: [46, 99], b: [6, 9] },
];

function drawTimes(random, level) {
  const { a, b } = TIMES[level - 1];
  const drawn = drawUntil(
    () => random.between(...a),
    (number) => number % 10 !== 0,
  );
  return { operator: '×', operands: [drawn, random.between(...b)] };
}

function drawDivide(random, level) {
  const divisor = random.between(2, level === 1 ? 5 : 9);
  const over = (quotient, remainder) => ({
    operator: '÷',
    operands: [divisor * quotient + remainder, divisor],
  });
  if (level <= 2) return over(random.between(1, 10), 0);
  if (level === 3) return over(random.between(1, 9), random.between(1, divisor - 1));
  const quotient =
    level === 4
      ? random.between(10, Math.max(10, Math.floor(99 / divisor) - 1))
      : random.between(Math.ceil(101 / divisor), Math.floor(989 / divisor) - 1);
  return over(quotient, random.below(divisor));
}

/** Word problems have numbers of a child's world: two digits, division without remainder. */
function drawStorySum(random, level) {
  const operators = [
    ['+', '-'],
    ['+', '-'],
    ['+', '-', '×'],
    ['+', '-', '×', '÷'],
    ['+', '-', '×', '÷'],
  ];
  const operator = random.pick(operators[level - 1]);
  if (operator === '+') return drawPlus(random, Math.min(level, 3));
  if (operator === '-') return drawMinus(random, Math.min(level, 3));
  const [a, b] = [random.between(2, 9), random.between(2, level === 5 ? 9 : 6)];
  return { operator, operands: [operator === '×' ? a : a * b, b] };
}

const DRAWS = {
  plus: drawPlus,
  minus: drawMinus,
  tables: drawTables,
  times: drawTimes,
  divide: drawDivide,
  words: drawStorySum,
};

function drawProblem(random, kind, level) {
  const bare =
    level < 3 ? ['plus', 'minus', 'tables'] : ['plus', 'minus', 'tables', 'times', 'divide'];
  const drawn = kind === 'mixed' ? random.pick(bare) : kind;
  const expression = DRAWS[drawn](random, level);
  return { kind: drawn, expression, story: drawn === 'words' ? random.below(1 << 16) : null };
}

const keyOf = ({ expression }) => expression.operands.join(expression.operator);

/** SET_SIZE problems of a kind; level 1 to LEVEL_MAX. Different sums as far as the level has them. */
export function makeSet(kind, level, seed) {
  const random = makeRandom(seed);
  const problems = [];
  const keys = new Set();
  for (let draws = 0; problems.length < SET_SIZE; draws++) {
    const problem = drawProblem(random, kind, level);
    if (keys.has(keyOf(problem)) && draws < DRAWS_MAX) continue;
    keys.add(keyOf(problem));
    problems.push(problem);
  }
  return problems;
}
