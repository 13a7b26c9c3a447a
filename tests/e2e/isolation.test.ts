/* What a page must allow: the strictest content security policy that the engine runs under, and cross-origin isolation
 * by service worker on a site that sends no headers. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Served, serve } from '../../demo/serve.mjs';
import { BLANK_PAGE, type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';

const LIB = join(ROOT, 'tests/e2e/lib');
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const SHIM = join(ROOT, 'dist/coi-service-worker.js');
const files = {
  ...BLANK_PAGE,
  '/tiny.gguf': tinyModel('phi3-mha'),
  '/strict.html': join(LIB, 'strict.html'),
  '/sees.gguf': tinyModel('vision-f32'),
  '/coi.html': join(LIB, 'coi.html'),
  '/coi-service-worker.js': SHIM,
  '/deep/coi.html': join(LIB, 'coi.html'),
};
let browser: Browser;
let strictSite: Served;
let reports: Reports;

/** What browsers report of refusals, on pages and in workers: the directives, in the order in which they come. */
class Reports {
  readonly directives: string[] = [];
  readonly #events = new EventEmitter();
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const report = JSON.parse(body) as { 'csp-report': { 'effective-directive': string } };
      this.directives.push(report['csp-report']['effective-directive']);
      response.writeHead(204).end();
      this.#events.emit('report');
    });
  });

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async holds(count: number): Promise<void> {
    while (this.directives.length < count) await once(this.#events, 'report');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

before(async () => {
  browser = await openBrowser(files, { serviceWorkers: 'allow' });
  reports = new Reports();
  const policy = `${POLICY}; report-uri ${await reports.open()}`;
  strictSite = await serve({ files, headers: { 'Content-Security-Policy': policy } });
});

after(async () => {
  await browser.close();
  await Promise.all([strictSite.close(), reports.close()]);
});

async function answerWith(page: Page, threads: number | 'auto') {
  return await page.evaluate(async (n) => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', threads: n });
    const { length } = await engine.forward([1, 2, 3]);
    const { variant, reason } = engine;
    const { threads: used } = engine.stats();
    await engine.destroy();
    return { length, variant, reason, used };
  }, threads);
}

/** Of a picture, in a data: URL, which such a policy forbids to fetch. */
async function tokensSeen(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/sees.gguf', threads: 1 });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [8, 8];
    const part = { type: 'image_url', image_url: { url: canvas.toDataURL() } } as const;
    const messages = [{ role: 'user', content: [part] } as const];
    const request = { messages, max_tokens: 2, stream: false } as const;
    const { usage } = await engine.chat.completions.create(request);
    await engine.destroy();
    return usage.prompt_tokens_details.image_tokens;
  });
}

test('the strictest policy: one thread and two, and nothing was refused', async () => {
  const page = await browser.context.newPage();
  await page.goto(`${strictSite.url}/strict.html`);
  await page.waitForFunction(() => 'outcome' in globalThis);
  for (const threads of [1, 2]) {
    const { length, used } = await answerWith(page, threads);
    assert.deepEqual([length > 0, used], [true, threads]);
  }
  assert.equal(await tokensSeen(page), 27);
  /* Reports come in order: when those of refusals on purpose are there, earlier ones would be too. */
  const started = page.waitForEvent('worker');
  await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', threads: 1 });
    const script = document.createElement('script');
    script.textContent = 'globalThis.wasInline = true';
    document.head.append(script);
  });
  const worker = await started;
  await worker.evaluate(() => fetch('http://127.0.0.1:1/').catch(() => undefined));
  await reports.holds(2);
  assert.deepEqual(
    reports.directives.map((text) => text.split('-').slice(0, 2).join('-')),
    ['script-src', 'connect-src'],
  );
  await page.close();
});

interface Watched {
  readonly page: Page;
  /** A document each, by its address. */
  readonly loads: string[];
}

/** A page that counts how often it is loaded. */
async function watchedPage(): Promise<Watched> {
  const page = await browser.context.newPage();
  const loads: string[] = [];
  page.on('console', (message) => {
    const [, url] = /^document: (.*)$/.exec(message.text()) ?? [];
    if (url !== undefined) loads.push(url);
  });
  await page.addInitScript(() => {
    console.debug(`document: ${location.href}`);
  });
  return { page, loads };
}

test('the service worker isolates a page of a plain site, after one reload', async () => {
  const plainPage = await browser.openPage({ isolated: false });
  const { origin } = new URL(plainPage.url());
  await plainPage.close();
  const { page, loads } = await watchedPage();
  await page.goto(`${origin}/coi.html`);
  await page.waitForFunction(() => globalThis.crossOriginIsolated && 'outcome' in globalThis);
  assert.equal(loads.length, 2);
  const { variant, used, length } = await answerWith(page, 2);
  assert.deepEqual([variant, used, length > 0], ['relaxed-mt', 2, true]);

  /* Byte ranges and other origins' answers are not touched. */
  const openSite = await serve({
    files,
    headers: { 'Cross-Origin-Resource-Policy': 'cross-origin' },
  });
  const foreign = [`${strictSite.url}/tiny.gguf`, `${openSite.url}/tiny.gguf`];
  const passed = await page.evaluate(async (urls) => {
    const part = await fetch('/tiny.gguf', { headers: { Range: 'bytes=4-7' } });
    const opaque = urls.map((url) =>
      fetch(url, { mode: 'no-cors' }).then(
        (response) => response.type,
        (error: Error) => error.name,
      ),
    );
    const missing = await fetch('/nowhere');
    return {
      part: [part.status, (await part.arrayBuffer()).byteLength],
      range: part.headers.get('content-range'),
      missing: missing.status,
      opaque: await Promise.all(opaque),
    };
  }, foreign);
  await openSite.close();
  assert.deepEqual(passed.part, [206, 4]);
  assert.match(passed.range ?? '', /^bytes 4-7\//);
  assert.equal(passed.missing, 404);
  /* The first one's CORP header forbids it, with or without a service worker; the second one's allows it. */
  assert.deepEqual(passed.opaque, ['TypeError', 'opaque']);

  /* Later visits are isolated at once, in this tab and in another; so is one behind a redirect. */
  await page.goto(`${origin}/coi.html?again`);
  assert.ok(await page.evaluate(() => globalThis.crossOriginIsolated));
  assert.equal(loads.length, 3);
  const other = await watchedPage();
  await other.page.goto(`${origin}/chat`);
  assert.equal(other.page.url(), `${origin}/chat/`);
  assert.ok(await other.page.evaluate(() => globalThis.crossOriginIsolated));
  assert.equal(other.loads.length, 1);
  await other.page.close();

  /* A load past the service worker (a forced reload) is followed by one reload, not by more. */
  const session = await browser.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setBypassServiceWorker', { bypass: true });
  const told = page.waitForEvent('console', (m) => m.text().includes('not isolated though'));
  await page.goto(`${origin}/coi.html?past`);
  await told;
  await page.waitForFunction(() => 'outcome' in globalThis);
  assert.ok(!(await page.evaluate(() => globalThis.crossOriginIsolated)));
  const { used: single } = await answerWith(page, 'auto');
  assert.equal(single, 1);
  assert.equal(loads.length, 5);
  await session.send('Network.setBypassServiceWorker', { bypass: false });
  await page.goto(`${origin}/coi.html?back`);
  await page.waitForFunction(() => globalThis.crossOriginIsolated);
  await page.close();
});

test('the service worker does nothing on an isolated page, and explains a wrong folder', async () => {
  const isolatedPage = await browser.openPage();
  const { origin } = new URL(isolatedPage.url());
  await isolatedPage.close();
  const { page, loads } = await watchedPage();
  await page.goto(`${origin}/coi.html`);
  await page.waitForFunction(() => 'outcome' in globalThis);
  const registrations = await page.evaluate(async () => ({
    count: (await navigator.serviceWorker.getRegistrations()).length,
    isolated: globalThis.crossOriginIsolated,
  }));
  assert.deepEqual(registrations, { count: 0, isolated: true });
  assert.equal(loads.length, 1);
  await page.close();

  const site = await serve({ isolated: false, files });
  const wrong = await watchedPage();
  await wrong.page.route('**/deep/coi-service-worker.js', (route) => route.fulfill({ path: SHIM }));
  await wrong.page.route('**/far/page.html', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>Far</title><script src="/deep/coi-service-worker.js"></script>',
    }),
  );
  const told = wrong.page.waitForEvent('console', (m) =>
    m.text().includes('copy it to the folder'),
  );
  await wrong.page.goto(`${site.url}/far/page.html`);
  assert.match((await told).text(), /serves pages below http:.*\/deep\/ only/);
  assert.equal(wrong.loads.length, 1);
  await wrong.page.close();
  await site.close();
});
