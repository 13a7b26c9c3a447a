// wllama 2.3.1: the last release with hand-written wasm SIMD kernels. Its decode() takes token ids, so the
// same tokens as everybody's are fed in, one llama_decode a call.

import { addWindow, splitGguf } from '/bench/lib/split-gguf.js';
import { benchTokens } from '/bench/lib/tokens.js';
import { fetchBlob, fetchOnly } from '/bench/pages/fetch.js';
import { Wllama } from '/peers/wllama-old/esm/index.js';

const BATCH = 512;
const SHARD_BYTES = 512 << 20; // what its manual advises; above 2 GiB one file fails

let wllama;

async function timed(tokens) {
  const start = performance.now();
  await wllama.decode(tokens, {});
  return performance.now() - start;
}

globalThis.bench = {
  fetchOnly: ({ url }) => fetchOnly(url),

  async open({ url, threads, contextLength }) {
    const { ms: fetchMs, blob } = await fetchBlob(url);
    const start = performance.now();
    wllama = new Wllama(
      {
        'single-thread/wllama.wasm': '/peers/wllama-old/esm/single-thread/wllama.wasm',
        'multi-thread/wllama.wasm': '/peers/wllama-old/esm/multi-thread/wllama.wasm',
      },
      { suppressNativeLog: false },
    );
    await wllama.loadModel(await splitGguf(blob, SHARD_BYTES, addWindow), {
      n_ctx: contextLength,
      n_batch: BATCH,
      n_threads: threads,
    });
    return {
      loadMs: fetchMs + performance.now() - start,
      fetchMs,
      threads: wllama.getNumThreads(),
    };
  },
  async prefill({ tokens }) {
    await wllama.kvClear();
    return await timed(benchTokens(tokens));
  },
  async fill({ tokens }) {
    await wllama.kvClear();
    await wllama.decode(benchTokens(tokens), {});
  },
  async decode({ tokens }) {
    let total = 0;
    for (const token of benchTokens(tokens, 2)) total += await timed([token]);
    return total;
  },
  memory: async () => ({}),
};
