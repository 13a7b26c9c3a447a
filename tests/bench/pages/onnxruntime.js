// onnxruntime-web's MatMulNBits on the CPU (wasm) provider, for one matrix of the model at a time.

import { matMulNBitsBytes, matMulNBitsModel } from '/bench/lib/onnx.js';
import * as ort from '/peers/onnxruntime-web/dist/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = new URL('/peers/onnxruntime-web/dist/', location.href).href;

async function timeRun(session, feeds) {
  const start = performance.now();
  const { Y } = await session.run(feeds);
  const ms = performance.now() - start;
  Y.dispose();
  return ms;
}

globalThis.bench = {
  /** Milliseconds of each of `runs` products with M = 1 and M = columns. */
  async matMul({ rows, depth, block, accuracyLevel, columns, threads, runs }) {
    ort.env.wasm.numThreads = threads; // takes effect at the first session of a page
    const shape = { rows, depth, block, accuracyLevel };
    const session = await ort.InferenceSession.create(matMulNBitsModel(shape), {
      executionProviders: ['wasm'],
    });
    const result = { bytes: matMulNBitsBytes(shape), ms: {} };
    for (const m of [1, columns]) {
      const input = new Float32Array(m * depth).map((_, i) => ((i * 37) % 101) / 101 - 0.5);
      const feeds = { A: new ort.Tensor('float32', input, [m, depth]) };
      await timeRun(session, feeds); // packs and warms up
      const times = [];
      for (let i = 0; i < runs; i++) times.push(await timeRun(session, feeds));
      result.ms[m] = times;
    }
    await session.release();
    return result;
  },
};
