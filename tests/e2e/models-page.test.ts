/* The models page in Chromium: an empty device, fetching with a pause, importing from files, checking, deleting, a full
 * storage, and what is wrong. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, limitStorage, openBrowser } from './lib/browser.ts';
import { checkState, DESKTOP, tabTo, watchErrors } from './lib/page-checks.ts';
import { splitGguf } from './lib/split-gguf.ts';
import { CHUNK_BYTES, FILE, ModelSource } from './lib/stored-model.ts';

const ITEM = '#stored-list li';

let browser: Browser;
let source: ModelSource;
let errors: string[] = [];

async function open(where: Browser = browser): Promise<Page> {
  const page = await where.openPage({ path: '/models/', viewport: DESKTOP });
  errors = watchErrors(page, /Failed to load resource/);
  await page.locator('#known li').first().waitFor();
  return page;
}

async function download(page: Page, address: string): Promise<void> {
  await page.fill('#address', address);
  await page.press('#address', 'Enter');
}

const gguf = (name: string, buffer: Buffer) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer,
});
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

before(async () => {
  source = await ModelSource.open();
  browser = await openBrowser({ '/models/tiny.json': source.manifest });
});

afterEach(() => {
  source.behave = () => undefined;
  return browser.forget();
});

after(async () => {
  await browser.close();
  await source.close();
});

test('an empty device: the list says so, models are offered with size, memory and licence', async () => {
  const page = await open();
  await page.locator('#stored', { hasText: 'Nothing is stored yet.' }).waitFor();
  assert.match(
    (await page.textContent('#known')) ?? '',
    /Phi-3-mini-4k.*about 2\.44 GB · about 4\.05 GB of memory · reads 4,096 tokens.*MIT.*huggingface/,
  );
  assert.match((await page.textContent('#room-text')) ?? '', /uses .* of the .* that the browser/);
  await page.click('#others-box summary');
  assert.match(
    (await page.textContent('#others')) ?? '',
    /too large for this build.*not supported/,
  );
  await checkState(page, 'models-empty');
  assert.deepEqual(errors, []);
});

test('a model is fetched without being opened: pause keeps what came, continue fetches the rest', async () => {
  source.behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await open();
  await download(page, 'tiny.json');
  await page.locator('.load-text', { hasText: /of 502 kB/ }).waitFor();
  await checkState(page, 'models-loading');
  await button(page, 'Pause').click();
  await page.locator('.load-phase', { hasText: 'Paused.' }).waitFor();
  source.behave = () => undefined;
  const asked = source.server.asks.length;
  await button(page, 'Continue').click();
  await page.locator(ITEM, { hasText: /502 kB, complete/ }).waitFor();
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.ok(!firsts.includes(CHUNK_BYTES), firsts.join());
  assert.match(
    (await page.textContent(ITEM)) ?? '',
    /used .* · added .* · kept as files of this site/,
  );
  await checkState(page, 'models-stored');
  assert.deepEqual(errors, []);
});

test('check, cancel, delete by the keyboard; the focus has a place afterwards', async () => {
  const page = await open();
  await download(page, 'tiny.json');
  await page.locator(ITEM, { hasText: 'complete' }).waitFor();
  await tabTo(page, '[data-key^="check"]');
  await page.keyboard.press('Enter');
  await page.locator('#stored-note', { hasText: 'all of it is as it should be' }).waitFor();
  await tabTo(page, '[data-key^="delete"]');
  await page.keyboard.press('Enter');
  await page.locator('#confirm', { hasText: 'Delete tiny (502 kB)' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#stored', { hasText: 'Deleted: tiny.' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'stored-title');
});

test('a file is imported, told apart, checked, and loads in the chat without any server', async () => {
  const page = await open();
  await page.setInputFiles('#file', gguf('My model.gguf', FILE));
  await page
    .locator(ITEM, { hasText: /My model\.gguf.*502 kB, complete.*imported from a file/ })
    .waitFor();
  await button(page, 'Check: My model.gguf').click();
  await page.locator('#stored-note', { hasText: 'as it should be' }).waitFor();
  const id = await page.getAttribute(`${ITEM} strong`, 'title');
  assert.match(id ?? '', /\/models\/imported\/My%20model\.gguf$/);
  const info = await page.evaluate(async (model) => {
    const { Engine } = await import('/dist/index.js' as string);
    const engine = await Engine.create({ model, threads: 1 });
    const [logit] = await engine.forward([1, 5, 9]);
    await engine.destroy();
    return { name: engine.info.name, isNumber: Number.isFinite(logit), kind: engine.storage.kind };
  }, id ?? '');
  assert.deepEqual(info, { name: 'Phi3', isNumber: true, kind: 'opfs' });
  await button(page, 'Load: My model.gguf').click();
  await page.waitForURL(/\/chat\/\?model=.*My%2520model/);
});

test('a model in several files is imported whole, or not at all', async () => {
  const parts = splitGguf(FILE, 3).map((bytes, i) => gguf(`big-0000${i + 1}-of-00003.gguf`, bytes));
  const page = await open();
  await page.setInputFiles('#file', parts.slice(0, 2));
  await page.locator('#error', { hasText: 'choose all of them' }).waitFor();
  await page.setInputFiles('#file', [...parts].reverse());
  await page.locator(ITEM, { hasText: /big-00001-of-00003.*complete/ }).waitFor();
});

test('what is wrong is said in the language of the page, and the page goes on', async () => {
  const page = await open();
  await page.setInputFiles('#file', gguf('noise.gguf', Buffer.alloc(5000, 'x')));
  await page.locator('#error', { hasText: 'This file is not a GGUF model.' }).waitFor();
  await download(page, 'hf:owner');
  await page.locator('#error', { hasText: 'it names no repository' }).waitFor();
  await download(page, '/models/none.gguf');
  await page.locator('#error', { hasText: 'The model could not be fetched.' }).waitFor();
  await page.selectOption('#language', 'ko');
  await page.locator('#error', { hasText: '모델을 가져오지 못했습니다.' }).waitFor();
  await checkState(page, 'models-error');
  assert.equal(await page.isEnabled('#download'), true);
});

test('a full storage: the error says so, nothing half is left unsaid', async () => {
  const full = await openBrowser();
  try {
    const page = await open(full);
    await limitStorage(page, 250_000);
    /* Chromium's estimate() does not know of the limit. */
    await page.addInitScript(() => {
      navigator.storage.estimate = () => Promise.resolve({ quota: 250_000, usage: 0 });
    });
    await page.reload();
    await page.locator('#known .warning', { hasText: 'There is not enough room for it' }).waitFor();
    await page.setInputFiles('#file', gguf('large.gguf', FILE));
    await page.locator('#error').waitFor();
    assert.match((await page.textContent('#error')) ?? '', /storage is full|keeps nothing here/);
    await checkState(page, 'models-full');
  } finally {
    await full.close();
  }
});
