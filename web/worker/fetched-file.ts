/* A model file that comes over the network, out of the browser's storage, or partly from both. Chunks that are missing are
 * fetched in ascending order, stored, and read by the loader while they are still in memory; those that are stored are read
 * from there.
 *
 *   network ──chunk, checked──▶ fresh ──────▶ loader (packing)
 *                                 └─▶ store ──▶ loader of this or a later visit
 *
 * A fresh chunk leaves memory once it is stored and, while somebody loads, read. Until then the download counts it as
 * under way, so memory stays at a few chunks however slow the store or the loader is. */
import { EngineError, toEngineError } from '../base/errors.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { ChunkSink, FileIdentity } from '../net/chunk-sink.ts';
import { type ChunkStart, downloadFile } from '../net/download.ts';
import type { ChunkRecord, StoredFile } from '../store/weight-store.ts';
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
  /** What is fetched is stored too; the store was opened for writing. */
  readonly isStored: boolean;
}

/** What happens to a file that others want to know. */
export interface FetchEvents {
  /** Before the first byte is fetched; throws to stop. */
  identified(identity: FileIdentity): Promise<void>;
  fetched(bytes: number): void;
  cached(bytes: number): void;
  waiting(ms: number, reason: string): void;
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
  #store: StoredFile | undefined;
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
  #position = 0;
  #isRead: boolean;
  #isStoring: boolean;
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
    this.#isStoring = store !== undefined && options.isStored;
    this.#identity = options.known;
    this.#bytes = options.known?.bytes ?? options.expectedBytes;
    for (const record of held) this.#stored.set(record.index, record);
    if (!this.isWhole) this.#startDownload();
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
    await this.#download;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.#stopDownload();
    await this.#lastRead;
    await this.#store?.close();
  }

  /** Bytes of the file from `offset` on; undefined at its end. */
  async #readSome(offset: number, bytes: number, target: ReadTarget): Promise<number | undefined> {
    if (this.#bytes !== undefined && offset >= this.#bytes) return undefined;
    const { chunkBytes } = this.#options;
    const index = Math.floor(offset / chunkBytes);
    const fresh = this.#fresh.get(index);
    if (fresh !== undefined) {
      const from = offset - index * chunkBytes;
      const part = fresh.bytes.subarray(from, from + bytes);
      if (part.length === 0) return undefined;
      target(0, part.length).set(part);
      return part.length;
    }
    if (this.#isComplete(index)) return await this.#readStored(offset, bytes, target);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#changed();
    return 0;
  }

  async #readStored(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const { chunkBytes } = this.#options;
    let end = Math.floor(offset / chunkBytes);
    while ((end + 1) * chunkBytes < offset + bytes && this.#isComplete(end + 1)) end++;
    const known = Math.min((end + 1) * chunkBytes, this.#bytes ?? Number.POSITIVE_INFINITY);
    const wanted = Math.min(bytes, known - offset);
    const got = await this.#readStore(offset, wanted, target);
    this.#events.cached(got);
    if (got < wanted) await this.#lose(Math.floor((offset + got) / chunkBytes));
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
    await this.#stopDownload();
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
    if (record === undefined) return false;
    const { chunkBytes } = this.#options;
    return record.bytes === chunkBytes || index * chunkBytes + record.bytes === this.#bytes;
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
      load: (target) =>
        this.#readStore(place, record.bytes, (at, n) => target.subarray(at, at + n)),
    };
  }

  readonly #sink: ChunkSink = {
    begin: async (identity, isResumed) => {
      this.#isStopped = false;
      if (!isResumed) await this.#forget();
      this.#identity = identity;
      this.#bytes = identity.bytes ?? this.#bytes;
      await this.#events.identified(identity);
    },
    chunk: (index, bytes, sha256) => this.#keep(index, bytes, sha256),
    partial: async (index, bytes) => {
      if (!this.#isStoring) return;
      if (bytes.length === 0) {
        this.#stored.delete(index);
        await this.#store?.drop(index);
        return;
      }
      await this.#store?.write(
        { index, bytes: bytes.length, sha256: await sha256Hex(bytes) },
        bytes,
      );
    },
    stopped: () => {
      this.#isStopped = true;
      this.#releaseAll();
    },
    restart: async () => {
      if (this.#position > 0) {
        throw new EngineError(
          'PHI_ENETWORK',
          `${this.#options.url}: the file changed while it was loaded; load it again`,
          { where: this.#options.url },
        );
      }
      await this.#forget();
    },
    progress: (bytes) => this.#events.fetched(bytes),
  };

  async #keep(index: number, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
    const read = new Promise<void>((release) => {
      this.#fresh.set(index, { bytes, release });
    });
    this.#notify();
    try {
      if (this.#isStoring) await this.#write(index, bytes, sha256);
      const end = index * this.#options.chunkBytes + bytes.length;
      if (this.#isRead && !this.#isStopped && this.#position < end) await read;
    } finally {
      this.#fresh.delete(index);
    }
  }

  async #write(index: number, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
    const record = { index, bytes: bytes.length, sha256 };
    try {
      await this.#store?.write(record, bytes);
      this.#stored.set(index, record);
    } catch (error) {
      const failure = toEngineError(error);
      if (failure.code !== 'PHI_ESTORAGE') throw failure;
      this.#events.storeFailed(failure);
      this.#isStoring = false;
    }
  }

  /** What was stored is of another file. */
  async #forget(): Promise<void> {
    const indices = [...this.#stored.keys()];
    this.#stored.clear();
    for (const index of indices) await this.#store?.drop(index);
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
