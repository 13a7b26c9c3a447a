/* Conformance tests of LanguageModel for a window or a worker: the behaviours that the Prompt API's specification and
 * the web-platform tests of ai/language-model describe, in tests of this project. A test with a `departure` is
 * expected to fail, for the reason given; one that is `pending` may do either. */
import { check, rejects, rejectsWith, same } from '/conformance-checks.js';
import { IMAGE_TESTS } from '/conformance-images.js';
import { installPolyfill, LanguageModel } from '/dist/prompt-api.js';

const TEST_MS_MAX = 60_000;
const PROMPT = 'Please write a sentence in English.';
const AVAILABILITIES = ['unavailable', 'downloadable', 'downloading', 'available'];
const NO_SAMPLING_SWITCH = 'topK, temperature and params() are offered everywhere';
const NO_PREFIX = 'a constraint cannot begin behind a prefix in this build';
const NO_AUDIO = 'the engine’s models take text and pictures';
const SYSTEM_PROMPT = 'prompt() refuses the role "system", as a comment of the WebIDL says';
const NO_ACTIVATION = 'configure() is the page’s consent; no user activation is asked for';

const groups = [];

function group(name, tests) {
  groups.push(...tests.map((test) => ({ group: name, ...test })));
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const user = (content) => ({ role: 'user', content });
const system = (content) => ({ role: 'system', content });
const part = (type, value, role = 'user') => [{ role, content: [{ type, value }] }];

/** Aborts while a call runs and before one begins, with and without a reason. */
async function aborts(call) {
  for (const reason of [undefined, new Error('own')]) {
    const abort = new AbortController();
    const pending = call(abort.signal);
    abort.abort(reason);
    for (const promise of [pending, new Promise((resolve) => resolve(call(abort.signal)))]) {
      if (reason === undefined) await rejects(promise, 'AbortError');
      else await rejectsWith(promise, reason);
    }
  }
}

/** A monitor that notes its events. */
function watch() {
  const events = [];
  return { events, monitor: (m) => m.addEventListener('downloadprogress', (e) => events.push(e)) };
}

group('availability', [
  {
    name: 'is one of four values',
    run: async () => check(AVAILABILITIES.includes(await LanguageModel.availability()), 'another'),
  },
  {
    name: 'is "available" while a session holds the model',
    async run() {
      const session = await LanguageModel.create();
      same(await LanguageModel.availability(), 'available', 'availability');
      session.destroy();
    },
  },
  {
    name: 'takes plausible options, within range or not',
    async run() {
      const types = [[], [{ type: 'text' }], [{ type: 'text', languages: ['en', 'ja', 'ko'] }]];
      const more = [...types, [{ type: 'audio', languages: ['es'] }, { type: 'image' }]];
      for (const topK of [undefined, -2, 0, 1, 1.5, 99]) {
        for (const temperature of [undefined, -0.5, 0, 0.6, 7]) {
          for (const expectedInputs of more) {
            const options = {
              topK,
              temperature,
              expectedInputs,
              initialPrompts: [user('x'), system('y')],
            };
            check(AVAILABILITIES.includes(await LanguageModel.availability(options)), 'another');
          }
        }
      }
    },
  },
  {
    name: 'refuses invalid language tags with RangeError',
    run: () =>
      rejects(
        LanguageModel.availability({
          expectedInputs: [{ type: 'text', languages: ['en-abc-invalid'] }],
        }),
        'RangeError',
      ),
  },
  {
    name: 'refuses samplingMode together with topK or temperature with TypeError',
    async run() {
      for (const raw of [{ topK: 3 }, { temperature: 1 }, { topK: 3, temperature: 1 }])
        await rejects(
          LanguageModel.availability({ samplingMode: 'balanced', ...raw }),
          'TypeError',
        );
    },
  },
  {
    name: 'audio input can be had',
    departure: NO_AUDIO,
    async run() {
      const options = { expectedInputs: [{ type: 'audio' }] };
      check((await LanguageModel.availability(options)) !== 'unavailable', 'no audio');
    },
  },
]);

group('create', [
  {
    name: 'gives a LanguageModel, an EventTarget, with every member of the interface',
    async run() {
      const session = await LanguageModel.create();
      check(session instanceof LanguageModel && session instanceof EventTarget, 'another object');
      for (const name of [
        'prompt',
        'promptStreaming',
        'append',
        'measureContextUsage',
        'clone',
        'destroy',
      ])
        same(typeof session[name], 'function', name);
      for (const name of ['contextUsage', 'contextWindow'])
        same(typeof session[name], 'number', name);
      same(session.oncontextoverflow, null, 'oncontextoverflow');
    },
  },
  {
    name: 'the experimental members are absent in web pages',
    departure: NO_SAMPLING_SWITCH,
    async run() {
      const session = await LanguageModel.create();
      same([typeof session.topK, typeof session.temperature], ['undefined', 'undefined'], 'types');
      check(!('params' in LanguageModel), 'params() is there');
    },
  },
  {
    name: 'topK and temperature: RangeError below their ranges, fractions of topK rounded down',
    async run() {
      for (const options of [{ topK: 0 }, { topK: -2 }, { temperature: -0.5 }])
        await rejects(LanguageModel.create(options), 'RangeError');
      same((await LanguageModel.create({ topK: 1.5, temperature: 0.5 })).topK, 1, 'topK');
      same(
        (await LanguageModel.create({ topK: Infinity, temperature: Infinity })).temperature,
        2,
        'max',
      );
    },
  },
  {
    name: 'initialPrompts: empty, with and without a system message',
    async run() {
      const assistant = { role: 'assistant', content: 'hello' };
      for (const initialPrompts of [
        [],
        [user('hello'), assistant],
        [system('robot'), user('hello'), assistant],
      ])
        (await LanguageModel.create({ initialPrompts })).destroy();
    },
  },
  {
    name: 'a system message that is not the first: TypeError',
    async run() {
      for (const initialPrompts of [
        [user('x'), system('y')],
        [system('x'), system('y')],
      ])
        await rejects(LanguageModel.create({ initialPrompts }), 'TypeError');
    },
  },
  {
    name: 'initialPrompts too big: QuotaExceededError with requested and quota',
    async run() {
      const session = await LanguageModel.create();
      const initialPrompts = [system('hello '.repeat(session.contextWindow))];
      const error = await rejects(LanguageModel.create({ initialPrompts }), 'QuotaExceededError');
      same(error.quota, session.contextWindow, 'quota');
      same(error.requested, await session.measureContextUsage(initialPrompts), 'requested');
    },
  },
  {
    name: 'language tags: canonicalized, RangeError for invalid ones',
    async run() {
      const options = (tag) => ({ expectedInputs: [{ type: 'text', languages: [tag] }] });
      await LanguageModel.create(options('EN'));
      await rejects(LanguageModel.create(options('en-abc-invalid')), 'RangeError');
    },
  },
  {
    name: 'every samplingMode, kept by clone(); "balanced" when none is given',
    async run() {
      const modes = [
        'most-predictable',
        'predictable',
        'slightly-predictable',
        'balanced',
        'slightly-creative',
      ];
      for (const samplingMode of [...modes, 'creative', 'most-creative']) {
        const session = await LanguageModel.create({ samplingMode });
        const twin = await session.clone();
        same([session.samplingMode, twin.samplingMode], [samplingMode, samplingMode], 'mode');
        session.destroy();
        twin.destroy();
      }
      same((await LanguageModel.create()).samplingMode, 'balanced', 'default');
      same(
        (await LanguageModel.create({ topK: 10, temperature: 0.8 })).samplingMode,
        null,
        'with raw parameters',
      );
    },
  },
  {
    name: 'without user activation while downloadable: NotAllowedError',
    departure: NO_ACTIVATION,
    async run() {
      await rejects(LanguageModel.create(), 'NotAllowedError');
    },
  },
  {
    name: 'new LanguageModel(): TypeError',
    run: () => rejects(new Promise(() => new LanguageModel()), 'TypeError'),
  },
]);

group('create: monitor', [
  {
    name: 'downloadprogress rises from 0 to 1 in steps of 1/65536, total 1, and none follows create()',
    async run() {
      const { events, monitor } = watch();
      const session = await LanguageModel.create({ monitor });
      const count = events.length;
      const loaded = events.map((event) => event.loaded);
      same([loaded[0], loaded.at(-1)], [0, 1], 'first and last');
      check(
        loaded.every((share, i) => i === 0 || share > loaded[i - 1]),
        'not rising',
      );
      check(
        loaded.every((share) => share % (1 / 0x10000) === 0),
        'not rounded',
      );
      check(
        events.every((e) => e instanceof ProgressEvent && e.total === 1 && e.lengthComputable),
        'kind',
      );
      await session.prompt('x', { signal: AbortSignal.timeout(1) }).catch(() => undefined);
      same(events.length, count, 'events after create()');
    },
  },
  {
    name: 'an abort at the first and at the last event rejects, and no event follows',
    async run() {
      for (const at of [0, 1]) {
        const abort = new AbortController();
        const reason = new Error('own');
        let after = 0;
        const monitor = (m) =>
          m.addEventListener('downloadprogress', (event) => {
            if (abort.signal.aborted) after++;
            if (event.loaded === at) queueMicrotask(() => abort.abort(reason));
          });
        await rejectsWith(LanguageModel.create({ monitor, signal: abort.signal }), reason);
        same(after, 0, 'events after the abort');
      }
    },
  },
  {
    name: 'what the callback throws rejects create()',
    async run() {
      const own = new Error('own');
      const monitor = () => {
        throw own;
      };
      await rejectsWith(LanguageModel.create({ monitor }), own);
    },
  },
]);

group('prompt', [
  {
    name: 'gives a text',
    async run() {
      const session = await LanguageModel.create();
      same(typeof (await session.prompt(PROMPT)), 'string', 'type');
    },
  },
  {
    name: 'empty inputs, null, undefined and objects are taken',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      for (const input of ['', [], null, undefined, {}, [user('')], [user([])], part('text', '')])
        same(typeof (await session.prompt(input)), 'string', String(input));
    },
  },
  {
    name: 'two at once are answered one after the other',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 8 });
      const [first, second] = await Promise.all([
        session.prompt(PROMPT),
        session.prompt('Another.'),
      ]);
      same([typeof first, typeof second], ['string', 'string'], 'types');
    },
  },
  {
    name: 'a system message after another message: TypeError',
    async run() {
      const session = await LanguageModel.create();
      await rejects(session.prompt([user('x'), system('y')]), 'TypeError');
    },
  },
  {
    name: 'two system messages: TypeError',
    async run() {
      const session = await LanguageModel.create();
      await rejects(session.prompt([system('x'), system('y')]), 'TypeError');
    },
  },
  {
    name: 'a system message in a session that has messages: TypeError',
    departure: SYSTEM_PROMPT,
    async run() {
      const session = await LanguageModel.create({ initialPrompts: [user('x')] });
      await rejects(session.prompt([system('y')]), 'TypeError');
    },
  },
  {
    name: 'a system message as the first of an empty session is taken',
    departure: SYSTEM_PROMPT,
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      await session.prompt([system('x'), user('y')]);
    },
  },
  {
    name: 'prefix: the answer continues the message; elsewhere SyntaxError',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      const prefix = { role: 'assistant', content: 'Once', prefix: true };
      same(typeof (await session.prompt([user('Tell'), prefix])), 'string', 'type');
      await rejects(session.prompt([prefix, user('x')]), 'SyntaxError');
      await rejects(session.prompt([{ ...user('x'), prefix: true }]), 'SyntaxError');
    },
  },
  {
    name: 'undeclared image or audio: NotSupportedError; text with another value: TypeError',
    async run() {
      const session = await LanguageModel.create();
      const bytes = new Uint8Array(8);
      for (const type of ['image', 'audio'])
        await rejects(session.prompt(part(type, bytes)), 'NotSupportedError');
      await rejects(session.prompt(part('image', bytes, 'assistant')), 'NotSupportedError');
      await rejects(session.prompt(part('text', new Blob([]))), 'TypeError');
    },
  },
]);

group('promptStreaming', [
  {
    name: 'gives a ReadableStream of texts that is not empty',
    async run() {
      const session = await LanguageModel.create();
      const stream = session.promptStreaming(PROMPT);
      check(stream instanceof ReadableStream, 'another object');
      const chunks = await readAll(stream);
      check(chunks.every((chunk) => typeof chunk === 'string') && chunks.join('') !== '', 'chunks');
    },
  },
  {
    name: 'chunks are deltas: together they are what prompt() gives',
    async run() {
      const options = { samplingMode: 'most-predictable', maxTokens: 12 };
      const [first, second] = [
        await LanguageModel.create(options),
        await LanguageModel.create(options),
      ];
      same(
        (await readAll(first.promptStreaming('Hello'))).join(''),
        await second.prompt('Hello'),
        'text',
      );
    },
  },
  {
    name: 'empty inputs, null, undefined and objects are taken',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      for (const input of ['', [], null, undefined, {}, [user([])]])
        await readAll(session.promptStreaming(input));
    },
  },
  {
    name: 'leaving the loop ends it, and the session goes on',
    async run() {
      const session = await LanguageModel.create();
      for await (const _ of session.promptStreaming(PROMPT)) break;
      same(session.contextUsage, 0, 'contextUsage');
      same(typeof (await session.prompt('x')), 'string', 'type');
    },
  },
]);

group('append', [
  {
    name: 'resolves with undefined and adds what measureContextUsage() says',
    async run() {
      const session = await LanguageModel.create();
      const usage = await session.measureContextUsage(PROMPT);
      same(await session.append(PROMPT), undefined, 'result');
      same(session.contextUsage, usage, 'contextUsage');
    },
  },
  {
    name: 'empty inputs, null, undefined and objects are taken',
    async run() {
      const session = await LanguageModel.create();
      for (const input of [null, undefined, {}, '', [], [user([])], part('text', '')])
        await session.append(input);
    },
  },
  {
    name: 'a system message: the first of an empty session, TypeError later',
    async run() {
      const session = await LanguageModel.create();
      await rejects(session.append([user('x'), system('y')]), 'TypeError');
      await rejects(session.append([system('x'), system('y')]), 'TypeError');
      await session.append([system('x')]);
      await rejects(session.append([system('y')]), 'TypeError');
    },
  },
  {
    name: 'too big: QuotaExceededError with requested and quota',
    async run() {
      const session = await LanguageModel.create();
      const text = PROMPT.repeat(session.contextWindow);
      const error = await rejects(session.append(text), 'QuotaExceededError');
      const expected = [await session.measureContextUsage(text), session.contextWindow];
      same([error.requested, error.quota], expected, 'requested and quota');
    },
  },
]);

group('context window', [
  {
    name: 'measureContextUsage(): positive, for messages of every role, also in a session that has some',
    async run() {
      const prompts = [system('foo'), user('bar'), { role: 'assistant', content: 'baz' }];
      const session = await LanguageModel.create({ initialPrompts: prompts });
      check((await session.measureContextUsage('This is a prompt.')) > 0, 'a text');
      check((await session.measureContextUsage(prompts)) > 0, 'messages');
    },
  },
  {
    name: 'initialPrompts count as measureContextUsage() says',
    async run() {
      const initialPrompts = part('text', 'The word of the day is regurgitation.', 'system');
      const session = await LanguageModel.create({ initialPrompts });
      same(session.contextUsage, await session.measureContextUsage(initialPrompts), 'contextUsage');
    },
  },
  {
    name: 'a prompt and its answer count',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 8 });
      same(session.contextUsage, 0, 'at first');
      const usage = await session.measureContextUsage(PROMPT);
      await session.prompt(PROMPT);
      check(session.contextUsage > usage, 'the answer does not count');
    },
  },
  {
    name: 'overflow: contextoverflow fires and the prompt is answered',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      const overflow = new Promise((resolve) => {
        session.addEventListener('contextoverflow', resolve, { once: true });
      });
      await session.append(PROMPT);
      let text = PROMPT;
      while (
        (await session.measureContextUsage(text)) <=
        session.contextWindow - session.contextUsage
      )
        text += PROMPT;
      await Promise.all([overflow, session.prompt(text)]);
      check(session.contextUsage <= session.contextWindow, 'contextUsage');
    },
  },
  {
    name: 'overflow: the initial prompts stay',
    async run() {
      const session = await LanguageModel.create({
        maxTokens: 4,
        initialPrompts: [system('Stay.')],
      });
      const least = session.contextUsage;
      for (let i = 0; i < 40; i++) await session.append(PROMPT);
      await session.prompt('x');
      check(
        session.contextUsage >= least && session.contextUsage <= session.contextWindow,
        'usage',
      );
    },
  },
  {
    name: 'too big in itself: QuotaExceededError with requested and quota, and nothing is removed',
    async run() {
      const session = await LanguageModel.create();
      await session.append(PROMPT);
      const before = session.contextUsage;
      const text = PROMPT.repeat(session.contextWindow);
      const error = await rejects(session.prompt(text), 'QuotaExceededError');
      check(error.requested > error.quota && error.quota === session.contextWindow, 'numbers');
      same(session.contextUsage, before, 'contextUsage');
    },
  },
]);

group('abort', [
  { name: 'create()', run: () => aborts((signal) => LanguageModel.create({ signal })) },
  ...['prompt', 'append', 'measureContextUsage'].map((name) => ({
    name: `${name}()`,
    async run() {
      const session = await LanguageModel.create();
      await aborts((signal) => session[name](PROMPT, { signal }));
    },
  })),
  {
    name: 'clone()',
    async run() {
      const session = await LanguageModel.create();
      await aborts((signal) => session.clone({ signal }));
    },
  },
  {
    name: 'promptStreaming(): the stream errors; with an aborted signal it throws',
    async run() {
      const session = await LanguageModel.create();
      await aborts((signal) =>
        session.promptStreaming(PROMPT, { signal }).pipeTo(new WritableStream()),
      );
    },
  },
  {
    name: 'the session goes on afterwards, without the prompt',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 4 });
      const abort = new AbortController();
      const pending = session.prompt(PROMPT, { signal: abort.signal });
      abort.abort();
      await rejects(pending, 'AbortError');
      same(session.contextUsage, 0, 'contextUsage');
      same(typeof (await session.prompt('x')), 'string', 'type');
    },
  },
  {
    name: 'the signal of create() ends the session later, with its reason',
    async run() {
      const abort = new AbortController();
      const session = await LanguageModel.create({ signal: abort.signal });
      const pending = session.prompt(PROMPT);
      const reason = new Error('own');
      abort.abort(reason);
      await rejectsWith(pending, reason);
      await rejectsWith(session.append('x'), reason);
    },
  },
]);

group('destroy', [
  {
    name: 'rejects what is pending and everything after with AbortError',
    async run() {
      const session = await LanguageModel.create();
      const calls = [
        () => session.prompt(PROMPT),
        () => session.append(PROMPT),
        () => session.measureContextUsage(PROMPT),
        () => session.clone(),
        () =>
          new Promise((resolve) =>
            resolve(session.promptStreaming(PROMPT).pipeTo(new WritableStream())),
          ),
      ];
      const pending = calls.map((call) => rejects(call(), 'AbortError'));
      session.destroy();
      await Promise.all(pending);
      for (const call of calls) await rejects(call(), 'AbortError');
    },
  },
  {
    name: 'the attributes stay readable',
    async run() {
      const session = await LanguageModel.create();
      session.destroy();
      same(
        [typeof session.contextUsage, typeof session.contextWindow],
        ['number', 'number'],
        'types',
      );
    },
  },
]);

group('clone', [
  {
    name: 'has the contents and the settings, and goes its own way',
    async run() {
      const session = await LanguageModel.create({ maxTokens: 8 });
      await session.prompt(PROMPT);
      const twin = await session.clone();
      const state = (s) => [s.contextUsage, s.contextWindow, s.topK, s.temperature, s.samplingMode];
      same(state(twin), state(session), 'state');
      await twin.prompt('More.');
      check(twin.contextUsage > session.contextUsage, 'contextUsage');
    },
  },
]);

const SCHEMA = {
  type: 'object',
  properties: { a: { type: 'boolean' } },
  required: ['a'],
  additionalProperties: false,
};

group('responseConstraint', [
  {
    name: 'a JSON schema: the answer parses and complies',
    async run() {
      const session = await LanguageModel.create();
      for (const omitResponseConstraintInput of [false, true]) {
        const options = { responseConstraint: SCHEMA, omitResponseConstraintInput };
        same(typeof JSON.parse(await session.prompt('hello', options)).a, 'boolean', 'a');
      }
    },
  },
  {
    name: 'a RegExp: the whole answer matches',
    async run() {
      const session = await LanguageModel.create();
      const answer = await session.prompt('yes or no?', { responseConstraint: /yes|no/ });
      check(['yes', 'no'].includes(answer), answer);
    },
  },
  {
    name: 'a prefix and the answer comply together',
    departure: NO_PREFIX,
    async run() {
      const session = await LanguageModel.create();
      const prefix = { role: 'assistant', content: '{"a":', prefix: true };
      const rest = await session.prompt([user('hello'), prefix], { responseConstraint: SCHEMA });
      same(typeof JSON.parse(prefix.content + rest).a, 'boolean', 'a');
    },
  },
  {
    name: 'a schema with a cycle: NotSupportedError',
    async run() {
      const session = await LanguageModel.create();
      const cyclic = {};
      cyclic.self = cyclic;
      await rejects(session.prompt('x', { responseConstraint: cyclic }), 'NotSupportedError');
    },
  },
  {
    name: 'a schema of an unknown type: NotSupportedError',
    async run() {
      const session = await LanguageModel.create();
      await rejects(
        session.prompt('x', { responseConstraint: { type: 'soup' } }),
        'NotSupportedError',
      );
    },
  },
  {
    name: 'omitResponseConstraintInput without a constraint, or a constraint that is no object: TypeError',
    async run() {
      const session = await LanguageModel.create();
      await rejects(session.prompt('x', { omitResponseConstraintInput: true }), 'TypeError');
      await rejects(
        session.measureContextUsage('x', { omitResponseConstraintInput: true }),
        'TypeError',
      );
      await rejects(session.prompt('x', { responseConstraint: 'x' }), 'TypeError');
    },
  },
]);

const TOOL = {
  name: 't',
  description: 'd',
  inputSchema: { type: 'object' },
  execute: async () => '',
};

group('tools', [
  {
    name: 'an empty list is taken',
    run: async () => (await LanguageModel.create({ tools: [] })).destroy(),
  },
  {
    name: 'a tool without a required member: TypeError',
    async run() {
      for (const member of ['name', 'description', 'inputSchema'])
        await rejects(
          LanguageModel.create({ tools: [{ ...TOOL, [member]: undefined }] }),
          'TypeError',
        );
    },
  },
  {
    name: 'tools are taken',
    departure: 'the engine’s models call no tools',
    run: () => LanguageModel.create({ tools: [TOOL], expectedOutputs: [{ type: 'tool-call' }] }),
  },
]);

group('images', IMAGE_TESTS);

async function runOne({ run }) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), TEST_MS_MAX);
  });
  try {
    await Promise.race([run(), timeout]);
    return undefined;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs everything on this model; gives what each test came to. */
export async function runConformance(configuration) {
  installPolyfill({ force: true });
  check(globalThis.LanguageModel === LanguageModel, 'installPolyfill() did not install');
  LanguageModel.configure(configuration);
  const results = [];
  for (const test of groups) {
    const { run: _, ...labels } = test;
    results.push({ ...labels, failure: await runOne(test) });
  }
  LanguageModel.configure(null);
  return results;
}
