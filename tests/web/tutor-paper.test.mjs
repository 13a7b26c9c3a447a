/* demo/tutor/paper.js: what is drawn agrees at every step with the tutor's lines (arithmetic.js), and ends in the
 * result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSteps, solve } from '../../demo/tutor/arithmetic.js';
import { cellsAt, paperOf, rowsAt } from '../../demo/tutor/paper.js';
import { describePaper } from '../../demo/tutor/paper-view.js';
import { makeRandom } from '../../demo/tutor/problems.js';
import { formatExpression } from '../../demo/tutor/steps.js';
import { WORDS } from '../../demo/tutor/words.js';

const RESULT_KINDS = ['result', 'quiet'];
const ROUNDS = 400;

/** Expressions of a sign, of all sizes. */
function draw(operator, count = ROUNDS) {
  const random = makeRandom(operator.codePointAt(0));
  return Array.from({ length: count }, () => {
    const size = 10 ** random.between(1, 4);
    let [a, b] = [random.below(size), random.below(10 ** random.between(1, 4))];
    if (operator === '-' && a < b) [a, b] = [b, a];
    if (operator === '×') [a, b] = [random.between(11, 99), random.between(1, 10)];
    if (operator === '÷') [a, b] = [random.below(1000), random.between(1, 9)];
    return { operator, operands: [a, b] };
  });
}

/** The number in the row of the result, of what is written at a step. */
function resultAt(paper, step, row) {
  const cells = cellsAt(paper, step).filter(
    (cell) => cell.row === row && RESULT_KINDS.includes(cell.kind),
  );
  const text = cells.sort((one, other) => one.column - other.column).map((cell) => cell.text);
  return text.length > 0 ? Number(text.join('')) : undefined;
}

const RESULT_ROWS = { '+': 3, '-': 3, '×': 5, '÷': 0 };

for (const operator of ['+', '-', '×', '÷'])
  test(`${operator}: as many steps as lines, nothing of the result before, all of it at the end`, () => {
    for (const expression of draw(operator)) {
      const paper = paperOf(expression);
      const name = formatExpression(expression);
      const row = RESULT_ROWS[operator];
      assert.equal(paper.steps, deriveSteps(expression).length, name);
      assert.equal(resultAt(paper, 0, row), undefined, name);
      assert.equal(resultAt(paper, paper.steps, row), solve(expression).answer, name);
      for (const cell of paper.cells) {
        assert.ok(cell.row >= 0 && cell.row < paper.rows, name);
        assert.ok(cell.column >= 0 && cell.column < paper.columns, name);
        assert.ok(cell.from <= paper.steps, name);
      }
    }
  });

test('what a line says to write is written at its step', () => {
  for (const expression of [...draw('+'), ...draw('-')]) {
    const paper = paperOf(expression);
    for (const [idx, line] of deriveSteps(expression).entries()) {
      const written = /Write (\d+)/.exec(line)[1];
      const isNew = (cell) => cell.from === idx + 1 && RESULT_KINDS.includes(cell.kind);
      const cells = cellsAt(paper, idx + 1).filter(isNew);
      assert.equal(cells.map(({ text }) => text).join(''), written, formatExpression(expression));
      const isCarry = cellsAt(paper, idx + 1).some(
        ({ kind, from }) => kind === 'small' && from === idx + 1,
      );
      if (expression.operator === '+') assert.equal(isCarry, line.includes('carry 1'), line);
    }
  }
});

test('borrowing crosses digits out and writes what becomes of them', () => {
  const paper = paperOf({ operator: '-', operands: [503, 178] });
  const small = (step) => rowsAt(paper, step).find(({ isSmall }) => isSmall)?.cells;
  const crossed = (step) =>
    cellsAt(paper, step)
      .filter(({ isCrossed }) => isCrossed)
      .map(({ text }) => text)
      .join('');
  assert.equal(small(0), undefined);
  assert.deepEqual([crossed(0), crossed(1), crossed(2), crossed(3)], ['', '3', '503', '503']);
  assert.deepEqual(
    small(3).map(({ text }) => text),
    ['4', '9', '13'],
  );
  /* A digit that lends, and then borrows itself: 4 becomes 3 and then 13. */
  const twice = paperOf({ operator: '-', operands: [543, 276] });
  const tens = [1, 2].map((step) => rowsAt(twice, step)[0].cells.at(-2).text);
  assert.deepEqual(tens, ['3', '13']);
});

test('the digit above a column is what the line calculates with', () => {
  for (const expression of draw('-')) {
    const paper = paperOf(expression);
    for (const [idx, line] of deriveSteps(expression).entries()) {
      const [, top] = /(\d+) - \d+ = \d+\. Write/.exec(line);
      const column = paper.columns - 1 - idx;
      const cells = cellsAt(paper, idx + 1).filter((cell) => cell.column === column);
      const shown = cells.find(({ row }) => row === 0) ?? cells.find(({ row }) => row === 1);
      assert.equal(shown.text, top, `${formatExpression(expression)}: ${line}`);
    }
  }
});

test('long division ends in the remainder; a leading zero is quiet', () => {
  for (const expression of draw('÷')) {
    const paper = paperOf(expression);
    const { remainder } = solve(expression);
    const rest = paper.cells.filter(({ kind }) => kind === 'remainder');
    const hasWork = expression.operands[0] >= expression.operands[1];
    const name = formatExpression(expression);
    if (remainder === 0 || !hasWork) assert.equal(rest.length, 0, name);
    else assert.equal(Number(rest.map(({ text }) => text).join('')), remainder, name);
  }
  const paper = paperOf({ operator: '÷', operands: [612, 7] });
  const quotient = cellsAt(paper, 3).filter(({ row }) => row === 0);
  assert.deepEqual(
    quotient.map(({ text, kind }) => text + kind),
    ['0quiet', '8result', '7result'],
  );
});

test('a times table grows by a row of squares a step', () => {
  const paper = paperOf({ operator: '×', operands: [7, 8] });
  assert.equal(paper.steps, 8);
  for (let step = 0; step <= 8; step++) {
    const squares = cellsAt(paper, step).filter(({ kind }) => kind === 'square');
    assert.equal(squares.length, 7 * step);
  }
  assert.equal(paperOf({ operator: '×', operands: [7, 0] }), null);
});

test('a missing number: the sum turned around, a step later', () => {
  const missing = { operator: '+', operands: [null, 28], total: 73 };
  const paper = paperOf(missing);
  assert.equal(paper.steps, deriveSteps(missing).length);
  assert.equal(cellsAt(paper, 0).length, 0);
  assert.equal(resultAt(paper, paper.steps, 3), 45);
});

test('comparing marks the columns of its lines', () => {
  for (const [a, b] of [
    [347, 374],
    [99, 100],
    [5, 5],
    [4001, 4000],
  ]) {
    const expression = { operator: 'compare', operands: [a, b] };
    assert.equal(paperOf(expression).steps, deriveSteps(expression).length, `${a} ? ${b}`);
  }
  assert.equal(paperOf({ operator: 'ascending', operands: [3, 1, 2] }), null);
});

test('for screen readers the paper is read row by row', () => {
  const paper = paperOf({ operator: '-', operands: [52, 17] });
  assert.equal(
    describePaper(paper, 2, WORDS.en),
    'Squared paper. Small digits above: 4 12. 5 crossed out 2 crossed out. minus 1 7. 3 5.',
  );
  assert.match(describePaper(paper, 2, WORDS.ko), /지운 5 지운 2\. 빼기 1 7\. 3 5\.$/);
  const table = paperOf({ operator: '×', operands: [7, 8] });
  assert.equal(describePaper(table, 3, WORDS.en), 'Squared paper. 3 rows of 7 squares. 21.');
});
