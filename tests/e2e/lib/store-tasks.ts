/* What tests of web/store let a page or a worker do, by name: arguments and results travel through postMessage. */
import { messageOf } from '../../../web/base/errors.ts';
import { estimate, persist } from '../../../web/base/room.ts';
import { sha256Hex } from '../../../web/base/sha256.ts';
import { type ModelRecord, openCatalogue } from '../../../web/store/catalogue.ts';
import { Database, settled } from '../../../web/store/database.ts';
import { verifyFile } from '../../../web/store/integrity.ts';
import { withModelLock } from '../../../web/store/locks.ts';
import { openStore, storeKindsHere } from '../../../web/store/open-store.ts';
import { checkRoom, storedModel } from '../../../web/store/quota.ts';
import type {
  FilePlace,
  StoredFile,
  StoreKind,
  WeightStore,
} from '../../../web/store/weight-store.ts';
import {
  assertBytes,
  makeBytes,
  recordOf,
  type StoreWorld,
  storeContract,
} from '../../web/lib/store-contract.ts';

export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
  readonly requested: number | undefined;
  readonly quota: number | undefined;
}

const CHUNK_BYTES = 1 << 18;
const PLACE: FilePlace = { model: 'written', file: 0, chunkBytes: CHUNK_BYTES };
/* The storm goes round and round over these, so that chunks are replaced, too. */
const STORM_CHUNKS = 24;

/** Objects that live from one task to the next. */
const held = new Map<string, WeightStore | StoredFile | (() => void)>();
const databases = new Map<string, Database>();
let worlds = 0;

export function failureOf(error: unknown): Failure {
  const { code, requested, quota } = (error ?? {}) as Partial<Failure>;
  return { code, message: messageOf(error), requested, quota };
}

async function modelFolder(name: string): Promise<FileSystemDirectoryHandle> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name);
  for await (const entry of folder.values()) {
    if (entry.kind === 'directory') return entry as FileSystemDirectoryHandle;
  }
  throw new Error('no model in the folder');
}

async function shortenOpfs(name: string, place: FilePlace, at: number): Promise<void> {
  const file = await (await modelFolder(name)).getFileHandle(`${place.file}.bin`);
  const handle = await file.createSyncAccessHandle();
  handle.truncate(at);
  handle.close();
}

async function shortenIdb(name: string, key: IDBValidKey, bytes: number): Promise<void> {
  const database = await Database.open({ name });
  await database.transact(['payload'], 'strict', async (transaction) => {
    const area = transaction.objectStore('payload');
    const blob: unknown = await settled(area.get(key));
    if (!(blob instanceof Blob)) throw new Error('no Blob');
    await settled(area.put(blob.slice(0, bytes), key));
  });
  database.close();
}

function makeWorld(kind: StoreKind): StoreWorld {
  const name = `contract-${kind}-${worlds++}`;
  const open = (): Promise<WeightStore> => openStore(kind, { name });
  return {
    open,
    async reopen(store) {
      await store.close();
      return open();
    },
    shorten: (place, index, bytes) =>
      kind === 'opfs'
        ? shortenOpfs(name, place, index * place.chunkBytes + bytes)
        : shortenIdb(name, [place.model, place.file, index], bytes),
  };
}

function stormBytes(index: number, round: number): Uint8Array<ArrayBuffer> {
  return makeBytes(CHUNK_BYTES, index * 1000 + round);
}

async function put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await file.write(await recordOf(index, bytes), bytes);
}

function heldFile(id: string): StoredFile {
  const file = held.get(id);
  if (file === undefined || !('chunks' in file)) throw new Error(`no file ${id}`);
  return file;
}

export const TASKS = {
  kinds: () => storeKindsHere(),

  async open(kind: 'auto' | StoreKind) {
    const store = await openStore(kind);
    const { reason } = store;
    await store.close();
    return { kind: store.kind, reason };
  },

  async contract({ kind, name }: { kind: StoreKind; name: string }) {
    const found = storeContract(async () => makeWorld(kind)).find((one) => one.name === name);
    if (found === undefined) throw new Error(`no case ${name}`);
    await found.run();
    return 'passed';
  },

  /** Writes until the browser dies; tells each chunk that is safe. */
  async storm(kind: StoreKind, tell?: (value: unknown) => void) {
    const store = await openStore(kind);
    const file = await store.openFile(PLACE, 'write');
    for (let round = 0; ; round++) {
      for (let index = 0; index < STORM_CHUNKS; index++) {
        await put(file, index, stormBytes(index, round));
        tell?.({ index, round });
      }
    }
  },

  /** What is claimed after that, and whether its bytes are there and are of one round. */
  async survey(kind: StoreKind) {
    const store = await openStore(kind);
    const file = await store.openFile(PLACE, 'write');
    const claims: { index: number; isTrue: boolean; bytes: number }[] = [];
    for (const { index, bytes, sha256 } of await file.chunks()) {
      const out = new Uint8Array(bytes);
      const n = await file.read(index * CHUNK_BYTES, bytes, (at, count) =>
        out.subarray(at, at + count),
      );
      claims.push({ index, bytes: n, isTrue: (await sha256Hex(out)) === sha256 });
    }
    await put(file, 0, stormBytes(0, 0)); /* and it can be gone on with */
    await file.close();
    await store.deleteModel(PLACE.model);
    await store.close();
    return claims;
  },

  /** Writes chunks until it fails, and then shows that what was written is there. */
  async fill({ kind, chunks }: { kind: StoreKind; chunks: number }) {
    const store = await openStore(kind);
    const file = await store.openFile({ ...PLACE, chunkBytes: 1 << 20 }, 'write');
    let failure: Failure | undefined;
    let written = 0;
    try {
      for (; written < chunks; written++) await put(file, written, makeBytes(1 << 20, written));
    } catch (error) {
      failure = failureOf(error);
    }
    const held = (await file.chunks()).length;
    const first = new Uint8Array(1 << 20);
    await file.read(0, 1 << 20, () => first);
    const isRight = (await sha256Hex(first)) === (await sha256Hex(makeBytes(1 << 20, 0)));
    await file.close();
    await store.close();
    return { failure, written, held, isRight };
  },

  async deleteModel({ kind, model }: { kind: StoreKind; model: string }) {
    const store = await openStore(kind);
    await store.deleteModel(model);
    await store.close();
  },

  async openFile({ id, kind, mode }: { id: string; kind: StoreKind; mode: 'read' | 'write' }) {
    const store = await openStore(kind);
    held.set(id, await store.openFile(PLACE, mode));
    held.set(`${id} store`, store);
  },

  writeChunk: ({ id, index }: { id: string; index: number }) =>
    put(heldFile(id), index, stormBytes(index, 0)),

  async readChunks({ id, first, last }: { id: string; first: number; last: number }) {
    const out = new Uint8Array((last - first) * CHUNK_BYTES);
    const n = await heldFile(id).read(first * CHUNK_BYTES, out.length, (at, count) =>
      out.subarray(at, at + count),
    );
    for (let at = 0; at < n; at += CHUNK_BYTES) {
      const expected = stormBytes(first + at / CHUNK_BYTES, 0);
      assertBytes(out.subarray(at, at + CHUNK_BYTES), expected, `chunk at ${at}`);
    }
    return n;
  },

  listChunks: async (id: string) => (await heldFile(id).chunks()).map(({ index }) => index),

  async closeFile(id: string) {
    await heldFile(id).close();
    const store = held.get(`${id} store`);
    if (store !== undefined && 'openFile' in store) await store.close();
  },

  async verify(kind: StoreKind) {
    const store = await openStore(kind);
    const file = await store.openFile(PLACE, 'write');
    const record = { name: 'x', url: null, etag: null, lastModified: null, chunkSha256: null };
    const bytes = 3 * CHUNK_BYTES;
    const verdict = await verifyFile(file, { ...record, bytes, chunkBytes: CHUNK_BYTES });
    const left = (await file.chunks()).map(({ index }) => index);
    await file.close();
    await store.close();
    return { verdict, left };
  },

  /** Damages a byte in the middle of a chunk, behind the store's back. */
  async damage({ kind, index }: { kind: 'opfs' | 'indexeddb'; index: number }) {
    const at = index * CHUNK_BYTES + 12_345;
    if (kind === 'opfs') {
      const file = await (await modelFolder('pocketphi')).getFileHandle('0.bin');
      const handle = await file.createSyncAccessHandle();
      handle.write(new Uint8Array([1, 2, 3, 4]), { at });
      handle.close();
      return;
    }
    const database = await Database.open();
    const bytes = stormBytes(index, 0);
    bytes.fill(7, 12_345, 12_349);
    await database.transact(['payload'], 'strict', (transaction) =>
      settled(transaction.objectStore('payload').put(new Blob([bytes]), [PLACE.model, 0, index])),
    );
    database.close();
  },

  async putRecord(record: ModelRecord) {
    const catalogue = await openCatalogue();
    await catalogue.put(record);
    catalogue.close();
  },

  /** Puts a value into the catalogue that no version of this project wrote. */
  async putRaw({ key, value }: { key: IDBValidKey; value: unknown }) {
    const database = await Database.open();
    await database.transact(['models'], 'strict', (transaction) =>
      settled(transaction.objectStore('models').put(value, key)),
    );
    database.close();
  },

  async catalogue({ get, remove }: { get?: string; remove?: string }) {
    const catalogue = await openCatalogue();
    try {
      if (remove !== undefined) await catalogue.delete(remove);
      const { models, damaged } = await catalogue.list();
      const one = get === undefined ? undefined : await catalogue.get(get);
      return { ids: models.map(({ id }) => id), damaged, one, isLasting: catalogue.isLasting };
    } finally {
      catalogue.close();
    }
  },

  /** Many read-modify-writes at once from one tab. */
  async bump({ id, times }: { id: string; times: number }) {
    const catalogue = await openCatalogue();
    const jobs = Array.from({ length: times }, () =>
      catalogue.update(id, (record) => ({ ...record, createdMs: record.createdMs + 1 })),
    );
    await Promise.all(jobs);
    const record = await catalogue.get(id);
    catalogue.close();
    return record?.createdMs;
  },

  async room(needBytes: number) {
    const catalogue = await openCatalogue();
    const { models } = await catalogue.list();
    catalogue.close();
    const error = await checkRoom(
      needBytes,
      models.map((record) => storedModel(record)),
    );
    return { room: await estimate(), error: error && failureOf(error) };
  },

  persist: () => persist(),

  async hold({ id, mode }: { id: string; mode: LockMode }) {
    await new Promise<void>((begun, failed) => {
      const work = (): Promise<void> =>
        new Promise((release) => {
          held.set(`lock ${id}`, release);
          begun();
        });
      withModelLock(id, mode, {}, work).catch(failed);
    });
  },

  release(id: string) {
    const release = held.get(`lock ${id}`);
    if (typeof release === 'function') release();
    return Promise.resolve();
  },

  async lock(
    {
      id,
      mode,
      ifAvailable,
      abortOnWait,
    }: {
      id: string;
      mode: LockMode;
      ifAvailable?: boolean;
      abortOnWait?: boolean;
    },
    tell?: (value: unknown) => void,
  ) {
    const abort = new AbortController();
    const onWait = (): void => {
      tell?.('waiting');
      if (abortOnWait) abort.abort();
    };
    const options = { signal: abort.signal, onWait, ifAvailable: ifAvailable ?? false };
    return withModelLock(id, mode, options, async () => 'done');
  },

  async openDatabase({
    id,
    version,
    blockedMs,
  }: {
    id: string;
    version: number;
    blockedMs?: number;
  }) {
    const options = { name: 'versions', version, ...(blockedMs && { blockedMs }) };
    databases.set(id, await Database.open(options));
  },

  /** Opens it as another make of page does, which never lets go. */
  openStubborn: (version: number) =>
    settled(indexedDB.open('versions', version)).then((database) => database.version),

  async useDatabase(id: string) {
    const keys = await databases
      .get(id)
      ?.transact(['models'], 'readonly', (transaction) =>
        settled(transaction.objectStore('models').getAllKeys()),
      );
    return keys?.length;
  },
} as const;

export type TaskName = keyof typeof TASKS;

type Task = (argument: unknown, tell: (value: unknown) => void) => Promise<unknown>;

/** Runs a task of this name. */
export function runTask(
  name: string,
  argument: unknown,
  tell: (value: unknown) => void,
): Promise<unknown> {
  const task = (TASKS as unknown as Record<string, Task | undefined>)[name];
  if (task === undefined) return Promise.reject(new Error(`no task ${name}`));
  return task(argument, tell);
}
