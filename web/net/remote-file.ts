/* One file on a server: requests for ranges of it, and their bodies piece by piece. Knows redirects, headers and dead
 * connections; knows nothing of chunks, and asks once: whoever calls decides about another attempt. */
import { canceledError, messageOf } from '../base/errors.ts';
import { PIECE_BYTES, RETRY_AFTER_MS_MAX, SILENCE_MS_MAX } from '../base/limits.ts';
import { type AnswerHead, type Asked, networkError, readHead, Setback } from './http-answer.ts';
import type { Surroundings } from './surroundings.ts';

export interface RemoteOptions {
  readonly url: string;
  /** Sent with each request to the URL's own origin, as a token would be. Any such header makes another origin ask for
   * permission first (a CORS preflight). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly credentials?: RequestCredentials | undefined;
  readonly surroundings: Surroundings;
}

/** Ends one request when its caller stops, or after a silence while somebody listens. */
class Guard {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal;
  readonly #surroundings: Surroundings;
  #isListening = false;
  #isSilent = true;
  #cancelAlarm: () => void = () => undefined;
  isDead = false;
  onAbort: () => void = () => undefined;

  constructor(stop: AbortSignal, surroundings: Surroundings) {
    this.#stop = stop;
    this.#surroundings = surroundings;
    stop.addEventListener('abort', this.abort);
    this.#arm();
    if (stop.aborted) this.abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly abort = (): void => {
    this.close();
    this.#controller.abort();
    this.onAbort();
  };

  /** The request has ended: nothing of it is left behind. */
  close(): void {
    this.#cancelAlarm();
    this.#stop.removeEventListener('abort', this.abort);
  }

  async listen<T>(promise: Promise<T>): Promise<T> {
    this.#isListening = true;
    try {
      return await promise;
    } finally {
      this.#isListening = false;
      this.#isSilent = false;
    }
  }

  /** The alarm goes on from silence to silence, which costs less than one a piece. */
  #arm(): void {
    this.#cancelAlarm = this.#surroundings.alarm(SILENCE_MS_MAX, () => {
      if (this.#isListening && this.#isSilent) {
        this.isDead = true;
        this.abort();
        return;
      }
      this.#isSilent = true;
      this.#arm();
    });
  }
}

const SILENCE = `no byte came for ${SILENCE_MS_MAX / 1000} seconds`;

/** Cancelling a stream that has failed tells the failure again. */
const isAborted = (): undefined => undefined;

/** The pieces of a body, in one buffer that is used again where the browser can: a new one for each costs a page fault
 * every 4 KiB, half of the work of a fast fetch. */
class BodyReader {
  readonly #own: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #buffer: ArrayBuffer | undefined;

  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    try {
      this.#own = body.getReader({ mode: 'byob' });
    } catch {
      this.#plain = body.getReader();
    }
  }

  /** Good until the next call. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#own === undefined) return (await this.#plain?.read())?.value;
    const view = new Uint8Array(this.#buffer ?? new ArrayBuffer(PIECE_BYTES));
    const { done, value } = await this.#own.read(view);
    this.#buffer = value?.buffer;
    return done ? undefined : value;
  }

  cancel(): Promise<void> | undefined {
    return (this.#own ?? this.#plain)?.cancel();
  }
}

export class Answer {
  readonly head: AnswerHead;
  readonly #body: BodyReader | undefined;
  readonly #guard: Guard;
  readonly #stop: AbortSignal;

  constructor(head: AnswerHead, response: Response, guard: Guard, stop: AbortSignal) {
    this.head = head;
    this.#body = response.body ? new BodyReader(response.body) : undefined;
    this.#guard = guard;
    this.#stop = stop;
    guard.onAbort = () => this.#drop();
    if (this.#body === undefined) guard.close();
  }

  /** The next piece, good until the next call, or undefined at the end. A broken connection is a Setback. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#body === undefined) return undefined;
    try {
      const piece = await this.#guard.listen(this.#body.read());
      if (piece !== undefined) return piece;
    } catch (error) {
      throw this.#broken(messageOf(error), error);
    }
    if (this.#guard.signal.aborted) throw this.#broken('closed');
    this.#guard.close();
    return undefined;
  }

  #broken(why: string, cause?: unknown): Error {
    this.#guard.close();
    if (this.#stop.aborted) return canceledError(this.#stop);
    return new Setback(`the connection broke (${this.#guard.isDead ? SILENCE : why})`, { cause });
  }

  /** Aborting a fetch should end a read that waits; Node 20 has been seen to forget it. This ends it in any case. */
  #drop(): void {
    this.#body?.cancel()?.catch(isAborted);
  }

  /** Ends the request if it is not over; nothing may be read afterwards. */
  close(): void {
    this.#guard.abort();
  }
}

/** What a remembered address of a redirect answers when it is no longer good. */
const EXPIRED_STATUSES: readonly number[] = [400, 401, 403, 404, 410];

export class RemoteFile {
  readonly url: string;
  readonly #options: RemoteOptions;
  /** Where redirects led to: the next request goes there at once. Signed addresses of this kind expire. */
  #direct: string | undefined;
  #wasRedirected = false;
  #notBefore = 0;
  #hasAnswered = false;
  /** Sent as If-Range where that needs no permission of another origin. */
  validator: string | undefined;

  constructor(options: RemoteOptions) {
    this.url = options.url;
    this.#options = options;
  }

  /** Something was received from this server before. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Asks for a range, or plainly for the file. Throws what readHead() throws, PHI_ECANCELED when `stop` aborts.
   * Close the answer unless it was read to its end. */
  async request(range: Asked['range'], stop: AbortSignal, what = 'a model file'): Promise<Answer> {
    await this.#waitForServer(stop);
    const address = this.#direct ?? this.url;
    const guard = new Guard(stop, this.#options.surroundings);
    try {
      const response = await this.#fetch(address, range, guard, stop);
      if (address !== this.url && EXPIRED_STATUSES.includes(response.status)) {
        guard.abort();
        this.#forget(address);
        return await this.request(range, stop, what);
      }
      const asked = { url: this.url, what, range };
      const head = readHead(response, asked, this.#options.surroundings.now());
      this.#hasAnswered = true;
      if (response.redirected) {
        this.#direct = response.url;
        this.#wasRedirected = true;
      }
      return new Answer(head, response, guard, stop);
    } catch (error) {
      guard.abort();
      this.#remember(error);
      throw error;
    }
  }

  async #fetch(
    address: string,
    range: Asked['range'],
    guard: Guard,
    stop: AbortSignal,
  ): Promise<Response> {
    const { credentials } = this.#options;
    const init: RequestInit = {
      headers: this.#headers(address, range),
      signal: guard.signal,
      /* Weights have their own storage; and Chromium's cache lets only one request at a time write to an address. */
      cache: 'no-store',
      ...(credentials !== undefined && { credentials }),
    };
    try {
      return await guard.listen(fetch(address, init));
    } catch (error) {
      if (stop.aborted) throw canceledError(stop);
      this.#forget(address);
      const why = guard.isDead ? SILENCE : messageOf(error);
      throw new Setback(
        `the request failed (${why}): no connection, or the server does not allow this page to read it (CORS)`,
        { cause: error },
      );
    }
  }

  #headers(address: string, range: Asked['range']): Record<string, string> {
    const { origin } = new URL(address);
    /* A redirect to another origin does not carry a login there, and neither do we; signed addresses even refuse one.
     * */
    const isOwn = origin === new URL(this.url).origin;
    const headers: Record<string, string> = isOwn ? { ...this.#options.headers } : {};
    if (range === undefined) return headers;
    headers.Range = `bytes=${range.first}-${range.last ?? ''}`;
    /* Unlike Range, If-Range is not among the headers that may go to any origin unasked; for those, comparing what the
     * answers say of the file has to do. */
    const page = globalThis.location?.origin ?? origin;
    const isSimple = origin === page && (!this.#wasRedirected || address !== this.url);
    if (this.validator !== undefined && isSimple) headers['If-Range'] = this.validator;
    return headers;
  }

  #forget(address: string): void {
    if (this.#direct === address) this.#direct = undefined;
  }

  /** One connection was told to wait: the others wait too. */
  #remember(error: unknown): void {
    if (!(error instanceof Setback) || error.retryAfterMs === undefined) return;
    const ms = Math.min(error.retryAfterMs, RETRY_AFTER_MS_MAX);
    this.#notBefore = Math.max(this.#notBefore, this.#options.surroundings.now() + ms);
  }

  async #waitForServer(stop: AbortSignal): Promise<void> {
    const { surroundings } = this.#options;
    const ms = this.#notBefore - surroundings.now();
    if (ms > 0) await surroundings.wait(ms, stop, false);
    if (stop.aborted) throw canceledError(stop);
  }
}

/** A body of at most `limit` bytes, as text or JSON may be. */
export async function readWhole(answer: Answer, url: string, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let piece = await answer.read(); piece !== undefined; piece = await answer.read()) {
      pieces.push(piece.slice());
      bytes += piece.length;
      if (bytes > limit) throw networkError(url, `the answer is longer than ${limit} bytes`);
    }
  } finally {
    answer.close();
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
