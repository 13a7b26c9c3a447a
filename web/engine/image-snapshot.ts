/* Pictures that a page gives, as they are when it gives them. */
import { EngineError } from '../base/errors.ts';
import { PICTURE_FILE_BYTES_MAX, PICTURE_PIXELS_MAX } from '../base/limits.ts';

/** As the file has them: upright, colours and alpha untouched. */
export const BITMAP_OPTIONS: ImageBitmapOptions = {
  imageOrientation: 'from-image',
  premultiplyAlpha: 'none',
  colorSpaceConversion: 'none',
};

const nothing = (): undefined => undefined;

/** The name of the interface that a platform object belongs to, whichever frame it comes from. */
export function platformKind(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** Looked at later; until then nobody has missed its failure. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}

/* Asynchronous, so that it throws nothing; the copy is made at once all the same, but of an image that is loading. */
async function copyOf(source: object): Promise<ImageBitmap> {
  if ('complete' in source && !source.complete) await (source as HTMLImageElement).decode();
  return await createImageBitmap(source as ImageBitmapSource, BITMAP_OPTIONS);
}

/** Of its bytes only: a view's buffer may be much larger, or shared. */
function cloneOf(source: ImageData | ArrayBuffer | ArrayBufferView): unknown {
  if ('width' in source) return structuredClone(source);
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source.slice());
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
}

/** What a page may change before it is looked at is copied, elements and canvases as promises of an ImageBitmap, bytes
 * as a Uint8Array; anything else stays as it is, and so does what is too large to be read. */
export function snapshotOf(source: unknown): unknown {
  const kind = platformKind(source);
  const isDrawn = /^(HTML|SVG|OffscreenCanvas|VideoFrame|ImageBitmap)/.test(kind);
  if (isDrawn && typeof source === 'object' && source !== null) return quiet(copyOf(source));
  const isPixels = kind === 'ImageData';
  if (!isPixels && kind !== 'ArrayBuffer' && !ArrayBuffer.isView(source)) return source;
  const changeable = source as ImageData | ArrayBuffer | ArrayBufferView;
  const isTooLarge =
    'width' in changeable
      ? changeable.width * changeable.height > PICTURE_PIXELS_MAX
      : changeable.byteLength > PICTURE_FILE_BYTES_MAX;
  if (isTooLarge) return source;
  try {
    return cloneOf(changeable);
  } catch (cause) {
    const text = 'its memory was given away (detached)';
    return quiet(Promise.reject(new EngineError('PHI_EINVAL', text, { cause })));
  }
}

/** Gives back what snapshots hold that nobody will look at. Twice is fine. */
export function discardSnapshots(snapshots: readonly unknown[]): void {
  const close = (one: unknown): void => {
    if (platformKind(one) === 'ImageBitmap') (one as ImageBitmap).close();
  };
  for (const snapshot of snapshots) Promise.resolve(snapshot).then(close, nothing);
}
