/* The way to images.ts, which is fetched with the first picture. */
import { adoptError, EngineError, messageOf } from '../base/errors.ts';

export type ImageFile = typeof import('./images.ts');

async function load(): Promise<ImageFile> {
  try {
    /* The build makes a file of its own of it, images.js. */
    return await import('./images.ts');
  } catch (error) {
    const text = `images.js, which pictures need, could not be loaded: ${messageOf(error)}`;
    throw new EngineError('PHI_ENETWORK', text, { where: 'images.js', cause: error });
  }
}

/** Its errors come out as errors of the file that calls. */
export async function withImages<T>(work: (file: ImageFile) => T | Promise<T>): Promise<T> {
  const file = await load();
  try {
    return await work(file);
  } catch (error) {
    throw adoptError(error);
  }
}
