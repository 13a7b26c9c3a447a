/* The pages that look at pictures with the real engine, a tiny random model that sees, and the server gone: what it
 * says is noise, the way there is not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Served, serve } from '../../demo/serve.mjs';
import { FAKE_CAMERA, type LaunchedContext, launchContext } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { watchErrors } from './lib/page-checks.ts';

const MODEL = 'vision-tile336';
let browser: LaunchedContext;
let site: Served;
let page: Page;
let errors: string[];

before(async () => {
  browser = await launchContext({ args: FAKE_CAMERA });
  site = await serve();
  page = await browser.context.newPage();
  errors = watchErrors(page);
  await page.goto(`${site.url}/models/`);
  await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
  await page.setInputFiles('#file', tinyModel(MODEL));
  await page.locator('#stored-list li', { hasText: /vision-tile336.*complete/ }).waitFor();
  await site.close();
});

after(() => browser.close());

async function choose(path: string): Promise<void> {
  await page.goto(site.url + path);
  await page.locator('#choices input').first().waitFor({ state: 'attached' });
  await page.click('#model summary');
  await page.locator('#choices label', { hasText: MODEL }).click();
}

const say = (text: string) => page.locator('#status', { hasText: text }).waitFor();

test('vision: tiles and tokens as the engine has them, an answer, a follow-up from the cache', async () => {
  await choose('/vision/');
  await page.click('[data-example="printedSum"]');
  await page.click('#load');
  const facts = page.locator('.picture-facts');
  await facts.getByText('the model sees 672 × 672 · 4 tiles · 757 tokens').waitFor();
  await page.check('input[value="fast"]', { force: true });
  await facts.getByText('the model sees 336 × 336 · 1 tile · 313 tokens').waitFor();
  await page.fill('#question', 'What is it?');
  await page.press('#question', 'Enter');
  await say('Answered.');
  await page.fill('#question', 'And now?');
  await page.press('#question', 'Enter');
  await page.locator('.turn .note').nth(1).waitFor();
  await say('Answered.');
  const note = await page.locator('.turn .note').nth(1).textContent();
  const [, cached = '0'] = /(\d[\d,]*) of them were known from before/.exec(note ?? '') ?? [];
  assert.ok(Number(cached.replace(',', '')) > 313, note ?? '');
  assert.deepEqual(errors, []);
});

test('vision: a context that the pictures exceed is told before they are looked at', async () => {
  await page.check('input[value="fine"]', { force: true });
  await page.click('[data-example="shapes"]');
  await page.locator('#error', { hasText: /tokens, and the model has room for 1,952/ }).waitFor();
  await page.check('input[value="model"]', { force: true });
  await page.locator('#error').waitFor({ state: 'hidden' });
});

test('camera: a frame of the camera is judged with yes or no, the watch goes on until it is stopped', async () => {
  await choose('/camera/');
  await page.check('input[value="camera"]', { force: true });
  await page.selectOption('#every', '1');
  await page.click('#prepare');
  await page.locator('#start').waitFor();
  await page.locator('#cost', { hasText: /A frame takes \d/ }).waitFor();
  const answers = /^Is there a person\? (yes|no)$/;
  assert.match((await page.textContent('#seen-answer')) ?? '', answers);
  await page.click('#start');
  await page.locator('#seen-note', { hasText: '3 frames so far' }).waitFor();
  await page.click('#stop');
  await say('Stopped. The camera is off.');
  assert.match((await page.textContent('#seen-answer')) ?? '', answers);
  assert.deepEqual(errors, []);
});
