/* The summary as it is written: how far it is, the notes on the way, the text itself. The document is touched once a
 * frame at most. */
import { formatNumber, formatSeconds } from '../site/format.js';
import { byId, element, put } from '../site/text.js';

const ui = {
  work: byId('work'),
  title: byId('work-title'),
  status: byId('work-status'),
  bar: byId('work-bar'),
  left: byId('work-left'),
  summary: byId('summary'),
  continue: byId('continue'),
  copy: byId('copy'),
  note: byId('work-note'),
  stepsBox: byId('steps-box'),
  stepsTitle: byId('steps-title'),
  steps: byId('steps'),
};

function showOnly(target, isShown) {
  target.hidden = !isShown;
}

export class WorkView {
  #frame;
  #renderer;
  /** What is said, as functions of the words, to say it again in another language. */
  #status = () => '';
  #note = () => '';
  #left = '';
  /** Notes by their key: {item, title, body, step}. */
  #items = new Map();
  #text = '';
  #stream;
  #frameAsked = false;
  #pending = new Map();

  constructor(frame, { onContinue }) {
    this.#frame = frame;
    ui.continue.addEventListener('click', onContinue);
    ui.copy.addEventListener('click', () => void this.#copy());
    frame.onLanguage(() => this.#speak());
  }

  /** The module that draws Markdown, a promise; until it is there, and if it does not come, text is text. */
  set renderer(promise) {
    promise.then(
      (renderer) => {
        this.#renderer = renderer;
      },
      () => undefined,
    );
  }

  /** A summary begins; `isNew`: of another text than before. */
  begin(isNew) {
    if (isNew) {
      this.#items.clear();
      ui.steps.replaceChildren();
    }
    ui.stepsBox.open = true;
    this.#dropText();
    this.#note = () => '';
    ui.work.hidden = false;
    showOnly(ui.bar, true);
    ui.bar.removeAttribute('value');
    showOnly(ui.continue, false);
    showOnly(ui.copy, false);
    this.#speak();
    ui.title.focus({ preventScroll: true });
    ui.work.scrollIntoView({ block: 'nearest' });
  }

  say(status) {
    this.#status = status;
    put(ui.status, status(this.#frame.words));
  }

  /** `share` from 0 to 1; `seconds` left, when it can be told. */
  progress(share, seconds) {
    ui.bar.max = 1;
    ui.bar.value = share;
    this.#left = seconds === undefined ? '' : seconds;
    put(ui.left, seconds === undefined ? '' : this.#frame.words.left(formatSeconds(seconds)));
  }

  /** A step of SummaryJob. */
  step(step) {
    this.#pending.set(step.key, step);
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    /* No frames come while the page is hidden; what is pending is one text a step. */
    requestAnimationFrame(() => this.#flush());
  }

  /** All that was written is on the page now. */
  async end({ status, note, canContinue }) {
    this.#flush();
    await this.#stream?.finish(this.#text);
    this.#note = note ?? (() => '');
    this.#left = '';
    put(ui.left, '');
    showOnly(ui.bar, false);
    showOnly(ui.continue, canContinue);
    showOnly(ui.copy, this.#text.trim() !== '');
    ui.stepsBox.open = this.#text.trim() === '';
    this.say(status);
    this.#speak();
  }

  #flush() {
    this.#frameAsked = false;
    for (const step of this.#pending.values()) {
      if (step.kind === 'final') this.#drawText(step.text);
      else this.#drawNote(step);
    }
    this.#pending.clear();
  }

  #dropText() {
    this.#pending.clear();
    this.#stream?.stop();
    this.#stream = undefined;
    this.#text = '';
    ui.summary.replaceChildren();
    ui.summary.hidden = true;
  }

  #drawText(text) {
    this.#text = text;
    ui.summary.hidden = text === '';
    if (this.#stream === undefined && this.#renderer !== undefined) {
      ui.summary.replaceChildren();
      ui.summary.classList.remove('plain');
      this.#stream = new this.#renderer.MarkdownStream(ui.summary);
    }
    if (this.#stream) {
      this.#stream.update(text);
      return;
    }
    ui.summary.classList.add('plain');
    ui.summary.textContent = text;
  }

  #drawNote(step) {
    let entry = this.#items.get(step.key);
    if (entry === undefined) {
      entry = { item: element('li'), title: element('h3'), body: element('p') };
      entry.item.append(entry.title, entry.body);
      ui.steps.append(entry.item);
      this.#items.set(step.key, entry);
    }
    entry.step = step;
    entry.title.textContent = this.#titleOf(step);
    entry.body.textContent = step.text;
    entry.item.setAttribute('aria-busy', String(!step.isDone));
    this.#drawCount();
  }

  #drawCount() {
    ui.stepsBox.hidden = this.#items.size === 0;
    ui.stepsTitle.textContent = this.#frame.words.notes(formatNumber(this.#items.size));
  }

  #titleOf({ kind, index, of }) {
    const { words } = this.#frame;
    return kind === 'merge' ? words.stepMerge(index + 1, of) : words.stepPart(index + 1, of);
  }

  #speak() {
    const { words } = this.#frame;
    put(ui.status, this.#status(words));
    put(ui.note, this.#note(words));
    if (this.#left !== '') put(ui.left, words.left(formatSeconds(this.#left)));
    for (const { title, step } of this.#items.values()) title.textContent = this.#titleOf(step);
    this.#drawCount();
  }

  async #copy() {
    const isCopied = await navigator.clipboard?.writeText(this.#text).then(
      () => true,
      () => false,
    );
    this.#note = (words) => (isCopied ? words.copied : words.notCopied);
    ui.note.textContent = '';
    this.#speak();
  }
}
