/* What goes wrong with weights in a real browser beyond the network: evictions, damaged stores, pages that go away,
 * aborts at any moment, models in several files. After each, the next load on the same page is right. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Ask, Deed } from '../web/lib/bad-server.ts';
import { limitStorage } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';
import { openProfile, type Profile } from './lib/profile.ts';
import { splitGguf } from './lib/split-gguf.ts';
import {
  CHUNK_BYTES,
  FILE,
  ModelSource,
  manifestFile,
  manifestOf,
  type PlainOptions,
  TOKENS,
} from './lib/stored-model.ts';

const PARTS = splitGguf(FILE, 3);

let profile: Profile;
let source: ModelSource;
let logits: number[];

function wholeManifest(): Record<string, unknown> {
  return manifestOf(manifestFile(source.server.url, FILE));
}

function urlOf(path: string): string {
  return new URL(path, source.server.url).href;
}

function partPath(idx: number): string {
  return `/tiny-0000${idx + 1}-of-00003.gguf`;
}

/** The parts at their paths, the whole file elsewhere. */
function withParts(ask: Ask): Deed | undefined {
  const part = PARTS.find((_, idx) => ask.path === partPath(idx));
  return part === undefined ? undefined : { file: part };
}

interface LoadResult {
  readonly logits: number[];
  readonly kind: string | null;
  readonly reason: string;
  readonly notes: string[];
  readonly shares: number[];
  readonly last: { loadedBytes: number; totalBytes: number; fromCacheBytes: number };
}

async function load(page: Page, model: unknown, options: PlainOptions = {}): Promise<LoadResult> {
  return await page.evaluate(
    async ([given, plain, tokens]) => {
      const notes: string[] = [];
      const shares: number[] = [];
      let last = { loadedBytes: 0, totalBytes: 0, fromCacheBytes: 0 };
      const engine = await pocketphi.Engine.create({
        model: given as string,
        threads: 1,
        ...(plain as object),
        onProgress: (p) => {
          if (p.note !== undefined) notes.push(p.note);
          if (p.totalBytes > 0) shares.push(p.loadedBytes / p.totalBytes);
          last = p;
        },
      });
      const result = await engine.forward(tokens as number[]);
      const { kind, reason } = engine.storage;
      await engine.destroy();
      return { logits: [...result.subarray(0, 50)], kind, reason, notes, shares, last };
    },
    [model, options, TOKENS] as const,
  );
}

before(async () => {
  source = await ModelSource.open();
  profile = await openProfile();
  logits = (await load(await profile.openPage(), source.server.url, { storage: 'none' })).logits;
});

afterEach(async () => {
  source.behave = () => undefined;
  source.server.replace(FILE);
  await profile.forget();
});

after(async () => {
  await profile.close();
  await source.close();
});

/** Does something to every file of weights in OPFS. */
async function eachPayload(page: Page, deed: 'remove' | 'truncate'): Promise<void> {
  await page.evaluate(async (what) => {
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const entry of folder.values()) {
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle);
        else if (what === 'remove') await folder.removeEntry(entry.name);
        else {
          const out = await (entry as FileSystemFileHandle).createWritable({
            keepExistingData: true,
          });
          await out.truncate(3 * 65536);
          await out.close();
        }
      }
    };
    await walk(await navigator.storage.getDirectory());
  }, deed);
}

/** Bytes of weights in OPFS. */
function payloadBytes(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let sum = 0;
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const entry of folder.values()) {
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle);
        else sum += (await (entry as FileSystemFileHandle).getFile()).size;
      }
    };
    await walk(await navigator.storage.getDirectory());
    return sum;
  });
}

for (const deed of ['remove', 'truncate'] as const) {
  test(`evicted (${deed}): it is said, fetched again and stored`, async () => {
    const page = await profile.openPage();
    await load(page, wholeManifest());
    await eachPayload(page, deed);
    const asked = source.server.asks.length;
    const second = await load(page, wholeManifest());
    assert.deepEqual(second.logits, logits);
    assert.equal(second.kind, 'opfs');
    assert.match(second.notes.join(), /the browser evicted .* of the .*; ask for persist\(\)/);
    const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
    assert.equal(Math.min(...firsts), deed === 'remove' ? 0 : 3 * CHUNK_BYTES);
    source.behave = () => ({ isDead: true });
    assert.deepEqual((await load(page, wholeManifest())).logits, logits);
  });
}

test('a split model: fetched, stored, loaded without a network', async () => {
  const page = await profile.openPage();
  source.behave = withParts;
  const first = await load(page, urlOf(partPath(0)));
  assert.deepEqual(first.logits, logits);
  assert.equal(first.kind, 'opfs');
  const bytes = PARTS.reduce((sum, part) => sum + part.length, 0);
  assert.deepEqual([first.last.loadedBytes, first.last.totalBytes], [bytes, bytes]);
  assert.ok(first.shares.every((share, i) => share <= 1 && share >= (first.shares[i - 1] ?? 0)));
  await profile.quit();
  source.behave = () => ({ isDead: true });
  const second = await load(await profile.openPage(), urlOf(partPath(0)));
  assert.deepEqual(second.logits, logits);
  assert.equal(second.last.fromCacheBytes, bytes);
});

test('a split model: files whose answers come in any order', async () => {
  const page = await profile.openPage();
  let answerFirst: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    answerFirst = resolve;
  });
  source.behave = (ask) => {
    if (ask.path === partPath(2)) setTimeout(answerFirst, 100);
    return { ...withParts(ask), ...(ask.path === partPath(0) && { until }) };
  };
  const url = urlOf(partPath(0));
  const stored = await page.evaluate(async (model) => {
    await pocketphi.models.download(model);
    return await pocketphi.models.get(model);
  }, url);
  assert.equal(stored?.state, 'complete');
  assert.equal(stored?.bytes, stored?.storedBytes);
  source.behave = () => ({ isDead: true });
  assert.deepEqual((await load(page, url)).logits, logits);
});

test('a manifest by its URL: a second visit needs neither it nor the model', async () => {
  const page = await profile.openPage();
  const manifest = manifestOf(
    ...PARTS.map((part, idx) => manifestFile(partPath(idx).slice(1), part)),
  );
  const body = Buffer.from(JSON.stringify(manifest));
  source.behave = (ask) =>
    ask.path === '/tiny.json'
      ? { file: body, headers: { 'Content-Type': 'application/json' } }
      : withParts(ask);
  const url = urlOf('/tiny.json');
  assert.deepEqual((await load(page, url)).logits, logits);
  await profile.quit();
  const asked = source.server.asks.length;
  source.behave = () => ({ isDead: true });
  assert.deepEqual((await load(await profile.openPage(), url)).logits, logits);
  assert.equal(source.server.asks.length, asked);
});

test('a manifest of other bytes: what is stored of the older ones is not loaded', async () => {
  const page = await profile.openPage();
  await load(page, wholeManifest());
  const other = readFileSync(tinyModel('phi3-gqa'));
  source.server.replace(other);
  const second = await load(page, manifestOf(manifestFile(source.server.url, other)));
  source.server.replace(FILE);
  assert.notDeepEqual(second.logits, logits);
  assert.equal(second.kind, 'opfs');
});

test('a changed file, of which chunks are stored: it is said, and nothing is mixed', async () => {
  const page = await profile.openPage();
  const other = readFileSync(tinyModel('phi3-gqa'));
  source.server.replace(other);
  source.behave = ({ range }) =>
    (range?.first ?? 0) > 2 * CHUNK_BYTES ? { isDead: true } : undefined;
  const stale = manifestOf({ ...manifestFile(source.server.url, other) });
  await assert.rejects(load(page, stale, { patience: 1, connections: 1 }), /PHI_ENETWORK|gave up/);
  source.behave = () => undefined;
  source.server.replace(FILE);
  const result = await load(page, source.server.url);
  assert.deepEqual(result.logits, logits);
  assert.match(result.notes.join(), /another file than before/);
});

test('no room: nothing is stored that no list shows', async () => {
  const small = await openProfile();
  try {
    const page = await small.openPage();
    await limitStorage(page, 250_000);
    assert.equal((await load(page, wholeManifest())).kind, null);
    const stored = await page.evaluate(() => pocketphi.models.list());
    const bytes = await payloadBytes(page);
    /* Chromium's estimate() does not know of the override: the store itself runs full. What it took then is listed. */
    const listed = stored.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    assert.ok(bytes <= listed, `${bytes} bytes of weights, ${listed} of them listed`);
  } finally {
    await small.close();
  }
});

test('aborted at any moment: no lock and no worker stays, and the next load is right', async () => {
  const page = await profile.openPage();
  source.behave = () => ({ pieceBytes: 8192 });
  const left = await page.evaluate(async (model) => {
    const codes = new Set<string>();
    for (let turn = 0; turn < 25; turn++) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), turn * 6);
      const loading = pocketphi.Engine.create({ model, threads: 1, signal: abort.signal });
      const { error, value } = await outcome(loading);
      codes.add(error?.code ?? 'loaded');
      await value?.destroy();
      if (value !== undefined) await pocketphi.models.delete(model);
    }
    const { held = [], pending = [] } = await navigator.locks.query();
    return { codes: [...codes], locks: [...held, ...pending].map(({ name }) => name) };
  }, wholeManifest());
  assert.ok(
    left.codes.every((code) => code === 'PHI_ECANCELED' || code === 'loaded'),
    `${left.codes}`,
  );
  assert.ok(left.codes.includes('PHI_ECANCELED'));
  assert.equal(left.locks.filter((name) => name?.startsWith('pocketphi:model:')).length, 0);
  for (let i = 0; i < 50 && page.workers().length > 0; i++) await page.waitForTimeout(20);
  assert.equal(page.workers().length, 0);
  source.behave = () => undefined;
  assert.deepEqual((await load(page, wholeManifest())).logits, logits);
});

test('aborted while the module does not come', async () => {
  const page = await profile.openPage();
  await page.context().route('**/pocketphi-*.js', () => undefined);
  const { error, ms } = await page.evaluate(async (model) => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    return await outcome(pocketphi.Engine.create({ model, threads: 1, signal: abort.signal }));
  }, wholeManifest());
  await page.context().unrouteAll();
  assert.equal(error?.code, 'PHI_ECANCELED');
  assert.ok(ms < 5000, `${ms} ms`);
});

test('a page that goes away in mid-download: the rest is fetched by the next', async () => {
  const page = await profile.openPage();
  const manifest = wholeManifest();
  source.behave = ({ range }) =>
    (range?.first ?? 0) >= 6 * CHUNK_BYTES ? { hangAfter: 10 } : undefined;
  await page.evaluate(async (model) => {
    await new Promise<void>((resolve) => {
      const { models } = pocketphi;
      models
        .download(model, {
          connections: 1,
          onProgress: (p) => {
            if (p.loadedBytes > 6 * 65536) resolve();
          },
        })
        .catch(() => undefined);
    });
  }, manifest);
  await page.reload();
  await page.waitForFunction(() => 'outcome' in globalThis);
  source.behave = () => undefined;
  const asked = source.server.asks.length;
  const result = await load(page, manifest);
  assert.deepEqual(result.logits, logits);
  assert.ok(result.last.fromCacheBytes >= 5 * CHUNK_BYTES, `${result.last.fromCacheBytes}`);
  const firsts = source.server.asks.slice(asked).map(({ range }) => range?.first ?? 0);
  assert.ok(Math.min(...firsts) >= 5 * CHUNK_BYTES);
});

test('each refusal of a server has its error, and a second create() works at once', async () => {
  const page = await profile.openPage();
  const refusals: [Deed, string, RegExp][] = [
    [{ status: 404 }, 'PHI_ENETWORK', /404.*no such file/],
    [{ status: 401 }, 'PHI_ENETWORK', /401.*login/],
    [{ status: 429 }, 'PHI_ENETWORK', /429.*too many requests/],
    [{ status: 500 }, 'PHI_ENETWORK', /500/],
    [{ headers: { 'Access-Control-Allow-Origin': undefined } }, 'PHI_ENETWORK', /CORS/],
    [{ headers: { 'Content-Type': 'text/html' } }, 'PHI_ENETWORK', /HTML/],
    [{ file: FILE.subarray(0, 200_000) }, 'PHI_ECORRUPT', /expected a file of \d+ bytes/],
  ];
  for (const [deed, code, text] of refusals) {
    source.behave = () => deed;
    const { error } = await page.evaluate(
      (model) => outcome(pocketphi.Engine.create({ model, threads: 1, patience: 1 })),
      wholeManifest(),
    );
    assert.equal(error?.code, code, `${JSON.stringify(deed).slice(0, 80)}: ${error?.message}`);
    assert.match(error?.message ?? '', text);
  }
  source.behave = () => ({ isWhole: true });
  assert.deepEqual((await load(page, wholeManifest())).logits, logits);
});

test('download: nothing to keep it in is said before a byte is fetched', async () => {
  const page = await profile.openPage();
  const asked = source.server.asks.length;
  const { error } = await page.evaluate(
    (model) => outcome(pocketphi.models.download(model, { storage: 'none' })),
    source.server.url,
  );
  assert.equal(error?.code, 'PHI_ESTORAGE');
  assert.equal(source.server.asks.length, asked);
});

test('download: what is held of a half stored model counts', async () => {
  const page = await profile.openPage();
  source.behave = ({ range }) =>
    (range?.first ?? 0) > 5 * CHUNK_BYTES ? { isDead: true } : undefined;
  await assert.rejects(load(page, wholeManifest(), { patience: 1, connections: 1 }));
  source.behave = () => undefined;
  const last = await page.evaluate(async (model) => {
    let seen = { loadedBytes: 0, totalBytes: 0, fromCacheBytes: 0 };
    await pocketphi.models.download(model, {
      onProgress: (p) => {
        seen = p;
      },
    });
    return seen;
  }, wholeManifest());
  assert.deepEqual([last.loadedBytes, last.totalBytes], [FILE.length, FILE.length]);
  assert.ok(last.fromCacheBytes >= 5 * CHUNK_BYTES);
});

test('a damaged record: the model loads, it is said, and delete() takes the bytes too', async () => {
  const page = await profile.openPage();
  await load(page, wholeManifest());
  await page.evaluate(async (id) => {
    const [info] = await indexedDB.databases();
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(info?.name ?? '');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    await new Promise((resolve) => {
      const transaction = database.transaction('models', 'readwrite');
      transaction.objectStore('models').put({ id, files: 'none' }, id);
      transaction.oncomplete = resolve;
    });
    database.close();
  }, source.server.url);
  const result = await load(page, wholeManifest());
  assert.deepEqual(result.logits, logits);
  assert.match(result.reason, /damaged.*delete the model/);
  await page.evaluate((id) => pocketphi.models.delete(id), source.server.url);
  assert.equal(await payloadBytes(page), 0);
});
