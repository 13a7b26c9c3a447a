/* What ends badly, and what goes on for long: workers that die, memory that runs out, memory that comes back, and two
 * hundred prompts cut off anywhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { JsHeaps } from './lib/heaps.ts';
import { fetchSmolLm2, NO_SMOLLM2, tinyModel } from './lib/models.ts';

const smollm2 = fetchSmolLm2();
const MEBIBYTE = 2 ** 20;
let browser: Browser;

before(async () => {
  browser = await openBrowser({
    '/tiny.gguf': tinyModel('phi3-mha'),
    ...(smollm2 !== undefined && { '/smollm2.gguf': smollm2 }),
  });
});

after(() => browser.close());

test('a terminated worker rejects everything pending with one error, and what comes later', async () => {
  for (const threads of [1, 2]) {
    const page = await browser.openPage();
    const result = await page.evaluate(async (n) => {
      const workers: Worker[] = [];
      const Original = globalThis.Worker;
      globalThis.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          workers.push(this);
        }
      };
      const own = await pocketphi.Engine.create({
        model: '/tiny.gguf',
        threads: n,
        contextLength: 512,
      });
      const long = Array.from({ length: 400 }, (_, i) => 3 + (i % 50));
      const session = await own.session();
      const stream = await own.completions.create({ prompt: long, max_tokens: 100, stream: true });
      const pending = [
        session.append(long),
        stream.next().then(() => stream.next().then(() => stream.next())),
        own.embeddings.create({ input: [long, long] }),
        own.forward(long),
        own.tokenizer.encode('a'),
        session.clone(),
      ];
      const outcomes = pending.map((promise) =>
        promise.then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      workers[0]?.terminate();
      const errors = await Promise.all(outcomes);
      errors.push(await own.tokenizer.encode('a').catch((error: unknown) => error));
      errors.push(await own.session().catch((error: unknown) => error));
      const [first] = errors;
      if (!(first instanceof pocketphi.EngineError)) throw new Error(String(first));
      const { code, message } = first;
      return { count: errors.length, distinct: new Set(errors).size, code, message };
    }, threads);
    assert.deepEqual([result.count, result.distinct, result.code], [8, 1, 'PHI_EPOISONED']);
    assert.match(result.message, /worker ended; it was terminated or ran out of memory/);
    await page.close();
  }
});

test('memory that runs out is an error of the call that wanted it; the engine goes on', async () => {
  const page = await browser.openPage();
  const started = page.waitForEvent('worker');
  await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', threads: 1 });
  });
  const worker = await started;
  await worker.evaluate(() => {
    WebAssembly.Memory.prototype.grow = () => {
      throw new RangeError('no memory on purpose');
    };
  });
  const result = await page.evaluate(async () => {
    const opened = [];
    const before = [...(await engine.forward([1, 2, 3]))];
    for (let i = 0; i < 1000; i++) {
      const one = await outcome(engine.session());
      if (one.value === undefined) {
        for (const session of opened) await session.destroy();
        return {
          error: one.error,
          n: opened.length,
          same: [...(await engine.forward([1, 2, 3]))].every((x, k) => x === before[k]),
          again: (await outcome(engine.session())).error,
        };
      }
      opened.push(one.value);
    }
    throw new Error('a thousand sessions fit');
  });
  assert.equal(result.error?.code, 'PHI_ENOMEM');
  assert.ok((result.error?.requested ?? 0) > 0, JSON.stringify(result.error));
  assert.ok(result.n > 0);
  assert.ok(result.same);
  assert.equal(result.again, undefined);
  await page.close();
});

/** Bytes of all renderer processes that no other process shares. */
async function rendererBytes(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  assert.ok(renderers.length > 0);
  let sum = 0;
  for (const { id } of renderers) {
    const rollup = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8');
    for (const [, kilobytes] of rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm))
      sum += Number(kilobytes) * 1024;
  }
  return sum;
}

test('destroy() gives the memory back', { skip: smollm2 === undefined && NO_SMOLLM2 }, async () => {
  const page = await browser.openPage();
  const system = await browser.context.browser()?.newBrowserCDPSession();
  assert.ok(system !== undefined);
  const before = await rendererBytes(system);
  for (const round of [1, 2]) {
    await page.evaluate(async () => {
      globalThis.engine = await pocketphi.Engine.create({ model: '/smollm2.gguf', threads: 2 });
      await engine.forward([1, 2, 3]);
    });
    const { heapBytes } = await page.evaluate(() => engine.stats());
    const loaded = await rendererBytes(system);
    await page.evaluate(() => engine.destroy());
    /* The browser ends the worker a moment later. */
    let left = loaded;
    for (let tries = 0; left - before > (loaded - before) / 5 && tries < 100; tries++) {
      await sleep(50);
      left = await rendererBytes(system);
    }
    const [mb0, mb1, mb2] = [before, loaded, left].map((bytes) => Math.round(bytes / MEBIBYTE));
    console.log(`round ${round}: ${mb0} MiB before, ${mb1} loaded, ${mb2} after destroy()`);
    assert.ok(loaded - before > heapBytes / 2, 'the measure does not see the model');
    assert.ok(left - before <= (loaded - before) / 5, `${mb2} of ${mb1} MiB are left`);
  }
  await page.close();
});

interface Prompts {
  readonly from: number;
  readonly to: number;
}

/** Prompts of a seeded run, on three sessions, the chat and clones; cut off while the prompt is computed, after some
 * tokens, by leaving the loop, or not at all. Returns how many ended in which way. */
function runPrompts(page: Page, range: Prompts): Promise<Record<string, number>> {
  return page.evaluate(async ({ from, to }) => {
    const sessions = [
      await engine.session(),
      await engine.session({ kvType: 'q8' }),
      await engine.session({ contextLength: 96 }),
    ];
    const ends: Record<string, number> = {};
    const count = (end: string): void => {
      ends[end] = (ends[end] ?? 0) + 1;
    };
    for (let i = from; i < to; i++) {
      let state = (i * 2654435761) >>> 0;
      const random = (n: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
      };
      const prompt = Array.from({ length: 1 + random(60) }, () => 3 + random(200));
      const abort = new AbortController();
      const { signal } = abort;
      const how = random(4);
      const stopAt = random(12);
      const timer = how === 0 ? setTimeout(() => abort.abort(), random(3)) : undefined;
      const root = sessions[i % 3];
      if (root === undefined) throw new Error('no session');
      const session = random(5) === 0 ? await root.clone() : root;
      try {
        let n = 0;
        const onToken = (): boolean => {
          const isLast = n++ === stopAt;
          if (isLast && how === 1) abort.abort();
          return isLast && how === 2;
        };
        if (random(3) === 0) {
          const request = { prompt, max_tokens: 16, stream: true, logprobs: 2 } as const;
          for await (const chunk of await engine.completions.create(request, { signal }))
            if (chunk.choices.length > 0 && onToken()) break;
        } else {
          await session.sync(prompt, { signal });
          for await (const _ of session.generate({ maxTokens: 16, temperature: 1 }, { signal }))
            if (onToken()) break;
        }
        count(how === 2 && n > stopAt ? 'left' : 'whole');
      } catch (error) {
        count(error instanceof pocketphi.EngineError ? error.code : String(error));
      } finally {
        clearTimeout(timer);
        if (session !== root) await session.destroy();
      }
    }
    for (const session of sessions) await session.destroy();
    return ends;
  }, range);
}

/* A kilobyte a prompt would be a leak; what is left behind by compiled code and statistics is less. */
const LEAK_BYTES_MAX = 160 * 1024;

test('two hundred prompts cut off anywhere leave neither heap larger', async () => {
  const page = await browser.openPage();
  const heaps = await JsHeaps.open(await browser.context.newCDPSession(page));
  await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({
      model: '/tiny.gguf',
      threads: 2,
      contextLength: 128,
    });
  });
  const expected = await page.evaluate(async () => [...(await engine.forward([5, 6, 7]))]);
  await runPrompts(page, { from: 0, to: 60 });
  const wasmBefore = (await page.evaluate(() => engine.stats())).heapBytes;
  const jsBefore = await heaps.usedBytes();
  const ends = await runPrompts(page, { from: 60, to: 200 });
  const wasmAfter = (await page.evaluate(() => engine.stats())).heapBytes;
  const jsAfter = await heaps.usedBytes();
  console.log(ends, { wasmBefore, wasmAfter }, jsBefore, jsAfter);
  assert.deepEqual(Object.keys(ends).sort(), ['PHI_ECANCELED', 'left', 'whole']);
  for (const [end, n] of Object.entries(ends)) assert.ok(n >= 10, `${end}: ${n}`);
  assert.equal(wasmAfter, wasmBefore);
  assert.ok(jsAfter.workers > 0 && jsAfter.page > 0);
  assert.ok(jsAfter.page - jsBefore.page < LEAK_BYTES_MAX, 'the page grew');
  assert.ok(jsAfter.workers - jsBefore.workers < LEAK_BYTES_MAX, 'the workers grew');
  const again = await page.evaluate(async () => [...(await engine.forward([5, 6, 7]))]);
  assert.deepEqual(again, expected);
  await page.close();
});
