/* Which model summarises: one that is stored, Phi-3-mini from the network, a file of the user's. The tutor that comes
 * with the site is not among them, as it cannot. */
import { models } from 'pocketphi';
import { EMBEDDED } from '../site/embedded.js';
import { formatBytes } from '../site/format.js';
import { byId, element } from '../site/text.js';

const KNOWN_ID = 'phi-3-mini-4k-q4';
/** What a session of the engine's default holds. */
const CONTEXT_TOKENS = 4096;
const GIGABYTE = 1e9;

const ui = { choices: byId('choices'), note: byId('model-note') };

function storedOption({ id, name, state, bytes, storedBytes }) {
  const about = (words) => {
    if (state === 'complete') return words.storedModel(formatBytes(storedBytes));
    const total = bytes === null ? words.unknownSize : formatBytes(bytes);
    return words.partModel(formatBytes(storedBytes), total);
  };
  return { key: id, model: id, name, title: () => name, about };
}

function knownOption({ id, name, bytes, needs }) {
  const needsBytes = needs.weightBytes + needs.kvBytesPerToken * CONTEXT_TOKENS;
  const about = (words) => {
    const fetched = words.knownModel(formatBytes(bytes ?? needs.weightBytes));
    return `${fetched}; ${words.needsMemory(formatBytes(needsBytes))}`;
  };
  return { key: id, model: id, name, title: () => name, about, needsBytes };
}

function addressOption(address) {
  const name = address.slice(address.lastIndexOf('/') + 1) || address;
  return {
    key: address,
    model: address,
    name,
    title: () => name,
    about: (words) => words.givenModel,
  };
}

function urlOf(address) {
  return URL.canParse(address, location.href) ? new URL(address, location.href).href : address;
}

export class ModelChoice {
  #frame;
  #options = [];
  #chosen;
  #file;
  #isLocked = false;
  #picker = element('input', 'hidden');

  constructor(frame) {
    this.#frame = frame;
    this.#picker.type = 'file';
    this.#picker.accept = '.gguf';
    this.#picker.tabIndex = -1;
    this.#picker.id = 'own-file';
    this.#picker.setAttribute('aria-hidden', 'true');
    this.#picker.addEventListener('change', () => {
      [this.#file] = this.#picker.files;
      this.#draw();
    });
    ui.choices.after(this.#picker);
    frame.onLanguage(() => this.#draw());
  }

  /** {key, model, name} for LoadPanel; undefined when the user has yet to choose a file. */
  get chosen() {
    const option = this.#options.find(({ key }) => key === this.#chosen);
    if (option?.key !== 'file') return option;
    return this.#file && { key: 'file', model: this.#file, name: this.#file.name };
  }

  /** Opens the file dialog where one is needed. */
  askForFile() {
    this.#picker.click();
  }

  set isLocked(isLocked) {
    this.#isLocked = isLocked;
    for (const input of ui.choices.querySelectorAll('input')) input.disabled = isLocked;
  }

  /** What the engine says of its model, below the list; undefined: nothing is loaded. */
  set loadedName(name) {
    const { words } = this.#frame;
    ui.note.textContent = name === undefined ? this.#warning() : words.loadedModel(name);
  }

  /** Reads anew what is stored. A browser that stores nothing, or a broken list, leaves the others. */
  async refresh() {
    const nothing = () => [];
    const [stored, known, part] = await Promise.all([
      models.list().catch(nothing),
      models.known().catch(nothing),
      models.get(KNOWN_ID).catch(() => undefined),
    ]);
    const given = new URLSearchParams(location.search).get('model');
    const shownAlready = [EMBEDDED.url, given && urlOf(given)];
    const isUsable = ({ id, state }) => state === 'complete' && !shownAlready.includes(id);
    this.#options = [
      ...(given ? [addressOption(given)] : []),
      ...stored.filter(isUsable).map(storedOption),
      ...(part?.state === 'partial' ? [storedOption(part)] : []),
      ...known.filter(({ id }) => id === KNOWN_ID && !part).map(knownOption),
      { key: 'file', title: this.#fileTitle, about: (words) => words.ownFileAbout },
    ];
    if (!this.#options.some(({ key }) => key === this.#chosen)) this.#chosen = this.#options[0].key;
    this.#draw();
  }

  #fileTitle = (words) => (this.#file ? words.ownFileChosen(this.#file.name) : words.ownFile);

  #warning() {
    const option = this.#options.find(({ key }) => key === this.#chosen);
    const memory = (navigator.deviceMemory ?? 0) * GIGABYTE;
    const isLittle = memory > 0 && option?.needsBytes * 1.5 > memory && memory < 8 * GIGABYTE;
    return isLittle ? this.#frame.words.littleMemory(formatBytes(memory)) : '';
  }

  #draw() {
    const { words } = this.#frame;
    const hadFocus = ui.choices.contains(document.activeElement);
    ui.choices.replaceChildren(...this.#options.map((option) => this.#item(option, words)));
    if (hadFocus) ui.choices.querySelector(':checked')?.focus();
    ui.note.textContent = this.#warning();
  }

  #item({ key, title, about }, words) {
    const item = element('li');
    const label = element('label');
    const input = element('input');
    input.type = 'radio';
    input.name = 'model';
    input.value = key;
    input.checked = key === this.#chosen;
    input.disabled = this.#isLocked;
    input.addEventListener('change', () => {
      this.#chosen = key;
      ui.note.textContent = this.#warning();
    });
    if (key === 'file') input.addEventListener('click', () => this.askForFile());
    const text = element('span', 'choice-text');
    text.append(element('strong', '', title(words)), element('span', 'quiet', about(words)));
    label.append(input, text);
    item.append(label);
    return item;
  }
}
