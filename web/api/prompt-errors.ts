/* What the engine says went wrong, as the Prompt API says it: DOMExceptions with standard names, and TypeError. The
 * engine's own error is the `cause`. */

import { STATUSES } from '../base/errors.gen.ts';
import type { ErrorCode } from '../base/errors.ts';

interface Quota {
  /** Tokens. */
  readonly requested?: number | undefined;
  readonly quota?: number | undefined;
}

interface QuotaExceeded extends DOMException {
  readonly requested: number | null;
  readonly quota: number | null;
}

type QuotaExceededClass = new (message: string, options: Quota) => QuotaExceeded;

/** For browsers that have only the DOMException of this name. */
class QuotaExceededErrorShim extends DOMException implements QuotaExceeded {
  readonly requested: number | null;
  readonly quota: number | null;

  constructor(message: string, { requested, quota }: Quota) {
    super(message, 'QuotaExceededError');
    this.requested = requested ?? null;
    this.quota = quota ?? null;
  }
}

let quotaClass: QuotaExceededClass | undefined;

/** The browser's own class when it holds the two numbers. */
function findQuotaClass(): QuotaExceededClass {
  const own: unknown = Reflect.get(globalThis, 'QuotaExceededError');
  if (typeof own !== 'function') return QuotaExceededErrorShim;
  const Own = own as QuotaExceededClass;
  try {
    const probe = new Own('', { requested: 2, quota: 1 });
    return probe.requested === 2 ? Own : QuotaExceededErrorShim;
  } catch {
    return QuotaExceededErrorShim;
  }
}

function withCause<T extends Error>(error: T, cause: unknown): T {
  if (cause !== undefined)
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  return error;
}

export function domException(name: string, message: string, cause?: unknown): DOMException {
  return withCause(new DOMException(message, name), cause);
}

export function notSupported(message: string, cause?: unknown): DOMException {
  return domException('NotSupportedError', message, cause);
}

/** `requested` tokens where there is room for `quota`. */
export function quotaExceeded(message: string, numbers: Quota, cause?: unknown): DOMException {
  quotaClass ??= findQuotaClass();
  return withCause(new quotaClass(message, numbers), cause);
}

/** The engine's code in an error of any of the package's entry files; each has a class of its own. */
export function engineCode(thrown: unknown): ErrorCode | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'EngineError' || !('code' in thrown))
    return undefined;
  const { code } = thrown;
  return typeof code === 'string' && code in STATUSES ? (code as ErrorCode) : undefined;
}

function numberOf(error: object, key: string): number | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'number' ? value : undefined;
}

/** Any thrown value as this interface throws it. What is not the engine's stays as it is. */
export function toPlatformError(thrown: unknown): unknown {
  const code = engineCode(thrown);
  if (code === undefined || !(thrown instanceof Error)) return thrown;
  const { jsName } = STATUSES[code];
  if (jsName === 'TypeError') return withCause(new TypeError(thrown.message), thrown);
  if (jsName === 'QuotaExceededError') {
    const numbers = {
      requested: numberOf(thrown, 'requested'),
      quota: numberOf(thrown, 'quota'),
    };
    return quotaExceeded(thrown.message, numbers, thrown);
  }
  return domException(jsName, thrown.message, thrown);
}
