/* Questions about pictures, and what was said so far. A conversation is about the pictures that it began with, looked
 * at as closely as then. The small model of the site remembers nothing and sees one picture: it is asked of each
 * alone. */
import { PageError } from '../site/errors.js';
import { formatNumber } from '../site/format.js';
import { sum } from '../site/numbers.js';
import { contentOf, nTilesOf } from '../site/vision-engine.js';

const ANSWER_TOKENS_MAX = 512;
/** Room that a question and the beginning of an answer take at least. */
const TEXT_TOKENS = 96;
const CROPS_TRIED = [16, 9, 6, 4, 2, 1];

/** The largest of CROPS_TRIED with which all pictures fit; undefined when none does. */
export function cropsThatFit(pictures, room, countTokens) {
  return CROPS_TRIED.find(
    (numCrops) => sum(pictures.map((picture) => countTokens(picture, numCrops))) <= room,
  );
}

function addUsage(a, b) {
  if (a === undefined || b === undefined) return a ?? b;
  const cached = [a, b].map(({ prompt_tokens_details: details }) => details?.cached_tokens ?? 0);
  return {
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    prompt_tokens_details: { cached_tokens: sum(cached) },
  };
}

export class Talk {
  #engine;
  #messages = [];
  #about = '';

  /** `engine`: a VisionEngine. */
  constructor(engine) {
    this.#engine = engine;
  }

  /** How many answers the conversation has. */
  get length() {
    return this.#messages.length / 2;
  }

  clear() {
    this.#messages = [];
  }

  /** Whether a question about these would begin a new conversation. `about`: what it is about, as a string. */
  isNew(about) {
    return this.#messages.length === 0 || this.#about !== about;
  }

  /** Throws what would fit, when the pictures do not. */
  check(pictures, numCrops) {
    const room = this.#engine.contextLength - TEXT_TOKENS;
    const count = (picture, crops) => this.#engine.countTokens(picture, crops);
    const tokens = sum(pictures.map((picture) => count(picture, numCrops)));
    if (tokens <= room) return;
    const fits = cropsThatFit(pictures, room, count);
    throw new PageError('PICTURES_CONTEXT', `${tokens} tokens of pictures, room for ${room}`, {
      tokens: formatNumber(tokens),
      room: formatNumber(room),
      fits,
    });
  }

  /** The answer of a model that remembers. Gives what VisionEngine.ask() does. What was written before an abort stays
   *  in the conversation. */
  async ask(question, { about, pictures, numCrops, signal, onText, onProgress }) {
    this.check(pictures, numCrops);
    if (this.isNew(about)) this.clear();
    this.#about = about;
    const blobs = this.#messages.length === 0 ? pictures.map(({ blob }) => blob) : [];
    const content = blobs.length > 0 ? contentOf(blobs, question, numCrops) : question;
    const messages = [...this.#messages, { role: 'user', content }];
    let written = '';
    const keep = () => {
      if (written !== '') this.#messages = [...messages, { role: 'assistant', content: written }];
    };
    try {
      const answer = await this.#engine.ask(
        { messages, max_tokens: ANSWER_TOKENS_MAX },
        {
          signal,
          tiles: pictures.map(({ plan }) => (plan ? nTilesOf(plan.tiles) : 1)),
          onProgress,
          onText: (text) => {
            written = text;
            onText(text);
          },
        },
      );
      written = answer.text;
      return answer;
    } finally {
      keep();
    }
  }

  /** The answers of the small model, a line a picture. */
  async askEach(question, { pictures, signal, onText, onProgress }) {
    const lines = [];
    const whole = { isCut: false, seconds: 0, usage: undefined };
    for (const [idx, picture] of pictures.entries()) {
      this.check([picture]);
      const number = pictures.length > 1 ? `${idx + 1}. ` : '';
      const content = contentOf([picture.blob], question);
      const answer = await this.#engine.ask(
        { messages: [{ role: 'user', content }], max_tokens: TEXT_TOKENS },
        {
          signal,
          tiles: [picture.plan ? nTilesOf(picture.plan.tiles) : 1],
          onText: (text) => onText([...lines, number + text].join('\n')),
          onProgress: (progress) => onProgress({ ...progress, image: idx }),
        },
      );
      lines.push(number + answer.text);
      whole.isCut ||= answer.isCut;
      whole.seconds += answer.seconds;
      whole.usage = addUsage(whole.usage, answer.usage);
    }
    return { ...whole, text: lines.join('\n') };
  }
}
