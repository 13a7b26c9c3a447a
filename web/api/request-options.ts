/* The second argument of every create(), as OpenAI's own library has it. */
import { canceledError } from '../base/errors.ts';
import { invalid, readFields, readSignal } from '../base/options.ts';
import type { ImageProgress } from '../engine/images.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal | null | undefined;
}

export interface ChatOptions extends RequestOptions {
  /** Called while pictures that are new to the engine are encoded. */
  readonly onImageProgress?: ((progress: ImageProgress) => void) | null | undefined;
}

export interface ReadChatOptions {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: ImageProgress) => void) | undefined;
}

function readAll(options: RequestOptions, known: readonly string[]): Record<string, unknown> {
  return readFields('request options', options, ['signal', ...known]);
}

function checkSignal(value: unknown): AbortSignal | undefined {
  const signal = readSignal('signal', value);
  if (signal?.aborted) throw canceledError(signal);
  return signal;
}

/** Throws PHI_ECANCELED when the signal has fired already. */
export function readRequestOptions(options: RequestOptions): AbortSignal | undefined {
  return checkSignal(readAll(options, []).signal);
}

/** As readRequestOptions(). */
export function readChatOptions(options: ChatOptions): ReadChatOptions {
  const { signal, onImageProgress: tell } = readAll(options, ['onImageProgress']);
  if (tell !== undefined && tell !== null && typeof tell !== 'function')
    throw invalid('onImageProgress', 'a function', tell);
  const onProgress = (tell ?? undefined) as ReadChatOptions['onProgress'];
  return { signal: checkSignal(signal), onProgress };
}
