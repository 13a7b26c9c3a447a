/* Opens a model for loading or for storing: finds out where its files are, takes the model's lock, and gives files
 * that come out of the browser's storage as far as they are there. The catalogue's record says what is stored of
 * which file. */
import { canceledError, EngineError, toEngineError } from '../base/errors.ts';
import {
  CHUNK_BYTES_DEFAULT,
  CONNECTIONS_DEFAULT,
  MANIFEST_CHUNK_BYTES_MIN,
} from '../base/limits.ts';
import type { FileIdentity } from '../net/chunk-sink.ts';
import type { FileRecord, ModelRecord } from '../store/catalogue.ts';
import { evictionNotice } from '../store/integrity.ts';
import { withModelLock } from '../store/locks.ts';
import { checkRoom, type StoredModel } from '../store/quota.ts';
import type { ChunkRecord, FileMode, FilePlace, StoredFile } from '../store/weight-store.ts';
import { type FetchEvents, FetchedFile } from './fetched-file.ts';
import type { Meter } from './meter.ts';
import type { ModelFile, ModelFiles } from './model-file.ts';
import type { StorageOutcome, StoragePolicy } from './protocol.ts';
import { fileOf, type RemoteFile, type RemoteModel } from './remote-model.ts';
import {
  closeShelf,
  findStored,
  isRecordOf,
  measureStored,
  type NoShelf,
  openShelf,
  type Shelf,
} from './shelf.ts';
import { listModels } from './stored-models.ts';

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

function identityOf(record: FileRecord | undefined): FileIdentity | undefined {
  if (record === undefined) return undefined;
  return {
    bytes: record.bytes ?? undefined,
    etag: record.etag ?? undefined,
    lastModified: record.lastModified ?? undefined,
  };
}

/** Chunks have the size that the manifest's hashes are for. The files of a split model come side by side, each with a
 * few chunks in memory: these are smaller the more files there are. */
function chunkBytesOf(file: RemoteFile, record: FileRecord | undefined, nFiles: number): number {
  const wanted = file.hashes !== undefined ? file.chunkBytes : undefined;
  const share = CHUNK_BYTES_DEFAULT / 2 ** Math.ceil(Math.log2(nFiles));
  return wanted ?? record?.chunkBytes ?? Math.max(MANIFEST_CHUNK_BYTES_MIN, share);
}

/** What was not asked for by name may fail: the model loads all the same, and is fetched anew next time. */
function isDispensable({ code }: EngineError, { storage, isRead }: LibraryOptions): boolean {
  return storage === 'auto' && isRead && (code === 'PHI_ESTORAGE' || code === 'PHI_EUNSUPPORTED');
}

/** One model, open; its lock is held. */
class Loan implements OpenModel {
  readonly #model: RemoteModel;
  readonly #options: LibraryOptions;
  readonly #shelf: Shelf | undefined;
  readonly #files: FetchedFile[] = [];
  /** The catalogue's, as it is now. */
  #record: ModelRecord | undefined;
  /** Why the model is not kept; empty when it is. */
  #notStored: string;

  constructor(model: RemoteModel, options: LibraryOptions, shelf: Shelf | NoShelf) {
    this.#model = model;
    this.#options = options;
    this.#notStored = typeof shelf === 'string' ? shelf : '';
    this.#shelf = typeof shelf === 'string' ? undefined : shelf;
    this.#record = this.#shelf?.record;
  }

  get firstName(): string {
    return this.#model.files[0]?.name ?? this.#model.name;
  }

  async open(idx: number, name: string): Promise<ModelFile> {
    const opened = this.#files[idx];
    if (opened !== undefined) return opened;
    const remote = fileOf(this.#model, idx, name);
    this.#options.meter.enter('plan', remote.name);
    const stored = this.#shelf?.record?.files[idx];
    const record = isRecordOf(stored, remote) ? stored : undefined;
    const chunkBytes = chunkBytesOf(remote, record, this.#model.files.length);
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
        mode: this.#shelf?.mode ?? 'read',
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

  async finish(): Promise<StorageOutcome> {
    const { isRead, meter } = this.#options;
    try {
      for (const file of this.#files) await file.finish();
      await this.#noteEnd();
    } catch (thrown) {
      const error = toEngineError(thrown);
      if (!isRead || error.code === 'PHI_ECANCELED') throw error;
      this.#giveUpStoring(error.message);
    }
    this.#countTotal();
    meter.complete();
    if (this.#shelf === undefined || this.#notStored !== '')
      return { id: null, kind: null, reason: this.#notStored };
    const { kind, reason } = this.#shelf.store;
    return { id: this.#model.id, kind, reason };
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#files.map((file) => file.close()));
    if (this.#shelf !== undefined) await closeShelf(this.#shelf);
  }

  /** What the store has of a file. Bytes of another file that was in its place are dropped. */
  async #openStored(
    place: FilePlace,
    record: FileRecord | undefined,
  ): Promise<{ store: StoredFile | undefined; held: ChunkRecord[] }> {
    const nothing = { store: undefined, held: [] };
    if (this.#shelf === undefined) return nothing;
    try {
      const store = await this.#shelf.store.openFile(place, this.#shelf.mode);
      const held = await store.chunks();
      if (record !== undefined) return { store, held };
      for (const { index } of held) await store.drop(index);
      return { store, held: [] };
    } catch (thrown) {
      this.#storeFailed(toEngineError(thrown));
      return nothing;
    }
  }

  /** 0, as long as the size of one file is not known. */
  #countTotal(): void {
    const sizes = this.#sizes();
    const isKnown = sizes.every((bytes) => bytes !== undefined);
    this.#options.meter.totalBytes = isKnown ? sizes.reduce((sum, bytes) => sum + bytes, 0) : 0;
  }

  #sizes(): (number | undefined)[] {
    return this.#model.files.map(({ bytes }, idx) => this.#files[idx]?.bytes ?? bytes);
  }

  #eventsOf(idx: number, remote: RemoteFile, chunkBytes: number): FetchEvents {
    const { meter, warn } = this.#options;
    return {
      identified: async (identity) => {
        this.#countTotal();
        await this.#keepIfPossible(async () => {
          await this.#checkRoom(idx, identity.bytes);
          await this.#noteFile(idx, recordOf(remote, chunkBytes, identity));
        });
      },
      isKept: () => this.#isKept,
      fetched: (bytes) => meter.addFetched(bytes),
      cached: (bytes) => meter.addCached(bytes),
      waiting: (ms, reason) => meter.wait(remote.name, ms, reason),
      changed: () => {
        const text = `${remote.url}: the server has another file than before, or does not tell; it is fetched anew`;
        meter.enter('download', remote.name, text);
        warn(text);
      },
      lost: async () => {
        warn(`${remote.name}: stored bytes cannot be read any more; they are fetched again`);
        await this.#keepIfPossible(() => this.#noteLoss());
      },
      storeFailed: (error) => this.#storeFailed(error),
    };
  }

  get #isKept(): boolean {
    return this.#shelf?.mode === 'write' && this.#notStored === '';
  }

  async #keepIfPossible(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#storeFailed(toEngineError(thrown));
    }
  }

  #storeFailed(error: EngineError): void {
    const { signal } = this.#options;
    if (signal.aborted) throw canceledError(signal);
    if (!isDispensable(error, this.#options)) throw error;
    this.#giveUpStoring(error.message);
  }

  #giveUpStoring(reason: string): void {
    if (this.#notStored !== '') return;
    this.#notStored = reason;
    this.#options.warn(`the model is not kept for the next visit: ${reason}`);
  }

  /** Before the first byte of a file: does the model fit, as far as its size is known? */
  async #checkRoom(idx: number, bytes: number | undefined): Promise<void> {
    if (!this.#isKept || this.#shelf === undefined) return;
    const { store } = this.#shelf;
    const sizes = this.#sizes().with(idx, bytes);
    const needed = sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
    const missing = needed - (await store.usedBytes(this.#model.id));
    if ((await checkRoom(missing, [])) === undefined) return;
    const error = await checkRoom(missing, await otherModels(this.#model.id));
    if (error !== undefined) throw error;
  }

  async #noteFile(idx: number, file: FileRecord): Promise<void> {
    if (!this.#isKept) return;
    const { id, name, licence, files } = this.#model;
    const now = Date.now();
    const old = this.#record;
    /* Files are identified in any order: the others have their place already. */
    const blanks = files.map((remote) =>
      recordOf(remote, chunkBytesOf(remote, undefined, files.length)),
    );
    this.#record = {
      verifiedMs: null,
      createdMs: now,
      ...old,
      id,
      name,
      licence,
      kind: this.#shelf?.store.kind ?? 'memory',
      state: 'partial',
      lastUsedMs: now,
      files: blanks.map((blank, i) => (i === idx ? file : (old?.files[i] ?? blank))),
    };
    await this.#shelf?.catalogue.put(this.#record);
  }

  /** Who reads what is stored only cannot repair it: the next visit will. */
  async #noteLoss(): Promise<void> {
    if (this.#shelf?.mode !== 'read') return;
    this.#notStored ||= 'stored bytes could not be read; the next load fetches them again';
    await this.#shelf.catalogue.update(this.#model.id, (record) => ({
      ...record,
      state: 'partial',
    }));
  }

  async #noteEnd(): Promise<void> {
    if (this.#shelf === undefined || this.#notStored !== '') return;
    if (!this.#files.every((file) => file.isWhole)) return;
    await this.#shelf.catalogue.update(this.#model.id, (record) => ({
      ...record,
      state: 'complete',
      lastUsedMs: Date.now(),
      /* A name may promise more files than the model has. */
      files: record.files.slice(0, this.#files.length).map((file, i) => ({
        ...file,
        bytes: this.#files[i]?.bytes ?? file.bytes,
      })),
    }));
  }
}

/** What could be deleted to make room. */
async function otherModels(id: string): Promise<StoredModel[]> {
  const all = await listModels();
  return all
    .filter((model) => model.id !== id)
    .map(({ id: other, name, storedBytes, lastUsed }) => ({
      id: other,
      name,
      bytes: storedBytes,
      lastUsedMs: lastUsed?.getTime() ?? 0,
    }));
}

function recordOf(remote: RemoteFile, chunkBytes: number, identity?: FileIdentity): FileRecord {
  return {
    name: remote.name,
    url: remote.url,
    bytes: identity?.bytes ?? remote.bytes ?? null,
    chunkBytes,
    etag: identity?.etag ?? null,
    lastModified: identity?.lastModified ?? null,
    chunkSha256: remote.hashes ?? null,
  };
}

/** A store that does not open is no reason not to load, unless it was asked for by name. */
async function openShelfIfPossible(
  model: RemoteModel,
  options: LibraryOptions,
  mode: FileMode,
): Promise<Shelf | NoShelf> {
  const { storage, warn } = options;
  if (storage === 'none') return 'storage "none" was asked for';
  try {
    return await openShelf(model.id, storage, mode);
  } catch (thrown) {
    const error = toEngineError(thrown);
    if (!isDispensable(error, options)) throw error;
    warn(`the model is not kept for the next visit: ${error.message}`);
    return error.message;
  }
}

/** Whether all of this very model is there. If not, the catalogue and the user learn of it. */
async function isAllThere(
  { catalogue, store, record }: Shelf,
  { id, name, files }: RemoteModel,
  { meter, warn }: LibraryOptions,
): Promise<boolean> {
  if (record?.state !== 'complete') return false;
  const notice = evictionNotice(record, await measureStored(store, record));
  if (notice === undefined) return files.every((file, i) => isRecordOf(record.files[i], file));
  meter.enter('plan', name, notice);
  warn(notice);
  await catalogue.update(id, (now) => ({ ...now, state: 'partial' }));
  return false;
}

type Work<T> = (open: OpenModel) => Promise<T>;

/** The shelf is closed in the end. */
async function lend<T>(
  model: RemoteModel,
  options: LibraryOptions,
  shelf: Shelf | NoShelf,
  work: Work<T>,
): Promise<T> {
  const { signal, isRead } = options;
  if (typeof shelf === 'string' && !isRead) {
    throw new EngineError('PHI_ESTORAGE', `${model.name} would be kept nowhere: ${shelf}`, {
      where: model.id,
    });
  }
  const loan = new Loan(model, options, shelf);
  const onAbort = (): void => void loan.close().catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) throw canceledError(signal);
    return await work(loan);
  } catch (error) {
    throw signal.aborted ? canceledError(signal) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await loan.close();
  }
}

/** As withModel(), for a model that is only read; undefined when it is not all there. */
async function lendStored<T>(
  model: RemoteModel,
  options: LibraryOptions,
  work: Work<T>,
): Promise<{ value: T } | undefined> {
  const shelf = await openShelfIfPossible(model, options, 'read');
  if (typeof shelf !== 'string') {
    let isWhole = false;
    try {
      isWhole = await isAllThere(shelf, model, options);
    } catch (thrown) {
      if (!isDispensable(toEngineError(thrown), options)) throw thrown;
    } finally {
      if (!isWhole) await closeShelf(shelf);
    }
    if (!isWhole) return undefined;
  }
  return { value: await lend(model, options, shelf, work) };
}

/** Opens the model, runs `work` with its files, and closes them whatever happens. Only one tab writes a model at a
 * time: a second one waits, then finds it stored. */
export async function withModel<T>(
  model: RemoteModel,
  options: LibraryOptions,
  work: Work<T>,
): Promise<T> {
  const { storage, signal, meter } = options;
  const run = async (): Promise<T> =>
    lend(model, options, await openShelfIfPossible(model, options, 'write'), work);
  if (storage === 'none') return await run();
  const onWait = (): void => meter.enter('wait', model.name, 'another tab is loading this model');
  const lock = { signal, onWait };
  if ((await findStored(model.id, storage)) !== undefined) {
    const read = (): Promise<{ value: T } | undefined> => lendStored(model, options, work);
    const done = await withModelLock(model.id, 'shared', lock, read);
    if (done !== undefined) return done.value;
  }
  /* It may have been stored while we waited. */
  return await withModelLock(model.id, 'exclusive', lock, run);
}
