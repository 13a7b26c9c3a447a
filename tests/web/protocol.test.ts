/* The page's end of the worker, with a worker that the test plays: every promise settles, whatever happens. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { Session } from '../../web/engine/session.ts';
import { breathe, Jobs } from '../../web/worker/jobs.ts';
import { WorkerLink } from '../../web/worker/spawn.ts';
import { FakeWorker, installFakeWorker } from './lib/fake-worker.ts';

installFakeWorker();
let link: WorkerLink;
let worker: FakeWorker;

beforeEach(() => {
  link = new WorkerLink(undefined);
  assert.ok(FakeWorker.last !== undefined);
  worker = FakeWorker.last;
});

const ENCODE = { text: 'a', addsSpecial: true, parsesSpecial: true };

async function assertRejects(promise: Promise<unknown>, code: string, text = /./): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  });
}

function openSession(tokens: readonly number[] = [1, 2]): Session {
  return new Session(link, { sessionId: 1, contextLength: 100 }, tokens);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await breathe();
}

test('protocol: answers find their questions in any order', async () => {
  const first = link.call('encode', ENCODE);
  const second = link.call('decode', { ids: [1], showsSpecial: false });
  const [a, b] = worker.calls();
  worker.answer({ type: 'result', id: b?.id ?? 0, value: 'b' });
  worker.answer({ type: 'result', id: a?.id ?? 0, value: Int32Array.of(7) });
  worker.answer({ type: 'result', id: 99, value: 'nobody asked' });
  assert.deepEqual([...(await first)], [7]);
  assert.equal(await second, 'b');
});

test('protocol: an error keeps its code, text and amounts', async () => {
  const call = link.call('encode', ENCODE);
  const error = {
    code: 'PHI_ECONTEXT',
    message: 'too long',
    requested: 9,
    quota: 4,
    stack: 'there',
  } as const;
  worker.answer({ type: 'failure', id: worker.calls()[0]?.id ?? 0, error });
  await assert.rejects(call, (thrown: unknown) => {
    assert.ok(thrown instanceof EngineError);
    assert.deepEqual(
      [thrown.code, thrown.message, thrown.requested, thrown.quota],
      ['PHI_ECONTEXT', 'too long', 9, 4],
    );
    assert.match(thrown.stack ?? '', /in the engine's worker:\nthere/);
    return true;
  });
});

const DEATHS: Readonly<Record<string, (worker: FakeWorker) => void>> = {
  'an uncaught error': (w) => w.fail('boom'),
  'a message that cannot be read': (w) => w.onmessageerror?.(),
  'a trap': (w) =>
    w.answer({ type: 'dead', error: { code: 'PHI_EPOISONED', message: 'unreachable' } }),
};
for (const [how, kill] of Object.entries(DEATHS)) {
  test(`protocol: ${how} rejects everything pending and to come`, async () => {
    const pending = [
      link.call('encode', ENCODE),
      link.call('openSession', { contextLength: 0, kvType: 'f16', ropeChoice: 'auto' }),
    ];
    kill(worker);
    for (const call of pending) await assertRejects(call, 'PHI_EPOISONED');
    await assertRejects(link.call('encode', ENCODE), 'PHI_EPOISONED');
    assert.equal(worker.isTerminated, true);
    worker.answer({ type: 'result', id: 1, value: 'too late' });
  });
}

test('protocol: a signal that has fired sends nothing', async () => {
  await assertRejects(
    link.call('encode', ENCODE, { signal: AbortSignal.abort() }),
    'PHI_ECANCELED',
  );
  assert.equal(worker.sent.length, 0);
});

test('protocol: cancelling sets the flag, also when the call only begins afterwards', async () => {
  for (const isStartedFirst of [true, false]) {
    const abort = new AbortController();
    const call = link.call('sync', { sessionId: 1, tokens: [1] }, { signal: abort.signal });
    const id = worker.calls('sync').at(-1)?.id ?? 0;
    const cancelFlag = new Int32Array(new SharedArrayBuffer(4));
    if (isStartedFirst) worker.answer({ type: 'started', id, cancelFlag });
    assert.equal(cancelFlag[0], 0);
    abort.abort();
    if (!isStartedFirst) worker.answer({ type: 'started', id, cancelFlag });
    assert.equal(cancelFlag[0], 1);
    assert.ok(worker.cancels.includes(id));
    worker.answer({ type: 'failure', id, error: { code: 'PHI_ECANCELED', message: 'cancelled' } });
    await assertRejects(call, 'PHI_ECANCELED');
  }
});

test('protocol: arguments that cannot be sent reject', async () => {
  const messages = [{ role: 'user', content: () => 'no' }];
  await assertRejects(
    link.call('applyTemplate', { messages, addsGenerationPrompt: true }),
    'PHI_EINVAL',
    /applyTemplate cannot be sent/,
  );
});

test('session: calls wait for one another, and a failed one does not stop the next', async () => {
  const session = openSession();
  const first = session.append([3]);
  const second = session.append([4]);
  await settle();
  assert.equal(worker.calls('sync').length, 1);
  worker.answer({
    type: 'failure',
    id: worker.calls('sync')[0]?.id ?? 0,
    error: { code: 'PHI_ENOMEM', message: 'no memory' },
  });
  await assertRejects(first, 'PHI_ENOMEM');
  await settle();
  assert.equal(worker.calls('sync').length, 2);
  worker.answer({ type: 'result', id: worker.calls('sync')[1]?.id ?? 0, value: null });
  await second;
});

test('session: waiting for its turn, a call may be cancelled; those behind it keep their order', async () => {
  const session = openSession();
  const abort = new AbortController();
  const first = session.append([3]);
  const second = session.append([4], { signal: abort.signal });
  const third = session.append([5]);
  abort.abort();
  await assertRejects(second, 'PHI_ECANCELED');
  await settle();
  assert.equal(worker.calls('sync').length, 1);
  worker.answer({ type: 'result', id: worker.calls('sync')[0]?.id ?? 0, value: null });
  await first;
  await settle();
  worker.answer({ type: 'result', id: worker.calls('sync')[1]?.id ?? 0, value: null });
  await third;
});

function token(id: number, text: string) {
  return { id, text, logprob: 0, pieces: [] };
}

test('session: tokens arrive in order, then the end; they join the text so far', async () => {
  const session = openSession();
  const generation = session.generate({ maxTokens: 3 });
  const texts: string[] = [];
  const reading = (async () => {
    for (;;) {
      const step = await generation.next();
      if (step.done) return step.value;
      texts.push(step.value.text);
    }
  })();
  await settle();
  const call = worker.calls('generate')[0];
  const id = call?.id ?? 0;
  assert.deepEqual(call?.name === 'generate' && [...Array.from(call.args.tokens)], [1, 2]);
  for (const [i, text] of ['a', '', 'b'].entries())
    worker.answer({ type: 'token', id, token: token(10 + i, text) });
  worker.answer({ type: 'token', id, token: token(-1, 'c') });
  worker.answer({ type: 'result', id, value: { finish: 'stop', cachedTokens: 1 } });
  assert.deepEqual(await reading, {
    finish: 'stop',
    promptTokens: 2,
    cachedTokens: 1,
    completionTokens: 3,
  });
  assert.deepEqual(texts, ['a', '', 'b', 'c']);
  assert.deepEqual(session.tokens, [1, 2, 10, 11, 12]);
});

test('session: leaving the loop cancels, and frees the session when the worker has stopped', async () => {
  const session = openSession();
  const leaving = (async () => {
    for await (const piece of session.generate()) if (piece.text === 'a') break;
  })();
  await settle();
  const id = worker.calls('generate')[0]?.id ?? 0;
  worker.answer({ type: 'token', id, token: token(10, 'a') });
  await settle();
  assert.deepEqual(worker.cancels, [id]);
  const next = session.append([3]);
  await settle();
  assert.equal(worker.calls('sync').length, 0);
  worker.answer({ type: 'token', id, token: token(11, 'b') });
  worker.answer({ type: 'failure', id, error: { code: 'PHI_ECANCELED', message: 'cancelled' } });
  await leaving;
  await settle();
  worker.answer({ type: 'result', id: worker.calls('sync')[0]?.id ?? 0, value: null });
  await next;
});

test('session: a dead worker ends the loop with its error', async () => {
  const session = openSession();
  const reading = (async () => {
    for await (const piece of session.generate()) assert.ok(piece);
  })();
  await settle();
  worker.fail('gone');
  await assertRejects(reading, 'PHI_EPOISONED', /gone/);
});

test('jobs: sessions take turns, messages get through, a cancelled one ends', async () => {
  const jobs = new Jobs();
  const order: string[] = [];
  function* slices(name: string, n: number): Generator<undefined, string, undefined> {
    for (let i = 0; i < n; i++) {
      order.push(name);
      const until = performance.now() + 3;
      while (performance.now() < until) yield undefined;
    }
    return name;
  }
  const [a, b, c] = [
    jobs.run(1, slices('a', 10)),
    jobs.run(2, slices('b', 10)),
    jobs.run(3, slices('c', 1_000_000)),
  ];
  const heard = breathe().then(() => order.length);
  assert.deepEqual(await Promise.all([a, b]), ['a', 'b']);
  assert.ok(order.indexOf('b') < order.lastIndexOf('a'));
  assert.ok((await heard) < order.length, 'the event loop did not turn while jobs ran');
  jobs.cancel(3);
  await assertRejects(c, 'PHI_ECANCELED');
});
