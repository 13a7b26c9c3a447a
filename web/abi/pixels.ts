/* The module that makes pictures ready for the model (src/phi_pixels.h): decoded and brought to whole tiles, as Pillow
 * and Microsoft's code do it. An instance for each picture. */
import { compileSide, SideModule } from './side-module.ts';

const NAMES = { prefix: 'pixels', subject: 'picture', role: 'decoder', lengthBits: 32 } as const;

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
    const instance = new SideModule(this.#module, NAMES, 'create');
    instance.fill([file]);
    step(instance, 'probe');
    return readSize(instance);
  }

  /** A JPEG, PNG, GIF (its first frame) or BMP. numCrops: 1 … 64, tiles at most; tile: pixels of a tile's side. */
  decode(file: Uint8Array, numCrops: number, tile: number): Prepared {
    const instance = new SideModule(this.#module, NAMES, 'create');
    instance.fill([file]);
    step(instance, 'decode');
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
    const instance = new SideModule(this.#module, NAMES, 'create');
    instance.fill([new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length)]);
    step(instance, 'take_rgba', width, height);
    return transform(instance, numCrops, tile);
  }
}

function step(instance: SideModule, name: string, ...args: number[]): void {
  const numberOf = (figure: string): number | undefined =>
    Number(instance.call(`error_${figure}`)) || undefined;
  instance.check(instance.call(name, ...args), () => ({
    requested: numberOf('requested'),
    quota: numberOf('quota'),
  }));
}

function readSize(instance: SideModule): PictureSize {
  return {
    width: Number(instance.call('width')),
    height: Number(instance.call('height')),
  };
}

function transform(instance: SideModule, numCrops: number, tile: number): Prepared {
  step(instance, 'transform', numCrops, tile);
  const paddedWidth = Number(instance.call('padded_width'));
  const paddedHeight = Number(instance.call('padded_height'));
  const at = instance.pointer('padded');
  const pixels = instance.heap.copyBytes(at, paddedWidth * paddedHeight * 3);
  return { ...readSize(instance), paddedWidth, paddedHeight, pixels };
}

const opened = new Map<string, Promise<Pixels>>();

/** The decoder at the address of pocketphi-pixels.wasm, fetched once. Rejects with PHI_ENETWORK; a later call tries
 * again. */
export function openPixels(url: string): Promise<Pixels> {
  const known = opened.get(url);
  if (known !== undefined) return known;
  const pixels = compileSide('what pictures need', url).then((module) => new Pixels(module));
  opened.set(url, pixels);
  pixels.catch(() => opened.delete(url));
  return pixels;
}
