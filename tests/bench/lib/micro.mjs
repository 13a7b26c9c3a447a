// The small benchmarks: memory bandwidth (native and wasm), onnxruntime-web's MatMulNBits, our kernels. Each returns
// {rows} or {missing: why}.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, which } from '../../../tools/setup/report.mjs';
import { openPage } from './browser.mjs';
import { buildKernelProgram, KERNELS_FOLDER } from './kernel-program.mjs';
import { waitQuiet, watch } from './quiet.mjs';
import { startServer } from './server.mjs';
import { summarise } from './stats.mjs';

const READ_MEBIBYTES = 512; // far beyond any cache
const READ_MS = 800;
const KERNEL_ROUNDS = 15; // of pieces of a fraction of a millisecond
const READ_SOURCE = fileURLToPath(new URL('../read_bandwidth.c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang'];

/** Phi-3-mini's matrices: rows x depth. The MLP's are listed as the exports have them, gate and up apart or fused. */
const SHAPES = [
  { rows: 9216, depth: 3072 },
  { rows: 3072, depth: 3072 },
  { rows: 16384, depth: 3072 },
  { rows: 3072, depth: 8192 },
];

/** GB/s of a plain native read loop, per thread count. */
export async function nativeBandwidth({ threads, runs, patienceMs }) {
  const compiler = COMPILERS.map((name) => which(name)).find(Boolean);
  if (compiler === undefined) return { missing: `no C compiler (${COMPILERS.join(', ')}) on PATH` };
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pocketphi-bench-'));
  try {
    const program = path.join(folder, 'read_bandwidth');
    run(compiler, ['-O3', '-march=native', '-std=c11', '-pthread', READ_SOURCE, '-o', program]);
    const rows = [];
    for (const n of threads) {
      rows.push({
        threads: n,
        gbPerSecond: await sample(
          runs,
          patienceMs,
          () => JSON.parse(run(program, [String(READ_MEBIBYTES), String(n), '4'])).gb_per_s,
        ),
      });
    }
    return { rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** GB/s of v128 loads in wasm, in Chromium. */
export async function wasmBandwidth({ threads, runs, routes, patienceMs }) {
  return withPage('bandwidth', routes, async (page) => {
    const rows = [];
    for (const n of threads) {
      rows.push({
        threads: n,
        gbPerSecond: await sample(
          runs,
          patienceMs,
          async () =>
            (await page.call('read', { threads: n, mebibytes: READ_MEBIBYTES, ms: READ_MS }))
              .gbPerSecond,
        ),
      });
    }
    return { rows, browser: page.browser };
  });
}

/** onnxruntime-web on the model's matrices, M = 1 (GB/s of weights) and M = columns (GOP/s). */
export async function onnxruntime({ threads, runs, routes, peers, prefill, patienceMs, progress }) {
  if (peers === undefined) return { missing: 'the peers are not installed' };
  const rows = [];
  for (const n of threads) {
    const result = await withPage('onnxruntime', routes, async (page) => {
      for (const shape of SHAPES)
        rows.push(await oneMatMul(page, shape, n, { runs, prefill, patienceMs, progress }));
      return { rows };
    });
    if (result.missing !== undefined) return result;
  }
  return { rows };
}

async function oneMatMul(page, { rows, depth }, threads, { runs, prefill, patienceMs, progress }) {
  await waitQuiet(patienceMs);
  const { value, stall } = await watch(() =>
    page.call('matMul', {
      rows,
      depth,
      block: 32,
      accuracyLevel: 4,
      columns: prefill,
      threads,
      runs,
    }),
  );
  const samples = (m, work) =>
    summarise(value.ms[m].map((ms) => ({ value: work / ms / 1e6, stall })));
  const row = {
    rows,
    depth,
    threads,
    columns: prefill,
    gbPerSecond: samples(1, value.bytes),
    gopPerSecond: samples(prefill, 2 * prefill * rows * depth),
  };
  progress(
    `onnxruntime-web ${rows}x${depth}, ${threads} threads: ${row.gbPerSecond.value.toFixed(2)} GB/s, ` +
      `${row.gopPerSecond.value.toFixed(1)} GOP/s`,
  );
  return row;
}

/** Our own kernels in Chromium, one thread: rows {op, layout, isa, rows, cols, gb_per_s, gop_per_s, best}. */
export async function kernels({ runs, routes, progress }) {
  const missing = buildKernelProgram();
  if (missing !== undefined) return { missing };
  progress('kernels');
  const all = [...routes, { prefix: '/kernels/', folder: KERNELS_FOLDER }];
  return withPage('kernels', all, async (page) => ({
    rows: await page.call('kernels', { rounds: runs * KERNEL_ROUNDS }),
  }));
}

async function sample(runs, patienceMs, work) {
  const samples = [];
  for (let i = 0; i < runs; i++) {
    await waitQuiet(patienceMs);
    samples.push(await watch(work));
  }
  return summarise(samples);
}

async function withPage(name, routes, work) {
  const server = await startServer(routes);
  let page;
  try {
    page = await openPage(`${server.origin}/bench/pages/${name}.html`);
    return await work(page);
  } catch (error) {
    return { missing: error.message.split('\n')[0] };
  } finally {
    await page?.close();
    await server.close();
  }
}
