/* Questions and answers on the page, oldest first; an answer is drawn as it is written. */
import { byId, element } from '../site/text.js';

const ui = { section: byId('answers'), list: byId('turns') };

/** One question with its answer. */
class Turn {
  item = element('li', 'turn');
  #question = element('p', 'question');
  #body = element('div', 'answer markdown plain');
  #note = element('p', 'note quiet');
  #saidNote = () => '';
  #renderer;
  #stream;

  constructor(question, renderer) {
    this.#renderer = renderer;
    this.#question.textContent = question;
    this.item.append(this.#question, this.#body, this.#note);
    this.item.setAttribute('aria-busy', 'true');
  }

  update(text) {
    const renderer = this.#renderer();
    if (this.#stream === undefined && renderer !== undefined) {
      this.#body.replaceChildren();
      this.#body.classList.remove('plain');
      this.#stream = new renderer.MarkdownStream(this.#body);
    }
    if (this.#stream) this.#stream.update(text);
    else this.#body.textContent = text;
  }

  /** `note(words)`: what is said below. */
  async end(text, note, words) {
    this.update(text);
    await this.#stream?.finish(text);
    this.#body.hidden = text === '';
    this.#saidNote = note;
    this.speak(words);
    this.item.setAttribute('aria-busy', 'false');
  }

  speak(words) {
    this.#note.textContent = this.#saidNote(words);
  }
}

export class Answers {
  #frame;
  #turns = [];
  #renderer;

  constructor(frame) {
    this.#frame = frame;
    frame.onLanguage((words) => {
      for (const turn of this.#turns) turn.speak(words);
    });
  }

  /** Has the module that draws Markdown come; until it is there, and if it does not come, text is text. */
  prepare() {
    this.#renderer ??= import('../chat/render.js').then(
      (renderer) => {
        this.#renderer.module = renderer;
      },
      () => undefined,
    );
  }

  begin(question) {
    const turn = new Turn(question, () => this.#renderer?.module);
    this.#turns.push(turn);
    ui.list.append(turn.item);
    ui.section.hidden = false;
    turn.item.scrollIntoView({ block: 'nearest' });
    return turn;
  }

  async end(turn, text, note) {
    await turn.end(text, note, this.#frame.words);
  }

  clear() {
    this.#turns = [];
    ui.list.replaceChildren();
    ui.section.hidden = true;
  }
}
