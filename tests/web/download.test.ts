/* Downloads when nothing goes wrong: order, parallelism, memory, hashes, resuming in a later visit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downloadFile } from '../../web/net/download.ts';
import { dateOf, tagOf } from './lib/bad-server.ts';
import { CHUNK, FILE, gate, Setting } from './lib/download-setting.ts';
import { chunksOf, makeFile, sha256 } from './lib/recording-sink.ts';

const HASHES = chunksOf(FILE, CHUNK).map(sha256);

test('a file comes whole, in ranges, each chunk asked for once and the first one first', async (t) => {
  const setting = await Setting.open(t);
  await setting.succeeds({ hashes: HASHES, expectedBytes: FILE.length });
  assert.equal(setting.ranges[0], `0-${CHUNK - 1}`);
  assert.equal(setting.ranges.length, 7);
  assert.equal(new Set(setting.ranges).size, 7);
  assert.deepEqual(setting.sink.begins, [false]);
  assert.deepEqual(setting.sink.identity, {
    bytes: FILE.length,
    etag: tagOf(0),
    lastModified: dateOf(0),
  });
  assert.equal(setting.sink.progressed, FILE.length);
});

test('one connection gives the chunks in order', async (t) => {
  const setting = await Setting.open(t);
  await setting.succeeds({ parallel: 1 });
  assert.deepEqual(setting.sink.order, [0, 1, 2, 3, 4, 5, 6]);
});

test('as many connections as asked for work at once, no more', async (t) => {
  for (const parallel of [1, 3, 16]) {
    const all = gate();
    let open = 0;
    let peak = 0;
    const setting = await Setting.open(t, (ask) => {
      peak = Math.max(peak, ++open);
      if (open >= Math.min(parallel, 6) && ask.nth > 0) all.open();
      return ask.nth === 0 ? undefined : { until: all.opened.then(() => open--) };
    });
    if (parallel === 1) all.open();
    await setting.succeeds({ parallel });
    assert.ok(peak <= Math.min(parallel, 7) + 1, `${peak} requests with ${parallel} connections`);
    assert.ok(peak >= Math.min(parallel, 6), `${peak} requests with ${parallel} connections`);
  }
});

test('files of any length: none, one byte, a chunk less one, a chunk, a chunk and one', async (t) => {
  for (const bytes of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]) {
    const setting = await Setting.open(t, undefined, makeFile(bytes));
    await setting.succeeds();
    assert.equal(setting.sink.identity?.bytes, bytes);
  }
});

test('a slow sink slows the download down, and memory stays within parallel + 2 chunks', async (t) => {
  const held = gate();
  const setting = await Setting.open(t, undefined, makeFile(40 * CHUNK));
  setting.sink.onChunk = () => held.opened;
  const done = setting.succeeds({ parallel: 3 });
  while (setting.sink.live < 5) await new Promise((resolve) => setImmediate(resolve));
  await setting.server.idle();
  assert.equal(setting.server.asks.length, 5, 'requests go on while all buffers are taken');
  held.open();
  await done;
  assert.equal(setting.surroundings.allocated, 5);
  assert.equal(setting.sink.livePeak, 5);
});

test('a sink may transfer the memory that it gets', async (t) => {
  const setting = await Setting.open(t);
  const received: Buffer[] = [];
  const { sink } = setting;
  await setting.download({
    parallel: 2,
    sink: {
      begin: (identity, isResumed) => sink.begin(identity, isResumed),
      async chunk(index, bytes) {
        received[index] = Buffer.from(structuredClone(bytes, { transfer: [bytes.buffer] }));
      },
      partial: (index, bytes) => sink.partial(index, bytes),
      stopped: () => sink.stopped(),
      restart: () => sink.restart(),
      progress: (bytes) => sink.progress(bytes),
    },
  });
  assert.ok(Buffer.concat(received).equals(FILE));
});

test('hashes are left out when nobody wants them', async (t) => {
  const hashes: string[] = [];
  const setting = await Setting.open(t);
  const { sink } = setting;
  const bare = {
    begin: async () => undefined,
    async chunk(_index: number, _bytes: Uint8Array<ArrayBuffer>, hash: string) {
      hashes.push(hash);
    },
    partial: async () => undefined,
    stopped: () => sink.stopped(),
    restart: () => sink.restart(),
    progress: () => undefined,
  };
  await setting.download({ wantsHash: false, sink: bare });
  assert.ok(hashes.length > 1 && hashes.every((hash) => hash === ''));
});

test('a small file does not cost a large buffer', async (t) => {
  const setting = await Setting.open(t);
  const sizes: number[] = [];
  const { surroundings } = setting;
  const allocate = surroundings.allocate.bind(surroundings);
  surroundings.allocate = (bytes) => {
    sizes.push(bytes);
    return allocate(bytes);
  };
  await setting.succeeds({ chunkBytes: 1 << 20, expectedBytes: FILE.length });
  assert.deepEqual(sizes, [FILE.length]);
});

test('held chunks are not fetched, a started one from its next byte', async (t) => {
  const setting = await Setting.open(t);
  const { sink } = setting;
  const chunks = chunksOf(FILE, CHUNK);
  for (const index of [0, 2, 3]) sink.chunks.set(index, chunks[index] ?? Buffer.alloc(0));
  sink.starts.set(1, FILE.subarray(CHUNK, CHUNK + 777));
  sink.identity = { bytes: FILE.length, etag: tagOf(0), lastModified: undefined };
  const before = sink.held;
  await setting.succeeds(sink.resume());
  assert.deepEqual(sink.begins, [true]);
  assert.equal(before + sink.progressed, FILE.length);
  assert.equal(setting.ranges[0], `${CHUNK + 777}-${2 * CHUNK - 1}`);
  assert.deepEqual(setting.ranges.slice(1).sort(), ['40000-49999', '50000-59999', '60000-64320']);
});

test('a start that is all of its chunk is checked without a request', async (t) => {
  const setting = await Setting.open(t);
  const { sink } = setting;
  for (const [index, chunk] of chunksOf(FILE, CHUNK).entries()) sink.starts.set(index, chunk);
  sink.identity = { bytes: FILE.length, etag: tagOf(0), lastModified: undefined };
  await setting.succeeds({ ...sink.resume(), hashes: HASHES, expectedBytes: FILE.length });
  assert.deepEqual(setting.ranges, []);
});

test('a damaged start is found out by the hash, and its chunk fetched whole', async (t) => {
  const setting = await Setting.open(t);
  const { sink } = setting;
  sink.starts.set(0, Buffer.alloc(5000, 7));
  sink.identity = { bytes: FILE.length, etag: tagOf(0), lastModified: undefined };
  await setting.succeeds({ ...sink.resume(), hashes: HASHES, expectedBytes: FILE.length });
  assert.ok(setting.ranges.includes(`0-${CHUNK - 1}`));
  assert.equal(5000 + sink.progressed, FILE.length);
});

test('a start of which the store lost bytes goes on where these end', async (t) => {
  const setting = await Setting.open(t);
  const { sink } = setting;
  sink.identity = { bytes: FILE.length, etag: tagOf(0), lastModified: undefined };
  const load = async (target: Uint8Array): Promise<number> => {
    target.set(FILE.subarray(0, 100));
    return 100;
  };
  await setting.succeeds({
    known: sink.identity,
    starts: new Map([[0, { bytes: 300, load }]]),
  });
  assert.equal(300 + sink.progressed, FILE.length);
  assert.ok(setting.ranges.includes(`100-${CHUNK - 1}`));
});

for (const [what, known] of [
  ['another tag', { bytes: FILE.length, etag: '"other"', lastModified: dateOf(0) }],
  ['another length', { bytes: FILE.length + 1, etag: tagOf(0), lastModified: dateOf(0) }],
  ['another date', { bytes: FILE.length, etag: undefined, lastModified: dateOf(1) }],
  ['only a length', { bytes: FILE.length, etag: 'W/"weak"', lastModified: undefined }],
] as const) {
  test(`what is held of a file with ${what} does not count`, async (t) => {
    const setting = await Setting.open(t);
    const have = new Set([0, 2, 6]);
    const starts = new Map([[1, { bytes: 10, load: () => assert.fail('loaded') }]]);
    await setting.succeeds({ known, have, starts });
    assert.deepEqual(setting.sink.begins, [false]);
  });
}

test('hashes of a manifest make up for a server that tells no tag and no date', async (t) => {
  const headers = { ETag: undefined, 'Last-Modified': undefined };
  const setting = await Setting.open(t, () => ({ headers }));
  const { sink } = setting;
  sink.chunks.set(0, FILE.subarray(0, CHUNK));
  sink.identity = { bytes: FILE.length, etag: undefined, lastModified: undefined };
  await setting.succeeds({ ...sink.resume(), hashes: HASHES, expectedBytes: FILE.length });
  assert.deepEqual(sink.begins, [true]);
  assert.ok(!setting.ranges.includes('0-9999'));
});

test('chunks without an identity do not count, nor those of a file that the manifest contradicts', async (t) => {
  const setting = await Setting.open(t);
  await setting.succeeds({ have: new Set([0, 1]) });
  const other = await Setting.open(t);
  const known = { bytes: 5, etag: tagOf(0), lastModified: undefined };
  await other.succeeds({ known, have: new Set([0]), expectedBytes: FILE.length });
  assert.deepEqual(other.sink.begins, [false]);
});

test('headers go with each request', async (t) => {
  const setting = await Setting.open(t);
  await setting.succeeds({ headers: { Authorization: 'Bearer token' } });
  assert.ok(setting.server.asks.every((ask) => ask.headers.authorization === 'Bearer token'));
});

test('it works without surroundings of its own', async (t) => {
  const setting = await Setting.open(t, (ask) => (ask.nth === 1 ? { status: 503 } : undefined));
  await setting.succeeds({ surroundings: undefined });
});

for (const [name, changes, text] of [
  ['a relative URL', { url: 'model.gguf' }, /^url: expected an absolute http or https URL/],
  ['another scheme', { url: 'ftp://host/model.gguf' }, /^url: expected an absolute http/],
  ['a password in the URL', { url: 'http://me:pw@host/m.gguf' }, /without user name and password/],
  [
    'no chunk size',
    { chunkBytes: 0 },
    /^chunkBytes: expected an integer from 1 to 67108864, got 0/,
  ],
  ['chunks over 64 MiB', { chunkBytes: 2 ** 26 + 1 }, /^chunkBytes: .* to 67108864/],
  ['no connection', { parallel: 0 }, /^parallel: expected an integer from 1 to 16, got 0/],
  ['17 connections', { parallel: 17 }, /^parallel: expected an integer from 1 to 16, got 17/],
  ['no attempt', { patience: 0 }, /^patience: expected an integer from 1/],
  ['hashes without a length', { hashes: HASHES }, /^hashes: expectedBytes must be given/],
  [
    'too few hashes',
    { hashes: HASHES.slice(1), expectedBytes: FILE.length },
    /expected 7, .* got 6/,
  ],
  ['no hash', { hashes: ['x'], expectedBytes: 5 }, /^hashes\[0\]: expected 64 lower-case/],
  ['an absurd length', { expectedBytes: 2 ** 40 }, /^expectedBytes: expected an integer from 1 to/],
] as const) {
  test(`a task with ${name} is refused before any request`, async (t) => {
    const setting = await Setting.open(t);
    await setting.fails('PHI_EINVAL', text, changes);
    assert.deepEqual(setting.ranges, []);
  });
}

test('the signal may be aborted from the beginning', async (t) => {
  const setting = await Setting.open(t);
  await setting.fails('PHI_ECANCELED', /cancelled by the caller/, { signal: AbortSignal.abort() });
  assert.deepEqual(setting.ranges, []);
  await assert.rejects(downloadFile({ url: 'x', chunkBytes: 1, sink: setting.sink }), {
    code: 'PHI_EINVAL',
  });
});

test('a fast server gives the rest as one stream, past what is held', async (t) => {
  const setting = await Setting.open(t, undefined, makeFile(40 * CHUNK));
  const { sink, file } = setting;
  sink.identity = { bytes: file.length, etag: tagOf(0), lastModified: dateOf(0) };
  for (const i of [18, 20, 21, 22, 23, 39])
    sink.chunks.set(i, file.subarray(i * CHUNK, (i + 1) * CHUNK));
  await setting.succeeds({ fastBytes: 3 * CHUNK, ...sink.resume() });
  const open = setting.ranges.filter((range) => range.endsWith('-'));
  assert.ok(setting.ranges.length - open.length <= 8, `${setting.ranges.length} requests`);
  /* One chunk in between is read past, four are not. */
  assert.deepEqual(open.slice(1), [`${24 * CHUNK}-`]);
});

test('a server that is not fast enough is asked for each chunk', async (t) => {
  const setting = await Setting.open(t);
  const { surroundings } = setting;
  const { now } = surroundings;
  let ms = 0;
  surroundings.now = () => now.call(surroundings) + ms++;
  await setting.succeeds({ fastBytes: 1 });
  assert.equal(setting.ranges.length, 7);
});
