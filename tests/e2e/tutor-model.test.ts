/* The embedded tutor in Chromium: its tokenizer is SentencePiece's, and on the committed held-out
 * problems it reaches what docs/TUTOR.md reports of a larger set. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { parseAnswer } from '../../demo/tutor/steps.js';
import { answerAll, type Row, TARGETS, tally } from '../../tools/tutor/grade.mjs';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT } from './lib/models.ts';

const MODEL = join(ROOT, 'demo/models/tutor.gguf');
const BYTES_MAX = 4_000_000;
const N_PAGES = 2;
/* Shares of right final answers and of consistent ones. What docs/TUTOR.md states beside the targets that are reached:
 * the categories without a target, and tables, of which 160 problems here have two Korean wordings of 10 × 8, the one
 * held-out pair that is sometimes wrong (99.5 % right of the larger set's 1000). Naming the slip of a check is the
 * weakest. */
const STATED: Readonly<Record<string, readonly [right: number, consistent: number]>> = {
  table: [0.98, 0.98],
  compare: [0.98, 0.98],
  order: [0.93, 0.93],
  missing: [0.95, 0.95],
  check: [0.95, 0.8],
  hint: [0.95, 0.95],
  hint_reply: [0.95, 0.88],
  refusal: [0.95, 0.95],
  talk: [0.99, 0.99],
};

const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
const problems = readJson<Record<string, Row[]>>('tests/tutor/held-out.json');
const tokens = readJson<[string, number[]][]>('tests/tutor/tokens.json');
let browser: Browser;
const pages: Page[] = [];

before(async () => {
  browser = await openBrowser({ '/tutor.gguf': MODEL });
  for (let i = 0; i < N_PAGES; i++) {
    const page = await browser.openPage();
    await page.evaluate(async () => {
      const options = { model: '/tutor.gguf', storage: 'none', threads: 1 } as const;
      globalThis.engine = await pocketphi.Engine.create(options);
    });
    pages.push(page);
  }
});

after(() => browser.close());

test('the file is small, and the one that the model card describes', () => {
  const bytes = readFileSync(MODEL);
  assert.ok(bytes.length <= BYTES_MAX, `${bytes.length} bytes`);
  const hash = createHash('sha256').update(bytes).digest('hex');
  assert.ok(readFileSync(join(ROOT, 'docs/TUTOR.md'), 'utf8').includes(hash), hash);
});

test('the tokenizer gives the ids of SentencePiece', async () => {
  const page = pages[0];
  assert.ok(page);
  const got = await page.evaluate(
    async (texts) => {
      const ids = [];
      for (const text of texts)
        ids.push([...(await engine.tokenizer.encode(text, { addSpecial: false }))]);
      return ids;
    },
    tokens.map(([text]) => text),
  );
  for (const [i, [text, ids]] of tokens.entries()) assert.deepEqual(got[i], ids, text);
});

for (const category of new Set([...Object.keys(TARGETS), ...Object.keys(STATED)])) {
  test(`held-out problems: ${category}`, async () => {
    const target = TARGETS[category] ?? 0;
    const [leastRight, leastConsistent] = STATED[category] ?? [target, target];
    const rows = problems[category] ?? [];
    assert.ok(rows.length >= 80, `${rows.length} problems`);
    const { n, right, consistent, wrong } = tally(rows, await answerAll(pages, rows));
    const faults = JSON.stringify(wrong, null, 1);
    assert.ok(right >= leastRight * n, `${right} of ${n} right, wanted ${leastRight}: ${faults}`);
    assert.ok(consistent >= leastConsistent * n, `${consistent} of ${n} consistent: ${faults}`);
  });
}

test('a hint does not give the answer away; the reply to it is checked', async () => {
  const rows: Row[] = [
    ['en', ['Hint: 347 + 285'], ['347 + 285']],
    ['ko', ['힌트: 347 + 285'], ['347 + 285']],
  ];
  const hints = await answerAll(pages, rows);
  for (const [i, text] of hints.entries()) {
    assert.match(text, i === 0 ? /\nHint: / : /\n힌트: /);
    assert.doesNotMatch(text, /632/);
  }
  const [hint = ''] = hints;
  const [reply = ''] = await answerAll(pages, [['en', ['Hint: 347 + 285', hint, '522'], []]]);
  assert.match(reply, /^ ?347 \+ 285\n/);
  assert.match(reply, /\nAnswer: 632$/);
  /* The verdict is what the model is worst at: it is right, or steps.js sees that it is not. */
  const isRight = /\nCheck: 522 ≠ 632\nSlip: Tens: .*carried\.\n/.test(reply);
  assert.equal(parseAnswer(reply).isConsistent, isRight, reply);
});
