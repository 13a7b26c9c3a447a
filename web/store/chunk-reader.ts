/* Reads a file whose chunks are Blobs, forward, a whole chunk at a time; the next chunk comes while the caller
 * works on this one.
 *
 * Never are two Blobs read at the same time in one thread: Chromium then stalls for seconds now and then. Streams into
 * buffers of the caller's ("BYOB") are faster, and hang (docs/decisions/0006-what-is-stored.md). */
import { viewOf } from './arguments.ts';
import { isMissing } from './failures.ts';
import type { ReadTarget } from './weight-store.ts';

/** The Blob of a chunk, or undefined when it is missing or not what its record says. */
export type BlobOfChunk = (index: number) => Promise<Blob | undefined>;

/** Reads Blobs one after the other. */
export class BlobQueue {
  #last: Promise<unknown> = Promise.resolve();

  read(blob: Blob): Promise<ArrayBuffer> {
    const turn = this.#last.then(() => blob.arrayBuffer());
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

interface LoadedChunk {
  readonly index: number;
  readonly bytes: Promise<Uint8Array | undefined>;
}

export class ChunkReader {
  readonly #chunkBytes: number;
  readonly #blobOf: BlobOfChunk;
  readonly #onUnreadable: (index: number) => void;
  readonly #queue: BlobQueue;
  #current: LoadedChunk | undefined;
  #ahead: LoadedChunk | undefined;

  /** `onUnreadable` hears of chunks whose Blob is there and cannot be read. */
  constructor(
    chunkBytes: number,
    queue: BlobQueue,
    blobOf: BlobOfChunk,
    onUnreadable: (index: number) => void,
  ) {
    this.#chunkBytes = chunkBytes;
    this.#queue = queue;
    this.#blobOf = blobOf;
    this.#onUnreadable = onUnreadable;
  }

  /** As StoredFile.read(). */
  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    let done = 0;
    while (done < bytes) {
      const index = Math.floor((offset + done) / this.#chunkBytes);
      const from = offset + done - index * this.#chunkBytes;
      const chunk = await this.#load(index);
      const piece = chunk?.subarray(from, from + bytes - done);
      if (piece === undefined || piece.length === 0) break;
      viewOf(target, done, piece.length).set(piece);
      done += piece.length;
      if (from + piece.length < this.#chunkBytes) break;
    }
    return done;
  }

  /** Forgets what was read ahead: it may have changed. */
  reset(): void {
    this.#current = undefined;
    this.#ahead = undefined;
  }

  async #load(index: number): Promise<Uint8Array | undefined> {
    if (this.#current?.index !== index) {
      const ahead = this.#ahead;
      this.#ahead = undefined;
      this.#current = ahead?.index === index ? ahead : this.#start(index);
    }
    return this.#settle(this.#current);
  }

  /* What is missing or failed is asked for anew the next time. */
  async #settle(chunk: LoadedChunk): Promise<Uint8Array | undefined> {
    const bytes = await chunk.bytes.catch((error: unknown) => {
      this.reset();
      throw error;
    });
    if (bytes === undefined) this.reset();
    else if (bytes.length === this.#chunkBytes && this.#current === chunk) {
      this.#ahead ??= this.#start(chunk.index + 1);
    }
    return bytes;
  }

  #start(index: number): LoadedChunk {
    const bytes = this.#fetch(index);
    bytes.catch(() => undefined); /* whoever reads it sees the failure */
    return { index, bytes };
  }

  async #fetch(index: number): Promise<Uint8Array | undefined> {
    const blob = await this.#blobOf(index);
    if (blob === undefined) return undefined;
    try {
      return new Uint8Array(await this.#queue.read(blob));
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#onUnreadable(index);
      return undefined;
    }
  }
}
