/* A mail as mail programs save it (.eml): who, when, what about, and its plain text. Parts in other parts are looked
 * for to a small depth; HTML alone is stripped of its tags. */

const DEPTH_MAX = 5;
const PARTS_MAX = 50;
const HEADERS_MAX = 1 << 16;
const SHOWN = ['from', 'to', 'cc', 'date', 'subject'];
const PIECE_BYTES = 1 << 13;

/** Mail is read with one character a byte first (which no TextDecoder does); the body's own encoding comes later. */
function latinOf(bytes) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES)));
  return pieces.join('');
}

function bytesOf(latin) {
  const bytes = new Uint8Array(latin.length);
  for (let i = 0; i < latin.length; i++) bytes[i] = latin.charCodeAt(i);
  return bytes;
}

function decodeBytes(bytes, charset) {
  try {
    return new TextDecoder(charset || 'utf-8').decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; /* a charset that nobody knows */
    return new TextDecoder('utf-8').decode(bytes);
  }
}

function fromQuotedPrintable(text) {
  return text
    .replace(/=[ \t]*\r?\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function fromBase64(text) {
  const clean = text.replace(/[^A-Za-z0-9+/]/g, '');
  try {
    return atob(clean.slice(0, clean.length - (clean.length % 4 === 1 ? 1 : 0)));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return '';
  }
}

/** "=?utf-8?B?…?=" in headers. */
function decodeWords(value) {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?([\w-]{1,40})\?([BbQq])\?([^?\s]*)\?=/g, (_, charset, kind, text) => {
      const isBase64 = kind.toLowerCase() === 'b';
      const latin = isBase64 ? fromBase64(text) : fromQuotedPrintable(text.replaceAll('_', ' '));
      return decodeBytes(bytesOf(latin), charset);
    });
}

/** {headers, body}: names in lower case, the first of each. */
function splitHead(latin) {
  const end = /\r?\n\r?\n/.exec(latin.slice(0, HEADERS_MAX));
  const head = latin.slice(0, end?.index ?? Math.min(latin.length, HEADERS_MAX));
  const body = end === null ? '' : latin.slice(end.index + end[0].length);
  const headers = new Map();
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(0, at)).toLowerCase();
    if (/^[\w-]+$/.test(name) && !headers.has(name)) headers.set(name, line.slice(at + 1).trim());
  }
  return { headers, body };
}

function parameterOf(contentType, name) {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(contentType);
  return match?.[1] ?? match?.[2];
}

function decodeBody({ headers, body }, contentType) {
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase();
  let latin = body;
  if (encoding === 'base64') latin = fromBase64(body);
  else if (encoding === 'quoted-printable') latin = fromQuotedPrintable(body);
  return decodeBytes(bytesOf(latin), parameterOf(contentType, 'charset'));
}

const ENTITIES = { nbsp: ' ', lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
const BREAKS = /^\/?(?:br|p|div|tr|li|h\d)\b/i;
/* What stands inside is no text. */
const SILENT = /^(script|style)\b/i;

/** One pass: a search that finds nothing ends it. */
function stripTags(html) {
  const lower = html.toLowerCase();
  const pieces = [];
  for (let at = 0; ; ) {
    const open = html.indexOf('<', at);
    pieces.push(html.slice(at, open < 0 ? html.length : open));
    const close = open < 0 ? -1 : html.indexOf('>', open);
    if (close < 0) break;
    const tag = html.slice(open + 1, Math.min(close, open + 20));
    if (BREAKS.test(tag)) pieces.push('\n');
    const silent = SILENT.exec(tag)?.[1];
    at = close + 1;
    if (silent !== undefined) at = lower.indexOf(`</${silent.toLowerCase()}`, at);
    if (at < 0) break;
  }
  return pieces.join('').replace(/&(\w{2,4}|#39);/g, (all, name) => ENTITIES[name] ?? all);
}

/** {plain, html} of a part and those inside it; the first of each. */
function textsOf(latin, depth) {
  const part = splitHead(latin);
  const contentType = part.headers.get('content-type') ?? 'text/plain';
  const boundary = parameterOf(contentType, 'boundary');
  if (/^multipart\//i.test(contentType) && boundary && depth < DEPTH_MAX) {
    const found = {};
    for (const inner of part.body.split(`--${boundary}`).slice(1, PARTS_MAX)) {
      if (inner.startsWith('--')) break;
      const texts = textsOf(inner.replace(/^\r?\n/, ''), depth + 1);
      found.plain ??= texts.plain;
      found.html ??= texts.html;
    }
    return found;
  }
  if (/attachment/i.test(part.headers.get('content-disposition') ?? '')) return {};
  if (/^text\/html/i.test(contentType)) return { html: stripTags(decodeBody(part, contentType)) };
  return /^text\//i.test(contentType) ? { plain: decodeBody(part, contentType) } : {};
}

/** `bytes` of the file; undefined when it does not begin as a mail does. */
export function textFromMail(bytes) {
  const latin = latinOf(bytes);
  const { headers } = splitHead(latin);
  if (!headers.has('from')) return undefined;
  const { plain, html } = textsOf(latin, 0);
  const head = SHOWN.filter((name) => headers.has(name)).map((name) => {
    const title = name[0].toUpperCase() + name.slice(1);
    /* Raw UTF-8 in headers is allowed these days. */
    return `${title}: ${decodeWords(decodeBytes(bytesOf(headers.get(name)), 'utf-8'))}`;
  });
  return `${head.join('\n')}\n\n${(plain ?? html ?? '').trim()}\n`;
}
