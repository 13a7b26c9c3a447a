/* The page's end of the worker: requests by number, and the promise that each of them settles. A worker that traps,
 * breaks a message or ends in any other way rejects everything that is pending with one PHI_EPOISONED error. */
import { canceledError, EngineError, fromWire, messageOf, toEngineError } from '../base/errors.ts';
import type {
  CallMessage,
  CallName,
  Calls,
  EngineStats,
  Progress,
  ToPage,
  WireToken,
} from './protocol.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onToken?: (token: WireToken) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly onStep?: ((done: number, total: number) => void) | undefined;
  /** Of the arguments: what goes to the worker instead of being copied. */
  readonly transfer?: Transferable[];
}

interface Pending {
  readonly options: CallOptions;
  isCanceled: boolean;
  cancelFlag: Int32Array<SharedArrayBuffer> | null;
  settle(outcome: { value: Calls[CallName]['result'] } | { error: EngineError }): void;
}

function startWorker(workerUrl: URL | undefined): Worker {
  /* Bundlers recognise exactly this expression. */
  if (workerUrl === undefined)
    return new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module' });
  try {
    return new Worker(workerUrl, { type: 'module' });
  } catch (error) {
    const isForeign = workerUrl.origin !== globalThis.location?.origin;
    throw new EngineError(
      'PHI_EINVAL',
      isForeign
        ? `workerUrl: ${workerUrl.href} is another origin's, from which browsers start no worker; ` +
            "serve engine-worker.js from the page's own origin, wasmUrl may be anywhere"
        : `workerUrl: no worker can be started from ${workerUrl.href} (${messageOf(error)})`,
      { where: 'workerUrl', cause: error },
    );
  }
}

export class WorkerLink {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #watch = new AbortController();
  #lastId = 0;
  #death: EngineError | undefined;
  onStats: (stats: EngineStats) => void = () => undefined;

  constructor(workerUrl: URL | undefined) {
    this.#worker = startWorker(workerUrl);
    this.#worker.onmessage = (event: MessageEvent<ToPage>) => this.#receive(event.data);
    this.#worker.onmessageerror = () => {
      this.die(
        new EngineError('PHI_EPOISONED', 'a message of the engine’s worker could not be read'),
      );
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const detail = event.message
        ? `: ${event.message}`
        : ' (its file could not be loaded, or it ran out of memory)';
      this.die(new EngineError('PHI_EPOISONED', `the engine’s worker failed${detail}`));
    };
  }

  get isDead(): boolean {
    return this.#death !== undefined;
  }

  /** Rejects with PHI_ECANCELED when the signal fires; the worker has stopped by then. */
  call<N extends CallName>(
    name: N,
    args: Calls[N]['args'],
    options: CallOptions = {},
  ): Promise<Calls[N]['result']> {
    const { signal } = options;
    if (this.#death !== undefined) return Promise.reject(this.#death);
    if (signal?.aborted) return Promise.reject(canceledError(signal));
    const id = ++this.#lastId;
    return new Promise<Calls[N]['result']>((resolve, reject) => {
      const onAbort = (): void => this.#cancel(id);
      this.#pending.set(id, {
        options,
        isCanceled: false,
        cancelFlag: null,
        settle: (outcome) => {
          this.#pending.delete(id);
          signal?.removeEventListener('abort', onAbort);
          if ('value' in outcome) resolve(outcome.value as Calls[N]['result']);
          else reject(outcome.error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#send(id, { type: 'call', id, name, args } as CallMessage, options.transfer);
    });
  }

  /** Learns of the worker's end from a lock that it holds while it lives: browsers do not tell when they end one. */
  watchLock(name: string): void {
    const watching = navigator.locks.request(name, { signal: this.#watch.signal }, () => {
      this.die(
        new EngineError(
          'PHI_EPOISONED',
          'the engine’s worker ended; it was terminated or ran out of memory',
        ),
      );
    });
    watching.catch((error: unknown) => {
      if (!this.#watch.signal.aborted) this.die(toEngineError(error));
    });
  }

  /** Ends the worker, which gives its memory back, and rejects everything pending. */
  die(error: EngineError): void {
    if (this.#death !== undefined) return;
    this.#death = error;
    this.#watch.abort();
    this.#worker.terminate();
    for (const pending of [...this.#pending.values()]) pending.settle({ error });
  }

  #send(id: number, message: CallMessage, transfer: Transferable[] = []): void {
    try {
      this.#worker.postMessage(message, transfer);
    } catch (error) {
      const text = `the arguments of ${message.name} cannot be sent to the worker`;
      this.#pending
        .get(id)
        ?.settle({ error: new EngineError('PHI_EINVAL', text, { cause: error }) });
    }
  }

  #cancel(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.isCanceled = true;
    this.#worker.postMessage({ type: 'cancel', id });
    if (pending.cancelFlag !== null) Atomics.store(pending.cancelFlag, 0, 1);
  }

  #receive(message: ToPage): void {
    if (message.type === 'dead') {
      this.die(fromWire(message.error));
      return;
    }
    if (message.type === 'stats') {
      this.onStats(message.stats);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    try {
      this.#deliver(message, pending);
    } catch (error) {
      pending.settle({ error: toEngineError(error) });
    }
  }

  #deliver(message: Exclude<ToPage, { type: 'dead' | 'stats' }>, pending: Pending): void {
    switch (message.type) {
      case 'result':
        pending.settle({ value: message.value });
        break;
      case 'failure':
        pending.settle({ error: fromWire(message.error) });
        break;
      case 'started':
        pending.cancelFlag = message.cancelFlag;
        if (pending.isCanceled && message.cancelFlag !== null)
          Atomics.store(message.cancelFlag, 0, 1);
        break;
      case 'token':
        pending.options.onToken?.(message.token);
        break;
      case 'progress':
        pending.options.onProgress?.(message.progress);
        break;
      case 'step':
        pending.options.onStep?.(message.done, message.total);
        break;
    }
  }
}
