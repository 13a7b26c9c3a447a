/* A Blob and a stream as model files: what the page gives may be odd, end early, or never end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { BlobFile, type ModelFile, StreamFile } from '../../web/worker/model-file.ts';

const NOBODY = new AbortController().signal;

async function read(file: ModelFile, offset: number, bytes: number): Promise<Uint8Array> {
  const got = new Uint8Array(bytes);
  const n = await file.read(offset, bytes, (at, length) => got.subarray(at, at + length));
  return got.subarray(0, n);
}

function streamOf<T>(pieces: readonly T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof EngineError && error.code === code;
}

test('stream: pieces of any length, empty ones too', async () => {
  const pieces = [[], [1], [2, 3], [], [4, 5, 6]];
  const stream = streamOf(pieces.map((piece) => Uint8Array.from(piece)));
  const file = new StreamFile(stream, NOBODY, () => undefined);
  assert.deepEqual([...(await read(file, 1, 3))], [2, 3, 4]);
  assert.equal(file.bytes, undefined);
  assert.deepEqual([...(await read(file, 4, 10))], [5, 6]);
  assert.equal(file.bytes, 6);
});

test('stream: anything but bytes is refused', async () => {
  const stream = streamOf<Uint8Array>(['text' as unknown as Uint8Array]);
  const file = new StreamFile(stream, NOBODY, () => undefined);
  await assert.rejects(read(file, 0, 1), isCode('PHI_EINVAL'));
});

test('stream: an abort is not taken for its end', async () => {
  const abort = new AbortController();
  const file = new StreamFile(new ReadableStream(), abort.signal, () => undefined);
  const reading = read(file, 0, 1);
  abort.abort();
  await assert.rejects(reading, isCode('PHI_ECANCELED'));
});

test('stream: one that never ends its cancelling keeps nobody waiting', async () => {
  const stream = new ReadableStream<Uint8Array>({
    cancel: () => new Promise<void>(() => undefined),
  });
  const file = new StreamFile(stream, NOBODY, () => undefined);
  await file.finish();
  await file.close();
});

test('stream: its failure is an error with its words', async () => {
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('disk on fire')),
  });
  const file = new StreamFile(stream, NOBODY, () => undefined);
  await assert.rejects(read(file, 0, 1), /disk on fire/);
});

test('Blob: read to its end and not beyond', async () => {
  const file = new BlobFile(new Blob([Uint8Array.from([1, 2, 3])]), () => undefined);
  assert.deepEqual([...(await read(file, 1, 10))], [2, 3]);
  assert.equal((await read(file, 5, 10)).length, 0);
});

test('Blob: one that gives fewer bytes than it promised is an error', async () => {
  const blob = new Blob([new Uint8Array(100)]);
  Object.defineProperty(blob, 'slice', { value: () => new Blob([new Uint8Array(10)]) });
  const file = new BlobFile(blob, () => undefined);
  await assert.rejects(read(file, 0, 100), isCode('PHI_ECORRUPT'));
});
