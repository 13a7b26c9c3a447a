/* Downloads from servers that give no ranges, or hide how long the file is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ask, Deed } from './lib/bad-server.ts';
import { CHUNK, FILE, gate, Setting } from './lib/download-setting.ts';
import { chunksOf, makeFile, sha256 } from './lib/recording-sink.ts';

const HASHES = chunksOf(FILE, CHUNK).map(sha256);
const ORDER = [0, 1, 2, 3, 4, 5, 6];
/* No ranges, and no length. */
const UNSIZED: Deed = { isWhole: true, isChunked: true };

test('without ranges the file comes as one stream, in order', async (t) => {
  const setting = await Setting.open(t, () => ({
    isWhole: true,
    headers: { 'Accept-Ranges': 'none' },
  }));
  await setting.succeeds({ hashes: HASHES, expectedBytes: FILE.length });
  assert.equal(setting.server.asks.length, 1);
  assert.deepEqual(setting.sink.order, ORDER);
  assert.equal(setting.sink.identity?.bytes, FILE.length);
});

test('a stream of unknown length ends with the file, whatever the length', async (t) => {
  for (const bytes of [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK]) {
    const setting = await Setting.open(t, () => UNSIZED, makeFile(bytes));
    await setting.succeeds();
    assert.equal(setting.sink.identity?.bytes, undefined);
  }
});

test('a compressed answer has no length that counts', async (t) => {
  const { gzipSync } = await import('node:zlib');
  const setting = await Setting.open(t, () => ({
    isWhole: true,
    body: gzipSync(FILE),
    headers: { 'Content-Encoding': 'gzip' },
  }));
  await setting.succeeds();
  assert.equal(setting.sink.identity?.bytes, undefined);
});

test('a stream that breaks is begun again, and what is held is read past', async (t) => {
  const setting = await Setting.open(t, (ask) => ({
    isWhole: true,
    ...(ask.nth < 3 && { dropAfter: 15_000 * (ask.nth + 1) }),
  }));
  await setting.succeeds();
  assert.equal(setting.server.asks.length, 4);
  assert.equal(setting.sink.progressed, FILE.length);
});

test('a stream that always breaks at the same byte makes no progress', async (t) => {
  const setting = await Setting.open(t, () => ({ isWhole: true, dropAfter: 15_000 }));
  await setting.fails('PHI_ENETWORK', /gave up after 4 attempts without progress/);
  assert.equal(setting.sink.held, setting.sink.progressed);
});

test('a stream of unknown length goes on by range where the server can', async (t) => {
  const star = ({ range }: Ask): Deed => ({
    headers: { 'Content-Range': `bytes ${range?.first}-${range?.last ?? FILE.length - 1}/*` },
    isChunked: true,
  });
  const setting = await Setting.open(t, (ask) => ({
    ...star(ask),
    ...(ask.nth === 1 && { dropAfter: 25_000 }),
  }));
  await setting.succeeds();
  const [first, second, third] = setting.ranges;
  assert.deepEqual([first, second], ['0-9999', '0-']);
  assert.match(third ?? '', /^(2[0-5]|1\d|\d)\d{0,3}-$/);
  assert.equal(setting.sink.progressed, FILE.length);
});

test('hidden Content-Range: an open range tells the length, and the file comes in parts', async (t) => {
  const setting = await Setting.open(t, () => ({ headers: { 'Content-Range': undefined } }));
  await setting.succeeds({ parallel: 3 });
  assert.deepEqual(setting.ranges.slice(0, 2), ['0-9999', '0-']);
  assert.equal(setting.server.asks.length, 8);
  assert.equal(setting.sink.identity?.bytes, FILE.length);
});

test('hidden Content-Range: a manifest that tells the length saves the question', async (t) => {
  const setting = await Setting.open(t, () => ({ headers: { 'Content-Range': undefined } }));
  await setting.succeeds({ expectedBytes: FILE.length });
  assert.equal(setting.server.asks.length, 7);
});

test('a manifest tells the length of a stream without one, and a stream that is shorter is not whole', async (t) => {
  const setting = await Setting.open(t, () => UNSIZED);
  await setting.succeeds({ expectedBytes: FILE.length, hashes: HASHES });
  assert.equal(setting.sink.identity?.bytes, FILE.length);
  const short = await Setting.open(t, () => ({ ...UNSIZED, body: FILE.subarray(0, 60_000) }));
  const text = /the answer ended at byte 60000 of 64321; gave up/;
  await short.fails('PHI_ENETWORK', text, { expectedBytes: FILE.length });
});

test('a stream that is longer than it should be is cut off', async (t) => {
  const text = /the answer is longer than the 60000 bytes that the file should have/;
  for (const parallel of [1, 4]) {
    const setting = await Setting.open(t, () => UNSIZED);
    await setting.fails('PHI_ENETWORK', text, { expectedBytes: 60_000, parallel });
  }
});

test('a damaged chunk of a stream is fetched once more with a new stream', async (t) => {
  const bad = Buffer.from(FILE);
  bad[25_000] = (bad[25_000] ?? 0) ^ 1;
  const setting = await Setting.open(t, (ask) => ({
    isWhole: true,
    ...(ask.nth === 0 && { body: bad }),
  }));
  await setting.succeeds({ expectedBytes: FILE.length, hashes: HASHES });
  assert.equal(setting.server.asks.length, 2);
  assert.equal(setting.sink.progressed, FILE.length);
});

test('held chunks are read past in a stream, and so is a start', async (t) => {
  const setting = await Setting.open(t, () => ({ isWhole: true }));
  const { sink } = setting;
  for (const index of [0, 1, 4, 6]) sink.chunks.set(index, chunksOf(FILE, CHUNK)[index] ?? FILE);
  sink.starts.set(2, FILE.subarray(20_000, 23_000));
  sink.identity = { bytes: FILE.length, etag: '"version-0"', lastModified: undefined };
  const before = sink.held;
  await setting.succeeds(sink.resume());
  assert.deepEqual(sink.order, [2, 3, 5]);
  assert.equal(before + sink.progressed, FILE.length);
});

test('a stream of unknown length, all of which is held, ends where that ends', async (t) => {
  const file = makeFile(3 * CHUNK);
  for (const behave of [() => UNSIZED, () => undefined]) {
    const setting = await Setting.open(t, behave, file);
    const { sink } = setting;
    for (const [index, chunk] of chunksOf(file, CHUNK).entries()) sink.chunks.set(index, chunk);
    sink.identity = { bytes: undefined, etag: '"version-0"', lastModified: undefined };
    await setting.succeeds(sink.resume());
    assert.deepEqual(sink.begins, [true]);
    assert.equal(sink.progressed, 0);
  }
});

test('a file that changes under a stream is begun over', async (t) => {
  const other = makeFile(5 * CHUNK, 9);
  const setting = await Setting.open(t, (ask) => {
    if (ask.nth === 1) setting.server.replace(other);
    return { isWhole: true, ...(ask.nth === 0 && { dropAfter: 25_000 }) };
  });
  await setting.download();
  assert.ok(setting.sink.whole().equals(other));
  assert.equal(setting.sink.restarts, 1);
});

test('a slow sink slows a stream down', async (t) => {
  const file = makeFile(40 * CHUNK);
  const held = gate();
  const setting = await Setting.open(t, () => ({ isWhole: true }), file);
  setting.sink.onChunk = () => held.opened;
  const done = setting.succeeds({ parallel: 1 });
  while (setting.sink.live < 3) await new Promise((resolve) => setImmediate(resolve));
  /* Silences do not count while nobody listens. */
  for (let i = 0; i < 3; i++) setting.surroundings.ring();
  held.open();
  await done;
  assert.equal(setting.surroundings.allocated, 3);
  assert.deepEqual(setting.told, []);
});
