/* OpenAI's embeddings. The vectors are a language model's pooled hidden states, scaled to length 1: they compare texts,
 * but no model here was trained for that as embedding models are. */
import { EngineError } from '../base/errors.ts';
import { EMBEDDING_INPUTS_MAX } from '../base/limits.ts';
import { invalid, readChoice, readFields } from '../base/options.ts';
import type { Embedder, Pooling } from '../engine/embedder.ts';
import type { CreateEmbeddingResponse, EmbeddingRequest } from './openai-types.ts';
import { type RequestOptions, readRequestOptions } from './request-options.ts';

/** What embeddings need of the engine. */
export interface EmbeddingBackend {
  readonly model: string;
  readonly contextLength: number;
  encode(text: string): Promise<ArrayLike<number>>;
  open(contextLength: number): Promise<Embedder>;
}

export interface ReadEmbeddingRequest {
  readonly inputs: readonly (string | readonly number[])[];
  readonly encoding: 'float' | 'base64';
  readonly pooling: Pooling;
}

const FIELDS = ['input', 'model', 'encoding_format', 'pooling'] as const;
const REFUSED = {
  dimensions: 'the model was not trained for shorter vectors; they have the width of its layers',
  user: 'nothing leaves the page',
};

const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((id) => typeof id === 'number');

function readInput(name: string, value: unknown): string | number[] {
  if ((typeof value === 'string' && value !== '') || isTokens(value)) return value;
  throw invalid(name, 'a text or a list of token ids, not empty', value);
}

function readInputs(value: unknown): (string | number[])[] {
  if (!Array.isArray(value) || isTokens(value)) return [readInput('input', value)];
  if (value.length === 0 || value.length > EMBEDDING_INPUTS_MAX) {
    throw new EngineError(
      'PHI_EINVAL',
      `input: expected 1 to ${EMBEDDING_INPUTS_MAX} texts, got ${value.length}`,
      { where: 'input' },
    );
  }
  return value.map((item: unknown, i) => readInput(`input[${i}]`, item));
}

export function readEmbeddingRequest(request: unknown): ReadEmbeddingRequest {
  const fields = readFields('embeddings.create', request, FIELDS, REFUSED);
  if (fields.model !== undefined && typeof fields.model !== 'string')
    throw invalid('model', 'a text', fields.model);
  return {
    inputs: readInputs(fields.input),
    encoding: readChoice('encoding_format', fields.encoding_format, ['float', 'base64']) ?? 'float',
    pooling: readChoice('pooling', fields.pooling, ['mean', 'last']) ?? 'mean',
  };
}

/** Scaled to length 1, added up in doubles; a vector of zeros stays. */
export function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length === 0 ? vector : vector.map((x) => x / length);
}

/** The bytes of little-endian 32-bit floats. */
export function toBase64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((x, i) => {
    view.setFloat32(i * 4, x, true);
  });
  const text = Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte));
  return btoa(text.join(''));
}

export class Embeddings {
  readonly #backend: EmbeddingBackend;

  constructor(backend: EmbeddingBackend) {
    this.#backend = backend;
  }

  /** One vector of length 1 for each text, in their order. */
  create(
    request: EmbeddingRequest & { readonly encoding_format: 'base64' },
    options?: RequestOptions,
  ): Promise<CreateEmbeddingResponse<string>>;
  create(
    request: EmbeddingRequest & { readonly encoding_format?: 'float' | null | undefined },
    options?: RequestOptions,
  ): Promise<CreateEmbeddingResponse>;
  create(
    request: EmbeddingRequest,
    options?: RequestOptions,
  ): Promise<CreateEmbeddingResponse | CreateEmbeddingResponse<string>>;
  async create(
    request: EmbeddingRequest,
    options: RequestOptions = {},
  ): Promise<CreateEmbeddingResponse | CreateEmbeddingResponse<string>> {
    const { inputs, encoding, pooling } = readEmbeddingRequest(request);
    const signal = readRequestOptions(options);
    const texts = await this.#tokensOf(inputs);
    const vectors = await this.#embedAll(texts, pooling, signal);
    const tokens = texts.reduce((sum, text) => sum + text.length, 0);
    const rest = {
      object: 'list' as const,
      model: this.#backend.model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
    const data = <T>(convert: (vector: Float32Array) => T) =>
      vectors.map((vector, index) => ({
        object: 'embedding' as const,
        index,
        embedding: convert(vector),
      }));
    return encoding === 'base64'
      ? { ...rest, data: data(toBase64) }
      : { ...rest, data: data((vector) => Array.from(vector)) };
  }

  async #tokensOf(inputs: ReadEmbeddingRequest['inputs']): Promise<ArrayLike<number>[]> {
    const { contextLength } = this.#backend;
    const texts: ArrayLike<number>[] = [];
    for (const [i, input] of inputs.entries()) {
      const tokens = typeof input === 'string' ? await this.#backend.encode(input) : input;
      if (tokens.length > contextLength) {
        throw new EngineError(
          'PHI_ECONTEXT',
          `input[${i}]: ${tokens.length} tokens exceed the engine's context of ${contextLength}; ` +
            'cut the text into parts',
          { where: `input[${i}]`, requested: tokens.length, quota: contextLength },
        );
      }
      texts.push(tokens);
    }
    return texts;
  }

  /** The session holds the longest text and no more: a cache for the whole context could be gigabytes. */
  async #embedAll(
    texts: readonly ArrayLike<number>[],
    pooling: Pooling,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    const embedder = await this.#backend.open(Math.max(...texts.map((text) => text.length)));
    try {
      for (const text of texts)
        vectors.push(normalized(await embedder.embed(text, pooling, { signal })));
    } finally {
      await embedder[Symbol.asyncDispose]();
    }
    return vectors;
  }
}
