/* One problem of a practice set: the sum or story, a field for the answer, hint and explanation, and what became of
 * it. */
import { applyWords, button, element } from '../site/text.js';
import { AnswerBox } from './answer-box.js';
import { giveHint, judge } from './judge.js';
import { listenButton } from './room.js';
import { tellStory } from './stories.js';
import { explainOn, Work } from './work.js';

/* Wrong answers after which the tutor offers to show it; one more mistake than this is no longer "alone". */
const TRIES_BEFORE_OFFER = 2;
/* Below it divisions come out even, and children need not know of remainders. */
const REMAINDER_LEVEL = 3;

export class Exercise {
  #room;
  #host;
  #problem;
  #box;
  #work;
  #onDone;
  #onNext;
  #mistakes = 0;
  #isDone = false;
  #isLast;
  #buttons;

  /** `place`: 1 to `count`; `onDone(outcome)` once, when it is right or was shown; `onNext()` to go on; `onStop()`. */
  constructor({ host, room, problem, level, place, count, onDone, onNext, onStop }) {
    this.#host = host;
    this.#room = room;
    this.#problem = problem;
    this.#onDone = onDone;
    this.#onNext = onNext;
    this.#isLast = place === count;
    this.#build({ level, place, count, onStop });
  }

  #build({ level, place, count, onStop }) {
    const { words } = this.#room.frame;
    const { expression } = this.#problem;
    this.#box = new AnswerBox({
      expression,
      hasRemainder: this.#problem.kind === 'divide' && level >= REMAINDER_LEVEL,
      words,
      onGiven: (given) => void this.#judge(given),
      onNothing: () => {
        this.#room.say((all) => all.emptyAnswer);
        this.#box.focus();
      },
    });
    this.#buttons = {
      hint: button('hint', '', () => void this.#hint()),
      show: button('showMe', '', () => void this.#explain()),
      next: button(this.#isLast ? 'finish' : 'next', 'primary', () => this.#onNext()),
      stop: button('stopNow', 'plain', onStop),
    };
    const { hint, show, next, stop } = this.#buttons;
    next.hidden = true;
    this.#box.form.querySelector('.actions').append(hint, show);
    const card = element('section', 'card problem');
    card.append(this.#placeLine(place, count), this.#title(), this.#box.form, stop);
    const result = element('div', 'result');
    this.#work = new Work(result, this.#room, () => this.#shown());
    const goOn = element('div', 'go-on');
    goOn.append(next);
    this.#host.replaceChildren(card, result, goOn);
    applyWords(this.#host, words);
  }

  /** Puts the sum, or the story in this language, into its heading. */
  showText() {
    const { language } = this.#room.frame;
    const isStory = this.#problem.story !== null;
    const text = isStory
      ? tellStory(this.#problem, language)
      : this.#room.print(this.#problem.expression);
    const title = this.#host.querySelector('.problem-title');
    title.classList.toggle('story', isStory);
    title.replaceChildren(
      element('span', '', text),
      listenButton(this.#room, () => text),
    );
    const place = this.#host.querySelector('.place-text');
    place.textContent = this.#room.frame.words.place(Number(place.dataset.place));
  }

  focus() {
    this.#box.focus();
  }

  #title() {
    const title = element('h2', 'problem-title');
    title.id = 'problem-title';
    this.#box.form.setAttribute('aria-labelledby', 'problem-title');
    return title;
  }

  #placeLine(place, count) {
    const line = element('div', 'place');
    const text = element('p', 'place-text');
    text.dataset.place = place;
    const dots = element('div', 'dots');
    dots.setAttribute('aria-hidden', 'true');
    for (let idx = 1; idx <= count; idx++)
      dots.append(element('span', idx < place ? 'dot done' : idx === place ? 'dot now' : 'dot'));
    line.append(text, dots);
    return line;
  }

  async #judge(given) {
    if (this.#isDone) return;
    const { expression } = this.#problem;
    const offer = this.#mistakes + 1 >= TRIES_BEFORE_OFFER ? 'offerShow' : 'tryAgain';
    const isRight = await judge({ room: this.#room, expression, given, offer });
    if (this.#isDone) return;
    if (isRight) {
      this.#end(this.#mistakes <= TRIES_BEFORE_OFFER ? 'alone' : 'together');
      this.#buttons.next.focus();
    } else {
      this.#mistakes++;
      this.#box.select();
    }
  }

  async #hint() {
    const { expression } = this.#problem;
    await this.#room.turn((teacher, signal) =>
      giveHint({ room: this.#room, teacher, expression, signal }),
    );
    if (!this.#isDone) this.#box.focus();
  }

  async #explain() {
    const { expression, story } = this.#problem;
    const { language } = this.#room.frame;
    const text = story === null ? undefined : tellStory(this.#problem, language);
    await this.#room.turn(async (teacher, signal) => {
      const request = { expression, text, language };
      await explainOn(this.#work, { room: this.#room, teacher, request, signal });
      if (!signal.aborted) this.#end('together');
    });
  }

  /** The last step of an explanation is there. */
  #shown() {
    this.#room.say((words) => words.nowYou, 'happy');
  }

  #end(outcome) {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#box.close();
    const { hint, show, next } = this.#buttons;
    hint.hidden = true;
    show.hidden = outcome === 'together';
    next.hidden = false;
    this.#onDone(outcome);
  }
}
