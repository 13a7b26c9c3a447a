/* An engine that sees pictures, as pages use it: loaded through the panel, asked with pictures first, and how long a
 * tile takes on this device, measured as it goes. */
import { PageError } from './errors.js';

/* The likeliest words: what is in a picture is no matter of chance. */
const SAMPLING = { temperature: 0 };

/** What the engine reads of a picture: more would take gigabytes. */
export const PICTURE_BYTES_MAX = 64 << 20;
export const PICTURE_PIXELS_MAX = 64e6;

export function tooLarge(message) {
  return new PageError('PICTURE_LARGE', message, {
    megabytes: Math.floor(PICTURE_BYTES_MAX / 1e6),
    megapixels: PICTURE_PIXELS_MAX / 1e6,
  });
}

/** What an engine says of a picture is not said of a model's file. A quota says that there was too much of it. */
function pictureError(error) {
  const { code, message, quota } = error;
  if (code === 'PHI_ECORRUPT') return new PageError('PICTURE_UNREAD', message);
  if (code !== 'PHI_EINVAL') return error;
  return quota === undefined ? new PageError('PICTURE_REFUSED', message) : tooLarge(message);
}

const cancelled = () => new PageError('PHI_ECANCELED', 'cancelled by the user');

/** Parts of a message: pictures in their order, then text. `numCrops` undefined: as the model has it. */
export function contentOf(blobs, text, numCrops) {
  const picture = (url) => ({
    type: 'image_url',
    image_url: { url, ...(numCrops !== undefined && { num_crops: numCrops }) },
  });
  return [...blobs.map(picture), { type: 'text', text }];
}

/** Tiles that are encoded for a picture of `rows` × `columns`: those, and all of it at a glance. */
export const nTilesOf = ([rows, columns]) => rows * columns + 1;

/** Seconds that a tile takes, from the pictures that were encoded so far. */
class Pace {
  #seconds = 0;
  #tiles = 0;
  #from;

  /** Progress of a picture of `nTiles`, as the engine tells it, at `now` in seconds. */
  follow({ image, done, total }, nTiles, now) {
    if (this.#from?.image !== image) this.#from = { image, done, now };
    const { done: first, now: begin } = this.#from;
    if (done < total || done === first) return;
    this.#seconds += ((now - begin) * total) / (done - first);
    this.#tiles += nTiles;
    this.#from = undefined;
  }

  secondsFor(nTiles) {
    return this.#tiles === 0 ? undefined : (this.#seconds / this.#tiles) * nTiles;
  }
}

export class VisionEngine {
  #panel;
  #engine;
  #key;
  #name;
  #pace = new Pace();
  /** Settles with the load that was begun last. */
  #loading = Promise.resolve();

  /** `panel`: a LoadPanel. */
  constructor(panel) {
    this.#panel = panel;
  }

  /** Whether the model of this key (ModelChoice) is the one that is loaded. */
  has(key) {
    return this.#engine !== undefined && this.#key === key;
  }

  /** What ModelChoice says of it: { key, name, storage }; undefined when nothing is loaded. */
  get loaded() {
    if (this.#engine === undefined) return undefined;
    const { info, storage } = this.#engine;
    return { key: this.#key, name: info.name || this.#name, storage };
  }

  get contextLength() {
    return this.#engine.info.contextLength;
  }

  /** What ModelChoice gives as chosen. A model that reads text only is refused: VISION_NONE. An aborted `signal` ends
   *  it, wherever it is: PHI_ECANCELED. A load begins when the one before is over, however that ended. */
  load(choice, signal) {
    const loading = this.#loading.then(() => this.#load(choice, signal));
    this.#loading = loading.catch(() => undefined);
    return loading;
  }

  async #load({ key, model, name }, signal) {
    if (signal.aborted) throw cancelled();
    if (this.has(key)) return;
    await this.drop();
    if (signal.aborted) throw cancelled();
    const cancel = () => this.#panel.cancel();
    signal.addEventListener('abort', cancel);
    const engine = await this.#panel
      .load({ model, name })
      .finally(() => signal.removeEventListener('abort', cancel));
    if (signal.aborted || engine.vision === undefined) {
      await engine.destroy();
      throw signal.aborted
        ? cancelled()
        : new PageError('VISION_NONE', `${name} has no vision part`);
    }
    this.#engine = engine;
    this.#key = key;
    this.#name = name;
    this.#pace = new Pace();
  }

  async drop() {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#key = undefined;
    await engine?.destroy();
  }

  /** What the model will see of a picture. */
  async prepare(blob, { numCrops, signal }) {
    const options = { ...(numCrops !== undefined && { numCrops }), ...(signal && { signal }) };
    try {
      return await this.#engine.prepareImage(blob, options);
    } catch (error) {
      throw pictureError(error);
    }
  }

  countTokens({ width, height }, numCrops) {
    return this.#engine.countImageTokens(width, height, { numCrops });
  }

  /** undefined until a picture was encoded. */
  secondsFor(nTiles) {
    return this.#pace.secondsFor(nTiles);
  }

  /** An answer, streamed. `request` as OpenAI's; `tiles`: how many each picture of it has. Gives { text, isCut, usage,
   *  seconds }. After PHI_EPOISONED the engine is gone. */
  async ask(request, { signal, tiles = [], onText = () => undefined, onProgress }) {
    const begin = performance.now();
    const onImageProgress = (progress) => {
      this.#pace.follow(progress, tiles[progress.image] ?? 1, performance.now() / 1000);
      onProgress?.(progress);
    };
    const whole = {
      ...SAMPLING,
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    };
    let text = '';
    let finish;
    let usage;
    try {
      const { completions } = this.#engine.chat;
      const chunks = await completions.create(whole, { signal, onImageProgress });
      for await (const chunk of chunks) {
        const piece = chunk.choices[0]?.delta.content;
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage ?? usage;
        if (!piece) continue;
        text += piece;
        onText(text.trimStart());
      }
    } catch (error) {
      if (error.code === 'PHI_EPOISONED') await this.drop();
      throw error;
    }
    const seconds = (performance.now() - begin) / 1000;
    return { text: text.trim(), isCut: finish === 'length', usage, seconds };
  }
}
