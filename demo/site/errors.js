/* What went wrong, in the language of the page by the error's code; the engine's own sentence, which is English, behind
 * it. Said at once by screen readers. */
import { element } from './text.js';

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
    const { code, message } = this.#error ?? {};
    const sentence = element('span', 'sentence', words.errors[code] ?? words.errors.unknown);
    const detail = element('span', 'detail');
    const text = element('span', '', message || String(this.#error));
    text.lang = 'en';
    detail.append(`${words.detail} `, text);
    this.#host.replaceChildren(sentence, detail);
  }
}
