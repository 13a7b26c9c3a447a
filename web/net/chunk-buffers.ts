/* The memory of a download: a fixed number of buffers of one chunk each, used again and again. Waiting for one is
 * what slows the connections down to the pace of whoever takes the chunks. */
import { canceledError } from '../base/errors.ts';
import type { Surroundings } from './surroundings.ts';

export type ChunkBuffer = Uint8Array<ArrayBuffer>;

interface Waiting {
  resolve(buffer: ChunkBuffer): void;
  makeOwn(): void;
}

export class ChunkBuffers {
  readonly #bytes: number;
  readonly #limit: number;
  readonly #surroundings: Surroundings;
  readonly #free: ChunkBuffer[] = [];
  readonly #waiting = new Set<Waiting>();
  #made = 0;

  constructor(bytes: number, limit: number, surroundings: Surroundings) {
    this.#bytes = bytes;
    this.#limit = limit;
    this.#surroundings = surroundings;
  }

  /** A buffer with anything in it; give it back with release(). Rejects with PHI_ECANCELED when the signal aborts. */
  async acquire(signal: AbortSignal): Promise<ChunkBuffer> {
    if (signal.aborted) throw canceledError(signal);
    const free = this.#free.pop();
    if (free !== undefined) return free;
    return this.#made < this.#limit ? this.#make() : this.#queue(signal);
  }

  release(buffer: ChunkBuffer): void {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next);
    /* Whoever took the chunk may have transferred its memory to another thread: then the place is free, not the
     * buffer. */
    if (buffer.length === 0) this.#made--;
    else if (next === undefined) this.#free.push(buffer);
    else next.resolve(buffer);
    if (buffer.length === 0) next?.makeOwn();
  }

  #make(): ChunkBuffer {
    const made = this.#surroundings.allocate(this.#bytes);
    this.#made++;
    return made;
  }

  #queue(signal: AbortSignal): Promise<ChunkBuffer> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(waiting);
        reject(canceledError(signal));
      };
      const settle = (buffer: () => ChunkBuffer): void => {
        signal.removeEventListener('abort', abort);
        try {
          resolve(buffer());
        } catch (error) {
          reject(error);
        }
      };
      const waiting: Waiting = {
        resolve: (buffer) => settle(() => buffer),
        makeOwn: () => settle(() => this.#make()),
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
