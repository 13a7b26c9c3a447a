import { EngineError, messageOf } from './errors.ts';

/** What `load` makes of a file that comes apart from the others. Whatever it rejects with becomes PHI_ENETWORK: `what`,
 * the subject of a sentence, could not be loaded from `where`. */
export async function loadPart<T>(what: string, where: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const text = `${what} could not be loaded from ${where}: ${messageOf(error)}`;
    throw new EngineError('PHI_ENETWORK', text, { where, cause: error });
  }
}

/** Imports a script of the package. */
export function importPart<T>(what: string, script: string): Promise<T> {
  return loadPart(what, script, async () => (await import(/* @vite-ignore */ script)) as T);
}
