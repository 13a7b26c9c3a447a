/* The site as an app: after one visit everything works with the server stopped, on a host that sends the isolation
 * headers and on one that does not, below a path of its own; an update never mixes two versions. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { type Served, serve } from '../../demo/serve.mjs';
import { launchContext } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { buildChangedSite, deleteSites, type SiteBuild } from './lib/site-builds.ts';

let v1: SiteBuild;
let v2: SiteBuild;
let scratch: string;
let context: BrowserContext;
let closeContext: () => Promise<void>;
let site: Served | undefined;

/** What is served at the site's root, exchanged as a deployment does it: all at once. */
function deploy(folder: string): void {
  symlinkSync(folder, join(scratch, 'next'));
  renameSync(join(scratch, 'next'), join(scratch, 'current'));
}

async function openSite(options: { isolated?: boolean; prefix?: string } = {}): Promise<string> {
  const { isolated = true, prefix = '/' } = options;
  const empty = prefix === '/' ? {} : { '/': join(scratch, 'nothing') };
  const served = await serve({
    isolated,
    folders: { ...empty, [prefix]: join(scratch, 'current') },
  });
  site = served;
  return served.url + prefix;
}

async function openPage(url: string): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(url);
  return page;
}

/** Every page of the site, by its address from the root. */
function pagesOf({ files }: SiteBuild): string[] {
  const pages = files.filter((path) => /(^|\/)index\.html$/.test(path));
  return pages.map((path) => path.replace('index.html', ''));
}

/** A document each, by its address. */
function countLoads(page: Page): string[] {
  const loads: string[] = [];
  page.on('framenavigated', (frame) => loads.push(frame.url()));
  return loads;
}

async function waitReady(page: Page): Promise<void> {
  await page.locator('html[data-offline="ready"]').waitFor({ state: 'attached' });
}

/** The front page's model answers. */
async function assertAnswers(page: Page): Promise<void> {
  await page.fill('#question', '12 + 9');
  await page.press('#question', 'Enter');
  await page.locator('#answer[aria-busy="false"]').waitFor();
  assert.notEqual(await page.textContent('#answer-text'), '');
  assert.equal(await page.locator('#error').isVisible(), false);
}

/** Files of the site that the page has loaded, and its version, are of this build and no other. */
async function assertVersion(page: Page, build: SiteBuild): Promise<void> {
  const { version, paths } = await page.evaluate(() => ({
    version: document.documentElement.dataset.version,
    paths: performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.startsWith(location.origin) && !name.endsWith('/sw.js'))
      .map(({ name }) => new URL(name).pathname.slice(1)),
  }));
  assert.equal(version, build.version);
  assert.ok(paths.length > 3, paths.join());
  assert.deepEqual(
    paths.filter((path) => !build.files.includes(path)),
    [],
  );
}

const isIsolated = (page: Page): Promise<boolean> =>
  page.evaluate(() => globalThis.crossOriginIsolated);

const cacheNames = (page: Page): Promise<string[]> => page.evaluate(() => caches.keys());

async function checkForUpdate(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
}

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'pocketphi-offline-'));
  v1 = await buildChangedSite('v1', { model: tinyModel('phi3-mha') });
  v2 = await buildChangedSite('v2', {
    model: tinyModel('phi3-gqa'),
    edits: {
      'home/words.js': ['A language model in this tab', 'The second version'],
      'site/frame.js': ["'site-footer'", "'site-footer second'"],
      'index.css': ['gap: 0.75rem', 'gap: 0.8rem'],
    },
  });
  ({ context, close: closeContext } = await launchContext());
});

afterEach(async () => {
  const blank = await context.newPage();
  for (const page of context.pages()) if (page !== blank) await page.close();
  await site?.close();
});

after(async () => {
  await closeContext();
  rmSync(scratch, { recursive: true, force: true });
  deleteSites();
});

test('the two builds differ where they should, and share what has not changed', () => {
  assert.notEqual(v1.version, v2.version);
  const shared = v1.files.filter((path) => v2.files.includes(path));
  assert.ok(shared.some((path) => path.startsWith('engine-')));
  assert.ok(!shared.includes(v1.model));
  assert.ok(!shared.some((path) => /^assets\/index-.*\.(js|css)$/.test(path)));
});

test('a host with headers: one visit, the server stops, every page and the model work', async () => {
  deploy(v1.folder);
  const url = await openSite();
  const page = await openPage(url);
  await waitReady(page);
  await site?.close();
  for (const path of pagesOf(v1)) {
    await page.goto(url + path);
    assert.ok(await isIsolated(page), path);
    await assertVersion(page, v1);
  }
  await page.goto(url);
  await assertAnswers(page);
  assert.match((await page.textContent('#facts')) ?? '', /threads compute each token together/);
  /* Typed by hand: without the slash, and with the file's name. */
  await page.goto(`${url}chat?x=1`);
  assert.equal(page.url(), `${url}chat/?x=1`);
  await page.goto(`${url}chat/index.html`);
  await assertVersion(page, v1);
});

test('the model comes out of the cache in parts, as the engine asks for it', async () => {
  deploy(v1.folder);
  const url = await openSite();
  const page = await openPage(url);
  await waitReady(page);
  await page.reload();
  await site?.close();
  const answers = await page.evaluate(async (model) => {
    const ask = async (range?: string) => {
      const response = await fetch(model, range === undefined ? {} : { headers: { Range: range } });
      const { status, headers } = response;
      const { byteLength } = await response.arrayBuffer();
      return [status, byteLength, headers.get('content-range')?.replace(/\d+$/, 'n')];
    };
    return [
      await ask(),
      await ask('bytes=4-7'),
      await ask('bytes=-16'),
      await ask('bytes=9999999-'),
    ];
  }, v1.model);
  assert.deepEqual(answers[0]?.[0], 200);
  assert.deepEqual(answers[1], [206, 4, 'bytes 4-7/n']);
  assert.deepEqual(answers[2]?.slice(0, 2), [206, 16]);
  assert.deepEqual(answers[3], [416, 0, 'bytes */n']);
});

test('a host that sends no headers, below a path: one reload, threads, and offline', async () => {
  deploy(v1.folder);
  const url = await openSite({ isolated: false, prefix: '/some/where/' });
  const page = await context.newPage();
  const loads = countLoads(page);
  await page.goto(url);
  await waitReady(page);
  assert.ok(await isIsolated(page));
  assert.equal(loads.length, 2, loads.join());
  const { scope, controlled } = await page.evaluate(async () => ({
    scope: (await navigator.serviceWorker.ready).scope,
    controlled: navigator.serviceWorker.controller !== null,
  }));
  assert.deepEqual([scope, controlled], [url, true]);
  await site?.close();
  for (const path of pagesOf(v1)) {
    await page.goto(url + path);
    assert.ok(await isIsolated(page), path);
  }
  await page.goto(url);
  await assertAnswers(page);
  assert.match((await page.textContent('#facts')) ?? '', /threads compute each token together/);
  assert.equal(loads.length, 3 + pagesOf(v1).length, 'nothing was reloaded again');
});

test('past the service worker (a forced reload) there is one reload and no loop', async () => {
  deploy(v1.folder);
  const url = await openSite({ isolated: false });
  const page = await openPage(url);
  await waitReady(page);
  const loads = countLoads(page);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setBypassServiceWorker', { bypass: true });
  const told = page.waitForEvent('console', (m) => m.text().includes('not isolated though'));
  await page.goto(`${url}?past`);
  await told;
  await page.locator('#facts dd').first().waitFor();
  assert.match((await page.textContent('#facts')) ?? '', /One thread only.*open the page again/);
  assert.equal(loads.length, 2, loads.join());
});

test('an update: each tab keeps its version, "Update" changes one, old files go with the last', async () => {
  deploy(v1.folder);
  const url = await openSite();
  const first = await openPage(url);
  await waitReady(first);
  const second = await openPage(url);
  assert.equal(await first.locator('.notice-bar').isVisible(), false);

  deploy(v2.folder);
  await checkForUpdate(first);
  await first.locator('.notice-bar', { hasText: 'A new version of this site is ready.' }).waitFor();
  await second.getByRole('button', { name: 'Update now' }).waitFor();
  assert.equal((await cacheNames(first)).length, 2);
  /* Opened while the new version waits: still the old one, whole. The server has none of its files any more. */
  const third = await openPage(url);
  await assertVersion(third, v1);
  await assertAnswers(third);
  await third.reload();
  await assertVersion(third, v1);
  /* Work that the old worker is given now would put the new one off; a worker that a debugger holds is never idle
     again. */
  await waitReady(third);
  await third.locator('#model-state', { hasText: 'The model is ready' }).waitFor();

  await first.getByRole('button', { name: 'Update now' }).click();
  await first.locator('h1', { hasText: 'The second version' }).waitFor();
  await assertVersion(first, v2);
  await waitReady(first);
  await assertAnswers(first);
  assert.equal(await first.locator('.notice-bar').isVisible(), false);
  /* The other tabs were not touched, and get what they were built with, also what they have not loaded yet. */
  await assertVersion(second, v1);
  await assertAnswers(second);
  const statuses = await second.evaluate(
    async (paths) => await Promise.all(paths.map(async (path) => (await fetch(path)).status)),
    v1.files.filter((path) => path.startsWith('assets/') || path === v1.model),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal((await cacheNames(first)).length, 2);

  /* In a tab of the old version the button leads to the new one, too. */
  await second.getByRole('button', { name: 'Update now' }).click();
  await second.locator('h1', { hasText: 'The second version' }).waitFor();
  await third.close();
  await second.reload();
  await waitReady(second);
  await second.waitForFunction(async () => (await caches.keys()).length === 1);
  assert.deepEqual(await cacheNames(second), [`pocketphi:/:${v2.version}`]);
  await site?.close();
  await second.goto(`${url}chat/`);
  await assertVersion(second, v2);
});

test('an update comes by itself once all tabs are closed', async () => {
  deploy(v1.folder);
  const url = await openSite();
  const page = await openPage(url);
  await waitReady(page);
  deploy(v2.folder);
  await checkForUpdate(page);
  await page.getByRole('button', { name: 'Later' }).click();
  assert.equal(await page.locator('.notice-bar').isVisible(), false);
  await page.reload();
  await assertVersion(page, v1);
  await page.goto('about:blank');
  await page.close();
  const next = await context.newPage();
  /* The browser lets the new worker in when it has noticed that the last tab is gone. */
  for (let isNew = false; !isNew; ) {
    await next.goto(url);
    isNew = (await next.textContent('h1')) === 'The second version';
    if (!isNew) await next.goto('about:blank');
  }
  await assertVersion(next, v2);
});

test('a deployment that is half there is not taken: the old version stays, whole', async () => {
  const mixed = join(scratch, 'mixed');
  cpSync(v1.folder, mixed, { recursive: true });
  cpSync(join(v2.folder, 'sw.js'), join(mixed, 'sw.js'));
  deploy(v1.folder);
  const url = await openSite();
  const page = await openPage(url);
  await waitReady(page);
  deploy(mixed);
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const found = new Promise<ServiceWorker | null>((resolve) => {
      registration.addEventListener('updatefound', () => resolve(registration.installing));
    });
    void registration.update().catch(() => undefined);
    const worker = await found;
    while (worker?.state === 'installing')
      await new Promise((resolve) =>
        worker.addEventListener('statechange', resolve, { once: true }),
      );
    return worker?.state;
  });
  assert.equal(outcome, 'redundant');
  assert.equal(await page.locator('.notice-bar').isVisible(), false);
  await page.reload();
  await assertVersion(page, v1);
  await assertAnswers(page);
});

test('no room for the site: the page says nothing and works with the network', async () => {
  deploy(v1.folder);
  const url = await openSite();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(url).origin,
    quotaSize: 200_000,
  });
  const told = page.waitForEvent('console', (m) => m.text().startsWith('offline: '));
  await page.goto(url);
  await told;
  assert.deepEqual(await cacheNames(page), []);
  await assertAnswers(page);
  assert.equal(await page.locator('.offline-ready').isVisible(), false);
});
