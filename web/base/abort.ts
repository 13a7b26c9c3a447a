/* Waiting that an AbortSignal ends. */
import { canceledError } from './errors.ts';

/** Settles as the promise does; rejects with PHI_ECANCELED as soon as the signal aborts, whatever becomes of the
 * promise. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(canceledError(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
