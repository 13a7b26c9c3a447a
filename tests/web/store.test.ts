/* Stores in Node: the contract on the memory store, and what needs no browser: catalogue, quota's words, hashes,
 * locks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { estimate, persist } from '../../web/base/room.ts';
import { sha256Hex } from '../../web/base/sha256.ts';
import {
  Catalogue,
  type FileRecord,
  type ModelRecord,
  readModelRecord,
} from '../../web/store/catalogue.ts';
import { evictionNotice, verifyFile } from '../../web/store/integrity.ts';
import { withModelLock } from '../../web/store/locks.ts';
import { MemoryStore } from '../../web/store/memory-store.ts';
import { openStore, storeKindsHere } from '../../web/store/open-store.ts';
import {
  checkRoom,
  chooseVictims,
  formatBytes,
  roomError,
  type StoredModel,
  writeError,
} from '../../web/store/quota.ts';
import { makeBytes, recordOf, storeContract } from './lib/store-contract.ts';

const FILE: FileRecord = {
  name: 'phi.gguf',
  url: 'https://models.test/phi.gguf',
  bytes: 2500,
  chunkBytes: 1000,
  etag: '"1"',
  lastModified: null,
  chunkSha256: null,
};
const MODEL: ModelRecord = {
  id: 'phi',
  name: 'Phi',
  kind: 'opfs',
  state: 'complete',
  licence: 'MIT',
  createdMs: 1,
  lastUsedMs: 2,
  verifiedMs: null,
  files: [FILE],
};

async function memoryWorld() {
  const store = new MemoryStore('test');
  return { open: async () => store, reopen: async () => store };
}

for (const { name, run } of storeContract(memoryWorld)) test(`memory store: ${name}`, () => run());

function hasCode(code: string, text: RegExp) {
  return (error: unknown) =>
    error instanceof EngineError && error.code === code && text.test(error.message);
}

test('open: Node has memory only, and says what the others lack', async () => {
  const kinds = await storeKindsHere();
  assert.deepEqual(
    kinds.map(({ kind, isUsable }) => [kind, isUsable]),
    [
      ['opfs', false],
      ['indexeddb', false],
      ['memory', true],
    ],
  );
  const store = await openStore('auto');
  assert.equal(store.kind, 'memory');
  assert.match(store.reason, /^memory: .*no opfs: .*no indexeddb: /);
  await assert.rejects(openStore('opfs'), hasCode('PHI_EUNSUPPORTED', /OPFS/));
  await assert.rejects(openStore('indexeddb'), hasCode('PHI_EUNSUPPORTED', /IndexedDB/));
});

test('catalogue: put, get, list, update, touch, delete', async () => {
  const catalogue = new Catalogue(undefined);
  assert.equal(await catalogue.get('phi'), undefined);
  assert.equal(await catalogue.update('phi', (record) => record), undefined);
  await catalogue.put(MODEL);
  await catalogue.put({ ...MODEL, id: 'old', lastUsedMs: 1 });
  assert.deepEqual(await catalogue.get('phi'), MODEL);
  assert.deepEqual(
    (await catalogue.list()).models.map(({ id }) => id),
    ['phi', 'old'],
  );
  await catalogue.touch('old');
  assert.equal((await catalogue.list()).models[0]?.id, 'old');
  const changed = await catalogue.update('phi', (record) => ({ ...record, verifiedMs: 5 }));
  assert.equal(changed?.verifiedMs, 5);
  await Promise.all(
    Array.from({ length: 20 }, () =>
      catalogue.update('phi', (r) => ({ ...r, createdMs: r.createdMs + 1 })),
    ),
  );
  assert.equal((await catalogue.get('phi'))?.createdMs, 21);
  await assert.rejects(
    catalogue.update('phi', (r) => ({ ...r, id: 'other' })),
    hasCode('PHI_EINVAL', /id/),
  );
  await catalogue.delete('phi');
  assert.equal(await catalogue.get('phi'), undefined);
});

test('catalogue: a record that is not one is refused, field by field', async () => {
  const catalogue = new Catalogue(undefined);
  const wrong: [object, RegExp][] = [
    [{ id: '' }, /model: /],
    [{ id: 5 }, /id: expected a text, got 5/],
    [{ name: null }, /name/],
    [{ kind: 'cache' }, /kind: expected indexeddb or opfs or memory, got "cache"/],
    [{ state: 'done' }, /state/],
    [{ licence: undefined }, /licence/],
    [{ createdMs: -1 }, /createdMs/],
    [{ lastUsedMs: '2' }, /lastUsedMs/],
    [{ verifiedMs: 1.5 }, /verifiedMs/],
    [{ files: {} }, /files/],
    [{ files: [null] }, /files\[0\]: expected an object/],
    [{ files: [{ ...FILE, bytes: Number.NaN }] }, /files\[0\]\.bytes/],
    [{ files: [{ ...FILE, chunkBytes: 0 }] }, /files\[0\]\.chunkBytes/],
    [{ files: [{ ...FILE, chunkBytes: 2 ** 40 }] }, /files\[0\]\.chunkBytes/],
    [{ files: [FILE, { ...FILE, etag: 3 }] }, /files\[1\]\.etag/],
    [{ files: [{ ...FILE, chunkSha256: ['0'.repeat(64)] }] }, /chunkSha256\.length: expected 3/],
    [{ files: [{ ...FILE, bytes: null, chunkSha256: ['x'] }] }, /chunkSha256\[0\]/],
  ];
  for (const [field, text] of wrong) {
    const record: unknown = { ...MODEL, ...field };
    assert.throws(
      () => readModelRecord(record),
      hasCode('PHI_EINVAL', text),
      JSON.stringify(field),
    );
    await assert.rejects(catalogue.put(record as ModelRecord), hasCode('PHI_EINVAL', text));
  }
  assert.deepEqual(readModelRecord({ ...MODEL, future: 1 }), MODEL);
});

async function storedFile(nBytes: number, tail = nBytes) {
  const store = new MemoryStore('test');
  const file = await store.openFile({ model: 'phi', file: 0, chunkBytes: 1000 }, 'write');
  const all = makeBytes(nBytes, 3);
  for (let index = 0; index * 1000 < tail; index++) {
    const piece = all.slice(index * 1000, Math.min(tail, index * 1000 + 1000));
    await file.write(await recordOf(index, piece), piece);
  }
  return { file, all };
}

test('verifyFile: good, short, damaged and foreign chunks', async () => {
  const { file, all } = await storedFile(2500);
  const progress: [number, number][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  assert.deepEqual(await verifyFile(file, FILE, { onProgress }), {
    badChunks: [],
    missingBytes: 0,
  });
  assert.deepEqual(progress, [
    [1000, 2500],
    [2000, 2500],
    [2500, 2500],
  ]);
  /* The record says one thing, the bytes another. */
  const lie = { ...(await recordOf(1, all.slice(0, 1000))), index: 1 };
  await file.write(lie, all.slice(1000, 2000));
  assert.deepEqual(await verifyFile(file, FILE), { badChunks: [1], missingBytes: 1000 });
  assert.deepEqual(
    (await file.chunks()).map(({ index }) => index),
    [0, 2],
  );
  await file.write(await recordOf(1, all.slice(1000, 2000)), all.slice(1000, 2000));
  /* Everything agrees with itself, but not with the manifest. */
  const hashes = await Promise.all(
    [0, 1000, 2000].map((at) => sha256Hex(all.slice(at, Math.min(2500, at + 1000)))),
  );
  assert.deepEqual(await verifyFile(file, { ...FILE, chunkSha256: hashes }), {
    badChunks: [],
    missingBytes: 0,
  });
  const other = { ...FILE, chunkSha256: [hashes[0] ?? '', hashes[1] ?? '', '0'.repeat(64)] };
  assert.deepEqual(await verifyFile(file, other), { badChunks: [2], missingBytes: 500 });
});

test('verifyFile: the start of a chunk is judged by its own record, too long a file by its size', async () => {
  const { file } = await storedFile(2500, 1400);
  const manifest = { ...FILE, chunkSha256: null };
  assert.deepEqual(await verifyFile(file, manifest), { badChunks: [], missingBytes: 1100 });
  assert.deepEqual(await verifyFile(file, { ...manifest, bytes: 1200 }), {
    badChunks: [1],
    missingBytes: 200,
  });
  const { file: open } = await storedFile(2500);
  assert.deepEqual(await verifyFile(open, { ...FILE, bytes: null }), {
    badChunks: [],
    missingBytes: 0,
  });
});

test('verifyFile: aborted, it drops nothing', async () => {
  const { file } = await storedFile(2500);
  await file.write({ index: 0, bytes: 1000, sha256: '0'.repeat(64) }, makeBytes(1000, 9));
  const abort = new AbortController();
  const onProgress = () => abort.abort();
  await assert.rejects(
    verifyFile(file, FILE, { signal: abort.signal, onProgress }),
    hasCode('PHI_ECANCELED', /./),
  );
  assert.equal((await file.chunks()).length, 3);
});

test('evictionNotice: only for a complete model that lacks bytes', () => {
  assert.equal(evictionNotice(MODEL, 2500), undefined);
  assert.equal(evictionNotice({ ...MODEL, state: 'partial' }, 0), undefined);
  assert.equal(
    evictionNotice(MODEL, 500),
    'the browser evicted 2.00 kB of the 2.50 kB of model "phi"; ask for persist() to keep it',
  );
});

const DAY_MS = 86_400_000;
const STORED: StoredModel[] = [
  { id: 'a', name: 'A', bytes: 4e9, lastUsedMs: 30 * DAY_MS },
  { id: 'b', name: 'B', bytes: 2e9, lastUsedMs: 10 * DAY_MS },
  { id: 'c', name: 'C', bytes: 1e9, lastUsedMs: 20 * DAY_MS },
];

test('quota: bytes as people read them', () => {
  const words = [0, 999, 1000, 2_320_000_000, 1e12, 5e15].map(formatBytes);
  assert.deepEqual(words, ['0 bytes', '999 bytes', '1.00 kB', '2.32 GB', '1.00 TB', '5000.00 TB']);
});

test('quota: which models could go', () => {
  const ids = (bytes: number) => chooseVictims(bytes, STORED).map(({ id }) => id);
  assert.deepEqual(ids(5e8), ['b']);
  assert.deepEqual(ids(3e9), ['a']);
  assert.deepEqual(ids(5e9), ['a', 'b']);
  assert.deepEqual(ids(7e9), ['a', 'b', 'c']);
  assert.deepEqual(ids(8e9), []);
});

test('quota: the error says needs, has and what could go', () => {
  const room = { quotaBytes: 10e9, usageBytes: 9e9, isPersisted: false };
  const error = roomError(2.3e9, room, STORED);
  assert.deepEqual([error.code, error.requested, error.quota], ['PHI_ESTORAGE', 2.3e9, 1e9]);
  assert.equal(
    error.message,
    'the storage is too small: 2.30 GB are needed, 1.00 GB are left of the 10.00 GB that the browser ' +
      'grants this site; deleting "b" (2.00 GB, last used 1970-01-11) would make room',
  );
  assert.match(
    roomError(90e9, room, STORED).message,
    /all 3 stored models .* 7\.00 GB.*too little/,
  );
  assert.match(roomError(2e9, room, []).message, /no stored model could be deleted/);
  const silent = { quotaBytes: undefined, usageBytes: undefined, isPersisted: undefined };
  assert.match(
    roomError(0.5e9, room, []).message,
    /^the browser stores no more: 500.00 MB are needed, though 1.00 GB are left/,
  );
  assert.match(roomError(2e9, silent, STORED).message, /does not tell how much is left/);
});

test('quota: what a write throws becomes PHI_ESTORAGE', async () => {
  const write = { model: 'phi', doing: 'writing chunk 3', bytes: 5, others: async () => STORED };
  const full = await writeError(new DOMException('full', 'QuotaExceededError'), write);
  assert.deepEqual([full.code, full.requested], ['PHI_ESTORAGE', 5]);
  assert.match(full.message, /5 bytes are needed/);
  const broken = await writeError(new DOMException('bad disk', 'UnknownError'), write);
  assert.equal(broken.message, 'writing chunk 3 failed: UnknownError: bad disk');
});

test('quota: a browser that tells nothing is believed', async () => {
  assert.deepEqual(await estimate(), {
    quotaBytes: undefined,
    usageBytes: undefined,
    isPersisted: undefined,
  });
  assert.equal(await persist(), false);
  assert.equal(await checkRoom(1e15, STORED), undefined);
});

test('locks: without Web Locks work just runs, and an aborted signal stops it before', async () => {
  assert.equal(await withModelLock('phi', 'exclusive', {}, async () => 5), 5);
  const signal = AbortSignal.abort();
  await assert.rejects(
    withModelLock('phi', 'shared', { signal }, async () => 5),
    hasCode('PHI_ECANCELED', /./),
  );
});
