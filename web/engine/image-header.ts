/* What files that the browser decodes say of their size, so that one that would fill the memory is refused before. They
 * may lie: what comes out is measured again. */

export interface ClaimedSize {
  readonly width: number;
  readonly height: number;
}

/** An AVIF file names its sizes near its beginning. */
const SEARCHED_BYTES = 1 << 16;

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function webpSize(bytes: Uint8Array, view: DataView): ClaimedSize | undefined {
  switch (textAt(bytes, 12)) {
    case 'VP8X':
      /* 24 bits each, less one. */
      return {
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(26, true) >>> 8) + 1,
      };
    case 'VP8L': {
      /* 14 bits each, less one. */
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8 ':
      return {
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
    default:
      return undefined;
  }
}

/** The largest of its properties "ispe". */
function avifSize(bytes: Uint8Array, view: DataView): ClaimedSize | undefined {
  let size: ClaimedSize | undefined;
  const end = Math.min(bytes.length - 16, SEARCHED_BYTES);
  for (let at = 8; at < end; at++) {
    if (bytes[at] !== 0x69 || textAt(bytes, at) !== 'ispe') continue;
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (size === undefined || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}

/** undefined: another format, or too short to say. */
export function claimedSize(bytes: Uint8Array): ClaimedSize | undefined {
  if (bytes.length < 30) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (textAt(bytes, 0) === 'RIFF' && textAt(bytes, 8) === 'WEBP') return webpSize(bytes, view);
  return textAt(bytes, 4) === 'ftyp' ? avifSize(bytes, view) : undefined;
}
