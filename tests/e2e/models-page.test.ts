/* The models page in Chromium: an empty device, fetching with a pause, importing from files, checking, deleting, a full
 * storage, and what is wrong. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Ask, type BadServer, type Deed, openBadServer } from '../web/lib/bad-server.ts';
import { type Browser, openBrowser } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { checkState, DESKTOP, tabTo, watchErrors } from './lib/page-checks.ts';
import { splitGguf } from './lib/split-gguf.ts';

const FILE = readFileSync(tinyModel('phi3-mha'));
const CHUNK_BYTES = 1 << 16;
const ITEM = '#stored-list li';
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, ETag, Accept-Ranges, Content-Length',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

let browser: Browser;
let server: BadServer;
let folder: string;
let errors: string[] = [];
let behave: (ask: Ask) => Deed | undefined = () => undefined;

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function manifestOf(url: string): Record<string, unknown> {
  const chunks = [];
  for (let at = 0; at < FILE.length; at += CHUNK_BYTES)
    chunks.push(hashOf(FILE.subarray(at, at + CHUNK_BYTES)));
  const file = { url, bytes: FILE.length, sha256: hashOf(FILE), chunkBytes: CHUNK_BYTES, chunks };
  return { format: 'pocketphi-manifest/1', name: 'tiny', licence: 'MIT', files: [file] };
}

async function open(): Promise<Page> {
  const page = await browser.openPage({ path: '/models/', viewport: DESKTOP });
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
  folder = mkdtempSync(join(tmpdir(), 'pocketphi-models-'));
  server = await openBadServer(FILE, (ask) => {
    const deed = behave(ask);
    return { ...deed, headers: { ...CORS, ...deed?.headers } };
  });
  const manifest = join(folder, 'tiny.json');
  writeFileSync(manifest, JSON.stringify(manifestOf(server.url)));
  browser = await openBrowser({ '/models/tiny.json': manifest });
});

afterEach(async () => {
  behave = () => undefined;
  for (const page of browser.context.pages().slice(1)) await page.close();
  const page = await browser.openPage();
  await page.evaluate(async () => {
    localStorage.clear();
    for (const { id } of await pocketphi.models.list()) await pocketphi.models.delete(id);
  });
});

after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
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
  behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await open();
  await download(page, 'tiny.json');
  await page.locator('.load-text', { hasText: /of 502 kB/ }).waitFor();
  await checkState(page, 'models-loading');
  await button(page, 'Pause').click();
  await page.locator('.load-phase', { hasText: 'Paused.' }).waitFor();
  behave = () => undefined;
  const asked = server.asks.length;
  await button(page, 'Continue').click();
  await page.locator(ITEM, { hasText: /502 kB, complete/ }).waitFor();
  const firsts = server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
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
  await download(page, 'hf:owner/repository');
  await page.locator('#error', { hasText: 'it names no file' }).waitFor();
  await download(page, '/models/none.gguf');
  await page.locator('#error', { hasText: 'The model could not be fetched.' }).waitFor();
  await page.selectOption('#language', 'ko');
  await page.locator('#error', { hasText: '모델을 가져오지 못했습니다.' }).waitFor();
  await checkState(page, 'models-error');
  assert.equal(await page.isEnabled('#download'), true);
});

test('a full storage: the error says so, nothing half is left unsaid', async () => {
  const page = await open();
  const cdp = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 250_000 });
  /* Chromium's estimate() does not know of the override. */
  await page.addInitScript(() => {
    navigator.storage.estimate = () => Promise.resolve({ quota: 250_000, usage: 0 });
  });
  await page.reload();
  await page.locator('#known .warning', { hasText: 'There is not enough room for it' }).waitFor();
  /* A reload may have put the page into another process, which ends the override. */
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 250_000 });
  await page.setInputFiles('#file', gguf('large.gguf', FILE));
  await page.locator('#error').waitFor();
  assert.match((await page.textContent('#error')) ?? '', /storage is full|keeps nothing here/);
  await checkState(page, 'models-full');
  await cdp.send('Storage.overrideQuotaForOrigin', { origin });
});
