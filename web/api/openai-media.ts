/* Pictures and videos among the parts of a message. */
import { VIDEO_FRAMES_MAX } from '../base/limits.ts';
import { invalid, readChoice, readFields, readNumber } from '../base/options.ts';
import { discardSnapshots, snapshotOf } from '../engine/image-snapshot.ts';
import type { Media } from '../engine/images.ts';
import { NUM_CROPS_MAX, readNumCrops } from '../engine/vision.ts';

const FRAMES_DEFAULT = 4;
const DETAILS = { auto: undefined, low: 1, high: NUM_CROPS_MAX, original: NUM_CROPS_MAX } as const;

function readImage(where: string, part: unknown): Media {
  const { image_url } = readFields(where, part, ['type', 'image_url']);
  const name = `${where}.image_url`;
  const { url, detail, num_crops } = readFields(name, image_url, ['url', 'detail', 'num_crops']);
  if (url === undefined || url === null || url === '')
    throw invalid(`${name}.url`, 'a URL or a picture', url);
  const numCrops = readNumCrops(`${name}.num_crops`, num_crops);
  const named =
    readChoice(`${name}.detail`, detail, Object.keys(DETAILS) as (keyof typeof DETAILS)[]) ??
    'auto';
  const source = snapshotOf(url);
  return { where: name, source, numCrops: numCrops ?? DETAILS[named], frames: undefined };
}

function readVideo(where: string, part: unknown): Media {
  const fields = readFields(where, part, ['type', 'value', 'frames', 'num_crops']);
  const range = { min: 1, max: VIDEO_FRAMES_MAX, isInteger: true };
  const frames = readNumber(`${where}.frames`, fields.frames, range) ?? FRAMES_DEFAULT;
  const numCrops = readNumCrops(`${where}.num_crops`, fields.num_crops);
  return { where, source: fields.value, numCrops, frames };
}

/** Gives back the pictures of a request that comes to nothing. Videos are the page's own. */
export function discardMedia(media: readonly Media[]): void {
  const pictures = media.filter(({ frames }) => frames === undefined);
  discardSnapshots(pictures.map(({ source }) => source));
}

/** undefined: of another type. */
export function readMedia(where: string, part: unknown, type: unknown): Media | undefined {
  if (type === 'image_url') return readImage(where, part);
  return type === 'video' ? readVideo(where, part) : undefined;
}
