/* The bench page in Chromium, with a tiny model as the embedded one: a run, its cancel, a hidden page, the copy. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { checkState, DESKTOP, tabTo, watchErrors } from './lib/page-checks.ts';

interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

interface Report {
  readonly schema: string;
  readonly browser: { readonly cores: number; readonly variant: string };
  readonly conditions: { readonly rounds: number; readonly wasHidden: boolean };
  readonly kernels: { readonly gemv: Figure } | null;
  readonly model: { readonly name: string; readonly isEmbedded: boolean } | null;
  readonly rows: readonly {
    readonly threads: number;
    readonly prefill: Figure;
    readonly decode: Figure;
  }[];
}

let browser: Browser;
let errors: string[] = [];

async function open(model = 'tiny', isolated = true): Promise<Page> {
  const path = `/bench/?embedded=/models/${model}.gguf`;
  const page = await browser.openPage({ path, isolated, viewport: DESKTOP });
  errors = watchErrors(page, /Failed to load resource/);
  await page.locator('#here dd').first().waitFor();
  await page.locator('#machines-plot svg').first().waitFor();
  return page;
}

async function runShort(page: Page): Promise<void> {
  await page.selectOption('#rounds', '3');
  await page.click('#start');
  await page.locator('#step', { hasText: 'Done.' }).waitFor();
}

async function readReport(page: Page): Promise<Report> {
  return JSON.parse((await page.textContent('#json')) ?? '') as Report;
}

before(async () => {
  browser = await openBrowser({
    '/models/tiny.gguf': tinyModel('quant-q4_0'),
    '/models/stored.gguf': tinyModel('phi3-mha'),
  });
});

afterEach(() => browser.forget());

after(() => browser.close());

test('a run: kernels, the model with each number of threads, plots, tables', async () => {
  const page = await open();
  await checkState(page, 'bench-before');
  await runShort(page);
  const report = await readReport(page);
  assert.equal(report.schema, 'pocketphi-bench/1');
  assert.ok((report.kernels?.gemv.median ?? 0) > 0);
  assert.deepEqual([report.model?.name, report.model?.isEmbedded], ['quant-q4_0', true]);
  const most = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency));
  assert.deepEqual(
    report.rows.map(({ threads }) => threads),
    Array.from({ length: most }, (_, i) => i + 1),
  );
  for (const { prefill, decode } of report.rows) {
    for (const { median, low, high, n } of [prefill, decode])
      assert.ok(low > 0 && low <= median && median <= high && n === 3);
  }
  assert.equal(await page.locator('#threads-plot svg').count(), 2);
  assert.equal(await page.locator('#threads-table tbody tr').count(), most);
  const first = await page.locator('#machines-table tbody tr').first().textContent();
  assert.match(first ?? '', /this device: estimated here, from the kernels/);
  await checkState(page, 'bench-after');
  assert.deepEqual(errors, []);
});

test('one button copies the result as JSON', async () => {
  const page = await open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.selectOption('#model', '');
  await runShort(page);
  await page.click('#copy');
  await page.locator('#copied', { hasText: 'Copied.' }).waitFor();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as Report;
  assert.deepEqual(copied, await readReport(page));
  assert.deepEqual([copied.model, copied.rows], [null, []]);
  await page.context().clearPermissions();
});

test('by the keyboard: start, cancel; nothing is kept, the next run is whole', async () => {
  const page = await open();
  await tabTo(page, '#start');
  await page.keyboard.press('Enter');
  await page.locator('#step', { hasText: /Kernels/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'stop');
  await page.keyboard.press('Enter');
  await page.locator('#step', { hasText: 'Cancelled.' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'start');
  assert.equal(await page.locator('#results').isVisible(), false);
  await runShort(page);
  assert.equal((await readReport(page)).conditions.rounds, 3);
});

test('a page that is hidden while it measures says so, and the report does', async () => {
  const page = await open();
  await page.selectOption('#rounds', '3');
  await page.click('#start');
  await page.locator('#step', { hasText: 'Kernels' }).waitFor();
  const hide = (isHidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  await hide(true);
  await page.locator('#hidden-warning', { hasText: 'This page was hidden' }).waitFor();
  await hide(false);
  await page.locator('#step', { hasText: 'Done.' }).waitFor();
  assert.equal((await readReport(page)).conditions.wasHidden, true);
});

test('a stored model can be measured; a model that fails is an error, and the page goes on', async () => {
  const page = await open('none');
  await page.evaluate(async () => {
    const { models } = await import('/dist/index.js' as string);
    await models.download('/models/stored.gguf');
  });
  await page.selectOption('#rounds', '3');
  await page.click('#start');
  await page.locator('#error', { hasText: 'The model could not be fetched.' }).waitFor();
  await checkState(page, 'bench-error');
  await page.reload();
  const stored = page.locator('#model option', { hasText: 'stored.gguf, 502 kB, on this device' });
  await stored.waitFor({ state: 'attached' });
  await page.selectOption('#model', (await stored.getAttribute('value')) ?? '');
  await runShort(page);
  const { model } = await readReport(page);
  assert.deepEqual([model?.name, model?.isEmbedded], ['Phi3', false]);
});

test('without isolation there is one thread, and the page says why', async () => {
  const page = await open('tiny', false);
  assert.match((await page.textContent('#here')) ?? '', /no cross-origin isolation: one thread/);
  await runShort(page);
  assert.deepEqual(
    (await readReport(page)).rows.map(({ threads }) => threads),
    [1],
  );
});
