/* After one visit, and with the server gone: a model is imported from a file, summarises, and is measured. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serve } from '../../demo/serve.mjs';
import { type LaunchedContext, launchContext } from './lib/browser.ts';
import { watchErrors } from './lib/page-checks.ts';
import { tinyWithContext } from './lib/tiny-context.ts';

let browser: LaunchedContext;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pocketphi-pages-'));
  browser = await launchContext();
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

test('models, summarise and bench work with the server gone', async () => {
  const model = join(folder, 'wide.gguf');
  writeFileSync(model, tinyWithContext(2048));
  const letter = join(folder, 'letter.txt');
  writeFileSync(letter, 'Dear all, the meeting is on Tuesday at four. Kind regards, Mina');
  const site = await serve();
  const page = await browser.context.newPage();
  const errors = watchErrors(page);
  await page.goto(`${site.url}/models/`);
  await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
  await site.close();

  await page.goto(`${site.url}/models/`);
  await page.setInputFiles('#file', model);
  await page.locator('#stored-list li', { hasText: /wide\.gguf.*complete/ }).waitFor();

  await page.goto(`${site.url}/summarise/`);
  await page.locator('#choices li', { hasText: /wide\.gguf.*needs no network/ }).waitFor();
  await page.setInputFiles('#file', letter);
  await page.locator('#source-about', { hasText: 'A document of 63 characters' }).waitFor();
  await page.click('#start');
  await page.locator('#work-status', { hasText: /is ready|wrote nothing/ }).waitFor();

  await page.goto(`${site.url}/bench/`);
  const stored = page.locator('#model option', { hasText: 'wide.gguf' });
  await stored.waitFor({ state: 'attached' });
  await page.selectOption('#model', (await stored.getAttribute('value')) ?? '');
  await page.selectOption('#rounds', '3');
  await page.click('#start');
  await page.locator('#step', { hasText: 'Done.' }).waitFor();
  await page.locator('#threads-plot svg').first().waitFor();
  assert.deepEqual(errors, []);
});
