// Fetches and stores chunks, or reads stored records, as plainly as it can be done at full speed.
import { CHUNK_BYTES_DEFAULT, CONNECTIONS_DEFAULT } from '/web/base/limits.js';
import { sha256Hex } from '/web/base/sha256.js';
import { STORAGE_NAME } from '/web/store/database.js';
import { openStore } from '/web/store/open-store.js';

const NO_HASH = '0'.repeat(64);
const PAGE_BYTES = 65536;

/* ---- fetching and storing ---- */

async function fileBytes(url) {
  const response = await fetch(url, { method: 'HEAD' });
  return Number(response.headers.get('content-length'));
}

async function fetchRange(url, first, last, buffer) {
  const response = await fetch(url, { headers: { Range: `bytes=${first}-${last}` } });
  if (response.status !== 206) throw new Error(`${url}: HTTP ${response.status}, expected 206`);
  const reader = response.body.getReader();
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return buffer.subarray(0, filled);
    buffer.set(value, filled);
    filled += value.byteLength;
  }
}

// As PocketPhi's download: so many connections, and two chunks more in memory, so that a connection seldom waits
// for the store.
class Buffers {
  #free = Array.from(
    { length: CONNECTIONS_DEFAULT + 2 },
    () => new Uint8Array(CHUNK_BYTES_DEFAULT),
  );
  #waiting = [];

  take() {
    const free = this.#free.pop();
    return free ?? new Promise((resolve) => this.#waiting.push(resolve));
  }
  give(buffer) {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }
}

async function fetchAndStore({ url, kind, hashes }) {
  const total = await fileBytes(url);
  const count = Math.ceil(total / CHUNK_BYTES_DEFAULT);
  const store = await openStore(kind);
  const file = await store.openFile(
    { model: url, file: 0, chunkBytes: CHUNK_BYTES_DEFAULT },
    'write',
  );
  const buffers = new Buffers();
  const writes = [];
  let next = 0;
  const keep = async (index, buffer, bytes) => {
    const sha256 = hashes ? await sha256Hex(bytes) : NO_HASH;
    await file.write({ index, bytes: bytes.length, sha256 }, bytes);
    buffers.give(buffer);
  };
  const connection = async () => {
    while (next < count) {
      const buffer = await buffers.take();
      const index = next++;
      if (index >= count) return;
      const first = index * CHUNK_BYTES_DEFAULT;
      const last = Math.min(first + CHUNK_BYTES_DEFAULT, total) - 1;
      writes.push(keep(index, buffer, await fetchRange(url, first, last, buffer)));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_DEFAULT }, connection));
  await Promise.all(writes);
  await file.close();
  await store.close();
}

/* ---- reading ---- */

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function* payloadFiles() {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(STORAGE_NAME);
  for await (const model of folder.values()) if (model.kind === 'directory') yield* model.values();
}

async function readOpfs(heap) {
  let at = 0;
  for await (const file of payloadFiles()) {
    const handle = await file.createSyncAccessHandle({ mode: 'read-only' });
    const end = at + handle.getSize();
    const begin = at;
    while (at < end)
      at += handle.read(heap.subarray(at, Math.min(end, at + CHUNK_BYTES_DEFAULT)), {
        at: at - begin,
      });
    handle.close();
  }
  return at;
}

// One Blob at a time; the next one is read while this one is copied.
async function readIndexedDb(heap) {
  const database = await settled(indexedDB.open(STORAGE_NAME));
  const area = () => database.transaction('payload').objectStore('payload');
  const keys = await settled(area().getAllKeys());
  const read = async (key) =>
    key === undefined ? undefined : (await settled(area().get(key))).arrayBuffer();
  let at = 0;
  let ahead = read(keys[0]);
  for (let i = 0; i < keys.length; i++) {
    const bytes = new Uint8Array(await ahead);
    ahead = read(keys[i + 1]);
    heap.set(bytes, at);
    at += bytes.length;
  }
  database.close();
  return at;
}

async function readRaw({ kind, bytes }) {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const heap = new Uint8Array(memory.buffer);
  const got = await (kind === 'opfs' ? readOpfs(heap) : readIndexedDb(heap));
  if (got !== bytes) throw new Error(`${kind}: read ${got} bytes, expected ${bytes}`);
}

const STEPS = { fetchAndStore, readRaw };

globalThis.onmessage = async ({ data }) => {
  try {
    await STEPS[data.name](data);
    postMessage({});
  } catch (error) {
    postMessage({ error: `${data.name}: ${error.message}` });
  }
};
