/* LanguageModel on a stand-in engine: what sessions do. Each behaviour of the Prompt API is a test named after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { DEFAULT_SETTINGS } from '../../web/engine/session.ts';
import {
  LanguageModel,
  type LanguageModelCreateOptions,
  type LanguageModelMessage,
  type LanguageModelPrompt,
} from '../../web/prompt-api.ts';
import { FakeBitmap, fakeCopies } from './lib/fake-bitmap.ts';
import {
  FakeEngine,
  type FakeOptions,
  IMAGE_TOKENS,
  installProgressEvent,
} from './lib/fake-engine.ts';

installProgressEvent();

type Extras = Omit<LanguageModelCreateOptions, 'engine'>;

async function open(
  options: FakeOptions = {},
  extras: Extras = {},
): Promise<{ engine: FakeEngine; session: LanguageModel }> {
  const engine = new FakeEngine(options);
  return { engine, session: await LanguageModel.create({ ...extras, engine }) };
}

function named(name: string, text = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DOMException, String(error));
    assert.equal(error.name, name);
    assert.match(error.message, text);
    return true;
  };
}

function quota(requested: number, quotaTokens: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DOMException && error.name === 'QuotaExceededError', String(error));
    assert.equal(Reflect.get(error, 'requested'), requested);
    assert.equal(Reflect.get(error, 'quota'), quotaTokens);
    return true;
  };
}

async function readAll(stream: ReadableStream<string>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const user = (content: string): { role: 'user'; content: string } => ({ role: 'user', content });

test('prompt: the answer as a text, asked through the chat template', async () => {
  const { engine, session } = await open();
  assert.equal(await session.prompt('hi'), 'ok');
  assert.equal(await session.prompt('more'), 'ok');
  assert.deepEqual(engine.asked, ['u:hi\na:', 'u:hi\na:ok\nu:more\na:']);
});

test('promptStreaming: a ReadableStream of deltas, async-iterable', async () => {
  const { session } = await open({ say: () => ['He', '', 'llo', '!'] });
  const stream = session.promptStreaming('hi');
  assert.ok(stream instanceof ReadableStream);
  assert.deepEqual(await readAll(stream), ['He', 'llo', '!']);
});

test('promptStreaming: leaving the loop stops the computation, and the prompt leaves the session', async () => {
  const { engine, session } = await open({ say: () => Array.from({ length: 99 }, () => 'x') });
  let seen = 0;
  for await (const _ of session.promptStreaming('hi')) if (++seen === 3) break;
  assert.equal(session.contextUsage, 0);
  await session.prompt('again');
  assert.deepEqual(engine.asked, ['u:hi\na:', 'u:again\na:']);
});

test('promptStreaming: a stream that nobody reads does not hold up the session', async () => {
  const { engine, session } = await open();
  session.promptStreaming('hi');
  await session.prompt('next');
  assert.equal(engine.asked.at(-1), 'u:hi\na:ok\nu:next\na:');
});

test('append: adds messages without an answer, and computes them', async () => {
  const { engine, session } = await open();
  assert.equal(await session.append('one'), undefined);
  await session.append([user('two'), { role: 'assistant', content: 'ok!' }]);
  assert.deepEqual(engine.calls, [
    { what: 'sync', session: 1, text: 'u:one\n' },
    { what: 'sync', session: 1, text: 'u:one\nu:two\na:ok!\n' },
  ]);
  await session.prompt('three');
  assert.deepEqual(engine.asked, ['u:one\nu:two\na:ok!\nu:three\na:']);
});

test('initialPrompts: are computed by create() and stand in front', async () => {
  const initialPrompts = [{ role: 'system', content: 'S' } as const, user('U')];
  const { engine, session } = await open({}, { initialPrompts });
  assert.deepEqual(engine.calls, [{ what: 'sync', session: 1, text: 's:S\nu:U\n' }]);
  assert.equal(session.contextUsage, await session.measureContextUsage(initialPrompts));
  await session.prompt('hi');
  assert.deepEqual(engine.asked, ['s:S\nu:U\nu:hi\na:']);
});

test('contextUsage, contextWindow, measureContextUsage: tokens with what the template writes', async () => {
  const { session } = await open({ window: 64 });
  assert.equal(session.contextWindow, 64);
  assert.equal(session.contextUsage, 0);
  const asked = await session.measureContextUsage('hello');
  assert.equal(asked, 'u:hello\n'.length);
  assert.equal(session.contextUsage, 0);
  await session.append('hello');
  assert.equal(session.contextUsage, asked);
  const more = await session.measureContextUsage([user('x'), user('y')]);
  await session.append([user('x'), user('y')]);
  assert.equal(session.contextUsage, asked + more);
  await session.prompt('q');
  assert.equal(session.contextUsage, asked + more + 'u:q\na:ok\n'.length);
});

test('contextUsage: holds the prompt while it is being answered', async () => {
  const { engine, session } = await open();
  const release = engine.close();
  const stream = session.promptStreaming('hi').getReader();
  await stream.read();
  assert.equal(session.contextUsage, 'u:hi\na:'.length);
  release();
});

test('measureContextUsage: does not wait for a running prompt', async () => {
  const { engine, session } = await open();
  const release = engine.close();
  const pending = session.prompt('hi');
  assert.equal(await session.measureContextUsage('hey'), 6);
  release();
  await pending;
});

test('the deprecated names: measureInputUsage, inputUsage, inputQuota, onquotaoverflow', async () => {
  const { session } = await open({ window: 40 });
  const events: string[] = [];
  session.onquotaoverflow = (event) => events.push(event.type);
  assert.equal(await session.measureInputUsage('hello'), 8);
  await session.append('x'.repeat(20));
  assert.equal(session.inputUsage, session.contextUsage);
  assert.equal(session.inputQuota, 40);
  await session.append('y'.repeat(20));
  assert.deepEqual(events, ['quotaoverflow']);
});

test('adjacent text parts are joined without a separator', async () => {
  const { engine, session } = await open();
  const parts = ['foo', 'bar'].map((value) => ({ type: 'text', value }) as const);
  await session.prompt([{ role: 'user', content: parts }]);
  assert.deepEqual(engine.asked, ['u:foobar\na:']);
});

test('an empty prompt is an empty message of the user', async () => {
  const { engine, session } = await open();
  await session.prompt([]);
  await session.prompt('');
  await session.prompt([{ role: 'user', content: [] }]);
  assert.equal(engine.asked.at(-1), `${'u:\na:ok\n'.repeat(2)}u:\na:`);
});

test('prefix: the answer continues the last message of the assistant', async () => {
  const { engine, session } = await open({ say: () => [' is', ' blue'] });
  const prefixed = { role: 'assistant', content: 'The sky', prefix: true } as const;
  assert.equal(await session.prompt([user('why'), prefixed]), ' is blue');
  await session.prompt('and');
  assert.deepEqual(engine.asked, ['u:why\na:The sky', 'u:why\na:The sky is blue\nu:and\na:']);
});

test('prefix on anything but the last assistant message: SyntaxError', async () => {
  const { session } = await open();
  const bad: LanguageModelPrompt[] = [
    [{ role: 'user', content: 'x', prefix: true }],
    [{ role: 'assistant', content: 'x', prefix: true }, user('y')],
  ];
  for (const input of bad)
    await assert.rejects(session.prompt(input), named('SyntaxError', /prefix/));
});

test('an assistant message without prefix: a new answer behind it', async () => {
  const { engine, session } = await open();
  await session.prompt([user('why'), { role: 'assistant', content: 'Well.' }]);
  assert.deepEqual(engine.asked, ['u:why\na:Well.\na:']);
});

test('a system message not at index 0: TypeError', async () => {
  const late = [user('x'), { role: 'system', content: 'S' } as const];
  const { engine, session } = await open({}, { initialPrompts: [user('first')] });
  await assert.rejects(LanguageModel.create({ engine, initialPrompts: late }), TypeError);
  await assert.rejects(session.prompt(late), TypeError);
  await assert.rejects(session.append(late), TypeError);
  /* The session has a first message already. */
  await assert.rejects(session.append([{ role: 'system', content: 'S' }]), TypeError);
});

test('prompt with a system message: NotSupportedError', async () => {
  const { session } = await open();
  const input = [{ role: 'system', content: 'S' } as const, user('x')];
  await assert.rejects(session.prompt(input), named('NotSupportedError', /initialPrompts/));
  await assert.rejects(readAll(session.promptStreaming(input)), named('NotSupportedError'));
});

test('append: a system message may be the first of a session, and then never goes', async () => {
  const { engine, session } = await open({ window: 30 });
  await session.append([{ role: 'system', content: 'S' }, user('1234567')]);
  await session.append('89');
  await session.append('abcdefghijkl');
  assert.equal(engine.calls.at(-1)?.text, 's:S\nu:89\nu:abcdefghijkl\n');
});

test('overflow: the oldest prompt/response pairs go, never initialPrompts; contextoverflow fires', async () => {
  const { engine, session } = await open({ window: 39 }, { initialPrompts: [user('keep')] });
  const events: string[] = [];
  session.oncontextoverflow = (event) => events.push(event.type);
  session.addEventListener('contextoverflow', () => events.push('listener'));
  await session.prompt('one');
  await session.prompt('two');
  assert.deepEqual(events, []);
  await session.prompt('three');
  assert.deepEqual(events, ['contextoverflow', 'listener']);
  assert.equal(engine.asked.at(-1), 'u:keep\nu:two\na:ok\nu:three\na:');
  await session.prompt('x'.repeat(20));
  assert.equal(engine.asked.at(-1), `u:keep\nu:${'x'.repeat(20)}\na:`);
  assert.ok(session.contextUsage <= session.contextWindow);
});

test('overflow: one event, however many pairs go', async () => {
  const { engine, session } = await open({ window: 60 });
  let events = 0;
  session.oncontextoverflow = () => events++;
  for (const text of ['1', '2', '3', '4']) await session.prompt(text);
  await session.prompt('x'.repeat(40));
  assert.equal(events, 1);
  assert.equal(engine.asked.at(-1), `u:4\na:ok\nu:${'x'.repeat(40)}\na:`);
});

test('overflow while answering: the oldest pair goes and the answer goes on', async () => {
  const { engine, session } = await open({
    window: 24,
    say: (text) => [...'0123456789'.slice(/\d*$/.exec(text)?.[0].length)],
  });
  let events = 0;
  session.oncontextoverflow = () => events++;
  await session.append('first');
  assert.equal(await session.prompt('long'), '0123456789');
  assert.equal(events, 1);
  assert.deepEqual(engine.asked, ['u:first\nu:long\na:', 'u:long\na:0123456']);
});

test('overflow while answering: tokens without text do not go on for ever', async () => {
  const { session } = await open({ window: 24, say: () => ['', ...'x'.repeat(30).split('x')] });
  await session.append('12');
  assert.equal(await session.prompt('ab'), '');
});

test('an answer that fills the window alone ends there', async () => {
  const { session } = await open({ window: 12, say: () => [...'0123456789'] });
  assert.equal(await session.prompt('hi'), '01234');
  assert.equal(session.contextUsage, 12);
});

test('too big in itself: QuotaExceededError with requested and quota, and nothing is removed', async () => {
  const { session } = await open({ window: 30 });
  await session.prompt('one');
  const before = session.contextUsage;
  let events = 0;
  session.oncontextoverflow = () => events++;
  const long = 'x'.repeat(50);
  await assert.rejects(session.prompt(long), quota(53, 30));
  await assert.rejects(session.append(long), quota(53, 30));
  await assert.rejects(readAll(session.promptStreaming(long)), quota(53, 30));
  assert.equal(session.contextUsage, before);
  assert.equal(events, 0);
  await session.prompt('two');
});

test('too big only with its answer: QuotaExceededError too', async () => {
  const { session } = await open({ window: 30 });
  await assert.rejects(session.prompt('x'.repeat(26)), quota(31, 30));
});

test('initialPrompts too big: create() rejects with QuotaExceededError and leaves nothing behind', async () => {
  const engine = new FakeEngine({ window: 10 });
  const initialPrompts = [user('x'.repeat(20))];
  await assert.rejects(LanguageModel.create({ engine, initialPrompts }), quota(23, 10));
  assert.equal(engine.nOpen, 0);
});

test('abort: the prompt and its partial response leave the session', async () => {
  const { engine, session } = await open({ say: () => ['a', 'b', 'c'] });
  await session.prompt('zero');
  const before = session.contextUsage;
  engine.close();
  const abort = new AbortController();
  const chunks: string[] = [];
  const stream = session.promptStreaming('one', { signal: abort.signal });
  const reading = (async () => {
    for await (const chunk of stream) {
      chunks.push(chunk);
      abort.abort();
    }
  })();
  await assert.rejects(reading, named('AbortError'));
  assert.deepEqual(chunks, ['a']);
  engine.gate = undefined;
  await session.prompt('two');
  assert.equal(engine.asked.at(-1), 'u:zero\na:abc\nu:two\na:');
  assert.equal(before, 'u:zero\na:abc\n'.length);
});

test('abort: with the reason that the signal has', async () => {
  const { session } = await open();
  const reason = new Error('mine');
  for (const call of [
    (signal: AbortSignal) => session.prompt('x', { signal }),
    (signal: AbortSignal) => session.append('x', { signal }),
    (signal: AbortSignal) => session.measureContextUsage('x', { signal }),
    (signal: AbortSignal) => session.clone({ signal }),
    (signal: AbortSignal) => readAll(session.promptStreaming('x', { signal })),
  ]) {
    const abort = new AbortController();
    const pending = call(abort.signal);
    abort.abort(reason);
    await assert.rejects(pending, (error) => error === reason);
    await assert.rejects(
      async () => call(abort.signal),
      (error) => error === reason,
    );
  }
  assert.throws(() => session.promptStreaming('x', { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(session.contextUsage, 0);
});

test('abort: a queued prompt leaves the queue, the others stay', async () => {
  const { engine, session } = await open();
  const release = engine.close();
  const abort = new AbortController();
  const first = session.prompt('1');
  const second = session.prompt('2', { signal: abort.signal });
  const third = session.prompt('3');
  abort.abort();
  await assert.rejects(second, named('AbortError'));
  release();
  assert.deepEqual(await Promise.all([first, third]), ['ok', 'ok']);
  assert.deepEqual(engine.asked, ['u:1\na:', 'u:1\na:ok\nu:3\na:']);
});

test('abort: does nothing once the answer is there', async () => {
  const { session } = await open();
  const abort = new AbortController();
  await session.prompt('1', { signal: abort.signal });
  abort.abort();
  assert.equal(session.contextUsage, 'u:1\na:ok\n'.length);
});

test('abort after an overflow: what had to go stays away', async () => {
  const { engine, session } = await open({ window: 30 });
  await session.prompt('one');
  engine.close();
  const abort = new AbortController();
  session.oncontextoverflow = () => setTimeout(() => abort.abort(), 0);
  await assert.rejects(
    session.prompt('x'.repeat(20), { signal: abort.signal }),
    named('AbortError'),
  );
  assert.equal(session.contextUsage, 0);
});

test('concurrent prompts on one session are queued in order', async () => {
  const { engine, session } = await open();
  await Promise.all([session.prompt('1'), session.append('2'), session.prompt('3')]);
  assert.deepEqual(engine.asked, ['u:1\na:', 'u:1\na:ok\nu:2\nu:3\na:']);
});

test('a failed prompt does not stop the queue, and leaves the session', async () => {
  const { engine, session } = await open();
  engine.failure = new EngineError('PHI_ENOMEM', 'no memory');
  const failing = session.prompt('1');
  await assert.rejects(failing, named('OperationError', /no memory/));
  engine.failure = undefined;
  await session.prompt('2');
  assert.deepEqual(engine.asked, ['u:1\na:', 'u:2\na:']);
});

test('errors of the engine: DOMExceptions with standard names, the engine’s own as cause', async () => {
  const { engine, session } = await open();
  const names = {
    PHI_ENETWORK: 'NetworkError',
    PHI_EUNSUPPORTED: 'NotSupportedError',
    PHI_ESTATE: 'InvalidStateError',
    PHI_EPOISONED: 'UnknownError',
    PHI_ECORRUPT: 'OperationError',
    PHI_ECANCELED: 'AbortError',
  } as const;
  for (const [code, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const failure = new EngineError(code, `because of ${code}`);
    engine.failure = failure;
    await assert.rejects(session.prompt('x'), (error) => {
      named(name, new RegExp(code))(error);
      return error instanceof Error && error.cause === failure;
    });
  }
  engine.failure = new EngineError('PHI_EINVAL', 'bad');
  await assert.rejects(session.prompt('x'), TypeError);
  engine.failure = new EngineError('PHI_ECONTEXT', 'long', { requested: 9, quota: 4 });
  await assert.rejects(session.prompt('x'), quota(9, 4));
  engine.failure = undefined;
  await assert.rejects(session.prompt('REFUSED'), named('NotSupportedError', /alternate/));
});

test('a model without a chat template: create() rejects with NotSupportedError', async () => {
  const engine = new FakeEngine({ hasChatTemplate: false });
  await assert.rejects(LanguageModel.create({ engine }), named('NotSupportedError', /template/));
});

test('destroy: rejects pending work with AbortError, and everything after', async () => {
  const { engine, session } = await open();
  engine.close();
  const calls = [
    () => session.prompt('x'),
    () => session.append('x'),
    () => session.measureContextUsage('x'),
    () => session.clone(),
    async () => readAll(session.promptStreaming('x')),
  ];
  const pending = calls.map((call) => assert.rejects(call, named('AbortError')));
  assert.equal(session.destroy(), undefined);
  session.destroy();
  await Promise.all(pending);
  for (const call of calls) await assert.rejects(call, named('AbortError'));
  assert.throws(() => session.promptStreaming('x'), named('AbortError'));
  assert.deepEqual(
    [typeof session.contextUsage, session.contextWindow, typeof session.temperature],
    ['number', 1000, 'number'],
  );
  assert.equal(engine.nOpen, 0);
  assert.equal(engine.isDestroyed, false, 'a given engine belongs to who gave it');
});

test('the signal of create() ends the session later, with its reason', async () => {
  const abort = new AbortController();
  const { engine, session } = await open({}, { signal: abort.signal });
  engine.close();
  const pending = session.prompt('x');
  const reason = new Error('gone');
  abort.abort(reason);
  await assert.rejects(pending, (error) => error === reason);
  await assert.rejects(session.prompt('y'), (error) => error === reason);
});

test('clone: the same contents and settings, and neither disturbs the other', async () => {
  const { engine, session } = await open(
    {},
    { samplingMode: 'creative', initialPrompts: [user('i')] },
  );
  await session.prompt('1');
  const twin = await session.clone();
  assert.ok(twin instanceof LanguageModel);
  assert.deepEqual(
    [twin.contextUsage, twin.contextWindow, twin.samplingMode, twin.topK, twin.temperature],
    [session.contextUsage, 1000, 'creative', session.topK, session.temperature],
  );
  await Promise.all([twin.prompt('left'), session.prompt('right')]);
  assert.deepEqual(engine.asked.slice(1).sort(), [
    'u:i\nu:1\na:ok\nu:left\na:',
    'u:i\nu:1\na:ok\nu:right\na:',
  ]);
  session.destroy();
  await twin.prompt('alive');
});

test('clone: waits for the calls made before it', async () => {
  const { session } = await open();
  const [, twin] = await Promise.all([session.prompt('1'), session.clone()]);
  assert.equal(twin.contextUsage, 'u:1\na:ok\n'.length);
});

test('samplingMode, topK, temperature: what the engine is told, and the attributes', async () => {
  const { engine, session } = await open({}, { samplingMode: 'most-predictable' });
  await session.prompt('x');
  assert.deepEqual(
    [session.samplingMode, session.topK, session.temperature],
    ['most-predictable', 1, 0],
  );
  assert.equal(engine.calls[0]?.settings?.temperature, 0);
  const raw = await open({}, { topK: 3.9, temperature: 0.5 });
  await raw.session.prompt('x');
  assert.deepEqual(
    [raw.session.samplingMode, raw.session.topK, raw.session.temperature],
    [null, 3, 0.5],
  );
  const { topK, temperature, topP } = raw.engine.calls[0]?.settings ?? {};
  assert.deepEqual([topK, temperature, topP], [3, 0.5, 1]);
  const plain = await open();
  assert.equal(plain.session.samplingMode, 'balanced');
  assert.equal((await open({}, { samplingMode: 'default' })).session.samplingMode, 'balanced');
});

test('extras: stop, seed and maxTokens reach the engine; each answer has its own seed', async () => {
  const { engine, session } = await open({}, { stop: ['END'], seed: -1, maxTokens: 1 });
  assert.equal(await session.prompt('x'), 'o');
  await session.prompt('y');
  const twin = await session.clone();
  await twin.prompt('z');
  const seeds = engine.calls.map(({ settings }) => settings?.seed);
  assert.deepEqual(seeds, [2n ** 64n - 1n, 0n, 1n]);
  assert.deepEqual(engine.calls[0]?.settings?.stops, ['END']);
  assert.equal(engine.calls[0]?.settings?.maxTokens, 1);
});

test('undeclared types, and other than text from the assistant: NotSupportedError', async () => {
  const { session } = await open();
  const blob = new Blob(['x']);
  const part = (type: string, value: unknown): LanguageModelPrompt =>
    [{ role: 'user', content: [{ type, value }] }] as unknown as LanguageModelPrompt;
  for (const type of ['image', 'audio', 'tool-call', 'tool-response'])
    await assert.rejects(session.prompt(part(type, blob)), named('NotSupportedError', /declared/));
  const assistant = [{ role: 'assistant', content: [{ type: 'image', value: blob }] } as const];
  await assert.rejects(session.prompt(assistant), named('NotSupportedError', /text only/));
});

const PICTURE = '#'.repeat(IMAGE_TOKENS);
const seen = { expectedInputs: [{ type: 'image' }] } as const;

function shown(text: string, ...pictures: Uint8Array<ArrayBuffer>[]): LanguageModelPrompt {
  const content = [
    ...pictures.map((value) => ({ type: 'image', value }) as const),
    { type: 'text', value: text } as const,
  ];
  return [{ role: 'user', content }];
}

test('pictures: each is in its place, encoded once, and counts', async () => {
  const { engine, session } = await open({ sees: true }, seen);
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
  const question = shown('what', a, b);
  const measured = await session.measureContextUsage(question);
  const asking = session.prompt(question);
  a.fill(9);
  assert.equal(await asking, 'ok');
  const said = `u:${PICTURE}\n${PICTURE}\nwhat\n`;
  assert.equal(engine.asked.at(-1), `${said}a:`);
  assert.deepEqual(engine.encoded, ['1', '2'], 'as they were when they were given');
  assert.equal(measured, said.length);
  assert.equal(session.contextUsage, `${said}a:ok\n`.length);
  await session.prompt('more');
  assert.equal(engine.asked.at(-1), `${said}a:ok\nu:more\na:`);
  const twin = await session.clone();
  await twin.append(shown('', Uint8Array.of(3)));
  assert.equal(engine.calls.at(-1)?.text, `${said}a:ok\nu:more\na:ok\nu:${PICTURE}\n\n`);
  assert.deepEqual(engine.encoded, ['1', '2', '3']);
});

test('pictures: in initialPrompts they stay; those of a turn that goes are not counted', async () => {
  const initialPrompts = shown('keep', Uint8Array.of(1)) as LanguageModelMessage[];
  const { engine, session } = await open({ sees: true, window: 60 }, { ...seen, initialPrompts });
  const pinned = `u:${PICTURE}\nkeep\n`;
  assert.equal(session.contextUsage, pinned.length);
  await session.prompt(shown('x', Uint8Array.of(2)));
  assert.equal(engine.asked.at(-1), `${pinned}u:${PICTURE}\nx\na:`);
  await session.prompt(shown('y', Uint8Array.of(3)));
  assert.equal(engine.asked.at(-1), `${pinned}u:${PICTURE}\ny\na:`);
  const big = shown('', Uint8Array.of(4), Uint8Array.of(5), Uint8Array.of(6));
  await assert.rejects(session.prompt(big), named('QuotaExceededError'));
  assert.deepEqual(engine.encoded, ['1', '2', '3'], 'refused before it is encoded');
});

test('pictures: undecodable EncodingError, of another origin SecurityError, a tag in a text TypeError', async () => {
  const { engine, session } = await open({ sees: true }, seen);
  const bad = [{ role: 'user', content: [{ type: 'image', value: new Blob(['x']) }] } as const];
  const wrong = named('EncodingError', /^input\[0\]\.content\[0\]: no picture/);
  await assert.rejects(session.prompt(bad), wrong);
  await assert.rejects(session.append(bad), wrong);
  await assert.rejects(session.measureContextUsage(bad), named('EncodingError'));
  engine.prepare = async () => {
    const cause = new DOMException('tainted', 'SecurityError');
    throw new EngineError('PHI_EINVAL', 'another origin', { cause });
  };
  await assert.rejects(session.prompt(bad), named('SecurityError'));
  await assert.rejects(session.prompt('see <|image_1|>'), TypeError);
  assert.equal(await session.prompt('fine'), 'ok');
});

test('pictures: what looks like a tag in an answer, or in its beginning, is none', async () => {
  const { engine, session } = await open({ sees: true, say: () => ['<|image_1|>', 'o'] }, seen);
  await session.prompt(shown('x', Uint8Array.of(1)));
  await session.prompt([
    { role: 'user', content: 'y' },
    { role: 'assistant', content: 'so<|image_2|>', prefix: true },
  ]);
  assert.equal(engine.asked.at(-1), `u:${PICTURE}\nx\na:o\nu:y\na:so`);
});

test('pictures: an abort while they are encoded leaves the session as it was', async () => {
  const { engine, session } = await open({ sees: true }, seen);
  const reason = new Error('mine');
  const stop = new AbortController();
  const asking = session.prompt(shown('x', Uint8Array.of(1)), { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(asking, (error) => error === reason);
  assert.equal(await session.prompt('y'), 'ok');
  assert.deepEqual(engine.asked, ['u:y\na:']);
});

test('pictures: what is copied is given back whatever a call is refused for', async (t) => {
  const copies = fakeCopies(t);
  const { session } = await open({ sees: true }, seen);
  const { session: plain } = await open();
  const image = { type: 'image', value: new FakeBitmap() };
  const prompt = [{ role: 'user', content: [image] }] as unknown as LanguageModelPrompt;
  const badPart = [{ role: 'user', content: [image, {}] }] as unknown as LanguageModelPrompt;
  const late = [
    { role: 'user', content: [image] },
    { role: 'system', content: 'S' },
  ] as unknown as LanguageModelPrompt;
  const aborted = { signal: AbortSignal.abort() };
  const wrong = { signal: 5 } as unknown as { signal: AbortSignal };
  const methods = ['prompt', 'append', 'measureContextUsage', 'promptStreaming'] as const;
  for (const method of methods) {
    /* A stream is refused when it is made or when it is read. */
    const call = async (of: LanguageModel, input: LanguageModelPrompt, more?: object) => {
      const made = await of[method](input, more);
      return made instanceof ReadableStream ? await readAll(made) : made;
    };
    for (const refused of [
      () => call(session, badPart),
      () => call(session, prompt, wrong),
      () => call(session, prompt, aborted),
      () => call(session, late),
      () => call(plain, prompt),
      () => call(session, prompt),
    ]) {
      await assert.rejects(refused(), method);
      assert.equal(await copies.allClosed(), 1, method);
    }
  }
});

test('pictures: a call that is given up while it waits for its turn gives them back', async (t) => {
  const copies = fakeCopies(t);
  const { engine, session } = await open({ sees: true }, seen);
  const letGo = engine.close();
  const first = session.prompt('first');
  const stop = new AbortController();
  const image = { type: 'image', value: new FakeBitmap() };
  const prompt = [{ role: 'user', content: [image] }] as unknown as LanguageModelPrompt;
  const waiting = session.prompt(prompt, { signal: stop.signal });
  stop.abort();
  await assert.rejects(waiting, named('AbortError'));
  assert.equal(await copies.allClosed(), 1);
  letGo();
  assert.equal(await first, 'ok');
});

test('pictures: create() that fails gives those of its initialPrompts back', async (t) => {
  const copies = fakeCopies(t);
  const content = [{ type: 'image', value: new FakeBitmap() }];
  const given = { ...seen, initialPrompts: [{ role: 'user', content }] };
  const sees = new FakeEngine({ sees: true });
  const refused: readonly object[] = [
    { ...given, engine: sees, stop: '' },
    { ...given, engine: sees, signal: AbortSignal.abort() },
    { ...given, engine: sees, topK: 0 },
    { ...given, engine: sees, expectedInputs: [] },
    { ...given, engine: new FakeEngine() },
    { ...given, engine: sees },
    given,
  ];
  for (const options of refused) {
    await assert.rejects(LanguageModel.create(options as LanguageModelCreateOptions));
    assert.equal(await copies.allClosed(), 1);
  }
  const stop = new AbortController();
  const late = { ...given, engine: sees, signal: stop.signal };
  const creating = LanguageModel.create(late as unknown as LanguageModelCreateOptions);
  stop.abort();
  await assert.rejects(creating, named('AbortError'));
  assert.equal(await copies.allClosed(), 1);
});

test('pictures: a model that reads text only takes no session that expects them', async () => {
  const options = { ...seen, engine: new FakeEngine() };
  assert.equal(await LanguageModel.availability(options), 'unavailable');
  await assert.rejects(LanguageModel.create(options), named('NotSupportedError', /"image"/));
  const sees = { ...seen, engine: new FakeEngine({ sees: true }) };
  assert.equal(await LanguageModel.availability(sees), 'available');
});

test('a value of the wrong kind: TypeError', async () => {
  const { session } = await open();
  const text = [{ role: 'user', content: [{ type: 'text', value: new Blob([]) }] } as const];
  await assert.rejects(session.prompt(text), TypeError);
  await assert.rejects(session.append(text), TypeError);
  await assert.rejects(session.measureContextUsage(text), TypeError);
});

test('responseConstraint: without the engine’s support NotSupportedError, never free text', async () => {
  if (Object.hasOwn(DEFAULT_SETTINGS, 'constraint')) return;
  const { session } = await open();
  await assert.rejects(session.prompt('x', { responseConstraint: {} }), named('NotSupportedError'));
});

/** As the engine will be once it takes constraints. */
async function withConstraints(work: () => Promise<void>): Promise<void> {
  const had = Object.hasOwn(DEFAULT_SETTINGS, 'constraint');
  if (!had) Reflect.set(DEFAULT_SETTINGS, 'constraint', null);
  await work().finally(() => {
    if (!had) Reflect.deleteProperty(DEFAULT_SETTINGS, 'constraint');
  });
}

test('responseConstraint: a JSON schema or a RegExp reaches the engine and, unless omitted, the prompt', () =>
  withConstraints(async () => {
    const { engine, session } = await open();
    await session.prompt('rate', { responseConstraint: { type: 'number' } });
    await session.prompt('x', { responseConstraint: /^a+$/i, omitResponseConstraintInput: true });
    const [first, second] = engine.calls;
    assert.deepEqual(first?.settings?.constraint, {
      kind: 'json_schema',
      text: '{"type":"number"}',
    });
    assert.match(
      first?.text ?? '',
      /^u:rate\n\nAnswer only with JSON .*: \{"type":"number"\}\na:$/,
    );
    assert.deepEqual(second?.settings?.constraint, { kind: 'regex', text: '^a+$', flags: 'i' });
    assert.match(second?.text ?? '', /\nu:x\na:$/);
    const options = { responseConstraint: /a/ };
    assert.ok(
      (await session.measureContextUsage('x', options)) > (await session.measureContextUsage('x')),
    );
  }));

test('responseConstraint with a prefix: NotSupportedError, since both would have to comply together', () =>
  withConstraints(async () => {
    const { engine, session } = await open();
    const prefix = { role: 'assistant', content: 'o', prefix: true } as const;
    const pending = session.prompt([user('x'), prefix], { responseConstraint: /ok/ });
    await assert.rejects(pending, named('NotSupportedError', /prefix/));
    assert.deepEqual(engine.calls, []);
  }));

test('responseConstraint: an answer that was cut before it complied: SyntaxError', () =>
  withConstraints(async () => {
    const { session } = await open({}, { maxTokens: 1 });
    await assert.rejects(session.prompt('x', { responseConstraint: /ok/ }), named('SyntaxError'));
    assert.equal(session.contextUsage, 0);
  }));

test('a given engine of another entry file is known by its shape; others are a TypeError', async () => {
  for (const engine of [5, {}, { tokenizer: {} }, { tokenizer: {}, info: {}, session: () => 0 }])
    await assert.rejects(LanguageModel.create({ engine } as never), TypeError);
});
