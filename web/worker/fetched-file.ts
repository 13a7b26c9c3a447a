/* A model file that comes over the network, out of the browser's storage, or partly from both. Chunks that are
 * missing are fetched in ascending order, stored, and read by the loader while they are still in memory; those that
 * are stored are read from there.
 *
 *   network ──chunk, checked──▶ fresh ──────▶ loader (packing)
 *                                 └─▶ store ──▶ loader of this or a later visit
 *
 * A fresh chunk leaves memory once it is stored and, while somebody loads, read. Until then the download counts it
 * as under way, so memory stays at a few chunks however slow the store or the loader is.
 *
 * Nothing is read before the server has said that what is stored is of its file: a model is never half of one file
 * and half of another. Where everything is stored, nobody is asked. */
import { canceledError, EngineError, toEngineError } from '../base/errors.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { ChunkSink, FileIdentity } from '../net/chunk-sink.ts';
import { type ChunkStart, downloadFile } from '../net/download.ts';
import type { ChunkRecord, FileMode, StoredFile } from '../store/weight-store.ts';
import type { ModelFile, ReadTarget } from './model-file.ts';

export interface FetchOptions {
  readonly name: string;
  readonly url: string;
  readonly chunkBytes: number;
  readonly parallel: number;
  readonly patience: number | 'endless' | undefined;
  /** The manifest's. */
  readonly hashes: readonly string[] | undefined;
  readonly expectedBytes: number | undefined;
  /** What the stored chunks are of. */
  readonly known: FileIdentity | undefined;
  /** Somebody reads the file; otherwise it is only stored. */
  readonly isRead: boolean;
  /** How the store was opened. */
  readonly mode: FileMode;
}

/** What happens to a file that others want to know. */
export interface FetchEvents {
  /** Before the first byte is fetched; throws to stop. */
  identified(identity: FileIdentity): Promise<void>;
  /** Whether a chunk that has come is stored: the store is open for writing, and nobody has given it up. */
  isKept(): boolean;
  /** Bytes that came over the network, or were in the store; negative ones are void. */
  fetched(bytes: number): void;
  cached(bytes: number): void;
  waiting(ms: number, reason: string): void;
  /** The server has another file than what is stored or was fetched: that is thrown away. */
  changed(): void;
  /** Stored bytes cannot be read; they are fetched again. */
  lost(): Promise<void>;
  /** The store refuses a chunk: throws to stop, else the file goes on without being stored. */
  storeFailed(error: EngineError): void;
}

interface FreshChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lets the chunk go once it has been read. */
  readonly release: () => void;
}

export class FetchedFile implements ModelFile {
  readonly name: string;
  readonly #options: FetchOptions;
  readonly #events: FetchEvents;
  readonly #stored = new Map<number, ChunkRecord>();
  readonly #fresh = new Map<number, FreshChunk>();
  readonly #store: StoredFile | undefined;
  /** One call of the store's read() at a time. */
  #lastRead: Promise<unknown> = Promise.resolve();
  #bytes: number | undefined;
  /** The download that is under way or was the last. */
  #abort = new AbortController();
  #download: Promise<void> | undefined;
  /** Nothing more comes of it: chunks wait for no reader. */
  #isStopped = false;
  #failure: EngineError | undefined;
  #identity: FileIdentity | undefined;
  /** What is stored is of the file that the server has, or all of it is stored. */
  #isSettled: boolean;
  /** Chunks that came in this visit: they are counted already when they are read from the store. */
  readonly #own = new Set<number>();
  #fetchedBytes = 0;
  #cachedBytes = 0;
  #position = 0;
  #isRead: boolean;
  #isClosed = false;
  #wake: (() => void)[] = [];

  /** `held`: what the store has, ascending. Both are the file's now. */
  constructor(
    options: FetchOptions,
    store: StoredFile | undefined,
    held: readonly ChunkRecord[],
    events: FetchEvents,
  ) {
    this.name = options.name;
    this.#options = options;
    this.#events = events;
    this.#store = store;
    this.#isRead = options.isRead;
    this.#identity = options.known;
    this.#bytes = options.known?.bytes ?? options.expectedBytes;
    for (const record of held) this.#stored.set(record.index, record);
    this.#isSettled = this.isWhole;
    if (!this.#isSettled) this.#startDownload();
  }

  get bytes(): number | undefined {
    return this.#bytes;
  }

  /** All of it is stored. */
  get isWhole(): boolean {
    if (this.#bytes === undefined || this.#store === undefined) return false;
    const count = Math.ceil(this.#bytes / this.#options.chunkBytes);
    for (let i = 0; i < count; i++) if (!this.#isComplete(i)) return false;
    return true;
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    /* What lies before is not wanted any more: chunks that wait for their reader would be in the way. */
    this.#advance(offset);
    let at = 0;
    while (at < bytes) {
      const got = await this.#readSome(offset + at, bytes - at, (from, n) => target(at + from, n));
      if (got === undefined) break;
      at += got;
      this.#advance(offset + at);
    }
    return at;
  }

  async finish(): Promise<void> {
    this.#isRead = false;
    this.#releaseAll();
    /* What nobody read and nobody keeps need not come. */
    if (!this.#events.isKept()) return await this.#stopDownload();
    await this.#download;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stopDownload();
    await this.#lastRead;
    await this.#store?.close();
  }

  /** Bytes of the file from `offset` on, 0 after having waited for some; undefined at its end. */
  async #readSome(offset: number, bytes: number, target: ReadTarget): Promise<number | undefined> {
    if (this.#isClosed) throw canceledError();
    const index = Math.floor(offset / this.#options.chunkBytes);
    if (this.#isSettled) {
      if (this.#bytes !== undefined && offset >= this.#bytes) return undefined;
      const fresh = this.#fresh.get(index);
      if (fresh !== undefined) return this.#readFresh(fresh, offset, bytes, target);
      if (this.#isComplete(index)) return await this.#readStored(offset, bytes, target);
    }
    if (this.#failure !== undefined) throw this.#failure;
    await this.#changed();
    return 0;
  }

  #readFresh(
    { bytes: chunk }: FreshChunk,
    offset: number,
    bytes: number,
    target: ReadTarget,
  ): number | undefined {
    const from = offset % this.#options.chunkBytes;
    const part = chunk.subarray(from, from + bytes);
    if (part.length === 0) return undefined;
    target(0, part.length).set(part);
    return part.length;
  }

  async #readStored(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const index = Math.floor(offset / this.#options.chunkBytes);
    const from = offset % this.#options.chunkBytes;
    const wanted = Math.min(bytes, (this.#stored.get(index)?.bytes ?? 0) - from);
    const got = await this.#readStore(offset, wanted, target);
    if (!this.#own.has(index)) this.#countCached(got);
    if (got < wanted) await this.#lose(index);
    return got;
  }

  async #readStore(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const turn = this.#lastRead.then(() => this.#store?.read(offset, bytes, target) ?? 0);
    this.#lastRead = turn.catch(() => undefined);
    return await turn;
  }

  /** A chunk that should be stored is not readable: it is fetched again, before those that are on their way. */
  async #lose(index: number): Promise<void> {
    this.#stored.delete(index);
    this.#own.delete(index);
    this.#isSettled = false;
    await this.#events.lost();
    await this.#stopDownload();
    if (this.#isClosed) throw canceledError();
    this.#failure = undefined;
    this.#startDownload();
  }

  async #stopDownload(): Promise<void> {
    this.#abort.abort();
    this.#releaseAll();
    await this.#download;
  }

  #releaseAll(): void {
    for (const chunk of this.#fresh.values()) chunk.release();
  }

  #isComplete(index: number): boolean {
    const record = this.#stored.get(index);
    return record !== undefined && this.#isWholeChunk(record);
  }

  #isWholeChunk({ index, bytes }: ChunkRecord): boolean {
    const { chunkBytes } = this.#options;
    return bytes === chunkBytes || index * chunkBytes + bytes === this.#bytes;
  }

  #startDownload(): void {
    const { url, chunkBytes, parallel, patience, hashes, expectedBytes } = this.#options;
    this.#abort = new AbortController();
    this.#isStopped = false;
    const have = new Set<number>();
    const starts = new Map<number, ChunkStart>();
    for (const [index, record] of this.#stored) {
      if (this.#isComplete(index)) have.add(index);
      else starts.set(index, this.#startOf(record));
    }
    const holdsAny = this.#stored.size > 0;
    this.#download = downloadFile({
      url,
      chunkBytes,
      parallel,
      ...(patience !== undefined && { patience }),
      ...(hashes !== undefined && { hashes }),
      ...(expectedBytes !== undefined && { expectedBytes }),
      wantsHash: this.#store !== undefined && this.#options.mode === 'write',
      ...(holdsAny && { known: this.#identity, have, starts }),
      signal: this.#abort.signal,
      sink: this.#sink,
      onWait: (ms, reason) => this.#events.waiting(ms, reason),
    }).then(
      ({ bytes }) => {
        this.#bytes = bytes;
        this.#notify();
      },
      (error: unknown) => {
        this.#failure = toEngineError(error);
        this.#notify();
      },
    );
  }

  #startOf(record: ChunkRecord): ChunkStart {
    const place = record.index * this.#options.chunkBytes;
    return {
      bytes: record.bytes,
      load: (target) => {
        this.#countCached(record.bytes);
        return this.#readStore(place, record.bytes, (at, n) => target.subarray(at, at + n));
      },
    };
  }

  readonly #sink: ChunkSink = {
    begin: async (identity, isResumed) => {
      this.#isStopped = false;
      if (!isResumed) await this.#startOver();
      this.#identity = identity;
      this.#bytes = identity.bytes ?? (isResumed ? this.#bytes : undefined);
      await this.#events.identified(identity);
      if (!this.#isRead) this.#countHeld();
      this.#isSettled = true;
      this.#notify();
    },
    chunk: (index, bytes, sha256) => this.#keep(index, bytes, sha256),
    partial: (index, bytes) => this.#keepStart(index, bytes),
    stopped: () => {
      this.#isStopped = true;
      this.#releaseAll();
    },
    restart: () => this.#startOver(),
    progress: (bytes) => this.#countFetched(bytes),
  };

  /** What there is is of another file. */
  async #startOver(): Promise<void> {
    if (this.#position > 0) {
      const { url } = this.#options;
      throw new EngineError(
        'PHI_ENETWORK',
        `${url}: the server has another file now, and a part of the one before is loaded already; load the model again`,
        { where: url },
      );
    }
    const indices = [...this.#stored.keys()];
    if (indices.length > 0 || this.#fetchedBytes > 0) this.#events.changed();
    this.#stored.clear();
    this.#own.clear();
    this.#countFetched(-this.#fetchedBytes);
    this.#countCached(-this.#cachedBytes);
    if (this.#options.mode === 'read') return;
    for (const index of indices) await this.#store?.drop(index);
  }

  async #keep(index: number, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
    const read = new Promise<void>((release) => {
      this.#fresh.set(index, { bytes, release });
    });
    this.#notify();
    const end = index * this.#options.chunkBytes + bytes.length;
    const isAwaited = (): boolean => this.#isRead && this.#position < end;
    try {
      if (this.#events.isKept()) await this.#write({ index, bytes: bytes.length, sha256 }, bytes);
      if (isAwaited() && !this.#isStopped) await read;
    } finally {
      this.#fresh.delete(index);
    }
    if (isAwaited() && !this.#stored.has(index)) this.#countFetched(-bytes.length);
  }

  async #keepStart(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    /* Counted again when it is loaded. */
    this.#countFetched(-bytes.length);
    if (!this.#events.isKept()) return;
    this.#stored.delete(index);
    if (bytes.length === 0) {
      await this.#store?.drop(index);
      return;
    }
    const record = { index, bytes: bytes.length, sha256: await sha256Hex(bytes) };
    /* Nobody has compared it yet. All of a chunk counts as compared from now on. */
    const expected = this.#options.hashes?.[index] ?? record.sha256;
    if (this.#isWholeChunk(record) && record.sha256 !== expected) return;
    await this.#store?.write(record, bytes);
    this.#stored.set(index, record);
  }

  async #write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#store?.write(record, bytes);
      this.#stored.set(record.index, record);
      this.#own.add(record.index);
    } catch (error) {
      const failure = toEngineError(error);
      if (failure.code !== 'PHI_ESTORAGE') throw failure;
      this.#events.storeFailed(failure);
    }
  }

  #countFetched(bytes: number): void {
    if (bytes === 0) return;
    this.#fetchedBytes += bytes;
    this.#events.fetched(bytes);
  }

  #countCached(bytes: number): void {
    if (bytes === 0) return;
    this.#cachedBytes += bytes;
    this.#events.cached(bytes);
  }

  /** Where nobody reads, what is held counts at once; starts of chunks count when they are loaded. */
  #countHeld(): void {
    for (const [index, { bytes }] of this.#stored)
      if (this.#isComplete(index)) this.#countCached(bytes);
  }

  #advance(position: number): void {
    this.#position = position;
    const { chunkBytes } = this.#options;
    for (const [index, chunk] of this.#fresh)
      if (index * chunkBytes + chunk.bytes.length <= position) chunk.release();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
    });
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
