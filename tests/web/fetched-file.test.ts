/* A file out of the network and the store at once: whatever server, store and reader do, the reader gets the right
 * bytes or one clear error, nothing waits for ever, and what is stored is what it claims to be. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import type { FileIdentity } from '../../web/net/chunk-sink.ts';
import { MemoryStore } from '../../web/store/memory-store.ts';
import type { FileMode, StoredFile } from '../../web/store/weight-store.ts';
import { type FetchEvents, FetchedFile, type FetchOptions } from '../../web/worker/fetched-file.ts';
import { type Ask, type BadServer, type Deed, openBadServer } from './lib/bad-server.ts';

const CHUNK = 1 << 16;
const FILE = randomFile(1, 20 * CHUNK + 1234);
const N_CHUNKS = Math.ceil(FILE.length / CHUNK);
const PLACE = { model: 'm', file: 0, chunkBytes: CHUNK };

function randomFile(seed: number, bytes: number): Buffer {
  const file = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) file.writeUInt32LE(((i + seed) * 2654435761) >>> 0, i);
  return file;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function chunkOf(index: number, file = FILE): Buffer {
  return file.subarray(index * CHUNK, (index + 1) * CHUNK);
}

const HASHES = Array.from({ length: N_CHUNKS }, (_, i) => hashOf(chunkOf(i)));

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function serve(behave: (ask: Ask) => Deed | undefined = () => undefined): Promise<BadServer> {
  const server = await openBadServer(FILE, behave);
  opened.unshift(server);
  return server;
}

interface Seen {
  fetched: number;
  cached: number;
  changed: number;
  lost: number;
  identified: FileIdentity | undefined;
  storeFailures: string[];
  isKept: boolean;
}

interface Setting {
  readonly file: FetchedFile;
  readonly seen: Seen;
}

async function open(
  url: string,
  given: Partial<FetchOptions> & {
    events?: Partial<FetchEvents>;
    wrap?: (f: StoredFile) => StoredFile;
  } = {},
  store: MemoryStore | undefined = new MemoryStore('test'),
): Promise<Setting> {
  const { events, wrap = (file: StoredFile) => file, ...options } = given;
  const mode: FileMode = options.mode ?? 'write';
  const stored = await store?.openFile(PLACE, mode);
  const seen: Seen = {
    fetched: 0,
    cached: 0,
    changed: 0,
    lost: 0,
    identified: undefined,
    storeFailures: [],
    isKept: mode === 'write' && store !== undefined,
  };
  const file = new FetchedFile(
    {
      name: 'model.gguf',
      url,
      chunkBytes: CHUNK,
      parallel: 3,
      patience: 1,
      hashes: undefined,
      expectedBytes: undefined,
      known: undefined,
      isRead: true,
      mode,
      ...options,
    },
    stored === undefined ? undefined : wrap(stored),
    (await stored?.chunks()) ?? [],
    {
      identified: async (identity) => {
        seen.identified = identity;
      },
      isKept: () => seen.isKept,
      fetched: (bytes) => {
        seen.fetched += bytes;
      },
      cached: (bytes) => {
        seen.cached += bytes;
      },
      waiting: () => undefined,
      changed: () => {
        seen.changed++;
      },
      lost: async () => {
        seen.lost++;
      },
      storeFailed: (error) => {
        seen.storeFailures.push(error.message);
        seen.isKept = false;
      },
      ...events,
    },
  );
  opened.unshift(file);
  return { file, seen };
}

async function read(file: FetchedFile, offset: number, bytes: number): Promise<Buffer> {
  const got = Buffer.alloc(bytes);
  const n = await file.read(offset, bytes, (at, length) => got.subarray(at, at + length));
  return got.subarray(0, n);
}

async function readAll(file: FetchedFile, stepBytes = 100_000): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; ; at += stepBytes) {
    const piece = await read(file, at, stepBytes);
    pieces.push(piece);
    if (piece.length < stepBytes) return Buffer.concat(pieces);
  }
}

/** A store that holds these chunks, of `file`. */
async function filled(indices: readonly number[], file = FILE): Promise<MemoryStore> {
  const store = new MemoryStore('test');
  const stored = await store.openFile(PLACE, 'write');
  for (const index of indices) {
    const bytes = Uint8Array.from(chunkOf(index, file));
    await stored.write({ index, bytes: bytes.length, sha256: hashOf(bytes) }, bytes);
  }
  return store;
}

const ALL = Array.from({ length: N_CHUNKS }, (_, i) => i);
const KNOWN: FileIdentity = {
  bytes: FILE.length,
  etag: '"version-0"',
  lastModified: 'Mon, 01 Jul 2024 10:00:00 GMT',
};

function firstsAsked({ asks }: BadServer): number[] {
  return asks.map(({ range }) => Math.floor((range?.first ?? 0) / CHUNK)).sort((a, b) => a - b);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof EngineError ? error.code : String(error)),
  );
}

for (const [name, withStore] of [
  ['stored', true],
  ['not stored', false],
] as const) {
  test(`fetched file, ${name}: all of it, once`, async () => {
    const server = await serve();
    const store = withStore ? new MemoryStore('test') : undefined;
    const { file, seen } = await open(server.url, {}, store);
    if (!withStore) seen.isKept = false;
    assert.deepEqual(await readAll(file), FILE);
    await file.finish();
    assert.deepEqual(firstsAsked(server), ALL);
    assert.deepEqual([seen.fetched, seen.cached], [FILE.length, 0]);
    assert.equal(file.isWhole, withStore);
  });

  test(`fetched file, ${name}: a reader that leaves out more than fits into memory`, async () => {
    const server = await serve();
    const { file, seen } = await open(
      server.url,
      {},
      withStore ? new MemoryStore('test') : undefined,
    );
    if (!withStore) seen.isKept = false;
    assert.deepEqual(await read(file, 0, 100), FILE.subarray(0, 100));
    const far = 17 * CHUNK + 5;
    assert.deepEqual(await read(file, far, 2 * CHUNK), FILE.subarray(far, far + 2 * CHUNK));
    await file.finish();
    assert.equal(file.isWhole, withStore);
  });
}

test('fetched file: a server without ranges', async () => {
  const server = await serve(() => ({ isWhole: true, isChunked: true }));
  const { file } = await open(server.url);
  assert.deepEqual(await readAll(file), FILE);
  await file.finish();
  assert.ok(file.isWhole);
});

test('fetched file: what is stored is read only once the server says that it has the same file', async () => {
  let answer: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const server = await serve(() => ({ until }));
  server.replace(randomFile(2, FILE.length));
  const store = await filled([0, 1, 2]);
  const { file, seen } = await open(server.url, { known: KNOWN }, store);
  const reading = readAll(file);
  answer();
  assert.deepEqual(await reading, randomFile(2, FILE.length));
  assert.equal(seen.changed, 1);
  await file.finish();
  assert.deepEqual([seen.fetched, seen.cached], [FILE.length, 0]);
});

test('fetched file: a half stored one fetches the rest', async () => {
  const server = await serve();
  const { file, seen } = await open(server.url, { known: KNOWN }, await filled([0, 1, 5]));
  assert.deepEqual(await readAll(file), FILE);
  await file.finish();
  assert.deepEqual(
    firstsAsked(server),
    ALL.filter((i) => ![0, 1, 5].includes(i)),
  );
  assert.deepEqual([seen.fetched, seen.cached], [FILE.length - 3 * CHUNK, 3 * CHUNK]);
  assert.equal(seen.changed, 0);
});

test('fetched file: a half stored one, only stored: what is held counts', async () => {
  const server = await serve();
  const store = await filled([0, 1, 5]);
  const { file, seen } = await open(server.url, { known: KNOWN, isRead: false }, store);
  await file.finish();
  assert.deepEqual([seen.fetched, seen.cached], [FILE.length - 3 * CHUNK, 3 * CHUNK]);
});

test('fetched file: the start of a chunk counts once', async () => {
  const server = await serve();
  const store = await filled([0]);
  const stored = await store.openFile(PLACE, 'write');
  const start = Uint8Array.from(chunkOf(1).subarray(0, 1000));
  await stored.write({ index: 1, bytes: 1000, sha256: hashOf(start) }, start);
  const { file, seen } = await open(server.url, { known: KNOWN }, store);
  assert.deepEqual(await readAll(file), FILE);
  await file.finish();
  assert.deepEqual([seen.fetched, seen.cached], [FILE.length - CHUNK - 1000, CHUNK + 1000]);
});

/** Whose chunk `bad` cannot be read, until it is written again. */
function losing(bad: number): (file: StoredFile) => StoredFile {
  let isBad = true;
  return (file) => ({
    chunks: () => file.chunks(),
    drop: (index) => file.drop(index),
    close: () => file.close(),
    write: async (record, bytes) => {
      if (record.index === bad) isBad = false;
      await file.write(record, bytes);
    },
    read: async (offset, bytes, target) => {
      if (!isBad || Math.floor(offset / CHUNK) !== bad)
        return await file.read(offset, bytes, target);
      return 0;
    },
  });
}

for (const mode of ['write', 'read'] as const) {
  test(`fetched file, open to ${mode}: a stored chunk that cannot be read is fetched again`, async () => {
    const server = await serve();
    const given = { known: KNOWN, mode, wrap: losing(7) };
    const { file, seen } = await open(server.url, given, await filled(ALL));
    assert.deepEqual(await readAll(file), FILE);
    await file.finish();
    assert.deepEqual(firstsAsked(server), [7]);
    assert.deepEqual([seen.fetched, seen.cached], [CHUNK, FILE.length - CHUNK]);
    assert.equal(seen.lost, 1);
    assert.equal(file.isWhole, mode === 'write');
  });

  test(`fetched file, open to ${mode}: a chunk is lost while others are under way`, async () => {
    const server = await serve(() => ({ pieceBytes: 1 << 14 }));
    const held = ALL.filter((i) => i < 9 || i > 15);
    const { file, seen } = await open(
      server.url,
      { known: KNOWN, mode, wrap: losing(8) },
      await filled(held),
    );
    assert.deepEqual(await readAll(file, 30_000), FILE);
    await file.finish();
    assert.equal(seen.lost, 1);
    assert.equal(seen.fetched + seen.cached, FILE.length);
  });
}

test('fetched file: lost, and the server has another file by now: no mixture', async () => {
  const server = await serve();
  server.replace(randomFile(2, FILE.length));
  const { file } = await open(
    server.url,
    { known: KNOWN, mode: 'read', wrap: losing(7) },
    await filled(ALL),
  );
  await assert.rejects(readAll(file), /another file now.*load the model again/);
});

test('fetched file: it changes on the server while it is loaded', async () => {
  const server = await serve(({ nth }) => {
    if (nth === 6) server.replace(randomFile(2, FILE.length));
    return undefined;
  });
  const { file } = await open(server.url, { parallel: 1 });
  await assert.rejects(readAll(file, 5000), /another file now/);
});

test('fetched file: it changes before anything was read', async () => {
  const server = await serve(({ nth }) => {
    if (nth === 4) server.replace(randomFile(2, FILE.length));
    return undefined;
  });
  const { file, seen } = await open(server.url, { isRead: false });
  await file.finish();
  assert.equal(seen.changed, 1);
  assert.deepEqual([seen.fetched, seen.cached], [FILE.length, 0]);
  assert.ok(file.isWhole);
});

test('fetched file: closed while the reader waits, and while a chunk is lost', async () => {
  const server = await serve(({ range }) =>
    (range?.first ?? 0) > 3 * CHUNK ? { hangAfter: 10 } : undefined,
  );
  const { file } = await open(server.url);
  const reading = codeOf(readAll(file));
  await read(file, 0, 10).catch(() => undefined);
  await file.close();
  assert.equal(await reading, 'PHI_ECANCELED');
  let closing: Promise<void> | undefined;
  const lost = await open(
    server.url,
    {
      known: KNOWN,
      wrap: losing(7),
      events: {
        lost: async () => {
          closing = lost.file.close();
        },
      },
    },
    await filled(ALL),
  );
  assert.equal(await codeOf(readAll(lost.file)), 'PHI_ECANCELED');
  await closing;
  await server.idle();
});

test('fetched file: a store that fails in the middle', async () => {
  const server = await serve();
  const failing = (file: StoredFile): StoredFile => ({
    chunks: () => file.chunks(),
    drop: (index) => file.drop(index),
    close: () => file.close(),
    read: (offset, bytes, target) => file.read(offset, bytes, target),
    write: async (record, bytes) => {
      if (record.index >= 4) throw new EngineError('PHI_ESTORAGE', 'full');
      await file.write(record, bytes);
    },
  });
  const { file, seen } = await open(server.url, { wrap: failing });
  assert.deepEqual(await readAll(file), FILE);
  await file.finish();
  assert.ok(seen.storeFailures.length > 0);
  assert.equal(file.isWhole, false);
  assert.equal(seen.fetched, FILE.length);
});

test('fetched file: given up before the first byte, nothing is stored', async () => {
  const server = await serve();
  const store = new MemoryStore('test');
  const setting: Setting = await open(
    server.url,
    {
      events: {
        identified: async () => {
          setting.seen.isKept = false;
        },
      },
    },
    store,
  );
  assert.deepEqual(await readAll(setting.file), FILE);
  await setting.file.finish();
  assert.equal(await store.usedBytes('m'), 0);
});

test('fetched file: bytes of a failed download that nobody checked are no chunk', async () => {
  const bad = Buffer.alloc(CHUNK, 7);
  const server = await serve(({ range }) =>
    range?.first === 2 * CHUNK ? { body: bad } : undefined,
  );
  const store = new MemoryStore('test');
  const { file } = await open(server.url, { hashes: HASHES, expectedBytes: FILE.length }, store);
  assert.equal(await codeOf(readAll(file)), 'PHI_ECORRUPT');
  await file.close();
  const stored = await store.openFile(PLACE, 'read');
  for (const { index, sha256, bytes } of await stored.chunks())
    if (bytes === chunkOf(index).length) assert.equal(sha256, HASHES[index]);
});

test('fetched file: closed at any moment, what is stored is right, and the next one goes on', async () => {
  const server = await serve(() => ({ pieceBytes: 1 << 13 }));
  const store = new MemoryStore('test');
  let known: FileIdentity | undefined;
  for (let turn = 0; turn < 12; turn++) {
    const goal = (turn * CHUNK * 3) / 2 + 777;
    const { file, seen } = await open(
      server.url,
      { hashes: HASHES, expectedBytes: FILE.length, known },
      store,
    );
    const reading = codeOf(read(file, 0, goal));
    if (turn % 2 === 0) await reading;
    await file.close();
    assert.match(await reading, /^(fine|PHI_ECANCELED)$/);
    known = seen.identified ?? known;
    const stored = await store.openFile(PLACE, 'read');
    for (const { index, bytes, sha256 } of await stored.chunks())
      assert.equal(sha256, hashOf(chunkOf(index).subarray(0, bytes)));
  }
  const { file } = await open(
    server.url,
    { hashes: HASHES, expectedBytes: FILE.length, known },
    store,
  );
  assert.deepEqual(await readAll(file), FILE);
});
