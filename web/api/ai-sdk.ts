/* Vercel's AI SDK on this engine: its provider interface (version 4, that of `ai` 7) in terms of our OpenAI interface.
 * Nothing of the SDK is imported but types. What a setting or a part of a prompt cannot mean here is told: settings by
 * the SDK's warnings, prompts by PHI_EUNSUPPORTED. */
import type {
  EmbeddingModelV4,
  EmbeddingModelV4CallOptions,
  EmbeddingModelV4Result,
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
  ProviderV4,
} from '@ai-sdk/provider';
import { EngineError } from '../base/errors.ts';
import { EMBEDDING_INPUTS_MAX } from '../base/limits.ts';
import { type AiSdkRequest, readCall } from './ai-sdk-request.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  CreateEmbeddingResponse,
  EmbeddingRequest,
  FinishReason,
  Usage,
} from './openai-types.ts';
import type { RequestOptions } from './request-options.ts';

/** What the provider needs of an Engine. */
export interface AiSdkEngine {
  readonly info: { readonly name: string; readonly architecture: string };
  readonly chat: {
    readonly completions: {
      create(
        request: AiSdkRequest & { readonly stream: true },
        options?: RequestOptions,
      ): Promise<AsyncGenerator<ChatCompletionChunk, void, undefined>>;
      create(
        request: AiSdkRequest & { readonly stream: false },
        options?: RequestOptions,
      ): Promise<ChatCompletion>;
    };
  };
  readonly embeddings: {
    create(
      request: EmbeddingRequest & { readonly encoding_format: 'float' },
      options?: RequestOptions,
    ): Promise<CreateEmbeddingResponse>;
  };
}

const PROVIDER = 'pocketphi';
/** One answer is one text. */
const TEXT_ID = '0';

function modelIdOf({ info }: AiSdkEngine): string {
  return info.name || info.architecture;
}

function usageOf(usage: Usage | undefined): LanguageModelV4Usage {
  const total = usage?.prompt_tokens;
  const cacheRead = usage?.prompt_tokens_details.cached_tokens;
  const noCache = total === undefined || cacheRead === undefined ? undefined : total - cacheRead;
  const written = usage?.completion_tokens;
  return {
    inputTokens: { total, noCache, cacheRead, cacheWrite: undefined },
    outputTokens: { total: written, text: written, reasoning: undefined },
  };
}

function finishOf(raw: FinishReason | null): LanguageModelV4FinishReason {
  return { unified: raw ?? 'other', raw: raw ?? undefined };
}

/** The SDK knows a cancelled call by the signal's own error. */
function asAbort(error: unknown, signal: AbortSignal | undefined): unknown {
  const isCancel = error instanceof EngineError && error.code === 'PHI_ECANCELED';
  if (!isCancel || !signal?.aborted) return error;
  return signal.reason instanceof Error
    ? signal.reason
    : new DOMException('cancelled by the caller', 'AbortError');
}

async function withAbort<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asAbort(error, signal);
  }
}

function responseOf(answer: ChatCompletion | ChatCompletionChunk) {
  return { id: answer.id, modelId: answer.model, timestamp: new Date(answer.created * 1000) };
}

/** Chunks as the SDK's parts, from the first one to the finish. */
async function* partsOf(
  chunks: AsyncGenerator<ChatCompletionChunk, void, undefined>,
  includesRaw: boolean,
): AsyncGenerator<LanguageModelV4StreamPart, void, undefined> {
  let finish: FinishReason | null = null;
  let usage: Usage | undefined;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (includesRaw) yield { type: 'raw', rawValue: chunk };
    if (isFirst) {
      yield { type: 'response-metadata', ...responseOf(chunk) };
      yield { type: 'text-start', id: TEXT_ID };
      isFirst = false;
    }
    const [choice] = chunk.choices;
    const delta = choice?.delta.content ?? '';
    if (delta !== '') yield { type: 'text-delta', id: TEXT_ID, delta };
    finish = choice?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  if (!isFirst) yield { type: 'text-end', id: TEXT_ID };
  yield { type: 'finish', finishReason: finishOf(finish), usage: usageOf(usage) };
}

/** Pulled by the reader; a reader that leaves ends the generation. An error is the last part. */
function streamOf(
  parts: AsyncGenerator<LanguageModelV4StreamPart, void, undefined>,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream<LanguageModelV4StreamPart>({
    async pull(controller) {
      try {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (thrown) {
        controller.enqueue({ type: 'error', error: asAbort(thrown, signal) });
        controller.close();
      }
    },
    async cancel() {
      await parts.return();
    },
  });
}

class PocketPhiLanguageModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = PROVIDER;
  readonly modelId: string;
  readonly supportedUrls = {};
  readonly #engine: AiSdkEngine;

  constructor(engine: AiSdkEngine) {
    this.#engine = engine;
    this.modelId = modelIdOf(engine);
  }

  async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const { request, warnings } = readCall(options);
    const { abortSignal } = options;
    const answer = await withAbort(
      abortSignal,
      this.#engine.chat.completions.create({ ...request, stream: false }, { signal: abortSignal }),
    );
    const [choice] = answer.choices;
    return {
      content: [{ type: 'text', text: choice?.message.content ?? '' }],
      finishReason: finishOf(choice?.finish_reason ?? null),
      usage: usageOf(answer.usage),
      response: responseOf(answer),
      request: { body: request },
      warnings,
    };
  }

  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { request, warnings } = readCall(options);
    const { abortSignal } = options;
    const chunks = await withAbort(
      abortSignal,
      this.#engine.chat.completions.create(
        { ...request, stream: true, stream_options: { include_usage: true } },
        { signal: abortSignal },
      ),
    );
    async function* parts(): AsyncGenerator<LanguageModelV4StreamPart, void, undefined> {
      yield { type: 'stream-start', warnings };
      yield* partsOf(chunks, options.includeRawChunks ?? false);
    }
    return { stream: streamOf(parts(), abortSignal), request: { body: request } };
  }
}

class PocketPhiEmbeddingModel implements EmbeddingModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = PROVIDER;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall = EMBEDDING_INPUTS_MAX;
  /* One engine computes one text at a time. */
  readonly supportsParallelCalls = false;
  readonly #engine: AiSdkEngine;

  constructor(engine: AiSdkEngine) {
    this.#engine = engine;
    this.modelId = modelIdOf(engine);
  }

  async doEmbed(options: EmbeddingModelV4CallOptions): Promise<EmbeddingModelV4Result> {
    const { values, abortSignal, dimensions } = options;
    const request = { input: values, encoding_format: 'float' as const };
    const { data, usage } = await withAbort(
      abortSignal,
      this.#engine.embeddings.create(request, { signal: abortSignal }),
    );
    return {
      embeddings: data.map((row) => row.embedding),
      usage: { tokens: usage.prompt_tokens },
      warnings: dimensions === undefined ? [] : [{ type: 'unsupported', feature: 'dimensions' }],
    };
  }
}

/** The engine's model for generateText(), streamText(), generateObject() of the AI SDK. */
export function pocketphi(engine: AiSdkEngine): LanguageModelV4 {
  return new PocketPhiLanguageModel(engine);
}

export interface PocketPhiProvider extends ProviderV4 {
  /** An engine has one model; a name is only for registries that pass one. */
  languageModel(modelId?: string): LanguageModelV4;
  embeddingModel(modelId?: string): EmbeddingModelV4;
}

/** A provider, for the SDK's registry and for embed(). */
export function createPocketPhi({ engine }: { readonly engine: AiSdkEngine }): PocketPhiProvider {
  return {
    specificationVersion: 'v4',
    languageModel: () => new PocketPhiLanguageModel(engine),
    embeddingModel: () => new PocketPhiEmbeddingModel(engine),
    imageModel() {
      throw new EngineError('PHI_EUNSUPPORTED', 'the model writes text only, no images');
    },
  };
}
