// npm run bench: one table with every figure that the project promises. See --help and lib/options.mjs.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMain } from '../../tools/setup/report.mjs';
import { ensureNodeModules, REPOSITORY } from '../../tools/setup/workspace.mjs';
import { describeMachine, machineName } from './lib/machine.mjs';
import { ensureModel } from './lib/models.mjs';
import { HELP, parseOptions } from './lib/options.mjs';
import { ensurePeers } from './lib/peers.mjs';
import { computeTargets, formatReport } from './lib/report.mjs';

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const SIZES = path.join(REPOSITORY, 'dist/sizes.json');
const SIZED_VARIANT = 'pocketphi-relaxed-mt';

function progress(line) {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
}

// Peers that cannot be installed are reported by the systems that need them; the rest goes on.
function tryPeers() {
  try {
    return ensurePeers(progress);
  } catch (error) {
    progress(`peers are missing: ${error.message}`);
    return undefined;
  }
}

function packageSize() {
  if (!existsSync(SIZES)) return undefined;
  const { variants } = JSON.parse(readFileSync(SIZES, 'utf8'));
  return (variants[SIZED_VARIANT] ?? Object.values(variants)[0])?.gzip;
}

async function measure(options) {
  // These need node_modules, which ensureNodeModules() has just made sure of.
  const { kernels, nativeBandwidth, onnxruntime, wasmBandwidth } = await import('./lib/micro.mjs');
  const { measureModel } = await import('./lib/measure.mjs');
  const { vision } = await import('./lib/vision.mjs');
  const { pocketphi, wllamaNew, wllamaOld } = await import('./systems/browser.mjs');
  const { measureStorage } = await import('./lib/storage.mjs');
  const { llamaCpp, llamaCppNoFlash } = await import('./systems/llama-cpp.mjs');
  const wants = (part) => options.parts.includes(part);
  const peers = tryPeers();
  const shared = {
    ...options,
    peers,
    progress,
    routes: [
      { prefix: '/bench/', folder: FOLDER },
      { prefix: '/dist/', folder: path.join(REPOSITORY, 'dist') },
      ...(peers === undefined ? [] : [{ prefix: '/peers/', folder: peers }]),
    ],
  };
  const result = { machine: describeMachine(), options, models: [] };
  if (wants('bandwidth')) {
    progress('memory bandwidth');
    result.bandwidth = { native: await nativeBandwidth(shared), wasm: await wasmBandwidth(shared) };
    result.browser = result.bandwidth.wasm.browser;
  }
  if (wants('kernels')) result.kernels = await kernels(shared);
  if (wants('vision')) result.vision = await vision(shared);
  if (wants('onnxruntime')) result.onnx = await onnxruntime(shared);
  const systems = [pocketphi, wllamaOld, llamaCpp, llamaCppNoFlash, wllamaNew].filter(({ name }) =>
    wants(name),
  );
  const wantsStorage = options.parts.some((part) => part.startsWith('storage-'));
  for (const name of systems.length > 0 || wantsStorage ? options.models : []) {
    const model = ensureModel(name, progress);
    const rows = systems.length > 0 ? await measureModel(systems, model, shared) : [];
    const storage = wantsStorage ? await measureStorage(model, shared) : undefined;
    result.browser ??=
      rows.find(({ info }) => info?.browser !== undefined)?.info.browser ??
      storage?.find(({ browser }) => browser !== undefined)?.browser;
    result.models.push({ name: model.name, bytes: model.bytes, rows, storage });
  }
  result.targets = computeTargets(result.models, packageSize());
  return result;
}

function storageRecord({ title, first, baseline, unhashed, second, raw, memory, error }) {
  return {
    title,
    first_ms: first?.value,
    fetch_hash_store_ms: baseline?.value,
    fetch_store_ms: unhashed?.value,
    second_ms: second?.value,
    raw_ms: raw?.value,
    ...memory,
    error,
  };
}

// One line a run: what a later run is compared with.
function record(result) {
  const folder = path.join(FOLDER, 'results');
  const file = path.join(folder, `${machineName(result.machine)}.jsonl`);
  mkdirSync(folder, { recursive: true });
  const models = result.models.map(({ name, rows, storage }) => ({
    name,
    storage: storage?.map(storageRecord),
    rows: rows.map(
      ({ system, threads, loadMs, fetchMs, prefill, decode, decodeLong, memory, error }) => ({
        system,
        threads,
        load_ms: loadMs?.value,
        fetch_ms: fetchMs?.value,
        prefill: prefill?.value,
        decode: decode?.value,
        decode_long: decodeLong?.value,
        is_quiet: decode?.isQuiet,
        ...memory,
        error,
      }),
    ),
  }));
  const { machine, browser, options, targets } = result;
  const lengths = { promptTokens: options.prefill, decodedTokens: options.decode };
  appendFileSync(file, `${JSON.stringify({ machine, browser, lengths, models, targets })}\n`);
  progress(`recorded in ${path.relative(process.cwd(), file)}`);
}

await runMain(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  ensureNodeModules();
  const result = await measure(options);
  process.stdout.write(`\n${formatReport(result)}`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.record) record(result);
});
