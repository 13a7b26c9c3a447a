/* How much of the context is used, and how fast the last answer came. */
import { formatNumber } from '../site/format.js';
import { byId, put } from '../site/text.js';

/** Of the context; from here on the page warns. */
const NEAR_END = 0.85;

export class Meter {
  #frame;
  #used = 0;
  #total = 0;
  /** { tokens, decode, prefillTokens, prefill, cached }, or undefined. */
  #rate;

  constructor(frame) {
    this.#frame = frame;
    frame.onLanguage(() => this.#draw());
  }

  /** Tokens of the conversation, and of the context; a total of 0 hides the meter. */
  show(used, total) {
    this.#used = used;
    this.#total = total;
    this.#draw();
  }

  get used() {
    return this.#used;
  }

  showRate(rate) {
    this.#rate = rate;
    this.#draw();
  }

  #rateLine() {
    if (!this.#rate) return '';
    const { words } = this.#frame;
    const { tokens, decode, prefillTokens, prefill, cached } = this.#rate;
    return [
      tokens > 0 && words.rate(tokens, formatNumber(decode)),
      prefillTokens > 0 && words.prefill(prefillTokens, formatNumber(prefill, 0)),
      cached > 0 && words.cached(cached),
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #draw() {
    const { words } = this.#frame;
    const total = this.#total;
    byId('meter-line').hidden = total === 0;
    byId('rate').textContent = this.#rateLine();
    if (total === 0) {
      byId('meter-warning').textContent = '';
      return;
    }
    const used = Math.min(this.#used, total);
    Object.assign(byId('meter'), { max: total, high: total * NEAR_END, optimum: 0, value: used });
    byId('meter-text').textContent = words.used(formatNumber(used, 0), formatNumber(total, 0));
    const warning = used >= total * NEAR_END ? words.nearEnd : '';
    put(byId('meter-warning'), warning);
  }
}
