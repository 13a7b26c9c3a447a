/* Stands in for the package on the chat's page: an Engine that says what a test wants, as fast as it wants, so that
 * what the page does with an answer can be seen. A token is a word. `globalThis.fakeChat` of the page:
 *
 *   { reply }          (messages) → text; by default the last message, echoed
 *   { chunk, pauseMs } characters of a piece, and the time before each
 *   { failsToLoad }    EngineError code with which the model does not load
 *   { fails }          the same for answers
 *   { contextLength }  tokens; 4096
 *
 * Requests are in globalThis.asked. */

globalThis.asked = [];
const config = () => globalThis.fakeChat ?? {};
const countWords = (text) => text.split(/\s+/).filter(Boolean).length;
const countAll = (messages) => messages.reduce((n, { content }) => n + countWords(content), 0);

export class EngineError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new EngineError('PHI_ECANCELED', 'cancelled by the caller'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    setTimeout(resolve, ms);
  });
}

export class FakeEngine {
  info = { name: 'Fake', contextLength: config().contextLength ?? 4096 };
  storage = { id: null, kind: null, reason: 'for tests' };
  variant = 'fake';
  reason = 'for tests';
  tokenizer = { count: async (messages) => countAll(messages) };
  chat = { completions: { create: (request, options) => this.#create(request, options) } };
  #stats = {};

  async #create(request, { signal } = {}) {
    globalThis.asked.push(request);
    const { fails, reply = (messages) => messages.at(-1).content } = config();
    if (fails) throw new EngineError(fails, 'the fake engine fails');
    const prompt = countAll(request.messages);
    if (prompt >= this.info.contextLength) throw new EngineError('PHI_ECONTEXT', 'too long');
    return this.#stream(reply(request.messages), { prompt, request, signal });
  }

  async *#stream(text, { prompt, request, signal }) {
    const { chunk = 20, pauseMs = 1 } = config();
    const room = Math.min(request.max_tokens, this.info.contextLength - prompt);
    const isCut = countWords(text) > room;
    const whole = isCut ? text.split(' ').slice(0, room).join(' ') : text;
    for (let at = 0; at < whole.length; at += chunk) {
      await pause(pauseMs, signal);
      yield { choices: [{ delta: { content: whole.slice(at, at + chunk) }, finish_reason: null }] };
    }
    yield { choices: [{ delta: {}, finish_reason: isCut ? 'length' : 'stop' }] };
    const tokens = countWords(whole);
    this.#stats = {
      decodeTokens: tokens,
      decodeTokPerSec: 12.34,
      prefillTokens: prompt,
      prefillTokPerSec: 99,
      cachedTokens: 0,
    };
    yield { choices: [], usage: { total_tokens: prompt + tokens } };
  }

  stats() {
    return this.#stats;
  }

  async destroy() {
    this.chat = undefined;
  }
}

/** The package's Engine: `create` makes one, unless `config()` says that the model fails. */
export function engineOf(create, config) {
  return {
    async create({ signal }) {
      const { failsToLoad, loadMs = 0 } = config();
      await pause(loadMs, signal);
      if (failsToLoad) throw new EngineError(failsToLoad, 'the fake model does not load');
      return create();
    },
    async probe() {
      return { variant: 'fake', reason: 'for tests', maxHeapBytes: 2 ** 32, speed: null };
    },
  };
}

export const Engine = engineOf(() => new FakeEngine(), config);

const REGISTRY = ['phi-3-mini-4k-q4', 'phi-3.5-mini', 'phi-4-mini', 'phi-3-medium-4k'];

export const models = {
  list: async () => [],
  get: async () => undefined,
  usage: async () => ({}),
  known: async () =>
    REGISTRY.map((id, i) => ({
      id,
      name: id,
      hf: i === 0 ? 'owner/repository/file.gguf' : null,
      bytes: null,
      needs: { weightBytes: i < 3 ? 2.4e9 : 8.6e9, kvBytesPerToken: 393_216 },
      contextLength: 4096,
      state: i < 3 ? 'works' : 'needs memory64',
    })),
};
