/* Long calls in slices. Sessions take turns slice by slice, and between slices the worker breathes: it lets messages
 * in, so that a question about the tokenizer does not wait for a long prompt, and a cancel arrives. */
import { canceledError } from '../base/errors.ts';
import { BREATH_MS } from '../base/limits.ts';

/** A computation that yields after each slice and returns its result. */
export type Slices<T> = Generator<undefined, T, undefined>;

interface Job {
  readonly id: number;
  readonly flag: CancelFlag | null;
  isCanceled: boolean;
  /** True when done. */
  advance(): boolean;
  reject(error: unknown): void;
}

export type CancelFlag = Int32Array<SharedArrayBuffer>;

/** For the page to set to 1 while the worker computes and hears nothing; null where the page may share no memory. It is
 * memory of its own: the engine's would be held by the page, long after the worker has ended, until garbage is
 * collected there. */
export function newCancelFlag(): CancelFlag | null {
  return typeof SharedArrayBuffer === 'function' ? new Int32Array(new SharedArrayBuffer(4)) : null;
}

/** A turn of the event loop; unlike a timer it is not slowed down in nested calls. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export class Jobs {
  readonly #queue: Job[] = [];
  #isPumping = false;

  /** Runs slices among the other jobs, until the flag is set or cancel() names the job. */
  run<T>(id: number, slices: Slices<T>, flag: CancelFlag | null = null): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        id,
        flag,
        isCanceled: false,
        advance() {
          const { done, value } = slices.next();
          if (done) resolve(value as T);
          return done === true;
        },
        reject,
      });
      if (!this.#isPumping) void this.#pump();
    });
  }

  cancel(id: number): void {
    for (const job of this.#queue) if (job.id === id) job.isCanceled = true;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    let lastBreath = performance.now();
    /* The job at work stays in the queue, so that cancel() finds it. */
    for (let job = this.#queue[0]; job !== undefined; job = this.#queue[0]) {
      const isOver = this.#advance(job);
      this.#queue.shift();
      if (!isOver) this.#queue.push(job);
      if (performance.now() - lastBreath >= BREATH_MS) {
        await breathe();
        lastBreath = performance.now();
      }
    }
    this.#isPumping = false;
  }

  #advance(job: Job): boolean {
    try {
      const isFlagged = job.flag !== null && Atomics.load(job.flag, 0) !== 0;
      if (job.isCanceled || isFlagged) throw canceledError();
      return job.advance();
    } catch (error) {
      job.reject(error);
      return true;
    }
  }
}
