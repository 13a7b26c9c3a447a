/* Embeddings without an engine: requests, the order of answers, encodings, and that the session is given back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Embeddings,
  normalized,
  readEmbeddingRequest,
  toBase64,
} from '../../web/api/embeddings.ts';
import type { EmbeddingRequest } from '../../web/api/openai-types.ts';
import { Embedder } from '../../web/engine/embedder.ts';
import { WorkerLink } from '../../web/worker/spawn.ts';
import { FakeWorker, installFakeWorker } from './lib/fake-worker.ts';

function refuses(request: unknown, message: RegExp): void {
  assert.throws(() => readEmbeddingRequest(request), { code: 'PHI_EINVAL', message });
}

test('embeddings: one text or many, written out or as tokens', () => {
  const read = readEmbeddingRequest({ input: 'a', model: 'any' });
  assert.deepEqual(read, { inputs: ['a'], encoding: 'float', pooling: 'mean' });
  const inputsOf = (input: unknown) => readEmbeddingRequest({ input }).inputs;
  assert.deepEqual(inputsOf(['a', 'b']), ['a', 'b']);
  assert.deepEqual(inputsOf([1, 2]), [[1, 2]]);
  assert.deepEqual(inputsOf([[1, 2], [3]]), [[1, 2], [3]]);
  const base64 = { input: 'a', encoding_format: 'base64', pooling: 'last' };
  assert.deepEqual(readEmbeddingRequest(base64).encoding, 'base64');
});

test('embeddings: what cannot be done is refused by name', () => {
  refuses({}, /input: expected a text or a list of token ids, not empty, got nothing/);
  refuses({ input: '' }, /input: expected a text/);
  refuses({ input: [] }, /input: expected 1 to 2048 texts, got 0/);
  refuses({ input: ['a', ''] }, /input\[1\]: expected/);
  refuses({ input: [[1], []] }, /input\[1\]: expected/);
  refuses({ input: Array(2049).fill('a') }, /got 2049/);
  refuses({ input: 'a', dimensions: 64 }, /field "dimensions" is not supported: the model was not/);
  refuses({ input: 'a', user: 'me' }, /field "user" is not supported/);
  refuses({ input: 'a', pooling: 'max' }, /pooling: expected "mean" or "last"/);
  refuses({ input: 'a', encoding_format: 'int8' }, /encoding_format: expected "float" or "base64"/);
  refuses({ input: 'a', inputs: [] }, /unknown field "inputs"; known: input/);
});

test('embeddings: vectors have length 1, and base64 holds their bytes', () => {
  const vector = normalized(Float32Array.of(3, 0, -4));
  assert.deepEqual(vector, Float32Array.of(0.6, 0, -0.8));
  assert.deepEqual(normalized(new Float32Array(2)), new Float32Array(2));
  const bytes = Buffer.from(toBase64(vector), 'base64');
  assert.deepEqual(
    [bytes.readFloatLE(0), bytes.readFloatLE(8)],
    [Math.fround(0.6), Math.fround(-0.8)],
  );
});

/* An engine of two dimensions: each text comes back as its number of tokens and 0. */
async function create(
  request: EmbeddingRequest,
  signal?: AbortSignal,
): Promise<{ result: unknown; worker: FakeWorker }> {
  installFakeWorker();
  const link = new WorkerLink(new URL('file:///worker.js'));
  const worker = FakeWorker.last;
  assert.ok(worker !== undefined);
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message) => {
    post(message);
    if (message.type !== 'call') return;
    const { id, name, args } = message;
    const value =
      name === 'openEmbedder'
        ? { sessionId: 7, contextLength: args.contextLength }
        : name === 'embed'
          ? Float32Array.of(args.tokens.length, 0)
          : null;
    queueMicrotask(() => worker.answer({ type: 'result', id, value }));
  };
  const embeddings = new Embeddings({
    model: 'm',
    contextLength: 8,
    encode: async (text) => Array.from(text, (_, i) => i),
    open: (contextLength) =>
      Embedder.open(link, { contextLength, kvType: 'f16', ropeChoice: 'auto' }),
  });
  const result = await embeddings.create(request, { signal }).catch((error: unknown) => error);
  return { result, worker };
}

test('embeddings: one session, as long as the longest text, closed at the end', async () => {
  const { result, worker } = await create({ input: ['abc', 'abcde', 'a'], pooling: 'last' });
  assert.deepEqual(result, {
    object: 'list',
    model: 'm',
    data: [0, 1, 2].map((index) => ({ object: 'embedding', index, embedding: [1, 0] })),
    usage: { prompt_tokens: 9, total_tokens: 9 },
  });
  const names = worker.calls().map((call) => call.name);
  assert.deepEqual(names, ['openEmbedder', 'embed', 'embed', 'embed', 'closeSession']);
  const [opened] = worker.calls('openEmbedder');
  assert.ok(opened?.name === 'openEmbedder');
  assert.equal(opened.args.contextLength, 5);
});

test('embeddings: a text longer than the context is refused before a session is opened', async () => {
  const { result, worker } = await create({ input: ['a', 'abcdefghi'] });
  assert.ok(result instanceof Error && 'code' in result);
  assert.equal(result.code, 'PHI_ECONTEXT');
  assert.match(result.message, /input\[1\]: 9 tokens exceed the engine's context of 8/);
  assert.deepEqual(worker.calls(), []);
});

test('embeddings: an aborted request computes nothing', async () => {
  const { result, worker } = await create({ input: 'a' }, AbortSignal.abort());
  assert.ok(result instanceof Error && 'code' in result);
  assert.equal(result.code, 'PHI_ECANCELED');
  assert.deepEqual(worker.calls(), []);
});
