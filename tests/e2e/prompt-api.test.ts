/* LanguageModel in Chromium: the conformance tests in a window and in a worker (their table in docs/PROMPT_API.md is
 * what this run gives), and what only a real engine shows. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import {
  type ConformanceResult,
  conformanceTable,
  withTable,
} from '../../tools/docs/conformance.mjs';
import { type Browser, openBrowser } from './lib/browser.ts';
import { fetchSmolLm2, NO_SMOLLM2, ROOT, tinyModel } from './lib/models.ts';

const LIB = join(ROOT, 'tests/e2e/lib');
const RESULTS = join(ROOT, 'build/e2e/prompt-api.json');
const CONFIGURATION = { model: '/tiny.gguf', contextLength: 512, threads: 1, keepLoaded: true };
const SEES = { ...CONFIGURATION, model: '/sees.gguf' };
/* A PNG of one white pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==',
  'base64',
);

const smolLm2 = fetchSmolLm2();
const skipSmolLm2 = smolLm2 === undefined && NO_SMOLLM2;
const results: Record<string, ConformanceResult[]> = {};
let browser: Browser;

declare global {
  var promptApi: typeof import('../../web/prompt-api.ts');
}

before(async () => {
  browser = await openBrowser({
    '/tiny.gguf': tinyModel('phi3-mha'),
    '/sees.gguf': tinyModel('vision-f32'),
    '/conformance.js': join(LIB, 'conformance.js'),
    '/conformance-checks.js': join(LIB, 'conformance-checks.js'),
    '/conformance-images.js': join(LIB, 'conformance-images.js'),
    '/conformance-worker.js': join(LIB, 'conformance-worker.js'),
    ...(smolLm2 !== undefined && { '/smollm2.gguf': smolLm2 }),
  });
});

after(() => browser.close());

async function openPage(): Promise<Page> {
  const page = await browser.openPage();
  await page.evaluate(async () => {
    const path = '/dist/prompt-api.js';
    globalThis.promptApi = await import(path);
  });
  return page;
}

/** A worker that was terminated leaves the browser's list a moment later. */
async function assertNoWorkers(page: Page): Promise<void> {
  for (let tries = 0; page.workers().length > 0 && tries < 200; tries++) await sleep(50);
  assert.equal(page.workers().length, 0);
}

function assertExpected(where: string, got: readonly ConformanceResult[]): void {
  results[where] = [...got];
  assert.ok(got.length > 50, `only ${got.length} tests ran`);
  const wrong = got.filter(({ failure, departure, pending }) =>
    departure === undefined
      ? failure !== undefined && pending === undefined
      : failure === undefined,
  );
  const lines = wrong.map(
    ({ group, name, failure }) =>
      `${group}: ${name}: ${failure ?? 'passes; take its departure away'}`,
  );
  assert.deepEqual(lines, []);
}

test('conformance in a window', async () => {
  const page = await browser.openPage();
  /* The page may show it, but not read it. */
  const headers = { 'Cross-Origin-Resource-Policy': 'cross-origin' };
  await page.route('https://other.example/**', (route) =>
    route.fulfill({ contentType: 'image/png', headers, body: PIXEL }),
  );
  const got = await page.evaluate(async (configuration) => {
    const path = '/conformance.js';
    const { runConformance } = await import(path);
    return (await runConformance(configuration)) as ConformanceResult[];
  }, SEES);
  assertExpected('window', got);
  await page.close();
});

test('conformance in a dedicated worker', async () => {
  const page = await browser.openPage();
  const got = await page.evaluate(
    (configuration) =>
      new Promise<ConformanceResult[]>((resolve, reject) => {
        const worker = new Worker('/conformance-worker.js', { type: 'module' });
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = ({ data }) => {
          if (data !== 'ready') resolve(data);
          else worker.postMessage(configuration);
        };
      }),
    SEES,
  );
  assertExpected('worker', got);
  await page.close();
});

test('the table of docs/PROMPT_API.md is what these runs gave', () => {
  const { window: inWindow, worker } = results;
  assert.ok(inWindow !== undefined && worker !== undefined, 'a conformance test did not run');
  mkdirSync(join(ROOT, 'build/e2e'), { recursive: true });
  writeFileSync(RESULTS, JSON.stringify({ window: inWindow, worker }));
  const doc = readFileSync(join(ROOT, 'docs/PROMPT_API.md'), 'utf8');
  const fresh = withTable(doc, conformanceTable({ window: inWindow, worker }));
  assert.equal(doc, fresh, 'stale: node tools/docs/conformance.mjs');
});

test('an Engine of the other entry file: its answers, its errors, and it stays', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const { LanguageModel } = promptApi;
    const given = await pocketphi.Engine.create({ model: '/tiny.gguf', contextLength: 512 });
    const options = { engine: given, samplingMode: 'most-predictable', maxTokens: 16 } as const;
    const session = await LanguageModel.create(options);
    const answer = await session.prompt('Hello');
    const messages = [{ role: 'user', content: 'Hello' } as const];
    const chat = await given.chat.completions.create({ messages, temperature: 0, max_tokens: 16 });
    const first = await LanguageModel.create(options);
    first.destroy();
    const usable = await session.prompt('More');
    const endless = await LanguageModel.create({ engine: given });
    const pending = outcome(endless.prompt('x'));
    await given.destroy();
    return { answer, chat: chat.choices[0]?.message.content, usable, pending: await pending };
  });
  assert.equal(result.answer, result.chat);
  assert.equal(typeof result.usable, 'string');
  assert.equal(result.pending.error?.name, 'AbortError');
  await page.close();
});

test('what sessions have in common is computed once', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const { LanguageModel } = promptApi;
    const given = await pocketphi.Engine.create({ model: '/tiny.gguf', contextLength: 512 });
    const initialPrompts = [
      { role: 'system', content: 'A long introduction. '.repeat(10) } as const,
    ];
    const options = { engine: given, initialPrompts, maxTokens: 2 };
    const session = await LanguageModel.create(options);
    const usage = session.contextUsage;
    const twin = await session.clone();
    const { prefillTokens } = given.stats();
    await session.prompt('one');
    await twin.prompt('two');
    const added = given.stats().prefillTokens - prefillTokens;
    await given.destroy();
    return { usage, prefillTokens, added };
  });
  assert.equal(result.prefillTokens, result.usage);
  assert.ok(result.added < result.usage, `${result.added} tokens were computed for two questions`);
  await page.close();
});

test('two sessions at once do not disturb each other', async () => {
  const page = await openPage();
  const result = await page.evaluate(async (configuration) => {
    const { LanguageModel } = promptApi;
    LanguageModel.configure({ ...configuration, keepLoaded: false });
    const options = { samplingMode: 'most-predictable', maxTokens: 24 } as const;
    const ask = async (text: string): Promise<string> => {
      const session = await LanguageModel.create(options);
      const answer = await session.prompt(text);
      session.destroy();
      return answer;
    };
    const hold = await LanguageModel.create(options);
    const alone = [await ask('Hello'), await ask('Good night')];
    const together = await Promise.all([ask('Hello'), ask('Good night')]);
    hold.destroy();
    return { alone, together };
  }, CONFIGURATION);
  assert.deepEqual(result.together, result.alone);
  await assertNoWorkers(page);
  await page.close();
});

test('an engine that crashed rejects with UnknownError, and the next session has a new one', async () => {
  const page = await openPage();
  const started = page.waitForEvent('worker');
  await page.evaluate(async (configuration) => {
    promptApi.LanguageModel.configure(configuration);
    Reflect.set(globalThis, 'session', await promptApi.LanguageModel.create());
  }, CONFIGURATION);
  const worker = await started;
  await worker.evaluate(() => {
    Int32Array.prototype.set = () => {
      throw new WebAssembly.RuntimeError('unreachable');
    };
  });
  const result = await page.evaluate(async () => {
    const session: InstanceType<typeof promptApi.LanguageModel> = Reflect.get(
      globalThis,
      'session',
    );
    const crashed = await outcome(session.prompt('x'));
    const next = await promptApi.LanguageModel.create({ maxTokens: 2 });
    const answer = await outcome(next.prompt('x'));
    promptApi.LanguageModel.configure(null);
    next.destroy();
    session.destroy();
    return { crashed, answer };
  });
  assert.equal(result.crashed.error?.name, 'UnknownError', JSON.stringify(result.crashed));
  assert.equal(typeof result.answer.value, 'string', JSON.stringify(result.answer));
  await assertNoWorkers(page);
  await page.close();
});

test('a session that nobody holds ends by itself, one that is at work does not', async () => {
  const page = await openPage();
  const pending = page.evaluate(async (configuration) => {
    promptApi.LanguageModel.configure({ ...configuration, keepLoaded: false });
    await (await promptApi.LanguageModel.create()).append('x');
    return await (await promptApi.LanguageModel.create()).prompt('Hello');
  }, CONFIGURATION);
  await page.requestGC();
  assert.equal(typeof (await pending), 'string');
  for (let tries = 0; page.workers().length > 0 && tries < 200; tries++) {
    await page.requestGC();
    await sleep(50);
  }
  assert.equal(page.workers().length, 0);
  await page.close();
});

test('errors of loading, as the Prompt API names them', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const { LanguageModel } = promptApi;
    LanguageModel.configure({ model: '/nowhere.gguf' });
    const missing = await outcome(LanguageModel.create().then(() => 0));
    LanguageModel.configure({ model: new Blob(['not a model']) });
    const noise = await outcome(LanguageModel.create().then(() => 0));
    LanguageModel.configure(null);
    return { missing, noise };
  });
  assert.equal(result.missing.error?.name, 'NetworkError');
  assert.match(result.missing.error?.message ?? '', /404/);
  assert.match(result.noise.error?.name ?? '', /OperationError|NotSupportedError/);
  await assertNoWorkers(page);
  await page.close();
});

test('lone surrogates become U+FFFD, and the browser’s own QuotaExceededError is used', async () => {
  const page = await openPage();
  const result = await page.evaluate(async (configuration) => {
    promptApi.LanguageModel.configure(configuration);
    const session = await promptApi.LanguageModel.create({
      samplingMode: 'most-predictable',
      maxTokens: 8,
    });
    const twin = await session.clone();
    const answers = [await session.prompt('a\ud800b'), await twin.prompt('a\ufffdb')];
    const error: unknown = await session.append('x '.repeat(2000)).then(undefined, (e) => e);
    const Own: unknown = Reflect.get(globalThis, 'QuotaExceededError');
    const isOwn = typeof Own === 'function' && error instanceof Own;
    promptApi.LanguageModel.configure(null);
    return { answers, isOwn, hasOwn: typeof Own === 'function' };
  }, CONFIGURATION);
  assert.equal(result.answers[0], result.answers[1]);
  assert.equal(result.isOwn, result.hasOwn);
  await page.close();
});

test('a real model: system prompt, conversation and clone', { skip: skipSmolLm2 }, async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const { LanguageModel } = promptApi;
    LanguageModel.configure({ model: '/smollm2.gguf', contextLength: 1024 });
    const session = await LanguageModel.create({
      samplingMode: 'most-predictable',
      maxTokens: 48,
      initialPrompts: [{ role: 'system', content: 'Answer in one short sentence.' }],
    });
    const usage = session.contextUsage;
    const capital = await session.prompt('What is the capital of France?');
    const twin = await session.clone();
    const followUp = await twin.prompt('And of Italy?');
    LanguageModel.configure(null);
    session.destroy();
    twin.destroy();
    return { usage, capital, followUp };
  });
  assert.ok(result.usage > 0);
  assert.match(result.capital, /Paris/);
  assert.match(result.followUp, /Rome/);
  await assertNoWorkers(page);
  await page.close();
});

test('a real model: leaving the stream stops the engine', { skip: skipSmolLm2 }, async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const given = await pocketphi.Engine.create({ model: '/smollm2.gguf', contextLength: 1024 });
    const session = await promptApi.LanguageModel.create({ engine: given });
    let chunks = 0;
    for await (const _ of session.promptStreaming('Tell me a long story.'))
      if (++chunks === 3) break;
    const usage = session.contextUsage;
    /* Waits its turn: the computation has ended by then. */
    await session.append('x');
    const { decodeTokens } = given.stats();
    await given.destroy();
    return { chunks, usage, decodeTokens };
  });
  assert.deepEqual([result.chunks, result.usage], [3, 0]);
  assert.ok(result.decodeTokens < 32, `${result.decodeTokens} tokens were decoded for 3 chunks`);
  await page.close();
});
