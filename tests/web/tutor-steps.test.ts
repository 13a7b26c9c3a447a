/* demo/tutor/steps.js: it reads the tutor's answers, finds every wrong number in them, and survives any text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSteps, solve } from '../../demo/tutor/arithmetic.js';
import { formatExpression, parseAnswer, parseExpression } from '../../demo/tutor/steps.js';
import { cpuNow } from './lib/cpu-time.mjs';

const SUM = `347 + 285
Ones: 7 + 5 = 12. Write 2, carry 1.
Tens: 4 + 8 + 1 = 13. Write 3, carry 1.
Hundreds: 3 + 2 + 1 = 6. Write 6.
Answer: 632`;
const SUM_KO = `347 + 285
일의 자리: 7 + 5 = 12. 2를 쓰고 1을 올려요.
십의 자리: 4 + 8 + 1 = 13. 3을 쓰고 1을 올려요.
백의 자리: 3 + 2 + 1 = 6. 6을 써요.
답: 632`;
const DIFFERENCE = `503 - 178
Ones: 3 < 8, borrow 10. 13 - 8 = 5. Write 5.
Tens: 0 < 1, borrow 10. 10 - 1 = 9. 9 - 7 = 2. Write 2.
Hundreds: 5 - 1 = 4. 4 - 1 = 3. Write 3.
Answer: 325`;
const PRODUCT = `37 × 8
가르기: 37 = 30 + 7
30 × 8 = 240
7 × 8 = 56
더하기: 240 + 56
일의 자리: 0 + 6 = 6. 6을 써요.
십의 자리: 4 + 5 = 9. 9를 써요.
백의 자리: 2 + 0 = 2. 2를 써요.
답: 296개`;
const QUOTIENT = `94 ÷ 6
Tens: 9 ÷ 6. 1 × 6 = 6. 9 - 6 = 3. Write 1.
Ones: 34 ÷ 6. 5 × 6 = 30. 34 - 30 = 4. Write 5.
Answer: 15 remainder 4`;
const COMPARISON = `347 ? 374
Digits: 3, 3: 3 = 3.
Hundreds: 3, 3: 3 = 3.
Tens: 4, 7: 4 < 7.
Answer: 347 < 374`;
const ORDER = `52, 17, 38: 작은 수부터
52 > 17, 17 < 38. 17을 골라요. 남은 수: 52, 38.
52 > 38. 38을 골라요. 남은 수: 52.
52를 골라요.
답: 17, 38, 52`;
const MISSING = `□ + 28 = 73
Turn around: 73 - 28
Ones: 3 < 8, borrow 10. 13 - 8 = 5. Write 5.
Tens: 7 - 1 = 6. 6 - 2 = 4. Write 4.
Answer: 45`;
const CHECK = `347 + 285
Ones: 7 + 5 = 12. Write 2, carry 1.
Tens: 4 + 8 + 1 = 13. Write 3, carry 1.
Hundreds: 3 + 2 + 1 = 6. Write 6.
Result: 632
Check: 522 ≠ 632
Slip: Tens: 2 ≠ 3. You forgot the 1 you carried.
Answer: 632`;
const WORKED = [SUM, SUM_KO, DIFFERENCE, PRODUCT, QUOTIENT, COMPARISON, ORDER, MISSING, CHECK];

test('each form is read and found consistent', () => {
  for (const text of WORKED) assert.equal(parseAnswer(text).fault, undefined, text);
  const sum = parseAnswer(SUM);
  assert.deepEqual(sum.expression, { operator: '+', operands: [347, 285] });
  assert.equal(sum.answer, 632);
  assert.deepEqual(sum.steps[1], {
    kind: 'add-column',
    column: 1,
    write: 3,
    digits: [4, 8],
    carryIn: 1,
    carry: 1,
    result: 13,
    text: 'Tens: 4 + 8 + 1 = 13. Write 3, carry 1.',
  });
  assert.equal(parseAnswer(SUM_KO).language, 'ko');
  assert.deepEqual({ ...parseAnswer(SUM_KO).steps[1], text: '' }, { ...sum.steps[1], text: '' });
  const [ones, tens] = parseAnswer(DIFFERENCE).steps;
  assert.deepEqual([ones?.borrow, ones?.lends, tens?.borrow, tens?.lends], [10, 0, 10, 1]);
  assert.equal(parseAnswer(PRODUCT).unit, '개');
  const { answer, remainder } = parseAnswer(QUOTIENT);
  assert.deepEqual([answer, remainder], [15, 4]);
  assert.deepEqual(parseAnswer(ORDER).answer, [17, 38, 52]);
  assert.equal(parseAnswer(COMPARISON).answer, '<');
  assert.equal(parseAnswer(CHECK).form, 'check');
});

test('any one digit changed is found', () => {
  for (const text of WORKED) {
    const body = text.indexOf('\n');
    for (let at = body; at < text.length; at++) {
      if (!/\d/.test(text[at] ?? '')) continue;
      /* What a child wrote, and what the slip says of it, are not arithmetic. */
      if (
        text
          .slice(0, at)
          .split('\n')
          .at(-1)
          ?.match(/^(Slip|Check: \d*$)/)
      )
        continue;
      const other = (Number(text[at]) + 1) % 10;
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      assert.equal(parseAnswer(changed).isConsistent, false, changed);
    }
  }
});

test('a line left out, a line too many, or no answer is found', () => {
  for (const text of WORKED) {
    const lines = text.split('\n');
    for (let i = 1; i < lines.length; i++) {
      if (lines[i]?.startsWith('Result: ')) continue; // a check may do without
      const without = lines.filter((_, at) => at !== i).join('\n');
      const isFound = !parseAnswer(without).isConsistent || parseAnswer(without).form === 'talk';
      assert.ok(isFound, without);
      assert.equal(
        parseAnswer(lines.toSpliced(i, 0, lines[i] ?? '').join('\n')).isConsistent,
        false,
      );
    }
  }
});

test('the answers without arithmetic have their form', () => {
  const hint = parseAnswer('347 + 285\nHint: Start with the ones: 7 + 5. Do not forget to carry.');
  assert.equal(hint.form, 'hint');
  assert.equal(hint.steps[0]?.note, 'Start with the ones: 7 + 5. Do not forget to carry.');
  assert.equal(parseAnswer('3 - 8\n미안해요: 3은 8보다 작아요.').form, 'refusal');
  assert.equal(parseAnswer('Hello! I am your maths tutor.').form, 'talk');
  assert.equal(parseAnswer('안녕하세요!').language, 'ko');
  for (const text of ['Answer: 5', 'apples\nAnswer: 5', '5 - 7\nAnswer: 2', '7 ÷ 0\nAnswer: 0'])
    assert.equal(parseAnswer(text).isConsistent, false, text);
});

test('expressions go to text and back', () => {
  for (const text of ['3 + 4', '20 - 7', '6 × 7', '47 ÷ 6', '12 ? 21', '□ + 28 = 73', '73 - □ = 4'])
    assert.equal(formatExpression(parseExpression(text) ?? assert.fail(text)), text);
  const order = parseExpression('5, 3, 9: big to small') ?? assert.fail();
  assert.equal(formatExpression(order, 'ko'), '5, 3, 9: 큰 수부터');
  for (const text of ['3+4', '3 + ', '12345678 + 1', '□ + □ = 3', '3 + 4 = 7', '']) {
    assert.equal(parseExpression(text), null, text);
  }
});

test('derived steps of every small expression pass', () => {
  for (const operator of ['+', '-', '×', '÷'] as const)
    for (let a = 0; a <= 120; a += 1)
      for (let b = 0; b <= 10; b++) {
        const expression = { operator, operands: [a, b] };
        const steps = deriveSteps(expression);
        const solution = solve(expression);
        if (!steps || !solution) continue;
        const rest = solution.remainder > 0 ? ` remainder ${solution.remainder}` : '';
        const lines = [formatExpression(expression), ...steps, `Answer: ${solution.answer}${rest}`];
        assert.equal(parseAnswer(lines.join('\n')).fault, undefined, lines.join('\n'));
      }
});

test('any text gives a value, soon', () => {
  const pieces = [
    '\n',
    ' ',
    '1',
    '99999999',
    ' + ',
    '□',
    ' = ',
    'Answer: ',
    '답: ',
    'Ones: ',
    ':',
    '일의 자리: ',
  ];
  let seed = 1;
  const next = (n: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  const start = cpuNow();
  for (let i = 0; i < 3000; i++) {
    const text = Array.from({ length: next(60) }, () => pieces[next(pieces.length)]).join('');
    assert.equal(typeof parseAnswer(text).isConsistent, 'boolean');
  }
  for (const unit of pieces) parseAnswer(unit.repeat(4000 / unit.length));
  for (const text of ['', '\n', '1 + 1\n'.repeat(9999), '\ud800', '__proto__: 1', 'Constructor: 5'])
    parseAnswer(text);
  assert.equal(parseAnswer('1'.repeat(5000)).isConsistent, false);
  assert.ok(cpuNow() - start < 5000);
});
