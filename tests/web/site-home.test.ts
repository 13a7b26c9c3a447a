/* The front page's parts that need no browser: what it says of one, what it asks the tutor, what it believes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeBrowser } from '../../demo/home/browser-facts.js';
import { promptFor, verdictOn } from '../../demo/home/prompts.js';
import { WORDS } from '../../demo/home/words.js';

const GOOD = {
  crossOriginIsolated: true,
  simd: true,
  relaxed: true,
  sharedMemory: true,
  threads: 4,
  maxHeapBytes: 4 * 2 ** 30,
  storage: { usageBytes: 1e6, quotaBytes: 50e9, isPersisted: false },
  isSecure: true,
  hasServiceWorker: true,
  deviceGigabytes: null,
};

/* Numbers are written in the language of the page. */
Object.assign(globalThis, { document: { documentElement: { lang: 'en' } } });

function factsOf(change: Partial<typeof GOOD>): Record<string, string> {
  const facts = describeBrowser({ ...GOOD, ...change }, WORDS.en.facts);
  return Object.fromEntries(
    facts.map(({ term, text, remedy = '' }) => [term, `${text} ${remedy}`.trim()]),
  );
}

test('a browser that has everything: no remedies', () => {
  const facts = factsOf({});
  assert.deepEqual(Object.keys(facts), ['Threads', 'Kernels', 'Memory', 'Storage', 'Offline']);
  assert.match(facts.Threads ?? '', /^4 threads/);
  assert.match(facts.Kernels ?? '', /^Relaxed SIMD: the fastest ones\.$/);
  assert.match(facts.Memory ?? '', /4\.29 GB\.$/);
  assert.match(facts.Storage ?? '', /^Room for 50 GB more; this site uses 1 MB\./);
});

test('what is missing is said with the reason and the remedy', () => {
  const one = { threads: 1 };
  const plain = { ...one, crossOriginIsolated: false };
  assert.match(factsOf(plain).Threads ?? '', /One thread only.*open the page again/);
  assert.match(
    factsOf({ ...plain, hasServiceWorker: false }).Threads ?? '',
    /One thread only.*over https/,
  );
  assert.match(factsOf({ ...one, sharedMemory: false }).Threads ?? '', /no WebAssembly threads/);
  assert.match(factsOf(one).Threads ?? '', /one processor/);
  assert.match(factsOf({ relaxed: false }).Kernels ?? '', /^SIMD: fast\..*114/);
  assert.match(factsOf({ simd: false, relaxed: false }).Kernels ?? '', /cannot run.*Safari 16\.4/);
  const none = { usageBytes: null, quotaBytes: null, isPersisted: null };
  assert.doesNotThrow(() => describeBrowser({ ...GOOD, storage: none }, WORDS.ko.facts));
  const little = { usageBytes: 0, quotaBytes: 1e9, isPersisted: false };
  assert.match(factsOf({ storage: little }).Storage ?? '', /That is little: Phi-3-mini/);
  assert.match(factsOf({ hasServiceWorker: false }).Offline ?? '', /need a network.*https/);
});

test('a sum without words is asked in the language of the page', () => {
  assert.equal(promptFor('347 + 285', WORDS.en), 'Solve: 347 + 285');
  assert.equal(promptFor('347 + 285', WORDS.ko), '풀이: 347 + 285');
  assert.equal(promptFor('What is 2 + 2?', WORDS.ko), 'What is 2 + 2?');
});

const RIGHT = `12 + 9
Ones: 2 + 9 = 11. Write 1, carry 1.
Tens: 1 + 0 + 1 = 2. Write 2.
Answer: 21`;

test('an answer is believed when each line holds and it is about the sum that was asked for', () => {
  for (const question of ['12 + 9', '12+9=?', 'Mia has 12 apples and gets 9. How many?'])
    assert.equal(verdictOn(question, RIGHT), 'good', question);
  assert.equal(verdictOn('12 + 8', RIGHT), 'bad', 'another sum');
  assert.equal(verdictOn('12 + 9', RIGHT.replace('Answer: 21', 'Answer: 22')), 'bad');
  assert.equal(verdictOn('12 + 9', RIGHT.replace('= 11', '= 12')), 'bad');
  assert.equal(verdictOn('12 + 9', 'a�x'), 'bad', 'no sum where one was asked for');
  assert.equal(verdictOn('hello', 'Hello! I am your maths tutor. Give me a sum.'), undefined);
  assert.equal(
    verdictOn('3 - 8', 'Sorry: 3 is less than 8. I do not go below zero yet.'),
    undefined,
  );
});
