/* Puts LanguageModel where browsers have it. Nothing here runs by itself. */
import { LanguageModel } from './language-model.ts';

export interface PolyfillOptions {
  /** Also where the browser has a LanguageModel of its own. Default false. */
  readonly force?: boolean | undefined;
}

/** Defines globalThis.LanguageModel, of a window or a worker; false when one was there and stays. */
export function installPolyfill({ force = false }: PolyfillOptions = {}): boolean {
  if ('LanguageModel' in globalThis && !force) return false;
  Object.defineProperty(globalThis, 'LanguageModel', {
    value: LanguageModel,
    configurable: true,
    enumerable: false,
    writable: true,
  });
  return true;
}
