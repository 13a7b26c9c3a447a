/* How long to go on after failures, and how long to wait in between: exponential backoff with full jitter, anew after
 * each progress. */
import { canceledError } from '../base/errors.ts';
import { RETRY_AFTER_MS_MAX, RETRY_BASE_MS, RETRY_CAP_MS } from '../base/limits.ts';
import { networkError, Setback } from './http-answer.ts';
import type { Surroundings } from './surroundings.ts';

export interface PatienceOptions {
  readonly url: string;
  /** Failed attempts in a row, without a byte of progress, after which it is over. */
  readonly patience: number | 'endless';
  readonly surroundings: Surroundings;
  /** Called before each wait: at most `ms`, and why. */
  readonly onWait?: ((ms: number, reason: string) => void) | undefined;
}

export class Patience {
  readonly #options: PatienceOptions;
  readonly #signal: AbortSignal;
  #failures = 0;

  constructor(options: PatienceOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Bytes came: the count and the waits begin anew. */
  renew(): void {
    this.#failures = 0;
  }

  /** Waits for the next attempt. Anything but a Setback is thrown on; so is one too many, as PHI_ENETWORK. While the
   * browser is offline, failures count only if `isOfflineFatal`: for a server from which nothing ever came. */
  async after(thrown: unknown, hasProgress: boolean, isOfflineFatal = false): Promise<void> {
    if (!(thrown instanceof Setback)) throw thrown;
    if (this.#signal.aborted) throw canceledError(this.#signal);
    const { url, patience, surroundings } = this.#options;
    const isOffline = !surroundings.isOnline();
    const exponent = this.#failures;
    if (hasProgress) this.renew();
    else if (!isOffline || isOfflineFatal) this.#failures++;
    if (patience !== 'endless' && this.#failures >= patience) {
      const state = isOffline ? '; the browser is offline' : '';
      const times = this.#failures === 1 ? 'one attempt' : `${this.#failures} attempts`;
      throw networkError(
        url,
        `${thrown.message}${state}; gave up after ${times} without progress`,
        thrown,
      );
    }
    const ms = isOffline ? RETRY_CAP_MS : this.#delay(thrown, hasProgress ? 0 : exponent);
    this.#options.onWait?.(ms, isOffline ? 'the browser is offline' : thrown.message);
    await surroundings.wait(ms, this.#signal, isOffline);
    if (this.#signal.aborted) throw canceledError(this.#signal);
  }

  #delay(setback: Setback, exponent: number): number {
    const { surroundings } = this.#options;
    if (setback.retryAfterMs !== undefined) {
      return (
        Math.min(setback.retryAfterMs, RETRY_AFTER_MS_MAX) + surroundings.random() * RETRY_BASE_MS
      );
    }
    return (
      surroundings.random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(exponent, 30))
    );
  }
}
