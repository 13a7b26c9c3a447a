/* A real WebAssembly crash in Chromium: in a pool thread, in the thread that calls the engine, while a model loads. The
 * module that crashes on order is trap/trap.c's; $POCKETPHI_TRAP names its folder. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';

const TRAP = process.env.POCKETPHI_TRAP ?? join(ROOT, 'build/wasm-relaxed-mt/trap');
const MODULE = 'pocketphi-relaxed-mt';
/* A second is what the engine takes at most; the machine may be busy. */
const MS_MAX = 3000;
const THREAD_CRASHED =
  /a thread of the engine crashed: .*RuntimeError: memory access out of bounds/;
let browser: Browser;

before(async () => {
  browser = await openBrowser({
    '/tiny.gguf': tinyModel('phi3-mha'),
    [`/trap/${MODULE}.js`]: join(TRAP, `${MODULE}.js`),
    [`/trap/${MODULE}.wasm`]: join(TRAP, `${MODULE}.wasm`),
  });
});

after(() => browser.close());

/** Workers of the whole browser, those of other workers too. */
async function countWorkers(page: Page): Promise<number> {
  const session = await browser.context.newCDPSession(page);
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
  await session.detach();
  return targetInfos.length;
}

async function assertNoWorkers(page: Page): Promise<void> {
  for (let tries = 0; (await countWorkers(page)) > 0 && tries < 200; tries++) await sleep(50);
  assert.equal(await countWorkers(page), 0);
}

/** What is pending when the engine crashes, and what comes after. `order`: see trap.c. */
function crashWith(page: Page, order: string) {
  return page.evaluate(async (trap) => {
    const doomed = await pocketphi.Engine.create({
      model: '/tiny.gguf',
      kernels: 'relaxed',
      threads: 3,
      contextLength: 256,
      workerUrl: `/dist/engine-worker.js?${trap}`,
      wasmUrl: '/trap/',
    });
    const session = await doomed.session();
    const generate = async (): Promise<number> => {
      let n = 0;
      for await (const token of session.generate({ maxTokens: 100, stopIds: [-1 >>> 1] }))
        n += token.id < 0 ? 0 : 1;
      return n;
    };
    /* Short calls go on until one is caught by the crash. */
    const encode = async (): Promise<void> => {
      for (;;) await doomed.tokenizer.encode('a text');
    };
    await session.append([3, 4, 5]);
    const ids = Array.from({ length: 200 }, (_, i) => i + 1);
    const pending = await Promise.all([
      outcome(generate()),
      outcome(doomed.forward(ids)),
      outcome(encode()),
    ]);
    const later = await outcome(doomed.forward([1]));
    const destroyed = await outcome(doomed.destroy());
    return { pending, later, destroyed };
  }, order);
}

async function assertNewEngineWorks(page: Page): Promise<void> {
  const n = await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', threads: 2 });
    return (await engine.forward([1, 2, 3])).length;
  });
  assert.ok(n > 0);
  assert.equal(await countWorkers(page), 2);
  await page.evaluate(() => engine.destroy());
  await assertNoWorkers(page);
}

/* Behind the warm-up and the first tokens, of some dozen runs of the pool. */
const WHERE = {
  'a pool thread': {
    order: 'trap=run1&after=60',
    text: THREAD_CRASHED,
  },
  'the calling thread': {
    order: 'trap=run0&after=60',
    text: /the engine crashed: RuntimeError: unreachable/,
  },
} as const;

for (const [where, { order, text }] of Object.entries(WHERE)) {
  test(`a crash of ${where} rejects all that is pending, at once`, async () => {
    const page = await browser.openPage();
    const { pending, later, destroyed } = await crashWith(page, order);
    for (const { error, ms } of pending) {
      assert.equal(error?.code, 'PHI_EPOISONED', JSON.stringify(error));
      assert.match(error?.message ?? '', text);
      assert.ok(ms < MS_MAX, `${ms} ms`);
    }
    assert.equal(later.error?.code, 'PHI_EPOISONED');
    assert.ok(later.ms < 100, `a later call took ${later.ms} ms`);
    assert.equal(destroyed.error, undefined);
    await assertNoWorkers(page);
    await assertNewEngineWorks(page);
    await page.close();
  });
}

test('a pool thread that crashes while a model loads ends the load', async () => {
  const page = await browser.openPage();
  const { error, ms } = await page.evaluate(() =>
    outcome(
      pocketphi.Engine.create({
        model: '/tiny.gguf',
        kernels: 'relaxed',
        threads: 3,
        workerUrl: '/dist/engine-worker.js?trap=job1',
        wasmUrl: '/trap/',
      }).then(() => 'loaded'),
    ),
  );
  assert.equal(error?.code, 'PHI_EPOISONED', JSON.stringify(error));
  assert.match(error?.message ?? '', THREAD_CRASHED);
  assert.ok(ms < MS_MAX, `${ms} ms`);
  await assertNoWorkers(page);
  await assertNewEngineWorks(page);
  await page.close();
});
