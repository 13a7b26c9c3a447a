// First and second visits: a model fetched and kept by the browser's storage, then loaded from there by a new
// browser with the same profile. PocketPhi in OPFS and in IndexedDB, beside plain code that does nothing but fetch,
// store and read; the peers with their own caches. In turns, so that a slow minute of the machine hits all alike.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';
import { makeProfile, openPage, removeProfile } from './browser.mjs';
import { ensureShards } from './models.mjs';
import { waitQuiet } from './quiet.mjs';
import { startServer } from './server.mjs';
import { median } from './stats.mjs';

const CONTEXT_LENGTH = 512;
const SHARD_BYTES = 512 << 20; // what wllama's manual advises; a model of transformers.js comes in such files too
const SETTLE_MS = 5000; // Chromium ends a worker, and frees what it had, two seconds after terminate()

// Which visits a system makes in a round. `kind`: of the store, where it can be chosen.
const SYSTEMS = [
  { part: 'storage-opfs', title: 'PocketPhi, OPFS', page: 'pocketphi', kind: 'opfs' },
  {
    part: 'storage-indexeddb',
    title: 'PocketPhi, IndexedDB',
    page: 'pocketphi',
    kind: 'indexeddb',
  },
  { part: 'storage-wllama-old', title: 'wllama 2.3.1, its cache', page: 'wllama-old' },
  { part: 'storage-wllama-new', title: 'wllama 3.13.0, its cache', page: 'wllama-new' },
  {
    part: 'storage-transformers',
    title: 'transformers.js 4.3.1, its cache (bytes only)',
    page: 'transformers',
  },
];

/** Rows {title, kind, isOurs, first, baseline, unhashed, second, raw, memory, error}: milliseconds {value, best,
 *  worst, n}, `memory` in bytes; one a system. Each round is `options.loads` times repeated. */
export async function measureStorage(model, options) {
  const scripts = await mkdtemp(path.join(os.tmpdir(), 'pocketphi-bench-web-'));
  const systems = SYSTEMS.filter(({ part }) => options.parts.includes(part));
  const bench = await prepare(systems, model, scripts, options);
  const entries = systems.map((system) => ({ system, samples: new Map(), failures: [] }));
  try {
    for (let turn = 0; turn < options.loads; turn++) {
      for (const entry of entries) await attempt(bench, entry, turn);
    }
  } finally {
    await bench.server.close();
    await rm(scripts, { recursive: true, force: true });
  }
  return entries.map((entry) => toRow(entry, options.loads));
}

async function prepare(systems, model, scripts, options) {
  const { peers, progress, routes } = options;
  const wantsPeers = systems.some(({ kind }) => kind === undefined);
  await bundleWeb(scripts);
  if (peers !== undefined && systems.some(({ page }) => page === 'transformers'))
    await bundleHub(peers, scripts);
  const shards = wantsPeers ? await ensureShards(model, SHARD_BYTES, progress) : undefined;
  const server = await startServer([
    ...routes,
    { prefix: '/model.gguf', file: model.file },
    { prefix: '/web/', folder: path.join(scripts, 'web') },
    { prefix: '/hub/', folder: path.join(scripts, 'hub') },
    ...(shards === undefined ? [] : [{ prefix: '/shards/model/', folder: shards.folder }]),
  ]);
  return { ...options, server, model, shards };
}

// The parts of web/ that the baseline is made of.
function bundleWeb(scripts) {
  const files = ['store/open-store', 'store/database', 'base/sha256', 'base/limits'];
  return build({
    entryPoints: files.map((name) => path.join(REPOSITORY, `web/${name}.ts`)),
    outbase: REPOSITORY,
    outdir: scripts,
    bundle: true,
    format: 'esm',
    target: 'es2022',
  });
}

// The package does not export its hub module; its sources are modules that need Node's only when they run there.
function bundleHub(peers, scripts) {
  const source = path.join(peers, '@huggingface/transformers/src');
  const nodeModules = {
    name: 'node-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: 'empty' }));
      onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export default {};' }));
    },
  };
  return build({
    stdin: {
      contents: `export { getModelFile } from './utils/hub.js'; export { env } from './env.js';`,
      resolveDir: source,
    },
    outfile: path.join(scripts, 'hub/transformers-hub.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    plugins: [nodeModules],
  });
}

// A system that fails is reported in its row; its other rounds and the other systems go on.
async function attempt(bench, entry, turn) {
  const { system } = entry;
  try {
    if (system.kind !== undefined) await ourRound(bench, entry, turn);
    else await peerRound(bench, entry);
  } catch (error) {
    const text = error.message.split('\n')[0].replace(/^page\.evaluate: (Error: )?/, '');
    entry.failures.push(text);
    bench.progress(`${system.title}: ${text}`);
  }
}

// What is compared takes turns in being first.
async function ourRound(bench, entry, turn) {
  const { kind } = entry.system;
  const flip = (steps) => (turn % 2 === 0 ? steps : [...steps].reverse());
  const profile = await makeProfile();
  try {
    const fetching = [
      () => fetchAndStore(bench, entry, 'baseline', true),
      () => visit(bench, entry, 'first', profile),
      () => fetchAndStore(bench, entry, 'unhashed', false),
    ];
    for (const step of flip(fetching)) await step();
    const reading = [
      () => visit(bench, entry, 'second', profile),
      () =>
        timed(bench, entry, 'raw', { page: 'baseline', profile }, (page) =>
          page.call('readRaw', { kind, bytes: bench.model.bytes }),
        ),
    ];
    for (const step of flip(reading)) await step();
  } finally {
    await removeProfile(profile);
  }
}

function fetchAndStore(bench, entry, name, hashes) {
  const { kind } = entry.system;
  return timed(bench, entry, name, { page: 'baseline' }, async (page) => {
    const stored = await page.call('fetchAndStore', { url: '/model.gguf', kind, hashes });
    note(entry, `${name}PeakBytes`, (await page.memory())?.peakBytes);
    return stored;
  });
}

async function peerRound(bench, entry) {
  if (bench.peers === undefined) throw new Error('the peers are not installed');
  const profile = await makeProfile();
  try {
    await visit(bench, entry, 'first', profile);
    await visit(bench, entry, 'second', profile);
  } finally {
    await removeProfile(profile);
  }
}

async function visit(bench, entry, name, profile) {
  const { system } = entry;
  const { shards } = bench;
  const at = { page: system.page, profile };
  await timed(bench, entry, name, at, async (page) => {
    const idle = await page.memory();
    const loaded = await page.call('load', {
      url: '/model.gguf',
      shardUrl: `/shards/model/${shards?.names[0]}`,
      names: shards?.names,
      shardBytes: shards?.bytes,
      kind: system.kind,
      isSecond: name === 'second',
      threads: Math.max(...bench.threads),
      contextLength: CONTEXT_LENGTH,
    });
    const atEnd = await page.memory();
    await page.call('destroy');
    await sleep(SETTLE_MS);
    const destroyed = await page.memory();
    note(entry, 'idleBytes', idle?.rssBytes);
    note(entry, `${name}PeakBytes`, atEnd?.peakBytes);
    note(entry, 'destroyedBytes', destroyed?.rssBytes);
    note(entry, 'heldBytes', loaded.heldBytes);
    return loaded;
  });
}

/** Takes one sample in a browser of its own. */
async function timed(bench, entry, name, { page: pageName, profile }, work) {
  await writeOut();
  await waitQuiet(bench.patienceMs);
  const url = `${bench.server.origin}/bench/pages/storage.html?system=${pageName}`;
  const page = await openPage(url, profile);
  try {
    const { ms } = await work(page);
    note(entry, name, ms);
    entry.browser = page.browser;
    bench.progress(`${entry.system.title}, ${name}: ${(ms / 1000).toFixed(2)} s`);
  } finally {
    await page.close();
  }
}

// What earlier samples wrote must not wait for the disk while this one runs.
async function writeOut() {
  if (process.platform !== 'win32') await promisify(execFile)('sync');
}

function note({ samples }, name, value) {
  if (value === undefined) return;
  samples.set(name, [...(samples.get(name) ?? []), value]);
}

// The cores are never idle here, and threads of one load wait for each other: pressure on the cores says nothing about
// other work, so that no sample counts as disturbed.
function summary(values) {
  if (values === undefined) return undefined;
  return {
    value: median(values),
    best: Math.min(...values),
    worst: Math.max(...values),
    n: values.length,
    isQuiet: true,
    samples: values,
  };
}

function toRow({ system, samples, failures, browser }, rounds) {
  const times = ['first', 'baseline', 'unhashed', 'second', 'raw'];
  const bytes = [
    'heldBytes',
    'idleBytes',
    'baselinePeakBytes',
    'unhashedPeakBytes',
    'firstPeakBytes',
    'secondPeakBytes',
    'destroyedBytes',
  ];
  return {
    system: system.part,
    title: system.title,
    kind: system.kind,
    isOurs: system.kind !== undefined,
    browser,
    ...Object.fromEntries(times.map((name) => [name, summary(samples.get(name))])),
    memory: Object.fromEntries(bytes.map((name) => [name, median(samples.get(name) ?? [])])),
    error:
      failures.length === 0
        ? undefined
        : `failed in ${failures.length} of ${rounds} rounds: ${failures[0]}`,
  };
}
