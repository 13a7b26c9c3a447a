/* One attempt at a file, from its first answer to its last chunk or its first failure. Holds what the connections
 * share: which file it is, what is held, the way of a chunk to the sink, and the end of everything after a failure.
 *
 *   missing ──slot()──▶ filling ──complete()──▶ hashed ──▶ at the sink ──▶ buffer free
 *                          └── stopped ──▶ left over ──▶ sink.partial()
 */
import { canceledError } from '../base/errors.ts';
import { FILE_BYTES_MAX } from '../base/limits.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { ChunkBuffer, ChunkBuffers } from './chunk-buffers.ts';
import type { FileIdentity } from './chunk-sink.ts';
import type { CheckedTask, ChunkStart } from './download-task.ts';
import {
  type AnswerHead,
  corruptError,
  FileChanged,
  isSameFile,
  networkError,
  strongTag,
} from './http-answer.ts';
import { Patience } from './patience.ts';
import type { RemoteFile } from './remote-file.ts';

/** What is held from an earlier visit, and of which file. */
export interface Held {
  readonly known: FileIdentity;
  readonly have: ReadonlySet<number>;
  readonly starts: ReadonlyMap<number, ChunkStart>;
}

/** A chunk under way. */
export interface Slot {
  readonly index: number;
  /** Its place in the file. */
  readonly start: number;
  readonly buffer: ChunkBuffer;
  /** The buffer's first bytes, as many as the chunk has (or can have, while the file's length is unknown). */
  readonly bytes: ChunkBuffer;
  filled: number;
  /** Of these, from an earlier visit. */
  kept: number;
  /** What is kept from an earlier visit turned out damaged. */
  isKeptBad: boolean;
}

/** Fills the slot from `filled` on; `isAgain`: what came before was damaged. Leaves it short only at the file's end. */
export type Fill = (slot: Slot, isAgain: boolean) => Promise<void>;

export class DownloadPass {
  readonly task: CheckedTask;
  readonly remote: RemoteFile;
  readonly buffers: ChunkBuffers;
  readonly #stop = new AbortController();
  #held: Held | undefined;
  #identity: FileIdentity | undefined;
  #fileBytes: number | undefined;
  #failure: { readonly error: unknown } | undefined;
  readonly #deliveries = new Set<Promise<void>>();
  readonly #leftovers: Slot[] = [];

  constructor(
    task: CheckedTask,
    remote: RemoteFile,
    buffers: ChunkBuffers,
    held: Held | undefined,
  ) {
    this.task = task;
    this.remote = remote;
    this.buffers = buffers;
    this.#held = held;
  }

  /** Aborts when the caller's signal does, and at the first failure. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get held(): Held | undefined {
    return this.#held;
  }

  /** Of the file; undefined while nobody knows. */
  get fileBytes(): number | undefined {
    return this.#fileBytes;
  }

  forgetHeld(): void {
    this.#held = undefined;
  }

  patience(): Patience {
    return new Patience(this.task, this.signal);
  }

  /** Does the work, then waits for the sink. Rejects with the first failure, when nothing is under way any more. */
  async run(work: () => Promise<void>): Promise<number> {
    const { signal } = this.task;
    const cancel = (): void => this.fail(canceledError(signal));
    signal?.addEventListener('abort', cancel);
    try {
      if (signal?.aborted) throw canceledError(signal);
      await work();
    } catch (error) {
      this.fail(error);
    }
    await Promise.allSettled([...this.#deliveries]);
    signal?.removeEventListener('abort', cancel);
    await this.#keepLeftovers();
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#fileBytes ?? 0;
  }

  /** Stops everything; the first reason is the one that is told. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#stop.abort(error);
    this.task.sink.stopped();
  }

  /** It is settled which file this is: `identity` as the server says. */
  async begin(identity: FileIdentity, isResumed: boolean): Promise<void> {
    const { url, expectedBytes, sink } = this.task;
    const bytes = identity.bytes ?? expectedBytes;
    if (expectedBytes !== undefined && bytes !== expectedBytes) {
      throw corruptError(url, `expected a file of ${expectedBytes} bytes, the server has ${bytes}`);
    }
    this.#identity = { ...identity, bytes };
    this.#fileBytes = bytes;
    this.remote.validator = strongTag(identity) ?? identity.lastModified;
    await sink.begin(this.#identity, isResumed);
    this.throwIfStopped();
  }

  /** The end of a stream told the file's length. */
  endAt(bytes: number): void {
    this.#fileBytes = bytes;
  }

  /** A later answer must speak of the same file. */
  checkSame(head: AnswerHead): void {
    const identity = this.#identity;
    if (
      identity !== undefined &&
      !isSameFile({ ...identity, bytes: this.#fileBytes }, head.identity)
    )
      throw new FileChanged('the file changed on the server while it was read');
  }

  throwIfStopped(): void {
    if (this.signal.aborted) throw canceledError(this.signal);
  }

  /** Indices of the chunks that are not held, ascending; without end while the file's length is unknown. */
  *missing(): Generator<number, void, undefined> {
    const { chunkBytes } = this.task;
    for (
      let index = 0;
      index * chunkBytes < (this.#fileBytes ?? Number.POSITIVE_INFINITY);
      index++
    ) {
      if (this.#held?.have.has(index) !== true) yield index;
    }
  }

  /** A chunk to be filled; the buffer becomes the pass's. */
  slot(index: number, buffer: ChunkBuffer): Slot {
    const { url, chunkBytes } = this.task;
    const start = index * chunkBytes;
    if (start >= FILE_BYTES_MAX) {
      throw networkError(
        url,
        `the server sends more than ${FILE_BYTES_MAX} bytes, the limit of a file`,
      );
    }
    const length = Math.min(chunkBytes, (this.#fileBytes ?? FILE_BYTES_MAX) - start);
    return {
      index,
      start,
      buffer,
      bytes: buffer.subarray(0, length),
      filled: 0,
      kept: 0,
      isKeptBad: false,
    };
  }

  /** The next bytes of a slot, from the network. */
  take(slot: Slot, piece: Uint8Array): void {
    slot.bytes.set(piece, slot.filled);
    slot.filled += piece.length;
    this.task.sink.progress(piece.length);
  }

  /** Fills a slot, checks it (fetching it once more when it is damaged) and hands it to the sink, whose work is not
   * waited for here. A slot that stays empty is none. Rejects only when the pass has failed. */
  async complete(slot: Slot, fill: Fill): Promise<void> {
    try {
      await this.#loadStart(slot);
      await fill(slot, false);
      if (slot.filled === 0) {
        this.buffers.release(slot.buffer);
        return;
      }
      const sha256 = await this.#hash(slot, fill);
      this.throwIfStopped();
      this.#deliver(slot, sha256);
    } catch (error) {
      this.fail(error);
      this.#leftovers.push(slot);
      throw error;
    }
  }

  async #loadStart(slot: Slot): Promise<void> {
    const kept = this.#held?.starts.get(slot.index);
    if (kept === undefined || kept.bytes === 0) return;
    const target = slot.bytes.subarray(0, kept.bytes);
    slot.kept = Math.min(target.length, await kept.load(target));
    slot.filled = slot.kept;
    if (slot.kept < kept.bytes) this.task.sink.progress(slot.kept - kept.bytes);
  }

  /** The hash of the bytes, which is the manifest's if there is one; empty when nobody wants to know. */
  async #hash(slot: Slot, fill: Fill): Promise<string> {
    const { url, hashes, wantsHash = true } = this.task;
    if (hashes === undefined && !wantsHash) return '';
    const first = await this.#tryHash(slot);
    const expected = hashes === undefined ? first : hashes[slot.index];
    if (first === expected) return first;
    this.#discard(slot);
    this.throwIfStopped();
    await fill(slot, true);
    const second = await this.#tryHash(slot);
    if (second === expected) return second;
    const end = slot.start + slot.filled;
    this.#discard(slot);
    throw corruptError(
      url,
      `chunk ${slot.index} (bytes ${slot.start} to ${end - 1}) is damaged: ` +
        `expected SHA-256 ${expected}, got ${first}, fetched again ${second}`,
    );
  }

  #tryHash(slot: Slot): Promise<string> {
    return sha256Hex(slot.bytes.subarray(0, slot.filled));
  }

  #discard(slot: Slot): void {
    this.task.sink.progress(-slot.filled);
    slot.isKeptBad ||= slot.kept > 0;
    slot.filled = 0;
    slot.kept = 0;
  }

  #deliver(slot: Slot, sha256: string): void {
    const deliver = async (): Promise<void> => {
      try {
        await this.task.sink.chunk(slot.index, slot.bytes.subarray(0, slot.filled), sha256);
      } catch (error) {
        this.fail(error);
      } finally {
        this.buffers.release(slot.buffer);
      }
    };
    const delivery = deliver().finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }

  /** What came of chunks that are not whole is worth keeping, unless it is of a file that is no more. */
  async #keepLeftovers(): Promise<void> {
    for (const slot of this.#leftovers.splice(0)) {
      const isNews = slot.filled > slot.kept || slot.isKeptBad;
      if (isNews && !(this.#failure?.error instanceof FileChanged)) {
        /* A sink that cannot keep it loses nothing but time; what is told is why the download ended. */
        await Promise.allSettled([
          (async () => this.task.sink.partial(slot.index, slot.bytes.subarray(0, slot.filled)))(),
        ]);
      }
      this.buffers.release(slot.buffer);
    }
  }
}
