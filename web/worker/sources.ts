/* Model files as streams of bytes from a place onwards: over HTTP or out of a Blob. One clear error for each way in which
 * that goes wrong; no retry. */
import { canceledError, EngineError, messageOf } from '../base/errors.ts';
import { BLOB_PIECE_BYTES, SKIP_BYTES_MAX } from '../base/limits.ts';
import type { ModelSource } from './protocol.ts';

/** Bytes in order. `next` gives a piece, or undefined at the end. */
export interface ByteStream {
  next(): Promise<Uint8Array | undefined>;
  cancel(): Promise<void>;
}

export interface OpenedFile {
  readonly stream: ByteStream;
  /** Where the stream begins: 0 when the server ignored the offset that was asked for. */
  readonly offset: number;
  /** Of the whole file; undefined when nobody says. */
  readonly fileBytes: number | undefined;
}

export interface FileSource {
  readonly name: string;
  open(offset: number): Promise<OpenedFile>;
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  401: 'the server wants a login',
  403: 'the server refuses access',
  404: 'there is no such file',
  410: 'the file is gone',
  416: 'the server has fewer bytes than the file should have',
  429: 'too many requests; wait a while',
};

function networkError(url: string, text: string, cause?: unknown): EngineError {
  return new EngineError('PHI_ENETWORK', `${url}: ${text}`, { where: url, cause });
}

/** An unsigned decimal, or undefined. */
function parseBytes(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || !/^\d+$/.test(text)) return undefined;
  const bytes = Number(text);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The length of what is still to come, when the body is what the header counts. */
function bodyBytes(response: Response): number | undefined {
  const encoding = response.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') return undefined;
  return parseBytes(response.headers.get('content-length'));
}

class HttpFile implements FileSource {
  readonly name: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.name = url;
    this.#signal = signal;
  }

  async open(offset: number): Promise<OpenedFile> {
    const response = await this.#fetch(offset);
    const body = response.body;
    if (body === null) throw networkError(this.name, 'the answer has no body');
    try {
      const place = this.#readPlace(response, offset);
      return { ...place, stream: this.#stream(body, place) };
    } catch (error) {
      await body.cancel();
      throw error;
    }
  }

  async #fetch(offset: number): Promise<Response> {
    const init: RequestInit = { signal: this.#signal };
    if (offset > 0) init.headers = { Range: `bytes=${offset}-` };
    try {
      return await fetch(this.name, init);
    } catch (error) {
      if (this.#signal.aborted) throw canceledError(this.#signal);
      throw networkError(
        this.name,
        `the request failed (${messageOf(error)}): no connection, or the server does not allow this page to read it (CORS)`,
        error,
      );
    }
  }

  /** Checks the answer's head: what is coming, and from where. */
  #readPlace(response: Response, asked: number): { offset: number; fileBytes: number | undefined } {
    const { status } = response;
    if (status !== 200 && status !== 206) {
      throw networkError(
        this.name,
        `HTTP status ${status}: ${STATUS_WORDS[status] ?? 'no model there'}`,
      );
    }
    const type = response.headers.get('content-type') ?? '';
    if (/^text\/html\b/i.test(type)) {
      throw networkError(
        this.name,
        'expected a model file, got an HTML page; link to the file itself',
      );
    }
    const length = bodyBytes(response);
    if (status === 200) return { offset: 0, fileBytes: length };
    const range = response.headers.get('content-range');
    /* Another origin may hide the header; then the length has to do. */
    if (range === null)
      return { offset: asked, fileBytes: length === undefined ? undefined : asked + length };
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range.trim());
    const first = parseBytes(match?.[1]);
    if (first !== asked) {
      throw networkError(
        this.name,
        `asked for the bytes from ${asked} on, got content-range "${range}"`,
      );
    }
    return { offset: asked, fileBytes: parseBytes(match?.[3]) };
  }

  #stream(
    body: ReadableStream<Uint8Array>,
    place: { offset: number; fileBytes: number | undefined },
  ): ByteStream {
    const reader = body.getReader();
    const { fileBytes } = place;
    let position = place.offset;
    const next = async (): Promise<Uint8Array | undefined> => {
      const piece = await reader.read().catch((error: unknown) => {
        if (this.#signal.aborted) throw canceledError(this.#signal);
        throw networkError(
          this.name,
          `the connection broke at byte ${position} (${messageOf(error)})`,
          error,
        );
      });
      if (piece.done) {
        if (fileBytes === undefined || position >= fileBytes) return undefined;
        throw networkError(this.name, `the answer ended at byte ${position} of ${fileBytes}`);
      }
      position += piece.value.length;
      if (fileBytes !== undefined && position > fileBytes) {
        throw networkError(
          this.name,
          `the answer is longer than the ${fileBytes} bytes that it announced`,
        );
      }
      return piece.value;
    };
    return { next, cancel: () => reader.cancel() };
  }
}

class BlobFile implements FileSource {
  readonly name: string;
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
    this.name = typeof File === 'function' && blob instanceof File ? blob.name : 'the given Blob';
  }

  async open(offset: number): Promise<OpenedFile> {
    let position = offset;
    const read = async (): Promise<Uint8Array | undefined> => {
      if (position >= this.#blob.size) return undefined;
      const first = position;
      position = Math.min(this.#blob.size, position + BLOB_PIECE_BYTES);
      try {
        return new Uint8Array(await this.#blob.slice(first, position).arrayBuffer());
      } catch (error) {
        throw new EngineError(
          'PHI_ENETWORK',
          `${this.name}: bytes ${first} to ${position} could not be read (${messageOf(error)}); was the file changed or moved?`,
          { where: this.name, cause: error },
        );
      }
    };
    /* One piece ahead: the next is read while this one is packed. A failed read is reported when its turn comes. */
    let ahead = read();
    ahead.catch(keepForLater);
    const next = async (): Promise<Uint8Array | undefined> => {
      const piece = await ahead;
      ahead = read();
      ahead.catch(keepForLater);
      return piece;
    };
    return { stream: { next, cancel: async () => undefined }, offset, fileBytes: this.#blob.size };
  }
}

/** The promise is awaited later; this keeps its failure from being called unhandled until then. */
const keepForLater = (): undefined => undefined;

export function openSource(source: ModelSource, signal: AbortSignal): FileSource {
  return source.kind === 'url' ? new HttpFile(source.url, signal) : new BlobFile(source.blob);
}

/** The name that a split model's other files are named after, and how to get to them. */
export interface SplitNames {
  readonly first: string;
  open(name: string): FileSource;
}

export function splitNamesOf(source: ModelSource, signal: AbortSignal): SplitNames {
  if (source.kind === 'blob') {
    throw new EngineError(
      'PHI_EUNSUPPORTED',
      'this file is the first part of a split model; give its URL, or join the parts into one file',
      { where: 'model' },
    );
  }
  const url = new URL(source.url);
  const cut = url.pathname.lastIndexOf('/') + 1;
  return {
    first: decodeURIComponent(url.pathname.slice(cut)),
    open(name) {
      const other = new URL(url);
      other.pathname = url.pathname.slice(0, cut) + encodeURIComponent(name);
      return new HttpFile(other.href, signal);
    },
  };
}

/** Reads one file front to back, reopening it when what is wanted lies elsewhere. Pieces may be put back in front. */
export class FileReader {
  readonly source: FileSource;
  #opened: OpenedFile | undefined;
  #waiting: Uint8Array[] = [];
  #position = 0;
  #fileBytes: number | undefined;

  constructor(source: FileSource) {
    this.source = source;
  }

  get fileBytes(): number | undefined {
    return this.#fileBytes;
  }

  /** The next piece, of at most `bytes` bytes; undefined at the end of the file. */
  async read(bytes: number): Promise<Uint8Array | undefined> {
    const piece = this.#waiting.shift() ?? (await this.#opened?.stream.next());
    if (piece === undefined) return undefined;
    if (piece.length > bytes) this.#waiting.unshift(piece.subarray(bytes));
    const part = piece.length > bytes ? piece.subarray(0, bytes) : piece;
    this.#position += part.length;
    return part;
  }

  /** Goes to a place: over a small gap by reading on, else by a new request. */
  async seek(offset: number): Promise<void> {
    const known = this.#position + this.#waiting.reduce((sum, piece) => sum + piece.length, 0);
    const isNear =
      this.#opened !== undefined && offset >= this.#position && offset <= known + SKIP_BYTES_MAX;
    if (!isNear) await this.#reopen(offset);
    while (this.#position < offset) {
      if ((await this.read(offset - this.#position)) !== undefined) continue;
      throw new EngineError(
        'PHI_ECORRUPT',
        `${this.source.name}: the file ends at byte ${this.#position}, expected more at byte ${offset}`,
        { where: this.source.name },
      );
    }
  }

  /** Puts back what was read from the file's start. */
  rewind(pieces: readonly Uint8Array[]): void {
    this.#waiting.unshift(...pieces);
    this.#position = 0;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#waiting = [];
    await opened?.stream.cancel();
  }

  async #reopen(offset: number): Promise<void> {
    await this.close();
    this.#opened = await this.source.open(offset);
    this.#position = this.#opened.offset;
    if (
      this.#fileBytes !== undefined &&
      this.#opened.fileBytes !== undefined &&
      this.#fileBytes !== this.#opened.fileBytes
    ) {
      throw networkError(
        this.source.name,
        `the file changed while it was read: ${this.#fileBytes} bytes first, ${this.#opened.fileBytes} now`,
      );
    }
    this.#fileBytes ??= this.#opened.fileBytes;
  }
}
