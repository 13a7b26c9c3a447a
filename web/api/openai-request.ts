/* OpenAI requests, read into what the engine takes. Names, ranges and defaults are OpenAI's; top_k, min_p and
 * repetition_penalty are extensions that other engines have too. What is not known or not supported is refused by
 * name. */
import { EngineError } from '../base/errors.ts';
import { CHOICES_MAX } from '../base/limits.ts';
import {
  invalid,
  isObject,
  readBoolean,
  readChoice,
  readFields,
  readNumber,
} from '../base/options.ts';
import type { Media } from '../engine/images.ts';
import type { GenerateSettings } from '../engine/session.ts';
import { IMAGE_TAG, imageTag } from '../engine/vision.ts';
import { discardMedia, readMedia } from './openai-media.ts';

export interface ReadRequest {
  readonly settings: GenerateSettings;
  readonly choices: number;
  readonly isStream: boolean;
  readonly includesUsage: boolean;
}

export interface TemplateTextMessage {
  readonly role: string;
  readonly content: string;
  readonly [key: string]: unknown;
}

const COMMON_FIELDS = [
  'model',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'stop',
  'max_tokens',
  'n',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'logit_bias',
  'logprobs',
] as const;
export const CHAT_FIELDS = [
  'messages',
  'max_completion_tokens',
  'top_logprobs',
  'response_format',
  ...COMMON_FIELDS,
] as const;
export const COMPLETION_FIELDS = ['prompt', ...COMMON_FIELDS] as const;

const NOTHING_LEAVES = 'nothing leaves the page';
const NO_REASONING = 'the model writes its answer only, there is no hidden reasoning';
const NO_PROMPT_CACHE = 'the longest common beginning is cached anyway';

/** Every other field of OpenAI's requests, and why it is not here. */
export const REFUSED = {
  response_format: 'chat.completions takes it',
  tools: 'this version calls no tools',
  tool_choice: 'this version calls no tools',
  parallel_tool_calls: 'this version calls no tools',
  functions: 'this version calls no functions',
  function_call: 'this version calls no functions',
  audio: 'the model writes text only',
  modalities: 'the model writes text only',
  suffix: 'the model continues text, it does not fill gaps',
  echo: 'the prompt is not repeated; add it yourself',
  best_of: 'use n',
  prediction: 'the model writes every token itself',
  reasoning_effort: NO_REASONING,
  verbosity: 'tell the model in a message',
  web_search_options: NOTHING_LEAVES,
  moderation: NOTHING_LEAVES,
  metadata: NOTHING_LEAVES,
  store: NOTHING_LEAVES,
  user: NOTHING_LEAVES,
  safety_identifier: NOTHING_LEAVES,
  service_tier: 'the device has one',
  prompt_cache_key: NO_PROMPT_CACHE,
  prompt_cache_options: NO_PROMPT_CACHE,
  prompt_cache_retention: NO_PROMPT_CACHE,
} as const satisfies Readonly<Record<string, string>>;

const STREAM_OPTIONS_REFUSED = { include_obfuscation: 'nothing leaves the page' };
const MESSAGE_REFUSED = {
  name: 'chat templates know roles only',
  refusal: 'answers have none',
  audio: REFUSED.audio,
  tool_calls: REFUSED.tools,
  function_call: REFUSED.function_call,
};

const INT32_MAX = 2 ** 31 - 1;
const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

function readSeed(value: unknown): bigint {
  const seed = readNumber('seed', value, {
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    isInteger: true,
  });
  if (seed !== undefined) return BigInt.asUintN(64, BigInt(seed));
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (BigInt(high) << 32n) | BigInt(low);
}

function readStops(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const stops: unknown[] = Array.isArray(value) ? value : [value];
  return stops.map((stop) => {
    if (typeof stop !== 'string' || stop === '')
      throw invalid('stop', 'a text or a list of texts, none empty', stop);
    return stop;
  });
}

function readLogitBias(value: unknown): GenerateSettings['logitBias'] {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw invalid('logit_bias', 'an object from token ids to numbers', value);
  return Object.entries(value).map(([key, bias]) => {
    const name = `logit_bias["${key}"]`;
    if (!/^\d+$/.test(key) || Number(key) > INT32_MAX)
      throw invalid(name, 'a token id as its name', key);
    const read = readNumber(name, bias, { min: -100, max: 100 });
    if (read === undefined) throw invalid(name, 'a number from -100 to 100', bias);
    return { id: Number(key), bias: read };
  });
}

function readIncludesUsage(fields: Record<string, unknown>, isStream: boolean): boolean {
  if (fields.stream_options === undefined || fields.stream_options === null) return false;
  if (!isStream)
    throw new EngineError('PHI_EINVAL', 'stream_options: only with stream: true', {
      where: 'stream_options',
    });
  const options = readFields(
    'stream_options',
    fields.stream_options,
    ['include_usage'],
    STREAM_OPTIONS_REFUSED,
  );
  return readBoolean('stream_options.include_usage', options.include_usage) ?? false;
}

function readMaxTokens(fields: Record<string, unknown>, whenAbsent: number): number {
  const range = { min: 1, max: INT32_MAX, isInteger: true };
  const older = readNumber('max_tokens', fields.max_tokens, range);
  const newer = readNumber('max_completion_tokens', fields.max_completion_tokens, range);
  if (older !== undefined && newer !== undefined && older !== newer) {
    throw new EngineError(
      'PHI_EINVAL',
      'max_tokens and max_completion_tokens differ; give one of them',
      { where: 'max_tokens' },
    );
  }
  return newer ?? older ?? whenAbsent;
}

/** OpenAI's response_format as the engine takes it; schemas are checked there. */
function readResponseFormat(value: unknown): GenerateSettings['constraint'] {
  if (value === undefined || value === null) return null;
  const fields = readFields('response_format', value, ['type', 'json_schema']);
  const kinds = ['text', 'json_object', 'json_schema'] as const;
  const kind = readChoice('response_format.type', fields.type ?? 'none', kinds);
  if (kind !== 'json_schema' && fields.json_schema !== undefined)
    throw invalid('response_format.json_schema', 'nothing, for this type', fields.json_schema);
  if (kind === 'json_object') return { kind, text: '' };
  if (kind !== 'json_schema') return null;
  const known = ['name', 'description', 'schema', 'strict'];
  const where = 'response_format.json_schema';
  const { name, schema, strict } = readFields(where, fields.json_schema, known);
  readBoolean(`${where}.strict`, strict);
  if (typeof name !== 'string') throw invalid(`${where}.name`, 'a text', name);
  if (!isObject(schema)) throw invalid(`${where}.schema`, 'a JSON schema', schema);
  return { kind, text: JSON.stringify(schema) };
}

interface Lengths {
  readonly topLogprobs: number;
  /** 0: as many as the context holds. */
  readonly maxTokensDefault: number;
}

function readCommon(fields: Record<string, unknown>, lengths: Lengths): ReadRequest {
  const number = (
    name: string,
    min: number,
    max: number,
    whenAbsent: number,
    isInteger = false,
  ): number => readNumber(name, fields[name], { min, max, isInteger }) ?? whenAbsent;
  const isStream = readBoolean('stream', fields.stream) ?? false;
  if (fields.model !== undefined && typeof fields.model !== 'string')
    throw invalid('model', 'a text', fields.model);
  return {
    isStream,
    includesUsage: readIncludesUsage(fields, isStream),
    choices: number('n', 1, CHOICES_MAX, 1, true),
    settings: {
      maxTokens: readMaxTokens(fields, lengths.maxTokensDefault),
      temperature: number('temperature', 0, 2, 1),
      topK: number('top_k', 0, INT32_MAX, 0, true),
      topP: number('top_p', 0, 1, 1),
      minP: number('min_p', 0, 1, 0),
      repetitionPenalty: number('repetition_penalty', 0.01, 10, 1),
      presencePenalty: number('presence_penalty', -2, 2, 0),
      frequencyPenalty: number('frequency_penalty', -2, 2, 0),
      topLogprobs: lengths.topLogprobs,
      seed: readSeed(fields.seed),
      logitBias: readLogitBias(fields.logit_bias),
      stops: readStops(fields.stop),
      stopIds: [],
      constraint: readResponseFormat(fields.response_format),
    },
  };
}

export interface ReadMessages {
  /** Pictures have tags in their places, `<|image_1|>` and so on. */
  readonly messages: readonly TemplateTextMessage[];
  readonly media: readonly Media[];
  /** Where the first text is that has such a tag itself, answers apart. */
  readonly tagAt: string | undefined;
}

/** Reads messages one after the other: pictures are numbered through all of them. */
class MessageReader {
  readonly media: Media[] = [];
  tagAt: string | undefined;
  #images = 0;

  read(message: unknown, name: string): TemplateTextMessage {
    const fields = readFields(name, message, ['role', 'content'], MESSAGE_REFUSED);
    const role = readChoice(`${name}.role`, fields.role ?? 'none', ROLES) ?? 'user';
    const { tagAt } = this;
    const content = this.#content(`${name}.content`, fields.content, role === 'user');
    if (role === 'assistant') this.tagAt = tagAt;
    return { role: role === 'developer' ? 'system' : role, content };
  }

  /** Parts are joined as they are, without anything between them. */
  #content(name: string, content: unknown, isUser: boolean): string {
    if (typeof content === 'string') return this.#text(name, content);
    if (!Array.isArray(content)) throw invalid(name, 'a text or a list of parts', content);
    return content.map((part, i) => this.#part(`${name}[${i}]`, part, isUser)).join('');
  }

  #part(name: string, part: unknown, isUser: boolean): string {
    const type = isObject(part) ? part.type : undefined;
    const media = isUser ? readMedia(name, part, type) : undefined;
    if (media !== undefined) {
      this.media.push(media);
      const tags = Array.from({ length: media.frames ?? 1 }, () => imageTag(++this.#images));
      return `${tags.join('\n')}\n`;
    }
    const types = isUser ? ['text', 'image_url', 'video'] : ['text'];
    readChoice(`${name}.type`, type ?? 'none', types);
    const fields = readFields(name, part, ['type', 'text']);
    if (typeof fields.text !== 'string') throw invalid(`${name}.text`, 'a text', fields.text);
    return this.#text(name, fields.text);
  }

  #text(name: string, text: string): string {
    if (text.search(IMAGE_TAG) >= 0) this.tagAt ??= name;
    return text;
  }
}

/** Copies pictures: whoever calls it gives them back when the request comes to nothing. */
export function readMessages(value: unknown): ReadMessages {
  if (!Array.isArray(value) || value.length === 0)
    throw invalid('messages', 'a list of at least one message', value);
  const reader = new MessageReader();
  try {
    const messages = value.map((message: unknown, i) => reader.read(message, `messages[${i}]`));
    const { media, tagAt } = reader;
    return { messages, media, tagAt };
  } catch (error) {
    discardMedia(reader.media);
    throw error;
  }
}

/** As readMessages(), which comes last: nothing is refused behind it. */
export function readChatRequest(request: unknown): ReadRequest & ReadMessages {
  const fields = readFields('chat.completions.create', request, CHAT_FIELDS, REFUSED);
  const hasLogprobs = readBoolean('logprobs', fields.logprobs) ?? false;
  const top = readNumber('top_logprobs', fields.top_logprobs, { min: 0, max: 20, isInteger: true });
  if (top !== undefined && !hasLogprobs) {
    throw new EngineError('PHI_EINVAL', 'top_logprobs: only with logprobs: true', {
      where: 'top_logprobs',
    });
  }
  return {
    ...readCommon(fields, { topLogprobs: hasLogprobs ? (top ?? 0) : -1, maxTokensDefault: 0 }),
    ...readMessages(fields.messages),
  };
}

/** OpenAI's default of completions: they have no natural end. */
const COMPLETION_TOKENS_DEFAULT = 16;

export function readCompletionRequest(
  request: unknown,
): ReadRequest & { readonly prompt: string | readonly number[] } {
  const fields = readFields('completions.create', request, COMPLETION_FIELDS, REFUSED);
  const { prompt } = fields;
  const isTokens =
    Array.isArray(prompt) && prompt.length > 0 && prompt.every((id) => typeof id === 'number');
  if (typeof prompt !== 'string' && !isTokens)
    throw invalid('prompt', 'a text or a list of token ids', prompt);
  const topLogprobs =
    readNumber('logprobs', fields.logprobs, { min: 0, max: 5, isInteger: true }) ?? -1;
  return {
    ...readCommon(fields, { topLogprobs, maxTokensDefault: COMPLETION_TOKENS_DEFAULT }),
    prompt: prompt as string | readonly number[],
  };
}
