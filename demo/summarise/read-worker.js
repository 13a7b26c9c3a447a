/* Reads a file away from the page: decoding and parsing megabytes would hold it up. One file in, {text} or {reason,
 * message} out. */
import { threadFromJson } from './chat-json.js';
import { decodeText, FILE_BYTES_MAX, UnreadableText } from './decode.js';
import { textFromMail } from './eml.js';

async function read(file) {
  if (file.size > FILE_BYTES_MAX)
    throw new UnreadableText(
      'large',
      `the file has ${file.size} bytes, the limit is ${FILE_BYTES_MAX}`,
    );
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.eml$/i.test(file.name)) {
    const mail = textFromMail(bytes);
    if (mail !== undefined) return mail;
  }
  const text = decodeText(bytes);
  return (/\.json$/i.test(file.name) ? threadFromJson(text) : undefined) ?? text;
}

globalThis.onmessage = async ({ data }) => {
  try {
    postMessage({ text: await read(data) });
  } catch (error) {
    postMessage({ reason: error.reason ?? 'unread', message: error.message });
  }
};
