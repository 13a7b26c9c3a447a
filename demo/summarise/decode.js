/* Bytes of a text file as text. Encodings of chat exports in the wild: UTF-8, UTF-16 with a mark, and what Windows in
 * Korea writes. */

export const FILE_BYTES_MAX = 16 * 2 ** 20;
const PIECE_BYTES = 1 << 20;
const SNIFFED_BYTES = 1 << 16;

/** `reason`: 'large', 'binary' or 'empty'. */
export class UnreadableText extends Error {
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

function markOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function decodeAs(encoding, bytes) {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const pieces = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push(decoder.decode(bytes.subarray(at, at + PIECE_BYTES), { stream: true }));
  pieces.push(decoder.decode());
  return pieces.join('');
}

function isBinary(bytes) {
  const sniffed = bytes.subarray(0, SNIFFED_BYTES);
  let nControls = 0;
  for (const byte of sniffed) nControls += byte < 9 || (byte > 13 && byte < 32 && byte !== 27);
  return nControls * 50 > sniffed.length;
}

/** Throws UnreadableText. */
export function decodeText(bytes) {
  if (bytes.length === 0) throw new UnreadableText('empty', 'the file is empty');
  if (bytes.length > FILE_BYTES_MAX)
    throw new UnreadableText(
      'large',
      `the file has ${bytes.length} bytes, the limit is ${FILE_BYTES_MAX}`,
    );
  const marked = markOf(bytes);
  if (marked === undefined && isBinary(bytes))
    throw new UnreadableText('binary', 'the file is not text');
  for (const encoding of [marked ?? 'utf-8', 'euc-kr']) {
    try {
      return decodeAs(encoding, bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; /* not of this encoding */
    }
  }
  return new TextDecoder('windows-1252').decode(bytes);
}
