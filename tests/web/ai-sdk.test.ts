/* The AI SDK's own functions on a provider whose engine is a stand-in: what reaches the engine, and what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedMany, generateObject, generateText, jsonSchema, streamText } from 'ai';
import { type AiSdkEngine, createPocketPhi, pocketphi } from '../../web/ai-sdk.ts';
import type { ChatCompletion, ChatCompletionChunk } from '../../web/api/openai-types.ts';
import { EngineError } from '../../web/base/errors.ts';
import type { Engine } from '../../web/index.ts';

/* A real engine is one. */
export const realOne = (engine: Engine): AiSdkEngine => engine;

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const HEAD = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'tiny', system_fingerprint: 'fp' };
const USAGE = {
  prompt_tokens: 7,
  completion_tokens: 3,
  total_tokens: 10,
  prompt_tokens_details: { cached_tokens: 5, image_tokens: 0 },
};

interface FakeEngine extends AiSdkEngine {
  readonly requests: Record<string, unknown>[];
  /** How its streams ended. */
  readonly ends: string[];
}

function fakeEngine(words: readonly string[], finish: 'stop' | 'length' = 'stop'): FakeEngine {
  const requests: Record<string, unknown>[] = [];
  const ends: string[] = [];
  async function* chunks(signal: AbortSignal | null | undefined) {
    const chunk = (
      delta: ChatCompletionChunk['choices'][0]['delta'],
      finish_reason: 'stop' | 'length' | null = null,
    ): ChatCompletionChunk => ({
      ...HEAD,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
    });
    let end = 'left';
    try {
      yield chunk({ role: 'assistant', content: '' });
      for (const word of words) {
        if (signal?.aborted) throw new EngineError('PHI_ECANCELED', 'cancelled by the caller');
        if (word === 'break') throw new EngineError('PHI_EPOISONED', 'broken on purpose');
        yield chunk({ content: word });
      }
      yield chunk({}, finish);
      yield { ...HEAD, object: 'chat.completion.chunk' as const, choices: [], usage: USAGE };
      end = 'whole';
    } finally {
      ends.push(end);
    }
  }
  const whole = (): ChatCompletion => ({
    ...HEAD,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: words.join(''), refusal: null },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage: USAGE,
  });
  const create = (async (
    request: Record<string, unknown>,
    options?: { signal?: AbortSignal | null | undefined },
  ) => {
    requests.push(request);
    if (options?.signal?.aborted) throw new EngineError('PHI_ECANCELED', 'cancelled by the caller');
    return request.stream === true ? chunks(options?.signal) : whole();
  }) as unknown as AiSdkEngine['chat']['completions']['create'];
  const embeddings: AiSdkEngine['embeddings'] = {
    async create({ input }) {
      const data = (input as string[]).map((text, index) => ({
        object: 'embedding' as const,
        index,
        embedding: [text.length, 0],
      }));
      return { object: 'list', data, model: 'tiny', usage: { prompt_tokens: 9, total_tokens: 9 } };
    },
  };
  const info = { name: 'tiny', architecture: 'phi3' };
  return { info, chat: { completions: { create } }, embeddings, requests, ends };
}

test('ai-sdk: generateText passes settings and messages on, and reads the answer', async () => {
  const engine = fakeEngine(['Hel', 'lo'], 'length');
  const result = await generateText({
    model: pocketphi(engine),
    instructions: 'Be brief.',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: [{ type: 'text', text: 'Hello?' }] },
    ],
    maxOutputTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    stopSequences: ['END'],
    seed: 3,
  });
  assert.deepEqual(engine.requests, [
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Yes?' }] },
        { role: 'user', content: [{ type: 'text', text: 'Hello?' }] },
      ],
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      stop: ['END'],
      seed: 3,
      stream: false,
    },
  ]);
  assert.deepEqual([result.text, result.finishReason], ['Hello', 'length']);
  assert.deepEqual(
    [result.usage.inputTokens, result.usage.outputTokens, result.usage.totalTokens],
    [7, 3, 10],
  );
  assert.equal(result.usage.inputTokenDetails.cacheReadTokens, 5);
  assert.equal(result.usage.inputTokenDetails.noCacheTokens, 2);
  assert.equal(result.response.id, 'chatcmpl-1');
  assert.equal(result.response.modelId, 'tiny');
  assert.equal(result.response.timestamp.getTime(), HEAD.created * 1000);
  assert.deepEqual(result.warnings, []);
});

test('ai-sdk: settings that mean nothing here are warnings', async () => {
  const { warnings } = await generateText({
    model: pocketphi(fakeEngine(['x'])),
    prompt: 'Hi',
    reasoning: 'high',
    tools: { look: { inputSchema: jsonSchema({ type: 'object' }) } },
    toolChoice: 'none',
    providerOptions: { pocketphi: { fast: true } },
  });
  assert.deepEqual(
    warnings?.map((w) => (w.type === 'unsupported' ? w.feature : w.type)),
    ['tools', 'toolChoice', 'reasoning', 'providerOptions.pocketphi.fast'],
  );
});

test('ai-sdk: streamText gives the text as it comes, then usage and finish', async () => {
  const engine = fakeEngine(['Hel', '', 'lo']);
  const result = streamText({ model: pocketphi(engine), prompt: 'Hi' });
  const deltas: string[] = [];
  for await (const delta of result.textStream) deltas.push(delta);
  assert.deepEqual(deltas, ['Hel', 'lo']);
  assert.equal(await result.finishReason, 'stop');
  assert.equal((await result.usage).outputTokens, 3);
  assert.deepEqual(engine.requests[0]?.stream_options, { include_usage: true });
  assert.deepEqual(engine.ends, ['whole']);
});

test('ai-sdk: an abort ends the generation, and is an abort to the SDK', async () => {
  const engine = fakeEngine(Array(50).fill('word '));
  const abort = new AbortController();
  let isAborted = false;
  const errors: unknown[] = [];
  const result = streamText({
    model: pocketphi(engine),
    prompt: 'Hi',
    abortSignal: abort.signal,
    onAbort: () => {
      isAborted = true;
    },
    onError: ({ error }) => {
      errors.push(error);
    },
  });
  let n = 0;
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta' && ++n === 3) abort.abort();
    assert.notEqual(part.type, 'error');
  }
  assert.ok(isAborted);
  assert.ok(errors.every((error) => error === abort.signal.reason));
  assert.ok(n < 50);
  assert.deepEqual(engine.ends, ['left']);
  await assert.rejects(
    generateText({ model: pocketphi(engine), prompt: 'Hi', abortSignal: abort.signal }),
    { name: 'AbortError' },
  );
});

test('ai-sdk: a reader that leaves ends the generation; an error is the last part', async () => {
  const engine = fakeEngine(Array(50).fill('word '));
  const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }];
  const { stream } = await pocketphi(engine).doStream({ prompt });
  const reader = stream.getReader();
  for (let i = 0; i < 4; i++) await reader.read();
  await reader.cancel();
  assert.deepEqual(engine.ends, ['left']);
  const broken = await pocketphi(fakeEngine(['a', 'break'])).doStream({ prompt });
  const types: string[] = [];
  for await (const part of broken.stream) types.push(part.type);
  const opening = ['stream-start', 'response-metadata', 'text-start', 'text-delta'];
  assert.deepEqual(types, [...opening, 'error']);
});

test('ai-sdk: generateObject asks for its schema and gives the object', async () => {
  const engine = fakeEngine(['{"city":', '"Seoul"}']);
  const schema = jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  });
  const { object } = await generateObject({
    model: pocketphi(engine),
    schema,
    schemaName: 'place',
    schemaDescription: 'A place.',
    prompt: 'Where?',
  });
  assert.deepEqual(object, { city: 'Seoul' });
  const format = engine.requests[0]?.response_format as {
    type: string;
    json_schema: { name: string; description: string; schema: { required: string[] } };
  };
  assert.equal(format.type, 'json_schema');
  assert.deepEqual(
    [format.json_schema.name, format.json_schema.description, format.json_schema.schema.required],
    ['place', 'A place.', ['city']],
  );
  await generateObject({ model: pocketphi(engine), output: 'no-schema', prompt: 'Where?' });
  assert.deepEqual(engine.requests[1]?.response_format, { type: 'json_object' });
});

test('ai-sdk: pictures are passed on, as bytes, base64 or URL', async () => {
  const engine = fakeEngine(['x']);
  const file = { type: 'file' as const, mediaType: 'image/png' };
  const bytes = { ...file, data: { type: 'data' as const, data: Uint8Array.of(1, 2) } };
  const text = { ...file, data: { type: 'data' as const, data: 'AQI=' } };
  const url = new URL('https://example.org/a.png');
  const link = { ...file, mediaType: 'image', data: { type: 'url' as const, url } };
  await pocketphi(engine).doGenerate({
    prompt: [{ role: 'user', content: [bytes, text, link, { type: 'text', text: 'What?' }] }],
  });
  const messages = engine.requests[0]?.messages as { content: unknown }[] | undefined;
  assert.deepEqual(messages?.[0]?.content, [
    { type: 'image_url', image_url: { url: Uint8Array.of(1, 2) } },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AQI=' } },
    { type: 'image_url', image_url: { url } },
    { type: 'text', text: 'What?' },
  ]);
});

test('ai-sdk: prompts with files or tools are refused by place', async () => {
  const model = pocketphi(fakeEngine(['x']));
  const data = { type: 'data' as const, data: new Uint8Array(3) };
  const file = { type: 'file' as const, mediaType: 'application/pdf', data };
  await assert.rejects(
    Promise.resolve(model.doGenerate({ prompt: [{ role: 'user', content: [file] }] })),
    {
      code: 'PHI_EUNSUPPORTED',
      message:
        /prompt\[0\]\.content\[0\]: a file of type application\/pdf; models take text and pictures/,
    },
  );
  await assert.rejects(
    Promise.resolve(model.doGenerate({ prompt: [{ role: 'tool', content: [] }] })),
    {
      message: /prompt\[0\]: a message of a tool/,
    },
  );
});

test('ai-sdk: embedMany', async () => {
  const provider = createPocketPhi({ engine: fakeEngine([]) });
  const { embeddings, usage } = await embedMany({
    model: provider.embeddingModel(),
    values: ['a', 'abc'],
  });
  assert.deepEqual(embeddings, [
    [1, 0],
    [3, 0],
  ]);
  assert.equal(usage.tokens, 9);
  assert.equal(provider.languageModel('any').modelId, 'tiny');
  assert.throws(() => provider.imageModel('x'), { code: 'PHI_EUNSUPPORTED' });
});
