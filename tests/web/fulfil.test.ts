/* Loading with a stand-in for the engine: the bytes must arrive where they belong, whatever the server is like, and
 * each failure must give one clear error. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WantedRange } from '../../web/abi/calls.ts';
import { EngineError, type ErrorCode } from '../../web/base/errors.ts';
import { withFiles } from '../../web/worker/find-files.ts';
import { fulfil, type LoadTarget } from '../../web/worker/fulfil.ts';
import { breathe } from '../../web/worker/jobs.ts';
import { Meter } from '../../web/worker/meter.ts';
import type { ModelSource, Progress } from '../../web/worker/protocol.ts';
import { openServer, type TestServer } from './lib/server.ts';

const HEADER = 2_500_000;
const FILE_BYTES = 9_000_000;

function makeFile(seed: number): Buffer {
  const file = Buffer.alloc(FILE_BYTES);
  for (let i = 0; i + 4 <= file.length; i += 4)
    file.writeUInt32LE((i * 2654435761 + seed) >>> 0, i);
  return file;
}

interface Place {
  readonly fileIdx: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Behaves as phi_engine_* does while a model loads; keeps what arrives. */
class FakeEngine implements LoadTarget {
  state = 'empty';
  nFiles = 1;
  readonly headers: number[] = [];
  readonly received: Buffer[];
  readonly #places: readonly Place[];
  readonly #window: number;
  readonly #files: number;
  #next = 0;
  #provided = 0;
  #out = new Set<number>();

  constructor(places: readonly Place[], { files = 1, window = 3 } = {}) {
    this.#places = places;
    this.#window = window;
    this.#files = files;
    this.received = places.map((place) => Buffer.alloc(place.bytes));
  }

  describe(fileIdx: number, pieces: readonly Uint8Array[]): number | undefined {
    const held = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.headers.push(held);
    if (pieces[0]?.[0] === 0x58) throw new EngineError('PHI_ECORRUPT', 'not a model');
    if (held < HEADER) return HEADER;
    this.nFiles = this.#files;
    if (fileIdx === this.#files - 1) this.state = 'described';
    return undefined;
  }

  fileName(firstName: string, fileIdx: number): string {
    return firstName.replace('00001-of', `0000${fileIdx + 1}-of`);
  }

  reserve(): void {
    assert.equal(this.state, 'described');
    this.state = 'loading';
  }

  wants(): WantedRange[] {
    if (this.#provided === this.#places.length) this.state = 'ready';
    const ranges: WantedRange[] = [];
    while (this.#next < this.#places.length && ranges.length < this.#window) {
      const place = this.#places[this.#next];
      if (place === undefined) break;
      this.#out.add(this.#next);
      ranges.push({ slot: this.#next++, ...place });
    }
    return ranges;
  }

  view(slot: number, at: number, bytes: number): Uint8Array {
    assert.ok(this.#out.has(slot));
    assert.ok(at + bytes <= (this.received[slot]?.length ?? 0));
    return this.received[slot]?.subarray(at, at + bytes) ?? new Uint8Array(0);
  }

  provide(slot: number, bytes: number): void {
    assert.ok(this.#out.delete(slot));
    assert.equal(bytes, this.#places[slot]?.bytes);
    this.#provided++;
  }

  lastError(): EngineError {
    return new EngineError('PHI_ECORRUPT', 'the stand-in is poisoned');
  }
}

const NAMES = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];
const FILES = [makeFile(1), makeFile(2)];
let server: TestServer;

before(async () => {
  server = await openServer({
    'm.gguf': FILES[0] ?? Buffer.alloc(0),
    'text.gguf': Buffer.from('X'.repeat(4_000_000)),
    [NAMES[0] ?? '']: FILES[0] ?? Buffer.alloc(0),
    [NAMES[1] ?? '']: FILES[1] ?? Buffer.alloc(0),
  });
});

after(() => server.close());

/* A small gap, a large one, the file's last bytes. */
const PLACES: readonly Place[] = [
  { fileIdx: 0, offset: HEADER, bytes: 700_001 },
  { fileIdx: 0, offset: HEADER + 700_032, bytes: 500_000 },
  { fileIdx: 0, offset: 6_500_000, bytes: 1 },
  { fileIdx: 0, offset: 6_500_001, bytes: FILE_BYTES - 6_500_001 },
];

interface Loaded {
  readonly engine: FakeEngine;
  readonly progress: Progress[];
}

async function load(
  source: ModelSource,
  engine: FakeEngine,
  signal = new AbortController().signal,
): Promise<Loaded> {
  const progress: Progress[] = [];
  const meter = new Meter((p) => progress.push(p));
  const context = { signal, meter, isRead: true, warn: () => undefined };
  const request = {
    source,
    storage: 'none',
    weights: 'int4',
    importer: { script: '', wasm: '' },
    parallel: undefined,
    patience: 1,
  } as const;
  await withFiles(request, context, async (model) => {
    await fulfil(engine, model, { signal, checkPlan: () => undefined, breathe });
    await model.finish();
  });
  meter.enter('warmup', '');
  return { engine, progress };
}

function fromUrl(path: string): ModelSource {
  return { kind: 'name', name: `${server.url}/${path}`, baseUrl: server.url, hub: undefined };
}

function assertBytes(engine: FakeEngine, places: readonly Place[]): void {
  places.forEach(({ fileIdx, offset, bytes }, i) => {
    const expected = FILES[fileIdx]?.subarray(offset, offset + bytes);
    assert.ok(
      expected !== undefined && engine.received[i]?.equals(expected),
      `range ${i} holds other bytes`,
    );
  });
}

async function assertFails(source: ModelSource, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(load(source, new FakeEngine(PLACES)), (error: unknown) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  });
}

for (const how of ['ranges', 'plain', 'unsized']) {
  test(`fulfil: a server of kind "${how}" delivers every range`, async () => {
    const { engine, progress } = await load(fromUrl(`${how}/m.gguf`), new FakeEngine(PLACES));
    assertBytes(engine, PLACES);
    assert.equal(engine.state, 'ready');
    assert.deepEqual(
      engine.headers.length,
      2,
      'the header is given once too short and once in full',
    );
    assert.deepEqual(
      [...new Set(progress.map(({ phase }) => phase))],
      ['plan', 'download', 'warmup'],
    );
    assert.equal(progress.at(-1)?.loadedBytes, progress.at(-1)?.totalBytes);
  });
}

test('fulfil: a Blob is read piece by piece', async () => {
  const blob = new Blob([new Uint8Array(FILES[0] ?? Buffer.alloc(0))]);
  const { engine } = await load({ kind: 'blob', blob }, new FakeEngine(PLACES));
  assertBytes(engine, PLACES);
});

test('fulfil: a split model is found by the name of its first file', async () => {
  const places = [0, 1].map((fileIdx) => ({ fileIdx, offset: HEADER, bytes: 100_000 }));
  for (const how of ['ranges', 'plain']) {
    const { engine } = await load(
      fromUrl(`${how}/${NAMES[0]}`),
      new FakeEngine(places, { files: 2 }),
    );
    assertBytes(engine, places);
  }
});

test('fulfil: a stream is read once, front to back', async () => {
  const stream = new Blob([new Uint8Array(FILES[0] ?? Buffer.alloc(0))]).stream();
  const { engine } = await load({ kind: 'stream', stream }, new FakeEngine(PLACES));
  assertBytes(engine, PLACES);
});

test('fulfil: a stream that ends too early says where', async () => {
  const stream = new Blob([new Uint8Array(FILES[0]?.subarray(0, 7_000_000) ?? [])]).stream();
  await assert.rejects(
    load({ kind: 'stream', stream }, new FakeEngine(PLACES)),
    /the given stream: the file ends at byte 7000000/,
  );
});

test('fulfil: a split model out of a Blob is refused with the remedy', async () => {
  const blob = new Blob([new Uint8Array(FILES[0] ?? Buffer.alloc(0))]);
  await assert.rejects(
    load({ kind: 'blob', blob }, new FakeEngine(PLACES, { files: 2 })),
    /first part of a split model/,
  );
});

test('fulfil: HTTP errors name the status', async () => {
  await assertFails(
    fromUrl('404/m.gguf'),
    'PHI_ENETWORK',
    /HTTP status 404: there is no such file/,
  );
  await assertFails(fromUrl('401/m.gguf'), 'PHI_ENETWORK', /HTTP status 401/);
  await assertFails(fromUrl('500/m.gguf'), 'PHI_ENETWORK', /HTTP status 500/);
});

test('fulfil: a page instead of a model is called that', async () => {
  await assertFails(fromUrl('html/m.gguf'), 'PHI_ENETWORK', /got an HTML page/);
});

test('fulfil: a connection that breaks says so', async () => {
  await assertFails(fromUrl('broken/m.gguf'), 'PHI_ENETWORK', /the connection broke/);
});

test('fulfil: a wrong content-range is refused', async () => {
  await assertFails(fromUrl('misplaced/m.gguf'), 'PHI_ENETWORK', /asked for the bytes from 0 on/);
});

test('fulfil: nobody at the address', async () => {
  await assertFails(
    { kind: 'name', name: 'http://127.0.0.1:9/m.gguf', baseUrl: server.url, hub: undefined },
    'PHI_ENETWORK',
    /the request failed/,
  );
});

test('fulfil: a file that ends too early says where and what was expected', async () => {
  const long = [{ fileIdx: 0, offset: FILE_BYTES - 10, bytes: 100 }];
  for (const how of ['ranges', 'unsized']) {
    await assert.rejects(
      load(fromUrl(`${how}/m.gguf`), new FakeEngine(long)),
      /the file ends at byte 9000000/,
    );
  }
});

test('fulfil: what the engine refuses is passed on', async () => {
  await assertFails(fromUrl('ranges/text.gguf'), 'PHI_ECORRUPT', /not a model/);
});

test('fulfil: an abort ends a stuck download', async () => {
  const abort = new AbortController();
  const loading = load(fromUrl('stuck/m.gguf'), new FakeEngine(PLACES), abort.signal);
  setImmediate(() => abort.abort());
  await assert.rejects(
    loading,
    (error: unknown) => error instanceof EngineError && error.code === 'PHI_ECANCELED',
  );
});
