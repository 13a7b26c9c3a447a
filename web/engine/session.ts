/* One timeline of tokens in the engine. A session does one thing at a time: its calls wait for one another, other
 * sessions of the engine go on meanwhile. */
import { canceledError, EngineError } from '../base/errors.ts';
import type {
  Calls,
  Finish,
  GenerateSettings,
  SessionSettings,
  WireToken,
} from '../worker/protocol.ts';
import type { WorkerLink } from '../worker/spawn.ts';
import type { EncodeControl, PreparedImage } from './images.ts';

export type { GenerateSettings };

export interface Piece {
  readonly id: number;
  /** What the token stands for inside a text, perhaps a part of a character. */
  readonly bytes: Uint8Array;
  readonly logprob: number;
}

export interface GeneratedToken {
  /** -1 when only text that had been held back comes. */
  readonly id: number;
  /** What this token adds to the text; empty while a character or a possible stop string is incomplete. */
  readonly text: string;
  /** The token and its best alternatives, when logprobs were asked for: [0] is the token itself. */
  readonly pieces: readonly Piece[];
}

/** What a generation ends with. */
export interface GenerationEnd {
  readonly finish: Finish;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** Tokens as they come; the generator's return value is the end. Leaving the loop cancels. */
export type Generation = AsyncGenerator<GeneratedToken, GenerationEnd, undefined>;

export interface CallControl {
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_SETTINGS: GenerateSettings = {
  maxTokens: 0,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  topLogprobs: -1,
  seed: 0n,
  logitBias: [],
  stops: [],
  stopIds: [],
  constraint: null,
};

/** Tokens between the worker, which pushes, and a loop, which pulls. */
class TokenQueue {
  readonly #tokens: WireToken[] = [];
  #wake: (() => void) | undefined;

  push(token: WireToken): void {
    this.#tokens.push(token);
    this.wake();
  }

  shift(): WireToken | undefined {
    return this.#tokens.shift();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

type Outcome = { readonly result: Calls['generate']['result'] } | { readonly error: unknown };

export class Session implements AsyncDisposable {
  readonly contextLength: number;
  readonly #link: WorkerLink;
  readonly #id: number;
  #tokens: number[] = [];
  #lastCall: Promise<void> = Promise.resolve();
  #isDestroyed = false;

  constructor(
    link: WorkerLink,
    opened: { sessionId: number; contextLength: number },
    tokens: readonly number[] = [],
  ) {
    this.#link = link;
    this.#id = opened.sessionId;
    this.contextLength = opened.contextLength;
    this.#tokens = [...tokens];
  }

  static async open(link: WorkerLink, settings: SessionSettings): Promise<Session> {
    return new Session(link, await link.call('openSession', settings));
  }

  /** The text so far, as token ids. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Adds tokens behind the text so far and computes them. */
  async append(tokens: ArrayLike<number>, control: CallControl = {}): Promise<void> {
    await this.sync([...this.#tokens, ...Array.from(tokens)], control);
  }

  /** Makes these the text so far. The longest prefix that is there already costs nothing. */
  async sync(tokens: ArrayLike<number>, { signal }: CallControl = {}): Promise<void> {
    const wanted = checkTokens(tokens);
    await this.#inTurn(signal, async () => {
      await this.#link.call('sync', { sessionId: this.#id, tokens: wanted }, { signal });
      this.#tokens = [...wanted];
    });
  }

  /** As sync(); gives the logits of the last token. */
  forward(tokens: ArrayLike<number>, { signal }: CallControl = {}): Promise<Float32Array> {
    const wanted = checkTokens(tokens);
    return this.#inTurn(signal, async () => {
      const logits = await this.#link.call(
        'forward',
        { sessionId: this.#id, tokens: wanted },
        { signal },
      );
      this.#tokens = [...wanted];
      return logits;
    });
  }

  /** Encodes a picture unless it is; gives its id. In tokens it is `image.tokens` times -id in a row. It stays encoded
   * while this session's text has it. */
  async encodeImage(image: PreparedImage, { signal, onStep }: EncodeControl = {}): Promise<number> {
    const { key, rgb, paddedWidth, paddedHeight } = image;
    const args = { sessionId: this.#id, key, rgb, paddedWidth, paddedHeight };
    return await this.#link.call('encodePicture', args, { signal, onStep });
  }

  /** Continues the text so far. */
  generate(settings: Partial<GenerateSettings> = {}, control: CallControl = {}): Generation {
    return this.generateFrom(this.#tokens, settings, control);
  }

  /** Continues this text; what comes is added to it. */
  async *generateFrom(
    tokens: ArrayLike<number>,
    settings: Partial<GenerateSettings>,
    { signal }: CallControl = {},
  ): Generation {
    const prompt = checkTokens(tokens);
    const release = await this.#takeTurn(signal);
    const stop = new AbortController();
    const queue = new TokenQueue();
    const ids: number[] = [];
    let outcome: Outcome | undefined;
    const onToken = (token: WireToken): void => {
      if (token.id >= 0) ids.push(token.id);
      queue.push(token);
    };
    const args = {
      sessionId: this.#id,
      tokens: prompt,
      settings: { ...DEFAULT_SETTINGS, ...settings },
    };
    const onAbort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settled = this.#link
      .call('generate', args, { signal: stop.signal, onToken })
      .then(
        (result) => {
          outcome = { result };
        },
        (error: unknown) => {
          outcome = { error };
        },
      )
      .then(() => queue.wake());
    try {
      for (;;) {
        const token = queue.shift();
        if (token !== undefined) yield { id: token.id, text: token.text, pieces: token.pieces };
        else if (outcome !== undefined) break;
        else await queue.changed();
      }
      return endOf(outcome, prompt.length, ids.length);
    } finally {
      /* Also reached when the loop was left: the worker stops, and the session is free once it has. */
      signal?.removeEventListener('abort', onAbort);
      stop.abort();
      await settled;
      this.#tokens = [...prompt, ...ids];
      release();
    }
  }

  /** A second session that begins as this one is; both share what has been computed. */
  clone(): Promise<Session> {
    return this.#inTurn(undefined, async () => {
      const opened = await this.#link.call('cloneSession', { sessionId: this.#id });
      return new Session(this.#link, opened, this.#tokens);
    });
  }

  /** Forgets all but the first `count` tokens. */
  truncate(count: number): Promise<void> {
    if (!Number.isSafeInteger(count) || count < 0 || count > this.#tokens.length) {
      const text = `truncate: expected a count from 0 to ${this.#tokens.length}, got ${count}`;
      return Promise.reject(new EngineError('PHI_EINVAL', text));
    }
    return this.#inTurn(undefined, async () => {
      this.#tokens = this.#tokens.slice(0, count);
    });
  }

  async destroy(): Promise<void> {
    if (this.#isDestroyed || this.#link.isDead) return;
    const release = await this.#takeTurn(undefined);
    this.#isDestroyed = true;
    try {
      await this.#link.call('closeSession', { sessionId: this.#id });
    } finally {
      release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  /** Waits until earlier calls have ended, whether well or not; the returned function lets the next one in. */
  async #takeTurn(signal: AbortSignal | undefined): Promise<() => void> {
    const earlier = this.#lastCall;
    let release: () => void = () => undefined;
    this.#lastCall = new Promise<void>((resolve) => {
      release = resolve;
    });
    await settledOrAborted(earlier, signal);
    if (signal?.aborted) {
      void earlier.then(release);
      throw canceledError(signal);
    }
    if (this.#isDestroyed) {
      release();
      throw new EngineError('PHI_ESTATE', 'the session has been destroyed');
    }
    return release;
  }

  async #inTurn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const release = await this.#takeTurn(signal);
    try {
      return await work();
    } finally {
      release();
    }
  }
}

/** Resolves when the earlier call (which never rejects) has ended, or the signal fires. */
async function settledOrAborted(
  earlier: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return earlier;
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) resolve();
  });
  await Promise.race([earlier, aborted]);
  signal.removeEventListener('abort', onAbort);
}

function endOf(outcome: Outcome, promptTokens: number, completionTokens: number): GenerationEnd {
  if ('error' in outcome) throw outcome.error;
  const { finish, cachedTokens } = outcome.result;
  return { finish, promptTokens, cachedTokens, completionTokens };
}

/** Token ids as C takes them. An id outside the vocabulary is refused by C. */
export function checkTokens(tokens: ArrayLike<number>): Int32Array {
  for (let i = 0; i < tokens.length; i++) {
    const id = tokens[i];
    if (id === undefined || id !== (id | 0)) {
      throw new EngineError('PHI_EINVAL', `tokens[${i}]: expected a token id, got ${String(id)}`, {
        where: 'tokens',
      });
    }
  }
  if (tokens.length === 0) {
    throw new EngineError('PHI_EINVAL', 'tokens: expected at least one token, got none', {
      where: 'tokens',
    });
  }
  return Int32Array.from(tokens);
}
