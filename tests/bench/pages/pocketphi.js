// PocketPhi as a page would use it: the built package, the engine's own session, token lists handed over whole.
import { benchTokens } from '/bench/lib/tokens.js';
import { fetchOnly } from '/bench/pages/fetch.js';

let engine;
let text = []; // the tokens that the engine's own session represents
let seed = 1000; // every prompt begins otherwise: nothing comes out of the cache

async function timedForward(tokens) {
  const start = performance.now();
  await engine.forward(tokens);
  text = tokens;
  return performance.now() - start;
}

// The engine reuses the longest prefix that it has computed before, so every prompt starts with other tokens.
async function newPrompt(count) {
  const { cachedTokens: before } = await engine.stats();
  const ms = await timedForward(benchTokens(count, seed++));
  const { cachedTokens } = await engine.stats();
  const reused = cachedTokens - before;
  if (reused !== 0) throw new Error(`${reused} tokens of a new prompt came from the cache`);
  return ms;
}

globalThis.bench = {
  fetchOnly: ({ url }) => fetchOnly(url),

  // Ready to generate: from nothing (not even the script) to an engine with its session.
  async open({ url, threads, contextLength }) {
    const start = performance.now();
    const { Engine } = await import('/dist/index.js');
    /* Not stored: this is compared with merely fetching the bytes; --only storage measures the rest. */
    engine = await Engine.create({
      model: new URL(url, location.href),
      storage: 'none',
      threads,
      contextLength,
    });
    const loadMs = performance.now() - start;
    const { threads: used, kernel } = await engine.stats();
    return { loadMs, threads: used, notes: [kernel] };
  },
  prefill: ({ tokens }) => newPrompt(tokens),
  async fill({ tokens }) {
    await newPrompt(tokens);
  },
  async decode({ tokens }) {
    let total = 0;
    for (const token of benchTokens(tokens, 2)) total += await timedForward([...text, token]);
    return total;
  },
  async memory() {
    const { heapBytes, weightBytes, kvBytes } = await engine.stats();
    return { heapBytes, weightBytes, kvBytes };
  },
};
