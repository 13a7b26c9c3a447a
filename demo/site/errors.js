/* What went wrong, in the language of the page by the error's code; the engine's own sentence, which is English, behind
 * it. Said at once by screen readers. */
import { element } from './text.js';

/** What went wrong on the page itself. `code` is a key of the page's words.errors: a sentence, or a function that makes
 *  one of `facts`. */
export class PageError extends Error {
  constructor(code, message, facts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

export class ErrorBox {
  #host;
  #frame;
  #error;

  /** `host` becomes the box; it is hidden while there is nothing to say. */
  constructor(host, frame) {
    this.#host = host;
    this.#frame = frame;
    host.classList.add('error');
    host.setAttribute('role', 'alert');
    host.hidden = true;
    frame.onLanguage(() => {
      if (this.#error !== undefined) this.#draw();
    });
  }

  /** Any thrown value. A cancellation is not an error: nothing is shown. */
  show(error) {
    if (error?.code === 'PHI_ECANCELED') return;
    this.#error = error;
    this.#draw();
    this.#host.hidden = false;
    this.#host.scrollIntoView({ block: 'nearest' });
  }

  clear() {
    this.#error = undefined;
    this.#host.hidden = true;
    this.#host.replaceChildren();
  }

  #draw() {
    const { words } = this.#frame;
    const { code, message, facts } = this.#error ?? {};
    const said = words.errors[code] ?? words.errors.unknown;
    const sentence = element('span', 'sentence', typeof said === 'function' ? said(facts) : said);
    const detail = element('span', 'detail');
    const text = element('span', '', message || String(this.#error));
    text.lang = 'en';
    detail.append(`${words.detail} `, text);
    this.#host.replaceChildren(sentence, detail);
  }
}
