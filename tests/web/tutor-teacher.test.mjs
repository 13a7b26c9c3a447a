/* demo/tutor: what the model says reaches a child only when it is sound. Answers here are a model's as they might be:
 * right, wrong in one digit, about something else, nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSteps, solve } from '../../demo/tutor/arithmetic.js';
import { typeKey } from '../../demo/tutor/pad.js';
import { makeRandom } from '../../demo/tutor/problems.js';
import { checkPrompt, printExpression, readSum } from '../../demo/tutor/prompts.js';
import { spoken } from '../../demo/tutor/speech-text.js';
import { formatExpression, parseAnswer } from '../../demo/tutor/steps.js';
import { Teacher } from '../../demo/tutor/teacher.js';
import { findFault, hasFalseClaim, readSlip } from '../../demo/tutor/vet.js';

const SUM = { operator: '+', operands: [347, 285] };
const language = 'en';

function rightAnswer(expression) {
  const { answer } = solve(expression);
  return [formatExpression(expression), ...deriveSteps(expression), `Answer: ${answer}`].join('\n');
}

/** A teacher whose model says these texts in turn, and what it was asked. */
function teacherOf(...texts) {
  const asked = [];
  const ask = async (messages, { isRetry }) => {
    const text = texts[asked.length];
    asked.push({ text: messages.at(-1).content, isRetry });
    return typeof text === 'string' ? { text, isWhole: true } : text;
  };
  return { teacher: new Teacher(ask), asked };
}

test('a right answer is shown at once', async () => {
  const { teacher, asked } = teacherOf(rightAnswer(SUM));
  const answer = await teacher.explain({ expression: SUM, language });
  assert.equal(answer.answer, 632);
  assert.deepEqual(asked, [{ text: 'Solve: 347 + 285', isRetry: false }]);
});

test('a wrong one is asked for once more, in other words; then the tutor is muddled', async () => {
  const wrong = rightAnswer(SUM).replace('Answer: 632', 'Answer: 622');
  const again = teacherOf(wrong, rightAnswer(SUM));
  assert.equal((await again.teacher.explain({ expression: SUM, language })).answer, 632);
  assert.deepEqual(
    again.asked.map(({ text, isRetry }) => [text, isRetry]),
    [
      ['Solve: 347 + 285', false],
      ['What is 347 + 285?', true],
    ],
  );
  const muddled = teacherOf(wrong, wrong);
  assert.equal(await muddled.teacher.explain({ expression: SUM, language }), null);
  assert.equal(muddled.asked.length, 2);
});

test('no single wrong digit in an answer is let through', () => {
  const right = rightAnswer(SUM);
  for (let at = 0; at < right.length; at++) {
    if (!/\d/.test(right[at])) continue;
    const wrong = `${right.slice(0, at)}${(Number(right[at]) + 1) % 10}${right.slice(at + 1)}`;
    assert.ok(findFault({ task: 'solve', expression: SUM }, parseAnswer(wrong)), wrong);
  }
});

test('nonsense is never shown, whatever was asked', async () => {
  const random = makeRandom(5);
  const pieces = [
    'the',
    'Answer: ',
    '347 + 285',
    '\n',
    '632',
    ' = ',
    'Hint: ',
    'Check: ',
    '답: ',
    '�',
    '<|end|>',
    'Ones:',
  ];
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: random.between(0, 12) }, () => random.pick(pieces)).join('');
    const { teacher } = teacherOf(text, text);
    const given = { answer: 522, remainder: 0 };
    const got = [
      await teacher.explain({ expression: SUM, language }),
      await teacherOf(text, text).teacher.explain({
        expression: null,
        text: 'hello you',
        language,
      }),
      await teacherOf(text, text).teacher.hint({ expression: SUM, language }),
      await teacherOf(text, text).teacher.check({ expression: SUM, given, language }),
    ];
    assert.deepEqual(got, [null, null, null, null], JSON.stringify(text));
  }
});

test('an answer that was cut off is not shown', async () => {
  const { teacher } = teacherOf({ text: rightAnswer(SUM), isWhole: false }, rightAnswer(SUM));
  assert.equal((await teacher.explain({ expression: SUM, language })).answer, 632);
});

test('an answer to another sum is not shown; the same sum turned round is', () => {
  const fault = (text, expression) => findFault({ task: 'solve', expression }, parseAnswer(text));
  assert.equal(fault(rightAnswer({ operator: '+', operands: [1, 2] }), SUM), 'another sum');
  assert.equal(fault(rightAnswer({ operator: '+', operands: [285, 347] }), SUM), undefined);
  const difference = { operator: '-', operands: [9, 4] };
  assert.ok(fault(rightAnswer({ operator: '-', operands: [4, 4] }), difference));
});

test('a question in words: the numbers are its own; on a practice story the second asking is the sum', async () => {
  const text = 'Mia has 12 apples. She buys 7 more. How many apples are there?';
  const request = { task: 'solve', expression: null, text };
  const sum = (a, b) => parseAnswer(rightAnswer({ operator: '+', operands: [a, b] }));
  assert.equal(findFault(request, sum(12, 7)), undefined);
  assert.ok(findFault(request, sum(21, 7)));
  const known = { operator: '+', operands: [12, 7] };
  const minus = rightAnswer({ operator: '-', operands: [12, 7] });
  const { teacher, asked } = teacherOf(minus, rightAnswer(known));
  assert.equal((await teacher.explain({ expression: known, text, language })).answer, 19);
  assert.deepEqual(
    asked.map((one) => one.text),
    [text, 'Solve: 12 + 7'],
  );
});

test('a unit that the question does not have is dropped', async () => {
  const text = '12 apples and 7 apples?';
  const answer = rightAnswer({ operator: '+', operands: [12, 7] });
  const apples = teacherOf(`${answer} apples`);
  assert.equal((await apples.teacher.explain({ expression: null, text, language })).unit, 'apples');
  const pigs = teacherOf(`${answer} pigs`);
  assert.equal((await pigs.teacher.explain({ expression: null, text, language })).unit, undefined);
});

test('talk and refusals are those that the tutor was taught, where there is a reason', () => {
  const fault = (text, request) =>
    findFault({ task: 'solve', expression: null, ...request }, parseAnswer(text));
  const hello = 'Hello! I am your maths tutor. Give me a sum.';
  assert.equal(fault(hello, { text: 'hi' }), undefined);
  assert.ok(fault(`${hello} Give me your name.`, { text: 'hi' }));
  assert.ok(fault(hello, { expression: SUM }));
  const big = 'Sorry: That number is too big for me. I go up to 9999.';
  const tooBig = { operator: '+', operands: [12_345, 6] };
  assert.equal(fault(`12345 + 6\n${big}`, { expression: tooBig }), undefined);
  assert.ok(fault(`347 + 285\n${big}`, { expression: SUM }), 'there is no reason to decline');
  const below = { operator: '-', operands: [3, 8] };
  const sorry = (a, b) => `Sorry: ${a} is less than ${b}. I do not go below zero yet.`;
  assert.equal(fault(`3 - 8\n${sorry(3, 8)}`, { expression: below }), undefined);
  assert.ok(fault(`3 - 8\n${sorry(8, 3)}`, { expression: below }));
  const hint = { task: 'hint', expression: tooBig };
  assert.equal(findFault(hint, parseAnswer(`12345 + 6\n${big}`)), undefined);
  const korean = '미안해요: 3은 8보다 작아요. 저는 아직 0보다 작은 수를 몰라요.';
  assert.equal(fault(`3 - 8\n${korean}`, { expression: below }), undefined);
});

test('a hint belongs to the sum, claims nothing false, and does not tell the answer', () => {
  const fault = (note, expression = SUM) =>
    findFault(
      { task: 'hint', expression },
      parseAnswer(`${formatExpression(expression)}\nHint: ${note}`),
    );
  assert.equal(fault('Start with the ones: 7 + 5. Do not forget to carry.'), undefined);
  assert.ok(fault('It is 632.'));
  assert.ok(fault('Start with the ones: 9 + 9.'));
  assert.ok(fault('Start with 7 + 5 = 13.'));
  assert.ok(fault('See <b>http</b>'));
  const division = { operator: '÷', operands: [343, 6] };
  assert.equal(fault('How many times does 6 fit into 34?', division), undefined);
  assert.equal(fault('Count up by 7, 3 times.', { operator: '×', operands: [7, 3] }), undefined);
});

test('a check is of the child’s answer, and its slip is where the digits differ', async () => {
  const given = { answer: 532, remainder: 0 };
  const lines = [formatExpression(SUM), ...deriveSteps(SUM)];
  const check = (said, slip) => [...lines, said, `Slip: ${slip}`, 'Answer: 632'].join('\n');
  const fault = (text) => findFault({ task: 'check', expression: SUM, given }, parseAnswer(text));
  const forgot = 'You forgot the 1 you carried.';
  assert.equal(fault(check('Check: 532 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`)), undefined);
  assert.equal(
    fault(check('Check: 532 ≠ 632', 'Hundreds: 5 ≠ 6. Look again: 3 + 2 + 1 = 6.')),
    undefined,
  );
  assert.ok(fault(check('Check: 532 ≠ 632', `Tens: 5 ≠ 6. ${forgot}`)), 'another column');
  assert.ok(fault(check('Check: 522 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`)), 'another answer');
  assert.ok(fault(check('Check: 532 ≠ 642', forgot)));
  const praised = [...lines, 'Check: 532 = 632', 'Well done!', 'Answer: 632'].join('\n');
  assert.ok(fault(praised), 'a wrong answer is not praised');
  const { teacher, asked } = teacherOf(check('Check: 532 ≠ 632', forgot));
  assert.ok(await teacher.check({ expression: SUM, given, language }));
  assert.equal(asked[0].text, 'Check: 347 + 285 = 532');
  assert.deepEqual(readSlip(`Tens: 2 ≠ 3. ${forgot}`), { place: 1, rest: forgot });
  assert.deepEqual(readSlip(`만의 자리: 1 ≠ 0. 네.`), { place: 4, rest: '네.' });
});

test('a reason is asked for in the same chat', async () => {
  const explained = rightAnswer(SUM);
  const why = '347 + 285\nWhy: 10 ones make 1 ten. 12 is 1 ten and 2 ones, so carry 1.';
  const chats = [];
  const teacher = new Teacher(async (messages) => {
    chats.push(messages);
    return { text: why, isWhole: true };
  });
  const reason = await teacher.why({ expression: SUM, explained, language });
  assert.match(reason.steps[0].note, /^10 ones make 1 ten/);
  assert.deepEqual(
    chats[0].map(({ role }) => role),
    ['user', 'assistant', 'user'],
  );
});

test('false statements are found, in chains too', () => {
  for (const text of [
    '7 + 5 = 12',
    '4 + 8 + 1 = 13.',
    '3 < 8, 10 - 1 = 9',
    '13 - 8 = 5',
    '24 ÷ 6 = 4',
    '2 ≠ 3',
  ])
    assert.equal(hasFalseClaim(text), false, text);
  for (const text of [
    'so 7 + 5 = 13.',
    '4 + 8 + 1 = 14',
    '8 < 3',
    '3 ≠ 3',
    '1+1=3',
    '25 ÷ 6 = 4',
    '3 - 5 = 2',
  ])
    assert.equal(hasFalseClaim(text), true, text);
});

test('sums are read in all usual spellings; the rest is left to the tutor', () => {
  const read = (text) => {
    const found = readSum(text);
    return found && formatExpression(found);
  };
  for (const [typed, sum] of [
    ['347+285', '347 + 285'],
    ['347 + 285 = ?', '347 + 285'],
    ['347 plus 285', '347 + 285'],
    ['52 – 17', '52 - 17'],
    ['52−17=', '52 - 17'],
    ['7x8', '7 × 8'],
    ['7 * 8?', '7 × 8'],
    ['7 곱하기 8', '7 × 8'],
    ['94/6', '94 ÷ 6'],
    ['94 : 6', '94 ÷ 6'],
    ['９４ ÷ ６', '94 ÷ 6'],
    ['1,234 + 5', '1234 + 5'],
    ['? + 28 = 73', '□ + 28 = 73'],
    ['45 - □ = 12', '45 - □ = 12'],
    ['347 ? 374', '347 ? 374'],
    ['347 < 374', '347 ? 374'],
    ['52, 17, 38: small to big', '52, 17, 38: small to big'],
  ])
    assert.equal(read(typed), sum, typed);
  for (const typed of [
    'hello',
    '',
    '12',
    '1 + 2 + 3',
    '3.5 + 1',
    'Mia has 3 apples and 4 pears',
    '7 + 8 = 16',
    'x'.repeat(400),
  ])
    assert.equal(read(typed), null, typed);
  assert.equal(printExpression({ operator: '-', operands: [5, 2] }, 'en'), '5 − 2');
  const given = { answer: 7, remainder: 5 };
  assert.equal(
    checkPrompt({ operator: '÷', operands: [47, 6] }, given, 'ko'),
    '확인: 47 ÷ 6 = 7 나머지 5',
  );
});

test('signs are read aloud as words', () => {
  assert.equal(
    spoken('Ones: 7 + 5 = 12. Write 2, carry 1.', 'en'),
    'Ones: 7 plus 5 equals 12. Write 2, carry 1.',
  );
  assert.equal(spoken('13\u00a0−\u00a08\u00a0=\u00a05', 'en'), '13 minus 8 equals 5');
  assert.equal(spoken('30 × 8 = 240', 'ko'), '30 곱하기 8은 240');
  assert.equal(spoken('13 - 4 = 9', 'ko'), '13 빼기 4는 9');
  assert.equal(spoken('3 < 8', 'ko'), '3은 8보다 작아요');
  assert.equal(spoken('twenty-one', 'en'), 'twenty-one');
});

test('keys type at the caret, and take back a sign with its spaces', () => {
  const at = (value, start = value.length, end = start) => ({ value, start, end });
  assert.deepEqual(typeKey(at('34'), '7'), { value: '347', caret: 3 });
  assert.deepEqual(typeKey(at('347'), '+'), { value: '347 + ', caret: 6 });
  assert.deepEqual(typeKey(at('347 + '), 'back'), { value: '347', caret: 3 });
  assert.deepEqual(typeKey(at('347', 1), 'back'), { value: '47', caret: 0 });
  assert.deepEqual(typeKey(at('347', 0, 3), '9'), { value: '9', caret: 1 });
  assert.deepEqual(typeKey(at('', 0), 'back'), { value: '', caret: 0 });
  assert.deepEqual(typeKey(at('', 0), '<'), { value: '<', caret: 1 });
  assert.deepEqual(typeKey(at('1 + 2'), 'clear'), { value: '', caret: 0 });
});
