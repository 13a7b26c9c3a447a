/* An explanation on the page: the sum, squared paper, the steps one by one, the answer, and why. */
import { applyWords, button, element } from '../site/text.js';
import { solve } from './arithmetic.js';
import { paperOf } from './paper.js';
import { PaperView } from './paper-view.js';
import { formatGiven } from './prompts.js';
import { listenButton, printed } from './room.js';

export class Work {
  #room;
  #host;
  #onShown;
  /** What is shown: { expression, answer, lines, step, paper, … } and the elements that change. */
  #shown;

  /** `host` is emptied and filled; `onShown()` when the last step is there. */
  constructor(host, room, onShown = () => undefined) {
    this.#host = host;
    this.#room = room;
    this.#onShown = onShown;
    room.frame.onLanguage((words) => {
      this.#shown?.paper?.describe(words);
      if (this.#shown) this.#showText();
    });
  }

  clear() {
    this.#shown = undefined;
    this.#host.replaceChildren();
  }

  /** An Answer of form solve; `isRead`: the tutor made the sum out of words, and asks whether it read them right. */
  show(answer, { isRead = false } = {}) {
    this.#build(
      answer.expression,
      answer.steps.map(({ text }) => printed(text)),
      answer,
    );
    this.#shown.isRead = isRead;
    this.#showText();
    this.#showStep(0);
    this.#goThere();
  }

  /** The paper alone, whole: where the tutor is muddled, but the arithmetic is not. */
  showPaper(expression) {
    this.#build(expression, [], null);
    this.#showText();
    this.#showStep(Number.POSITIVE_INFINITY);
    this.#goThere();
  }

  /** The focus is on the sum; where all is one column, it is also at the top. */
  #goThere() {
    const { title } = this.#shown;
    title.focus({ preventScroll: true });
    const isOneColumn = matchMedia('(max-width: 52rem)').matches;
    title.scrollIntoView({ block: isOneColumn ? 'start' : 'nearest' });
  }

  #build(expression, lines, answer) {
    const drawn = paperOf(expression);
    const paper = drawn && new PaperView(drawn);
    const title = element('h2', 'sum-title');
    title.tabIndex = -1;
    const readAs = element('p', 'read-as');
    const list = element('ol', 'steps');
    list.dataset.label = 'steps';
    list.setAttribute('aria-live', 'polite');
    if (answer) list.lang = answer.language;
    const end = element('p', 'answer');
    end.setAttribute('role', 'status');
    const buttons = {
      next: button('nextStep', 'primary', () => this.#next()),
      all: button('allSteps', '', () => this.#showStep(lines.length)),
      why: button('why', '', () => void this.#why()),
    };
    const row = element('div', 'actions');
    row.append(...Object.values(buttons));
    const card = element('section', 'card work');
    const side = element('div', 'side');
    side.append(list, end, row);
    const desk = element('div', 'paper-and-steps');
    desk.append(...(paper ? [paper.figure] : []), side);
    card.append(title, readAs, desk);
    this.#host.replaceChildren(card);
    this.#shown = {
      expression,
      answer,
      lines,
      step: 0,
      paper,
      list,
      end,
      buttons,
      title,
      readAs,
      card,
    };
    applyWords(card, this.#room.frame.words);
  }

  /** What is said in the page's language around the model's lines. */
  #showText() {
    const { expression, answer, title, readAs, isRead } = this.#shown;
    const { words } = this.#room.frame;
    const sum = this.#room.print(expression);
    title.textContent = sum;
    readAs.textContent = isRead ? words.readAs(sum) : '';
    readAs.hidden = !isRead;
    if (this.#isAtEnd) this.#showEnd();
    if (answer === null) for (const each of Object.values(this.#shown.buttons)) each.hidden = true;
  }

  get #isAtEnd() {
    return this.#shown.step >= this.#shown.lines.length;
  }

  #next() {
    this.#showStep(this.#shown.step + 1);
    if (!this.#isAtEnd) return;
    const { buttons, end } = this.#shown;
    end.scrollIntoView({ block: 'nearest' });
    if (!buttons.why.hidden) buttons.why.focus();
  }

  #showStep(step) {
    const shown = this.#shown;
    const { lines, list, paper, buttons, card } = shown;
    shown.step = step;
    for (let idx = list.children.length; idx < Math.min(step, lines.length); idx++)
      list.append(this.#line(lines[idx]));
    for (const line of list.children) line.classList.toggle('now', line === list.lastElementChild);
    card.classList.toggle('whole', this.#isAtEnd);
    paper?.show(step, this.#room.frame.words);
    buttons.next.hidden = this.#isAtEnd;
    buttons.all.hidden = this.#isAtEnd;
    buttons.why.hidden = !this.#isAtEnd || shown.answer === null;
    if (this.#isAtEnd) this.#showEnd();
    if (this.#isAtEnd) this.#onShown();
  }

  #line(text) {
    const line = element('li');
    line.append(
      element('span', '', text),
      listenButton(this.#room, () => text),
    );
    return line;
  }

  #showEnd() {
    const { end } = this.#shown;
    const text = this.#room.frame.words.answerIs(this.#answerText());
    if (end.dataset.said === text) return;
    end.dataset.said = text;
    end.replaceChildren(
      element('strong', '', text),
      listenButton(this.#room, () => text),
    );
  }

  #answerText() {
    const { expression, answer } = this.#shown;
    const result = solve(expression);
    if (expression.operator === 'compare') return expression.operands.join(` ${result.answer} `);
    if (Array.isArray(result.answer)) return result.answer.join(', ');
    const number = formatGiven(result, this.#room.frame.language);
    const unit = answer?.language === this.#room.frame.language ? (answer.unit ?? '') : '';
    return `${number}${answer?.language === 'en' && unit ? ' ' : ''}${unit}`;
  }

  async #why() {
    const { expression, answer } = this.#shown;
    const { language } = this.#room.frame;
    await this.#room.turn(async (teacher, signal) => {
      const request = { expression, explained: answer.text, language, signal };
      const reason = await (teacher?.why(request) ?? null);
      if (signal.aborted) return;
      const note = reason?.steps[0]?.note;
      this.#room.say((words) => (note ? printed(note) : words.muddled));
    });
  }
}

/** Explains a sum on a Work: what the tutor says, or the paper alone, or that it is muddled. Returns the Answer, or
 *  null. `request`: { expression, text, language } of Teacher.explain(). */
export async function explainOn(work, { room, teacher, request, signal }) {
  const answer = await (teacher?.explain({ ...request, signal }) ?? null);
  if (signal.aborted) return null;
  const { expression } = request;
  if (answer === null && expression && solve(expression) !== undefined && paperOf(expression)) {
    work.showPaper(expression);
    room.say((words) => words.muddledPaper);
  } else if (answer === null) {
    work.clear();
    room.say((words) => words.muddled);
  } else if (answer.form === 'solve') {
    work.show(answer, { isRead: !expression });
    room.say((words) => words.follow);
  } else {
    work.clear();
    sayTalk(room, answer);
  }
  return answer;
}

/** Small talk and refusals, which have no steps. */
export function sayTalk(room, { form, steps }) {
  const text = steps.map((step) => step.note ?? step.text).join(' ');
  room.say((words) => (form === 'refusal' ? `${words.sorry} ${printed(text)}` : printed(text)));
}
