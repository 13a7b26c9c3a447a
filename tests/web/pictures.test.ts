/* Encoded pictures in the worker: each is encoded once, kept while it is wanted, and given back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { AWAITED_TEXTS_MAX } from '../../web/base/limits.ts';
import { Jobs, newCancelFlag } from '../../web/worker/jobs.ts';
import { type Encoder, Pictures } from '../../web/worker/pictures.ts';

const STEPS = 3;
const BYTES = 100;

class Fixture {
  readonly jobs = new Jobs();
  readonly destroyed: number[] = [];
  readonly pictures: Pictures;
  steps = 0;
  #lastId = 0;
  #lastCall = 0;
  /** Pictures that memory holds. */
  room = Number.POSITIVE_INFINITY;
  onStep: (id: number) => void = () => undefined;

  constructor(bytesMax?: number) {
    this.pictures = new Pictures('none.wasm', () => this.create(), bytesMax);
  }

  create(): Encoder {
    if (this.#lastId - this.destroyed.length >= this.room)
      throw new EngineError('PHI_ENOMEM', 'no memory', { requested: BYTES });
    const id = ++this.#lastId;
    let done = 0;
    return {
      id,
      plan: { steps: STEPS, featureBytes: BYTES },
      get stepsDone() {
        return done;
      },
      write: () => undefined,
      step: () => {
        this.steps++;
        this.onStep(id);
        return ++done === STEPS;
      },
      destroy: () => {
        this.destroyed.push(id);
      },
    };
  }

  encode(key: string, sessionId = 1, told: number[] = []): Promise<number> {
    const request = {
      sessionId,
      key,
      rgb: new Uint8Array(3),
      paddedWidth: 1,
      paddedHeight: 1,
    };
    const call = ++this.#lastCall;
    return this.pictures.encode(
      request,
      (done) => told.push(done),
      (slices) => this.jobs.run(call, slices, newCancelFlag()),
    );
  }

  /** The number of the next call of encode(), for cancelling it. */
  get nextCall(): number {
    return this.#lastCall + 1;
  }
}

test('pictures: one is encoded once, also when two calls want it at the same time', async () => {
  const fixture = new Fixture();
  const told: number[] = [];
  const ids = await Promise.all([fixture.encode('a', 1, told), fixture.encode('a', 2)]);
  assert.deepEqual(ids, [1, 1]);
  assert.deepEqual(told, [0, 1, 2, 3]);
  assert.equal(fixture.steps, STEPS);
  const again: number[] = [];
  assert.equal(await fixture.encode('a', 1, again), 1);
  assert.deepEqual(again, []);
});

test('pictures: the one not used for longest goes, those in sessions’ texts stay', async () => {
  const fixture = new Fixture(2 * BYTES);
  const { pictures } = fixture;
  for (const key of ['a', 'b']) await fixture.encode(key);
  pictures.use(1, [5, -1, -1, 6, -2])();
  pictures.use(1, [5, -1, -1, 6])();
  await fixture.encode('c', 2);
  assert.deepEqual(fixture.destroyed, [2], 'b is in no text');
  pictures.clone(1, 3);
  pictures.use(1, [5])();
  await fixture.encode('d', 2);
  assert.deepEqual(fixture.destroyed, [2], 'the copy has a');
  pictures.close(3);
  await fixture.encode('e', 2);
  assert.deepEqual(fixture.destroyed, [2, 1]);
  pictures.close(2);
  await fixture.encode('f', 1);
  assert.deepEqual(fixture.destroyed, [2, 1, 3, 4]);
});

test('pictures: a text that failed keeps what it had and what it would have had', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  await fixture.encode('a');
  pictures.use(1, [-1])();
  await fixture.encode('b', 2);
  pictures.use(1, [-2]);
  pictures.close(2);
  await fixture.encode('c', 3);
  assert.deepEqual(fixture.destroyed, []);
});

test('pictures: what is encoded for a session while its text changes stays', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  await fixture.encode('a');
  pictures.use(1, [-1])();
  const settle = pictures.use(1, [5]);
  await fixture.encode('b');
  settle();
  await fixture.encode('c', 2);
  assert.deepEqual(fixture.destroyed, [1], 'the text no longer has a, b is for the next one');
});

test('pictures: what is asked for anew while a text without it is under way stays', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  await fixture.encode('a');
  pictures.use(1, [-1])();
  const settle = pictures.use(1, [5]);
  await fixture.encode('a');
  settle();
  await fixture.encode('b', 2);
  assert.deepEqual(fixture.destroyed, []);
});

test('pictures: what is encoded for a text stays until it comes, whichever comes first', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  for (const key of ['a', 'b', 'c']) await fixture.encode(key);
  for (const id of [2, 1, 3]) {
    pictures.use(1, [5, -id])();
    await fixture.encode(`other ${id}`, 2);
  }
  assert.deepEqual(fixture.destroyed, [2, 1], 'each goes with the text behind its own');
});

test('pictures: what nobody asks about any more does not stay for ever', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  await fixture.encode('a');
  for (let i = 1; i < AWAITED_TEXTS_MAX; i++) pictures.use(1, [5])();
  await fixture.encode('b', 2);
  assert.deepEqual(fixture.destroyed, []);
  pictures.use(1, [5])();
  await fixture.encode('c', 2);
  assert.deepEqual(fixture.destroyed, [1]);
});

test('pictures: a text that settles while one is encoded leaves it its place', async () => {
  const fixture = new Fixture(0);
  const { pictures } = fixture;
  const settle = pictures.use(1, [5]);
  fixture.onStep = () => settle();
  await fixture.encode('a');
  await fixture.encode('b', 2);
  assert.deepEqual(fixture.destroyed, []);
});

test('pictures: memory that is short is taken from pictures that nobody has', async () => {
  const fixture = new Fixture();
  fixture.room = 2;
  await fixture.encode('a');
  fixture.pictures.use(1, [-1])();
  fixture.pictures.use(1, [1])();
  await fixture.encode('b');
  assert.equal(await fixture.encode('c'), 3);
  assert.deepEqual(fixture.destroyed, [1]);
  await assert.rejects(fixture.encode('d'), { code: 'PHI_ENOMEM', requested: BYTES });
  assert.equal(await fixture.encode('b'), 2, 'it goes on');
});

test('pictures: a cancelled one is given back, and the next call encodes it', async () => {
  const fixture = new Fixture();
  const call = fixture.nextCall;
  fixture.onStep = (id) => {
    if (id === 1) fixture.jobs.cancel(call);
  };
  const canceled = fixture.encode('a');
  const waiting = fixture.encode('a', 2);
  await assert.rejects(canceled, { code: 'PHI_ECANCELED' });
  assert.deepEqual(fixture.destroyed, [1]);
  assert.equal(await waiting, 2);
});
