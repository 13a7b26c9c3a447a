/* Weights by fetch into the browser's storage, in a real profile: first visit, later visits without a network, and
 * everything that may go wrong in between. The model is tiny; a manifest with small chunks makes many of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { limitStorage } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { openProfile, type Profile } from './lib/profile.ts';
import {
  CHUNK_BYTES,
  FILE,
  ModelSource,
  manifestFile,
  manifestOf,
  type PlainOptions,
  TOKENS,
} from './lib/stored-model.ts';

const N_CHUNKS = Math.ceil(FILE.length / CHUNK_BYTES);

let profile: Profile;
let source: ModelSource;
let logits: number[];

/** Chunks that were asked for since, by their first byte. */
function chunksAsked(since: number): number[] {
  const firsts = source.server.asks.slice(since).map(({ range }) => range?.first ?? 0);
  return [...new Set(firsts.map((first) => Math.floor(first / CHUNK_BYTES)))].sort((a, b) => a - b);
}

interface LoadResult {
  readonly logits: number[];
  readonly kind: string | null;
  readonly reason: string;
  readonly phases: string[];
  readonly last: { loadedBytes: number; totalBytes: number; fromCacheBytes: number };
}

async function load(page: Page, options: PlainOptions = {}): Promise<LoadResult> {
  return await page.evaluate(
    async ([manifest, given, tokens]) => {
      const seen: {
        phase: string;
        loadedBytes: number;
        totalBytes: number;
        fromCacheBytes: number;
      }[] = [];
      const engine = await pocketphi.Engine.create({
        model: manifest as Record<string, unknown>,
        threads: 1,
        ...(given as object),
        onProgress: (p) => seen.push(p),
      });
      const result = await engine.forward(tokens as number[]);
      const { kind, reason } = engine.storage;
      await engine.destroy();
      const last = seen.at(-1) ?? { loadedBytes: 0, totalBytes: 0, fromCacheBytes: 0 };
      return {
        logits: [...result.subarray(0, 50)],
        kind,
        reason,
        phases: [...new Set(seen.map(({ phase }) => phase))],
        last,
      };
    },
    [manifestOf(manifestFile(source.server.url)), options, TOKENS] as const,
  );
}

before(async () => {
  source = await ModelSource.open();
  profile = await openProfile({ '/tiny.gguf': tinyModel('phi3-mha') });
  const page = await profile.openPage();
  logits = await page.evaluate(async (tokens) => {
    const engine = await pocketphi.Engine.create({
      model: '/tiny.gguf',
      threads: 1,
      storage: 'none',
    });
    const result = await engine.forward(tokens);
    await engine.destroy();
    return [...result.subarray(0, 50)];
  }, TOKENS);
  await page.close();
});

afterEach(async () => {
  source.behave = () => undefined;
  await profile.forget();
});

after(async () => {
  await profile.close();
  await source.close();
});

for (const storage of ['auto', 'indexeddb'] as const) {
  test(`storage ${storage}: the second visit needs no network`, async () => {
    const first = await load(await profile.openPage(), { storage });
    assert.deepEqual(first.logits, logits);
    assert.equal(first.kind, storage === 'auto' ? 'opfs' : 'indexeddb');
    assert.ok(first.phases.includes('download'), first.phases.join());
    assert.deepEqual(
      [first.last.loadedBytes, first.last.totalBytes, first.last.fromCacheBytes],
      [FILE.length, FILE.length, 0],
    );
    await profile.quit();
    const asked = source.server.asks.length;
    source.behave = () => ({ isDead: true });
    const second = await load(await profile.openPage(), { storage });
    assert.deepEqual(second.logits, logits);
    assert.equal(source.server.asks.length, asked, 'a stored model asked the network');
    assert.equal(second.last.fromCacheBytes, FILE.length);
    assert.ok(!second.phases.includes('download'), second.phases.join());
  });

  test(`storage ${storage}: killed in mid-download, only the rest is fetched`, async () => {
    const page = await profile.openPage();
    const stuckFrom = (N_CHUNKS - 2) * CHUNK_BYTES;
    source.behave = ({ range }) =>
      (range?.first ?? 0) >= stuckFrom ? { hangAfter: 1000 } : undefined;
    const begun = source.server.asks.length;
    void load(page, { storage, connections: 2 }).catch(() => undefined);
    while (chunksAsked(begun).at(-1) !== N_CHUNKS - 1) await sleep(50);
    await sleep(500); /* the chunks before are stored by then; if not, they are fetched again */
    await profile.kill();
    source.behave = () => undefined;
    const asked = source.server.asks.length;
    const second = await load(await profile.openPage(), { storage });
    assert.deepEqual(second.logits, logits);
    assert.ok(
      chunksAsked(asked).every((chunk) => chunk >= N_CHUNKS - 4),
      `fetched again: ${chunksAsked(asked).join()} of ${N_CHUNKS}`,
    );
    assert.ok(second.last.fromCacheBytes > 0);
  });
}

test('storage: an abort keeps what is stored, to the byte', async () => {
  const page = await profile.openPage();
  source.behave = ({ range }) =>
    Math.floor((range?.first ?? 0) / CHUNK_BYTES) === 3 ? { hangAfter: 5000 } : undefined;
  const code = await page.evaluate(
    async (manifest) => {
      const abort = new AbortController();
      const loading = pocketphi.Engine.create({
        model: manifest,
        threads: 1,
        connections: 1,
        signal: abort.signal,
        onProgress: (p) => {
          if (p.loadedBytes >= 3 * 65536 + 5000) abort.abort();
        },
      });
      return await loading.then(
        () => 'loaded',
        (error: { code: string }) => error.code,
      );
    },
    manifestOf(manifestFile(source.server.url)),
  );
  assert.equal(code, 'PHI_ECANCELED');
  source.behave = () => undefined;
  const asked = source.server.asks.length;
  assert.deepEqual((await load(page)).logits, logits);
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.equal(Math.min(...firsts), 3 * CHUNK_BYTES + 5000);
});

test('storage: a chunk with other bytes is fetched again, then refused', async () => {
  const page = await profile.openPage();
  const bad = Buffer.alloc(CHUNK_BYTES, 7);
  source.behave = ({ range, again }) =>
    range?.first === 2 * CHUNK_BYTES && again === 0 ? { body: bad } : undefined;
  assert.deepEqual((await load(page)).logits, logits);
  await page.evaluate(async () => {
    for (const { id } of await pocketphi.models.list()) await pocketphi.models.delete(id);
  });
  source.behave = ({ range }) => (range?.first === 2 * CHUNK_BYTES ? { body: bad } : undefined);
  await assert.rejects(load(page), /chunk 2|hash|SHA-256/i);
});

test('storage: verify() finds a damaged chunk, and the next load fetches just that', async () => {
  const page = await profile.openPage();
  await load(page);
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const entry of folder.values()) {
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle);
        else {
          const file = entry as FileSystemFileHandle;
          const out = await file.createWritable({ keepExistingData: true });
          await out.write({
            type: 'write',
            position: 65536 + 10,
            data: new Uint8Array([1, 2, 3, 4]),
          });
          await out.close();
        }
      }
    };
    await walk(root);
  });
  const url = source.server.url;
  const result = await page.evaluate((id) => pocketphi.models.verify(id), url);
  assert.equal(result.missingBytes, CHUNK_BYTES);
  assert.equal(await page.evaluate((id) => pocketphi.models.has(id), url), false);
  const asked = source.server.asks.length;
  assert.deepEqual((await load(page)).logits, logits);
  assert.deepEqual(chunksAsked(asked), [1]);
  assert.equal(await page.evaluate((id) => pocketphi.models.has(id), url), true);
});

test('storage: two tabs fetch everything once', async () => {
  const [first, second] = [await profile.openPage(), await profile.openPage()];
  source.behave = () => ({ pieceBytes: 4096 });
  const asked = source.server.asks.length;
  const results = await Promise.all([load(first), load(second)]);
  for (const result of results) assert.deepEqual(result.logits, logits);
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first);
  assert.equal(new Set(firsts).size, firsts.length, `asked twice: ${firsts.join()}`);
  assert.ok(results.some(({ phases }) => phases.includes('wait')));
});

test('storage: a changed file is fetched anew', async () => {
  const page = await profile.openPage();
  const url = source.server.url;
  const loadUrl = (): Promise<{ logits: number[] }> =>
    page.evaluate(
      async ([model, tokens]) => {
        const engine = await pocketphi.Engine.create({ model: model as string, threads: 1 });
        const result = await engine.forward(tokens as number[]);
        await engine.destroy();
        return { logits: [...result.subarray(0, 50)] };
      },
      [url, TOKENS] as const,
    );
  /* A part of it, then nothing: what one answer left out, the next must not bring. */
  source.behave = ({ range }) =>
    (range?.first ?? 0) === 0 ? { dropAfter: 300_000 } : { isDead: true };
  const failed = await page.evaluate(
    (model) => outcome(pocketphi.Engine.create({ model, threads: 1, patience: 1, connections: 1 })),
    url,
  );
  assert.equal(failed.error?.code, 'PHI_ENETWORK');
  source.behave = () => undefined;
  source.server.replace(FILE);
  assert.deepEqual((await loadUrl()).logits, logits);
});

test('storage: a full disk: the model loads all the same and says that it is not kept', async () => {
  /* An origin of its own: Chromium remembers for a while how much was free. */
  const small = await openProfile();
  try {
    const page = await small.openPage();
    await limitStorage(page, 250_000);
    const result = await load(page);
    assert.deepEqual(result.logits, logits);
    assert.equal(result.kind, null, result.reason);
    /* Chromium's estimate() does not know of the limit. */
    assert.match(result.reason, /the browser stores no more: .* though .* are left/);
    await assert.rejects(load(page, { storage: 'opfs' }), /the browser stores no more: .* though/);
  } finally {
    await small.close();
  }
});

test('models: list, usage, download, delete', async () => {
  const page = await profile.openPage();
  const manifest = manifestOf(manifestFile(source.server.url));
  const seen = await page.evaluate(async (given) => {
    const { models } = pocketphi;
    const outcome = await models.download(given);
    const [stored] = await models.list();
    const usage = await models.usage();
    const known = await models.known();
    await models.delete(given);
    return { outcome, stored, usage, known, left: await models.list() };
  }, manifest);
  assert.equal(seen.outcome.kind, 'opfs');
  assert.equal(seen.stored?.id, source.server.url);
  assert.equal(seen.stored?.state, 'complete');
  assert.equal(seen.stored?.licence, 'MIT');
  assert.equal(seen.stored?.storedBytes, FILE.length);
  assert.equal(seen.usage.modelBytes, FILE.length);
  assert.ok((seen.usage.quotaBytes ?? 0) > 0);
  assert.ok(seen.known.some(({ id }) => id.startsWith('phi-3-mini')));
  assert.deepEqual(seen.left, []);
});

test('models: what is not there', async () => {
  const page = await profile.openPage();
  const url = source.server.url;
  const results = await page.evaluate(
    async (model) => [
      await outcome(pocketphi.models.verify(model)),
      await outcome(pocketphi.models.delete(model)),
      await outcome(pocketphi.models.has(model)),
      await outcome(pocketphi.models.download(new Blob(['x']))),
      await outcome(pocketphi.models.download('no-such-model')),
    ],
    url,
  );
  assert.deepEqual(
    results.map(({ error }) => error?.code ?? 'fine'),
    ['PHI_ESTATE', 'fine', 'fine', 'PHI_EINVAL', 'PHI_EINVAL'],
  );
});

test('probe: what a model takes and how fast it would be, before it is fetched', async () => {
  const page = await profile.openPage();
  const url = source.server.url;
  const asked = source.server.asks.length;
  const { known, given } = await page.evaluate(
    async (model) => ({
      known: await pocketphi.Engine.probe({ model: 'phi-3-mini-4k-q4' }),
      given: await pocketphi.Engine.probe({ model }),
    }),
    url,
  );
  assert.equal(known.model?.fits, true);
  assert.ok((known.model?.needsBytes ?? 0) > 3e9);
  assert.ok((known.model?.decodeTokPerSec ?? 0) > 0.1);
  assert.ok((known.speed?.gemmGigaopsPerSecond ?? 0) > 1);
  assert.equal(known.memory64, true);
  assert.equal(given.model?.downloadBytes, FILE.length);
  assert.ok(source.server.asks.length <= asked + 2, 'the probe fetched the model');
});

test('model: a stream and a manifest by its URL', async () => {
  const page = await profile.openPage();
  const got = await page.evaluate(
    async ([url, tokens]) => {
      const response = await fetch(url as string);
      const stream = response.body;
      if (stream === null) throw new Error('no body');
      const engine = await pocketphi.Engine.create({ model: stream, threads: 1 });
      const result = await engine.forward(tokens as number[]);
      const { kind, reason } = engine.storage;
      await engine.destroy();
      return { logits: [...result.subarray(0, 50)], kind, reason };
    },
    ['/tiny.gguf', TOKENS] as const,
  );
  assert.deepEqual(got.logits, logits);
  assert.equal(got.kind, null);
  assert.match(got.reason, /stream/);
});
