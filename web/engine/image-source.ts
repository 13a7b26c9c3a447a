/* Pictures in all forms that pages have them, as the worker takes them. JPEG, PNG, GIF and BMP files go there as they
 * are, to a decoder whose results are the same everywhere; other files and what is pixels already go through the
 * browser's. */
import { adoptError, canceledError, EngineError, messageOf } from '../base/errors.ts';
import { PICTURE_FILE_BYTES_MAX } from '../base/limits.ts';
import { invalid } from '../base/options.ts';
import type { WirePicture } from '../worker/protocol.ts';
import { claimedSize } from './image-header.ts';
import { checkFile, checkPixels } from './image-limits.ts';
import { BITMAP_OPTIONS, platformKind } from './image-snapshot.ts';

/** First bytes of the files that the worker decodes. */
const MAGICS = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
  [0x47, 0x49, 0x46, 0x38],
  [0x42, 0x4d],
] as const;
const EXPECTED =
  'a URL, a Blob, the bytes of a file, ImageData, an ImageBitmap, a canvas, an image or a video';

/** Characters of a data: URL for a byte at most: four for three bytes in base64, each of them escaped. */
const DATA_URL_FACTOR = 4;

interface File {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** A data: URL by hand: a content security policy may forbid to fetch one. */
function readDataUrl(url: string): File {
  /* Decoding takes memory: what is too long in any case is refused before. */
  const least = Math.ceil(url.length / DATA_URL_FACTOR);
  checkFile(least, `a data: URL of at least ${least} bytes`);
  const comma = url.indexOf(',');
  if (comma < 0) throw invalid('url', 'a comma in a data: URL', url);
  const head = url.slice('data:'.length, comma);
  const isBase64 = /;\s*base64\s*$/i.test(head);
  const type = head.replace(/;.*$/, '');
  try {
    const text = decodeURIComponent(url.slice(comma + 1));
    checkFile(isBase64 ? Math.floor(text.length * 0.75) : text.length);
    const bytes = isBase64
      ? Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
      : new TextEncoder().encode(text);
    checkFile(bytes.length);
    return { bytes, type };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('PHI_ECORRUPT', `a data: URL that is no ${isBase64 ? 'base64' : 'text'}`);
  }
}

/** Reads a body, which may be longer than it said. */
async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > PICTURE_FILE_BYTES_MAX) await response.body?.cancel();
  checkFile(announced);
  const reader = response.body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
    size += next.value.length;
    parts.push(next.value);
    if (size > PICTURE_FILE_BYTES_MAX) await reader?.cancel();
    checkFile(size);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function fetchFile(url: string, signal: AbortSignal | undefined): Promise<File> {
  const shown = url.length > 120 ? `${url.slice(0, 120)}…` : url;
  try {
    const response = await fetch(url, signal === undefined ? {} : { signal });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return { bytes: await readBody(response), type: response.headers.get('content-type') ?? '' };
  } catch (error) {
    if (signal?.aborted) throw canceledError(signal);
    if (error instanceof EngineError) throw error;
    const text = `${shown} could not be fetched (${messageOf(error)}); another origin must allow it by CORS`;
    throw new EngineError('PHI_ENETWORK', text, { where: shown, cause: error });
  }
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context !== null) return context;
  const size = `${canvas.width} x ${canvas.height}`;
  throw new EngineError('PHI_ENOMEM', `no canvas of ${size} pixels could be had`);
}

/** As pixels. The bitmap is closed. */
function readBitmap(bitmap: ImageBitmap): WirePicture {
  const { width, height } = bitmap;
  try {
    checkPixels(width, height);
    const context = contextOf(new OffscreenCanvas(width, height));
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { kind: 'rgba', bytes: new Uint8Array(data.buffer), width, height };
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'SecurityError') throw error;
    const text = 'its pixels are of another origin that did not allow this page to read them';
    throw new EngineError('PHI_EINVAL', text, { cause: error });
  } finally {
    bitmap.close();
  }
}

function undecodable(cause: unknown): EngineError {
  const text = `no picture that this browser can decode (${messageOf(cause)})`;
  return new EngineError('PHI_ECORRUPT', text, { cause });
}

/** Drawings have no decoder but the element's; one without a size of its own gets the browser's default. */
async function drawSvg(blob: Blob): Promise<ImageBitmap> {
  if (globalThis.document === undefined)
    throw new EngineError('PHI_EUNSUPPORTED', 'SVG can be drawn on a page only, not in a worker');
  const url = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    checkPixels(width, height);
    const canvas = new OffscreenCanvas(width, height);
    contextOf(canvas).drawImage(image, 0, 0);
    return canvas.transferToImageBitmap();
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function readFile({ bytes, type }: File): Promise<WirePicture> {
  if (MAGICS.some((magic) => magic.every((byte, i) => bytes[i] === byte)))
    return { kind: 'file', bytes };
  const claimed = claimedSize(bytes);
  if (claimed !== undefined) checkPixels(claimed.width, claimed.height);
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const isSvg = type.startsWith('image/svg') || /^\s*(<\?xml|<!--|<svg)/.test(start);
  const blob = new Blob([bytes], { type: isSvg ? 'image/svg+xml' : type });
  let bitmap: ImageBitmap;
  try {
    bitmap = await (isSvg ? drawSvg(blob) : createImageBitmap(blob, BITMAP_OPTIONS));
  } catch (error) {
    throw error instanceof EngineError ? error : undecodable(error);
  }
  return readBitmap(bitmap);
}

async function readBlob(blob: Blob): Promise<File> {
  checkFile(blob.size);
  try {
    return { bytes: new Uint8Array(await blob.arrayBuffer()), type: blob.type };
  } catch (error) {
    throw new EngineError('PHI_ENETWORK', `the file cannot be read (${messageOf(error)})`, {
      cause: error,
    });
  }
}

async function settled(given: unknown): Promise<unknown> {
  try {
    return await given;
  } catch (error) {
    const known = adoptError(error);
    throw known instanceof EngineError ? known : undecodable(error);
  }
}

/** A picture as snapshotOf() left it. Its memory may be given away, its ImageBitmap is closed. */
export async function readSource(
  given: unknown,
  signal: AbortSignal | undefined,
): Promise<WirePicture> {
  const source = await settled(given);
  const kind = platformKind(source);
  if (signal?.aborted) {
    if (kind === 'ImageBitmap') (source as ImageBitmap).close();
    throw canceledError(signal);
  }
  if (typeof source === 'string' || kind === 'URL') {
    const url = String(source);
    return await readFile(/^data:/i.test(url) ? readDataUrl(url) : await fetchFile(url, signal));
  }
  if (kind === 'Blob' || kind === 'File') return await readFile(await readBlob(source as Blob));
  if (kind === 'ImageBitmap') return readBitmap(source as ImageBitmap);
  if (kind === 'ImageData') {
    const { data, width, height } = source as ImageData;
    checkPixels(width, height);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { kind: 'rgba', bytes, width, height };
  }
  if (ArrayBuffer.isView(source) || kind === 'ArrayBuffer') {
    checkFile((source as ArrayBuffer).byteLength);
    return await readFile({ bytes: source as Uint8Array<ArrayBuffer>, type: '' });
  }
  throw invalid('image', EXPECTED, source);
}
