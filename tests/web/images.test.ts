/* Pictures on the page: what sources are read into, prompts with pictures, what does not fit, progress. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promptOf } from '../../web/api/chat-prompt.ts';
import { ChatCompletions } from '../../web/api/engine.ts';
import type { ChatCompletionRequest } from '../../web/api/openai-types.ts';
import type { ReadChatOptions } from '../../web/api/request-options.ts';
import { EngineError } from '../../web/base/errors.ts';
import type { EngineClient } from '../../web/engine/client.ts';
import { discardSnapshots, snapshotOf } from '../../web/engine/image-snapshot.ts';
import { readSource } from '../../web/engine/image-source.ts';
import {
  checkRoom,
  encodePrompt,
  ImagePreparer,
  type ImageProgress,
  PreparedImage,
  readPrompt,
} from '../../web/engine/images.ts';
import type { Session } from '../../web/engine/session.ts';
import { readVision, type Vision } from '../../web/engine/vision.ts';
import { withImages } from '../../web/engine/with-images.ts';
import type { PrepareRequest } from '../../web/worker/protocol.ts';
import type { WorkerLink } from '../../web/worker/spawn.ts';
import { FakeBitmap, fakeCopies } from './lib/fake-bitmap.ts';

type Backend = ConstructorParameters<typeof ChatCompletions>[0];

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
const vision: Vision = readVision({ tileSize: 56, patchSize: 14, numCrops: 4 }) as Vision;

function imageOf(width: number, height: number, rows = 1, columns = 1): PreparedImage {
  const [paddedWidth, paddedHeight] = [columns * 56, rows * 56];
  const rgb = new Uint8Array(paddedWidth * paddedHeight * 3);
  const picture = { width, height, paddedWidth, paddedHeight, rgb, key: `${width}x${height}` };
  return new PreparedImage(picture, vision, 4);
}

function failsWith(code: string, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };
}

const SOURCES: Readonly<Record<string, () => unknown>> = {
  'a Blob': () => new Blob([JPEG]),
  'a File': () => new File([JPEG], 'x.jpg'),
  bytes: () => JPEG,
  'a buffer': () => Uint8Array.from(JPEG).buffer,
  'a view': () => new DataView(Uint8Array.of(9, ...JPEG).buffer, 1),
  'a data: URL': () => `data:image/jpeg;base64,${Buffer.from(JPEG).toString('base64')}`,
  'a data: URL object': () =>
    new URL(`data:image/jpeg;base64,${Buffer.from(JPEG).toString('base64')}`),
  'a data: URL with escapes': () => 'data:image/jpeg;base64,%2F9j%2F4AECAw%3D%3D',
};

for (const [name, make] of Object.entries(SOURCES))
  test(`image source: ${name} of a JPEG goes to the worker as it is`, async () => {
    const picture = await readSource(snapshotOf(make()), undefined);
    assert.equal(picture.kind, 'file');
    assert.deepEqual([...picture.bytes], [...JPEG]);
  });

test('image source: bytes are those of the moment they were given', async () => {
  const bytes = Uint8Array.from(JPEG);
  const snapshot = snapshotOf(bytes);
  bytes.fill(0);
  assert.deepEqual([...(await readSource(snapshot, undefined)).bytes], [...JPEG]);
});

test('image source: what is none, is too large or cannot be had says so', async () => {
  const read = (source: unknown): Promise<unknown> => readSource(snapshotOf(source), undefined);
  await assert.rejects(read(5), failsWith('PHI_EINVAL', /expected a URL, a Blob.*got 5/));
  await assert.rejects(read('data:image/png;base64'), failsWith('PHI_EINVAL', /comma/));
  await assert.rejects(read('data:image/png;base64,!'), failsWith('PHI_ECORRUPT', /base64/));
  await assert.rejects(
    read(new Blob([new Uint8Array(64 * 2 ** 20 + 1)])),
    failsWith('PHI_EINVAL', /67108865 bytes; at most 67108864/),
  );
  const huge = { [Symbol.toStringTag]: 'ImageData', data: [], width: 1e5, height: 1e5 };
  await assert.rejects(
    readSource(huge, undefined),
    failsWith('PHI_EINVAL', /100000 x 100000 pixels; at most 64000000/),
  );
  await assert.rejects(read('http://127.0.0.1:1/x.png'), failsWith('PHI_ENETWORK', /CORS/));
  /* Node has no decoder: as a file that no browser can decode. */
  await assert.rejects(read(Uint8Array.of(1, 2, 3)), failsWith('PHI_ECORRUPT', /can decode/));
  await assert.rejects(read({ [Symbol.toStringTag]: 'ImageBitmap' }), { code: 'PHI_ECORRUPT' });
});

test('image source: of a view its own bytes are copied, and none that are too many', async () => {
  const snapshot = snapshotOf(new Uint8Array(1 << 20).subarray(8, 16));
  assert.ok(snapshot instanceof Uint8Array);
  assert.deepEqual([snapshot.byteLength, snapshot.buffer.byteLength], [8, 8]);
  const shared = snapshotOf(new Uint8Array(new SharedArrayBuffer(8)));
  assert.ok(shared instanceof Uint8Array && shared.buffer instanceof ArrayBuffer);
  assert.equal((await readSource(snapshotOf(JPEG), undefined)).bytes.buffer.byteLength, 7);
});

test('image source: what is too large is so when it is given, whatever becomes of it', async () => {
  const huge = new ArrayBuffer(64 * 2 ** 20 + 1);
  const snapshot = snapshotOf(huge);
  structuredClone(huge, { transfer: [huge] });
  const text = /67108865 bytes; at most 67108864/;
  await assert.rejects(readSource(snapshot, undefined), failsWith('PHI_EINVAL', text));
  await assert.rejects(readSource(snapshot, undefined), { requested: 67108865, quota: 67108864 });
});

test('image source: memory for a copy that is refused is PHI_ENOMEM', async (t) => {
  const buffer = Uint8Array.from(JPEG).buffer;
  t.mock.method(buffer, 'slice', () => {
    throw new RangeError('Array buffer allocation failed');
  });
  t.mock.method(globalThis, 'structuredClone', () => {
    throw new DOMException('Data cannot be cloned, out of memory.', 'DataCloneError');
  });
  const data = new Uint8ClampedArray(4);
  const pixels = { [Symbol.toStringTag]: 'ImageData', data, width: 1, height: 1 };
  for (const source of [buffer, pixels])
    await assert.rejects(
      readSource(snapshotOf(source), undefined),
      failsWith('PHI_ENOMEM', /no memory for a copy of it \(.*(allocation failed|out of memory)/),
    );
});

test('image source: ImageData without memory says so, also where a clone of it is null', async (t) => {
  t.mock.method(globalThis, 'structuredClone', () => null);
  const read = (data: Uint8ClampedArray): Promise<unknown> =>
    readSource(
      snapshotOf({ [Symbol.toStringTag]: 'ImageData', data, width: 1, height: 1 }),
      undefined,
    );
  await assert.rejects(read(new Uint8ClampedArray()), failsWith('PHI_EINVAL', /detached/));
  await assert.rejects(read(new Uint8ClampedArray(4)), { code: 'PHI_ENOMEM' });
});

test('image source: memory that was given to another says so', async () => {
  const view = Uint8Array.from(JPEG);
  const { buffer } = view;
  structuredClone(buffer, { transfer: [buffer] });
  const words = new DataView(new ArrayBuffer(8));
  structuredClone(words.buffer, { transfer: [words.buffer] });
  for (const source of [view, buffer, words])
    await assert.rejects(
      readSource(snapshotOf(source), undefined),
      failsWith('PHI_EINVAL', /detached/),
    );
});

test('image source: a bitmap that nobody looks at is closed', async () => {
  const [aborted, waiting] = [new FakeBitmap(), new FakeBitmap()];
  const read = readSource(Promise.resolve(aborted), AbortSignal.abort());
  await assert.rejects(read, { code: 'PHI_ECANCELED' });
  assert.equal(aborted.nClosed, 1);
  discardSnapshots([JPEG, Promise.reject(new Error('mine')), Promise.resolve(waiting)]);
  await new Promise(setImmediate);
  assert.equal(waiting.nClosed, 1);
});

test('chat: pictures that a request did not come to are given back', async () => {
  const bitmap = new FakeBitmap();
  const media = [Uint8Array.of(1), Promise.resolve(bitmap)].map((source) => ({
    where: 'messages[0]',
    source,
    numCrops: undefined,
    frames: undefined,
  }));
  const client = {
    vision: undefined,
    requireVision: () => {
      throw new EngineError('PHI_EUNSUPPORTED', 'text only');
    },
  } as unknown as EngineClient;
  const read = { messages: [], media, tagAt: undefined };
  await assert.rejects(promptOf(client, {} as Session, read, {} as ReadChatOptions), {
    code: 'PHI_EUNSUPPORTED',
  });
  await new Promise(setImmediate);
  assert.equal(bitmap.nClosed, 1);
});

test('chat: copies of pictures are given back whatever a request is refused for', async (t) => {
  const copies = fakeCopies(t);
  const client = {
    vision: undefined,
    requireVision: () => {
      throw new EngineError('PHI_EUNSUPPORTED', 'text only');
    },
  };
  const chat = new ChatCompletions({ client } as unknown as Backend);
  const picture = { type: 'image_url', image_url: { url: new FakeBitmap() } };
  const ask = (parts: unknown[], more: object, options?: object): Promise<unknown> => {
    const messages = [{ role: 'user', content: [picture, ...parts] }];
    return chat.create({ messages, ...more } as unknown as ChatCompletionRequest, options);
  };
  const refused: readonly [unknown[], object, object?][] = [
    [[{ type: 'none' }], {}],
    [[picture, { type: 'image_url', image_url: { url: '' } }], {}],
    [[], { top_logprobs: 2 }],
    [[], { temperature: 9 }],
    [[], {}, { unknown: true }],
    [[], {}, { signal: AbortSignal.abort() }],
    [[picture], {}],
  ];
  let nCopied = 0;
  for (const [parts, more, options] of refused) {
    await assert.rejects(ask(parts, more, options), EngineError);
    nCopied += await copies.allClosed();
  }
  assert.equal(nCopied, 5, 'two requests were refused in their messages, one by the model');
});

test('image source: a data: URL is measured before it is decoded', async (t) => {
  const decode = t.mock.method(globalThis, 'decodeURIComponent');
  const url = `data:image/png;base64,${'A'.repeat(2 ** 28)}`;
  const read = readSource(url, undefined);
  const text = /a data: URL of at least 67108870 bytes; at most 67108864/;
  await assert.rejects(read, failsWith('PHI_EINVAL', text));
  await assert.rejects(read, { requested: 67108870, quota: 67108864 });
  assert.equal(decode.mock.callCount(), 0);
});

test('image source: too large is told in bytes, of a text as it is encoded', async () => {
  const accented = `data:,${'é'.repeat(2 ** 25 + 1)}`;
  const bytes = { code: 'PHI_EINVAL', requested: 67108866, quota: 67108864 };
  await assert.rejects(readSource(accented, undefined), bytes);
});

test('image source: an answer that says that it is too large is not read on', async (t) => {
  let isCanceled = false;
  const cancel = (): void => {
    isCanceled = true;
  };
  const headers = { 'content-length': '67108865' };
  t.mock.method(globalThis, 'fetch', async () => {
    return new Response(new ReadableStream({ cancel }), { headers });
  });
  const read = readSource('https://h.example/x.png', undefined);
  await assert.rejects(read, failsWith('PHI_EINVAL', /67108865 bytes/));
  assert.ok(isCanceled);
});

const ascii = (text: string): number[] => [...Buffer.from(text)];

test('image source: files that the browser decodes are measured before', async () => {
  const webp = (kind: string, ...rest: number[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.of(...ascii('RIFF'), 0, 0, 0, 0, ...ascii(`WEBP${kind}`), 0, 0, 0, 0, ...rest);
  const ispe = [0, 0, 0, 20, ...ascii('ispe'), 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x40, 0];
  const huge: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
    '16777216 x 65536': webp('VP8X', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0),
    '16384 x 16384': webp('VP8L', 0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0),
    '16383 x 8192': webp('VP8 ', 0, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0x00, 0x20),
    '32768 x 16384': Uint8Array.of(0, 0, 0, 8, ...ascii('ftypavif'), ...ispe, ...Array(16).fill(0)),
  };
  for (const [size, bytes] of Object.entries(huge))
    await assert.rejects(
      readSource(bytes, undefined),
      failsWith('PHI_EINVAL', new RegExp(`a picture of ${size} pixels; at most 64000000`)),
    );
});

test('image source: an abort ends the wait', async () => {
  const signal = AbortSignal.abort(new Error('mine'));
  await assert.rejects(readSource(JPEG, signal), { code: 'PHI_ECANCELED' });
  await assert.rejects(readSource('http://127.0.0.1:1/x.png', signal), { code: 'PHI_ECANCELED' });
});

test('preparing: a picture that was prepared is not prepared again, errors name it', async () => {
  const asked: PrepareRequest[] = [];
  const call = async (_name: string, request: PrepareRequest): Promise<unknown> => {
    asked.push(request);
    if (request.picture.bytes.length > JPEG.length)
      throw new EngineError('PHI_ECORRUPT', 'cut off', { numCrops: 3 });
    const rgb = new Uint8Array(56 * 56 * 3);
    return { width: 8, height: 4, paddedWidth: 56, paddedHeight: 56, rgb, key: 'k' };
  };
  const preparer = new ImagePreparer({ call } as unknown as WorkerLink, vision);
  const options = { numCrops: 4, where: 'messages[0]', signal: undefined };
  const first = await preparer.prepare(JPEG, options);
  assert.deepEqual([first.width, first.height, first.tokens, first.tiles], [8, 4, 13, [1, 1]]);
  assert.equal(await preparer.prepare(new Blob([JPEG]), options), first);
  assert.equal(await preparer.prepare(first, options), first);
  assert.equal(asked.length, 1);
  assert.deepEqual([asked[0]?.numCrops, asked[0]?.tileSize], [4, 56]);
  await preparer.prepare(JPEG, { ...options, numCrops: 1 });
  assert.equal(asked.length, 2);
  const bad = preparer.prepare(Uint8Array.of(...JPEG, 0), options);
  await assert.rejects(bad, failsWith('PHI_ECORRUPT', /^messages\[0\]: cut off$/));
  await assert.rejects(bad, { where: 'messages[0]', numCrops: 3 });
});

const encode = async (chunk: string): Promise<number[]> => [1, ...Buffer.from(chunk)];

test('prompts: each chunk is encoded on its own, each picture is its id, negative, so many times', async () => {
  const images = [imageOf(10, 10), imageOf(20, 10, 1, 2)];
  const text = 'a<|image_1|>\n<|image_2|>b';
  const prompt = await readPrompt(text, images, encode);
  const wanted = [1, 97, ...Array(13).fill(-7), 1, 10, ...Array(17).fill(-8), 1, 98];
  assert.equal(prompt.length, wanted.length);
  assert.equal(prompt.imageTokens, 30);
  const encoded: PreparedImage[] = [];
  const session = {
    encodeImage: async (image: PreparedImage) => 6 + encoded.push(image),
  };
  assert.deepEqual([...(await encodePrompt(prompt, session, {}))], wanted);
  assert.deepEqual(encoded, images);
});

test('prompts: tags that are not those of the pictures are refused', async () => {
  const one = [imageOf(10, 10)];
  for (const text of ['none', '<|image_2|>', '<|image_1|><|image_1|>', '<|image_2|><|image_1|>'])
    await assert.rejects(
      readPrompt(text, one, encode),
      failsWith('PHI_EINVAL', /1 pictures and these/),
    );
});

test('prompts: too long for the context, with the most crops that fit', async () => {
  const images = [imageOf(10, 10, 2, 2), imageOf(10, 10, 2, 2)];
  const prompt = await readPrompt('<|image_1|><|image_2|>', images, encode);
  assert.equal(prompt.length, 3 + 2 * 27);
  checkRoom(prompt, prompt.length, vision);
  assert.throws(
    () => checkRoom(prompt, 40, vision),
    (error: unknown) => {
      assert.ok(failsWith('PHI_ECONTEXT', /57 tokens \(54 of pictures\).*num_crops 3/)(error));
      const { requested, quota, numCrops } = error as EngineError;
      assert.deepEqual([requested, quota, numCrops], [57, 40, 3]);
      return true;
    },
  );
  assert.throws(
    () => checkRoom(prompt, 20, vision),
    failsWith('PHI_ECONTEXT', /not even num_crops 1/),
  );
});

test('progress: steps of each picture; none of one that was encoded before', async () => {
  const images = [imageOf(1, 1), imageOf(2, 2), imageOf(3, 3)];
  const prompt = await readPrompt('<|image_1|><|image_2|><|image_3|>', images, encode);
  const told: ImageProgress[] = [];
  const session = {
    encodeImage: async (
      image: PreparedImage,
      { onStep }: { onStep?: ((done: number, total: number) => void) | undefined },
    ) => {
      if (image !== images[1]) for (const done of [1, 2]) onStep?.(done, 2);
      return 1;
    },
  };
  await encodePrompt(prompt, session, { onProgress: (progress) => told.push(progress) });
  assert.deepEqual(
    told.map(({ image, n_images, done, total }) => [image, n_images, done, total]),
    [
      [0, 3, 1, 2],
      [0, 3, 2, 2],
      [2, 3, 1, 2],
      [2, 3, 2, 2],
    ],
  );
  assert.ok(told.every(({ secondsLeft }) => secondsLeft !== null && secondsLeft >= 0));
  assert.equal(told.at(-1)?.secondsLeft, 0);
});

/** An error of another file of the package, whose class is its own. */
class ForeignError extends Error {
  override readonly name = 'EngineError';
  override readonly stack = 'EngineError: gone\n    at another file';
  readonly code: string;
  readonly requested = 3;

  constructor(code: string) {
    super('gone');
    this.code = code;
  }
}

test('preparing: an error of the engine’s end is the very one, what is named keeps it as its cause', async () => {
  const image = { numCrops: 4, where: 'image', signal: undefined };
  for (const code of ['PHI_EPOISONED', 'PHI_ECANCELED', 'PHI_ENOMEM'] as const) {
    const thrown = new ForeignError(code);
    const call = async (): Promise<never> => {
      throw thrown;
    };
    const preparer = new ImagePreparer({ call } as unknown as WorkerLink, vision);
    await assert.rejects(preparer.prepare(JPEG, image), (error: unknown) => {
      assert.equal(code === 'PHI_ENOMEM' ? (error as EngineError).cause : error, thrown);
      return true;
    });
  }
});

test('errors of the file of their own are of the caller’s class', async () => {
  const failed = withImages(() => {
    throw new ForeignError('PHI_ECORRUPT');
  });
  await assert.rejects(failed, (error: unknown) => {
    assert.ok(error instanceof EngineError);
    assert.deepEqual([error.code, error.requested], ['PHI_ECORRUPT', 3]);
    assert.match(error.stack ?? '', /at another file/);
    return true;
  });
});
