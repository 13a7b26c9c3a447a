// Reads its part again and again for `ms` milliseconds, in pieces (each call may enter better code), and answers
// with bytes a second. The first tenth of the time warms up and is not counted.
const PIECE_BYTES = 4 << 20;

self.onmessage = async ({ data: { module, memory, begin, end, ms } }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  readUntil(performance.now() + ms / 10);
  const start = performance.now();
  const bytes = readUntil(start + ms);
  self.postMessage((bytes * 1000) / (performance.now() - start));

  function readUntil(deadline) {
    let bytesRead = 0;
    let at = begin;
    while (performance.now() < deadline) {
      const stop = Math.min(end, at + PIECE_BYTES);
      exports.sum(at, stop);
      bytesRead += stop - at;
      at = stop === end ? begin : stop;
    }
    return bytesRead;
  }
};
