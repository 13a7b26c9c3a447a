// The systems that run in a Chromium tab. What differs between them is in pages/<name>.js; each page offers the same
// functions: fetchOnly, open, prefill + decode (or both at once: prefillAndDecode), fill, memory.
import { openPage } from '../lib/browser.mjs';

const MODEL_URL = '/model.gguf';

function makeSystem({ name, title, memoryFactor, canFill, hasOneCall = false, isOurs = false }) {
  return {
    name,
    title,
    memoryFactor,
    canFill,
    isOurs,
    async open({ origin, threads, contextLength, wantsFetch }) {
      const page = await openPage(`${origin}/bench/pages/${name}.html`);
      const call = async (fn, argument) => {
        try {
          return await page.call(fn, argument);
        } catch (error) {
          throw new Error(`${name}.${fn}: ${firstLine(error)}${tail(page.log)}`);
        }
      };
      try {
        const fetched = wantsFetch ? await call('fetchOnly', { url: MODEL_URL }) : undefined;
        const info = await call('open', { url: MODEL_URL, threads, contextLength });
        return {
          info: { ...info, fetchOnlyMs: fetched?.ms, browser: page.browser },
          round: hasOneCall
            ? (sizes) => roundInOneCall(call, sizes)
            : (sizes) => roundInTwo(call, sizes),
          fill: (tokens) => call('fill', { tokens }),
          decode: async (tokens) => ({ ms: await call('decode', { tokens }), tokens }),
          memory: async () => ({
            ...(await call('memory')),
            peakRssBytes: await page.peakRssBytes(),
          }),
          close: page.close,
        };
      } catch (error) {
        await page.close();
        throw error;
      }
    },
  };
}

async function roundInTwo(call, { prefill, decode }) {
  return {
    prefill: { ms: await call('prefill', { tokens: prefill }), tokens: prefill },
    decode: { ms: await call('decode', { tokens: decode }), tokens: decode },
  };
}

async function roundInOneCall(call, { prefill, decode }) {
  const t = await call('prefillAndDecode', { tokens: prefill, steps: decode });
  return {
    prefill: { ms: t.prefillMs, tokens: t.prefillTokens },
    decode: { ms: t.decodeMs, tokens: t.decodeTokens },
  };
}

function firstLine(error) {
  return String(error.message)
    .split('\n')[0]
    .replace(/^page\.evaluate: /, '');
}

// The page's last words usually say what a bare "RangeError" does not.
function tail(log) {
  const telling = log.filter((line) => /error|fail|invalid|abort|memory/i.test(line)).slice(-2);
  return telling.length > 0 ? ` (${telling.join(' / ').slice(0, 300)})` : '';
}

// Memory factors: wllama keeps the file in its heap beside the browser's Blob of it.
export const pocketphi = makeSystem({
  name: 'pocketphi',
  title: 'PocketPhi',
  memoryFactor: 1.3,
  canFill: true,
  isOurs: true,
});
export const wllamaOld = makeSystem({
  name: 'wllama-old',
  title: 'wllama 2.3.1',
  memoryFactor: 2,
  canFill: true,
});
export const wllamaNew = makeSystem({
  name: 'wllama-new',
  title: 'wllama 3.13.0',
  memoryFactor: 2,
  canFill: false,
  hasOneCall: true,
});
