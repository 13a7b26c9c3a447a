/* Where the text comes from: typed or pasted into the field, a file, a drop. A long text is held beside the field,
 * which would lay out megabytes at each change; its beginning is shown. */
import { formatNumber } from '../site/format.js';
import { byId } from '../site/text.js';
import { readTextFile } from './read-text.js';
import { recognise } from './thread.js';
import { EXAMPLES } from './words.js';

/** What the field takes. */
const TYPED_MAX = 40_000;
const PREVIEW_CHARACTERS = 600;
const NAMES_SHOWN = 4;
const RECOGNISE_MS = 250;

const ui = {
  source: byId('source'),
  typed: byId('typed'),
  text: byId('text'),
  held: byId('held'),
  heldName: byId('held-name'),
  preview: byId('held-preview'),
  file: byId('file'),
  example: byId('example'),
  remove: byId('remove'),
  about: byId('source-about'),
};

export class SourceView {
  #frame;
  #onError;
  #onText;
  /** {text, name} of a text beside the field; `name` undefined: pasted. */
  #held;
  #found = recognise('');
  /** The name of the file that is being read. */
  #reading;
  #timer;
  #isLocked = false;

  /** `onText(found)` is called when the text has changed, with what recognise() says of it. */
  constructor(frame, { onError, onText }) {
    this.#frame = frame;
    this.#onError = onError;
    this.#onText = onText;
    ui.text.addEventListener('input', () => this.#typed());
    ui.text.addEventListener('paste', (event) => this.#pasted(event));
    ui.file.addEventListener('change', () => {
      const [file] = ui.file.files;
      ui.file.value = '';
      if (file) void this.take(file);
    });
    ui.example.addEventListener('click', () => {
      this.#hold(undefined);
      ui.text.value = EXAMPLES[frame.language];
      this.#changed();
    });
    ui.remove.addEventListener('click', () => this.clear());
    frame.onLanguage(() => this.#draw());
  }

  get text() {
    return this.#held?.text ?? ui.text.value;
  }

  clear() {
    this.#hold(undefined);
    ui.text.value = '';
    this.#changed();
    ui.text.focus();
  }

  /** While a summary is written, its text stays. */
  set isLocked(isLocked) {
    this.#isLocked = isLocked;
    ui.text.readOnly = isLocked;
    for (const control of [ui.file, ui.example, ui.remove]) control.disabled = isLocked;
  }

  /** A file that was chosen or dropped. */
  async take(file) {
    if (this.#isLocked) return;
    this.#reading = file.name;
    this.#draw();
    try {
      const text = await readTextFile(file);
      if (this.#reading !== file.name) return; /* another one came after it */
      this.#hold(text.length > TYPED_MAX ? { text, name: file.name } : undefined);
      ui.text.value = this.#held ? '' : text;
      this.#reading = undefined;
      this.#changed();
    } catch (error) {
      this.#reading = undefined;
      this.#draw();
      error.code = `TEXT_${(error.reason ?? 'unread').toUpperCase()}`;
      this.#onError(error);
    }
  }

  #hold(held) {
    this.#held = held;
    ui.typed.hidden = held !== undefined;
    ui.held.hidden = held === undefined;
  }

  /** A long text that is pasted into an empty field never gets into it. */
  #pasted(event) {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const isAll = ui.text.selectionEnd - ui.text.selectionStart === ui.text.value.length;
    if (text.length <= TYPED_MAX || !isAll || this.#isLocked) return;
    event.preventDefault();
    this.#holdPasted(text);
    ui.held.focus();
  }

  #holdPasted(text) {
    ui.text.value = '';
    this.#hold({ text, name: undefined });
    this.#changed();
  }

  #typed() {
    if (ui.text.value.length > TYPED_MAX * 2) {
      this.#holdPasted(ui.text.value);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(), RECOGNISE_MS);
  }

  #changed() {
    clearTimeout(this.#timer);
    this.#found = recognise(this.text);
    this.#draw();
    this.#onText(this.#found);
  }

  #draw() {
    const { words } = this.#frame;
    const { text } = this;
    ui.remove.hidden = text === '';
    ui.example.hidden = text !== '';
    if (this.#held) {
      const name = this.#held.name ?? words.pasted;
      ui.heldName.textContent = words.held(name, formatNumber(text.length));
      ui.preview.textContent = `${text.slice(0, PREVIEW_CHARACTERS)}…`;
    }
    ui.about.textContent = this.#reading ? words.reading(this.#reading) : this.#about();
  }

  #about() {
    const { words } = this.#frame;
    if (this.text === '') return '';
    const { kind, people } = this.#found;
    const shown = people.slice(0, NAMES_SHOWN).join(', ');
    const named = words.people(shown, Math.max(0, people.length - NAMES_SHOWN));
    return words.about[kind](formatNumber(this.text.length), named);
  }
}
