// Pictures through the vision encoder of a full-size Phi-3.5-vision (random weights, Q8_0), in Node: the tool of
// tools/phi compiled to wasm. Rows of {picture, threads, tiles, seconds, secondsPerTile, gopPerSecond, percent}.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildWasm } from '../../../tools/build/wasm.mjs';
import { cacheFolder } from '../../../tools/setup/cache.mjs';
import { ensureModernNode } from '../../../tools/setup/modern-node.mjs';
import { runShown, SetupError } from '../../../tools/setup/report.mjs';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';
import { waitQuiet, watch } from './quiet.mjs';
import { summarise } from './stats.mjs';

const SIDE = 336;
/* What the transform makes of a square photo. */
const PICTURES = [
  { title: '4 crops', side: 2 },
  { title: '16 crops', side: 4 },
];

/** Operations (two a multiply-add) of the matrices alone, for one tile: patches, 23 layers, projector. */
function tileOperations() {
  const [patches, width, inner, layers, text] = [576, 1024, 4096, 23, 3072];
  const layer = (patches + 1) * (4 * width * width + 2 * width * inner);
  const projector = (patches / 4) * (4 * width * text + text * text);
  return 2 * (patches * 3 * 14 * 14 * width + layers * layer + projector);
}

function ensureVisionModel(progress) {
  const file = path.join(cacheFolder(), 'models', 'phi3-vision-synthetic-l1-q4_0-q8_0.gguf');
  if (existsSync(file)) return file;
  progress(`writing ${file}`);
  const script = path.join(REPOSITORY, 'tools/models/make_synthetic.py');
  const args = ['--layers', '1', '--quant', 'q4_0', '--vision', 'q8_0', '--output', file];
  const code = runShown('python3', [script, ...args]);
  if (code !== 0) throw new SetupError(`make_synthetic.py failed with ${code}`);
  return file;
}

/* Noise: no block of activations is zero. */
function writePicture(file, side) {
  const pixels = Buffer.alloc(side * side * 3);
  for (let i = 0, x = 1; i < pixels.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    pixels[i] = x >>> 24;
  }
  writeFileSync(file, Buffer.concat([Buffer.from(`P6\n${side} ${side}\n255\n`), pixels]));
}

function encode(node, program, model, picture, threads) {
  const args = [program, 'image', '--model', model, '--image', picture, '--json'];
  const text = execFileSync(node, [...args, '--threads', String(threads)], { encoding: 'utf8' });
  return JSON.parse(text);
}

export async function vision({ threads, runs, patienceMs, progress }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pocketphi-bench-'));
  try {
    const program = path.join(buildWasm('relaxed-mt', 'phi'), 'phi.js');
    const node = ensureModernNode();
    const model = ensureVisionModel(progress);
    const rows = [];
    for (const { title, side } of PICTURES) {
      const picture = path.join(folder, `${side}.ppm`);
      writePicture(picture, side * SIDE);
      for (const n of threads) {
        const samples = [];
        for (let run = 0; run < runs; run++) {
          await waitQuiet(patienceMs);
          samples.push(await watch(async () => encode(node, program, model, picture, n)));
        }
        rows.push(summariseRow({ title, tiles: side * side + 1, threads: n }, samples));
        progress(
          `vision, ${title}, ${n} threads: ${rows.at(-1).secondsPerTile.value.toFixed(2)} s a tile`,
        );
      }
    }
    return { rows };
  } catch (error) {
    return { missing: error.message.split('\n')[0] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summariseRow(row, samples) {
  const operations = tileOperations() * row.tiles;
  const of = (take) =>
    summarise(samples.map(({ value, stall }) => ({ value: take(value), stall })));
  return {
    ...row,
    secondsPerTile: of(({ seconds }) => seconds / row.tiles),
    gopPerSecond: of(({ seconds }) => operations / seconds / 1e9),
    gemmGopPerSecond: of((value) => value.gemm_gop_per_s),
  };
}
