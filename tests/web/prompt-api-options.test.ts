/* LanguageModel: what it does to its arguments before anything else, as WebIDL has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConstraint, withGuidance } from '../../web/api/prompt-constraint.ts';
import { toPrompt, validatePrompt } from '../../web/api/prompt-messages.ts';
import { readCreateOptions, readSampling } from '../../web/api/prompt-options.ts';
import { installPolyfill, LanguageModel } from '../../web/prompt-api.ts';
import { FakeEngine, installProgressEvent } from './lib/fake-engine.ts';

installProgressEvent();

const engine = new FakeEngine();

/** Calls as untyped pages make them. */
const create = (options: unknown): Promise<LanguageModel> => LanguageModel.create(options as never);
const createHere = (options: object): Promise<LanguageModel> => create({ engine, ...options });

/** An object that writes down which members are read, in order. */
function spy(members: Readonly<Record<string, unknown>>, seen: string[]): object {
  return new Proxy(members, {
    get(target, key) {
      if (typeof key === 'string') seen.push(key);
      return Reflect.get(target, key);
    },
  });
}

function assertDom(name: string): (error: unknown) => boolean {
  return (error) => error instanceof DOMException && error.name === name;
}

test('dictionaries: members are read in the order of WebIDL', async () => {
  const seen: string[] = [];
  readCreateOptions(spy({}, seen));
  assert.deepEqual(seen, [
    'expectedInputs',
    'expectedOutputs',
    'samplingMode',
    'temperature',
    'tools',
    'topK',
    'initialPrompts',
    'monitor',
    'signal',
    'engine',
    'maxTokens',
    'seed',
    'stop',
  ]);
  seen.length = 0;
  const session = await createHere({});
  await session.measureContextUsage('x', spy({}, seen));
  assert.deepEqual(seen, ['omitResponseConstraintInput', 'responseConstraint', 'signal']);
  seen.length = 0;
  const part = spy({ value: 'v', type: 'text' }, seen);
  toPrompt('input', [spy({ role: 'user', content: [part], prefix: false }, seen)]);
  assert.deepEqual(seen, ['content', 'type', 'value', 'prefix', 'role']);
  seen.length = 0;
  readCreateOptions({ expectedInputs: [spy({ type: 'text', languages: [] }, seen)] });
  assert.deepEqual(seen, ['languages', 'type']);
});

test('dictionaries: undefined and null are empty ones, other values a TypeError by rejection', async () => {
  for (const options of [undefined, null, () => undefined]) assert.ok(readCreateOptions(options));
  for (const options of [1, 'x', true, Symbol('s')])
    await assert.rejects(create(options), TypeError);
  const session = await createHere({});
  for (const options of [1, 'x']) {
    await assert.rejects(session.prompt('x', options as never), TypeError);
    await assert.rejects(session.clone(options as never), TypeError);
    assert.throws(() => session.promptStreaming('x', options as never), TypeError);
  }
});

test('dictionaries: members are read before the method returns', () => {
  const seen: string[] = [];
  void create(spy({}, seen)).catch(() => undefined);
  assert.equal(seen.length, 13);
});

test('a missing argument is a TypeError by rejection, undefined is a text', async () => {
  const session = await createHere({});
  const call = (name: 'prompt' | 'append' | 'measureContextUsage' | 'measureInputUsage'): unknown =>
    Reflect.apply(session[name], session, []);
  for (const name of ['prompt', 'append', 'measureContextUsage', 'measureInputUsage'] as const)
    await assert.rejects(call(name) as Promise<unknown>, TypeError);
  assert.throws(() => Reflect.apply(session.promptStreaming, session, []), TypeError);
  assert.equal(toPrompt('input', undefined), 'undefined');
});

test('prompts: a DOMString unless iterable, converted as WebIDL does', () => {
  assert.equal(toPrompt('input', null), 'null');
  assert.equal(toPrompt('input', 5n), '5');
  assert.equal(toPrompt('input', {}), '[object Object]');
  assert.equal(toPrompt('input', { toString: () => 'own' }), 'own');
  assert.throws(() => toPrompt('input', Symbol('s')), TypeError);
  assert.throws(() => toPrompt('input', { [Symbol.iterator]: 5 }), TypeError);
  assert.throws(() => toPrompt('input', new String('x')), TypeError, 'a sequence of texts');
  assert.throws(() => toPrompt('input', [null]), TypeError, 'a message without content');
  assert.throws(() => toPrompt('input', [{ role: 'user' }]), TypeError);
  assert.throws(() => toPrompt('input', [{ content: 'x' }]), TypeError);
  assert.throws(() => toPrompt('input', [{ role: 'User', content: 'x' }]), TypeError);
});

test('sequences: any iterable, and the iterator’s own errors pass', async () => {
  const message = { role: 'user', content: new Set([{ type: 'text', value: 'x' }]) };
  const expected = [{ role: 'user', content: [{ type: 'text', value: 'x' }], prefix: false }];
  assert.deepEqual(toPrompt('input', new Set([message])), expected);
  const generate = function* (): Generator<unknown> {
    yield message;
  };
  assert.deepEqual(toPrompt('input', generate()), expected);
  const broken = {
    [Symbol.iterator]() {
      throw new RangeError('mine');
    },
  };
  assert.throws(() => toPrompt('input', broken), RangeError);
  await assert.rejects(createHere({ initialPrompts: 'text' }), TypeError);
  await assert.rejects(createHere({ initialPrompts: {} }), TypeError);
  await assert.rejects(createHere({ initialPrompts: null }), TypeError);
});

test('texts: numbers and objects are converted, lone surrogates stay until they are encoded', () => {
  const text = (value: unknown): unknown => {
    const raw = toPrompt('input', [{ role: 'user', content: [{ type: 'text', value }] }]);
    return validatePrompt(raw, { declared: [], system: 'first' }).messages[0]?.content;
  };
  assert.equal(text(5), '5');
  assert.equal(text(null), 'null');
  assert.equal(text({}), '[object Object]');
  assert.equal(text('\ud800'), '\ud800');
  assert.throws(() => text(undefined), TypeError, 'a required member');
  assert.throws(() => text(Symbol('s')), TypeError);
  const halves = ['\ud83d', '\ude00'].map((value) => ({ type: 'text', value }));
  const raw = toPrompt('input', [{ role: 'user', content: halves }]);
  const joined = validatePrompt(raw, { declared: [], system: 'first' });
  assert.equal(joined.messages[0]?.content, '😀', 'joined as the DOMStrings that they are');
});

test('values: platform objects keep their kind, and each type takes its own', () => {
  const check = (type: string, value: unknown): unknown =>
    validatePrompt(toPrompt('input', [{ role: 'user', content: [{ type, value }] }]), {
      declared: ['image', 'audio'],
      system: 'first',
    });
  const platform = (name: string): object => ({ [Symbol.toStringTag]: name });
  const kinds = ['ImageBitmap', 'ImageData', 'VideoFrame', 'OffscreenCanvas', 'HTMLCanvasElement'];
  const images = [...kinds, 'HTMLImageElement', 'SVGImageElement', 'HTMLVideoElement'].map(
    platform,
  );
  const bytes = [new ArrayBuffer(1), new Uint8Array(1), new DataView(new ArrayBuffer(1))];
  /* What is of the right kind gets as far as the models of this engine do. */
  for (const value of [...images, ...bytes, new Blob([])])
    assert.doesNotThrow(() => check('image', value));
  for (const value of [platform('AudioBuffer'), ...bytes, new Blob([])])
    assert.throws(() => check('audio', value), assertDom('NotSupportedError'));
  for (const value of ['text', 5, {}, platform('AudioBuffer')])
    assert.throws(() => check('image', value), TypeError);
  for (const value of ['text', ...images]) assert.throws(() => check('audio', value), TypeError);
  for (const value of [...images, ...bytes, platform('AudioBuffer')])
    assert.throws(() => check('text', value), TypeError);
  assert.throws(() => check('video', 'x'), TypeError);
});

test('topK and temperature: out of range a RangeError, too large clamped, fractions rounded down', async () => {
  const read = (options: object): unknown => {
    const { mode, topK, temperature } = readSampling(readCreateOptions(options));
    return [mode, topK, temperature];
  };
  assert.deepEqual(read({ topK: 1.5, temperature: 0.5 }), [null, 1, 0.5]);
  assert.deepEqual(read({ topK: Number.POSITIVE_INFINITY }), [null, 128, Math.fround(0.7)]);
  assert.deepEqual(read({ temperature: Number.POSITIVE_INFINITY }), [null, 40, 2]);
  assert.deepEqual(read({ topK: '3', temperature: '1' }), [null, 3, 1]);
  for (const options of [
    { topK: 0.9 },
    { topK: -2 },
    { topK: Number.NaN },
    { topK: null },
    { temperature: -0.5 },
  ])
    await assert.rejects(createHere(options), RangeError, JSON.stringify(options));
  for (const options of [{ topK: 3n }, { temperature: Symbol('s') }])
    await assert.rejects(createHere(options), TypeError);
});

test('samplingMode: the modes of the specification, "default" is "balanced", others a TypeError', async () => {
  for (const mode of ['most-predictable', 'predictable', 'balanced', 'creative', 'most-creative']) {
    const session = await createHere({ samplingMode: mode });
    assert.equal(session.samplingMode, mode);
  }
  assert.equal((await createHere({ samplingMode: 'default' })).samplingMode, 'balanced');
  await assert.rejects(createHere({ samplingMode: 'wild' }), TypeError);
  await assert.rejects(createHere({ samplingMode: null }), TypeError);
  await assert.rejects(createHere({ samplingMode: 'balanced', topK: 3 }), TypeError);
  await assert.rejects(createHere({ samplingMode: 'creative', temperature: 1 }), TypeError);
});

test('samplingMode: from one mode to the next the answers vary more', () => {
  const modes = [
    'most-predictable',
    'predictable',
    'slightly-predictable',
    'balanced',
    'slightly-creative',
    'creative',
    'most-creative',
  ];
  const presets = modes.map((samplingMode) => readSampling(readCreateOptions({ samplingMode })));
  for (const [i, preset] of presets.entries()) {
    const before = presets[i - 1];
    if (before === undefined) continue;
    assert.ok(preset.temperature > before.temperature);
    assert.ok(preset.topK > before.topK);
  }
});

test('expectedInputs and expectedOutputs: tags are checked, types beyond text are unavailable', async () => {
  const text = (languages: unknown): object => ({ expectedInputs: [{ type: 'text', languages }] });
  await createHere(text(['EN', 'ja', 'de-CH-1901-x-phonebk-extended']));
  await assert.rejects(createHere(text(['en-abc-invalid'])), RangeError);
  await assert.rejects(LanguageModel.availability(text(['en-abc-invalid']) as never), RangeError);
  await assert.rejects(
    createHere({ expectedOutputs: [{ type: 'text', languages: ['_'] }] }),
    RangeError,
  );
  await assert.rejects(createHere({ expectedInputs: [{}] }), TypeError);
  await assert.rejects(createHere({ expectedInputs: [{ type: 'smell' }] }), TypeError);
  for (const member of ['expectedInputs', 'expectedOutputs']) {
    for (const type of ['image', 'audio', 'tool-call', 'tool-response']) {
      const options = { engine, [member]: [{ type }] } as never;
      assert.equal(await LanguageModel.availability(options), 'unavailable');
      await assert.rejects(LanguageModel.create(options), assertDom('NotSupportedError'));
    }
  }
});

test('tools: refused by name; none is none', async () => {
  const tool = { name: 't', description: 'd', inputSchema: {}, execute: async () => '' };
  await createHere({ tools: [] });
  await assert.rejects(createHere({ tools: [tool] }), (error) => {
    assert.ok(assertDom('NotSupportedError')(error));
    return /tools.*"t"/.test((error as Error).message);
  });
  assert.equal(await LanguageModel.availability({ engine, tools: [tool] }), 'unavailable');
  for (const member of ['name', 'description', 'inputSchema', 'execute'])
    await assert.rejects(createHere({ tools: [{ ...tool, [member]: undefined }] }), TypeError);
  await assert.rejects(createHere({ tools: [{ ...tool, inputSchema: null }] }), TypeError);
  await assert.rejects(createHere({ tools: [{ ...tool, execute: {} }] }), TypeError);
});

test('signal and monitor: other values are a TypeError', async () => {
  for (const signal of [null, {}, 5]) await assert.rejects(createHere({ signal }), TypeError);
  for (const monitor of [null, {}, 5]) await assert.rejects(createHere({ monitor }), TypeError);
  const reason = new Error('mine');
  const options = { signal: AbortSignal.abort(reason), topK: -1 };
  await assert.rejects(createHere(options), (error) => error === reason, 'before validation');
});

test('extras: maxTokens, seed and stop are checked', async () => {
  for (const options of [
    { maxTokens: 0 },
    { maxTokens: 1.5 },
    { seed: 0.5 },
    { stop: [''] },
    { stop: '' },
  ])
    await assert.rejects(createHere(options), TypeError, JSON.stringify(options));
  assert.deepEqual(readCreateOptions({ stop: 'x' }).stop, ['x']);
  assert.deepEqual(readCreateOptions({ stop: new Set(['x', 1]) }).stop, ['x', '1']);
});

test('responseConstraint: an object; omitResponseConstraintInput only with it', async () => {
  const session = await createHere({});
  for (const responseConstraint of [null, 'x', 5])
    await assert.rejects(session.prompt('x', { responseConstraint } as never), TypeError);
  const options = { omitResponseConstraintInput: true };
  await assert.rejects(session.prompt('x', options), TypeError);
  await assert.rejects(session.measureContextUsage('x', options), TypeError);
  assert.throws(() => session.promptStreaming('x', options), TypeError);
});

test('responseConstraint: what is no JSON schema', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  assert.throws(() => readConstraint(cyclic), assertDom('NotSupportedError'));
  assert.throws(() => readConstraint([]), TypeError);
  assert.throws(() => readConstraint(() => undefined), TypeError);
  assert.throws(() => readConstraint({ toJSON: () => 5 }), TypeError);
  const own = new RangeError('mine');
  const throwing = {
    get x() {
      throw own;
    },
  };
  assert.throws(() => readConstraint(throwing), own);
  assert.deepEqual(readConstraint(/a\/b/u), { kind: 'regex', text: 'a\\/b', flags: 'u' });
});

test('responseConstraint: the model is told behind the last message of the user', () => {
  const constraint = readConstraint(/x/);
  const guidance = 'Answer only with text that matches this regular expression: /x/';
  const user = { role: 'user', content: 'hi' } as const;
  const assistant = { role: 'assistant', content: 'A' } as const;
  assert.deepEqual(withGuidance([user, assistant], constraint), [
    { role: 'user', content: `hi\n\n${guidance}` },
    assistant,
  ]);
  assert.deepEqual(withGuidance([assistant], constraint), [
    { role: 'user', content: guidance },
    assistant,
  ]);
  assert.deepEqual(withGuidance([user], undefined), [user]);
});

test('the interface: no constructor, enumerable members, names and lengths', async () => {
  assert.throws(() => new LanguageModel(), TypeError);
  const session = await createHere({});
  assert.ok(session instanceof EventTarget);
  assert.equal(Object.prototype.toString.call(session), '[object LanguageModel]');
  const members = Object.keys(LanguageModel.prototype).sort();
  assert.deepEqual(members, [
    'append',
    'clone',
    'contextUsage',
    'contextWindow',
    'destroy',
    'inputQuota',
    'inputUsage',
    'measureContextUsage',
    'measureInputUsage',
    'oncontextoverflow',
    'onquotaoverflow',
    'prompt',
    'promptStreaming',
    'samplingMode',
    'temperature',
    'topK',
  ]);
  const { prompt, promptStreaming, append, clone, destroy } = LanguageModel.prototype;
  const lengths = [prompt, promptStreaming, append, clone, destroy].map(({ length }) => length);
  assert.deepEqual(lengths, [1, 1, 1, 0, 0]);
  assert.deepEqual([LanguageModel.create.length, LanguageModel.availability.length], [0, 0]);
});

test('event handlers: called in the order in which they were first set; what is no function clears', async () => {
  const { session, overflow } = await sessionThatOverflows();
  assert.equal(session.oncontextoverflow, null);
  const seen: string[] = [];
  session.oncontextoverflow = () => seen.push('never');
  session.addEventListener('contextoverflow', () => seen.push('listener'));
  const handler = (): unknown => seen.push('handler');
  session.oncontextoverflow = handler;
  assert.equal(session.oncontextoverflow, handler);
  await overflow();
  assert.deepEqual(seen, ['handler', 'listener']);
  session.oncontextoverflow = 5 as never;
  assert.equal(session.oncontextoverflow, null);
  await overflow();
  assert.deepEqual(seen, ['handler', 'listener', 'listener']);
});

async function sessionThatOverflows(): Promise<{
  session: LanguageModel;
  overflow: () => Promise<unknown>;
}> {
  const session = await LanguageModel.create({ engine: new FakeEngine({ window: 30 }) });
  await session.append('x'.repeat(20));
  return { session, overflow: () => session.append('x'.repeat(20)) };
}

test('installPolyfill: only when asked, and over the browser’s own only with force', () => {
  assert.equal('LanguageModel' in globalThis, false);
  assert.equal(installPolyfill(), true);
  assert.equal(Reflect.get(globalThis, 'LanguageModel'), LanguageModel);
  assert.equal(Object.keys(globalThis).includes('LanguageModel'), false);
  Reflect.set(globalThis, 'LanguageModel', 'the browser’s');
  assert.equal(installPolyfill(), false);
  assert.equal(Reflect.get(globalThis, 'LanguageModel'), 'the browser’s');
  assert.equal(installPolyfill({ force: true }), true);
  assert.equal(Reflect.get(globalThis, 'LanguageModel'), LanguageModel);
  Reflect.deleteProperty(globalThis, 'LanguageModel');
});
