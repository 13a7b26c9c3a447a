/* The OpenAI adapter without an engine: what requests are read into, and what answers look like. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chatChunks,
  chatCompletion,
  completion,
  completionChunks,
  type Run,
} from '../../web/api/openai.ts';
import { REFUSED, readChatRequest, readCompletionRequest } from '../../web/api/openai-request.ts';
import { EngineError } from '../../web/base/errors.ts';
import type { GeneratedToken, Generation } from '../../web/engine/session.ts';

const messages = [{ role: 'user', content: 'Hi' }];

function refuses(
  request: unknown,
  text: RegExp,
  read: (request: unknown) => unknown = readChatRequest,
): void {
  assert.throws(
    () => read(request),
    (error: unknown) => {
      assert.ok(error instanceof EngineError, String(error));
      assert.equal(error.code, 'PHI_EINVAL');
      assert.match(error.message, text);
      return true;
    },
  );
}

test('openai: defaults are OpenAI’s', () => {
  const read = readChatRequest({ messages });
  const { seed, ...settings } = read.settings;
  assert.equal(typeof seed, 'bigint');
  assert.deepEqual(settings, {
    maxTokens: 0,
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    topLogprobs: -1,
    logitBias: [],
    stops: [],
    stopIds: [],
    constraint: null,
  });
  assert.deepEqual([read.choices, read.isStream, read.includesUsage], [1, false, false]);
  assert.equal(readCompletionRequest({ prompt: 'a' }).settings.maxTokens, 16);
});

test('openai: every field is read', () => {
  const read = readChatRequest({
    messages,
    model: 'any',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    seed: -1,
    stop: ['END', '\n\n'],
    max_completion_tokens: 7,
    n: 2,
    frequency_penalty: 0.1,
    presence_penalty: -0.2,
    repetition_penalty: 1.1,
    logit_bias: { '5': -100, '17': 2.5 },
    logprobs: true,
    top_logprobs: 3,
  });
  assert.deepEqual([read.choices, read.isStream, read.includesUsage], [2, true, true]);
  assert.deepEqual(read.settings, {
    maxTokens: 7,
    temperature: 0.5,
    topK: 40,
    topP: 0.9,
    minP: 0.05,
    repetitionPenalty: 1.1,
    presencePenalty: -0.2,
    frequencyPenalty: 0.1,
    topLogprobs: 3,
    seed: 0xffff_ffff_ffff_ffffn,
    logitBias: [
      { id: 5, bias: -100 },
      { id: 17, bias: 2.5 },
    ],
    stops: ['END', '\n\n'],
    stopIds: [],
    constraint: null,
  });
  assert.deepEqual(readChatRequest({ messages, stop: 'x', temperature: null }).settings.stops, [
    'x',
  ]);
});

test('openai: unknown and unsupported fields are refused by name', () => {
  refuses({ messages, temprature: 1 }, /unknown field "temprature"; known: messages/);
  refuses({ messages, tools: [] }, /field "tools" is not supported/);
  refuses(
    { prompt: 'x', response_format: { type: 'json_object' } },
    /field "response_format" is not supported: chat.completions takes it/,
    readCompletionRequest,
  );
  for (const [field, reason] of Object.entries(REFUSED)) {
    if (field === 'response_format') continue;
    refuses({ messages, [field]: 'x' }, new RegExp(`"${field}" is not supported: ${reason}`));
    assert.doesNotThrow(() => readChatRequest({ messages, [field]: null }));
  }
  refuses(
    { messages, stream: true, stream_options: { include_obfuscation: true } },
    /stream_options: field "include_obfuscation" is not supported: nothing leaves the page/,
  );
  refuses({ messages, toString: 1 }, /unknown field "toString"/);
  refuses({ prompt: 'x', suffix: 'y' }, /field "suffix" is not supported/, readCompletionRequest);
  refuses(
    { messages, stream: true, stream_options: { usage: true } },
    /stream_options: unknown field "usage"/,
  );
});

test('openai: response_format becomes a constraint', () => {
  const constraintOf = (format: unknown) =>
    readChatRequest({ messages, response_format: format }).settings.constraint;
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  assert.equal(constraintOf(null), null);
  assert.equal(constraintOf({ type: 'text' }), null);
  assert.deepEqual(constraintOf({ type: 'json_object' }), { kind: 'json_object', text: '' });
  assert.deepEqual(
    constraintOf({ type: 'json_schema', json_schema: { name: 'x', strict: true, schema } }),
    { kind: 'json_schema', text: JSON.stringify(schema) },
  );
});

test('openai: a response_format that is none says what was expected', () => {
  const refusesFormat = (format: unknown, message: RegExp) =>
    refuses({ messages, response_format: format }, message);
  refusesFormat('json', /response_format: expected an object/);
  refusesFormat({ type: 'xml' }, /response_format.type: expected "text" or "json_object"/);
  refusesFormat({ type: 'json_schema' }, /response_format.json_schema: expected an object/);
  refusesFormat({ type: 'json_schema', json_schema: { name: 'x' } }, /expected a JSON schema/);
  refusesFormat({ type: 'json_schema', json_schema: { schema: {} } }, /name: expected a text/);
  refusesFormat({ type: 'text', json_schema: {} }, /expected nothing, for this type/);
});

test('openai: values out of range say what was expected and given', () => {
  refuses({ messages, temperature: 3 }, /temperature: expected a number from 0 to 2, got 3/);
  refuses({ messages, temperature: '1' }, /temperature: expected a number from 0 to 2, got "1"/);
  refuses({ messages, temperature: Number.NaN }, /temperature/);
  refuses({ messages, top_k: 1.5 }, /top_k: expected an integer/);
  refuses({ messages, max_tokens: 0 }, /max_tokens/);
  refuses({ messages, max_tokens: 1, max_completion_tokens: 2 }, /differ/);
  refuses({ messages, n: 0 }, /n: expected/);
  refuses({ messages, stop: [''] }, /stop: expected/);
  refuses({ messages, logit_bias: { x: 1 } }, /logit_bias\["x"\]/);
  refuses({ messages, logit_bias: { '1': 101 } }, /from -100 to 100, got 101/);
  refuses({ messages, top_logprobs: 2 }, /only with logprobs: true/);
  refuses({ messages, stream_options: {} }, /only with stream: true/);
  refuses({ messages, stream: 'yes' }, /stream: expected true or false/);
});

test('openai: messages are checked one by one', () => {
  refuses({}, /messages: expected a list/);
  refuses({ messages: [] }, /messages: expected a list of at least one/);
  refuses({ messages: [{ role: 'tool', content: 'x' }] }, /messages\[0\]\.role/);
  refuses({ messages: [{ content: 'x' }] }, /messages\[0\]\.role/);
  refuses(
    { messages: [{ role: 'user', content: 'x', name: 'me' }] },
    /messages\[0\]: field "name" is not supported: chat templates know roles only/,
  );
  refuses(
    { messages: [{ role: 'assistant', content: 'x', tool_calls: [{}] }] },
    /messages\[0\]: field "tool_calls" is not supported: this version calls no tools/,
  );
  refuses({ messages: [{ role: 'user', content: 5 }] }, /messages\[0\]\.content/);
  refuses(
    { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
    /messages\[0\]\.content\[0\]\.type: expected "text" or "image_url" or "video"/,
  );
  const content = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ];
  assert.deepEqual(readChatRequest({ messages: [{ role: 'user', content }] }).messages, [
    { role: 'user', content: 'ab' },
  ]);
});

test('openai: pictures have numbered tags in their places, through all messages', () => {
  const image = (url: unknown, more = {}): object => ({
    type: 'image_url',
    image_url: { url, ...more },
  });
  const video = new Blob(['v']);
  const read = readChatRequest({
    messages: [
      {
        role: 'user',
        content: [
          image('data:,a', { detail: 'low' }),
          { type: 'text', text: 'x' },
          image('data:,b', { detail: 'high', num_crops: 9 }),
        ],
      },
      { role: 'assistant', content: 'It looks like <|image_3|>.' },
      { role: 'user', content: [{ type: 'video', value: video, frames: 2 }, image('data:,c')] },
    ],
  });
  assert.deepEqual(
    read.messages.map(({ content }) => content),
    [
      '<|image_1|>\nx<|image_2|>\n',
      'It looks like <|image_3|>.',
      '<|image_3|>\n<|image_4|>\n<|image_5|>\n',
    ],
  );
  assert.equal(read.tagAt, undefined, 'what the model said is no tag');
  assert.deepEqual(read.media, [
    {
      where: 'messages[0].content[0].image_url',
      source: 'data:,a',
      numCrops: 1,
      frames: undefined,
    },
    {
      where: 'messages[0].content[2].image_url',
      source: 'data:,b',
      numCrops: 9,
      frames: undefined,
    },
    { where: 'messages[2].content[0]', source: video, numCrops: undefined, frames: 2 },
    {
      where: 'messages[2].content[1].image_url',
      source: 'data:,c',
      numCrops: undefined,
      frames: undefined,
    },
  ]);
});

test('openai: tags that a user wrote are found; pictures elsewhere and wrong options refused', () => {
  const at = (content: unknown, role = 'user'): string | undefined =>
    readChatRequest({ messages: [{ role, content }] }).tagAt;
  assert.equal(at('see <|image_1|>'), 'messages[0].content');
  assert.equal(at([{ type: 'text', text: '<|image_12|>' }], 'system'), 'messages[0].content[0]');
  assert.equal(at('<|image|> <|image_x|>'), undefined);
  const refusesPart = (part: unknown, text: RegExp, role = 'user'): void =>
    refuses({ messages: [{ role, content: [part] }] }, text);
  const image = { type: 'image_url', image_url: { url: 'data:,' } };
  refusesPart(image, /content\[0\]\.type: expected "text", got "image_url"/, 'system');
  refusesPart({ type: 'image_url' }, /image_url: expected an object/);
  refusesPart({ type: 'image_url', image_url: {} }, /image_url\.url: expected a URL or a picture/);
  const options = (more: object): object => ({ ...image, image_url: { url: 'data:,', ...more } });
  refusesPart(
    options({ detail: 'medium' }),
    /detail: expected "auto" or "low" or "high" or "original"/,
  );
  refusesPart(options({ num_crops: 17 }), /num_crops: expected an integer from 1 to 16, got 17/);
  refusesPart({ type: 'video', frames: 0 }, /frames: expected an integer from 1 to 64/);
});

test('openai: an answer’s message may be sent back as it came; developer means system', () => {
  const read = readChatRequest({
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'assistant', content: 'Hello!', refusal: null, tool_calls: undefined },
    ],
  });
  assert.deepEqual(read.messages, [
    { role: 'system', content: 'Be brief.' },
    { role: 'assistant', content: 'Hello!' },
  ]);
});

test('openai: prompts are texts or token ids', () => {
  assert.deepEqual(readCompletionRequest({ prompt: [1, 2] }).prompt, [1, 2]);
  refuses({ prompt: [] }, /prompt/, readCompletionRequest);
  refuses({ prompt: ['a'] }, /prompt/, readCompletionRequest);
  refuses({}, /prompt/, readCompletionRequest);
});

const WORDS = ['Hel', 'lo', '', '!'];
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/* The first two bytes of a character of three. */
const PART = Uint8Array.of(0xe2, 0x82);

interface FakeRun extends Run {
  readonly closed: number[];
}

function fakeRun(options: Partial<Run> = {}): FakeRun {
  const closed: number[] = [];
  async function* generate(choice: number): Generation {
    try {
      for (const [i, text] of WORDS.entries()) {
        const piece = { id: i, bytes: bytesOf(text), logprob: -0.5 };
        const other = { id: 9, bytes: PART, logprob: Number.NEGATIVE_INFINITY };
        const pieces = options.hasLogprobs ? [piece, piece, other] : [];
        yield { id: i, text, pieces } satisfies GeneratedToken;
      }
      return {
        finish: choice === 0 ? 'stop' : 'context',
        promptTokens: 5,
        cachedTokens: 3,
        completionTokens: WORDS.length,
      };
    } finally {
      closed.push(choice);
    }
  }
  return {
    model: 'm',
    fingerprint: 'fp_1',
    choices: 1,
    includesUsage: false,
    hasLogprobs: false,
    imageTokens: 2,
    generate,
    closed,
    ...options,
  };
}

test('openai: a whole chat answer', async () => {
  const answer = await chatCompletion(fakeRun({ choices: 2 }));
  assert.match(answer.id, /^chatcmpl-[0-9a-f]{24}$/);
  assert.equal(answer.object, 'chat.completion');
  assert.deepEqual([answer.model, answer.system_fingerprint], ['m', 'fp_1']);
  assert.deepEqual(
    answer.choices.map((c) => [
      c.index,
      c.message.role,
      c.message.content,
      c.finish_reason,
      c.logprobs,
    ]),
    [
      [0, 'assistant', 'Hello!', 'stop', null],
      [1, 'assistant', 'Hello!', 'length', null],
    ],
  );
  assert.deepEqual(answer.usage, {
    prompt_tokens: 5,
    completion_tokens: 8,
    total_tokens: 13,
    prompt_tokens_details: { cached_tokens: 3, image_tokens: 2 },
  });
});

test('openai: chunks add up to the answer', async () => {
  const chunks = [];
  for await (const chunk of chatChunks(fakeRun({ includesUsage: true }))) chunks.push(chunk);
  assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: 'assistant', content: '' });
  assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello!');
  assert.deepEqual(
    chunks.map((c) => c.choices[0]?.finish_reason ?? null),
    [null, null, null, null, 'stop', null],
  );
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 4);
  assert.ok(chunks.slice(0, -1).every((c) => c.usage === null));
  assert.equal(new Set(chunks.map((c) => c.id + c.created + c.system_fingerprint)).size, 1);
});

test('openai: choices of a stream come one after the other, usage counts all of them', async () => {
  const chunks = [];
  const run = fakeRun({ choices: 3, includesUsage: true });
  for await (const chunk of chatChunks(run)) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual([last?.choices, last?.usage?.completion_tokens], [[], 12]);
  const rows = chunks.map(({ choices }) => choices[0]);
  assert.deepEqual(
    rows.map((row) => row?.index),
    [0, 1, 2].flatMap((index) => Array<number>(5).fill(index)),
  );
  assert.deepEqual(
    rows.flatMap((row) => (row?.finish_reason == null ? [] : [[row.index, row.finish_reason]])),
    [
      [0, 'stop'],
      [1, 'length'],
      [2, 'length'],
    ],
  );
  assert.deepEqual(
    rows.filter((row) => row?.delta.role !== undefined).map((row) => row?.index),
    [0, 1, 2],
  );
  assert.deepEqual(run.closed, [0, 1, 2]);
});

test('openai: without include_usage no chunk speaks of usage', async () => {
  for await (const chunk of chatChunks(fakeRun())) assert.ok(!('usage' in chunk));
  for await (const chunk of completionChunks(fakeRun())) assert.ok(!('usage' in chunk));
});

test('openai: chunks of a completion', async () => {
  const chunks = [];
  const run = fakeRun({ includesUsage: true, hasLogprobs: true });
  for await (const chunk of completionChunks(run)) chunks.push(chunk);
  assert.equal(chunks.map((c) => c.choices[0]?.text ?? '').join(''), 'Hello!');
  assert.deepEqual(
    chunks.map((c) => c.choices[0]?.finish_reason),
    [null, null, null, null, 'stop', undefined],
  );
  assert.deepEqual(
    chunks.flatMap((c) => c.choices[0]?.logprobs?.text_offset ?? []),
    [0, 3, 5, 5],
  );
  assert.equal(chunks.at(-1)?.usage?.total_tokens, 9);
});

test('openai: leaving the loop ends the generation', async () => {
  const run = fakeRun({ choices: 3 });
  for await (const chunk of chatChunks(run)) if (chunk.choices[0]?.delta.content === 'lo') break;
  assert.deepEqual(run.closed, [0]);
});

test('openai: logprobs carry bytes, also of a part of a character', async () => {
  const answer = await chatCompletion(fakeRun({ hasLogprobs: true }));
  const first = answer.choices[0]?.logprobs?.content[0];
  assert.deepEqual([first?.token, first?.logprob, first?.bytes], ['Hel', -0.5, [72, 101, 108]]);
  assert.deepEqual(
    first?.top_logprobs.map((top) => [top.token, top.logprob, top.bytes]),
    [
      ['Hel', -0.5, [72, 101, 108]],
      ['\\xe2\\x82', -9999, [0xe2, 0x82]],
    ],
  );
  const older = await completion(fakeRun({ hasLogprobs: true }));
  assert.deepEqual(older.choices[0]?.logprobs?.text_offset, [0, 3, 5, 5]);
  assert.equal(older.choices[0]?.text, 'Hello!');
  assert.deepEqual(older.choices[0]?.logprobs?.top_logprobs[0], {
    Hel: -0.5,
    'bytes:\\xe2\\x82': -9999,
  });
});
