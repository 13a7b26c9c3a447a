/* Pictures that a page gives, as they are when it gives them. */
import { EngineError, messageOf } from '../base/errors.ts';
import { checkFile, checkPixels } from './image-limits.ts';

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

type Changeable = ImageData | ArrayBuffer | ArrayBufferView;

/** Of its bytes only: a view's buffer may be much larger, or shared. Throws for what is too large to be read. */
function cloneOf(source: Changeable): unknown {
  if ('width' in source) {
    checkPixels(source.width, source.height);
    const clone: unknown = structuredClone(source);
    /* Chromium's way of refusing to clone one. */
    if (clone === null) throw new TypeError('not cloned');
    return clone;
  }
  checkFile(source.byteLength);
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source.slice());
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
}

function whyNoClone(source: Changeable, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  const view = 'width' in source ? source.data : source;
  const { byteLength } = ArrayBuffer.isView(view) ? view.buffer : view;
  /* Empty memory that is still there can be copied. */
  if (byteLength === 0)
    return new EngineError('PHI_EINVAL', 'its memory was given away (detached)', { cause });
  const text = `no memory for a copy of it (${messageOf(cause)})`;
  return new EngineError('PHI_ENOMEM', text, { cause });
}

/** What a page may change before it is looked at is copied, elements and canvases as promises of an ImageBitmap, bytes
 * as a Uint8Array; anything else stays as it is. What cannot be copied or is too large is a promise that rejects. */
export function snapshotOf(source: unknown): unknown {
  const kind = platformKind(source);
  const isDrawn = /^(HTML|SVG|OffscreenCanvas|VideoFrame|ImageBitmap)/.test(kind);
  if (isDrawn && typeof source === 'object' && source !== null) return quiet(copyOf(source));
  const isPixels = kind === 'ImageData';
  if (!isPixels && kind !== 'ArrayBuffer' && !ArrayBuffer.isView(source)) return source;
  const changeable = source as Changeable;
  try {
    return cloneOf(changeable);
  } catch (thrown) {
    return quiet(Promise.reject(whyNoClone(changeable, thrown)));
  }
}

/** Gives back what snapshots hold that nobody will look at. Twice is fine. */
export function discardSnapshots(snapshots: readonly unknown[]): void {
  const close = (one: unknown): void => {
    if (platformKind(one) === 'ImageBitmap') (one as ImageBitmap).close();
  };
  for (const snapshot of snapshots) Promise.resolve(snapshot).then(close, nothing);
}
