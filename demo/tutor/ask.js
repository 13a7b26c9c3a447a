/* The part of the page where a child asks: a sum on the pad or a question in words; how it works, a hint, or whether an
 * answer is right. */
import { byId, element } from '../site/text.js';
import { AnswerBox } from './answer-box.js';
import { deriveSteps } from './arithmetic.js';
import { giveHint, judge } from './judge.js';
import { buildPad, SUM_KEYS } from './pad.js';
import { readSum } from './prompts.js';
import { explainOn, sayTalk, Work } from './work.js';

export class AskView {
  #room;
  #work;
  #field = byId('sum');
  #isInWords = false;
  /** What the tutor made of a question in words: { text, answer }. */
  #understood;

  constructor(room) {
    this.#room = room;
    this.#work = new Work(byId('ask-result'), room, () =>
      room.say((words) => words.shown, 'happy'),
    );
    const { frame } = room;
    byId('ask-pad').replaceWith(
      buildPad({ keys: SUM_KEYS, columns: 4, field: () => this.#field, words: frame.words }),
    );
    byId('ask-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#explain();
    });
    byId('ask-form').noValidate = true;
    byId('hint').addEventListener('click', () => void this.#hint());
    byId('check').addEventListener('click', () => void this.#check());
    byId('words-toggle').addEventListener('click', () => this.#setInWords(!this.#isInWords));
    this.#field.addEventListener('keydown', (event) => this.#onKey(event));
    this.#field.addEventListener('input', () => this.#fitField());
    frame.onLanguage((words) => {
      this.#drawIdeas(words);
      this.#drawMode();
    });
  }

  /** Enter asks; it also ends the composition of a Hangul syllable, and that one does not. */
  #onKey(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId('ask-form').requestSubmit();
  }

  #fitField() {
    const isLong = this.#field.value.length > 16;
    this.#field.classList.toggle('long', isLong || this.#isInWords);
    this.#field.rows = this.#isInWords || isLong ? 3 : 1;
  }

  #setInWords(isInWords) {
    this.#isInWords = isInWords;
    this.#drawMode();
    this.#field.focus();
  }

  #drawMode() {
    const { words } = this.#room.frame;
    const isOn = this.#isInWords;
    this.#field.inputMode = isOn ? 'text' : 'none';
    byId('ask-desk').classList.toggle('in-words', isOn);
    byId('ask-form').querySelector('label').textContent = isOn ? words.wordsLabel : words.sumLabel;
    this.#field.placeholder = isOn ? words.wordsPlaceholder : words.sumPlaceholder;
    byId('words-toggle').textContent = isOn ? words.inNumbers : words.inWords;
    this.#fitField();
  }

  #drawIdeas(words) {
    const items = words.ideaList.map((idea) => {
      const item = element('li');
      const button = element('button', 'idea', idea);
      button.type = 'button';
      button.addEventListener('click', () => {
        this.#field.value = idea;
        this.#setInWords(idea.length > 20);
        void this.#explain();
      });
      item.append(button);
      return item;
    });
    byId('ideas').replaceChildren(...items);
  }

  /** The question as it stands, or null after having asked for one. */
  #question() {
    const text = this.#field.value.trim();
    if (text !== '') return { text, expression: readSum(text) };
    this.#room.cancel();
    this.#room.say((words) => words.emptySum);
    this.#field.focus();
    return null;
  }

  async #explain() {
    const question = this.#question();
    if (question === null) return;
    const { text, expression } = question;
    const { language } = this.#room.frame;
    await this.#room.turn(async (teacher, signal) => {
      const request = { expression, text: expression ? undefined : text, language };
      const answer = await explainOn(this.#work, { room: this.#room, teacher, request, signal });
      if (answer?.form === 'solve') this.#understood = { text, answer };
    });
  }

  /** The sum that a question is about, as the tutor reads it; null when there is none that can be done, which has been
   *  said then. */
  async #understand({ text, expression }, teacher, signal) {
    if (expression && deriveSteps(expression)) return expression;
    if (this.#understood?.text === text) return this.#understood.answer.expression;
    const { language } = this.#room.frame;
    const request = { expression, text: expression ? undefined : text, language, signal };
    const answer = await (teacher?.explain(request) ?? null);
    if (signal.aborted) return null;
    if (answer?.form === 'solve') {
      this.#understood = { text, answer };
      return answer.expression;
    }
    if (answer === null) this.#room.say((words) => words.muddled);
    else sayTalk(this.#room, answer);
    return null;
  }

  async #hint() {
    const question = this.#question();
    if (question === null) return;
    await this.#room.turn(async (teacher, signal) => {
      const expression = await this.#understand(question, teacher, signal);
      if (expression) await giveHint({ room: this.#room, teacher, expression, signal });
    });
  }

  async #check() {
    const question = this.#question();
    if (question === null) return;
    await this.#room.turn(async (teacher, signal) => {
      const expression = await this.#understand(question, teacher, signal);
      if (expression === null || signal.aborted) return;
      const { text } = question;
      const isWords = question.expression === null;
      this.#askForAnswer(expression, isWords ? text : null);
    });
  }

  #askForAnswer(expression, text) {
    const { words } = this.#room.frame;
    const card = element('section', 'card');
    const title = element('h2', text ? 'story' : 'sum-title', text ?? this.#room.print(expression));
    const box = new AnswerBox({
      expression,
      hasRemainder: expression.operator === '÷' && expression.total === undefined,
      words,
      onGiven: (given) => void this.#judge(box, expression, given),
      onNothing: () => {
        this.#room.say((all) => all.emptyAnswer);
        box.focus();
      },
    });
    this.#work.clear();
    card.append(title, box.form);
    byId('ask-result').replaceChildren(card);
    this.#room.say((all) => all.yourTurn);
    box.focus();
  }

  async #judge(box, expression, given) {
    const isRight = await judge({ room: this.#room, expression, given });
    if (!isRight) box.select();
  }
}
