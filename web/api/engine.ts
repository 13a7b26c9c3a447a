/* The engine as pages use it: the client, and OpenAI's chat and completions on its main session. */
import { EngineError } from '../base/errors.ts';
import { EngineClient, type Started } from '../engine/client.ts';
import type { EngineOptions } from '../engine/options.ts';
import type { Generation, Session } from '../engine/session.ts';
import { type ChatPrompt, promptOf } from './chat-prompt.ts';
import { Embeddings } from './embeddings.ts';
import { chatChunks, chatCompletion, completion, completionChunks, type Run } from './openai.ts';
import { type ReadRequest, readChatRequest, readCompletionRequest } from './openai-request.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionChunk,
  CompletionRequest,
} from './openai-types.ts';
import {
  type ChatOptions,
  type RequestOptions,
  readChatOptions,
  readRequestOptions,
} from './request-options.ts';

export type { ChatOptions, RequestOptions };

type Starter = (
  tokens: ArrayLike<number>,
  read: ReadRequest,
  choice: number,
  signal: AbortSignal | undefined,
) => Generation;

/** What the two interfaces need of the engine. */
interface Backend {
  readonly client: EngineClient;
  readonly session: Session;
  readonly start: Starter;
}

/** What an engine calls its model. */
function modelName({ info }: EngineClient): string {
  return info.name || info.architecture;
}

function makeRun(
  backend: Backend,
  { tokens, imageTokens }: ChatPrompt,
  read: ReadRequest,
  signal: AbortSignal | undefined,
): Run {
  const { info, fingerprint } = backend.client;
  /* Before create() resolves: a stream would fail only when it is read. */
  if (tokens.length > info.contextLength) {
    throw new EngineError(
      'PHI_ECONTEXT',
      `${tokens.length} tokens exceed the engine's context of ${info.contextLength}; ` +
        'shorten the text or create the engine with a larger contextLength',
      { requested: tokens.length, quota: info.contextLength },
    );
  }
  return {
    model: modelName(backend.client),
    fingerprint,
    choices: read.choices,
    includesUsage: read.includesUsage,
    hasLogprobs: read.settings.topLogprobs >= 0,
    imageTokens,
    generate: (choice) => backend.start(tokens, read, choice, signal),
  };
}

export class ChatCompletions {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  create(
    request: ChatCompletionRequest & { readonly stream: true },
    options?: ChatOptions,
  ): Promise<AsyncGenerator<ChatCompletionChunk, void, undefined>>;
  create(
    request: ChatCompletionRequest & { readonly stream?: false | null | undefined },
    options?: ChatOptions,
  ): Promise<ChatCompletion>;
  create(
    request: ChatCompletionRequest,
    options?: ChatOptions,
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, undefined>>;
  async create(
    request: ChatCompletionRequest,
    options: ChatOptions = {},
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, undefined>> {
    /* Nothing is refused between the copies of pictures and promptOf(), which gives them back. */
    const control = readChatOptions(options);
    const read = readChatRequest(request);
    const { client, session } = this.#backend;
    const prompt = await promptOf(client, session, read, control);
    const run = makeRun(this.#backend, prompt, read, control.signal);
    return read.isStream ? chatChunks(run) : await chatCompletion(run);
  }
}

export class Completions {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  create(
    request: CompletionRequest & { readonly stream: true },
    options?: RequestOptions,
  ): Promise<AsyncGenerator<CompletionChunk, void, undefined>>;
  create(
    request: CompletionRequest & { readonly stream?: false | null | undefined },
    options?: RequestOptions,
  ): Promise<Completion>;
  create(
    request: CompletionRequest,
    options?: RequestOptions,
  ): Promise<Completion | AsyncGenerator<CompletionChunk, void, undefined>>;
  async create(
    request: CompletionRequest,
    options: RequestOptions = {},
  ): Promise<Completion | AsyncGenerator<CompletionChunk, void, undefined>> {
    const read = readCompletionRequest(request);
    const signal = readRequestOptions(options);
    const { prompt } = read;
    const tokens =
      typeof prompt === 'string' ? await this.#backend.client.tokenizer.encode(prompt) : prompt;
    const run = makeRun(this.#backend, { tokens, imageTokens: 0 }, read, signal);
    return read.isStream ? completionChunks(run) : await completion(run);
  }
}

export class Engine extends EngineClient {
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  readonly embeddings: Embeddings;

  private constructor(started: Started) {
    super(started);
    /* All choices see the same prompt; each has a seed of its own. */
    const start: Starter = (tokens, read, choice, signal) => {
      const seed = BigInt.asUintN(64, read.settings.seed + BigInt(choice));
      return this.mainSession.generateFrom(tokens, { ...read.settings, seed }, { signal });
    };
    const backend: Backend = { client: this, session: this.mainSession, start };
    this.chat = { completions: new ChatCompletions(backend) };
    this.completions = new Completions(backend);
    this.embeddings = new Embeddings({
      model: modelName(this),
      contextLength: this.info.contextLength,
      encode: (text) => this.tokenizer.encode(text),
      open: (contextLength) => this.openEmbedder(contextLength),
    });
  }

  /** Loads a model; resolves when it can answer. Aborting leaves nothing behind. */
  static async create(options: EngineOptions): Promise<Engine> {
    return new Engine(await EngineClient.start(options));
  }
}
