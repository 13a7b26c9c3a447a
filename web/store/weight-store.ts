/* What a place for weights must do. A model is a few files; a file is stored in chunks of equal size, the last one shorter, so
 * that each can be hashed, fetched again and replaced by itself. One implementation a browser storage; storeContract()
 * in tests/ runs on all of them. Absent is `undefined` or an empty list; failed throws an EngineError (PHI_ESTORAGE). */

export type StoreKind = 'indexeddb' | 'opfs' | 'memory';

export interface ChunkRecord {
  /** Holds the bytes [index * chunkBytes, index * chunkBytes + bytes) of the file. */
  readonly index: number;
  /** Fewer than a chunk has: the file's last chunk, or the start of one that is kept for resuming. */
  readonly bytes: number;
  /** Of these bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** One file of a model, open for one owner. Closing it twice is fine. */
export interface StoredFile {
  /** What is stored, ascending. */
  chunks(): Promise<ChunkRecord[]>;
  /** Stores a chunk, in place of an earlier one. Once this resolves, the chunk and its record are there whatever happens to the
   * tab or the browser; until then the record is as it was. `bytes` is the caller's again afterwards. */
  write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Fills what `target` returns from `offset` on, and says how many bytes there were: fewer when the next chunk is missing
   * or damaged. `target` is called each time just before bytes are copied, may give a view of shared memory, and is
   * asked for [at, at + bytes) of the range that is read. Reading forward is fast. */
  read(offset: number, bytes: number, target: ReadTarget): Promise<number>;
  /** Forgets a chunk, as when its bytes turned out bad. */
  drop(index: number): Promise<void>;
  close(): Promise<void>;
}

export type ReadTarget = (at: number, bytes: number) => Uint8Array;

export interface WeightStore {
  readonly kind: StoreKind;
  openFile(place: FilePlace, mode: 'read' | 'write'): Promise<StoredFile>;
  /** Bytes of all chunks of a model. */
  usedBytes(model: string): Promise<number>;
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
