// A visit to a page that uses PocketPhi: the first one fetches the model and stores it, a later one finds it there.
let engine;

globalThis.bench = {
  /** {ms, ...}: from nothing (not even the script) to an engine that generates, with all of the model stored. */
  async load({ url, kind, threads, contextLength }) {
    const start = performance.now();
    const { Engine } = await import('/dist/index.js');
    engine = await Engine.create({
      model: new URL(url, location.href),
      storage: kind,
      threads,
      contextLength,
    });
    const ms = performance.now() - start;
    if (engine.storage.kind !== kind)
      throw new Error(`expected it in ${kind}: ${engine.storage.reason}`);
    const { weightBytes, kvBytes, heapBytes } = await engine.stats();
    return { ms, heldBytes: weightBytes + kvBytes, heapBytes };
  },
  async destroy() {
    await engine.destroy();
    engine = undefined;
  },
};
