/* Calls of the AI SDK, read into requests in OpenAI's shape. */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { EngineError } from '../base/errors.ts';
import type { ChatCompletionRequest, ChatMessage, ImagePart, TextPart } from './openai-types.ts';

/** The answer's form, as OpenAI has it. */
export type AiSdkResponseFormat =
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema: Record<string, unknown>;
        readonly strict: true;
      };
    };

export type AiSdkRequest = Omit<ChatCompletionRequest, 'stream' | 'response_format'> & {
  readonly response_format?: AiSdkResponseFormat;
};

type Part = Exclude<LanguageModelV4Message['content'], string>[number];

/** undefined: no picture's file. */
function readImage(part: Part): ImagePart | undefined {
  if (part.type !== 'file' || !/^image($|\/)/.test(part.mediaType)) return undefined;
  const { data } = part;
  if (data.type === 'url') return { type: 'image_url', image_url: { url: data.url } };
  if (data.type !== 'data') return undefined;
  const url =
    typeof data.data === 'string'
      ? `data:${part.mediaType};base64,${data.data}`
      : new Uint8Array(data.data);
  return { type: 'image_url', image_url: { url } };
}

function readPart(part: Part, where: string): (TextPart | ImagePart)[] {
  if (part.type === 'text') return [{ type: 'text', text: part.text }];
  /* What a model thought before is not said again; templates drop it too. */
  if (part.type === 'reasoning') return [];
  const image = readImage(part);
  if (image !== undefined) return [image];
  const what = part.type === 'file' ? `a file of type ${part.mediaType}` : `a part "${part.type}"`;
  throw new EngineError('PHI_EUNSUPPORTED', `${where}: ${what}; models take text and pictures`, {
    where,
  });
}

function readMessage(message: LanguageModelV4Message, i: number): ChatMessage {
  if (message.role === 'system') return { role: 'system', content: message.content };
  if (message.role === 'tool') {
    const text = `prompt[${i}]: a message of a tool; this version calls no tools`;
    throw new EngineError('PHI_EUNSUPPORTED', text, { where: `prompt[${i}]` });
  }
  const parts: readonly Part[] = message.content;
  const content = parts.flatMap((part, k) => readPart(part, `prompt[${i}].content[${k}]`));
  return { role: message.role, content };
}

function readFormat(
  format: LanguageModelV4CallOptions['responseFormat'],
): AiSdkResponseFormat | undefined {
  if (format?.type !== 'json') return undefined;
  const { schema, name = 'response', description } = format;
  if (schema === undefined) return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      name,
      ...(description !== undefined && { description }),
      schema: { ...schema },
      strict: true,
    },
  };
}

/** Settings that have no meaning here. */
function warningsOf(options: LanguageModelV4CallOptions): SharedV4Warning[] {
  const warnings: SharedV4Warning[] = [];
  const unsupported = (feature: string, details: string): void => {
    warnings.push({ type: 'unsupported', feature, details });
  };
  if (options.tools !== undefined && options.tools.length > 0)
    unsupported('tools', 'this version calls no tools');
  if (options.toolChoice !== undefined && options.toolChoice.type !== 'auto')
    unsupported('toolChoice', 'this version calls no tools');
  if (options.reasoning !== undefined && options.reasoning !== 'provider-default')
    unsupported('reasoning', 'the model writes its answer only');
  for (const name of Object.keys(options.providerOptions?.pocketphi ?? {}))
    unsupported(`providerOptions.pocketphi.${name}`, 'there are no options of this provider');
  return warnings;
}

/** The request, and what of the call it leaves out. Headers mean nothing without a server: not worth a warning. */
export function readCall(options: LanguageModelV4CallOptions): {
  readonly request: AiSdkRequest;
  readonly warnings: SharedV4Warning[];
} {
  const response_format = readFormat(options.responseFormat);
  return {
    request: {
      messages: options.prompt.map(readMessage),
      max_completion_tokens: options.maxOutputTokens,
      temperature: options.temperature,
      top_p: options.topP,
      top_k: options.topK,
      presence_penalty: options.presencePenalty,
      frequency_penalty: options.frequencyPenalty,
      seed: options.seed,
      stop: options.stopSequences,
      ...(response_format !== undefined && { response_format }),
    },
    warnings: warningsOf(options),
  };
}
