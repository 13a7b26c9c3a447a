/* The second argument of every create(), as OpenAI's own library has it. */
import { canceledError } from '../base/errors.ts';
import { readFields, readSignal } from '../base/options.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal | null | undefined;
}

/** Throws PHI_ECANCELED when the signal has fired already. */
export function readRequestOptions(options: RequestOptions): AbortSignal | undefined {
  const signal = readSignal('signal', readFields('request options', options, ['signal']).signal);
  if (signal?.aborted) throw canceledError(signal);
  return signal;
}
