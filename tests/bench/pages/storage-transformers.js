// transformers.js fetching files, and finding them in its cache (the browser's Cache API). No model is run: what is
// timed is the function of its hub module through which all files of a model come, for all files at once, as it
// gets a model's external data.
import { env, getModelFile } from '/hub/transformers-hub.js';

const MODEL = 'shards/model'; // its names are of the form owner/repository
let buffers = [];

globalThis.bench = {
  async load({ names, shardBytes, isSecond }) {
    env.remoteHost = `${location.origin}/`;
    env.remotePathTemplate = '{model}/';
    env.allowLocalModels = false;
    env.useBrowserCache = true;
    if (isSecond) env.fetch = (url) => Promise.reject(new Error(`${url} was not in its cache`));
    const start = performance.now();
    buffers = await Promise.all(names.map((name) => getModelFile(MODEL, name, true, {})));
    const ms = performance.now() - start;
    const got = buffers.reduce((sum, { length }) => sum + length, 0);
    if (got !== shardBytes) throw new Error(`got ${got} bytes, expected ${shardBytes}`);
    const cache = await caches.open(env.cacheKey);
    const { length } = await cache.keys();
    if (length < names.length)
      throw new Error(`${length} of ${names.length} files are in its cache`);
    return { ms };
  },
  async destroy() {
    buffers = [];
  },
};
