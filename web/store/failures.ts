/* What browsers throw when their storage fails, told apart by name: they differ in class and words. */
import { EngineError, messageOf } from '../base/errors.ts';

function hasName(thrown: unknown, names: readonly string[]): boolean {
  return thrown instanceof Error && names.includes(thrown.name);
}

export function isQuotaExceeded(thrown: unknown): boolean {
  return hasName(thrown, ['QuotaExceededError']);
}

/** The file, the folder or the Blob's bytes are not there. */
export function isMissing(thrown: unknown): boolean {
  return hasName(thrown, ['NotFoundError', 'NotReadableError']);
}

/** Another tab holds the file. */
export function isTaken(thrown: unknown): boolean {
  return hasName(thrown, ['NoModificationAllowedError']);
}

/** The browser could not take a Blob over just now: Chromium when too many wait for garbage collection, Safari in
 * the background. */
export function isPassing(thrown: unknown): boolean {
  return hasName(thrown, ['DataError', 'UnknownError']);
}

/** What a browser's storage threw, as PHI_ESTORAGE. */
export function storageError(thrown: unknown, doing: string, where?: string): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const name = thrown instanceof Error && thrown.message !== '' ? `${thrown.name}: ` : '';
  return new EngineError('PHI_ESTORAGE', `${doing} failed: ${name}${messageOf(thrown)}`, {
    ...(where !== undefined && { where }),
    cause: thrown,
  });
}
