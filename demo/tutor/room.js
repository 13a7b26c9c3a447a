/* What the parts of the page share: what the tutor says in its bubble, its face, and one piece of work at a time. */
import { byId, element } from '../site/text.js';
import { printExpression } from './prompts.js';

/** A button that reads `text()` aloud; it shows while reading aloud is on (body.reads). */
export function listenButton(room, text) {
  const button = element('button', 'listen');
  button.type = 'button';
  const icon = byId('read-aloud').querySelector('.icon').cloneNode(true);
  button.append(icon);
  button.setAttribute('aria-label', room.frame.words.listen(text()));
  button.addEventListener('click', () => room.reader.say(text()));
  return button;
}

/** Lines of the model as they are printed: minus signs, and no line break inside a sum. */
export const printed = (line) =>
  line.replace(
    /(?<=[\d□]) ([-+×÷=<>≠]) (?=[\d□])/g,
    (_, sign) => `\u00a0${sign === '-' ? '−' : sign}\u00a0`,
  );

export class Room {
  frame;
  reader;
  /** () → Promise of the Teacher, or of null where the model could not be loaded. */
  teacher;
  /** (error): what stopped a piece of work. */
  onFault = () => undefined;
  #said = () => '';
  #abort;
  #praises = 0;

  constructor({ frame, reader, teacher }) {
    this.frame = frame;
    this.reader = reader;
    this.teacher = teacher;
    frame.onLanguage(() => this.#showSaid());
    byId('say-aloud').replaceWith(this.#sayAloud());
  }

  #sayAloud() {
    const button = listenButton(this, () => byId('say').textContent);
    button.id = 'say-aloud';
    return button;
  }

  /** `text(words)`: said now, and again in another language. `mood`: 'calm', 'thinking' or 'happy'. */
  say(text, mood = 'calm') {
    this.#said = text;
    document.body.dataset.mood = mood;
    this.#showSaid();
  }

  /** Something right, in changing words. */
  praise() {
    const at = this.#praises++;
    this.say((words) => words.right[at % words.right.length], 'happy');
  }

  #showSaid() {
    const text = this.#said(this.frame.words);
    byId('say').textContent = text;
    byId('say-aloud').setAttribute('aria-label', this.frame.words.listen(text));
  }

  /** Does `work(teacher, signal)`, and ends what was under way. Meanwhile the tutor says `opening`. An error is said
   *  and goes to `onFault`. Teacher is null where there is no model. */
  async turn(work, opening = (words) => words.thinking) {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.say(opening, 'thinking');
    document.body.setAttribute('aria-busy', 'true');
    try {
      const teacher = await this.teacher();
      if (!abort.signal.aborted) await work(teacher, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.say((words) => words.broken);
      this.onFault(error);
    } finally {
      if (this.#abort === abort) document.body.removeAttribute('aria-busy');
    }
  }

  cancel() {
    this.#abort?.abort();
    document.body.removeAttribute('aria-busy');
  }

  print(expression) {
    return printExpression(expression, this.frame.language);
  }
}
