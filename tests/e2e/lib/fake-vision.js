/* Stands in for the package on the pages that look at pictures: an Engine that sees how large a picture is, takes its
 * time to look at it, and says what a test wants. `globalThis.fakeVision` of the page:
 *
 *   { reply }          (question, request) → text; by default the question, echoed
 *   { isBlind }        the model reads text only
 *   { numCrops }       pieces of a picture when nothing is said; 4
 *   { steps, stepMs }  steps of looking at a picture, and the time of each; 4 and 1
 *   { isHeld }         whether looking stays at its first step
 *   { prepareMs }      how long cutting a picture takes; 1
 *   { contextLength }  tokens; 4096
 *   { failsToLoad, fails, isUnreadable }   error codes, or that pictures are no pictures
 *
 * Requests are in globalThis.asked, pictures that were looked at (not those known from before) counted in
 * globalThis.nEncoded. */
import { EngineError, engineOf, models, pause } from './fake-chat.js';

export { EngineError, models };

globalThis.asked = [];
globalThis.nEncoded = 0;
const config = () => globalThis.fakeVision ?? {};
const TILE = 336;
const CHUNK = 8;

/** The published transform's sizes. */
function planOf(width, height, numCrops) {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const ratio = long / short;
  let scale = 1;
  while (scale * Math.ceil(scale / ratio) <= numCrops) scale++;
  const along = Math.max(1, scale - 1);
  const across = Math.max(1, Math.ceil(along / ratio));
  const [rows, columns] = width < height ? [along, across] : [across, along];
  const tokens = (rows * columns + 1) * 144 + 1 + (rows + 1) * 12;
  return { paddedWidth: columns * TILE, paddedHeight: rows * TILE, tokens, tiles: [rows, columns] };
}

const partsOf = ({ content }) =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;
const picturesOf = (messages) =>
  messages.flatMap(partsOf).filter(({ type }) => type === 'image_url');

async function hashOf(blob) {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return new Uint8Array(digest).join();
}

class FakeEngine {
  info = { name: 'Fake Vision', contextLength: config().contextLength ?? 4096 };
  storage = { id: null, kind: null, reason: 'for tests' };
  vision = config().isBlind
    ? undefined
    : { tileSize: TILE, numCrops: config().numCrops ?? 4, tokensMin: 313, tokensMax: 2521 };
  chat = { completions: { create: (request, options) => this.#create(request, options) } };
  #known = new Set();

  countImageTokens(width, height, { numCrops = this.vision.numCrops } = {}) {
    return planOf(width, height, numCrops).tokens;
  }

  async prepareImage(blob, { numCrops = this.vision.numCrops, signal } = {}) {
    await pause(config().prepareMs ?? 1, signal);
    if (config().isUnreadable)
      throw new EngineError('PHI_ECORRUPT', 'the fake engine cannot read it');
    const bitmap = await createImageBitmap(blob);
    const { width, height } = bitmap;
    const plan = planOf(width, height, numCrops);
    const canvas = new OffscreenCanvas(plan.paddedWidth, plan.paddedHeight);
    const context = canvas.getContext('2d');
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    const scale = Math.min(canvas.width / width, canvas.height / height);
    context.drawImage(bitmap, 0, 0, width * scale, height * scale);
    bitmap.close();
    return {
      width,
      height,
      ...plan,
      pixels: context.getImageData(0, 0, canvas.width, canvas.height),
    };
  }

  async #create(request, { signal, onImageProgress } = {}) {
    globalThis.asked.push(request);
    const { fails } = config();
    if (fails) throw new EngineError(fails, 'the fake engine fails');
    return this.#stream(request, signal, onImageProgress);
  }

  async #look(pictures, signal, onImageProgress) {
    const { steps = 4, stepMs = 1 } = config();
    for (const [image, { image_url }] of pictures.entries()) {
      const key = `${await hashOf(image_url.url)} ${image_url.num_crops}`;
      if (this.#known.has(key)) continue;
      for (let done = 0; done <= steps; done++) {
        const secondsLeft = ((steps - done) * stepMs) / 1000;
        const of = { image, n_images: pictures.length, total: steps, secondsLeft };
        onImageProgress?.({ ...of, done });
        if (done < steps) await pause(stepMs, signal);
        while (config().isHeld && done === 1) await pause(10, signal);
      }
      this.#known.add(key);
      globalThis.nEncoded++;
    }
  }

  async *#stream(request, signal, onImageProgress) {
    const { reply = (question) => question } = config();
    const pictures = picturesOf(request.messages);
    await this.#look(pictures, signal, onImageProgress);
    const question = partsOf(request.messages.at(-1)).at(-1).text;
    const text = reply(question, request);
    for (let at = 0; at < text.length; at += CHUNK) {
      await pause(1, signal);
      yield { choices: [{ delta: { content: text.slice(at, at + CHUNK) }, finish_reason: null }] };
    }
    yield { choices: [{ delta: {}, finish_reason: 'stop' }] };
    const image_tokens = 757 * pictures.length;
    const usage = { prompt_tokens: image_tokens + 20, completion_tokens: 9 };
    yield {
      choices: [],
      usage: { ...usage, prompt_tokens_details: { image_tokens, cached_tokens: 0 } },
    };
  }

  async destroy() {
    this.chat = undefined;
  }
}

export const Engine = engineOf(() => new FakeEngine(), config);
