// What loading is measured against: fetching the model's bytes and storing them, and reading them back, with
// nothing else. The work is done in a worker, as in PocketPhi; its start counts.
function call(message) {
  const start = performance.now();
  const worker = new Worker('/bench/pages/storage-baseline-worker.js', { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) =>
      data.error === undefined
        ? resolve({ ms: performance.now() - start })
        : reject(new Error(data.error));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

globalThis.bench = {
  /** Chunks of the same size over as many connections, into the same store. `hashes`: with their SHA-256, which the
   *  store's records hold, or with a constant. */
  fetchAndStore: ({ url, kind, hashes }) =>
    call({ name: 'fetchAndStore', url: new URL(url, location.href).href, kind, hashes }),
  /** The records that PocketPhi stored, into new shared wasm memory. */
  readRaw: ({ kind, bytes }) => call({ name: 'readRaw', kind, bytes }),
};
