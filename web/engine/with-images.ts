/* The way to images.ts, which is fetched with the first picture. */
import { adoptError } from '../base/errors.ts';
import { loadPart } from '../base/load-part.ts';

export type ImageFile = typeof import('./images.ts');

/* The build makes a file of its own of it. */
const load = (): Promise<ImageFile> =>
  loadPart('what pictures need', 'images.js', () => import('./images.ts'));

/** Its errors come out as errors of the file that calls. */
export async function withImages<T>(work: (file: ImageFile) => T | Promise<T>): Promise<T> {
  const file = await load();
  try {
    return await work(file);
  } catch (error) {
    throw adoptError(error);
  }
}
