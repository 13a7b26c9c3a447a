/* Which model does the page's work: one of the site where it can, one that is stored, one of the registry from the
 * network, an address, a file of the user's. ?model= of the page's address is offered first.
 *
 * Needs in the page #choices (a list) and #model-note, the words of model-words.js, the styles of choices.css. */
import { models } from 'pocketphi';
import { EMBEDDED, EMBEDDED_VISION, optionsFor } from './embedded.js';
import { formatBytes } from './format.js';
import { byId, element } from './text.js';

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

function embeddedOption({ url, name, bytes }) {
  const about = (words) => words.embeddedAbout(bytes === null ? '' : formatBytes(bytes));
  return { key: url, model: url, name, title: () => name, about };
}

const nameOf = (address) => address.slice(address.lastIndexOf('/') + 1) || address;

function givenOption(address) {
  const name = nameOf(address);
  const about = (words) => words.givenModel;
  return { key: address, model: address, name, title: () => name, about };
}

/** Another file is another key. */
function fileChoice(file) {
  const { name, size, lastModified } = file;
  return { key: `file ${name} ${size} ${lastModified}`, model: file, name };
}

const ADDRESS_OPTION = {
  key: 'address',
  title: (words) => words.address,
  about: (words) => words.addressAbout,
};

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
  #address;
  #offers;
  #onChange;
  #loadedNow;

  /** `embedded`: the model of the site that can do it; `knownId`: one of the registry; `takesAddress`: whether an
   *  address may be typed in. `onChange` is called when another model is chosen, by the user or by refresh().
   *  `loaded()`: which model an engine has loaded, { key, name, storage }, or undefined; it is said below the list, and
   *  why it is not kept where it should have been. */
  constructor(
    frame,
    { embedded, knownId, takesAddress = false, onChange = () => undefined, loaded },
  ) {
    this.#frame = frame;
    this.#loadedNow = loaded;
    this.#offers = { embedded, knownId, takesAddress };
    this.#onChange = onChange;
    this.#picker.type = 'file';
    this.#picker.accept = '.gguf';
    this.#picker.tabIndex = -1;
    this.#picker.id = 'own-file';
    this.#picker.setAttribute('aria-hidden', 'true');
    this.#picker.addEventListener('change', () => {
      [this.#file] = this.#picker.files;
      this.#draw();
      this.#onChange();
    });
    ui.choices.after(this.#picker);
    this.#address = this.#makeAddress();
    frame.onLanguage(() => this.#draw());
  }

  /** {key, model, name} for LoadPanel; undefined when the user has yet to choose a file or to type an address. */
  get chosen() {
    const option = this.#options.find(({ key }) => key === this.#chosen);
    if (option?.key === 'file') return this.#file && fileChoice(this.#file);
    if (option?.key !== 'address') return option;
    const address = this.#address.value.trim();
    return address === '' ? undefined : { key: address, model: address, name: nameOf(address) };
  }

  /** What the chosen line says; '' before refresh(). */
  get title() {
    const option = this.#options.find(({ key }) => key === this.#chosen);
    return option === undefined ? '' : option.title(this.#frame.words);
  }

  /** Asks for what is missing of the choice: opens the file dialog, or goes to the field of the address. */
  askForMore() {
    if (this.#chosen === 'address') this.#address.focus();
    else this.#picker.click();
  }

  set isLocked(isLocked) {
    this.#isLocked = isLocked;
    for (const input of ui.choices.querySelectorAll('input')) input.disabled = isLocked;
    this.#address.disabled = isLocked;
  }

  /** Whether the chosen model is that of the site. */
  get isEmbedded() {
    const { chosen } = this;
    return chosen !== undefined && chosen.model === this.#offers.embedded?.url;
  }

  /** Reads anew what is stored. A browser that stores nothing, or a broken list, leaves the others. */
  async refresh() {
    const { embedded, knownId, takesAddress } = this.#offers;
    const nothing = () => [];
    const [stored, known, part] = await Promise.all([
      models.list().catch(nothing),
      models.known().catch(nothing),
      models.get(knownId).catch(() => undefined),
    ]);
    const given = new URLSearchParams(location.search).get('model');
    const shownAlready = [EMBEDDED.url, EMBEDDED_VISION.url, given && urlOf(given)];
    const isUsable = ({ id, state }) => state === 'complete' && !shownAlready.includes(id);
    const isOffered = ({ id, state, hf }) =>
      id === knownId && !part && state === 'works' && hf !== null;
    this.#options = [
      ...(given ? [givenOption(given)] : []),
      ...(embedded?.url ? [embeddedOption(embedded)] : []),
      ...stored.filter(isUsable).map(storedOption),
      ...(part?.state === 'partial' ? [storedOption(part)] : []),
      ...known.filter(isOffered).map(knownOption),
      ...(takesAddress ? [ADDRESS_OPTION] : []),
      { key: 'file', title: this.#fileTitle, about: (words) => words.ownFileAbout },
    ];
    if (!this.#options.some(({ key }) => key === this.#chosen)) this.#chosen = this.#options[0].key;
    this.#draw();
    this.#onChange();
  }

  #fileTitle = (words) => (this.#file ? words.ownFileChosen(this.#file.name) : words.ownFile);

  #warning() {
    const option = this.#options.find(({ key }) => key === this.#chosen);
    const memory = (navigator.deviceMemory ?? 0) * GIGABYTE;
    const isLittle = memory > 0 && option?.needsBytes * 1.5 > memory && memory < 8 * GIGABYTE;
    return isLittle ? this.#frame.words.littleMemory(formatBytes(memory)) : '';
  }

  #makeAddress() {
    const field = element('input', 'address');
    field.type = 'text';
    field.id = 'address';
    field.spellcheck = false;
    field.autocomplete = 'off';
    field.addEventListener('change', () => this.#onChange());
    return field;
  }

  #draw() {
    const { words } = this.#frame;
    const focused = ui.choices.contains(document.activeElement) ? document.activeElement : null;
    ui.choices.replaceChildren(...this.#options.map((option) => this.#item(option, words)));
    this.#address.setAttribute('aria-label', words.addressLabel);
    this.#address.placeholder = 'https://…  hf:…';
    if (focused === this.#address) focused.focus();
    else if (focused !== null) ui.choices.querySelector(':checked')?.focus();
    this.drawNote();
  }

  /** What is said below the list, of what is loaded now. */
  drawNote() {
    const { said, reason } = this.#note();
    if (ui.note.textContent === said + reason) return;
    const detail = element('span', '', reason);
    detail.lang = 'en';
    ui.note.replaceChildren(said, detail);
  }

  #note() {
    const { words } = this.#frame;
    const { key, model } = this.chosen ?? {};
    const loaded = this.#loadedNow();
    if (loaded === undefined || loaded.key !== key) return { said: this.#warning(), reason: '' };
    const said = words.loadedModel(loaded.name);
    const { kind, reason } = loaded.storage;
    const isKept = kind !== null || typeof model !== 'string' || optionsFor(model).storage;
    return isKept ? { said, reason: '' } : { said: `${said} ${words.notKept} `, reason };
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
      this.#address.hidden = key !== 'address';
      this.drawNote();
      this.#onChange();
    });
    if (key === 'file') input.addEventListener('click', () => this.askForMore());
    const text = element('span', 'choice-text');
    text.append(element('strong', '', title(words)), element('span', 'quiet', about(words)));
    label.append(input, text);
    item.append(label);
    if (key === 'address') {
      this.#address.hidden = key !== this.#chosen;
      item.append(this.#address);
    }
    return item;
  }
}
