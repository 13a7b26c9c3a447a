/* What a model that sees makes of a picture's size: tiles and tokens, by arithmetic alone.
 *
 * The longer side becomes as many tiles as the limit allows (num_crops in all), the shorter one keeps the ratio and is
 * filled up to whole tiles. Each tile gives m x m tokens, and so does the whole picture at the size of one; each row of
 * tokens ends with one more, and one lies between the two parts. */
import { isObject, readNumber } from '../base/options.ts';

/** What Phi-3-vision was made with. */
export const NUM_CROPS_MAX = 16;

/** Where a picture stands in a prompt's text. */
export const IMAGE_TAG = /<\|image_(\d+)\|>/g;

/** Of the n-th picture, from 1. */
export function imageTag(n: number): string {
  return `<|image_${n}|>`;
}

/** What a model said is no picture, whatever it looks like. */
export function withoutTags(text: string): string {
  let rest = text;
  /* What stood around a tag may be one now. */
  while (rest.search(IMAGE_TAG) >= 0) rest = rest.replace(IMAGE_TAG, '');
  return rest;
}

export interface Vision {
  /** Pixels of a side of a tile. */
  readonly tileSize: number;
  /** Pixels of a side of what becomes a quarter of a token. */
  readonly patchSize: number;
  /** Tiles of one picture at most, unless a request says otherwise. */
  readonly numCrops: number;
  /** Of one picture: the fewest there are, and the most at numCrops 16. */
  readonly tokensMin: number;
  readonly tokensMax: number;
}

export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Tokens of a picture of so many tiles. */
export function countTokens(
  { tileSize, patchSize }: Pick<Vision, 'tileSize' | 'patchSize'>,
  { rows, columns }: Grid,
): number {
  const m = tileSize / patchSize / 2;
  return (rows * columns + 1) * m * m + 1 + (rows + 1) * m;
}

/** The part "vision" of phi_engine_info_json(); undefined: the model reads text only. */
export function readVision(raw: unknown): Vision | undefined {
  if (!isObject(raw)) return undefined;
  const sizes = {
    tileSize: Number(raw.tileSize),
    patchSize: Number(raw.patchSize),
    numCrops: Number(raw.numCrops),
  };
  const tokensMax = countTokens(sizes, { rows: NUM_CROPS_MAX, columns: 1 });
  return { ...sizes, tokensMin: countTokens(sizes, { rows: 1, columns: 1 }), tokensMax };
}

/** Tiles of a picture of this size in pixels. */
export function gridOf(width: number, height: number, numCrops: number, tileSize: number): Grid {
  const ratio = Math.max(width, height) / Math.min(width, height);
  let long = 1;
  while (long * Math.ceil(long / ratio) <= numCrops) long++;
  long--;
  const short = Math.max(1, Math.ceil(Math.trunc((tileSize * long) / ratio) / tileSize));
  return width < height ? { rows: long, columns: short } : { rows: short, columns: long };
}

export function readNumCrops(name: string, value: unknown): number | undefined {
  return readNumber(name, value, { min: 1, max: NUM_CROPS_MAX, isInteger: true });
}
