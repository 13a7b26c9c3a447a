/* What the bench page makes of samples: statistics, lengths, the order of rounds, the report. Engines and clocks here
 * are made up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compare, isMini, newestRows } from '../../demo/bench/comparison.js';
import { benchTokens, lengthsFor, threadCounts } from '../../demo/bench/lengths.js';
import { Bench } from '../../demo/bench/measure.js';
import { makeReport, SCHEMA } from '../../demo/bench/report.js';
import { median, summarise } from '../../demo/bench/stats.js';

const MACHINES = JSON.parse(
  readFileSync(new URL('../../demo/bench/machines.json', import.meta.url), 'utf8'),
);
const INFO = { name: 'tiny', architecture: 'phi3', parameters: 123200, tensorTypes: { F32: 1 } };

/** A world in which a prompt takes `promptMs` and a token `tokenMs`; `hidden`: watches that saw a hidden page. */
function fakeWorld({ promptMs = 100, tokenMs = 2, hidden = [], fails = () => false } = {}) {
  const log = { opened: [], destroyed: 0, prompts: [], probes: 0 };
  let clock = 0;
  let nWatches = 0;
  const engine = (threads) => {
    let last = 0;
    return {
      variant: 'relaxed-mt',
      info: { ...INFO, vocabularySize: 320, contextLength: 512 },
      stats: () => ({ threads, kernel: 'relaxed-i32', weightBytes: 500_000 }),
      async forward(tokens, { signal }) {
        signal.throwIfAborted();
        if (fails(tokens)) throw new Error('failed');
        const isPrompt = tokens.length !== last + 1;
        if (isPrompt) log.prompts.push(tokens.join());
        last = tokens.length;
        clock += isPrompt ? promptMs : tokenMs;
      },
      async destroy() {
        log.destroyed++;
      },
    };
  };
  const world = {
    log,
    now: () => clock,
    watch: () => {
      const turn = nWatches++;
      return () => hidden.includes(turn);
    },
    async probe() {
      log.probes++;
      const speed = {
        gemvGigabytesPerSecond: 10 * log.probes,
        gemmGigaopsPerSecond: 100,
        kernel: 'k',
      };
      return { threads: 2, speed, model: { decodeTokPerSec: 4, prefillTokPerSec: 20 } };
    },
    async createEngine({ threads, contextLength }) {
      log.opened.push([threads, contextLength]);
      return engine(threads);
    },
  };
  return world;
}

function benchOf(world, onStep = () => undefined, signal = new AbortController().signal) {
  return new Bench(world, { signal, onStep });
}

test('medians, spreads, and samples of a hidden page', () => {
  assert.equal(median([]), undefined);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const samples = [10, 12, 11].map((value) => ({ value, isHidden: false }));
  const { median: middle, low, high, n, spread } = summarise(samples);
  assert.deepEqual([middle, low, high, n], [11, 10, 12, 3]);
  assert.ok(Math.abs(spread - 2 / 11) < 1e-12);
  const mixed = summarise([...samples, { value: 1, isHidden: true }]);
  assert.deepEqual([mixed.low, mixed.n, mixed.isHidden], [10, 3, false]);
  assert.equal(summarise([{ value: 1, isHidden: true }]).isHidden, true);
  assert.equal(summarise([]), undefined);
});

test('lengths fit the context; tokens are in the vocabulary and come again', () => {
  const large = lengthsFor({ parameters: 3.8e9, contextLength: 4096 });
  assert.deepEqual(large, { context: 512, prompt: 128, decoded: 16 });
  assert.equal(lengthsFor({ parameters: 4e6, contextLength: 512 }).decoded, 64);
  const short = lengthsFor({ parameters: 1e5, contextLength: 40 });
  assert.ok(short.prompt + short.decoded <= 40 && short.decoded > 0);
  for (const vocabulary of [320, 4000, 32064]) {
    const tokens = benchTokens(500, 7, vocabulary);
    assert.ok(tokens.every((id) => Number.isInteger(id) && id >= 0 && id < vocabulary));
    assert.deepEqual(tokens, benchTokens(500, 7, vocabulary));
    assert.notDeepEqual(tokens, benchTokens(500, 8, vocabulary));
  }
});

test('thread counts end with what the browser has', () => {
  assert.deepEqual(threadCounts(1), [1]);
  assert.deepEqual(threadCounts(4), [1, 2, 3, 4]);
  assert.deepEqual(threadCounts(6), [1, 2, 4, 6]);
  assert.deepEqual(threadCounts(8), [1, 2, 4, 8]);
});

test('the first probe and the first round warm up; every prompt is another one', async () => {
  const world = fakeWorld();
  const steps = [];
  const bench = benchOf(world, (step) => steps.push(step));
  const kernels = await bench.kernels(3);
  assert.deepEqual([kernels.gemv.median, kernels.gemv.n, world.log.probes], [30, 3, 4]);
  const { model, rows } = await bench.model([1, 2], 3);
  assert.deepEqual(world.log.opened, [
    [1, 512],
    [2, 512],
  ]);
  assert.equal(world.log.destroyed, 2);
  assert.deepEqual([model.prompt, model.decoded], [128, 64]);
  assert.deepEqual(
    rows.map((row) => [row.threads, row.prefill.median, row.prefill.n, row.decode.median]),
    [
      [1, 1280, 3, 500],
      [2, 1280, 3, 500],
    ],
  );
  assert.equal(new Set(world.log.prompts).size, world.log.prompts.length);
  assert.deepEqual(
    steps.filter(({ phase }) => phase === 'load').map((s) => s.threads),
    [1, 2],
  );
});

test('rounds of a hidden page are taken again, but not for ever', async () => {
  const world = fakeWorld({ hidden: [2] });
  const { rows } = await benchOf(world).model([1], 3);
  assert.deepEqual([rows[0].prefill.n, rows[0].prefill.isHidden], [3, false]);
  assert.equal(world.log.prompts.length, 5);
  const always = fakeWorld({ hidden: Array.from({ length: 100 }, (_, i) => i) });
  const hidden = (await benchOf(always).model([1], 3)).rows[0];
  assert.deepEqual([hidden.prefill.n, hidden.prefill.isHidden], [3, true]);
  assert.ok(always.log.prompts.length <= 4 + 6);
});

test('a failure or a cancel ends the run, and the engine is given back', async () => {
  const failing = fakeWorld({ fails: (tokens) => tokens.length > 150 });
  await assert.rejects(benchOf(failing).model([1, 2], 3), /failed/);
  assert.equal(failing.log.destroyed, 1);
  const abort = new AbortController();
  const world = fakeWorld();
  const stopAtTwo = ({ round }) => round === 2 && abort.abort();
  await assert.rejects(benchOf(world, stopAtTwo, abort.signal).model([1], 5), {
    name: 'AbortError',
  });
  assert.equal(world.log.destroyed, 1);
});

test('the report has its schema, its conditions and rounded figures', async () => {
  const world = fakeWorld({ promptMs: 130, tokenMs: 3 });
  const bench = benchOf(world);
  const kernels = await bench.kernels(3);
  const run = {
    date: new Date(0),
    version: 'v',
    browser: { userAgent: 'x' },
    rounds: 3,
    wasHidden: false,
    kernels,
    estimated: 'phi-3-mini-4k-q4',
    isEmbedded: true,
    ...(await bench.model([1], 3)),
  };
  const report = JSON.parse(JSON.stringify(makeReport(run)));
  assert.equal(report.schema, SCHEMA);
  assert.deepEqual(Object.keys(report).sort(), [
    'browser',
    'conditions',
    'date',
    'estimate',
    'kernels',
    'model',
    'package',
    'rows',
    'schema',
  ]);
  assert.deepEqual(report.rows[0].prefill, { median: 984.6, low: 984.6, high: 984.6, n: 3 });
  assert.deepEqual([report.conditions.rounds, report.conditions.promptTokens], [3, 128]);
  const bare = makeReport({ ...run, kernels: undefined, model: undefined, rows: [] });
  assert.deepEqual([bare.kernels, bare.model, bare.estimate, bare.rows], [null, null, null, []]);
});

test('recorded machines: the newest of each; this device by an estimate, or by Phi-3-mini itself', () => {
  const rows = newestRows(MACHINES);
  assert.ok(rows.length > 0);
  for (const { run, prefill, decode, threads } of rows) {
    assert.match(run.source, /^tests\/bench\/results\/.+\.jsonl:\d+$/);
    assert.ok(prefill > 0 && decode > 0 && threads > 0);
  }
  const old = { ...MACHINES.runs[0], date: '2000-01-01T00:00:00Z' };
  assert.deepEqual(newestRows({ runs: [...MACHINES.runs, old] }), rows);
  const kernels = { prefill: { median: 20 }, decode: { median: 4 }, threads: 2 };
  const estimated = compare(MACHINES, { kernels }).at(-1);
  assert.deepEqual([estimated.kind, estimated.decode], ['estimate', 4]);
  const row = { threads: 2, prefill: { median: 40 }, decode: { median: 12 } };
  const mini = { parameters: 3_821_079_552 };
  assert.ok(isMini(mini));
  const measured = compare(MACHINES, { kernels, model: mini, rows: [row] }).at(-1);
  assert.deepEqual([measured.kind, measured.decode], ['measured', 12]);
  assert.ok(compare(MACHINES).every(({ kind }) => kind === 'recorded'));
});
