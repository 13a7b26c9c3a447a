// The newest wllama with its own cache, which is in the origin private file system too.
import { Wllama } from '/peers/wllama-new/esm/index.js';

const BATCH = 512;
let wllama;

globalThis.bench = {
  /** {ms}: loadModelFromUrl() fetches into its cache what is not there, and loads from it. */
  async load({ shardUrl, threads, contextLength }) {
    const start = performance.now();
    wllama = new Wllama(
      { default: '/peers/wllama-new/esm/wasm/wllama.wasm' },
      { suppressNativeLog: false },
    );
    await wllama.loadModelFromUrl(new URL(shardUrl, location.href).href, {
      n_ctx: contextLength,
      n_batch: BATCH,
      n_threads: threads,
      n_gpu_layers: 0,
      n_parallel: 1,
      warmup: false,
    });
    return { ms: performance.now() - start };
  },
  async destroy() {
    await wllama.exit();
    wllama = undefined;
  },
};
