// Pictures through the built package as a page would ask about them: prepared, then encoded for a session.
import { Engine } from '/dist/index.js';

let engine;
let session;
let seed = 1; // every picture is another one: nothing was encoded before

/* Noise: no block of activations is zero. */
function noise(side) {
  const image = new ImageData(side, side);
  const words = new Uint32Array(image.data.buffer);
  let state = seed++;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state | 0xff000000; // opaque
  }
  return image;
}

globalThis.bench = {
  /** The GEMM kernel's own rate, of as many threads as the engine takes by itself. */
  async rate() {
    const { speed, threads } = await Engine.probe({ model: 'phi-3-mini-4k-q4' });
    return { gopPerSecond: speed.gemmGigaopsPerSecond, threads };
  },
  async open({ url, threads }) {
    await engine?.destroy();
    engine = await Engine.create({
      model: new URL(url, location.href),
      storage: 'none',
      threads,
      contextLength: 512,
    });
    session = await engine.session();
    return (await engine.stats()).threads;
  },
  async encode({ side, numCrops }) {
    const source = noise(side);
    const start = performance.now();
    const prepared = await engine.prepareImage(source, { numCrops });
    const between = performance.now();
    await session.encodeImage(prepared);
    const [rows, columns] = prepared.tiles;
    return {
      prepareSeconds: (between - start) / 1000,
      seconds: (performance.now() - between) / 1000,
      tiles: rows * columns + 1, // and the whole
      tokens: prepared.tokens,
    };
  },
};
