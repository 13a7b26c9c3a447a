// Stores chunks and reads them into shared wasm memory, in each form that a browser offers. A read is checked: the
// first bytes of a chunk say which it is.
const DATABASE = 'storage-forms';
const FILE = 'storage-forms.bin';
const MARK_BYTES = 4;

let heap; // the shared memory
let noise; // what is written: incompressible
let database;

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

function openDatabase() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('payload');
  return settled(opening);
}

function makeNoise(bytes) {
  const words = new Uint32Array(bytes / 4);
  let x = 2463534242;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}

function markedChunk(index, bytes) {
  new DataView(noise.buffer).setUint32(0, index, true);
  return noise.subarray(0, bytes);
}

function checkMark(index, chunkBytes) {
  const at = index * chunkBytes;
  const mark = new DataView(heap.buffer, at, MARK_BYTES).getUint32(0, true);
  if (mark !== index) throw new Error(`chunk ${index} came back as ${mark}`);
}

function* indices({ first, last }) {
  for (let index = first; index < last; index++) yield index;
}

/* ---- IndexedDB ---- */

async function writeRecord(index, value, durability) {
  const transaction = database.transaction('payload', 'readwrite', { durability });
  transaction.objectStore('payload').put(value, index);
  await committed(transaction);
}

function getRecord(index) {
  return settled(database.transaction('payload').objectStore('payload').get(index));
}

function syncRequest(url) {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  request.responseType = 'arraybuffer';
  request.send();
  return request.response;
}

function withUrl(blob, use) {
  const url = URL.createObjectURL(blob);
  try {
    return use(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function drain(stream, at) {
  let place = at;
  for await (const piece of stream) {
    heap.set(piece, place);
    place += piece.length;
  }
}

let piece = new ArrayBuffer(0); // passed to the stream and back, over and over

async function drainByob(blob, at, pieceBytes) {
  const reader = blob.stream().getReader({ mode: 'byob' });
  let buffer = piece.byteLength === pieceBytes ? piece : new ArrayBuffer(pieceBytes);
  piece = new ArrayBuffer(0);
  let place = at;
  while (place < at + blob.size) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) throw new Error(`the stream ends at ${place - at} of ${blob.size} bytes`);
    buffer = value.buffer;
    heap.set(value, place);
    place += value.length;
  }
  piece = buffer;
}

const copyTo = (at) => (buffer) => heap.set(new Uint8Array(buffer), at);

/* Each puts a Blob's bytes at a place of the memory. */
const BLOB_READS = {
  'blob.arrayBuffer()': async (blob, at) => copyTo(at)(await blob.arrayBuffer()),
  FileReaderSync: (blob, at) => copyTo(at)(new FileReaderSync().readAsArrayBuffer(blob)),
  'blob.stream()': (blob, at) => drain(blob.stream(), at),
  'blob.stream() BYOB': drainByob,
  'Response(blob).arrayBuffer()': async (blob, at) =>
    copyTo(at)(await new Response(blob).arrayBuffer()),
  'fetch of an object URL': (blob, at) =>
    withUrl(blob, async (url) => copyTo(at)(await (await fetch(url)).arrayBuffer())),
  'synchronous XMLHttpRequest': (blob, at) => withUrl(blob, (url) => copyTo(at)(syncRequest(url))),
};

async function readRecords(step) {
  const read = BLOB_READS[step.path];
  const queue = [...indices(step)];
  const readNext = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      await read(await getRecord(index), index * step.chunkBytes, step.pieceBytes);
      checkMark(index, step.chunkBytes);
    }
  };
  await Promise.all(Array.from({ length: step.inFlight ?? 1 }, readNext));
}

/** One big Blob of all records, read in pieces that do not care where a record ends. */
async function readComposed(step) {
  const blobs = await Promise.all([...indices(step)].map(getRecord));
  const all = new Blob(blobs);
  const begin = step.first * step.chunkBytes;
  for (let at = 0; at < all.size; at += step.sliceBytes)
    await BLOB_READS[step.path](all.slice(at, at + step.sliceBytes), begin + at, step.pieceBytes);
}

/** Pieces of each record, as a reader that cannot hold a whole one does. */
async function readSliced(step) {
  for (const index of indices(step)) {
    const blob = await getRecord(index);
    for (let at = 0; at < blob.size; at += step.sliceBytes) {
      const slice = blob.slice(at, at + step.sliceBytes);
      await BLOB_READS[step.path](slice, index * step.chunkBytes + at, step.pieceBytes);
    }
  }
}

/* ---- the origin private file system ---- */

async function fileHandle() {
  const root = await navigator.storage.getDirectory();
  return root.getFileHandle(FILE, { create: true });
}

async function withAccess(mode, work) {
  const access = await (await fileHandle()).createSyncAccessHandle({ mode });
  try {
    return work(access);
  } finally {
    access.close();
  }
}

function writeFile(step) {
  return withAccess('readwrite', (access) => {
    if (!step.overwrites) access.truncate(0);
    for (const index of indices(step)) {
      const chunk = step.fromShared
        ? heap.subarray(index * step.chunkBytes, (index + 1) * step.chunkBytes)
        : markedChunk(index, step.chunkBytes);
      access.write(chunk, { at: index * step.chunkBytes });
      if (step.flushes) access.flush();
    }
    access.flush();
  });
}

function readShared(access, at, bytes) {
  access.read(heap.subarray(at, at + bytes), { at });
}

function readBounced(access, at, bytes) {
  const buffer = noise.subarray(0, bytes);
  access.read(buffer, { at });
  heap.set(buffer, at);
}

function readFile(step) {
  const read = step.path === 'bounced' ? readBounced : readShared;
  return withAccess('read-only', (access) => {
    for (const index of indices(step)) {
      read(access, index * step.chunkBytes, step.chunkBytes);
      checkMark(index, step.chunkBytes);
    }
  });
}

async function readFileBlob(step) {
  const file = await (await fileHandle()).getFile();
  for (const index of indices(step)) {
    const at = index * step.chunkBytes;
    await BLOB_READS[step.path](file.slice(at, at + step.chunkBytes), at, step.pieceBytes);
    checkMark(index, step.chunkBytes);
  }
}

/* ---- web/store itself ---- */

const READ_BYTES = 4 << 20; // what the engine's loader asks for at once
const ANY_HASH = '0'.repeat(64); // hashing is not what is measured

async function withStoredFile({ path, chunkBytes }, mode, work) {
  const { openStore } = await import('/store/open-store.js');
  const store = await openStore(path);
  const file = await store.openFile({ model: 'bench', file: 0, chunkBytes }, mode);
  try {
    await work(file);
  } finally {
    await file.close();
    await store.close();
  }
}

function storeWrite(step) {
  return withStoredFile(step, 'write', async (file) => {
    for (const index of indices(step)) {
      const bytes = markedChunk(index, step.chunkBytes).slice();
      await file.write({ index, bytes: bytes.length, sha256: ANY_HASH }, bytes);
    }
  });
}

function storeRead(step) {
  return withStoredFile(step, 'read', async (file) => {
    const end = step.last * step.chunkBytes;
    for (let at = step.first * step.chunkBytes; at < end; at += READ_BYTES) {
      const n = await file.read(at, READ_BYTES, (part, bytes) =>
        heap.subarray(at + part, at + part + bytes),
      );
      if (n !== READ_BYTES) throw new Error(`${n} bytes at ${at}`);
    }
    for (const index of indices(step)) checkMark(index, step.chunkBytes);
  });
}

async function hash(step) {
  for (const index of indices(step))
    await crypto.subtle.digest('SHA-256', markedChunk(index, step.chunkBytes));
}

const STEPS = {
  'store-write': storeWrite,
  'store-read': storeRead,
  hash,
  async open({ memory }) {
    heap = new Uint8Array(memory.buffer);
    noise = makeNoise(64 << 20);
    database = await openDatabase();
  },
  async clear() {
    const transaction = database.transaction('payload', 'readwrite');
    transaction.objectStore('payload').clear();
    await committed(transaction);
  },
  async 'idb-write'(step) {
    for (const index of indices(step)) {
      /* A new buffer each time, as a download has: its garbage collection frees the Blobs of before, too. Without,
       * Chromium runs out of memory for Blobs and says "Failed to write blobs (InvalidBlob)". */
      const { buffer } = markedChunk(index, step.chunkBytes).slice();
      const value = step.path === 'ArrayBuffer' ? buffer : new Blob([buffer]);
      await writeRecord(index, value, step.durability);
    }
  },
  'idb-read': readRecords,
  'idb-read-composed': readComposed,
  'idb-read-sliced': readSliced,
  'opfs-write': writeFile,
  'opfs-read': readFile,
  'opfs-read-blob': readFileBlob,
};

globalThis.onmessage = async ({ data: { name, ...step } }) => {
  try {
    await STEPS[name](step);
    postMessage({});
  } catch (error) {
    postMessage({ error: `${error.name}: ${error.message}` });
  }
};
