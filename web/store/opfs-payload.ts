/* The bytes of one file in OPFS, through a synchronous handle or, where that is not to be had, as a Blob. */
import { EngineError } from '../base/errors.ts';
import { viewOf } from './arguments.ts';
import { type BlobQueue, ChunkReader } from './chunk-reader.ts';
import type { ReadTarget } from './weight-store.ts';

/** What browsers have of it: pages have no handles, and not every browser knows the modes. */
export interface SyncFile {
  getFile(): Promise<File>;
  createSyncAccessHandle?(options: {
    mode: 'readwrite' | 'read-only';
  }): Promise<FileSystemSyncAccessHandle>;
}

export interface Payload {
  size(): Promise<number>;
  /** As StoredFile.read(), whatever the journal says. */
  read(offset: number, bytes: number, target: ReadTarget): Promise<number>;
  /** Resolved means flushed. */
  write(offset: number, bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** For browsers that do not read into shared memory. */
const BOUNCE_BYTES = 1 << 20;

export class HandlePayload implements Payload {
  readonly #handle: FileSystemSyncAccessHandle;
  #bounce: Uint8Array<ArrayBuffer> | undefined;

  constructor(handle: FileSystemSyncAccessHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return this.#handle.getSize();
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    let done = 0;
    while (done < bytes) {
      const n = this.#readPiece(offset + done, viewOf(target, done, bytes - done));
      if (n === 0) break;
      done += n;
    }
    return done;
  }

  write(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    const n = this.#handle.write(bytes, { at: offset });
    if (n !== bytes.length) {
      throw new EngineError(
        'PHI_ESTORAGE',
        `the browser wrote ${n} of ${bytes.length} bytes; the disk may be full`,
      );
    }
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }

  #readPiece(at: number, view: Uint8Array): number {
    if (this.#bounce === undefined) {
      try {
        return this.#handle.read(view, { at });
      } catch (error) {
        if (!(error instanceof TypeError) || view.buffer instanceof ArrayBuffer) throw error;
        this.#bounce = new Uint8Array(BOUNCE_BYTES);
      }
    }
    const piece = this.#bounce.subarray(0, Math.min(view.length, BOUNCE_BYTES));
    const n = this.#handle.read(piece, { at });
    view.set(piece.subarray(0, n));
    return n;
  }
}

export class BlobPayload implements Payload {
  readonly #file: SyncFile;
  readonly #reader: ChunkReader;

  constructor(file: SyncFile, chunkBytes: number, queue: BlobQueue) {
    this.#file = file;
    const blobOf = async (index: number): Promise<Blob> =>
      (await file.getFile()).slice(index * chunkBytes, (index + 1) * chunkBytes);
    this.#reader = new ChunkReader(chunkBytes, queue, blobOf, () => undefined);
  }

  async size(): Promise<number> {
    return (await this.#file.getFile()).size;
  }

  read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    return this.#reader.read(offset, bytes, target);
  }

  write(): void {
    throw new EngineError('PHI_ESTATE', 'the file is open for reading only');
  }

  close(): void {
    this.#reader.reset();
  }
}
