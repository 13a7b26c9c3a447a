// The GGUF files to measure with: synthetic Phi-3-mini in its real shapes, written by tools/models/make_synthetic.py
// into the cache on first use; the tutor of the site, as the small real model; or any file named by path.
import { existsSync, mkdirSync, openAsBlob, renameSync, rmSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../../../tools/setup/cache.mjs';
import { runShown, SetupError } from '../../../tools/setup/report.mjs';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';
import { addWindow, splitGguf } from './split-gguf.js';

const QUANTS = ['q4_0', 'q4_k_m'];
const LAYERS = { full: 32, slice: 8 };

const REAL = { tutor: path.join(REPOSITORY, 'demo/models/tutor.gguf') };
const SYNTHETIC = Object.keys(LAYERS).flatMap((size) =>
  QUANTS.map((quant) => (size === 'full' ? quant : `${quant}-8l`)),
);

export const MODEL_NAMES = [...SYNTHETIC, ...Object.keys(REAL)];

function synthetic(quant, layers, progress) {
  const file = path.join(
    cacheFolder(),
    'models',
    `phi3-mini-synthetic-l${layers}-c4096-s3-${quant}.gguf`,
  );
  if (!existsSync(file)) {
    progress(`writing ${file}`);
    const script = path.join(REPOSITORY, 'tools/models/make_synthetic.py');
    const code = runShown('python3', [
      script,
      '--quant',
      quant,
      '--layers',
      String(layers),
      '--output',
      file,
    ]);
    if (code !== 0) throw new SetupError(`make_synthetic.py failed with ${code}`);
  }
  return file;
}

/** {name, file, bytes} of a known name (see MODEL_NAMES) or a path. */
export function ensureModel(name, progress) {
  const [quant, size] = name.split('-');
  const isSynthetic = SYNTHETIC.includes(name);
  const file = isSynthetic
    ? synthetic(quant, size === '8l' ? LAYERS.slice : LAYERS.full, progress)
    : (REAL[name] ?? path.resolve(name));
  const info = statSync(file, { throwIfNoEntry: false });
  if (info === undefined) {
    throw new SetupError(`no model ${name}: neither a file nor one of ${MODEL_NAMES.join(', ')}`);
  }
  return { name: isSynthetic ? `phi3-mini ${name}` : path.basename(file), file, bytes: info.size };
}

/** The model in shards that llama.cpp reads, for peers that cannot hold a file of 2 GiB: {folder, names, bytes}.
 *  They are written into the cache on first use. */
export async function ensureShards({ file }, shardBytes, progress) {
  const folder = path.join(
    cacheFolder(),
    'models',
    `${path.basename(file, '.gguf')}-shards-${shardBytes >> 20}m`,
  );
  if (!existsSync(folder)) {
    progress(`writing ${folder}`);
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const shards = await splitGguf(await openAsBlob(file), shardBytes, addWindow);
    const pad = (number) => String(number).padStart(5, '0');
    for (const [i, shard] of shards.entries()) {
      const name = `model-${pad(i + 1)}-of-${pad(shards.length)}.gguf`;
      await writeFile(path.join(unfinished, name), shard.stream());
    }
    renameSync(unfinished, folder);
  }
  const names = (await readdir(folder)).sort();
  const bytes = names.reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  return { folder, names, bytes };
}
