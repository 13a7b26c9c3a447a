/* Pictures made ready for the model: decoded and brought to whole tiles, as Pillow and Microsoft's code do it. */
import { EngineError, messageOf } from '../base/errors.ts';
import { PixelsInstance } from './module.ts';

export interface PictureSize {
  /** In pixels, as the picture is seen (EXIF's orientation applied). */
  readonly width: number;
  readonly height: number;
}

export interface Prepared extends PictureSize {
  /** Multiples of the tile's side. */
  readonly paddedWidth: number;
  readonly paddedHeight: number;
  /** RGB: paddedHeight rows of paddedWidth pixels of 3 bytes. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/* Each call throws EngineError: PHI_EUNSUPPORTED, a format that is not decoded here; PHI_ECORRUPT, a file that is cut
 * off or makes no sense; PHI_EINVAL, more pixels or longer sides than are decoded; PHI_ENOMEM. */
export class Pixels {
  readonly #module: WebAssembly.Module;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** Of a JPEG, PNG, GIF or BMP, from its header. */
  size(file: Uint8Array): PictureSize {
    const instance = new PixelsInstance(this.#module);
    instance.fill(file);
    instance.step('phi_pixels_probe');
    return readSize(instance);
  }

  /** A JPEG, PNG, GIF (its first frame) or BMP. numCrops: 1 … 64, tiles at most; tile: pixels of a tile's side. */
  decode(file: Uint8Array, numCrops: number, tile: number): Prepared {
    const instance = new PixelsInstance(this.#module);
    instance.fill(file);
    instance.step('phi_pixels_decode');
    return transform(instance, numCrops, tile);
  }

  /** Pixels of 4 bytes, alpha not multiplied in. */
  transform(
    rgba: Uint8Array | Uint8ClampedArray,
    width: number,
    height: number,
    numCrops: number,
    tile: number,
  ): Prepared {
    const instance = new PixelsInstance(this.#module);
    instance.fill(new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length));
    instance.step('phi_pixels_take_rgba', width, height);
    return transform(instance, numCrops, tile);
  }
}

function readSize(instance: PixelsInstance): PictureSize {
  return {
    width: instance.number('phi_pixels_width'),
    height: instance.number('phi_pixels_height'),
  };
}

function transform(instance: PixelsInstance, numCrops: number, tile: number): Prepared {
  instance.step('phi_pixels_transform', numCrops, tile);
  const paddedWidth = instance.number('phi_pixels_padded_width');
  const paddedHeight = instance.number('phi_pixels_padded_height');
  const at = instance.number('phi_pixels_padded') >>> 0;
  const pixels = instance.copy(at, paddedWidth * paddedHeight * 3);
  return { ...readSize(instance), paddedWidth, paddedHeight, pixels };
}

async function compile(url: string): Promise<WebAssembly.Module> {
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    /* Not compileStreaming(): it wants a Content-Type that not every server sends. */
    return await WebAssembly.compile(await answer.arrayBuffer());
  } catch (error) {
    throw new EngineError(
      'PHI_ENETWORK',
      `the picture decoder could not be loaded from ${url}: ${messageOf(error)}`,
      { where: url, cause: error },
    );
  }
}

const opened = new Map<string, Promise<Pixels>>();

/** The decoder at the address of pocketphi-pixels.wasm, fetched once. Rejects with PHI_ENETWORK; a later call tries
 * again. */
export function openPixels(url: string): Promise<Pixels> {
  const known = opened.get(url);
  if (known !== undefined) return known;
  const pixels = compile(url).then((module) => new Pixels(module));
  opened.set(url, pixels);
  pixels.catch(() => opened.delete(url));
  return pixels;
}
