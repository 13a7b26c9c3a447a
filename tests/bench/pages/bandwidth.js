// Memory read bandwidth of wasm SIMD in workers, all reading disjoint parts of one shared memory at the same time.
import { wasmSumModule } from '/bench/lib/wasm-sum.js';

const PAGE_BYTES = 65536;

function runWorker(module, memory, begin, end, ms) {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/bench/pages/bandwidth-worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ module, memory, begin, end, ms });
  });
}

globalThis.bench = {
  async read({ threads, mebibytes, ms }) {
    const pages = (mebibytes << 20) / PAGE_BYTES;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Uint8Array(memory.buffer).fill(1); // else every page is the one zero page
    const module = await WebAssembly.compile(wasmSumModule(pages));
    const part = Math.floor((mebibytes << 20) / threads / PAGE_BYTES) * PAGE_BYTES;
    const rates = await Promise.all(
      Array.from({ length: threads }, (_, i) =>
        runWorker(module, memory, i * part, (i + 1) * part, ms),
      ),
    );
    return { gbPerSecond: rates.reduce((sum, rate) => sum + rate, 0) / 1e9 };
  },
};
