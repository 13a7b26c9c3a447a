// Whole models: every system on the same file, in turns, so that a slow minute of the machine hits all alike.

import { availableBytes, loadAverage } from './machine.mjs';
import { STALL_MAX, waitQuiet, watch } from './quiet.mjs';
import { startServer } from './server.mjs';
import { summarise } from './stats.mjs';

const SLOW_MS = 20000; // a first round this long counts as it is: another one would cost minutes
const SHORT_CONTEXT = 512;
const SPARE_BYTES = 3 * 2 ** 30;
const KV_BYTES_PER_TOKEN = 2 * 3072 * 2 * 32; // f16, keys and values, full size: an upper bound for the plan

/** Rows {system, model, threads, load, prefill, decode, decodeLong, memory, error}, one a system and thread count. */
export async function measureModel(systems, model, options) {
  const server = await startServer([
    ...options.routes,
    { prefix: '/model.gguf', file: model.file },
  ]);
  const rows = [];
  try {
    for (const threads of options.threads) {
      for (const group of planGroups(systems, model, options)) {
        rows.push(
          ...(await measureGroup(group, model, threads, { ...options, origin: server.origin })),
        );
      }
    }
  } finally {
    await server.close();
  }
  return rows;
}

// Systems that fit into memory together are measured in turns; the others follow.
function planGroups(systems, model, { contextLength }) {
  const budget = availableBytes() - SPARE_BYTES;
  const groups = [];
  let used = Infinity;
  for (const system of systems) {
    const need = model.bytes * system.memoryFactor + contextLength * KV_BYTES_PER_TOKEN;
    if (used + need > budget) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1).push(system);
    used += need;
  }
  return groups;
}

async function measureGroup(systems, model, threads, options) {
  const open = [];
  const rows = [];
  try {
    for (const system of systems) {
      const row = {
        system: system.name,
        title: system.title,
        model: model.name,
        bytes: model.bytes,
        threads,
      };
      rows.push(row);
      await attempt(row, options, async () =>
        open.push(await load(system, model, threads, row, options)),
      );
    }
    for (let run = 0; run <= options.runs; run++) {
      for (const entry of open.filter(wantsRound))
        await attempt(entry.row, options, () => round(entry, run, options));
    }
    for (const entry of open.filter(({ row }) => row.error === undefined)) {
      await attempt(entry.row, options, () => finish(entry, options));
    }
  } finally {
    for (const { handle } of open) await handle.close();
  }
  return rows;
}

// A system that fails is reported in its row, and the others go on.
async function attempt(row, { progress }, work) {
  try {
    await work();
  } catch (error) {
    row.error = error.message;
    progress(`${row.title}, ${row.threads} threads: ${error.message}`);
  }
}

// Our own load is what a target speaks of, so it is repeated, each time beside a bare fetch of the same bytes.
async function load(system, model, threads, row, options) {
  if (!system.isOurs && options.peers === undefined) throw new Error('the peers are not installed');
  const loads = system.isOurs ? options.loads : 1;
  const samples = [];
  const fetches = [];
  let handle;
  for (let i = 0; i < loads; i++) {
    await handle?.close();
    await waitQuiet(options.patienceMs);
    const contextLength = wantsLong(system, options) ? options.contextLength : SHORT_CONTEXT;
    const { value, stall } = await watch(() =>
      system.open({ ...options, model, threads, contextLength, wantsFetch: system.isOurs }),
    );
    handle = value;
    samples.push({ value: handle.info.loadMs, stall });
    if (handle.info.fetchOnlyMs !== undefined)
      fetches.push({ value: handle.info.fetchOnlyMs, stall });
  }
  row.loadMs = summarise(samples);
  row.fetchMs = summarise(fetches);
  row.info = handle.info;
  if (handle.info.threads !== threads)
    throw new Error(`threads: expected ${threads}, got ${handle.info.threads}`);
  options.progress(
    `${system.title}, ${threads} threads, ${model.name}: loaded in ${seconds(row.loadMs.value)}`,
  );
  return { handle, system, row, prefill: [], decode: [], isSlow: false };
}

// Filling a long context takes wllama minutes at full size: only when asked for.
function wantsLong({ canFill, isOurs, isNative }, { longContext, wantsPeerLong }) {
  return longContext > 0 && canFill && (isOurs || isNative || wantsPeerLong);
}

function wantsRound({ row, isSlow }) {
  return row.error === undefined && !isSlow;
}

// Round 0 warms up (tiers of the wasm compiler, page faults) and is not counted unless it is very slow. A disturbed
// round is taken again while patience lasts.
async function round(entry, run, options) {
  const { handle, row } = entry;
  for (let attempts = options.patienceMs > 0 ? 3 : 1; attempts > 0; attempts--) {
    await waitQuiet(run === 0 ? 0 : options.patienceMs);
    const { value, stall } = await watch(() => handle.round(options));
    entry.isSlow = value.prefill.ms > SLOW_MS;
    if (run === 0 && !entry.isSlow) return;
    entry.prefill.push({ value: rate(value.prefill), stall });
    entry.decode.push({ value: rate(value.decode), stall });
    row.prefillTokens = value.prefill.tokens;
    options.progress(
      `${row.title}, ${row.threads} threads: prefill ${rate(value.prefill).toFixed(2)}, ` +
        `decode ${rate(value.decode).toFixed(2)} tok/s, stalled ${(100 * stall).toFixed(0)} %, load ${loadAverage()}`,
    );
    if (stall <= STALL_MAX || entry.isSlow) return;
  }
}

async function finish(entry, options) {
  const { handle, system, row } = entry;
  row.prefill = summarise(entry.prefill);
  row.decode = summarise(entry.decode);
  row.samples = { prefill: entry.prefill, decode: entry.decode };
  row.loadAverage = loadAverage();
  if (wantsLong(system, options)) row.decodeLong = await decodeLong(handle, row, options);
  row.memory = await handle.memory();
}

// The cache is filled once; the runs then follow one another, which moves the context by a few tokens only.
async function decodeLong(handle, row, options) {
  const samples = [];
  await handle.fill(options.longContext);
  for (let run = 0; run < options.runs; run++) {
    await waitQuiet(options.patienceMs);
    const { value, stall } = await watch(() => handle.decode(options.decode));
    samples.push({ value: rate(value), stall });
    options.progress(
      `${row.title}, ${row.threads} threads, context ${options.longContext}: decode ` +
        `${rate(value).toFixed(2)} tok/s, stalled ${(100 * stall).toFixed(0)} %`,
    );
  }
  return summarise(samples);
}

function rate({ ms, tokens }) {
  return (tokens * 1000) / ms;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
