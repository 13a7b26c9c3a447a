// Speed of native llama.cpp on a GGUF file: prefill and decode in tokens a second, as JSON on stdout.

import { parseArgs } from 'node:util';
import { openLlama } from './runtime.mjs';

const HELP = `usage: node bench.mjs --model FILE [options]

  --threads N        default 2
  --prefill LIST     prompt lengths to time, comma-separated; default 128
  --context LIST     tokens in the cache before decoding begins; default 128
  --decode N         tokens decoded one at a time for each figure; default 32
  --repetitions N    default 3; the median is reported, all are listed
  --batch N          llama.cpp's batch size; default 512
  --gpu-layers is always 0; the KV cache is f16; flash attention is llama.cpp's own choice.
`;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string', default: '2' },
    prefill: { type: 'string', default: '128' },
    context: { type: 'string', default: '128' },
    decode: { type: 'string', default: '32' },
    repetitions: { type: 'string', default: '3' },
    batch: { type: 'string', default: '512' },
    help: { type: 'boolean', default: false },
  },
});

const list = (text) => text.split(',').map(Number);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Ids of ordinary tokens; the same every run. */
function makeTokens(n) {
  let state = 12345;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 300 + ((state >>> 8) % 29000);
  });
}

// Every figure includes the logits and the choice of the next token, as real generation does.
const wanted = { generateNext: { token: true, options: { temperature: 0 } } };

async function feed(sequence, tokens) {
  const items = tokens.map((token, i) => (i === tokens.length - 1 ? [token, wanted] : token));
  const start = performance.now();
  await sequence.controlledEvaluate(items);
  return (performance.now() - start) / 1000;
}

async function timePrefill(sequence, n) {
  await sequence.clearHistory();
  return n / (await feed(sequence, makeTokens(n)));
}

async function timeDecode(sequence, nContext, nDecode) {
  await sequence.clearHistory();
  if (nContext > 0) await feed(sequence, makeTokens(nContext));
  let seconds = 0;
  for (const token of makeTokens(nDecode)) seconds += await feed(sequence, [token]);
  return nDecode / seconds;
}

async function repeat(n, measure) {
  await measure(); // the first run of a shape builds its graph
  const all = [];
  for (let i = 0; i < n; i++) all.push(await measure());
  return { tokens_per_second: median(all), all };
}

async function main() {
  if (options.help || options.model === undefined) {
    process.stdout.write(HELP);
    process.exitCode = options.help ? 0 : 2;
    return;
  }
  const threads = Number(options.threads);
  const nDecode = Number(options.decode);
  const repetitions = Number(options.repetitions);
  const longest = Math.max(
    ...list(options.prefill),
    ...list(options.context).map((n) => n + nDecode),
  );
  const { llama, versions } = await openLlama({ threads });
  const start = performance.now();
  const model = await llama.loadModel({ modelPath: options.model, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: longest + 8,
    batchSize: Number(options.batch),
    threads: { ideal: threads, min: threads },
  });
  const loadSeconds = (performance.now() - start) / 1000;
  const sequence = context.getSequence();

  const result = {
    system: 'llama.cpp native',
    versions,
    model: options.model,
    threads,
    load_seconds: loadSeconds,
    prefill: [],
    decode: [],
  };
  for (const n of list(options.prefill)) {
    result.prefill.push({
      tokens: n,
      ...(await repeat(repetitions, () => timePrefill(sequence, n))),
    });
  }
  for (const n of list(options.context)) {
    const figures = await repeat(repetitions, () => timeDecode(sequence, n, nDecode));
    result.decode.push({ context: n, tokens: nDecode, ...figures });
  }
  process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
  await llama.dispose();
}

await main();
