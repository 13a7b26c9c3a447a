// The newest wllama wraps llama.cpp's server: prompts are text and the timings are its own. prompt_ms covers
// the prompt, predicted_ms every evaluation after the first sampled token (which the prompt's evaluation gave).

import { splitGguf } from '/bench/lib/split-gguf.js';
import { fetchBlob, fetchOnly } from '/bench/pages/fetch.js';
import { Wllama } from '/peers/wllama-new/esm/index.js';

const BATCH = 512;
const SHARD_BYTES = 512 << 20; // what its manual advises
const TRIAL_WORDS = 16;
let wllama;
let seed = 0;
let tokensPerWord;

// Words of two letters, a different sequence each time, so that no prefix can be reused.
function makeText(words) {
  let state = (++seed * 2654435761) >>> 0;
  const letter = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  };
  return Array.from({ length: words }, () => letter() + letter()).join(' ');
}

async function complete(words, steps) {
  const result = await wllama.createCompletion({
    prompt: makeText(words),
    max_tokens: steps,
    temperature: 0,
    ignore_eos: true,
    cache_prompt: false,
  });
  if (result.timings === undefined) throw new Error('wllama gave no timings');
  return result.timings;
}

globalThis.bench = {
  fetchOnly: ({ url }) => fetchOnly(url),

  async open({ url, threads, contextLength }) {
    const { ms: fetchMs, blob } = await fetchBlob(url);
    const start = performance.now();
    wllama = new Wllama(
      { default: '/peers/wllama-new/esm/wasm/wllama.wasm' },
      { suppressNativeLog: false },
    );
    await wllama.loadModel(await splitGguf(blob, SHARD_BYTES), {
      n_ctx: contextLength,
      n_batch: BATCH,
      n_threads: threads,
      n_gpu_layers: 0,
      n_parallel: 1,
      warmup: false,
    });
    return { loadMs: fetchMs + performance.now() - start, fetchMs, threads: wllama.nbThreads };
  },
  // Prompt and answer are one request here: both figures come from it.
  async prefillAndDecode({ tokens, steps }) {
    tokensPerWord ??= (await complete(TRIAL_WORDS, 1)).prompt_n / TRIAL_WORDS;
    const t = await complete(Math.round(tokens / tokensPerWord), steps + 1);
    return {
      prefillMs: t.prompt_ms,
      prefillTokens: t.prompt_n,
      cachedTokens: t.cache_n,
      decodeMs: t.predicted_ms,
      decodeTokens: t.predicted_n - 1,
    };
  },
  memory: async () => ({}),
};
