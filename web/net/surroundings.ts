/* What a download needs of the world besides fetch: time, chance, the state of the connection, memory. Tests give
 * their own. */
import { EngineError } from '../base/errors.ts';

export interface Surroundings {
  /** Milliseconds since 1970. */
  now(): number;
  /** 0 <= x < 1. */
  random(): number;
  /** Resolves after `ms` or when the signal aborts; `untilOnline`: also when the browser comes online. Never rejects.
   * */
  wait(ms: number, signal: AbortSignal, untilOnline: boolean): Promise<void>;
  /** Calls `ring` once after `ms`, unless the returned function is called before. */
  alarm(ms: number, ring: () => void): () => void;
  /** False only when the browser is sure. */
  isOnline(): boolean;
  /** Throws PHI_ENOMEM. */
  allocate(bytes: number): Uint8Array<ArrayBuffer>;
}

function alarm(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, ms);
  return () => clearTimeout(timer);
}

function wait(ms: number, signal: AbortSignal, untilOnline: boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      if (untilOnline) globalThis.removeEventListener('online', end);
      resolve();
    };
    const cancel = alarm(ms, end);
    signal.addEventListener('abort', end);
    if (untilOnline) globalThis.addEventListener('online', end);
    if (signal.aborted) end();
  });
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new EngineError('PHI_ENOMEM', `no memory for a chunk of ${bytes} bytes`, {
      requested: bytes,
      cause: error,
    });
  }
}

export const realSurroundings: Surroundings = {
  now: () => Date.now(),
  random: () => Math.random(),
  wait,
  alarm,
  isOnline: () => globalThis.navigator?.onLine !== false,
  allocate,
};
