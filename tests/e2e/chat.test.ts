/* The chat page and what is stored: progress in words, a list of what is there, loading it again while the server
 * fails, going on with a download that was cancelled, checking and deleting. The model is tiny; a manifest makes many
 * chunks of it. Screenshots are left in build/e2e/. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';
import { CHUNK_BYTES, ModelSource } from './lib/stored-model.ts';

const SCREENSHOTS = join(ROOT, 'build/e2e');
const ITEM = '#stored-list li';

let browser: Browser;
let source: ModelSource;

async function openChat(query = ''): Promise<Page> {
  const page = await browser.openPage({ path: `/chat/${query}` });
  page.on('pageerror', (error) => assert.fail(error));
  return page;
}

/** Loads the model by its manifest's address, typed into the field; the chat is there afterwards. */
async function loadTiny(page: Page): Promise<void> {
  await page.fill('#url', '/tiny.json');
  await page.press('#url', 'Enter');
  await page.locator('#chat').waitFor();
}

async function leaveChat(page: Page): Promise<void> {
  await page.click('#other-model');
  await page.locator(ITEM).waitFor();
}

const button = (page: Page, action: string) =>
  page.getByRole('button', { name: `${action}: tiny`, exact: true });

/** The store is asked once the chat is there. */
const keptIs = (page: Page, text: RegExp) => page.locator('#kept', { hasText: text }).waitFor();

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  source = await ModelSource.open();
  browser = await openBrowser({ '/tiny.json': source.manifest });
});

afterEach(() => {
  source.behave = () => undefined;
  return browser.forget();
});

after(async () => {
  await browser.close();
  await source.close();
});

test('a loaded model is kept, listed, and loads again while the server fails', async () => {
  const page = await openChat();
  assert.equal(await page.locator('#stored').isVisible(), false);
  await loadTiny(page);
  await keptIs(page, /^Kept on this device: 502 kB in this site’s own files\./);
  source.behave = () => ({ isDead: true });
  const asked = source.server.asks.length;
  await leaveChat(page);
  assert.match((await page.textContent(ITEM)) ?? '', /tiny502 kB, complete · used /);
  assert.match(
    (await page.textContent('#stored-room')) ?? '',
    /Models take 502 kB; this site may store \S+ GB\. The browser may delete them/,
  );
  await page.reload();
  await button(page, 'Load').click();
  await page.locator('#chat').waitFor();
  assert.equal(source.server.asks.length, asked, 'the network was asked');
  await page.click('#chat summary');
  await page.fill('#max-tokens', '4');
  await page.fill('#question', 'hello');
  await page.press('#question', 'Enter');
  await page.locator('#messages .assistant:not([aria-busy])').waitFor();
  assert.equal(await page.locator('#error').isVisible(), false);
});

const focusedAction = (page: Page) =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.action);

test('pause, by the keyboard, and continue: only the rest is fetched', async () => {
  source.behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await openChat('?model=/tiny.json');
  await page.locator('.load-text', { hasText: /of 502 kB/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.load-phase', { hasText: 'Paused. What has come is kept.' }).waitFor();
  assert.equal(await focusedAction(page), 'resume');
  await page.screenshot({ path: join(SCREENSHOTS, 'chat-paused.png') });
  source.behave = () => undefined;
  const asked = source.server.asks.length;
  await page.keyboard.press('Enter');
  await page.locator('#chat').waitFor();
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.ok(firsts.includes(3 * CHUNK_BYTES) && !firsts.includes(CHUNK_BYTES), firsts.join());
});

test('cancel keeps what came; "Continue" fetches the rest only', async () => {
  /* The fourth chunk does not come, the others do: the download cannot end. */
  source.behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await openChat('?model=/tiny.json');
  await page.locator('.load-phase', { hasText: 'Downloading…' }).waitFor();
  await page.locator('.load-text', { hasText: /of 502 kB/ }).waitFor();
  await page.locator('.load-note', { hasText: 'kept when you stop' }).waitFor();
  /* Pause has the focus; Cancel comes next. */
  assert.equal(await focusedAction(page), 'pause');
  await page.keyboard.press('Tab');
  assert.equal(await focusedAction(page), 'cancel');
  await page.keyboard.press('Enter');
  await page.locator('#notice', { hasText: '“Continue” fetches the rest' }).waitFor();
  await page.locator(ITEM, { hasText: /kB of 502 kB/ }).waitFor();
  source.behave = () => undefined;
  const asked = source.server.asks.length;
  await button(page, 'Continue').click();
  await page.locator('#chat').waitFor();
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.ok(firsts.includes(3 * CHUNK_BYTES) && !firsts.includes(CHUNK_BYTES), firsts.join());
  await page.click('#other-model');
  await page.locator(ITEM, { hasText: /502 kB, complete/ }).waitFor();
});

test('check says what it found; delete asks first; both by the keyboard', async () => {
  const page = await openChat();
  await loadTiny(page);
  await leaveChat(page);
  await button(page, 'Check').focus();
  await page.keyboard.press('Enter');
  await page.locator('#stored-note', { hasText: 'tiny: all of it is as it should be.' }).waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, 'chat-stored.png'), fullPage: true });
  await button(page, 'Delete').focus();
  await page.keyboard.press('Enter');
  await page.locator('#confirm', { hasText: 'Delete tiny (502 kB) from this device?' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator(ITEM).count(), 1);
  await button(page, 'Delete').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#stored').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'url');
  await page.reload();
  await page.locator('#variant', { hasText: 'Build' }).waitFor({ state: 'attached' });
  assert.equal(await page.locator('#stored').isVisible(), false);
});

test('a model that another tab is using is not deleted: the error says so', async () => {
  const user = await openChat();
  await loadTiny(user);
  await user.evaluate(async () => {
    /* Held as a load in another tab holds it. */
    const [{ id = '' } = {}] = await (await import('/dist/index.js' as string)).models.list();
    void navigator.locks.request(`pocketphi:model:${id}`, { mode: 'shared' }, () => {
      return new Promise(() => undefined);
    });
  });
  const page = await openChat();
  await button(page, 'Delete').click();
  await page.locator('#confirm button.danger').click();
  await page.locator('#error', { hasText: 'another tab of this site is using' }).waitFor();
  assert.equal(await page.locator(ITEM).count(), 1);
});

test('not kept: a file of the user’s, and when asked not to', async () => {
  const page = await openChat();
  await page.setInputFiles('#file', tinyModel('phi3-mha'));
  await page.locator('#kept', { hasText: 'the file is on your disk already' }).waitFor();
  await page.click('#other-model');
  await page.click('#loader summary');
  await page.selectOption('#storage', 'none');
  await loadTiny(page);
  await keptIs(page, /^Not kept.*"none" was asked for/);
  await page.selectOption('#language', 'ko');
  await keptIs(page, /보관되지 않음/);
  await page.click('#other-model');
  await page.locator('#loader').waitFor();
  assert.equal(await page.locator('#stored').isVisible(), false);
});

test('the field takes names: the registry is offered, a wrong one is explained', async () => {
  const page = await openChat();
  await page.focus('#url');
  await page.locator('#known option').first().waitFor({ state: 'attached' });
  const ids = await page
    .locator('#known option')
    .evaluateAll((all) => all.map((option) => option.getAttribute('value')));
  assert.ok(ids.includes('phi-3-mini-4k-q4'), ids.join());
  await page.fill('#url', 'hf:owner');
  await page.press('#url', 'Enter');
  await page.locator('#error', { hasText: 'it names no repository' }).waitFor();
});

test('phone width, dark, Korean: nothing is wider than the page', async () => {
  const page = await openChat();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await loadTiny(page);
  await page.selectOption('#language', 'ko');
  await keptIs(page, /이 기기에 보관됨/);
  await leaveChat(page);
  assert.match((await page.textContent(ITEM)) ?? '', /502\s?kB, 전체 저장됨/);
  assert.equal(await page.textContent('#persist'), '지우지 않도록 브라우저에 요청');
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `the page is ${width} wide`);
  await page.screenshot({ path: join(SCREENSHOTS, 'chat-stored-ko.png'), fullPage: true });
});
