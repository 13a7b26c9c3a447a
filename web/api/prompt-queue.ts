/* One session's work, one piece after another in the order it was asked for. */
import { toPlatformError } from './prompt-errors.ts';

/** Settles as the promise does, unless the signal fires first: then it rejects with the signal's reason, at once. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(resolve, (error: unknown) => reject(toPlatformError(error)))
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A signal that fires when any of these does, with its reason. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

export class PromptQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when everything before it has ended, whether well or not. Work whose signal has fired is not
   * begun. The result may reject before the work has stopped; what comes next waits until it has. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return abortable(turn, signal);
  }

  /** Resolves when all work that was asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
