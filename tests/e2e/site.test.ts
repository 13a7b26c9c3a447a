/* The frame of all pages and the front page: what it weighs, the model in the box, errors, keyboard, languages and
 * appearances, the panel that loads a model. Screenshots are left in build/e2e/. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { type Served, serve } from '../../demo/serve.mjs';
import { type Ask, type BadServer, type Deed, openBadServer } from '../web/lib/bad-server.ts';
import { type LaunchedContext, launchContext } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { checkState, PHONE, tabTo, watchErrors } from './lib/page-checks.ts';
import { buildChangedSite, deleteSites, type SiteBuild } from './lib/site-builds.ts';

const FIRST_LOAD_BYTES_MAX = 300_000;
const FILE = readFileSync(tinyModel('phi3-mha'));
const CHUNK_BYTES = 1 << 16;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, ETag, Accept-Ranges, Content-Length',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};
/* A page of the site that has nothing but the panel and the error box. */
const PANEL_PAGE = {
  'panel/index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Panel</title>
    <link rel="stylesheet" href="../site/site.css" />
    <script type="module" src="panel.js"></script>
  </head>
  <body data-page="models">
    <main id="main"><h1>Panel</h1><section id="panel"></section><div id="error"></div></main>
  </body>
</html>`,
  'panel/panel.js': `
import { ErrorBox } from '../site/errors.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
const frame = mountFrame({ words: { en: {}, ko: {} } });
const panel = new LoadPanel(document.getElementById('panel'), frame);
const box = new ErrorBox(document.getElementById('error'), frame);
globalThis.load = async (model, options) => {
  try {
    const engine = await panel.load({ model, name: 'tiny', options });
    const { kind } = engine.storage;
    await engine.destroy();
    return kind ?? 'loaded';
  } catch (error) {
    box.show(error);
    return error.code;
  }
};
globalThis.box = box;
`,
};

declare global {
  var longTasks: number[];
  var longTaskObserver: PerformanceObserver | undefined;
  var load: (model: unknown, options?: object) => Promise<string>;
  var box: { show(error: unknown): void; clear(): void };
}

let build: SiteBuild;
let site: Served;
let server: BadServer;
let browser: LaunchedContext;
let behave: (ask: Ask) => Deed | undefined = () => undefined;

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Writes the manifest that makes many chunks of the tiny file; returns where. */
function writeManifest(folder: string): string {
  const chunks = [];
  for (let at = 0; at < FILE.length; at += CHUNK_BYTES)
    chunks.push(hashOf(FILE.subarray(at, at + CHUNK_BYTES)));
  const { url } = server;
  const file = { url, bytes: FILE.length, sha256: hashOf(FILE), chunkBytes: CHUNK_BYTES, chunks };
  const manifest = { format: 'pocketphi-manifest/1', name: 'tiny', licence: 'MIT', files: [file] };
  const path = join(folder, 'tiny.json');
  writeFileSync(path, JSON.stringify(manifest));
  return path;
}

before(async () => {
  server = await openBadServer(FILE, (ask) => {
    const deed = behave(ask);
    return { ...deed, headers: { ...CORS, ...deed?.headers } };
  });
  build = await buildChangedSite('site', {
    model: tinyModel('phi3-mha'),
    additions: PANEL_PAGE,
  });
  const cut = join(build.folder, '..', 'cut.gguf');
  writeFileSync(cut, FILE.subarray(0, 200_000));
  site = await serve({
    folders: { '/': build.folder },
    files: {
      '/cut.gguf': cut,
      '/tiny.json': writeManifest(join(build.folder, '..')),
    },
  });
  browser = await launchContext({ serviceWorkers: 'block' });
});

afterEach(async () => {
  behave = () => undefined;
  const blank = await browser.context.newPage();
  for (const page of browser.context.pages()) if (page !== blank) await page.close();
  await blank.goto(`${site.url}/icons/icon.svg`);
  await blank.evaluate(() => localStorage.clear());
  await deleteModels(blank);
});

after(async () => {
  await browser.close();
  await Promise.all([site.close(), server.close()]);
  deleteSites();
});

async function openPage(path = '/'): Promise<Page> {
  const page = await browser.context.newPage();
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(site.url + path);
  await page.locator('.site-header').waitFor();
  return page;
}

async function deleteModels(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { models } = await import('/dist/index.js' as string);
    for (const { id } of await models.list()) await models.delete(id);
  });
}

async function waitAnswer(page: Page): Promise<void> {
  await page.locator('#answer[aria-busy="false"]').waitFor();
}

const focusedId = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.activeElement?.id);

test('the first load of the front page is small, gzipped, engine and all; the model comes later', async () => {
  const page = await browser.context.newPage();
  const paths: string[] = [];
  browser.context.on('request', (request) => paths.push(new URL(request.url()).pathname.slice(1)));
  await page.goto(site.url);
  await page.locator('#model-state', { hasText: 'The model is ready' }).waitFor();
  browser.context.removeAllListeners('request');
  const loaded = [...new Set(paths)].map((path) => (path === '' ? 'index.html' : path));
  assert.ok(loaded.includes(build.model), 'the model was fetched');
  const variant = loaded.filter((path) => path.endsWith('.wasm'));
  assert.equal(variant.length, 1, 'one variant of the engine');
  const before = loaded.filter((path) => path !== build.model);
  const sizes = before.map((path) => gzipSync(readFileSync(join(build.folder, path))).length);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  for (const [i, path] of before.entries()) console.log(`${path.padEnd(48)}${sizes[i]}`);
  const engine = before.filter((path) => path.startsWith('engine-'));
  console.log(`first load of the front page: ${before.length} files, ${total} bytes gzipped`);
  assert.ok(engine.length >= 4, engine.join());
  assert.ok(total <= FIRST_LOAD_BYTES_MAX, `${total} bytes`);
});

test('the box answers in the tab, checks the answer, tells the rate; by keyboard alone', async () => {
  const page = await openPage();
  const errors = watchErrors(page);
  await tabTo(page, '#question');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('12 + 9');
  await page.keyboard.press('Enter');
  await waitAnswer(page);
  assert.equal(await focusedId(page), 'answer-text', 'the answer is read out');
  /* The model of the tests knows nothing. */
  assert.match((await page.textContent('#verdict')) ?? '', /something in it is wrong/);
  assert.match(
    (await page.textContent('#model-state')) ?? '',
    /tokens a second, computed in this tab/,
  );
  await page.selectOption('#language', 'ko');
  assert.match((await page.textContent('#verdict')) ?? '', /틀린 곳이 있습니다/);
  assert.match((await page.textContent('#model-state')) ?? '', /이 탭 안에서 계산했습니다/);
  await page.getByRole('button', { name: '37 × 8' }).click();
  await waitAnswer(page);
  assert.equal(await page.inputValue('#question'), '37 × 8');
  assert.deepEqual(errors, []);
});

test('no task of the page takes 50 ms while the model writes', async () => {
  const page = await openPage();
  await page.locator('#model-state', { hasText: 'The model is ready' }).waitFor();
  const longest: number[] = [];
  /* The machine may take the processor away from the page; not every time. */
  for (let attempt = 0; attempt < 5 && longest.at(-1) !== 0; attempt++) {
    await page.evaluate(() => {
      globalThis.longTasks = [];
      globalThis.longTaskObserver?.disconnect();
      globalThis.longTaskObserver = new PerformanceObserver((list) => {
        globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration));
      });
      globalThis.longTaskObserver.observe({ type: 'longtask' });
    });
    await page.click('#send');
    await waitAnswer(page);
    longest.push(await page.evaluate(() => Math.max(0, ...globalThis.longTasks)));
  }
  assert.equal(longest.at(-1), 0, `ms: ${longest.join(', ')}`);
});

test('hostile output goes in as text', async () => {
  const page = await openPage();
  await page.fill('#question', '<img src=x onerror="globalThis.wasHit = true">');
  await page.press('#question', 'Enter');
  await waitAnswer(page);
  assert.equal(await page.locator('main img').count(), 0);
  assert.equal(await page.evaluate(() => 'wasHit' in globalThis), false);
});

test('a model that does not load is explained in the page’s language, and can be tried again', async () => {
  const page = await openPage('/?embedded=/nowhere.gguf');
  await page.click('#send');
  await page.locator('#error', { hasText: /could not be fetched.*404/ }).waitFor();
  assert.equal(await page.locator('#answer').isVisible(), false);
  await page.selectOption('#language', 'ko');
  assert.match((await page.textContent('#error')) ?? '', /모델을 가져오지 못했습니다/);
  await page.selectOption('#language', 'en');
  await page.click('#send');
  await page.locator('#send:enabled').waitFor();
  await page.locator('#error', { hasText: '404' }).waitFor();
  await page.goto(`${site.url}/?embedded=/cut.gguf`);
  await page.click('#send');
  await page.locator('#error', { hasText: 'cannot be read as a model' }).waitFor();
  await checkState(page, 'front-error');
});

test('the front page in both languages and appearances: axe, width', async () => {
  const page = await openPage();
  const errors = watchErrors(page);
  await page.locator('#model-state', { hasText: 'The model is ready' }).waitFor();
  await checkState(page, 'front');
  await page.click('#send');
  await waitAnswer(page);
  await checkState(page, 'front-answer');
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 320, `the page is ${width} wide`);
  assert.deepEqual(errors, []);
});

test('targets are large enough for fingers', async () => {
  const page = await openPage();
  await page.setViewportSize(PHONE);
  await page.locator('#cards a').first().waitFor();
  const small = await page
    .locator('button:visible, select:visible, input:visible, nav a:visible')
    .evaluateAll((all) =>
      all
        .map((each) => ({ box: each.getBoundingClientRect(), html: each.outerHTML }))
        .filter(({ box }) => box.height < 44 || box.width < 44)
        .map(({ html }) => html.slice(0, 80)),
    );
  assert.deepEqual(small, []);
});

test('the frame: skip link first, the current page marked, languages keep what was typed', async () => {
  const page = await openPage();
  await page.keyboard.press('Tab');
  assert.equal(
    await page.evaluate(() => document.activeElement?.textContent),
    'Skip to the content',
  );
  await page.keyboard.press('Enter');
  assert.equal(await focusedId(page), 'main');
  await page.keyboard.press('Tab');
  assert.equal(await focusedId(page), 'question');
  assert.equal(await page.textContent('nav [aria-current="page"]'), 'Home');
  assert.equal(await page.locator('nav [aria-current]').count(), 1);

  await page.fill('#question', 'typed');
  await page.selectOption('#language', 'ko');
  assert.equal(await page.inputValue('#question'), 'typed');
  assert.equal(await focusedId(page), 'question', 'the focus stays');
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
  assert.equal(await page.textContent('nav [aria-current="page"]'), '처음');
  assert.equal(await page.getAttribute('nav', 'aria-label'), '페이지');
  await page.selectOption('#theme', 'dark');
  await page.goto(`${site.url}/panel/`);
  assert.equal(await page.getAttribute('html', 'lang'), 'ko', 'kept for other pages');
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
  assert.equal(await page.inputValue('#theme'), 'dark');
  assert.equal(await page.title(), '모델 · PocketPhi');
});

test('the system’s language and appearance hold until something is chosen', async () => {
  const page = await openPage();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await ground();
  await page.selectOption('#theme', 'light');
  assert.notEqual(await ground(), dark);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.selectOption('#theme', 'dark');
  assert.equal(await ground(), dark);
  await page.evaluate(() => localStorage.clear());
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'languages', { value: ['fr', 'ko-KR', 'en'] });
  });
  await page.reload();
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
});

test('a browser that refuses localStorage: choices hold for the page', async () => {
  const page = await browser.context.newPage();
  const errors = watchErrors(page);
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await page.goto(site.url);
  await page.selectOption('#language', 'ko');
  await page.selectOption('#theme', 'dark');
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
  assert.deepEqual(errors, []);
});

test('the offline badge comes and goes; "install" asks the browser once it offers', async () => {
  const page = await browser.context.newPage();
  await page.addInitScript(() => {
    /* Chromium's own offer would come at any moment. */
    addEventListener('beforeinstallprompt', (event) => {
      if (event.isTrusted) event.stopImmediatePropagation();
    });
  });
  await page.goto(site.url);
  assert.equal(await page.textContent('#offline'), '');
  await browser.context.setOffline(true);
  await page.locator('#offline', { hasText: 'Offline' }).waitFor();
  await browser.context.setOffline(false);
  await page.locator('#offline', { hasText: /^$/ }).waitFor({ state: 'attached' });

  assert.equal(await page.locator('.install').isVisible(), false);
  await page.evaluate(() => {
    const offer = new Event('beforeinstallprompt', { cancelable: true });
    Object.assign(offer, { prompt: () => document.body.setAttribute('data-asked', 'yes') });
    dispatchEvent(offer);
  });
  await page.getByRole('button', { name: 'Install as an app' }).click();
  assert.equal(await page.getAttribute('body', 'data-asked'), 'yes');
  assert.equal(await page.locator('.install').isVisible(), false);
});

test('Chromium finds nothing wrong with the manifest and its icons', async () => {
  const page = await openPage();
  const session = await browser.context.newCDPSession(page);
  const { url, errors } = await session.send('Page.getAppManifest');
  assert.equal(url, `${site.url}/manifest.webmanifest`);
  assert.deepEqual(errors, []);
  const manifest: { icons: { src: string; sizes: string; purpose: string }[] } = JSON.parse(
    readFileSync(join(build.folder, 'manifest.webmanifest'), 'utf8'),
  );
  for (const { src, sizes } of manifest.icons.filter((icon) => icon.sizes !== 'any')) {
    const png = readFileSync(join(build.folder, src));
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    assert.equal(`${width}x${height}`, sizes, src);
  }
  assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
});

test('the panel: progress, pause, continue with what came, done', async () => {
  /* The fourth chunk does not come, the others do: the download cannot end. */
  behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await openPage('/panel/');
  const result = page.evaluate(() => load('/tiny.json'));
  await page.locator('.load-phase', { hasText: 'Downloading…' }).waitFor();
  await page.locator('.load-text', { hasText: /kB of 502 kB/ }).waitFor();
  await page.locator('.load-note', { hasText: 'kept when you stop' }).waitFor();
  await checkState(page, 'panel-loading');
  await page.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.load-phase', { hasText: 'Paused.' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Continue');
  await checkState(page, 'panel-paused');
  behave = () => undefined;
  const asked = server.asks.length;
  await page.getByRole('button', { name: 'Continue' }).click();
  assert.equal(await result, 'opfs');
  const firsts = server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.ok(firsts.includes(3 * CHUNK_BYTES) && !firsts.includes(CHUNK_BYTES), firsts.join());
  assert.equal(await page.locator('#panel').isVisible(), false);
  await page.locator('.status', { hasText: 'tiny is ready.' }).waitFor();
});

test('the panel: cancel, while it loads and while it is paused', async () => {
  behave = ({ range }) =>
    range?.first === 3 * CHUNK_BYTES ? { until: new Promise(() => undefined) } : undefined;
  const page = await openPage('/panel/');
  for (const isPaused of [false, true]) {
    const result = page.evaluate(() => load('/tiny.json'));
    await page.locator('.load-phase', { hasText: 'Downloading…' }).waitFor();
    if (isPaused) await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await result, 'PHI_ECANCELED');
    assert.equal(await page.locator('#panel').isVisible(), false);
    assert.equal(await page.locator('#error').isVisible(), false, 'a wish is not an error');
    await deleteModels(page);
  }
});

test('the panel: no pause where nothing is kept; errors are said in the box', async () => {
  behave = () => ({ until: new Promise(() => undefined) });
  const page = await openPage('/panel/');
  const waiting = page.evaluate(() => load('/tiny.json', { storage: 'none' }));
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Pause' }).isVisible(), false);
  assert.equal(await page.evaluate(() => load('/tiny.json')), 'PHI_ESTATE', 'one at a time');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await waiting;
  assert.equal(await page.evaluate(() => load('/cut.gguf')), 'PHI_ECORRUPT');
  await page.locator('#error', { hasText: 'This file cannot be read as a model.' }).waitFor();
  await page.selectOption('#language', 'ko');
  await page.locator('#error', { hasText: '이 파일은 모델로 읽을 수 없습니다.' }).waitFor();
  await page.evaluate(() => box.show(null));
  await page.locator('#error', { hasText: '예상하지 못한 문제가 생겼습니다.' }).waitFor();
  await page.evaluate(() => box.clear());
  assert.equal(await page.locator('#error').isVisible(), false);
});
