/* Hundreds of downloads over connections that fail by a seeded schedule: each must give the file byte for byte, fetch
 * no byte twice that it need not, and keep within its memory; also when it is cancelled anywhere and gone on with in
 * the next visit. A run is repeated with POCKETPHI_SEED=<seed>. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { messageOf } from '../../web/base/errors.ts';
import type { DownloadTask } from '../../web/net/download.ts';
import type { Ask, Deed } from './lib/bad-server.ts';
import { Setting } from './lib/download-setting.ts';
import { between, chance } from './lib/random.ts';
import { chunksOf, makeFile, sha256 } from './lib/recording-sink.ts';

const RUNS = 300;
const seeds =
  process.env.POCKETPHI_SEED === undefined
    ? Array.from({ length: RUNS }, (_, i) => i)
    : [Number(process.env.POCKETPHI_SEED)];

/* What kind of server it is for the whole of a run. */
const FLAVOURS: readonly Deed[] = [
  {},
  {},
  { headers: { 'Content-Range': undefined } },
  { headers: { ETag: 'W/"weak"' } },
  { isWhole: true },
  { isWhole: true, isChunked: true },
];

interface Run {
  readonly file: Buffer;
  readonly chunkBytes: number;
  readonly parallel: number;
  readonly hasHashes: boolean;
  readonly flavour: Deed;
  /** Bytes may be fetched twice: streams that begin at 0 again, damaged chunks. */
  readonly isRepeating: boolean;
  behave(ask: Ask): Deed;
}

/** The fault of a request: what, by the seed, the place and how often it was asked for. */
function faultOf(seed: number, ask: Ask, flavour: Deed): Deed {
  const isWhole = flavour.isWhole === true;
  const at = [seed, ask.range?.first ?? -1, ask.again];
  const dice = chance(...at, 1);
  const bytes = between(0, isWhole ? 30_000 : 3000, ...at, 2);
  if (dice < 0.2) return { dropAfter: bytes };
  if (dice < 0.26) return { status: 500 };
  if (dice < 0.31)
    return { status: 429, headers: { 'Retry-After': String(between(0, 9, ...at, 3)) } };
  if (dice < 0.36) return { isDead: true };
  if (dice < 0.46) return { pieceBytes: between(100, 2000, ...at, 4) };
  /* Nobody could tell such an end from the file's where the server hides the length. */
  if (dice < 0.51 && flavour.headers === undefined && !isWhole)
    return { isChunked: true, isClean: true, dropAfter: bytes };
  return {};
}

/** The right body with one byte changed, once for some of the chunks: twice would be an error. */
function damage(seed: number, ask: Ask, file: Buffer, damaged: Set<number>): Deed {
  if (ask.range?.last === undefined) return {};
  const { first, last } = ask.range;
  if (damaged.has(last) || first >= file.length || chance(seed, last, 6) > 0.2) return {};
  damaged.add(last);
  const body = Buffer.from(file.subarray(first, last + 1));
  body[0] = (body[0] ?? 0) ^ 0x40;
  return { body };
}

function makeRun(seed: number): Run {
  const file = makeFile(between(0, 40_000, seed, 10), seed + 1);
  const flavour = FLAVOURS[between(0, FLAVOURS.length - 1, seed, 11)] ?? {};
  const hasHashes = file.length > 0 && chance(seed, 12) < 0.5;
  const isWhole = flavour.isWhole === true;
  const damaged = new Set<number>();
  return {
    file,
    chunkBytes: between(700, 6000, seed, 13),
    parallel: between(1, 6, seed, 14),
    hasHashes,
    flavour,
    isRepeating: isWhole || hasHashes,
    behave(ask) {
      const fault = faultOf(seed, ask, flavour);
      const bad = hasHashes && !isWhole ? damage(seed, ask, file, damaged) : {};
      const headers = { ...flavour.headers, ...fault.headers };
      return { ...flavour, ...bad, ...fault, headers };
    },
  };
}

async function openRun(
  t: TestContext,
  seed: number,
): Promise<{ run: Run; setting: Setting; task: Partial<DownloadTask> }> {
  const run = makeRun(seed);
  const setting = await Setting.open(t, (ask) => run.behave(ask), run.file);
  setting.surroundings.chance = chance(seed, 15);
  setting.sink.onChunk = async (index) => {
    for (let turns = between(0, 5, seed, 16, index); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const { file, chunkBytes, parallel, hasHashes } = run;
  const hashes = chunksOf(file, chunkBytes).map(sha256);
  const expected = hasHashes ? { hashes, expectedBytes: file.length } : {};
  /* Some servers turn out to be fast after a while. */
  const fast = chance(seed, 17) < 0.4 && { fastBytes: between(1, 10_000, seed, 18) };
  return {
    run,
    setting,
    task: { chunkBytes, parallel, patience: 'endless', ...expected, ...fast },
  };
}

/** Requests for a chunk begin where the one before them stopped, never before it. */
function checkRequests(run: Run, setting: Setting): void {
  const starts = new Map<number, number>();
  for (const { range } of setting.server.asks) {
    if (range?.last === undefined) continue;
    const before = starts.get(range.last) ?? 0;
    assert.ok(range.first >= before, `asked for ${range.first}-${range.last} after ${before}`);
    starts.set(range.last, range.first);
  }
  assert.ok(setting.surroundings.allocated <= run.parallel + 2);
}

test(`${seeds.length} downloads with random faults give the file`, async (t) => {
  for (const seed of seeds) {
    try {
      const { run, setting, task } = await openRun(t, seed);
      await setting.succeeds(task);
      assert.equal(setting.sink.progressed, run.file.length);
      assert.equal(setting.sink.restarts, 0);
      if (!run.isRepeating) checkRequests(run, setting);
      assert.ok(setting.sink.livePeak <= run.parallel + 2);
      await setting.server.close();
    } catch (error) {
      throw new Error(`seed ${seed}: ${messageOf(error)}`, { cause: error });
    }
  }
});

/** One visit: ends with the file or at a byte that the seed names. True: the file is there. */
async function visit(
  setting: Setting,
  task: Partial<DownloadTask>,
  bytes: number,
): Promise<boolean> {
  const { sink } = setting;
  const stop = new AbortController();
  const limit = sink.progressed + bytes;
  sink.onProgress = () => {
    if (sink.progressed > limit) stop.abort();
  };
  const result = await setting
    .download({ ...task, ...sink.resume(), signal: stop.signal })
    .catch((error: unknown) => error);
  await setting.checkQuiet();
  if (!(result instanceof Error)) return true;
  assert.equal('code' in result && result.code, 'PHI_ECANCELED', String(result));
  return false;
}

test(`${seeds.length} downloads that are cancelled anywhere, again and again, give the file`, async (t) => {
  let nVisits = 0;
  for (const seed of seeds) {
    try {
      const { run, setting, task } = await openRun(t, seed);
      const { sink, surroundings } = setting;
      for (let i = 0; ; i++) {
        surroundings.allocated = 0;
        nVisits++;
        const isDone = await visit(setting, task, between(0, 20_000, seed, 20, i));
        assert.equal(sink.held, sink.progressed, `visit ${i}: bytes were lost or counted twice`);
        assert.ok(surroundings.allocated <= run.parallel + 2);
        if (isDone) break;
      }
      setting.checkResult();
      if (!run.isRepeating) checkRequests(run, setting);
      await setting.server.close();
    } catch (error) {
      throw new Error(`seed ${seed}: ${messageOf(error)}`, { cause: error });
    }
  }
  assert.ok(process.env.POCKETPHI_SEED !== undefined || nVisits > 2 * RUNS, `${nVisits} visits`);
});
