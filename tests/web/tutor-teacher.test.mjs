/* demo/tutor: what the model says reaches a child only when it is sound. Answers here are a model's as they might be:
 * right, wrong in one digit, about something else, nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSteps, solve } from '../../demo/tutor/arithmetic.js';
import { typeKey } from '../../demo/tutor/pad.js';
import { makeRandom } from '../../demo/tutor/problems.js';
import { checkPrompt, printExpression, readSum } from '../../demo/tutor/prompts.js';
import { hintFor, readSlip, slipFor, whyFor } from '../../demo/tutor/remarks.js';
import { spoken } from '../../demo/tutor/speech-text.js';
import { formatExpression, parseAnswer } from '../../demo/tutor/steps.js';
import { Teacher } from '../../demo/tutor/teacher.js';
import { findFault } from '../../demo/tutor/vet.js';

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
  const divides = 'Sorry: I only divide up to 999 by a number from 1 to 9.';
  assert.ok(fault(`12345 + 6\n${divides}`, { expression: tooBig }), 'a reason of another sum');
  assert.equal(fault(divides, { text: 'Share 5000 apples by 4' }), undefined);
  const hint = { task: 'hint', expression: tooBig };
  assert.equal(findFault(hint, parseAnswer(`12345 + 6\n${big}`)), undefined);
  const korean = '미안해요: 3은 8보다 작아요. 저는 아직 0보다 작은 수를 몰라요.';
  assert.equal(fault(`3 - 8\n${korean}`, { expression: below }), undefined);
});

test('a hint is the one for this sum', () => {
  const fault = (note, expression = SUM) =>
    findFault(
      { task: 'hint', expression },
      parseAnswer(`${formatExpression(expression)}\nHint: ${note}`),
    );
  assert.equal(fault('Start with the ones: 7 + 5. Do not forget to carry.'), undefined);
  for (const note of ['It is 632.', 'Start with the ones: 7 + 5.', 'See <b>here</b>.'])
    assert.ok(fault(note), note);
  /* What a model said that had not learnt enough. */
  assert.ok(fault('Count up by 7, 7 times.', { operator: '×', operands: [7, 8] }));
  const product = { operator: '×', operands: [37, 8] };
  assert.ok(fault('37 is 30 + 7. Do 30 × 3 and 7 × 3, then add.', product));
  const difference = { operator: '-', operands: [503, 178] };
  assert.ok(fault('Start with the ones: 3 - 8. 0 is too small, so borrow 10.', difference));
});

test('remarks in both languages', () => {
  const remarks = (operator, operands, given, total) => {
    const expression = { operator, operands, ...(total !== undefined && { total }) };
    return ['en', 'ko'].flatMap((language) => [
      hintFor(expression, language),
      whyFor(expression, language),
      ...(given === undefined ? [] : [slipFor(expression, given, language)]),
    ]);
  };
  const given = (answer, remainder = 0) => ({ answer, remainder });
  assert.deepEqual(remarks('-', [52, 17], given(45)), [
    'Start with the ones: 2 - 7. 2 is too small, so borrow 10.',
    '2 is less than 7, so 1 ten becomes 10 ones.',
    'Tens: 4 ≠ 3. You borrowed 10, so take 1 away here.',
    '일의 자리부터 2 - 7. 2는 작으니까 10을 빌려요.',
    '2는 7보다 작아서 십 1개를 일 10개로 바꿔요.',
    '십의 자리: 4 ≠ 3. 10을 빌려줬으니 1을 빼야 해요.',
  ]);
  assert.deepEqual(remarks('÷', [343, 6], given(57, 6)), [
    'How many times does 6 fit into 34?',
    'Each line shares what is left by 6.',
    'The remainder must be smaller than 6.',
    '34에는 6이 몇 번 들어갈까요?',
    '줄마다 남은 수를 6으로 나눠요.',
    '나머지는 6보다 작아야 해요.',
  ]);
  assert.deepEqual(remarks('×', [37, 8], given(80)), [
    '37 is 30 + 7. Do 30 × 8 and 7 × 8, then add.',
    '37 is 30 and 7, so we take both 8 times.',
    'The 3 in 37 stands for 30.',
    '37은 30 + 7. 30 × 8, 7 × 8, 그리고 더해요.',
    '37은 30과 7, 그래서 둘 다 8번 더해요.',
    '37의 3은 30을 뜻해요.',
  ]);
  assert.deepEqual(remarks('+', [null, 28], undefined, 73), [
    'Turn it around: 73 - 28.',
    'The opposite operation brings us back to the missing number.',
    '거꾸로 생각해요: 73 - 28.',
    '반대로 계산하면 모르는 수가 나와요.',
  ]);
  const slip = (operator, operands, ...answer) =>
    slipFor({ operator, operands }, given(...answer), 'en');
  assert.equal(slip('+', [347, 285], 62), 'You subtracted instead of adding.');
  assert.equal(slip('+', [347, 285], 532), 'Hundreds: 5 ≠ 6. You forgot the 1 you carried.');
  assert.equal(slip('+', [347, 285], 9_999_999), 'Ones: 9 ≠ 2. Look again: 7 + 5 = 12.');
  assert.equal(slip('+', [8, 7], 115), 'Hundreds: 1 ≠ 0. There was no 1 to carry.');
  assert.equal(slip('-', [52, 17], 45), 'Tens: 4 ≠ 3. You borrowed 10, so take 1 away here.');
  assert.equal(slip('-', [52, 17], 5), 'Tens: 0 ≠ 3. Look again: 4 - 1 = 3.');
  assert.equal(slip('×', [7, 8], 49), 'You counted one 7 too few.');
  assert.equal(slip('÷', [94, 6], 15), 'You forgot the remainder 4.');
  assert.equal(slip('÷', [94, 6], 16), 'Count again how many times 6 fits.');
});

test('a check is of the child’s answer, and its slip is where the digits differ', async () => {
  const given = { answer: 532, remainder: 0 };
  const lines = [formatExpression(SUM), ...deriveSteps(SUM)];
  const check = (said, slip) => [...lines, said, `Slip: ${slip}`, 'Answer: 632'].join('\n');
  const fault = (text) => findFault({ task: 'check', expression: SUM, given }, parseAnswer(text));
  const forgot = 'You forgot the 1 you carried.';
  assert.equal(fault(check('Check: 532 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`)), undefined);
  assert.ok(fault(check('Check: 532 ≠ 632', `Tens: 5 ≠ 6. ${forgot}`)), 'another column');
  assert.ok(fault(check('Check: 522 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`)), 'another answer');
  assert.ok(fault(check('Check: 532 ≠ 642', forgot)));
  const praised = [...lines, 'Check: 532 = 632', 'Well done!', 'Answer: 632'].join('\n');
  assert.ok(fault(praised), 'a wrong answer is not praised');
  const right = { task: 'check', expression: SUM, given: { answer: 632, remainder: 0 } };
  const doubted = check('Check: 0632 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`);
  assert.ok(findFault(right, parseAnswer(doubted)), 'a right answer has no slip');
  const { teacher, asked } = teacherOf(check('Check: 532 ≠ 632', `Hundreds: 5 ≠ 6. ${forgot}`));
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
