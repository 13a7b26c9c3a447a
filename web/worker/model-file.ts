/* A model's files as the loader reads them: front to back, into memory that it names. Where the bytes come from is
 * nobody's business above this: a Blob and a stream are here, the network and the browser's storage in fetched-
 * file.ts. */
import { canceledError, EngineError, messageOf } from '../base/errors.ts';
import { BLOB_PIECE_BYTES } from '../base/limits.ts';
import type { ReadTarget } from '../store/weight-store.ts';

export type { ReadTarget };

export interface ModelFile {
  readonly name: string;
  /** Of the whole file; undefined while nobody has said. */
  readonly bytes: number | undefined;
  /** Fills what `target` returns for [offset, offset + bytes), and says how many bytes there were: fewer only at the
   * end of the file. Offsets never go back. One call at a time. */
  read(offset: number, bytes: number, target: ReadTarget): Promise<number>;
  /** Nothing will be read any more; whatever else is under way (storing the rest) goes on, and this waits for it. */
  finish(): Promise<void>;
  /** Ends everything. Twice is fine. */
  close(): Promise<void>;
}

/** The files of a model. Those behind the first are opened when the engine has learned their names. */
export interface ModelFiles {
  /** Of the first file, as split models name the others after it. */
  readonly firstName: string;
  open(idx: number, name: string): Promise<ModelFile>;
}

function tooShort(name: string, wanted: number, has: number): EngineError {
  return new EngineError(
    'PHI_ECORRUPT',
    `${name}: bytes from ${wanted} on were wanted, the file ends at ${has}`,
    { where: name },
  );
}

export class BlobFile implements ModelFile {
  readonly name: string;
  readonly #blob: Blob;
  readonly #onBytes: (bytes: number) => void;
  /** By offset: the piece that is being read from, and the one behind it. */
  readonly #pieces = new Map<number, Promise<Uint8Array>>();

  constructor(blob: Blob, onBytes: (bytes: number) => void) {
    this.#blob = blob;
    this.#onBytes = onBytes;
    this.name = nameOfBlob(blob);
  }

  get bytes(): number {
    return this.#blob.size;
  }

  /* Pieces are cut at multiples of their size, and the next one is read while this one is packed. */
  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const end = Math.min(offset + bytes, this.#blob.size);
    let at = offset;
    while (at < end) {
      const first = at - (at % BLOB_PIECE_BYTES);
      const piece = await this.#pieceAt(first);
      const part = piece.subarray(at - first, Math.min(end - first, piece.length));
      if (part.length === 0) throw tooShort(this.name, at, first + piece.length);
      target(at - offset, part.length).set(part);
      at += part.length;
      this.#onBytes(part.length);
    }
    return Math.max(0, end - offset);
  }

  async finish(): Promise<void> {
    this.#pieces.clear();
  }

  async close(): Promise<void> {
    this.#pieces.clear();
  }

  #pieceAt(offset: number): Promise<Uint8Array> {
    const next = offset + BLOB_PIECE_BYTES;
    for (const known of this.#pieces.keys()) if (known < offset) this.#pieces.delete(known);
    if (next < this.#blob.size) void this.#request(next);
    return this.#request(offset);
  }

  #request(offset: number): Promise<Uint8Array> {
    const known = this.#pieces.get(offset);
    if (known !== undefined) return known;
    const piece = this.#load(offset);
    /* A failure is told to whoever waits for the piece; until then it must not count as unhandled. */
    piece.catch(() => undefined);
    this.#pieces.set(offset, piece);
    return piece;
  }

  async #load(first: number): Promise<Uint8Array> {
    const end = Math.min(this.#blob.size, first + BLOB_PIECE_BYTES);
    try {
      return new Uint8Array(await this.#blob.slice(first, end).arrayBuffer());
    } catch (error) {
      throw new EngineError(
        'PHI_ENETWORK',
        `${this.name}: bytes ${first} to ${end} could not be read (${messageOf(error)}); ` +
          'was the file changed or moved?',
        { where: this.name, cause: error },
      );
    }
  }
}

function nameOfBlob(blob: Blob): string {
  return typeof File === 'function' && blob instanceof File ? blob.name : 'the given Blob';
}

/** A stream that the page gave: read once, kept nowhere. */
export class StreamFile implements ModelFile {
  readonly name = 'the given stream';
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #onBytes: (bytes: number) => void;
  #piece: Uint8Array = new Uint8Array(0);
  /** Where #piece begins. */
  #position = 0;
  #bytes: number | undefined;

  constructor(
    stream: ReadableStream<Uint8Array>,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ) {
    this.#reader = stream.getReader();
    this.#signal = signal;
    this.#onBytes = onBytes;
    signal.addEventListener('abort', () => void this.close(), { once: true });
  }

  get bytes(): number | undefined {
    return this.#bytes;
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    let at = 0;
    while (at < bytes) {
      if (!(await this.#reach(offset + at))) break;
      const from = offset + at - this.#position;
      const part = this.#piece.subarray(from, from + bytes - at);
      target(at, part.length).set(part);
      at += part.length;
    }
    return at;
  }

  async finish(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    /* Not waited for: how the page ends its stream, and when, is its own business. */
    this.#reader.cancel().catch(() => undefined);
  }

  /** Makes #piece hold the byte at `offset`; false when the stream ends before. */
  async #reach(offset: number): Promise<boolean> {
    if (offset < this.#position) throw tooShort(this.name, offset, this.#position);
    while (offset >= this.#position + this.#piece.length) {
      const { done, value } = await this.#reader.read().catch((error: unknown) => {
        if (this.#signal.aborted) throw canceledError(this.#signal);
        throw new EngineError('PHI_ENETWORK', `${this.name} failed: ${messageOf(error)}`, {
          where: this.name,
          cause: error,
        });
      });
      /* Closing the stream looks like its end. */
      if (this.#signal.aborted) throw canceledError(this.#signal);
      this.#position += this.#piece.length;
      this.#piece = new Uint8Array(0);
      if (done) {
        this.#bytes = this.#position;
        return false;
      }
      if (!(value instanceof Uint8Array)) {
        throw new EngineError('PHI_EINVAL', 'model: the stream must give Uint8Array pieces', {
          where: 'model',
        });
      }
      this.#piece = value;
      this.#onBytes(value.length);
    }
    return true;
  }
}

function onlyFile(firstName: string, file: ModelFile): ModelFiles {
  return {
    firstName,
    async open(idx) {
      if (idx === 0) return file;
      throw new EngineError(
        'PHI_EUNSUPPORTED',
        'this file is the first part of a split model; give its URL, or join the parts into one file',
        { where: 'model' },
      );
    },
  };
}

export function blobFiles(blob: Blob, onBytes: (bytes: number) => void): ModelFiles {
  const file = new BlobFile(blob, onBytes);
  return onlyFile(file.name, file);
}

export function streamFiles(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): ModelFiles {
  const file = new StreamFile(stream, signal, onBytes);
  return onlyFile(file.name, file);
}
