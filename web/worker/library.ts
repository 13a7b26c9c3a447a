/* Opens a model for loading or for storing: finds out where its files are, takes the model's lock, and gives files that come
 * out of the browser's storage as far as they are there. The catalogue's record says what is stored of which file. */
import { canceledError, EngineError, toEngineError } from '../base/errors.ts';
import { CHUNK_BYTES_DEFAULT, CHUNK_BYTES_MAX, CONNECTIONS_DEFAULT } from '../base/limits.ts';
import type { FileIdentity } from '../net/chunk-sink.ts';
import {
  type Catalogue,
  type FileRecord,
  type ModelRecord,
  openCatalogue,
} from '../store/catalogue.ts';
import { withModelLock } from '../store/locks.ts';
import { openStore } from '../store/open-store.ts';
import { checkRoom, storedModel } from '../store/quota.ts';
import type {
  ChunkRecord,
  FileMode,
  FilePlace,
  StoredFile,
  WeightStore,
} from '../store/weight-store.ts';
import { type FetchEvents, FetchedFile } from './fetched-file.ts';
import type { Meter } from './meter.ts';
import type { ModelFile, ModelFiles } from './model-file.ts';
import type { StorageOutcome, StoragePolicy } from './protocol.ts';
import { fileOf, type RemoteFile, type RemoteModel } from './remote-model.ts';

export interface LibraryContext {
  readonly signal: AbortSignal;
  readonly meter: Meter;
  /** Somebody reads the files while they come. */
  readonly isRead: boolean;
  warn(text: string): void;
}

export interface LibraryOptions extends LibraryContext {
  readonly storage: StoragePolicy;
  readonly parallel: number | undefined;
  readonly patience: number | 'endless' | undefined;
}

/** A model whose files may be read; `finish` when all that is needed has been read. */
export interface OpenModel extends ModelFiles {
  /** Every file, as far as their names are known without an engine. */
  openAll(): Promise<void>;
  finish(): Promise<StorageOutcome>;
}

const RECORD_DEFAULTS = { licence: null, verifiedMs: null, files: [] } as const;

function identityOf(record: FileRecord | undefined): FileIdentity | undefined {
  if (record === undefined) return undefined;
  return {
    bytes: record.bytes ?? undefined,
    etag: record.etag ?? undefined,
    lastModified: record.lastModified ?? undefined,
  };
}

/** Chunks have the size that the manifest's hashes are for. */
function chunkBytesOf(file: RemoteFile, record: FileRecord | undefined): number {
  const wanted = file.hashes !== undefined ? file.chunkBytes : undefined;
  return wanted ?? record?.chunkBytes ?? CHUNK_BYTES_DEFAULT;
}

/** A stored record is of this file when it has the same address and, with hashes, the same ones. */
function isSameFile(record: FileRecord | undefined, file: RemoteFile): record is FileRecord {
  if (record === undefined || record.url !== file.url) return false;
  if (record.chunkBytes > CHUNK_BYTES_MAX) return false;
  if (file.hashes === undefined) return true;
  return record.chunkSha256?.join() === file.hashes.join();
}

/** Where models are stored, open. */
interface Shelf {
  readonly catalogue: Catalogue;
  readonly store: WeightStore;
  /** 'read' when all of the model is there: other tabs may read it too. */
  readonly mode: FileMode;
}

/** Why there is no shelf. */
type NoShelf = string;

/** One model, open; its lock is held. */
class Loan implements OpenModel {
  readonly #model: RemoteModel;
  readonly #options: LibraryOptions;
  readonly #shelf: Shelf | undefined;
  readonly #files: FetchedFile[] = [];
  #notStored: string;

  constructor(model: RemoteModel, options: LibraryOptions, shelf: Shelf | NoShelf) {
    this.#model = model;
    this.#options = options;
    this.#notStored = typeof shelf === 'string' ? shelf : '';
    this.#shelf = typeof shelf === 'string' ? undefined : shelf;
  }

  get firstName(): string {
    return this.#model.files[0]?.name ?? this.#model.name;
  }

  async open(idx: number, name: string): Promise<ModelFile> {
    const opened = this.#files[idx];
    if (opened !== undefined) return opened;
    const remote = fileOf(this.#model, idx, name);
    this.#options.meter.enter('plan', remote.name);
    const stored = (await this.#record())?.files[idx];
    const record = isSameFile(stored, remote) ? stored : undefined;
    const chunkBytes = chunkBytesOf(remote, record);
    const { store, held } = await this.#openStored(
      { model: this.#model.id, file: idx, chunkBytes },
      record,
    );
    const { parallel = CONNECTIONS_DEFAULT, patience, isRead } = this.#options;
    const file = new FetchedFile(
      {
        name: remote.name,
        url: remote.url,
        chunkBytes,
        parallel: Math.max(1, Math.floor(parallel / this.#model.files.length)),
        patience,
        hashes: remote.hashes,
        expectedBytes: remote.bytes,
        known: identityOf(record),
        isRead,
        isStored: this.#shelf?.mode === 'write' && this.#notStored === '',
      },
      store,
      held,
      this.#eventsOf(idx, remote, chunkBytes),
    );
    this.#files[idx] = file;
    this.#countTotal();
    return file;
  }

  async openAll(): Promise<void> {
    for (const [idx, { name }] of this.#model.files.entries()) await this.open(idx, name);
  }

  /** What the store has of a file. Bytes of another file that was in its place are dropped. */
  async #openStored(
    place: FilePlace,
    record: FileRecord | undefined,
  ): Promise<{ store: StoredFile | undefined; held: ChunkRecord[] }> {
    if (this.#shelf === undefined) return { store: undefined, held: [] };
    const store = await this.#shelf.store.openFile(place, this.#shelf.mode);
    const held = await store.chunks();
    if (record !== undefined || this.#shelf.mode === 'read') return { store, held };
    for (const { index } of held) await store.drop(index);
    return { store, held: [] };
  }

  #countTotal(): void {
    this.#options.meter.totalBytes = this.#files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  }

  async finish(): Promise<StorageOutcome> {
    try {
      for (const file of this.#files) await file.finish();
      this.#countTotal();
      await this.#noteEnd();
    } catch (thrown) {
      const error = toEngineError(thrown);
      if (!this.#options.isRead || error.code === 'PHI_ECANCELED') throw error;
      this.#giveUpStoring(error.message);
    }
    if (this.#shelf === undefined || this.#notStored !== '')
      return { id: null, kind: null, reason: this.#notStored };
    const { kind, reason } = this.#shelf.store;
    return { id: this.#model.id, kind, reason };
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
    await this.#shelf?.store.close();
    this.#shelf?.catalogue.close();
  }

  #record(): Promise<ModelRecord | undefined> {
    return this.#shelf?.catalogue.get(this.#model.id) ?? Promise.resolve(undefined);
  }

  #eventsOf(idx: number, remote: RemoteFile, chunkBytes: number): FetchEvents {
    const { meter } = this.#options;
    return {
      identified: async (identity) => {
        await this.#checkRoom(identity.bytes);
        await this.#noteFile(idx, {
          name: remote.name,
          url: remote.url,
          bytes: identity.bytes ?? null,
          chunkBytes,
          etag: identity.etag ?? null,
          lastModified: identity.lastModified ?? null,
          chunkSha256: remote.hashes ?? null,
        });
      },
      fetched: (bytes) => meter.addFetched(bytes),
      cached: (bytes) => meter.addCached(bytes),
      waiting: (ms, reason) =>
        meter.enter('wait', remote.name, `${reason}; trying again in ${Math.ceil(ms / 1000)} s`),
      storeFailed: (error) => this.#storeFailed(error),
    };
  }

  /** Before the first byte of a file: does it fit? */
  async #checkRoom(bytes: number | undefined): Promise<void> {
    this.#countTotal();
    if (bytes === undefined || this.#shelf === undefined) return;
    const { catalogue, store } = this.#shelf;
    const { models } = await catalogue.list();
    const others = models.filter(({ id }) => id !== this.#model.id).map((m) => storedModel(m));
    const error = await checkRoom(bytes - (await store.usedBytes(this.#model.id)), others);
    if (error !== undefined) this.#storeFailed(error);
  }

  /** What was not asked for by name may fail: the model loads all the same, and is fetched anew next time. */
  #storeFailed(error: EngineError): void {
    const { storage, isRead } = this.#options;
    if (storage !== 'auto' || !isRead) throw error;
    this.#giveUpStoring(error.message);
  }

  #giveUpStoring(reason: string): void {
    if (this.#notStored !== '') return;
    this.#notStored = reason;
    this.#options.warn(`the model is not kept for the next visit: ${reason}`);
  }

  async #noteFile(idx: number, file: FileRecord): Promise<void> {
    if (this.#shelf === undefined || this.#notStored !== '') return;
    const { catalogue, store } = this.#shelf;
    const { id, name, licence } = this.#model;
    const now = Date.now();
    const old = await catalogue.get(id);
    const files = [...(old?.files ?? [])];
    /* Files come in order. */
    files[idx] = file;
    await catalogue.put({
      ...RECORD_DEFAULTS,
      ...old,
      id,
      name,
      licence,
      kind: store.kind,
      state: 'partial',
      createdMs: old?.createdMs ?? now,
      lastUsedMs: now,
      files,
    });
  }

  async #noteEnd(): Promise<void> {
    const { id } = this.#model;
    if (this.#shelf === undefined || this.#notStored !== '') return;
    if (!this.#files.every((file) => file.isWhole)) return;
    await this.#shelf.catalogue.update(id, (record) => ({
      ...record,
      state: 'complete',
      lastUsedMs: Date.now(),
      files: record.files.map((file, i) => ({
        ...file,
        bytes: this.#files[i]?.bytes ?? file.bytes,
      })),
    }));
  }
}

async function forgetElsewhere(catalogue: Catalogue, record: ModelRecord): Promise<void> {
  const old = await openStore(record.kind);
  try {
    await old.deleteModel(record.id);
  } finally {
    await old.close();
  }
  await catalogue.delete(record.id);
}

async function openShelf(
  model: RemoteModel,
  storage: StoragePolicy,
  mode: FileMode,
): Promise<Shelf | NoShelf> {
  if (storage === 'none') return 'storage "none" was asked for';
  const catalogue = await openCatalogue();
  try {
    const record = await catalogue.get(model.id);
    /* A kind that was asked for by name: the model moves there. */
    const moves = storage !== 'auto' && record !== undefined && record.kind !== storage;
    if (moves) await forgetElsewhere(catalogue, record);
    const store = await openStore(storage === 'auto' ? (record?.kind ?? 'auto') : storage);
    if (store.kind !== 'memory') return { catalogue, store, mode };
    catalogue.close();
    return store.reason;
  } catch (error) {
    catalogue.close();
    throw error;
  }
}

/** A store that does not open is no reason not to load, unless it was asked for by name. */
async function openShelfIfPossible(
  model: RemoteModel,
  options: LibraryOptions,
  mode: FileMode,
): Promise<Shelf | NoShelf> {
  try {
    return await openShelf(model, options.storage, mode);
  } catch (thrown) {
    const error = toEngineError(thrown);
    if (options.storage !== 'auto' || !options.isRead || error.code !== 'PHI_ESTORAGE') throw error;
    options.warn(`the model is not kept for the next visit: ${error.message}`);
    return error.message;
  }
}

/** The record of a model of which everything is stored, where it is wanted: it will only be read. A catalogue that cannot be
 * read knows of none. */
export async function findStored(
  id: string,
  storage: StoragePolicy,
): Promise<ModelRecord | undefined> {
  if (storage === 'none') return undefined;
  try {
    const catalogue = await openCatalogue();
    try {
      const record = await catalogue.get(id);
      const isWanted = storage === 'auto' || record?.kind === storage;
      return record?.state === 'complete' && isWanted ? record : undefined;
    } finally {
      catalogue.close();
    }
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Opens the model, runs `work` with its files, and closes them whatever happens. Only one tab writes a model at a time: a
 * second one waits, then finds it stored. */
export async function withModel<T>(
  model: RemoteModel,
  options: LibraryOptions,
  work: (open: OpenModel) => Promise<T>,
): Promise<T> {
  const { storage, signal, meter } = options;
  const run = async (mode: FileMode): Promise<T> => {
    const loan = new Loan(model, options, await openShelfIfPossible(model, options, mode));
    const onAbort = (): void => void loan.close().catch(() => undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await work(loan);
    } catch (error) {
      throw signal.aborted ? canceledError(signal) : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await loan.close();
    }
  };
  if (storage === 'none') return await run('read');
  const onWait = (): void => meter.enter('wait', model.name, 'another tab is loading this model');
  if ((await findStored(model.id, storage)) !== undefined) {
    return await withModelLock(model.id, 'shared', { signal, onWait }, async () => run('read'));
  }
  /* It may have been stored while we waited. */
  return await withModelLock(model.id, 'exclusive', { signal, onWait }, async () => run('write'));
}
