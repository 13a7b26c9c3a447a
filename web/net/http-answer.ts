/* Reads the head of an HTTP answer: what is coming, from which place of which file. Three outcomes: a head, a Setback
 * (worth another attempt), an EngineError (it will not get better). */
import { EngineError } from '../base/errors.ts';
import { FILE_BYTES_MAX } from '../base/limits.ts';
import type { FileIdentity } from './chunk-sink.ts';

/** A failure that time may mend. */
export class Setback extends Error {
  /** What the server asked for in Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(text: string, detail: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(text, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** The server's file is another one than before. */
export class FileChanged extends Error {}

export interface Asked {
  /** For messages: the address that the caller knows. */
  readonly url: string;
  /** For messages: "a model file". */
  readonly what: string;
  /** The bytes [first, last], or to the end; undefined: no range was asked for. */
  readonly range: { readonly first: number; readonly last: number | undefined } | undefined;
}

export interface AnswerHead {
  /** The bytes of a range, the whole file from 0, or nothing because the file ends before the range (416). */
  readonly kind: 'part' | 'whole' | 'beyond';
  /** The body is [first, end) of the file; an undefined end is where the body ends. */
  readonly first: number;
  readonly end: number | undefined;
  readonly identity: FileIdentity;
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  401: 'the server wants a login',
  403: 'the server refuses access',
  404: 'there is no such file',
  410: 'the file is gone',
  416: 'the server has fewer bytes than the file should have',
  429: 'too many requests; wait a while',
};

export function networkError(url: string, text: string, cause?: unknown): EngineError {
  return new EngineError('PHI_ENETWORK', `${url}: ${text}`, { where: url, cause });
}

export function corruptError(url: string, text: string): EngineError {
  return new EngineError('PHI_ECORRUPT', `${url}: ${text}`, { where: url });
}

/** An unsigned decimal, or undefined. */
function parseBytes(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || !/^\d+$/.test(text)) return undefined;
  const bytes = Number(text);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Milliseconds of a Retry-After header, given in seconds or as a date; undefined when it says nothing sensible. */
export function parseRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const seconds = parseBytes(text.trim());
  if (seconds !== undefined) return seconds * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The tag, if equal tags mean equal bytes. */
export function strongTag(identity: FileIdentity): string | undefined {
  return identity.etag?.startsWith('"') ? identity.etag : undefined;
}

/** True: nothing that both answers tell differs. A tag outweighs the date: copies of a file have their own dates. */
export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  if (a.bytes !== undefined && b.bytes !== undefined && a.bytes !== b.bytes) return false;
  const [tagA, tagB] = [strongTag(a), strongTag(b)];
  if (tagA !== undefined && tagB !== undefined) return tagA === tagB;
  if (a.lastModified === undefined || b.lastModified === undefined) return true;
  return a.lastModified === b.lastModified;
}

/** Both answers tell a strong tag or a date: without either, only a length would speak for isSameFile(). */
export function isComparable(a: FileIdentity, b: FileIdentity): boolean {
  const hasTags = strongTag(a) !== undefined && strongTag(b) !== undefined;
  return hasTags || (a.lastModified !== undefined && b.lastModified !== undefined);
}

function isCompressed(headers: Headers): boolean {
  const encoding = headers.get('content-encoding');
  return encoding !== null && encoding !== '' && encoding.toLowerCase() !== 'identity';
}

function identityOf(headers: Headers, bytes: number | undefined): FileIdentity {
  return {
    bytes,
    etag: headers.get('etag') ?? undefined,
    lastModified: headers.get('last-modified') ?? undefined,
  };
}

function checkLength(url: string, bytes: number | undefined): number | undefined {
  if (bytes !== undefined && bytes > FILE_BYTES_MAX) {
    throw networkError(
      url,
      `the server announces a file of ${bytes} bytes, the limit is ${FILE_BYTES_MAX}`,
    );
  }
  return bytes;
}

/** What an answer that is of no use means: a Setback, or an EngineError. `now` as Surroundings has it. */
export function refusalOf(
  { status, headers }: Response,
  { url, what }: Pick<Asked, 'url' | 'what'>,
  now: number,
): Setback | EngineError {
  const text = `HTTP status ${status}: ${STATUS_WORDS[status] ?? `expected ${what}`}`;
  if (status !== 408 && status !== 429 && status < 500) return networkError(url, text);
  return new Setback(text, { retryAfterMs: parseRetryAfter(headers.get('retry-after'), now) });
}

function checkStatus(response: Response, asked: Asked, now: number): void {
  const { status } = response;
  if (status === 200 || status === 206 || (status === 416 && asked.range !== undefined)) return;
  throw refusalOf(response, asked, now);
}

interface Place {
  readonly first: number;
  readonly end: number | undefined;
  readonly fileBytes: number | undefined;
}

/** What "bytes first-last/total" says, if it is sound. */
function parseContentRange(text: string): Place | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(text.trim());
  const first = parseBytes(match?.[1]);
  const last = parseBytes(match?.[2]);
  const fileBytes = parseBytes(match?.[3]);
  if (first === undefined || last === undefined || last < first) return undefined;
  const isTold = match?.[3] !== '*';
  if (isTold && (fileBytes === undefined || last >= fileBytes)) return undefined;
  return { first, end: last + 1, fileBytes };
}

/** Where the body of a 206 belongs. Another origin may hide Content-Range; then the length has to do, and tells the
 * file's if the range was open. */
function placeOfPart(headers: Headers, asked: Asked, first: number): Place {
  const length = parseBytes(headers.get('content-length'));
  const range = headers.get('content-range');
  if (range === null) {
    const end = length === undefined ? undefined : first + length;
    return { first, end, fileBytes: asked.range?.last === undefined ? end : undefined };
  }
  const place = parseContentRange(range);
  const isSound = place?.end !== undefined && (length ?? place.end - first) === place.end - first;
  if (place?.first === first && isSound) return place;
  const got = `content-range "${range}"${length === undefined ? '' : ` with ${length} bytes`}`;
  throw networkError(asked.url, `asked for the bytes from ${first} on, got ${got}`);
}

function readPart({ headers }: Response, asked: Asked): AnswerHead {
  const { url } = asked;
  if (isCompressed(headers)) {
    const encoding = `content-encoding "${headers.get('content-encoding')}"`;
    throw networkError(
      url,
      `the answer to a range request is compressed (${encoding}); turn compression off for this file`,
    );
  }
  const last = asked.range?.last;
  const { first, end, fileBytes } = placeOfPart(headers, asked, asked.range?.first ?? 0);
  if (last !== undefined && end !== undefined && end > last + 1) {
    throw networkError(
      url,
      `the server sends more than the bytes ${first} to ${last} that it was asked for: up to ${end - 1}`,
    );
  }
  return { kind: 'part', first, end, identity: identityOf(headers, checkLength(url, fileBytes)) };
}

/** `now` as Surroundings has it. */
export function readHead(response: Response, asked: Asked, now: number): AnswerHead {
  checkStatus(response, asked, now);
  const { status, headers } = response;
  if (status === 416) {
    const total = /^bytes \*\/(\d+)$/i.exec(headers.get('content-range')?.trim() ?? '')?.[1];
    const first = asked.range?.first ?? 0;
    return { kind: 'beyond', first, end: first, identity: identityOf(headers, parseBytes(total)) };
  }
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) {
    throw networkError(
      asked.url,
      `expected ${asked.what}, got an HTML page; link to the file itself`,
    );
  }
  if (status === 206) return readPart(response, asked);
  const length = isCompressed(headers) ? undefined : parseBytes(headers.get('content-length'));
  const bytes = checkLength(asked.url, length);
  return { kind: 'whole', first: 0, end: bytes, identity: identityOf(headers, bytes) };
}
