/* The engine in Chromium on tiny random models: every variant, sessions, bad files, bad options, dead workers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { EngineOptions } from '../../web/index.ts';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';

interface Manifest {
  readonly tokens: readonly number[];
  readonly vocab_size: number;
  readonly tolerance: Readonly<Record<string, number>>;
  readonly cases: readonly {
    readonly name: string;
    readonly lengths: readonly number[];
    readonly n_prefill: number;
    readonly rope: string;
    readonly logits: { readonly file: string };
  }[];
}

const GOLDEN = join(ROOT, 'tests/golden/phi3-mha');
const manifest = JSON.parse(readFileSync(join(GOLDEN, 'manifest.json'), 'utf8')) as Manifest;
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-e2e-files-'));
let browser: Browser;

/** Files that no engine should accept, each with what its error must say. */
const BAD_FILES: Readonly<Record<string, { bytes: Buffer; code: string; text: RegExp }>> = {
  'empty.gguf': { bytes: Buffer.alloc(0), code: 'PHI_ECORRUPT', text: /./ },
  'noise.gguf': {
    bytes: Buffer.alloc(300_000, 'not a model at all. '),
    code: 'PHI_EUNSUPPORTED',
    text: /an unknown format/,
  },
  'page.html': {
    bytes: Buffer.from('<!doctype html><p>Hi'),
    code: 'PHI_ENETWORK',
    text: /HTML page/,
  },
  'cut.gguf': {
    bytes: readFileSync(tinyModel('phi3-mha')).subarray(0, 200_000),
    code: 'PHI_ECORRUPT',
    text: /./,
  },
  'stub.gguf': {
    bytes: readFileSync(tinyModel('phi3-mha')).subarray(0, 100),
    code: 'PHI_ECORRUPT',
    text: /./,
  },
};

before(async () => {
  const files: Record<string, string> = {
    '/tiny.gguf': tinyModel('phi3-mha'),
    '/q4.gguf': tinyModel('quant-q4_k'),
  };
  for (const [name, { bytes }] of Object.entries(BAD_FILES)) {
    writeFileSync(join(scratch, name), bytes);
    files[`/${name}`] = join(scratch, name);
  }
  browser = await openBrowser(files);
});

after(async () => {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Options that travel into a page as they are. */
type PlainOptions = Pick<EngineOptions, 'contextLength' | 'threads' | 'kernels' | 'accuracyLevel'>;

async function openEngine(page: Page, options: PlainOptions = {}): Promise<void> {
  await page.evaluate(async (given) => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', ...given });
  }, options);
}

/** A worker that was terminated leaves the browser's list a moment later. */
async function assertNoWorkers(page: Page): Promise<void> {
  for (let tries = 0; page.workers().length > 0 && tries < 200; tries++) await sleep(50);
  assert.equal(page.workers().length, 0);
}

function goldenLogits(): { tokens: number[]; logits: Float32Array } {
  const golden = manifest.cases.find((c) => c.n_prefill === 0 && c.rope === 'auto');
  assert.ok(golden !== undefined);
  const bytes = readFileSync(join(GOLDEN, golden.logits.file));
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const row = golden.lengths.length - 1;
  return {
    tokens: manifest.tokens.slice(0, golden.lengths[row]),
    logits: all.subarray(row * manifest.vocab_size, (row + 1) * manifest.vocab_size),
  };
}

test('probe says what is there, the variant and why', async () => {
  const page = await browser.openPage();
  const probe = await page.evaluate(() => pocketphi.Engine.probe());
  assert.equal(probe.crossOriginIsolated, true);
  assert.deepEqual([probe.simd, probe.relaxed, probe.sharedMemory], [true, true, true]);
  assert.match(probe.variant, /^relaxed-/);
  assert.match(probe.reason, /relaxed SIMD/);
  await page.close();
});

test('every variant gives the reference’s logits, and any number of threads the same', async () => {
  const { tokens, logits } = goldenLogits();
  const page = await browser.openPage();
  const seen = new Map<string, Float32Array>();
  for (const kernels of ['simd128', 'relaxed'] as const) {
    for (const threads of [1, 2, 3]) {
      await openEngine(page, { kernels, threads });
      const result = await page.evaluate(async (ids) => {
        const got = await engine.forward(ids);
        const stats = engine.stats();
        await engine.destroy();
        return { logits: [...got], variant: engine.variant, stats };
      }, tokens);
      assert.equal(result.variant, `${kernels}-${threads === 1 ? 'st' : 'mt'}`);
      assert.equal(result.stats.threads, threads);
      assert.equal(result.stats.prefillTokens, tokens.length);
      const got = Float32Array.from(result.logits);
      const worst = got.reduce(
        (max, x, i) => Math.max(max, Math.abs(x - (logits[i] ?? Number.NaN))),
        0,
      );
      assert.ok(
        worst <= (manifest.tolerance.level_4 ?? 0),
        `${kernels}, ${threads} threads: off by ${worst}`,
      );
      const first = seen.get(kernels) ?? got;
      seen.set(kernels, first);
      assert.deepEqual(got, first, `${kernels}: ${threads} threads change the result`);
    }
  }
  await page.close();
});

test('without isolation one thread works, and says why', async () => {
  const page = await browser.openPage({ isolated: false });
  const warnings: string[] = [];
  page.on('console', (message) => warnings.push(message.text()));
  await openEngine(page);
  const result = await page.evaluate(async () => ({
    variant: engine.variant,
    reason: engine.reason,
    logits: (await engine.forward([1, 2, 3])).length,
    probe: await pocketphi.Engine.probe(),
  }));
  assert.equal(result.variant, 'relaxed-st');
  assert.match(
    result.reason,
    /no cross-origin isolation: one thread; serve the page with COOP: same-origin and COEP/,
  );
  assert.equal(result.probe.threads, 1);
  assert.equal(result.logits, manifest.vocab_size);
  assert.ok(
    warnings.some((text) => text.includes('no cross-origin isolation')),
    warnings.join('; '),
  );
  await page.close();
});

test('bad files: one clear error each, and a good one loads afterwards', async () => {
  const page = await browser.openPage();
  for (const [name, { code, text }] of Object.entries(BAD_FILES)) {
    for (const how of ['url', 'blob'] as const) {
      if (name === 'page.html' && how === 'blob') continue;
      const { error } = await page.evaluate(
        async ([file, as]) => {
          const model = as === 'url' ? file : await (await fetch(file)).blob();
          return outcome(pocketphi.Engine.create({ model }).then(() => 'loaded'));
        },
        [`/${name}`, how] as const,
      );
      assert.equal(error?.code, code, `${name} as ${how}: ${JSON.stringify(error)}`);
      assert.match(error?.message ?? '', text);
    }
  }
  const missing = await page.evaluate(() =>
    outcome(pocketphi.Engine.create({ model: '/nowhere.gguf' }).then(() => 0)),
  );
  assert.equal(missing.error?.code, 'PHI_ENETWORK');
  assert.match(missing.error?.message ?? '', /nowhere\.gguf: HTTP status 404/);
  await openEngine(page);
  assert.equal(
    await page.evaluate(async () => (await engine.forward([1])).length),
    manifest.vocab_size,
  );
  await page.close();
});

test('a File loads, and progress is told', async () => {
  const page = await browser.openPage();
  const phases = await page.evaluate(async () => {
    const model = new File([await (await fetch('/q4.gguf')).blob()], 'mine.gguf');
    const progress: [string, string, number, number][] = [];
    const loaded = await pocketphi.Engine.create({
      model,
      onProgress: (p) => progress.push([p.phase, p.file, p.loadedBytes, p.totalBytes]),
    });
    await loaded.destroy();
    return progress;
  });
  assert.deepEqual(phases[0]?.slice(0, 3), ['plan', 'mine.gguf', 0]);
  const [phase, , done, total] = phases.at(-1) ?? [];
  assert.equal(phase, 'warmup');
  assert.ok(phases.some(([name]) => name === 'load'));
  assert.equal(done, total);
  assert.ok((total ?? 0) > 0);
  await page.close();
});

test('options and arguments: what is unknown or out of range is refused by name', async () => {
  const page = await browser.openPage();
  const creates: [Record<string, unknown>, RegExp][] = [
    [{ model: '/tiny.gguf', thread: 2 }, /unknown field "thread"; known: model/],
    [{ model: '/tiny.gguf', threads: 0 }, /threads: expected an integer from 1 to 64, got 0/],
    [
      { model: '/tiny.gguf', kernels: 'avx' },
      /kernels: expected "auto" or "simd128" or "relaxed", got "avx"/,
    ],
    [{ model: '/tiny.gguf', accuracyLevel: 2 }, /accuracyLevel/],
    [{ model: 5 }, /model: expected a URL/],
    [{}, /model: expected a URL/],
    [{ model: '/tiny.gguf', contextLength: 1e9 }, /n_context|contextLength/],
  ];
  for (const [options, text] of creates) {
    const { error } = await page.evaluate(
      (given) => outcome(pocketphi.Engine.create(given as unknown as EngineOptions).then(() => 0)),
      options,
    );
    assert.equal(error?.code, 'PHI_EINVAL', JSON.stringify(error));
    assert.match(error?.message ?? '', text);
  }
  await openEngine(page, { contextLength: 32 });
  const results = await page.evaluate(async () => {
    const ids = Array.from({ length: 33 }, (_, i) => i + 1);
    return {
      none: await outcome(engine.forward([])),
      half: await outcome(engine.forward([1.5])),
      outside: await outcome(engine.forward([100_000])),
      long: await outcome(engine.forward(ids)),
      field: await outcome(engine.chat.completions.create({ messages: [], tempature: 1 } as never)),
      message: await outcome(
        engine.chat.completions.create({ messages: [{ role: 'x', content: 'x' }] } as never),
      ),
      usable: (await engine.forward([1, 2])).length,
    };
  });
  assert.equal(results.none.error?.code, 'PHI_EINVAL');
  assert.match(results.half.error?.message ?? '', /tokens\[0\]: expected a token id, got 1\.5/);
  assert.equal(results.outside.error?.code, 'PHI_EINVAL');
  assert.equal(results.long.error?.code, 'PHI_ECONTEXT');
  assert.deepEqual([results.long.error?.requested, results.long.error?.quota], [33, 32]);
  assert.match(results.field.error?.message ?? '', /unknown field "tempature"/);
  assert.equal(results.message.error?.code, 'PHI_EINVAL');
  assert.match(results.message.error?.message ?? '', /messages\[0\]\.role/);
  assert.equal(results.usable, manifest.vocab_size);
  await page.close();
});

test('sessions: append, generate, truncate, clone and two at once agree with one call', async () => {
  const page = await browser.openPage();
  await openEngine(page, { contextLength: 128 });
  const results = await page.evaluate(async () => {
    const collect = async (
      s: Awaited<ReturnType<typeof engine.session>>,
      n: number,
    ): Promise<number[]> => {
      const ids: number[] = [];
      for await (const token of s.generate({ maxTokens: n, stopIds: [-1 >>> 1] }))
        if (token.id >= 0) ids.push(token.id);
      return ids;
    };
    const prompt = [5, 6, 7, 8, 9];
    const whole = await engine.session();
    await whole.append(prompt);
    const expected = await collect(whole, 12);
    const a = await engine.session();
    const b = await engine.session({ contextLength: 64, kvType: 'q8' });
    await a.append(prompt.slice(0, 2));
    await a.append(prompt.slice(2));
    const twin = await a.clone();
    const [fromA, fromTwin, fromB] = await Promise.all([
      collect(a, 12),
      collect(twin, 12),
      b.append([1, 2, 3]).then(() => collect(b, 12)),
    ]);
    await a.truncate(prompt.length);
    const again = await collect(a, 12);
    const text = a.tokens.length;
    await a.destroy();
    const dead = await outcome(a.append([1]));
    return { expected, fromA, fromTwin, fromB, again, text, dead, contextB: b.contextLength };
  });
  assert.equal(results.expected.length, 12);
  assert.deepEqual(results.fromA, results.expected);
  assert.deepEqual(results.fromTwin, results.expected);
  assert.deepEqual(results.again, results.expected);
  assert.equal(results.fromB.length, 12);
  assert.equal(results.text, 17);
  assert.equal(results.contextB, 64);
  assert.equal(results.dead.error?.code, 'PHI_ESTATE');
  await page.close();
});

test('constraints: what comes out obeys, and what is not supported is named', async () => {
  const page = await browser.openPage();
  await openEngine(page, { contextLength: 256 });
  const results = await page.evaluate(async () => {
    const session = await engine.session();
    await session.append([5, 6, 7]);
    const write = async (
      constraint: { kind: 'json_object' | 'json_schema' | 'regex'; text: string; flags?: string },
      seed: bigint,
    ) => {
      let text = '';
      const generation = session.generate({ constraint, temperature: 1.5, maxTokens: 200, seed });
      for (let next = await generation.next(); ; next = await generation.next()) {
        if (next.done) {
          await session.truncate(3);
          return { text, finish: next.value.finish };
        }
        text += next.value.text;
      }
    };
    const schema = {
      type: 'object',
      properties: { id: { type: 'integer', maximum: 99 }, ok: { type: 'boolean' } },
      required: ['id', 'ok'],
      additionalProperties: false,
    };
    const json = { kind: 'json_schema', text: JSON.stringify(schema) } as const;
    return {
      objects: [await write(json, 1n), await write(json, 2n), await write(json, 3n)],
      word: await write({ kind: 'regex', text: 'ja|NEIN', flags: 'i' }, 4n),
      refused: await outcome(write({ kind: 'json_schema', text: '{"not":{}}' }, 5n)),
    };
  });
  for (const { text, finish } of results.objects) {
    const value = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ['id', 'ok']);
    assert.ok(Number.isSafeInteger(value.id) && Number(value.id) <= 99, text);
    assert.equal(typeof value.ok, 'boolean');
    assert.equal(finish, 'stop');
  }
  assert.match(results.word.text, /^(?:ja|nein)$/i);
  assert.equal(results.refused.error?.code, 'PHI_EUNSUPPORTED');
  assert.match(results.refused.error?.message ?? '', /keyword 'not' at #\/not is not supported/);
  await page.close();
});

test('a worker that ends, or breaks, rejects everything pending, once', async () => {
  for (const way of ['closes', 'throws', 'traps'] as const) {
    const page = await browser.openPage();
    const started = page.waitForEvent('worker');
    await openEngine(page, { threads: 1 });
    const worker = await started;
    const pending = page.evaluate(async () => {
      const long = Array.from({ length: 400 }, () => 7);
      const session = await engine.session({ contextLength: 512 });
      const first = await Promise.all([
        outcome(session.append(long)),
        outcome(engine.forward(long.slice(0, 300))),
        outcome(
          new Promise((resolve) => setTimeout(resolve, 3000)).then(() =>
            engine.tokenizer.encode('a'),
          ),
        ),
      ]);
      return { first, later: await outcome(engine.forward([1])) };
    });
    await worker.evaluate((how) => {
      if (how === 'closes') setTimeout(() => self.close(), 0);
      if (how === 'throws') {
        setTimeout(() => {
          throw new Error('broken on purpose');
        }, 0);
      }
      if (how === 'traps') {
        Int32Array.prototype.set = () => {
          throw new WebAssembly.RuntimeError('unreachable');
        };
      }
    }, way);
    const { first, later } = await pending;
    const failed = [...first, later].filter(({ error }) => error !== undefined);
    assert.ok(failed.length >= 2, `${way}: ${JSON.stringify(first)}`);
    for (const { error } of failed)
      assert.equal(error?.code, 'PHI_EPOISONED', `${way}: ${JSON.stringify(error)}`);
    assert.equal(later.error?.code, 'PHI_EPOISONED', way);
    await page.close();
  }
});

test('a worker file that is not there is an error, not a hang', async () => {
  const page = await browser.openPage();
  const results = await page.evaluate(async () => ({
    worker: await outcome(
      pocketphi.Engine.create({ model: '/tiny.gguf', workerUrl: '/none.js' }).then(() => 0),
    ),
    module: await outcome(
      pocketphi.Engine.create({ model: '/tiny.gguf', wasmUrl: '/none/' }).then(() => 0),
    ),
  }));
  assert.equal(results.worker.error?.code, 'PHI_EPOISONED');
  assert.equal(results.module.error?.code, 'PHI_ENETWORK');
  assert.match(results.module.error?.message ?? '', /module could not be loaded from .*\/none\//);
  await page.close();
});

test('destroy ends the worker and rejects what is pending', async () => {
  const page = await browser.openPage();
  await openEngine(page);
  const result = await page.evaluate(async () => {
    const pending = outcome(engine.forward([1, 2, 3]));
    await engine.destroy();
    await engine.destroy();
    return { pending: await pending, later: await outcome(engine.tokenizer.encode('a')) };
  });
  assert.equal(result.pending.error?.code, 'PHI_ECANCELED');
  assert.equal(result.later.error?.code, 'PHI_ECANCELED');
  await assertNoWorkers(page);
  await page.close();
});

test('aborting a load ends it', async () => {
  const page = await browser.openPage();
  const result = await page.evaluate(async () => {
    const abort = new AbortController();
    const loading = outcome(
      pocketphi.Engine.create({ model: '/tiny.gguf', signal: abort.signal }).then(() => 0),
    );
    abort.abort();
    const before = new AbortController();
    before.abort();
    return {
      during: await loading,
      before: await outcome(
        pocketphi.Engine.create({ model: '/tiny.gguf', signal: before.signal }).then(() => 0),
      ),
    };
  });
  assert.equal(result.during.error?.code, 'PHI_ECANCELED');
  assert.equal(result.before.error?.code, 'PHI_ECANCELED');
  await assertNoWorkers(page);
  await page.close();
});
