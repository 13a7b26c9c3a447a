/* Whether stored bytes are what they should be. */
import { canceledError } from '../base/errors.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { FileRecord, ModelRecord } from './catalogue.ts';
import { formatBytes } from './quota.ts';
import type { ChunkRecord, StoredFile } from './weight-store.ts';

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface Verdict {
  /** Dropped, ascending: to be fetched again. */
  readonly badChunks: number[];
  /** What the file lacks after that; without a known size, the bad chunks' bytes. */
  readonly missingBytes: number;
}

/** How many bytes the chunk has by the file's record; undefined while the file's size is unknown. */
function bytesOfChunk(index: number, { bytes, chunkBytes }: FileRecord): number | undefined {
  if (bytes === null) return undefined;
  return Math.max(0, Math.min(chunkBytes, bytes - index * chunkBytes));
}

/** The hash that a chunk of this length must have besides its own record's: the manifest's, when it is whole. */
function manifestHash({ index, bytes }: ChunkRecord, record: FileRecord): string | undefined {
  const whole = bytesOfChunk(index, record) ?? record.chunkBytes;
  return bytes === whole ? record.chunkSha256?.[index] : undefined;
}

class Verification {
  readonly #file: StoredFile;
  readonly #record: FileRecord;
  readonly #options: VerifyOptions;
  readonly #buffers: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  readonly #bad: number[] = [];
  #goodBytes = 0;
  #doneBytes = 0;

  constructor(file: StoredFile, record: FileRecord, options: VerifyOptions) {
    this.#file = file;
    this.#record = record;
    this.#options = options;
    this.#buffers = [new Uint8Array(record.chunkBytes), new Uint8Array(record.chunkBytes)];
  }

  async run(): Promise<Verdict> {
    const chunks = await this.#file.chunks();
    const heldBytes = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
    let judging: Promise<void> = Promise.resolve();
    for (const [turn, chunk] of chunks.entries()) {
      if (this.#options.signal?.aborted) throw canceledError(this.#options.signal);
      /* A chunk is read while the one before is hashed. */
      const bytes = await this.#read(chunk, this.#buffers[turn & 1 ? 1 : 0]);
      await judging;
      judging = this.#judge(chunk, bytes, heldBytes);
      judging.catch(() => undefined); /* the next turn sees it */
    }
    await judging;
    for (const index of this.#bad) await this.#file.drop(index);
    return {
      badChunks: this.#bad,
      missingBytes: (this.#record.bytes ?? heldBytes) - this.#goodBytes,
    };
  }

  async #read({ index, bytes }: ChunkRecord, buffer: Uint8Array<ArrayBuffer>) {
    const place = index * this.#record.chunkBytes;
    const got = await this.#file.read(place, bytes, (at, n) => buffer.subarray(at, at + n));
    return buffer.subarray(0, got);
  }

  async #judge(chunk: ChunkRecord, bytes: Uint8Array<ArrayBuffer>, total: number): Promise<void> {
    const longest = bytesOfChunk(chunk.index, this.#record) ?? this.#record.chunkBytes;
    const expected = manifestHash(chunk, this.#record) ?? chunk.sha256;
    const isPossible = bytes.length === chunk.bytes && chunk.bytes <= longest;
    const hash = isPossible ? await sha256Hex(bytes) : undefined;
    if (hash === chunk.sha256 && hash === expected) this.#goodBytes += chunk.bytes;
    else this.#bad.push(chunk.index);
    this.#doneBytes += chunk.bytes;
    this.#options.onProgress?.(this.#doneBytes, total);
  }
}

/** Hashes every stored chunk again and compares it with its record and the manifest's hash. Bad ones are dropped, so
 * that the next load fetches just these: `file` is open for writing. When it is aborted nothing is dropped. */
export function verifyFile(
  file: StoredFile,
  record: FileRecord,
  options: VerifyOptions = {},
): Promise<Verdict> {
  return new Verification(file, record, options).run();
}

/** Words for a model that was complete and of which only `storedBytes` are there; undefined when nothing is amiss. */
export function evictionNotice(record: ModelRecord, storedBytes: number): string | undefined {
  if (record.state !== 'complete') return undefined;
  const total = record.files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  if (storedBytes >= total) return undefined;
  const gone = `${formatBytes(total - storedBytes)} of the ${formatBytes(total)} of model "${record.id}"`;
  return `the browser evicted ${gone}; ask for persist() to keep it`;
}
