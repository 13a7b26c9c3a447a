/* Choosing a model: the one of the site, what is stored, Phi-3 by name with what it takes and whether it fits, an
 * address, a file. It says which model with which options; whoever made it loads. */
import { Engine, models } from 'pocketphi';
import { EMBEDDED } from '../site/embedded.js';
import { formatBytes, formatNumber } from '../site/format.js';
import { StoredList } from '../site/stored-list.js';
import { byId, element } from '../site/text.js';
import { decodeRate, fitOf, memoryOf, OFFERED } from './fit.js';

/** What kernels do is measured with a model's description at hand; nothing is fetched for it. */
const MEASURED = OFFERED[0];

function deviceBytes() {
  return navigator.deviceMemory === undefined ? undefined : navigator.deviceMemory * 2 ** 30;
}

function whenIdle(work) {
  if (globalThis.requestIdleCallback) requestIdleCallback(work, { timeout: 5000 });
  else setTimeout(work, 1000);
}

export class Chooser {
  #frame;
  #onChoose;
  #stored;
  #registry = [];
  #probe;
  #speed;
  /** Words of the notice: a key, or ''. */
  #notice = '';

  /** `onChoose({ model, name, options })`; `onError(error)`; `confirm`: the page's dialog. */
  constructor({ frame, confirm, onChoose, onError }) {
    this.#frame = frame;
    this.#onChoose = onChoose;
    this.#stored = new StoredList(byId('stored'), frame, {
      confirm,
      onLoad: ({ id, name }) => this.#choose(id, name),
      onError,
      onEmpty: () => byId('url').focus(),
    });
    byId('url-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const name = byId('url').value.trim();
      if (name !== '') this.#choose(name, name);
    });
    byId('file').addEventListener('change', () => {
      this.#take(byId('file').files[0]);
      byId('file').value = '';
    });
    for (const id of ['context-length', 'kv-type'])
      byId(id).addEventListener('change', () => this.#draw());
    this.#acceptDrops();
    frame.onLanguage(() => this.#draw());
  }

  /** `isMeasured`: also how fast this device is, when the page has nothing better to do. */
  async begin({ isMeasured }) {
    const [known, probe] = await Promise.all([models.known().catch(() => []), Engine.probe()]);
    this.#registry = known;
    this.#probe = probe;
    const loadable = known.filter(({ state, hf }) => state === 'works' && hf !== null);
    byId('known').replaceChildren(...loadable.map(({ id, name }) => new Option(name, id)));
    this.#draw();
    if (isMeasured) whenIdle(() => void this.#measure());
  }

  async #measure() {
    if (byId('loader').hidden) return;
    const { speed } = await Engine.probe({ model: MEASURED }).catch(() => ({ speed: null }));
    this.#speed = speed ?? undefined;
    this.#draw();
  }

  async refresh() {
    await this.#stored.refresh();
  }

  /** After a load that was cancelled. */
  async sayStopped() {
    await this.#stored.refresh();
    this.#say(this.#stored.hasPartial ? 'stoppedLoad' : '');
  }

  #say(notice) {
    this.#notice = notice;
    byId('notice').textContent = notice && this.#frame.words[notice];
  }

  options() {
    const context = byId('context-length').value;
    const threads = byId('threads').value;
    return {
      ...(context && { contextLength: Number(context) }),
      threads: threads === 'auto' ? 'auto' : Number(threads),
      kernels: byId('kernels').value,
      kvType: byId('kv-type').value,
      storage: byId('storage').value,
    };
  }

  #choose(model, name) {
    this.#say('');
    this.#onChoose({ model, name, options: this.options() });
  }

  #take(file) {
    if (file) this.#choose(file, file.name);
  }

  #acceptDrops() {
    const isOpen = () => !byId('loader').hidden;
    document.addEventListener('dragover', (event) => {
      if (!isOpen()) return;
      event.preventDefault();
      byId('drop').classList.add('over');
    });
    document.addEventListener('dragleave', () => byId('drop').classList.remove('over'));
    document.addEventListener('drop', (event) => {
      if (!isOpen()) return;
      event.preventDefault();
      byId('drop').classList.remove('over');
      this.#take(event.dataTransfer.files[0]);
    });
  }

  #draw() {
    const { words } = this.#frame;
    const list = byId('offered');
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : '';
    const offered = OFFERED.map((id) => this.#registry.find((model) => model.id === id));
    const cards = offered.filter(Boolean).map((model) => this.#registryCard(model));
    list.replaceChildren(...(EMBEDDED.url ? [this.#embeddedCard()] : []), ...cards);
    list.querySelector(`[data-key="${CSS.escape(focused ?? '')}"]`)?.focus();
    byId('variant').textContent = this.#probe
      ? words.running(this.#probe.variant, this.#probe.reason)
      : '';
    this.#say(this.#notice);
  }

  #card({ key, name, about, facts, fit, className, action, onClick }) {
    const card = element('li', `card ${className}`);
    const button = element('button', className === 'fits' ? 'primary' : '', action);
    button.type = 'button';
    button.dataset.key = key;
    button.setAttribute('aria-label', this.#frame.words.ofModel(action, name));
    if (onClick) button.addEventListener('click', onClick);
    const text = element('div', 'about');
    text.append(element('h3', '', name), element('p', '', about));
    text.append(element('p', 'quiet', facts.filter(Boolean).join(' · ')));
    if (fit) text.append(element('p', 'fit quiet', fit));
    card.append(text, ...(onClick ? [button] : []));
    return card;
  }

  #embeddedCard() {
    const { words } = this.#frame;
    const { url, name, bytes } = EMBEDDED;
    return this.#card({
      key: 'embedded',
      name,
      about: words.embedded.about,
      facts: [words.embedded.size(bytes === null ? null : formatBytes(bytes))],
      className: 'fits',
      action: words.load,
      onClick: () => this.#chooseEmbedded(url, name),
    });
  }

  #registryCard(model) {
    const { words } = this.#frame;
    const { contextLength, kvType } = this.options();
    const options = { context: contextLength, kvType };
    const { maxHeapBytes } = this.#probe;
    const device = deviceBytes();
    const fit = fitOf(model, options, { maxHeapBytes, deviceBytes: device });
    const isKnown = model.hf !== null;
    const rate = decodeRate(model, fit === 'large' ? undefined : this.#speed);
    const says = {
      fits: isKnown ? words.fits : `${words.fits} ${words.noFile}`,
      tight: words.tight(formatBytes(device)),
      large: words.large(formatBytes(maxHeapBytes)),
      planned: words.planned,
    };
    const isLoadable = fit === 'fits' || fit === 'tight';
    return this.#card({
      key: model.id,
      name: model.name,
      about: words.models[model.id],
      facts: [
        words.download(formatBytes(model.bytes ?? model.needs.weightBytes)),
        words.memory(formatBytes(memoryOf(model, options))),
        rate && words.speed(formatNumber(rate, rate < 10 ? 1 : 0)),
      ],
      fit: says[fit],
      className: isKnown ? fit : 'unknown',
      action: isKnown ? words.load : words.giveAddress,
      onClick: isLoadable ? () => this.#chooseKnown(model, isKnown) : undefined,
    });
  }

  /** The site keeps it: the engine need not. */
  #chooseEmbedded(url, name) {
    this.#say('');
    this.#onChoose({ model: url, name, options: { ...this.options(), storage: 'none' } });
  }

  #chooseKnown({ id, name }, isKnown) {
    if (isKnown) this.#choose(id, name);
    else byId('url').focus();
  }
}
