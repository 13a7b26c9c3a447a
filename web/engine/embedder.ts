/* Texts into vectors, in a session of its own: that of the chat keeps its cache. */
import type { Pooling, SessionSettings } from '../worker/protocol.ts';
import type { WorkerLink } from '../worker/spawn.ts';
import { type CallControl, checkTokens } from './session.ts';

export type { Pooling };

/** One call at a time: await each before the next. */
export class Embedder implements AsyncDisposable {
  readonly #link: WorkerLink;
  readonly #id: number;

  private constructor(link: WorkerLink, id: number) {
    this.#link = link;
    this.#id = id;
  }

  static async open(link: WorkerLink, settings: SessionSettings): Promise<Embedder> {
    return new Embedder(link, (await link.call('openEmbedder', settings)).sessionId);
  }

  /** The pooled hidden states behind the final norm, one number a dimension of the model; not normalised. */
  embed(
    tokens: ArrayLike<number>,
    pooling: Pooling,
    { signal }: CallControl = {},
  ): Promise<Float32Array> {
    const args = { sessionId: this.#id, tokens: checkTokens(tokens), pooling };
    return this.#link.call('embed', args, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#link.isDead) await this.#link.call('closeSession', { sessionId: this.#id });
  }
}
