/* LanguageModel: the engine that sessions share, create() with its monitor, and availability. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSession, planSession } from '../../web/api/prompt-create.ts';
import { borrow, SharedEngine, type StartEngine } from '../../web/api/prompt-engines.ts';
import { DownloadMonitor } from '../../web/api/prompt-events.ts';
import { readCreateOptions } from '../../web/api/prompt-options.ts';
import { EngineError } from '../../web/base/errors.ts';
import type { EngineOptions } from '../../web/index.ts';
import { type CreateMonitor, LanguageModel } from '../../web/prompt-api.ts';
import { FakeEngine, installProgressEvent } from './lib/fake-engine.ts';

installProgressEvent();

const MODEL = 'https://models.example/m.gguf';
const never = new AbortController().signal;

interface Start {
  readonly options: EngineOptions;
  readonly engine: FakeEngine;
  finish(): void;
  fail(error: Error): void;
}

/** Starts that the test finishes. */
function controlled(keepLoaded = false): { shared: SharedEngine; starts: Start[] } {
  const starts: Start[] = [];
  const start: StartEngine = (options) =>
    new Promise((resolve, reject) => {
      const engine = new FakeEngine();
      options.signal?.addEventListener('abort', () => reject(new EngineError('PHI_ECANCELED', '')));
      starts.push({ options, engine, finish: () => resolve(engine), fail: reject });
    });
  const shared = new SharedEngine({ model: MODEL, keepLoaded }, start, async () => false);
  return { shared, starts };
}

const ignore = (): void => undefined;

test('sharing: one engine for all sessions, ended with the last', async () => {
  const { shared, starts } = controlled();
  assert.equal(await shared.availability(), 'downloadable');
  const leases = [shared.lease(ignore, never), shared.lease(ignore, never)];
  assert.equal(await shared.availability(), 'downloading');
  starts[0]?.finish();
  const [first, second] = await Promise.all(leases);
  assert.equal(starts.length, 1);
  assert.equal(await shared.availability(), 'available');
  assert.equal(first?.engine, second?.engine);
  const third = first?.share();
  first?.release();
  first?.release();
  second?.release();
  assert.equal(starts[0]?.engine.isDestroyed, false);
  third?.release();
  assert.equal(starts[0]?.engine.isDestroyed, true);
  assert.equal(await shared.availability(), 'downloadable');
});

test('sharing: keepLoaded keeps the engine until another configuration takes its place', async () => {
  const { shared, starts } = controlled(true);
  const pending = shared.lease(ignore, never);
  starts[0]?.finish();
  (await pending).release();
  assert.equal(await shared.availability(), 'available');
  assert.equal(starts[0]?.engine.isDestroyed, false);
  shared.retire();
  assert.equal(starts[0]?.engine.isDestroyed, true);
});

test('sharing: one caller’s abort does not end the load of the others', async () => {
  const { shared, starts } = controlled();
  const abort = new AbortController();
  const reason = new Error('mine');
  const first = shared.lease(ignore, abort.signal);
  const second = shared.lease(ignore, never);
  abort.abort(reason);
  await assert.rejects(first, (error) => error === reason);
  assert.equal(starts[0]?.options.signal?.aborted, false);
  starts[0]?.finish();
  assert.ok((await second).engine);
});

test('sharing: when nobody waits any more the load ends', async () => {
  const { shared, starts } = controlled();
  const abort = new AbortController();
  const pending = shared.lease(ignore, abort.signal);
  abort.abort();
  await assert.rejects(pending);
  assert.equal(starts[0]?.options.signal?.aborted, true);
  assert.equal(await shared.availability(), 'downloadable');
  void shared.lease(ignore, never);
  assert.equal(starts.length, 2);
});

test('sharing: a failed load and a crashed engine are started anew', async () => {
  const { shared, starts } = controlled();
  const failing = shared.lease(ignore, never);
  starts[0]?.fail(new EngineError('PHI_ENETWORK', 'offline'));
  await assert.rejects(failing, { name: 'NetworkError', message: 'offline' });
  const pending = shared.lease(ignore, never);
  starts[1]?.finish();
  const lease = await pending;
  lease.abandon();
  const next = shared.lease(ignore, never);
  assert.equal(starts.length, 3);
  starts[2]?.finish();
  lease.release();
  assert.notEqual((await next).engine, lease.engine);
  assert.deepEqual(
    starts.map(({ engine }) => engine.isDestroyed),
    [false, true, false],
  );
});

test('sharing: a model that is here already is available', async () => {
  for (const model of [new Blob([]), [new File([], 'config.json')]])
    assert.equal(await new SharedEngine({ model }).availability(), 'available');
  const stored = new SharedEngine({ model: MODEL }, undefined, async () => true);
  assert.equal(await stored.availability(), 'available');
});

test('configure: options are checked as Engine.create() does', () => {
  assert.throws(() => LanguageModel.configure({ model: MODEL, threads: 0 }), TypeError);
  assert.throws(() => LanguageModel.configure({ model: MODEL, thread: 1 } as never), TypeError);
  assert.throws(() => LanguageModel.configure({} as never), TypeError);
});

test('availability and params: of the configured model', async () => {
  assert.equal(await LanguageModel.availability(), 'unavailable');
  assert.equal(await LanguageModel.params(), null);
  await assert.rejects(LanguageModel.create(), { name: 'NotSupportedError' });
  assert.equal(await LanguageModel.availability({ engine: new FakeEngine() }), 'available');
  LanguageModel.configure({ model: MODEL });
  assert.equal(await LanguageModel.availability(), 'downloadable');
  assert.deepEqual(await LanguageModel.params(), {
    defaultTopK: 40,
    maxTopK: 128,
    defaultTemperature: Math.fround(0.7),
    maxTemperature: 2,
  });
  for (const options of [{ topK: -2 }, { temperature: -1 }])
    assert.equal(await LanguageModel.availability(options), 'unavailable');
  await assert.rejects(
    LanguageModel.availability({ samplingMode: 'balanced', topK: 1 }),
    TypeError,
  );
  LanguageModel.configure(null);
  assert.equal(await LanguageModel.availability(), 'unavailable');
});

/** What a monitor sees. */
function watch(): { monitor: (monitor: CreateMonitor) => void; events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    events,
    monitor: (target) => {
      target.addEventListener('downloadprogress', (event) => events.push(event as ProgressEvent));
    },
  };
}

test('downloadprogress: ProgressEvents, 0…1 of 1, 0 and 1 always fired, rising, none after create()', async () => {
  const { monitor, events } = watch();
  const session = await LanguageModel.create({ engine: new FakeEngine(), monitor });
  assert.deepEqual(
    events.map(({ type, loaded, total, lengthComputable }) => [
      type,
      loaded,
      total,
      lengthComputable,
    ]),
    [
      ['downloadprogress', 0, 1, true],
      ['downloadprogress', 1, 1, true],
    ],
  );
  await session.prompt('x');
  assert.equal(events.length, 2);
});

test('downloadprogress: monotone, without duplicates, in steps of 1/65536', () => {
  const { monitor, events } = watch();
  const progress = new DownloadMonitor(monitor as never);
  for (const share of [0, 0, 0.25, 0.2, 0.25 + 1e-9, 0.1 + 0.2, 7, Number.NaN, 1])
    progress.tell(share);
  progress.end();
  progress.tell(1);
  const loaded = events.map((event) => event.loaded);
  assert.deepEqual(loaded, [0, 0.25, Math.floor(0.3 * 65536) / 65536, 1]);
});

test('downloadprogress: the handler attribute', () => {
  const seen: unknown[] = [];
  const progress = new DownloadMonitor((target) => {
    const monitor = target as CreateMonitor;
    assert.equal(Object.prototype.toString.call(monitor), '[object CreateMonitor]');
    monitor.ondownloadprogress = (event) => seen.push(event.loaded);
  });
  progress.tell(0.5);
  assert.deepEqual(seen, [0.5]);
});

test('downloadprogress: bytes of the load are told as shares', async () => {
  const { shared, starts } = controlled();
  const seen: number[] = [];
  const pending = shared.lease((share) => seen.push(share), never);
  const report = (loadedBytes: number, totalBytes: number): void =>
    starts[0]?.options.onProgress?.({
      phase: 'download',
      file: 'm',
      loadedBytes,
      totalBytes,
      fromCacheBytes: 0,
      bytesPerSecond: 0,
      secondsLeft: null,
    });
  report(0, 0);
  report(5, 10);
  starts[0]?.finish();
  await pending;
  report(6, 10);
  assert.deepEqual(seen, [0.5]);
});

test('monitor: what it throws rejects create(), and no event is fired', async () => {
  const own = new Error('mine');
  let events = 0;
  const monitor = (target: CreateMonitor): void => {
    target.ondownloadprogress = () => events++;
    throw own;
  };
  const engine = new FakeEngine();
  await assert.rejects(LanguageModel.create({ engine, monitor }), (error) => error === own);
  await nextTurn();
  assert.equal(events, 0);
  assert.equal(engine.nSessions, 0);
});

test('create: an abort at any event rejects with its reason, and no event follows', async () => {
  for (const at of [0, 1]) {
    const reason = new Error(`at ${at}`);
    const abort = new AbortController();
    const engine = new FakeEngine();
    const seen: number[] = [];
    const pending = LanguageModel.create({
      engine,
      signal: abort.signal,
      monitor: (target) => {
        target.ondownloadprogress = ({ loaded }) => {
          seen.push(loaded);
          if (loaded === at) queueMicrotask(() => abort.abort(reason));
        };
      },
    });
    await assert.rejects(pending, (error) => error === reason);
    for (let i = 0; i < 10; i++) await nextTurn();
    assert.deepEqual(seen, at === 0 ? [0] : [0, 1]);
    assert.equal(engine.nOpen, 0);
  }
});

test('create: an abort while the initial prompts are computed leaves no session', async () => {
  const engine = new FakeEngine();
  const abort = new AbortController();
  const initialPrompts = [{ role: 'user', content: 'x' } as const];
  const pending = LanguageModel.create({ engine, signal: abort.signal, initialPrompts });
  while (engine.nSessions === 0) await nextTurn();
  abort.abort();
  await assert.rejects(pending, { name: 'AbortError' });
  while (engine.nOpen > 0) await nextTurn();
  assert.deepEqual(engine.calls, []);
});

test('create: an engine that crashed is given up', async () => {
  const engine = new FakeEngine();
  engine.tokenizer.encode = () => Promise.reject(new EngineError('PHI_EPOISONED', 'crashed'));
  let abandoned = 0;
  const shared = {
    lease: async () => ({ ...borrow(engine), abandon: () => abandoned++ }),
  } as unknown as SharedEngine;
  const options = readCreateOptions({ initialPrompts: [{ role: 'user', content: 'x' }] });
  const monitor = new DownloadMonitor(undefined);
  const opening = openSession(options, planSession(options), shared, monitor, never);
  await assert.rejects(opening, { code: 'PHI_EPOISONED' });
  assert.deepEqual([abandoned, engine.nOpen], [1, 0]);
});
