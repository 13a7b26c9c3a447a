/* Compiled, never run: our requests and answers against the types of OpenAI's own library. A line that does not compile
 * is a difference; `npm run check` compiles this file. */
import type OpenAI from 'openai';
import type {
  ChatCompletionCreateParams as TheirChatRequest,
  ChatCompletionChunk as TheirChunk,
} from 'openai/resources/chat/completions';
import type { CompletionCreateParams as TheirCompletionRequest } from 'openai/resources/completions';
import type { EmbeddingCreateParams as TheirEmbeddingRequest } from 'openai/resources/embeddings';
import type { CHAT_FIELDS, COMPLETION_FIELDS, REFUSED } from '../../web/api/openai-request.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  CreateEmbeddingResponse,
  EmbeddingRequest,
  Engine,
} from '../../web/index.ts';

/** Compiles where A may be used as B. */
type Fits<A extends B, B> = A;
type IsNever<T> = [T] extends [never] ? true : false;

/* Answers: whoever expects OpenAI's may take ours. */
export type Answers = [
  Fits<ChatCompletion, OpenAI.ChatCompletion>,
  Fits<ChatCompletionChunk, TheirChunk>,
  Fits<Completion, OpenAI.Completion>,
  Fits<CreateEmbeddingResponse, OpenAI.CreateEmbeddingResponse>,
];

/* Requests: the fields that we take, with messages of text. */
type TextPart = OpenAI.ChatCompletionContentPartText;
type ImagePart = OpenAI.ChatCompletionContentPartImage;
type TheirMessage =
  | (Omit<OpenAI.ChatCompletionSystemMessageParam, 'name'> & { name?: never })
  | (Omit<OpenAI.ChatCompletionDeveloperMessageParam, 'name'> & { name?: never })
  | { role: 'user'; content: string | (TextPart | ImagePart)[] }
  | { role: 'assistant'; content: string | TextPart[]; refusal?: null };
type ChatField = Exclude<(typeof CHAT_FIELDS)[number], 'messages'>;
type Shared<Theirs, Field> = Pick<Theirs, Extract<keyof Theirs, Field>>;
type StreamOptions = Pick<OpenAI.ChatCompletionStreamOptions, 'include_usage'>;
type Supported<Theirs, Field> = Omit<
  Shared<Theirs, Field>,
  'stream_options' | 'response_format'
> & {
  stream_options?: StreamOptions | null;
};

export type Requests = [
  Fits<
    Supported<TheirChatRequest, ChatField> & { messages: TheirMessage[] },
    ChatCompletionRequest
  >,
  Fits<
    Supported<TheirCompletionRequest, Exclude<(typeof COMPLETION_FIELDS)[number], 'prompt'>> & {
      prompt: string | number[];
    },
    CompletionRequest
  >,
  Fits<Omit<TheirEmbeddingRequest, 'dimensions' | 'user'>, EmbeddingRequest>,
];

/* Every field of theirs is either taken or refused with a reason. */
type Known =
  | (typeof CHAT_FIELDS)[number]
  | (typeof COMPLETION_FIELDS)[number]
  | keyof typeof REFUSED;
type Forgotten = Exclude<keyof TheirChatRequest | keyof TheirCompletionRequest, Known>;
export const nothingIsForgotten: IsNever<Forgotten> = true;

/* The calls themselves, as pages that know OpenAI's library write them. */
export async function calls(engine: Engine, client: OpenAI): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const request = { model: 'any', messages, temperature: 0.5, max_completion_tokens: 5 };
  const { signal } = new AbortController();
  let whole: OpenAI.ChatCompletion = await client.chat.completions.create(request, { signal });
  whole = await engine.chat.completions.create(request, { signal });
  const streamed = { ...request, stream: true as const, stream_options: { include_usage: true } };
  let stream: AsyncIterable<TheirChunk> = await client.chat.completions.create(streamed);
  stream = await engine.chat.completions.create(streamed);
  for await (const chunk of stream) console.log(chunk.choices[0]?.delta.content, whole.id);
  const input = ['a', 'b'];
  let vectors: OpenAI.CreateEmbeddingResponse = await client.embeddings.create({
    model: '',
    input,
  });
  vectors = await engine.embeddings.create({ model: '', input });
  const text: string | undefined = (
    await engine.embeddings.create({ input, encoding_format: 'base64' })
  ).data[0]?.embedding;
  console.log(vectors.usage.total_tokens, text);
  const answer = whole.choices[0]?.message;
  if (answer?.content != null)
    await engine.chat.completions.create({
      messages: [...messages, { role: 'assistant', content: answer.content }],
    });

  // @ts-expect-error tools are not supported
  await engine.chat.completions.create({ messages, tools: [] });
  // @ts-expect-error shorter vectors are not supported
  await engine.embeddings.create({ input, dimensions: 8 });
}
