/* The box on the front page: a question to the embedded model, answered in this tab. The model is fetched when the page
 * is idle, or with the first question, whichever comes first. */
import { Engine } from 'pocketphi';
import { EMBEDDED, optionsFor } from '../site/embedded.js';
import { ErrorBox } from '../site/errors.js';
import { formatBytes, formatNumber } from '../site/format.js';
import { whenIdle } from '../site/offline.js';
import { byId, element } from '../site/text.js';
import { promptFor, verdictOn } from './prompts.js';

const TOKENS_MAX = 500;
const EXAMPLES = ['347 + 285', '52 - 17', '37 × 8', '94 ÷ 6', '□ + 28 = 73'];

/** Puts text on the page at most once a frame, however fast it comes; without the space that begins every text of a
 *  SentencePiece model. */
class PacedText {
  #target;
  #text = '';
  #frame;

  constructor(target) {
    this.#target = target;
    target.textContent = '';
  }

  get text() {
    return this.#text;
  }

  add(piece) {
    this.#text = (this.#text + piece).trimStart();
    this.#frame ??= requestAnimationFrame(() => this.flush());
  }

  flush() {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#target.textContent = this.#text;
  }
}

export class TryIt {
  #frame;
  #errors;
  #ui = {
    form: byId('ask'),
    question: byId('question'),
    send: byId('send'),
    stop: byId('stop'),
    examples: byId('examples'),
    answer: byId('answer'),
    text: byId('answer-text'),
    verdict: byId('verdict'),
    state: byId('model-state'),
  };
  /** The promise of the engine, once it was asked for. */
  #engine;
  /** Says what the model is doing, in any language. */
  #say = (words) => (EMBEDDED.url === null ? words.noModel : '');
  #kind;
  #abort;

  constructor(frame) {
    this.#frame = frame;
    this.#errors = new ErrorBox(byId('error'), frame);
    this.#ui.question.value = EXAMPLES[0];
    this.#ui.examples.append(...EXAMPLES.map((text) => this.#example(text)));
    this.#ui.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#ask(this.#ui.question.value.trim());
    });
    this.#ui.stop.addEventListener('click', () => this.#abort?.abort());
    if (EMBEDDED.url === null) this.#ui.send.disabled = true;
    frame.onLanguage(() => this.#draw());
  }

  /** The model is fetched as soon as nothing else wants the browser; not where the user saves data. */
  begin() {
    if (EMBEDDED.url === null || navigator.connection?.saveData === true) return;
    whenIdle(() =>
      this.#load().catch(() => undefined),
    ); /* it is tried again, and told, with the first question */
  }

  #example(text) {
    const button = element('button', '', text);
    button.type = 'button';
    button.addEventListener('click', () => {
      this.#ui.question.value = text;
      void this.#ask(text);
    });
    return button;
  }

  #load() {
    this.#engine ??= this.#create().catch((error) => {
      this.#engine = undefined;
      this.#tell(() => '');
      throw error;
    });
    return this.#engine;
  }

  async #create() {
    this.#tell((words) => words.getting);
    const engine = await Engine.create({
      ...optionsFor(EMBEDDED.url),
      model: EMBEDDED.url,
      onProgress: ({ phase, loadedBytes, totalBytes }) => {
        if (phase !== 'download' || totalBytes === 0) return;
        const percent = Math.floor((100 * loadedBytes) / totalBytes);
        this.#tell((words) => words.gettingPercent(percent, formatBytes(totalBytes)));
      },
    });
    const { threads } = engine.stats();
    this.#tell((words) => words.ready(threads));
    return engine;
  }

  #tell(say) {
    this.#say = say;
    this.#draw();
  }

  #draw() {
    const { words } = this.#frame;
    this.#ui.state.textContent = this.#say(words);
    this.#ui.verdict.textContent = this.#kind === undefined ? '' : words.verdicts[this.#kind];
    if (this.#kind === undefined) delete this.#ui.verdict.dataset.kind;
    else this.#ui.verdict.dataset.kind = this.#kind;
  }

  #setAsking(isAsking) {
    const { send, stop, answer, examples } = this.#ui;
    send.disabled = isAsking;
    stop.hidden = !isAsking;
    for (const button of examples.children) button.disabled = isAsking;
    answer.hidden = false;
    /* A screen reader hears the whole answer at its end, not every token. */
    answer.setAttribute('aria-busy', String(isAsking));
  }

  async #ask(question) {
    if (question === '' || EMBEDDED.url === null || this.#abort !== undefined) return;
    this.#errors.clear();
    this.#kind = undefined;
    this.#abort = new AbortController();
    this.#setAsking(true);
    const paced = new PacedText(this.#ui.text);
    this.#draw();
    try {
      const engine = await this.#load();
      await this.#stream(engine, question, paced);
      this.#kind = verdictOn(question, paced.text);
    } catch (error) {
      this.#errors.show(error);
    }
    paced.flush();
    this.#abort = undefined;
    this.#setAsking(false);
    this.#ui.answer.hidden = paced.text === '';
    this.#draw();
    if (!this.#ui.answer.hidden) this.#ui.text.focus();
  }

  async #stream(engine, question, paced) {
    const request = {
      messages: [{ role: 'user', content: promptFor(question, this.#frame.words) }],
      temperature: 0,
      max_tokens: TOKENS_MAX,
      stream: true,
      stream_options: { include_usage: true },
    };
    const { signal } = this.#abort;
    const begun = performance.now();
    let firstAt;
    let lastAt;
    for await (const chunk of await engine.chat.completions.create(request, { signal })) {
      const piece = chunk.choices[0]?.delta.content;
      if (piece) {
        paced.add(piece);
        lastAt = performance.now();
        firstAt ??= lastAt;
      }
      if (chunk.usage) this.#tellRate(chunk.usage.completion_tokens, { begun, firstAt, lastAt });
    }
  }

  #tellRate(tokens, { begun, firstAt, lastAt }) {
    if (firstAt === undefined || tokens < 2) return;
    const perSecond = ((tokens - 1) * 1000) / Math.max(lastAt - firstAt, 1);
    const seconds = (lastAt - begun) / 1000;
    this.#tell((words) =>
      words.rate(tokens, formatNumber(perSecond, 0), formatNumber(seconds, seconds < 1 ? 2 : 1)),
    );
  }
}
