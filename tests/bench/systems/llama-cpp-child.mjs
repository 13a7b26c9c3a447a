// Native llama.cpp, driven over IPC: {call, args} in, {value} or {error} out. Uses node-llama-cpp's loader for the
// model and then its batch interface directly, so that nothing but llama_decode is timed: no sampling, no
// detokenising, no queue of the wrapper between tokens.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { benchTokens } from '../lib/tokens.js';

const BATCH = 512;
const NOTED = /CPU_REPACK model buffer|flash_attn|loaded CPU backend/;

const resolve = createRequire(`${process.env.POCKETPHI_PEERS}/`).resolve;
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve('node-llama-cpp')).href);

const notes = [];
let raw; // the addon's context
let nPast = 0;

async function evaluate(tokens) {
  raw.initBatch(tokens.length);
  raw.addToBatch(0, nPast, Uint32Array.from(tokens), Uint32Array.of(tokens.length - 1));
  const start = performance.now();
  await raw.decodeBatch();
  nPast += tokens.length;
  return performance.now() - start;
}

function clear() {
  raw.disposeSequence(0);
  nPast = 0;
}

const calls = {
  async open({ path, threads, contextLength, flashAttention }) {
    const llama = await getLlama({
      gpu: false,
      build: 'never',
      maxThreads: 0,
      logLevel: LlamaLogLevel.debug,
      logger: (_level, text) =>
        void (NOTED.test(text) && notes.push(text.trim().replace(/\/.*\//, ''))),
    });
    const start = performance.now();
    const model = await llama.loadModel({
      modelPath: path,
      gpuLayers: 0,
      ignoreMemorySafetyChecks: true,
    });
    const context = await model.createContext({
      contextSize: contextLength,
      batchSize: BATCH,
      sequences: 1,
      threads,
      flashAttention,
      ignoreMemorySafetyChecks: true,
    });
    raw = context._ctx;
    raw.setThreads(threads);
    const loadMs = performance.now() - start;
    return { loadMs, notes, threads: raw.getThreads(), system: llama.systemInfo };
  },
  prefill({ tokens }) {
    clear();
    return evaluate(benchTokens(tokens));
  },
  async fill({ tokens }) {
    clear();
    const all = benchTokens(tokens);
    for (let at = 0; at < all.length; at += BATCH) await evaluate(all.slice(at, at + BATCH));
  },
  async decode({ tokens }) {
    let total = 0;
    for (const token of benchTokens(tokens, 2)) total += await evaluate([token]);
    return total;
  },
  memory: () => ({ peakRssBytes: process.resourceUsage().maxRSS * 1024 }),
};

process.on('message', async ({ call, args }) => {
  try {
    process.send({ value: (await calls[call](args)) ?? null });
  } catch (error) {
    process.send({ error: String(error?.message ?? error) });
  }
});
// The addon's threads would keep this process alive without its parent.
process.on('disconnect', () => process.exit());
process.send({ value: null });
