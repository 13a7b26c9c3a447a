/* demo/tutor: practice sets follow from their seed and keep within what the tutor was taught; progress rises and falls
 * gently, and survives whatever is found in localStorage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSteps, solve } from '../../demo/tutor/arithmetic.js';
import { isRight, readGiven } from '../../demo/tutor/given.js';
import { withParticle } from '../../demo/tutor/particles.js';
import {
  countBorrows,
  countCarries,
  KINDS,
  LEVEL_MAX,
  makeRandom,
  makeSet,
  SET_SIZE,
} from '../../demo/tutor/problems.js';
import {
  addOutcome,
  beginSet,
  emptyProgress,
  formatProgress,
  ProgressStore,
  parseProgress,
} from '../../demo/tutor/progress.js';
import { tellStory } from '../../demo/tutor/stories.js';

const LEVELS = Array.from({ length: LEVEL_MAX }, (_, idx) => idx + 1);
const SEEDS = Array.from({ length: 60 }, (_, idx) => idx * 2_654_435_761);
const sumsOf = (kind, level) =>
  SEEDS.flatMap((seed) => makeSet(kind, level, seed)).map(({ expression }) => expression);

test('a set follows from its kind, level and seed', () => {
  for (const kind of KINDS) {
    const set = makeSet(kind, 3, 12_345);
    assert.equal(set.length, SET_SIZE);
    assert.deepEqual(makeSet(kind, 3, 12_345), set);
    assert.notDeepEqual(makeSet(kind, 3, 12_346), set);
  }
});

test('every problem has steps, an answer, and numbers that the tutor was taught', () => {
  for (const kind of KINDS)
    for (const level of LEVELS)
      for (const expression of sumsOf(kind, level)) {
        const { operator, operands } = expression;
        const [a, b] = operands;
        const place = `${kind} ${level}: ${a} ${operator} ${b}`;
        assert.ok(
          operands.every((n) => Number.isInteger(n) && n >= 0 && n <= 9999),
          place,
        );
        assert.ok(deriveSteps(expression), place);
        assert.ok(solve(expression).answer <= 9999, place);
        if (operator === '÷') assert.ok(a <= 999 && b >= 2 && b <= 9, place);
        if (operator === '×') assert.ok(Math.min(a, b) <= 10 && Math.max(a, b) <= 99, place);
      }
});

test('a set repeats a sum only where its level has too few', () => {
  for (const kind of KINDS)
    for (const level of LEVELS)
      for (const seed of SEEDS.slice(0, 20)) {
        const keys = makeSet(kind, level, seed).map(({ expression }) => JSON.stringify(expression));
        assert.equal(new Set(keys).size, SET_SIZE, `${kind} ${level} ${seed}`);
      }
});

test('levels bring carries and borrows in their turn', () => {
  const carries = (level) => sumsOf('plus', level).map(({ operands }) => countCarries(...operands));
  const borrows = (level) =>
    sumsOf('minus', level).map(({ operands }) => countBorrows(...operands));
  assert.ok(carries(2).every((count) => count === 0));
  assert.ok(carries(3).every((count) => count > 0));
  assert.ok(borrows(2).every((count) => count === 0));
  assert.ok(borrows(3).every((count) => count > 0));
  const remainders = (level) => sumsOf('divide', level).map((sum) => solve(sum).remainder);
  assert.ok([1, 2].every((level) => remainders(level).every((rest) => rest === 0)));
  assert.ok(remainders(3).every((rest) => rest > 0));
  assert.equal(countCarries(999, 1), 3);
  assert.equal(countBorrows(1000, 1), 3);
});

test('the generator is even enough and stays in its bounds', () => {
  const random = makeRandom(1);
  const counts = new Array(10).fill(0);
  for (let idx = 0; idx < 10_000; idx++) counts[random.between(0, 9)]++;
  assert.ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(),
  );
});

test('stories name both numbers, in either language, with no slot left', () => {
  for (const seed of SEEDS)
    for (const problem of makeSet('words', 5, seed))
      for (const language of ['en', 'ko']) {
        const text = tellStory(problem, language);
        const numbers = text.match(/\d+/g).map(Number);
        assert.deepEqual(numbers.toSorted(), problem.expression.operands.toSorted(), text);
        assert.doesNotMatch(text, /[{}|]|undefined/, text);
        assert.equal(/[가-힣]/.test(text), language === 'ko', text);
      }
  assert.equal(withParticle('연필', '을'), '연필을');
  assert.equal(withParticle('사과', '은'), '사과는');
  assert.deepEqual(
    [6, 7, 9, 30].map((number) => withParticle(number, '로')),
    ['6으로', '7로', '9로', '30으로'],
  );
});

test('an answer is compared with the arithmetic', () => {
  const division = { operator: '÷', operands: [94, 6] };
  assert.ok(isRight(division, readGiven(' 15 ', '4', division)));
  assert.ok(!isRight(division, readGiven('15', '', division)));
  const sum = { operator: '+', operands: [347, 285] };
  assert.ok(isRight(sum, readGiven('0632', '', sum)));
  for (const typed of ['', '6a', '-1', '6.3', '12345678', '6e2'])
    assert.equal(readGiven(typed, '', sum), null, typed);
  const comparison = { operator: 'compare', operands: [347, 374] };
  assert.ok(isRight(comparison, readGiven('<', '', comparison)));
  assert.equal(readGiven('3', '', comparison), null);
  const order = { operator: 'ascending', operands: [52, 17, 38] };
  assert.ok(isRight(order, readGiven('17, 38, 52', '', order)));
  assert.ok(!isRight(order, readGiven('17,52,38', '', order)));
});

/** Progress after a set of a kind with so many problems done alone. */
function afterSet(progress, kind, alone) {
  let now = beginSet(progress, kind, 7);
  let finished = null;
  for (let idx = 0; idx < SET_SIZE; idx++) {
    assert.equal(finished, null);
    const outcome = idx < alone ? 'alone' : 'together';
    ({ progress: now, finished } = addOutcome(now, kind, outcome));
  }
  assert.equal(now.kinds[kind].set, null);
  return { progress: now, finished };
}

test('every finished set earns stars; two good ones in a row raise the level, a hard one lowers it', () => {
  let { progress, finished } = afterSet(emptyProgress(), 'plus', 10);
  assert.deepEqual(
    [finished.stars, finished.levelAfter, progress.kinds.plus.stars],
    [3, 1, 3],
    'one good set is not enough',
  );
  ({ progress, finished } = afterSet(progress, 'plus', 8));
  assert.deepEqual([finished.stars, finished.levelBefore, finished.levelAfter], [2, 1, 2]);
  ({ progress } = afterSet(progress, 'plus', 9));
  ({ progress } = afterSet(progress, 'plus', 6));
  ({ progress, finished } = afterSet(progress, 'plus', 9));
  assert.equal(finished.levelAfter, 2, 'good sets count in a row');
  ({ progress, finished } = afterSet(progress, 'plus', 0));
  assert.deepEqual([finished.stars, finished.levelAfter], [1, 1]);
  ({ finished } = afterSet(progress, 'plus', 0));
  assert.equal(finished.levelAfter, 1, 'there is no level below');
  assert.equal(progress.kinds.minus.stars, 0);
});

test('the level stops at the last', () => {
  let progress = emptyProgress();
  for (let set = 0; set < 20; set++) ({ progress } = afterSet(progress, 'tables', 10));
  assert.equal(progress.kinds.tables.level, LEVEL_MAX);
  assert.equal(progress.kinds.tables.stars, 60);
});

test('progress is read back as it was; anything else starts afresh and never throws', () => {
  const { progress } = addOutcome(beginSet(emptyProgress(), 'words', 99), 'words', 'alone');
  assert.deepEqual(parseProgress(formatProgress(progress)), progress);
  for (const text of [null, '', '{', '[]', '7', '{"version":2}', '{"version":1}'])
    assert.deepEqual(parseProgress(text), emptyProgress(), String(text));
  const tooMany = { level: 1, seed: 1, outcomes: new Array(11).fill('alone') };
  const kinds = {
    plus: { level: 99, stars: 3, goodSets: 0, set: null },
    minus: { level: 2, stars: 5, goodSets: 1, set: tooMany },
  };
  const read = parseProgress(JSON.stringify({ version: 1, kinds }));
  assert.deepEqual(read.kinds.plus, { level: 1, stars: 0, goodSets: 0, set: null });
  assert.deepEqual(read.kinds.minus, { level: 2, stars: 5, goodSets: 1, set: null });
});

test('each kind has its own set: another one does not end it', () => {
  let { progress } = addOutcome(beginSet(emptyProgress(), 'plus', 1), 'plus', 'alone');
  ({ progress } = addOutcome(beginSet(progress, 'minus', 2), 'minus', 'together'));
  progress = beginSet(progress, 'plus', 3);
  assert.deepEqual(progress.kinds.plus.set, { level: 1, seed: 1, outcomes: ['alone'] });
  assert.deepEqual(progress.kinds.minus.set, { level: 1, seed: 2, outcomes: ['together'] });
});

test('storage that is full or forbidden: it goes on in memory, and says that nothing is kept', () => {
  const full = new ProgressStore(() => ({
    getItem: () => null,
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
  }));
  assert.equal(full.isKept, true);
  full.set(beginSet(full.value, 'plus', 1));
  assert.equal(full.isKept, false);
  assert.equal(full.value.kinds.plus.set.seed, 1);
  const forbidden = new ProgressStore(() => {
    throw new DOMException('no', 'SecurityError');
  });
  assert.equal(forbidden.isKept, false);
  forbidden.set(beginSet(forbidden.value, 'minus', 1));
  forbidden.clear();
  assert.deepEqual(forbidden.value, emptyProgress());
});
