// Pictures through the vision encoder of a full-size Phi-3.5-vision (random weights, Q8_0; one text layer, which takes
// no part), in Chromium by the package's own interface.
// Rows of {title, threads, tiles, tokens, seconds, prepareSeconds, gopPerSecond, gemmGopPerSecond}.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../../tools/setup/cache.mjs';
import { runShown, SetupError } from '../../../tools/setup/report.mjs';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';
import { openPage } from './browser.mjs';
import { waitQuiet, watch } from './quiet.mjs';
import { startServer } from './server.mjs';
import { summarise } from './stats.mjs';

/* Square photos: all tiles are full. */
const SIDE = 1344;
const PICTURES = [
  { title: 'fast: 1 crop', numCrops: 1 },
  { title: '4 crops', numCrops: 4 },
  { title: '16 crops', numCrops: 16 },
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

export async function vision({ threads, runs, routes, patienceMs, progress }) {
  let server;
  let page;
  try {
    const file = ensureVisionModel(progress);
    server = await startServer([...routes, { prefix: '/model.gguf', file }]);
    page = await openPage(`${server.origin}/bench/pages/vision.html`);
    const rows = [];
    for (const n of threads) {
      await page.call('open', { url: '/model.gguf', threads: n });
      for (const picture of PICTURES) {
        const samples = [];
        for (let run = 0; run < runs; run++) {
          await waitQuiet(patienceMs);
          samples.push(await watch(() => measureOnce(page, picture)));
        }
        rows.push(summariseRow({ title: picture.title, threads: n }, samples));
        progress(
          `vision, ${picture.title}, ${n} threads: ${rows.at(-1).seconds.value.toFixed(2)} s`,
        );
      }
    }
    return { rows, browser: page.browser };
  } catch (error) {
    return { missing: error.message.split('\n')[0] };
  } finally {
    await page?.close();
    await server?.close();
  }
}

/* The kernel's rate is taken beside each picture: the machine is not the same from minute to minute. */
async function measureOnce(page, { numCrops }) {
  const rate = await page.call('rate');
  return { rate, ...(await page.call('encode', { side: SIDE, numCrops })) };
}

function summariseRow(row, samples) {
  const { tiles, tokens, rate } = samples[0].value;
  const of = (take) =>
    summarise(samples.map(({ value, stall }) => ({ value: take(value), stall })));
  return {
    ...row,
    tiles,
    tokens,
    seconds: of(({ seconds }) => seconds),
    prepareSeconds: of(({ prepareSeconds }) => prepareSeconds),
    gopPerSecond: of(({ seconds }) => (tileOperations() * tiles) / seconds / 1e9),
    ...(rate.threads === row.threads && {
      gemmGopPerSecond: of((value) => value.rate.gopPerSecond),
    }),
  };
}
