/* Pictures that a page gives, as they are when it gives them. */

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

/* Asynchronous, so that it throws nothing; the copy is made at once all the same, but of an image that is loading. */
async function copyOf(source: object): Promise<ImageBitmap> {
  if ('complete' in source && !source.complete) await (source as HTMLImageElement).decode();
  return await createImageBitmap(source as ImageBitmapSource, BITMAP_OPTIONS);
}

/** What a page may change before it is looked at is copied, elements and canvases as promises of an ImageBitmap;
 * anything else stays as it is. */
export function snapshotOf(source: unknown): unknown {
  const kind = platformKind(source);
  const isDrawn = /^(HTML|SVG|OffscreenCanvas|VideoFrame|ImageBitmap)/.test(kind);
  if (isDrawn && typeof source === 'object' && source !== null) {
    const bitmap = copyOf(source);
    /* Looked at later; until then nobody has missed its failure. */
    bitmap.catch(nothing);
    return bitmap;
  }
  const isChangeable = kind === 'ImageData' || kind === 'ArrayBuffer' || ArrayBuffer.isView(source);
  return isChangeable ? structuredClone(source) : source;
}
