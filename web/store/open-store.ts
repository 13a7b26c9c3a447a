/* Which kinds of store work here, found by trying, and opening one. OPFS is the fastest to read; IndexedDB works
 * everywhere but in some private windows; memory keeps nothing. */
import { EngineError, messageOf } from '../base/errors.ts';
import { Database, STORAGE_NAME, settled } from './database.ts';
import { IdbStore } from './idb-store.ts';
import { MemoryStore } from './memory-store.ts';
import { OpfsStore } from './opfs-store.ts';
import type { StoreKind, WeightStore } from './weight-store.ts';

export interface StoreOptions {
  /** Of the database and of the OPFS folder. */
  readonly name?: string;
}

export interface KindHere {
  readonly kind: StoreKind;
  readonly isUsable: boolean;
  /** Why it is not usable, or what is good or bad about it. */
  readonly reason: string;
}

const PROBE_BYTES = new Uint8Array([1, 2, 3]);

function usable(kind: StoreKind, reason: string): KindHere {
  return { kind, isUsable: true, reason };
}

function unusable(kind: StoreKind, reason: string): KindHere {
  return { kind, isUsable: false, reason };
}

/** What is missing for OPFS before anything is tried. */
function opfsLack(): string | undefined {
  if (globalThis.isSecureContext === false) {
    return 'the page is not secure (serve it over https or from localhost)';
  }
  const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
  if (storage?.getDirectory === undefined) return 'this browser has no origin private file system';
  return undefined;
}

function hasSyncHandles(): boolean {
  const type = globalThis.FileSystemFileHandle;
  return type !== undefined && 'createSyncAccessHandle' in type.prototype;
}

/* Older browsers have handles whose methods are asynchronous; private windows refuse them. */
async function tryOpfs(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(name, { create: true });
  const fileName = `probe-${crypto.randomUUID()}`;
  const file = await folder.getFileHandle(fileName, { create: true });
  try {
    const handle = await file.createSyncAccessHandle();
    const written: unknown = handle.write(PROBE_BYTES);
    await handle.close();
    if (written !== PROBE_BYTES.length)
      throw new Error('its files cannot be written synchronously');
  } finally {
    await folder.removeEntry(fileName);
  }
}

async function opfsHere(name: string): Promise<KindHere> {
  const lack = opfsLack();
  if (lack !== undefined) return unusable('opfs', lack);
  if (!hasSyncHandles()) {
    return unusable(
      'opfs',
      'there are no synchronous file handles here (a dedicated worker has them)',
    );
  }
  try {
    await tryOpfs(name);
    return usable('opfs', 'files that are read straight into memory');
  } catch (error) {
    return unusable('opfs', `the origin private file system refuses: ${messageOf(error)}`);
  }
}

/* Private windows of some browsers have an IndexedDB that takes no Blobs. */
async function tryBlobs(database: Database): Promise<void> {
  await database.transact(['payload'], 'relaxed', async (transaction) => {
    const area = transaction.objectStore('payload');
    const key = ['', 0, 0];
    await settled(area.put(new Blob([PROBE_BYTES]), key));
    await settled(area.delete(key));
  });
}

async function indexedDbHere(database: Database | EngineError): Promise<KindHere> {
  if (database instanceof EngineError) return unusable('indexeddb', database.message);
  try {
    await tryBlobs(database);
    return usable('indexeddb', 'a Blob a chunk, slower to read than OPFS');
  } catch (error) {
    return unusable('indexeddb', `IndexedDB takes no Blobs here: ${messageOf(error)}`);
  }
}

/* No IndexedDB is an answer; one that another tab is in the way of is not. */
async function openDatabase(name: string): Promise<Database | EngineError> {
  try {
    return await Database.open({ name });
  } catch (error) {
    if (error instanceof EngineError && error.code === 'PHI_EUNSUPPORTED') return error;
    throw error;
  }
}

async function kindsWith(database: Database | EngineError, name: string): Promise<KindHere[]> {
  const opfs = await opfsHere(name);
  const hasJournal = database instanceof Database;
  return [
    hasJournal || !opfs.isUsable ? opfs : unusable('opfs', `no journal: ${database.message}`),
    await indexedDbHere(database),
    usable('memory', 'nothing is kept when the worker ends'),
  ];
}

/** All kinds, the best one first, each tried. On a page (not a worker) OPFS counts as not usable. PHI_ESTORAGE when
 * another tab is in the way. */
export async function storeKindsHere(options: StoreOptions = {}): Promise<KindHere[]> {
  const { name = STORAGE_NAME } = options;
  const database = await openDatabase(name);
  try {
    return await kindsWith(database, name);
  } finally {
    if (database instanceof Database) database.close();
  }
}

function makeStore(kind: StoreKind, database: Database, name: string, reason: string): WeightStore {
  if (kind === 'memory') database.close();
  switch (kind) {
    case 'opfs':
      return new OpfsStore(database, name, reason);
    case 'indexeddb':
      return new IdbStore(database, reason);
    case 'memory':
      return new MemoryStore(reason);
  }
}

async function openBest(database: Database | EngineError, name: string): Promise<WeightStore> {
  const kinds = await kindsWith(database, name);
  const best = kinds.find(({ isUsable }) => isUsable);
  const lacks = kinds
    .slice(0, best === undefined ? kinds.length : kinds.indexOf(best))
    .map(({ kind, reason }) => `no ${kind}: ${reason}`);
  const reason = [`${best?.kind}: ${best?.reason}`, ...lacks].join('; ');
  if (best === undefined || !(database instanceof Database)) return new MemoryStore(reason);
  return makeStore(best.kind, database, name, reason);
}

async function openKind(kind: 'opfs' | 'indexeddb', name: string): Promise<WeightStore> {
  const lack = kind === 'opfs' ? opfsLack() : undefined;
  if (lack !== undefined) throw new EngineError('PHI_EUNSUPPORTED', `no OPFS: ${lack}`);
  return makeStore(kind, await Database.open({ name }), name, `${kind}: asked for`);
}

/** 'auto' takes the best kind that works here and says in `reason` what the better ones lack. A kind that was asked
 * for and is not there is PHI_EUNSUPPORTED. On a page, a store of kind 'opfs' reads and deletes, and does not
 * write. */
export async function openStore(
  kind: 'auto' | StoreKind,
  options: StoreOptions = {},
): Promise<WeightStore> {
  const { name = STORAGE_NAME } = options;
  if (kind === 'memory') return new MemoryStore('memory: asked for');
  if (kind !== 'auto') return openKind(kind, name);
  const database = await openDatabase(name);
  try {
    return await openBest(database, name);
  } catch (error) {
    if (database instanceof Database) database.close();
    throw error;
  }
}
