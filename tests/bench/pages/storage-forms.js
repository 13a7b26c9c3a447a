// How fast a browser stores weights and gives them back into shared wasm memory: the page's end, which divides a step
// among workers and times it. What a step does is in storage-forms-worker.js.
const PAGE_BYTES = 65536;

let memory;
let workers = [];

function startWorker() {
  return new Worker('/bench/pages/storage-forms-worker.js', { type: 'module' });
}

function call(worker, message) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) =>
      data.error === undefined ? resolve(data) : reject(new Error(data.error));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  });
}

globalThis.bench = {
  async open({ mebibytes, workersMax }) {
    const pages = (mebibytes << 20) / PAGE_BYTES;
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Uint8Array(memory.buffer).fill(1); // a page's first touch is not what is measured
    workers = Array.from({ length: workersMax }, startWorker);
    await Promise.all(workers.map((worker) => call(worker, { name: 'open', memory })));
  },

  /** {name, path, chunkBytes, totalBytes, nWorkers?, ...}: milliseconds for all of it. */
  async run({ nWorkers = 1, ...step }) {
    const nChunks = step.totalBytes / step.chunkBytes;
    const share = nChunks / nWorkers;
    const start = performance.now();
    await Promise.all(
      workers
        .slice(0, nWorkers)
        .map((worker, i) => call(worker, { ...step, first: i * share, last: (i + 1) * share })),
    );
    return performance.now() - start;
  },
};
