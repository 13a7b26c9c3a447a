/* Embeddings in Chromium: the reference's vectors, the same bits for any number of threads, and the chat left alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';

interface Golden {
  readonly tokens: readonly number[];
  readonly lengths: readonly number[];
  readonly tolerance: { readonly level_4: number };
  readonly rows: Readonly<
    Record<'mean' | 'last', { exact: { file: string; shape: [number, number] } }>
  >;
}

const FOLDER = join(ROOT, 'tests/golden/phi3-gqa');
const golden = JSON.parse(readFileSync(join(FOLDER, 'hidden.json'), 'utf8')) as Golden;
const inputs = golden.lengths.map((n) => golden.tokens.slice(0, n));
let browser: Browser;

before(async () => {
  browser = await openBrowser({ '/tiny.gguf': tinyModel('phi3-gqa') });
});

after(() => browser.close());

function goldenRows(pooling: 'mean' | 'last'): number[][] {
  const { file, shape } = golden.rows[pooling].exact;
  const bytes = readFileSync(join(FOLDER, file));
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return Array.from({ length: shape[0] }, (_, i) => [
    ...all.subarray(i * shape[1], (i + 1) * shape[1]),
  ]);
}

const lengthOf = (vector: readonly number[]): number => Math.hypot(...vector);

test('embeddings are the reference’s, scaled to length 1, and the same bits for any threads', async () => {
  const page = await browser.openPage();
  const seen = new Map<string, number[][]>();
  for (const threads of [1, 2, 3]) {
    for (const pooling of ['mean', 'last'] as const) {
      const vectors = await page.evaluate(
        async ([input, how, n]) => {
          globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', threads: n });
          const answer = await engine.embeddings.create({ input, pooling: how });
          await engine.destroy();
          return answer.data.map((row) => row.embedding);
        },
        [inputs, pooling, threads] as const,
      );
      assert.deepEqual(vectors, seen.get(pooling) ?? vectors, `${threads} threads, ${pooling}`);
      seen.set(pooling, vectors);
    }
  }
  for (const pooling of ['mean', 'last'] as const) {
    for (const [i, row] of goldenRows(pooling).entries()) {
      const got = seen.get(pooling)?.[i] ?? [];
      const size = lengthOf(row);
      assert.ok(Math.abs(lengthOf(got) - 1) < 1e-6);
      /* |u/|u| - v/|v|| <= 2 |u - v| / |v|, and |u - v| is at most the tolerance in each of the dimensions. */
      const bound = (2 * Math.sqrt(row.length) * golden.tolerance.level_4) / size;
      const off = lengthOf(row.map((x, k) => x / size - (got[k] ?? Number.NaN)));
      assert.ok(
        off <= bound,
        `${pooling} of ${golden.lengths[i]} tokens: off by ${off} > ${bound}`,
      );
    }
  }
  await page.close();
});

test('texts, encodings and usage; the chat keeps its cache, and the heap its size', async () => {
  const page = await browser.openPage();
  const result = await page.evaluate(async () => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/tiny.gguf', contextLength: 64 });
    const chat = (max_tokens: number) =>
      engine.completions.create({ prompt: [5, 6, 7, 8, 9, 10], max_tokens, temperature: 0 });
    const before = await chat(4);
    const texts = ['abc', 'a longer text', 'abc'];
    const all = await engine.embeddings.create({ input: texts });
    const coded = await engine.embeddings.create({ input: texts, encoding_format: 'base64' });
    const heap = engine.stats().heapBytes;
    for (let i = 0; i < 20; i++) await engine.embeddings.create({ input: texts });
    const after = await chat(4);
    return {
      all,
      coded,
      counts: await Promise.all(texts.map((text) => engine.tokenizer.count(text))),
      same: before.choices[0]?.text === after.choices[0]?.text,
      cached: after.usage.prompt_tokens_details.cached_tokens,
      grown: engine.stats().heapBytes - heap,
      long: await outcome(engine.embeddings.create({ input: [[1, 2], Array(65).fill(3)] })),
      outside: await outcome(engine.embeddings.create({ input: [1, 100_000] })),
      usable: (await engine.embeddings.create({ input: [1] })).data.length,
    };
  });
  const [first, second, third] = result.all.data.map((row) => row.embedding);
  assert.deepEqual(first, third);
  assert.notDeepEqual(first, second);
  const tokens = result.counts.reduce((sum, n) => sum + n, 0);
  assert.deepEqual(result.all.usage, { prompt_tokens: tokens, total_tokens: tokens });
  for (const [i, { embedding }] of result.coded.data.entries()) {
    const bytes = Buffer.from(embedding, 'base64');
    const floats = Array.from({ length: bytes.length / 4 }, (_, k) => bytes.readFloatLE(4 * k));
    assert.deepEqual(floats, result.all.data[i]?.embedding);
  }
  assert.ok(result.same);
  assert.ok(result.cached >= 5, `${result.cached} tokens of the chat were still there`);
  assert.equal(result.grown, 0);
  assert.equal(result.long.error?.code, 'PHI_ECONTEXT');
  assert.deepEqual([result.long.error?.requested, result.long.error?.quota], [65, 64]);
  assert.equal(result.outside.error?.code, 'PHI_EINVAL');
  assert.equal(result.usable, 1);
  await page.close();
});
