// Command line of the benchmark.
import { parseArgs } from 'node:util';
import { SetupError } from '../../../tools/setup/report.mjs';
import { MODEL_NAMES } from './models.mjs';

const STORAGE_PARTS = [
  'storage-opfs',
  'storage-indexeddb',
  'storage-wllama-old',
  'storage-wllama-new',
  'storage-transformers',
];
export const PARTS = [
  'bandwidth',
  'kernels',
  'vision',
  'onnxruntime',
  'pocketphi',
  'wllama-old',
  'wllama-new',
  'llama-cpp',
  'llama-cpp-nofa',
  ...STORAGE_PARTS,
];
/* Names for several parts. */
const GROUPS = { storage: STORAGE_PARTS };
/* What takes minutes more. */
const NOT_QUICK = ['wllama-new', 'storage-wllama-new', 'storage-transformers'];

export const HELP = `npm run bench -- [options] [part...]

Measures PocketPhi in Chromium beside wllama, onnxruntime-web and native llama.cpp, on the same GGUF in one run; and
first and second visits with the browser's storage, beside wllama and transformers.js.

  --quick            8-layer slices, fewer runs, no newest peers: minutes instead of an hour
  --only A,B         only these parts (or name them without --only): ${PARTS.join(', ')};
                     storage: all of storage-*; vision: pictures through a full-size encoder
  --model M          ${MODEL_NAMES.join(', ')} or a GGUF file; may be repeated (default: q4_0 and q4_k_m)
  --threads 1,2      thread counts (default 1,2)
  --runs N           measured rounds of each system (default 3)
  --loads N          how often our own load, and each visit with the storage, is timed (default 3)
  --prefill N        prompt tokens (default 128)
  --decode N         tokens decoded behind them (default 16)
  --long N           the long context (default 2048; 0 leaves it out)
  --peer-long        measure wllama at the long context too (many minutes at full size)
  --patience S       wait up to S seconds before each sample until the machine is idle, and repeat disturbed samples
  --json FILE        write everything as JSON
  --record           append a row to tests/bench/results/<machine>.jsonl
  --help             this text
`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  model: { type: 'string', multiple: true },
  threads: { type: 'string', default: '1,2' },
  runs: { type: 'string' },
  loads: { type: 'string' },
  prefill: { type: 'string', default: '128' },
  decode: { type: 'string', default: '16' },
  long: { type: 'string', default: '2048' },
  'peer-long': { type: 'boolean', default: false },
  patience: { type: 'string', default: '0' },
  json: { type: 'string' },
  record: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

function count(name, text, min, max) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new SetupError(`--${name}: expected a whole number from ${min} to ${max}, got ${text}`);
  }
  return value;
}

function choose(quick, chosen) {
  if (chosen.length === 0) return quick ? PARTS.filter((part) => !NOT_QUICK.includes(part)) : PARTS;
  const names = chosen.flatMap((name) => GROUPS[name] ?? [name]);
  const unknown = names.filter((name) => !PARTS.includes(name));
  if (unknown.length > 0)
    throw new SetupError(`unknown part ${unknown.join(', ')}; known: storage, ${PARTS.join(', ')}`);
  return names;
}

export function parseOptions(args) {
  let values;
  let positionals;
  try {
    ({ values, positionals } = parseArgs({
      args,
      options: OPTIONS,
      strict: true,
      allowPositionals: true,
    }));
  } catch (error) {
    throw new SetupError(`${error.message}; see --help`);
  }
  const longContext = count('long', values.long, 0, 131072);
  const prefill = count('prefill', values.prefill, 1, 4096);
  const runs = count('runs', values.runs ?? (values.quick ? '2' : '3'), 1, 100);
  const decode = count('decode', values.decode, 1, 1024);
  return {
    help: values.help,
    parts: choose(values.quick, [...(values.only?.split(',') ?? []), ...positionals]),
    models: values.model ?? (values.quick ? ['q4_0-8l'] : ['q4_0', 'q4_k_m']),
    threads: values.threads.split(',').map((text) => count('threads', text, 1, 64)),
    runs,
    loads: count('loads', values.loads ?? (values.quick ? '1' : '3'), 1, 100),
    prefill,
    decode,
    longContext,
    contextLength: Math.max(longContext + (runs + 1) * decode, prefill + decode) + 64,
    wantsPeerLong: values['peer-long'],
    patienceMs: 1000 * count('patience', values.patience, 0, 86400),
    json: values.json,
    record: values.record,
  };
}
