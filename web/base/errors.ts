/* The one error class of the package. Its code is a status name of src/base/status.def, the same in C, in the
 * worker and on the page. `where` is what the error is about (a URL, a file name, an option, a model). `requested`
 * and `quota` are set for PHI_ECONTEXT (tokens), PHI_ENOMEM and a full PHI_ESTORAGE (bytes; `quota` is then the
 * room that is left), and PHI_EINVAL of a picture that is too large (bytes of its file, else pixels). */
import { STATUSES, type StatusName } from './errors.gen.ts';

export type ErrorCode = Exclude<
  StatusName,
  'PHI_OK' | 'PHI_NEED_DATA' | 'PHI_DONE' | 'PHI_PENDING'
>;

export interface ErrorDetail {
  readonly where?: string | undefined;
  readonly requested?: number | undefined;
  readonly quota?: number | undefined;
  /** Of PHI_ECONTEXT: the largest num_crops with which a prompt's pictures fit. */
  readonly numCrops?: number | undefined;
  readonly cause?: unknown;
}

/** An EngineError on its way through postMessage. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where?: string;
  readonly requested?: number;
  readonly quota?: number;
  readonly stack?: string;
}

export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly requested: number | undefined;
  readonly quota: number | undefined;
  readonly numCrops: number | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'EngineError';
    this.code = code;
    this.where = detail.where;
    this.requested = detail.requested;
    this.quota = detail.quota;
    this.numCrops = detail.numCrops;
  }
}

function isErrorCode(name: string): name is ErrorCode {
  return name in STATUSES && STATUSES[name as StatusName].value < 0;
}

/** The code of a negative status that C returned. */
export function codeOfStatus(status: number): ErrorCode {
  for (const [name, row] of Object.entries(STATUSES)) {
    if (row.value === status && isErrorCode(name)) return name;
  }
  return 'PHI_EPOISONED';
}

/** What an unknown thrown value says, with its type when that is all there is. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message;
  return typeof thrown === 'string' ? thrown : `a value of type ${typeof thrown} was thrown`;
}

/** An error of another script of the package, whose class is another one, as one of this script, with its stack. */
export function adoptError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof EngineError) return thrown;
  if (thrown.name !== 'EngineError' || !('code' in thrown)) return thrown;
  const error = thrown as EngineError;
  const adopted = new EngineError(error.code, error.message, error);
  if (error.stack !== undefined) adopted.stack = error.stack;
  return adopted;
}

/** Any thrown value as an EngineError: an abort is PHI_ECANCELED, what nobody foresaw is PHI_EPOISONED. */
export function toEngineError(error: unknown): EngineError {
  const thrown = adoptError(error);
  if (thrown instanceof EngineError) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') {
    return new EngineError('PHI_ECANCELED', 'cancelled by the caller', { cause: thrown });
  }
  const name = thrown instanceof Error ? `${thrown.name}: ` : '';
  return new EngineError('PHI_EPOISONED', `unexpected ${name}${messageOf(thrown)}`, {
    cause: thrown,
  });
}

export function toWire(error: EngineError): WireError {
  return {
    code: error.code,
    message: error.message,
    ...(error.where !== undefined && { where: error.where }),
    ...(error.requested !== undefined && { requested: error.requested }),
    ...(error.quota !== undefined && { quota: error.quota }),
    ...(error.stack !== undefined && { stack: error.stack }),
  };
}

export function fromWire(wire: WireError): EngineError {
  const { code, message, stack, ...detail } = wire;
  const error = new EngineError(code, message, detail);
  if (stack !== undefined)
    error.stack = `${error.stack ?? message}\nin the engine's worker:\n${stack}`;
  return error;
}

/** What an operation that was cancelled rejects with. */
export function canceledError(signal?: AbortSignal): EngineError {
  return new EngineError('PHI_ECANCELED', 'cancelled by the caller', { cause: signal?.reason });
}
