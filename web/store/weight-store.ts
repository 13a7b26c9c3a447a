/* What a place for weights must do. A model is a few files; a file is stored in chunks of equal size, the last one
 * shorter, so that each can be hashed, fetched again and replaced by itself. One implementation a browser storage;
 * storeContract() in tests/ runs on all of them. Absent is `undefined` or an empty list; failed throws an
 * EngineError: PHI_ESTORAGE, or PHI_EINVAL and PHI_ESTATE for calls that are wrong themselves. */

export type StoreKind = 'indexeddb' | 'opfs' | 'memory';

export interface ChunkRecord {
  /** Holds the bytes [index * chunkBytes, index * chunkBytes + bytes) of the file. */
  readonly index: number;
  /** Fewer than a chunk has: the file's last chunk, or the start of one that is kept for resuming. At least 1. */
  readonly bytes: number;
  /** Of these bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** One file of a model, open for one owner, who makes one call of read() at a time. Closing it twice is fine. */
export interface StoredFile {
  /** What is stored, ascending; without what is visibly shorter than its record says, or was found unreadable by
   * read(). */
  chunks(): Promise<ChunkRecord[]>;
  /** Stores a chunk, in place of an earlier one. Once this resolves, the chunk and its record are there whatever
   * happens to the tab or the browser; until then the record is as it was, or gone where another one is to be
   * replaced: it never claims bytes that are not there. Several writes of different chunks may be under way.
   * `bytes` is the caller's again afterwards. */
  write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Fills what `target` returns from `offset` on, and says how many bytes there were: fewer when the next chunk is
   * missing or damaged. `target` is called each time just before bytes are copied, may give a view of shared
   * memory, and is asked for [at, at + bytes) of the range that is read. Reading forward is fast. */
  read(offset: number, bytes: number, target: ReadTarget): Promise<number>;
  /** Forgets a chunk, as when its bytes turned out bad. */
  drop(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Gives a view of exactly `bytes` bytes. */
export type ReadTarget = (at: number, bytes: number) => Uint8Array;

export type FileMode = 'read' | 'write';

export interface WeightStore {
  readonly kind: StoreKind;
  /** In words: why this kind, and what the better ones lack here. */
  readonly reason: string;
  /** In mode 'read', a file that is not there has no chunks. In mode 'write' there is one owner at a time: OPFS refuses
   * a second one, elsewhere the model's lock (locks.ts) sees to it. */
  openFile(place: FilePlace, mode: FileMode): Promise<StoredFile>;
  /** Bytes of all chunks of a model, as their records have it. */
  usedBytes(model: string): Promise<number>;
  /** One that is open elsewhere is refused with PHI_ESTORAGE, or its reads give fewer bytes from then on. */
  deleteModel(model: string): Promise<void>;
  close(): Promise<void>;
}

export interface FilePlace {
  /** The model's id in the catalogue. */
  readonly model: string;
  /** Which of its files. */
  readonly file: number;
  readonly chunkBytes: number;
}
