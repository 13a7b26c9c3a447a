// Native llama.cpp in a process of its own, driven over IPC: {call, args} in, {value} or {error} out.
// Uses node-llama-cpp's loader for the model and then its batch interface directly, so that nothing but
// llama_decode is timed (no sampling, no detokenising, no JS scheduling between tokens).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { benchTokens } from '../lib/tokens.js';

const require = createRequire(`${process.env.POCKETPHI_PEERS}/package.json`);
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolvePeer()).href);

let llama;
let model;
let context;
let nPast = 0;
const notes = [];

function resolvePeer() {
  return require.resolve('node-llama-cpp');
}

function keepLog(level, message) {
  if (/REPACK|flash_attn|n_threads|loaded CPU backend|load_backend/.test(message)) notes.push(message.trim());
}

async function evaluate(tokens, wantsLogits) {
  const raw = context._ctx;
  raw.initBatch(tokens.length);
  const logits = wantsLogits ? Uint32Array.from([tokens.length - 1]) : new Uint32Array(0);
  raw.addToBatch(0, nPast, Uint32Array.from(tokens), logits);
  const start = performance.now();
  await raw.decodeBatch();
  nPast += tokens.length;
  return performance.now() - start;
}

function clear() {
  context._ctx.disposeSequence(0);
  nPast = 0;
}

const calls = {
  async open({ path, threads, contextLength, flashAttention = 'auto' }) {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 0, debug: false,
      logLevel: LlamaLogLevel.debug, logger: keepLog });
    const start = performance.now();
    model = await llama.loadModel({ modelPath: path, gpuLayers: 0, checkTensors: false,
      ignoreMemorySafetyChecks: true });
    context = await model.createContext({ contextSize: contextLength, batchSize: 512, sequences: 1,
      threads, flashAttention, ignoreMemorySafetyChecks: true });
    context._ctx.setThreads(threads);
    const loadMs = performance.now() - start;
    return { loadMs, notes, threads: context._ctx.getThreads(), system: llama.systemInfo };
  },
  async prefill({ tokens }) {
    clear();
    return await evaluate(benchTokens(tokens), true);
  },
  async fill({ tokens }) {
    clear();
    const all = benchTokens(tokens);
    for (let at = 0; at < all.length; at += 512) await evaluate(all.slice(at, at + 512), true);
  },
  async decode({ tokens }) {
    let total = 0;
    for (const token of benchTokens(tokens, 2)) total += await evaluate([token], true);
    return total;
  },
  async memory() {
    return { peakRssBytes: process.resourceUsage().maxRSS * 1024 };
  },
};

process.on('message', async ({ call, args }) => {
  try {
    process.send({ value: (await calls[call](args)) ?? null });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.send({ value: 'ready' });
