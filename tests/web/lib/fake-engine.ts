/* An engine for the tests of LanguageModel: the shape that it asks for, over text. A token is a character, the template
 * writes a message as "u:text\n" (by the first letter of its role), and what is said is scripted. A picture is any
 * bytes; its tokens are written as #. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { canceledError, EngineError } from '../../../web/base/errors.ts';
import { PreparedImage } from '../../../web/engine/images.ts';
import { readVision, type Vision } from '../../../web/engine/vision.ts';
import type { ChatMessage, PromptEngine, PromptSession } from '../../../web/prompt-api.ts';

export interface Call {
  readonly what: 'sync' | 'generate';
  readonly session: number;
  /** The tokens, as text. */
  readonly text: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface FakeOptions {
  readonly window?: number;
  /** The pieces that answer a text. */
  readonly say?: (text: string) => readonly string[];
  readonly hasChatTemplate?: boolean;
  /** It takes pictures, of IMAGE_TOKENS each. */
  readonly sees?: boolean;
}

export const IMAGE_TOKENS = 13;
const VISION = readVision({ tileSize: 56, patchSize: 14, numCrops: 4 });

const textOf = (tokens: ArrayLike<number>): string =>
  Array.from(tokens, (id) => (id < 0 ? '#' : String.fromCharCode(id))).join('');
const tokensOf = (text: string): number[] => Array.from(text, (_, i) => text.charCodeAt(i));

export class FakeEngine implements PromptEngine {
  readonly calls: Call[] = [];
  readonly info: { readonly hasChatTemplate: boolean };
  readonly vision: Vision | undefined;
  /** Keys of pictures, in the order in which they were encoded. */
  readonly encoded: string[] = [];
  readonly options: Required<FakeOptions>;
  nOpen = 0;
  nSessions = 0;
  isDestroyed = false;
  /** What the next generation throws after its first piece. */
  failure: Error | undefined;
  /** Generations wait for it after their first piece. */
  gate: Promise<void> | undefined;

  constructor(options: FakeOptions = {}) {
    this.options = {
      window: 1000,
      say: () => ['o', 'k'],
      hasChatTemplate: true,
      sees: false,
      ...options,
    };
    this.vision = this.options.sees ? VISION : undefined;
    this.info = { hasChatTemplate: this.options.hasChatTemplate };
  }

  readonly tokenizer = {
    encode: async (text: string): Promise<Uint32Array> => {
      await nextTurn();
      return Uint32Array.from(tokensOf(text));
    },
    applyChatTemplate: async (
      messages: readonly ChatMessage[],
      options: { readonly addGenerationPrompt: boolean },
    ): Promise<string> => {
      await nextTurn();
      if (messages.some((message) => message.content === 'REFUSED'))
        throw new EngineError('PHI_EINVAL', 'chat template: roles must alternate');
      const lines = messages.map(({ role, content }) => `${role[0]}:${content}\n`);
      return lines.join('') + (options.addGenerationPrompt ? 'a:' : '');
    },
  };

  async prepare(snapshot: unknown, { where }: { where: string }): Promise<PreparedImage> {
    const bytes = await snapshot;
    if (!(bytes instanceof Uint8Array) || this.vision === undefined)
      throw new EngineError('PHI_ECORRUPT', `${where}: no picture`);
    const size = { width: 8, height: 4, paddedWidth: 56, paddedHeight: 56 };
    const rgb = new Uint8Array(56 * 56 * 3);
    return new PreparedImage({ ...size, rgb, key: bytes.join() }, this.vision, 4);
  }

  async session(): Promise<PromptSession> {
    await nextTurn();
    return this.open();
  }

  async destroy(): Promise<void> {
    this.isDestroyed = true;
  }

  /** Lets generations wait until the returned function is called. */
  close(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  /** Texts that answers were asked for. */
  get asked(): string[] {
    return this.calls.filter(({ what }) => what === 'generate').map(({ text }) => text);
  }

  open(): PromptSession {
    const session = ++this.nSessions;
    this.nOpen++;
    return {
      contextLength: this.options.window,
      encodeImage: async ({ key }, { signal }) => {
        await nextTurn();
        if (signal?.aborted) throw canceledError(signal);
        if (!this.encoded.includes(key)) this.encoded.push(key);
        return 1 + this.encoded.indexOf(key);
      },
      sync: async (tokens, { signal }) => {
        await nextTurn();
        if (signal?.aborted) throw canceledError(signal);
        this.calls.push({ what: 'sync', session, text: textOf(tokens) });
      },
      generateFrom: (tokens, settings, { signal }) =>
        this.generate(
          {
            what: 'generate',
            session,
            text: textOf(tokens),
            settings: settings as Record<string, unknown>,
          },
          signal,
        ),
      clone: async () => {
        await nextTurn();
        return this.open();
      },
      destroy: async () => {
        this.nOpen--;
      },
    };
  }

  async *generate(
    call: Call,
    signal: AbortSignal | undefined,
  ): ReturnType<PromptSession['generateFrom']> {
    this.calls.push(call);
    let used = call.text.length;
    const maxTokens = Number(call.settings?.maxTokens ?? 0);
    let left = maxTokens > 0 ? maxTokens : Number.POSITIVE_INFINITY;
    for (const text of this.options.say(call.text)) {
      await nextTurn();
      if (signal?.aborted) throw canceledError(signal);
      if (left-- === 0) return { finish: 'length' };
      used += text.length;
      if (used > this.options.window) return { finish: 'context' };
      yield { id: 1, text };
      await this.wait(signal);
    }
    return { finish: 'stop' };
  }

  async wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.gate === undefined) return;
    const aborted = new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => resolve(), { once: true });
      if (signal?.aborted) resolve();
    });
    await Promise.race([this.gate, aborted]);
    if (signal?.aborted) throw canceledError(signal);
  }
}

/** Node has no ProgressEvent. */
class TestProgressEvent extends Event {
  readonly lengthComputable: boolean;
  readonly loaded: number;
  readonly total: number;

  constructor(type: string, init: ProgressEventInit = {}) {
    super(type, init);
    this.lengthComputable = init.lengthComputable ?? false;
    this.loaded = init.loaded ?? 0;
    this.total = init.total ?? 0;
  }
}

export function installProgressEvent(): void {
  if (!('ProgressEvent' in globalThis)) Reflect.set(globalThis, 'ProgressEvent', TestProgressEvent);
}
