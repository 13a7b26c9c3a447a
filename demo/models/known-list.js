/* Models that the registry knows: those that can be fetched, each with a button, and the others with the reason why
 * not. */
import { models } from 'pocketphi';
import { formatBytes, formatNumber } from '../site/format.js';
import { byId, element } from '../site/text.js';

/** What a session of the engine's default holds. */
const CONTEXT_TOKENS = 4096;

const ui = { known: byId('known'), others: byId('others'), othersBox: byId('others-box') };

function isFetchable({ state, hf }) {
  return state === 'works' && hf !== null;
}

function factsOf({ bytes, needs, contextLength, licence, hf }, words) {
  const needsBytes =
    needs.weightBytes + needs.kvBytesPerToken * Math.min(contextLength, CONTEXT_TOKENS);
  return [
    words.size(formatBytes(bytes ?? needs.weightBytes)),
    words.memory(formatBytes(needsBytes)),
    words.context(formatNumber(contextLength)),
    words.licence(licence),
    hf !== null && words.from('huggingface.co'),
  ]
    .filter(Boolean)
    .join(' · ');
}

export class KnownList {
  #frame;
  #onDownload;
  #known = [];
  /** States of what is stored, by the registry's id. */
  #states = new Map();
  #room = null;
  #isBusy = false;

  /** `onDownload` takes a model of the registry. */
  constructor(frame, { onDownload }) {
    this.#frame = frame;
    this.#onDownload = onDownload;
    frame.onLanguage(() => this.#draw());
  }

  set isBusy(isBusy) {
    this.#isBusy = isBusy;
    this.#draw();
  }

  /** `roomBytes`: what this site may store besides, or null. */
  async refresh(roomBytes) {
    this.#room = roomBytes;
    this.#known = await models.known().catch(() => []);
    for (const { id } of this.#known.filter(isFetchable)) {
      const stored = await models.get(id).catch(() => undefined);
      this.#states.set(id, stored?.state);
    }
    this.#draw();
  }

  #draw() {
    const { words } = this.#frame;
    const focused = ui.known.contains(document.activeElement)
      ? document.activeElement.dataset.id
      : undefined;
    const [here, there] = [true, false].map((isOne) =>
      this.#known.filter((model) => isFetchable(model) === isOne),
    );
    ui.known.replaceChildren(...here.map((model) => this.#item(model, words)));
    ui.others.replaceChildren(...there.map((model) => this.#other(model, words)));
    ui.othersBox.hidden = there.length === 0;
    if (focused !== undefined) ui.known.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  #item(model, words) {
    const item = element('li', 'card');
    const about = element('div', 'about');
    about.append(
      element('strong', '', model.name),
      element('span', 'quiet', factsOf(model, words)),
    );
    item.append(about);
    const state = this.#states.get(model.id);
    if (state === 'complete' || state === 'partial') {
      item.append(
        element('span', 'is-stored', state === 'complete' ? words.isStored : words.isPartly),
      );
      return item;
    }
    const bytes = model.bytes ?? model.needs.weightBytes;
    if (this.#room !== null && bytes > this.#room) {
      const warning = `${words.tooLarge} ${formatBytes(Math.max(0, this.#room))}.`;
      about.append(element('span', 'warning', warning));
    }
    const button = element('button', 'primary', words.download);
    button.type = 'button';
    button.dataset.id = model.id;
    button.disabled = this.#isBusy;
    button.setAttribute('aria-label', words.downloadOf(model.name));
    button.addEventListener('click', () => this.#onDownload(model));
    item.append(button);
    return item;
  }

  #other(model, words) {
    const item = element('li');
    const facts = `${factsOf(model, words)} · ${words.states[model.state]}`;
    item.append(element('strong', '', model.name), element('span', 'quiet', facts));
    return item;
  }
}
