// wllama 2.3.1 with its own cache: files of the origin private file system, written by a worker, read as Blobs.
import { Wllama } from '/peers/wllama-old/esm/index.js';

const BATCH = 512;
let wllama;

globalThis.bench = {
  /** {ms}: loadModelFromUrl() fetches into its cache what is not there, and loads from it. */
  async load({ shardUrl, threads, contextLength }) {
    const start = performance.now();
    wllama = new Wllama(
      {
        'single-thread/wllama.wasm': '/peers/wllama-old/esm/single-thread/wllama.wasm',
        'multi-thread/wllama.wasm': '/peers/wllama-old/esm/multi-thread/wllama.wasm',
      },
      { suppressNativeLog: false },
    );
    await wllama.loadModelFromUrl(new URL(shardUrl, location.href).href, {
      n_ctx: contextLength,
      n_batch: BATCH,
      n_threads: threads,
    });
    return { ms: performance.now() - start };
  },
  async destroy() {
    await wllama.exit();
    wllama = undefined;
  },
};
