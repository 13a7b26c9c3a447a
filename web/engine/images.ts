/* What only pages with pictures need: a file of its own, images.js, that they fetch with the first one. Through
 * withImages() only: errors of this file are of its own class. */
import { adoptError, canceledError, EngineError } from '../base/errors.ts';
import { PREPARED_CACHE_BYTES } from '../base/limits.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { PreparedPicture, WirePicture } from '../worker/protocol.ts';
import type { WorkerLink } from '../worker/spawn.ts';
import { readSource } from './image-source.ts';
import { videoFrames } from './video-frames.ts';
import { countTokens, type Grid, gridOf, IMAGE_TAG, imageTag, type Vision } from './vision.ts';

/** What the model will see of a picture: whole tiles, the picture in the middle of white. It may be given in place of
 * the picture itself. */
export class PreparedImage {
  /** Of the picture, upright, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly paddedWidth: number;
  readonly paddedHeight: number;
  /** In a prompt. */
  readonly tokens: number;
  /** Rows and columns. The model sees the whole as one more tile besides. */
  readonly tiles: readonly [rows: number, columns: number];
  readonly numCrops: number;
  /** For the worker: (paddedHeight, paddedWidth, 3), and a name of what is in it. */
  readonly rgb: Uint8Array<ArrayBuffer>;
  readonly key: string;

  constructor(picture: PreparedPicture, vision: Vision, numCrops: number) {
    const { tileSize } = vision;
    const { width, height, paddedWidth, paddedHeight, rgb, key } = picture;
    const grid: Grid = { rows: paddedHeight / tileSize, columns: paddedWidth / tileSize };
    this.width = width;
    this.height = height;
    this.paddedWidth = paddedWidth;
    this.paddedHeight = paddedHeight;
    this.rgb = rgb;
    this.key = key;
    this.numCrops = numCrops;
    this.tiles = [grid.rows, grid.columns];
    this.tokens = countTokens(vision, grid);
  }

  /** A new copy, for a canvas. */
  get pixels(): ImageData {
    const { rgb, paddedWidth, paddedHeight } = this;
    const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
    for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4)
      for (let c = 0; c < 3; c++) rgba[to + c] = rgb[from + c] ?? 0;
    return new ImageData(rgba, paddedWidth, paddedHeight);
  }
}

export interface PrepareOptions {
  readonly numCrops: number;
  /** What errors call the picture. */
  readonly where: string;
  readonly signal: AbortSignal | undefined;
}

/** An error that says which picture it is about. One that does, or is not about it, stays the very same. */
function namedError(thrown: unknown, where: string): unknown {
  const error = adoptError(thrown);
  if (!(error instanceof EngineError)) return thrown;
  const { code, message, requested, quota, numCrops, cause = thrown } = error;
  const isNamed = message.startsWith(where) || code === 'PHI_ECANCELED' || code === 'PHI_EPOISONED';
  if (isNamed) return thrown;
  return new EngineError(code, `${where}: ${message}`, {
    where,
    requested,
    quota,
    numCrops,
    cause,
  });
}

/** Prepares an engine's pictures; those of the last questions are not prepared again. */
export class ImagePreparer {
  readonly #link: Pick<WorkerLink, 'call'>;
  readonly #vision: Vision;
  readonly #prepared = new Map<string, PreparedImage>();

  constructor(link: Pick<WorkerLink, 'call'>, vision: Vision) {
    this.#link = link;
    this.#vision = vision;
  }

  /** A picture as snapshotOf() left it. */
  async prepare(source: unknown, options: PrepareOptions): Promise<PreparedImage> {
    if (source instanceof PreparedImage) return source;
    const { signal, where, numCrops } = options;
    try {
      const picture = await readSource(source, signal);
      const key = await keyOf(picture, numCrops);
      const known = this.#prepared.get(key);
      this.#prepared.delete(key);
      const prepared = known ?? (await this.#ask(picture, numCrops, signal));
      this.#prepared.set(key, prepared);
      this.#forget();
      return prepared;
    } catch (error) {
      throw namedError(error, where);
    }
  }

  async #ask(
    picture: WirePicture,
    numCrops: number,
    signal: AbortSignal | undefined,
  ): Promise<PreparedImage> {
    const { tileSize } = this.#vision;
    const request = { picture, numCrops, tileSize };
    const made = await this.#link.call('preparePicture', request, {
      signal,
      transfer: [picture.bytes.buffer],
    });
    if (signal?.aborted) throw canceledError(signal);
    return new PreparedImage(made, this.#vision, numCrops);
  }

  #forget(): void {
    let bytes = 0;
    for (const { rgb } of this.#prepared.values()) bytes += rgb.length;
    for (const [key, { rgb }] of this.#prepared) {
      if (bytes <= PREPARED_CACHE_BYTES) return;
      this.#prepared.delete(key);
      bytes -= rgb.length;
    }
  }
}

async function keyOf(picture: WirePicture, numCrops: number): Promise<string> {
  const shape = picture.kind === 'rgba' ? `${picture.width}x${picture.height}` : 'file';
  return `${shape}:${numCrops}:${await sha256Hex(picture.bytes)}`;
}

/** A prompt's text in tokens, its pictures between. */
export interface ImagePrompt {
  readonly chunks: readonly ArrayLike<number>[];
  /** One fewer. */
  readonly images: readonly PreparedImage[];
  readonly imageTokens: number;
  /** All tokens. */
  readonly length: number;
}

/** Splits a rendered prompt at its tags, of which each stands for a picture. Each chunk is encoded on its own. */
export async function readPrompt(
  text: string,
  images: readonly PreparedImage[],
  encode: (chunk: string) => Promise<ArrayLike<number>>,
): Promise<ImagePrompt> {
  /* A text, a number, a text and so on. */
  const pieces = text.split(IMAGE_TAG);
  const tags = pieces.filter((_, i) => i % 2 === 1).map(Number);
  const isRight = tags.length === images.length && tags.every((tag, i) => tag === i + 1);
  if (!isRight) {
    const got = tags.map(imageTag).join(', ') || 'none';
    const text = `the prompt has ${images.length} pictures and these tags: ${got}; each picture writes its own`;
    throw new EngineError('PHI_EINVAL', text, { where: 'messages' });
  }
  const chunks: ArrayLike<number>[] = [];
  for (const [i, piece] of pieces.entries()) if (i % 2 === 0) chunks.push(await encode(piece));
  const imageTokens = images.reduce((sum, { tokens }) => sum + tokens, 0);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, imageTokens);
  return { chunks, images, imageTokens, length };
}

/** Throws PHI_ECONTEXT for a prompt that is too long, with what would fit. */
export function checkRoom(prompt: ImagePrompt, quota: number, vision: Vision): void {
  const { images, length, imageTokens } = prompt;
  if (length <= quota) return;
  const tokensAt = (numCrops: number): number =>
    images.reduce((sum, image) => {
      const most = Math.min(numCrops, image.numCrops);
      const grid = gridOf(image.width, image.height, most, vision.tileSize);
      return sum + countTokens(vision, grid);
    }, length - imageTokens);
  let numCrops = Math.max(...images.map((image) => image.numCrops)) - 1;
  while (numCrops > 0 && tokensAt(numCrops) > quota) numCrops--;
  const remedy =
    numCrops > 0
      ? `with num_crops ${numCrops} or less they fit`
      : 'not even num_crops 1 makes them fit: give fewer pictures, less text, or the engine a larger contextLength';
  throw new EngineError(
    'PHI_ECONTEXT',
    `${length} tokens (${imageTokens} of pictures) exceed the context of ${quota}; ${remedy}`,
    { requested: length, quota, numCrops: numCrops > 0 ? numCrops : undefined },
  );
}

export interface ImageProgress {
  /** Which of the request's pictures, from 0. */
  readonly image: number;
  readonly n_images: number;
  /** Steps of this picture. */
  readonly done: number;
  readonly total: number;
  /** Until all are encoded; null while it cannot be told. */
  readonly secondsLeft: number | null;
}

export interface EncodeControl {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((done: number, total: number) => void) | undefined;
}

/** Where pictures are encoded: a Session. */
export interface ImageSession {
  encodeImage(image: PreparedImage, control: EncodeControl): Promise<number>;
}

/** Tells how pictures come along, by the time that those before took. */
class ProgressMeter {
  readonly #images: readonly PreparedImage[];
  readonly #tell: (progress: ImageProgress) => void;
  readonly #start = performance.now();
  #doneUnits = 0;
  #leftUnits: number;

  constructor(images: readonly PreparedImage[], tell: (progress: ImageProgress) => void) {
    this.#images = images;
    this.#tell = tell;
    this.#leftUnits = images.reduce((sum, image) => sum + unitsOf(image), 0);
  }

  step(image: number, done: number, total: number): void {
    const units = unitsOf(this.#images[image]) * (done / total);
    const spent = performance.now() - this.#start;
    const left = (spent / (this.#doneUnits + units)) * (this.#leftUnits - units);
    const secondsLeft = Number.isFinite(left) ? left / 1000 : null;
    this.#tell({ image, n_images: this.#images.length, done, total, secondsLeft });
  }

  /** `isNew`: it was not encoded before. */
  end(image: number, isNew: boolean): void {
    const units = unitsOf(this.#images[image]);
    this.#leftUnits -= units;
    if (isNew) this.#doneUnits += units;
  }
}

/** Tiles, that of the whole picture among them. */
function unitsOf(image: PreparedImage | undefined): number {
  return image === undefined ? 0 : image.tiles[0] * image.tiles[1] + 1;
}

/** Encodes what is not encoded yet; gives the whole prompt as tokens. */
export async function encodePrompt(
  { chunks, images, length }: ImagePrompt,
  session: ImageSession,
  control: {
    signal?: AbortSignal | undefined;
    onProgress?: ((p: ImageProgress) => void) | undefined;
  },
): Promise<Int32Array<ArrayBuffer>> {
  const { signal, onProgress = () => undefined } = control;
  const meter = new ProgressMeter(images, onProgress);
  const tokens = new Int32Array(length);
  let at = 0;
  for (const [i, chunk] of chunks.entries()) {
    tokens.set(chunk, at);
    at += chunk.length;
    const image = images[i];
    if (image === undefined) continue;
    let steps = 0;
    const onStep = (done: number, total: number): void => {
      steps = done;
      meter.step(i, done, total);
    };
    const id = await session.encodeImage(image, { signal, onStep });
    meter.end(i, steps > 0);
    tokens.fill(-id, at, at + image.tokens);
    at += image.tokens;
  }
  return tokens;
}

/** A part of a message that is no text, as it was when the request was made. */
export interface Media {
  /** What errors call it. */
  readonly where: string;
  readonly source: unknown;
  /** undefined: the model's own. */
  readonly numCrops: number | undefined;
  /** Of a video: so many pictures. undefined: it is one picture. */
  readonly frames: number | undefined;
}

export interface Preparer {
  prepare(
    snapshot: unknown,
    options: { numCrops?: number | undefined; signal: AbortSignal | undefined; where: string },
  ): Promise<PreparedImage>;
}

/** All pictures of a request, frames of videos among them. */
export async function prepareMedia(
  media: readonly Media[],
  preparer: Preparer,
  signal: AbortSignal | undefined,
): Promise<PreparedImage[]> {
  const images: PreparedImage[] = [];
  for (const { where, source, numCrops, frames } of media) {
    const add = async (one: unknown): Promise<number> =>
      images.push(await preparer.prepare(one, { where, numCrops, signal }));
    if (frames === undefined) await add(source);
    else
      try {
        for await (const frame of videoFrames(source, frames, signal)) await add(frame);
      } catch (error) {
        throw namedError(error, where);
      }
  }
  return images;
}
