/* The summarise page in Chromium, with a tiny random model: what it writes is noise, the way there is not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, limitStorage, openBrowser } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { checkState, DESKTOP, PHONE, tabTo, watchErrors } from './lib/page-checks.ts';
import { measureTasks } from './lib/tasks.ts';
import { tinyWithContext } from './lib/tiny-context.ts';

const LINE = '[2024-05-02, 09:14] Mina: lunch at the corner?\n[2024-05-02, 09:15] Jun: soup\n';
const MEGABYTE = 1 << 20;
const TASK_MS_MAX = 50;
let browser: Browser;
let folder: string;
let errors: string[] = [];

async function open(
  model = '/models/wide.gguf',
  viewport: typeof DESKTOP | typeof PHONE = DESKTOP,
) {
  const page = await browser.openPage({ path: `/summarise/?model=${model}`, viewport });
  errors = watchErrors(page, /404|Failed to load resource/);
  await page.locator('#choices input').first().waitFor();
  return page;
}

async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    document.querySelector('#text')?.dispatchEvent(event);
  }, text);
}

/** Presses "Stop" when the status begins so; the model is faster than a test looks. */
async function stopAt(page: Page, beginning: string): Promise<void> {
  await page.evaluate((wanted) => {
    const said = document.querySelector('#work-status');
    const stop = document.querySelector<HTMLElement>('#stop');
    if (said === null || stop === null) throw new Error('the page has no status');
    const observer = new MutationObserver(() => {
      if (!said.textContent?.startsWith(wanted)) return;
      observer.disconnect();
      stop.focus();
      stop.click();
    });
    observer.observe(said, { childList: true });
  }, beginning);
}

const status = (page: Page, text: string | RegExp) =>
  page.locator('#work-status', { hasText: text }).waitFor();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pocketphi-summarise-'));
  const wide = join(folder, 'wide.gguf');
  writeFileSync(wide, tinyWithContext(2048));
  browser = await openBrowser({
    '/models/wide.gguf': wide,
    '/models/narrow.gguf': tinyModel('phi3-mha'),
  });
});

afterEach(() => browser.forget());

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

test('an example thread is recognised and summarised; every state is accessible', async () => {
  const page = await open();
  await checkState(page, 'summarise-empty');
  assert.equal(await page.locator('#aspects').isVisible(), false);
  await page.click('#example');
  await page.locator('#source-about', { hasText: /A message thread .* Mina, Jun, Sora/ }).waitFor();
  assert.equal(await page.inputValue('#kind'), 'thread');
  assert.equal(await page.locator('#aspects').isVisible(), true);
  await page.click('#start');
  await status(page, /The summary is ready|wrote nothing/);
  assert.equal(await page.locator('#error').isVisible(), false);
  await checkState(page, 'summarise-done');
  assert.deepEqual(errors, []);
});

test('a long thread is read in parts; stopping keeps them, going on does the rest only', async () => {
  const page = await open('/models/wide.gguf', PHONE);
  await page.fill('#text', LINE.repeat(70));
  await stopAt(page, 'Part 2 of');
  await page.click('#start');
  await status(page, 'Stopped. What has been written is kept.');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'continue');
  const kept = await page.locator('#steps li[aria-busy="false"] p').first().textContent();
  await checkState(page, 'summarise-stopped');
  await page.click('#continue');
  await status(page, /The summary is ready|wrote nothing/);
  const again = await page.locator('#steps li p').first().textContent();
  assert.equal(again, kept, 'a part that had ended was written again');
  const titles = await page.locator('#steps h3').allTextContents();
  const [, of = ''] = /Part 1 of (\d+)/.exec(titles[0] ?? '') ?? [];
  assert.ok(titles.includes(`Part ${of} of ${of}`), titles.join());
  await checkState(page, 'summarise-parts');
  assert.deepEqual(errors, []);
});

test('by the keyboard alone: from the first tab to a stopped summary', async () => {
  const page = await open();
  await tabTo(page, '#text');
  await page.keyboard.insertText(LINE.repeat(250));
  await page.locator('#source-about', { hasText: 'Mina, Jun' }).waitFor();
  await tabTo(page, '#remove');
  await tabTo(page, 'input[name="length"]');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.isChecked('input[value="long"]'), true);
  await tabTo(page, '#start');
  await page.keyboard.press('Enter');
  await status(page, /Part \d+ of \d\d/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'work-title');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'stop');
  await page.keyboard.press('Enter');
  await status(page, 'Stopped.');
});

test('ten megabytes in one line: held beside the field, planned, and asked about first', async () => {
  const page = await open();
  await page.setInputFiles('#file', {
    name: 'line.txt',
    mimeType: 'text/plain',
    buffer: Buffer.alloc(10 * MEGABYTE, 'x'),
  });
  await page.locator('#held-name', { hasText: 'line.txt, 10,485,760 characters' }).waitFor();
  await checkState(page, 'summarise-held');
  await page.click('#start');
  await status(page, /Reading the text: [1-9]/);
  await page.click('#stop');
  await status(page, 'Stopped.');
  assert.equal(await page.locator('#continue').isVisible(), false);
  await page.click('#remove');
  await paste(page, 'x'.repeat(50_000));
  await page.click('#start');
  await page.locator('#confirm', { hasText: /in \d+ parts, which can take hours/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#start').waitFor();
  assert.deepEqual(errors, []);
});

test('the main thread is never held: not by ten megabytes, not while a summary is written', async () => {
  const page = await open();
  const prose = join(folder, 'prose.txt');
  writeFileSync(prose, LINE.repeat((10 * MEGABYTE) / LINE.length));
  const reading = await measureTasks(page, async () => {
    await page.setInputFiles('#file', prose);
    await page.locator('#held').waitFor();
    await page.click('#start');
    await status(page, /Reading the text: [3-9]/);
    await page.click('#stop');
    await status(page, 'Stopped.');
  });
  await page.click('#remove');
  await page.fill('#text', LINE.repeat(100));
  const writing = await measureTasks(page, async () => {
    await page.click('#start');
    await status(page, /The summary is ready|wrote nothing/);
  });
  assert.ok(reading.cpuMs < TASK_MS_MAX, `reading: a task of ${reading.cpuMs} ms`);
  assert.ok(writing.cpuMs < TASK_MS_MAX, `writing: a task of ${writing.cpuMs} ms`);
});

test('files: a mail, messages in JSON, and what is no text', async () => {
  const page = await open();
  const put = (name: string, buffer: Buffer) =>
    page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer });
  await put('a.eml', Buffer.from('From: Mina\nSubject: =?utf-8?Q?Caf=C3=A9?=\n\nHello.\n'));
  await page.waitForFunction(() =>
    document
      .querySelector<HTMLTextAreaElement>('#text')
      ?.value.startsWith('From: Mina\nSubject: Café'),
  );
  const messages = ['Mina', 'Jun', 'Mina', 'Jun'].map((from) => ({ from, text: 'hello' }));
  await put('b.json', Buffer.from(JSON.stringify({ messages })));
  await page.locator('#source-about', { hasText: 'A message thread of 45 characters' }).waitFor();
  await put('c.zip', Buffer.from([80, 75, 3, 4, ...Array<number>(200).fill(0)]));
  await page.locator('#error', { hasText: 'This file is not text.' }).waitFor();
  assert.match(await page.inputValue('#text'), /^Mina: hello/);
  await page.selectOption('#language', 'ko');
  await page.locator('#error', { hasText: '글이 아닌 파일입니다.' }).waitFor();
});

test('models that fail: none there, a context too short', async () => {
  const page = await open('/models/none.gguf');
  await page.click('#example');
  await page.click('#start');
  await page.locator('#error', { hasText: 'The model could not be fetched.' }).waitFor();
  assert.equal(await page.locator('#start').isVisible(), true);
  await checkState(page, 'summarise-error');
  await page.goto(page.url().replace('none', 'narrow'));
  await page.click('#example');
  await page.click('#start');
  await page.locator('#error', { hasText: 'The context of this model is too short' }).waitFor();
});

test('with the storage full the summary is written all the same', async () => {
  const page = await open();
  await limitStorage(page, 250_000);
  await page.click('#example');
  await page.click('#start');
  await status(page, /The summary is ready|wrote nothing/);
  assert.equal(await page.locator('#error').isVisible(), false);
  await limitStorage(page);
});

test('a stored model is offered first, then Phi-3-mini; the tutor is not, and the page says why', async () => {
  const page = await open();
  await page.evaluate(async () => {
    const { models } = await import('/dist/index.js' as string);
    await models.download('/models/wide.gguf');
  });
  await page.goto(new URL('/summarise/', page.url()).href);
  const items = page.locator('#choices li');
  await items.nth(2).waitFor();
  const texts = await items.allTextContents();
  assert.match(texts[0] ?? '', /wide\.gguf.*on this device/);
  assert.match(texts[1] ?? '', /Phi-3-mini.*2\.44 GB to fetch.*of memory/);
  assert.match(texts[2] ?? '', /A GGUF file of yours/);
  assert.match((await page.textContent('#model')) ?? '', /tutor .* cannot summarise/);
  await page.setInputFiles('#own-file', tinyModel('phi3-mha'));
  await page.check('input[value="file"]', { noWaitAfter: true });
  await page.locator('#choices', { hasText: 'Your file: phi3-mha.gguf' }).waitFor();
});
