/* The pages that look at pictures, without a browser: what the small model is asked and what its answers mean, drawing,
 * handwriting, how many pictures fit, how often the camera looks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Looker } from '../../demo/camera/look.js';
import { watch } from '../../demo/camera/watch.js';
import { randomOf } from '../../demo/site/shapes.js';
import { countQuestion, readCount, readRule } from '../../demo/site/small-vision.js';
import { VisionEngine } from '../../demo/site/vision-engine.js';
import { writable, writeStrokes } from '../../demo/vision/glyphs.js';
import { Strokes } from '../../demo/vision/strokes.js';
import { cropsThatFit, Talk } from '../../demo/vision/talk.js';

/* Numbers are written in the language of the page. */
Object.assign(globalThis, { document: { documentElement: { lang: 'en' } } });

test('a rule for the small model: what it names, and how many', () => {
  const rules = [
    ['Is there a red circle?', { shape: 'circle', colour: 'red', least: 1 }],
    ['Are there 3 Stars', { shape: 'star', colour: undefined, least: 3 }],
    ['anything blue', { shape: undefined, colour: 'blue', least: 1 }],
    ['Do you see any shapes?', { shape: undefined, colour: undefined, least: 1 }],
    ['빨간 동그라미가 2개 있나요?', { shape: 'circle', colour: 'red', least: 2 }],
    ['하트가 보이나요?', { shape: 'heart', colour: undefined, least: 1 }],
    ['Is the door open?', undefined],
    ['Is there a person with a hundred things', { shape: undefined, colour: undefined, least: 1 }],
    ['I am bored', undefined],
    ['문이 열려 있나요?', undefined],
  ];
  for (const [text, rule] of rules) assert.deepEqual(readRule(text), rule, text);
});

test('it is asked in the words that it was taught, and its number is read', () => {
  assert.equal(
    countQuestion({ shape: 'circle', colour: 'red' }, 'en'),
    'How many red circles are there?',
  );
  assert.equal(countQuestion({}, 'en'), 'How many shapes are there?');
  assert.equal(countQuestion({ shape: 'circle', colour: 'red' }, 'ko'), '빨간 원이 몇 개예요?');
  assert.equal(countQuestion({ shape: 'heart' }, 'ko'), '하트가 몇 개예요?');
  const redCircles = { shape: 'circle', colour: 'red' };
  for (const [answer, count] of [
    ['2 red circles.', 2],
    ['1 red circle.', 1],
    ['빨간 원 0개예요.', 0],
    ['12 circles.', undefined],
    ['1 red square.', undefined],
    ['red circles.', undefined],
    ['I see no picture.', undefined],
    ['', undefined],
  ])
    assert.equal(readCount(answer, redCircles), count, answer);
  assert.equal(readCount('3 shapes.', {}), 3);
  assert.equal(readCount('도형 3개예요.', {}), 3);
});

test('drawing: undo, redo, clear; a new stroke forgets what was undone', () => {
  const strokes = new Strokes();
  const pen = { width: 4, colour: '#000000' };
  const draw = (x) => strokes.begin([x, 0], pen).points.push([x, 9]);
  const shown = () => strokes.shown.map(({ points }) => points[0][0]);
  assert.deepEqual([strokes.canUndo, strokes.canRedo], [false, false]);
  for (const x of [1, 2, 3]) draw(x);
  strokes.undo();
  assert.deepEqual(shown(), [1, 2]);
  strokes.redo();
  assert.deepEqual(shown(), [1, 2, 3]);
  strokes.clear();
  assert.deepEqual(shown(), []);
  strokes.undo();
  assert.deepEqual(shown(), [1, 2, 3], 'clearing is undone like any other step');
  strokes.redo();
  draw(4);
  assert.deepEqual(shown(), [4]);
  assert.equal(strokes.canRedo, false);
  strokes.reset();
  assert.equal(strokes.canUndo, false);
});

test('a hand writes what it can, within the box, the same for the same lot', () => {
  assert.equal(writable('27 x 3 = a?'), '27 × 3 = ?');
  const box = { x: 10, y: 20, width: 400, height: 100 };
  for (const text of ['27 + 15', '0123456789', '9 × 8 ÷ 4 - 1 =', '7']) {
    const strokes = writeStrokes(text, box, randomOf(5));
    assert.ok(strokes.length >= writable(text).replaceAll(' ', '').length, text);
    const slack = box.height * 0.1;
    for (const [x, y] of strokes.flat()) {
      assert.ok(x > box.x - slack && x < box.x + box.width + slack, `${text}: ${x}`);
      assert.ok(y > box.y - slack && y < box.y + box.height + slack, `${text}: ${y}`);
    }
    assert.deepEqual(writeStrokes(text, box, randomOf(5)), strokes);
    assert.notDeepEqual(writeStrokes(text, box, randomOf(6)), strokes);
  }
});

/** An engine as VisionEngine has it, whose pictures take 100 tokens a piece. */
function engineOf({ contextLength = 4096, reply = () => 'yes' } = {}) {
  const asked = [];
  return {
    asked,
    contextLength,
    countTokens: (_, numCrops = 4) => 100 * numCrops,
    prepare: async () => ({ tiles: [1, 1] }),
    async ask(request, { onText = () => undefined } = {}) {
      asked.push(request);
      const text = reply(request);
      onText(text);
      return { text, isCut: false, seconds: 1, usage: undefined };
    },
  };
}

const PICTURES = ['a', 'b'].map((blob) => ({ blob, width: 10, height: 10 }));

test('pictures that are too much are refused before they are looked at, with what fits', async () => {
  const count = (_, numCrops) => 100 * numCrops;
  assert.equal(cropsThatFit(PICTURES, 1000, count), 4);
  assert.equal(cropsThatFit(PICTURES, 100, count), undefined);
  const engine = engineOf({ contextLength: 700 });
  const talk = new Talk(engine);
  const options = { about: 'x', pictures: PICTURES, onText: () => undefined };
  await assert.rejects(talk.ask('What?', options), (error) => {
    assert.equal(error.code, 'PICTURES_CONTEXT');
    assert.deepEqual(error.facts, { tokens: '800', room: '604', fits: 2 });
    return true;
  });
  assert.equal(engine.asked.length, 0);
});

test('a conversation has its pictures in the first message, and begins anew about others', async () => {
  const engine = engineOf();
  const talk = new Talk(engine);
  const ask = (question, about) =>
    talk.ask(question, { about, pictures: PICTURES, numCrops: 1, onText: () => undefined });
  await ask('one', 'x');
  await ask('two', 'x');
  const [first, second, third] = engine.asked[1].messages;
  assert.deepEqual(
    first.content.map(({ type }) => type),
    ['image_url', 'image_url', 'text'],
  );
  assert.deepEqual(first.content[1].image_url, { url: 'b', num_crops: 1 });
  assert.equal(second.content, 'yes');
  assert.equal(third.content, 'two');
  assert.equal(talk.isNew('y'), true);
  await ask('three', 'y');
  assert.equal(engine.asked[2].messages.length, 1);
});

test('the small model is asked of each picture alone', async () => {
  const engine = engineOf({ reply: ({ messages }) => messages[0].content[0].image_url.url });
  const texts = [];
  const options = { pictures: PICTURES, onText: (text) => texts.push(text) };
  const { text } = await new Talk(engine).askEach('What?', options);
  assert.equal(text, '1. a\n2. b');
  assert.deepEqual(texts, ['1. a', '1. a\n2. b']);
  assert.ok(engine.asked.every(({ messages }) => messages.length === 1));
});

test('a frame: the answer is yes or no by its making; the small model counts', async () => {
  const wishes = { rule: 'Is the door open?', describes: true, isSmall: false, language: 'en' };
  const replies = (request) => (request.response_format ? '{"answer": "yes"}' : 'A door.');
  const large = engineOf({ reply: replies });
  const seen = await new Looker(large, wishes).look('frame', {});
  assert.deepEqual(seen, { isMatch: true, answer: 'yes', description: 'A door.' });
  const { schema } = large.asked[0].response_format.json_schema;
  assert.deepEqual(schema.properties.answer.enum, ['yes', 'no']);

  assert.throws(() => new Looker(large, { ...wishes, isSmall: true }), { code: 'RULE_UNKNOWN' });
  const rule = 'Are there 2 red circles?';
  const small = engineOf({ reply: () => '1 red circle.' });
  const looker = new Looker(small, { ...wishes, rule, isSmall: true, describes: false });
  assert.deepEqual(await looker.look('frame', {}), {
    isMatch: false,
    answer: '1 red circle.',
    description: '',
  });
  assert.equal(small.asked[0].messages[0].content[1].text, 'How many red circles are there?');

  const cut = engineOf({ reply: () => '{"ans' });
  const { isMatch } = await new Looker(cut, { ...wishes, describes: false }).look('frame', {});
  assert.equal(isMatch, false);
});

/** A clock that only moves when somebody waits or works. */
function clock() {
  let time = 0;
  return {
    now: () => time,
    pass: (ms) => {
      time += ms;
    },
  };
}

test('the watch: every so often, later when a frame takes longer, never two at once', async () => {
  const { now, pass } = clock();
  const costs = [300, 2500, 100, 100];
  const begins = [];
  const waits = [];
  const abort = new AbortController();
  await watch({
    everyMs: 1000,
    signal: abort.signal,
    now,
    look: async () => {
      begins.push(now());
      pass(costs[begins.length - 1]);
      return {};
    },
    onFrame: () => {
      if (begins.length === costs.length) abort.abort();
    },
    onWait: (ms) => waits.push(ms),
    wait: async (ms) => pass(ms),
  });
  assert.deepEqual(begins, [0, 1000, 3500, 4500]);
  assert.deepEqual(waits, [700, 0, 900, 900]);
});

test('the watch stops at once: in a pause, and before a frame that was being looked at counts', async () => {
  const abort = new AbortController();
  let nFrames = 0;
  const paused = watch({
    everyMs: 3_600_000,
    signal: abort.signal,
    look: async () => ({}),
    onFrame: () => nFrames++,
    onWait: () => setImmediate(() => abort.abort()),
  });
  await paused;
  assert.equal(nFrames, 1);
  const other = new AbortController();
  await watch({
    everyMs: 1,
    signal: other.signal,
    look: async () => {
      other.abort();
      return {};
    },
    onFrame: () => assert.fail('a frame after the stop'),
    onWait: () => undefined,
  });
});

const choiceOf = (name) => ({ key: name, model: name, name });
/** A signal that is not aborted. */
const NEVER = new AbortController().signal;

/** A LoadPanel that loads `engine`. */
const panelOf = (engine) => ({ load: async () => engine });

test('a model that reads text only is refused and let go', async () => {
  let isDestroyed = false;
  const destroy = async () => {
    isDestroyed = true;
  };
  const blind = new VisionEngine(panelOf({ vision: undefined, destroy }));
  await assert.rejects(blind.load(choiceOf('k'), NEVER), { code: 'VISION_NONE' });
  assert.ok(isDestroyed);
  assert.equal(blind.has('k'), false);
});

test('how long a tile takes is known once a picture was looked at', async (t) => {
  let ms = 0;
  t.mock.method(performance, 'now', () => ms);
  const create = async (_, { onImageProgress }) => {
    for (let done = 0; done <= 4; done++) {
      onImageProgress({ image: 0, done, total: 4 });
      ms += done < 4 ? 500 : 0;
    }
    return (async function* () {
      yield { choices: [{ delta: { content: ' a' }, finish_reason: null }] };
      yield { choices: [{ delta: {}, finish_reason: 'stop' }] };
    })();
  };
  const engine = { vision: { numCrops: 4 }, chat: { completions: { create } } };
  const vision = new VisionEngine(panelOf(engine));
  await vision.load(choiceOf('k'), NEVER);
  assert.equal(vision.secondsFor(5), undefined);
  const { text, seconds } = await vision.ask({ messages: [] }, { tiles: [5] });
  assert.deepEqual([text, seconds], ['a', 2]);
  assert.equal(vision.secondsFor(10), 4);
});

/** A panel whose loads end when `finish[n]()` is called; a cancelled one is rejected then. */
function slowPanel() {
  const finish = [];
  const panel = {
    finish,
    isLoading: false,
    load({ name }) {
      assert.ok(!panel.isLoading, 'one load at a time');
      panel.isLoading = true;
      panel.isCancelled = false;
      return new Promise((resolve, reject) => {
        finish.push(() => {
          panel.isLoading = false;
          if (panel.isCancelled) reject(Object.assign(new Error('x'), { code: 'PHI_ECANCELED' }));
          else resolve({ vision: {}, info: { name }, storage: {}, destroy: async () => undefined });
        });
      });
    },
    cancel() {
      panel.isCancelled = true;
    },
  };
  return panel;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a load that is cancelled is waited for by the next, wherever it was', async () => {
  const panel = slowPanel();
  const vision = new VisionEngine(panel);
  const first = new AbortController();
  const cancelled = vision.load(choiceOf('first'), first.signal);
  await settle();
  first.abort();
  const next = vision.load(choiceOf('second'), NEVER);
  await settle();
  assert.equal(panel.finish.length, 1, 'the old one is not over yet');
  panel.finish[0]();
  await assert.rejects(cancelled, { code: 'PHI_ECANCELED' });
  await settle();
  panel.finish[1]();
  await next;
  assert.ok(vision.has('second'));
});

test('a load that is cancelled while the old model goes does not begin', async () => {
  const panel = slowPanel();
  const vision = new VisionEngine(panel);
  const loading = vision.load(choiceOf('first'), NEVER);
  await settle();
  panel.finish[0]();
  await loading;
  const abort = new AbortController();
  const cancelled = vision.load(choiceOf('second'), abort.signal);
  abort.abort();
  await assert.rejects(cancelled, { code: 'PHI_ECANCELED' });
  assert.equal(panel.finish.length, 1);
});

test('a picture is called too large only when the engine says how large it may be', async () => {
  const thrown = { code: 'PHI_EINVAL', quota: 64e6 };
  const prepareImage = async () => {
    throw Object.assign(new Error('no'), thrown);
  };
  const vision = new VisionEngine(panelOf({ vision: { numCrops: 4 }, prepareImage }));
  await vision.load(choiceOf('k'), NEVER);
  const codeOf = () => vision.prepare('blob', {}).catch(({ code }) => code);
  assert.equal(await codeOf(), 'PICTURE_LARGE');
  thrown.quota = undefined;
  assert.equal(await codeOf(), 'PICTURE_REFUSED');
  thrown.code = 'PHI_ECORRUPT';
  assert.equal(await codeOf(), 'PICTURE_UNREAD');
  thrown.code = 'PHI_EPOISONED';
  assert.equal(await codeOf(), 'PHI_EPOISONED');
});
