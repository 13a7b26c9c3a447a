/* Where a child writes the answer: a field (two for a division with remainder), its pad, and the button that checks it.
 * Enter checks, too. */
import { applyWords, element } from '../site/text.js';
import { solve } from './arithmetic.js';
import { readGiven } from './given.js';
import { buildPad, LIST_KEYS, NUMBER_KEYS, SIGN_KEYS } from './pad.js';

let lastId = 0;

function field(wordsPath, className) {
  const label = element('label', className);
  const name = element('span');
  name.dataset.text = wordsPath;
  const input = element('input');
  input.id = `answer-${++lastId}`;
  input.type = 'text';
  input.inputMode = 'none'; /* the pad is the keyboard of a phone; a real one works, too */
  input.autocomplete = 'off';
  input.maxLength = 40;
  label.append(name, input);
  return { label, input };
}

const keysFor = (wanted) => {
  if (typeof wanted === 'string') return SIGN_KEYS;
  return Array.isArray(wanted) ? LIST_KEYS : NUMBER_KEYS;
};

export class AnswerBox {
  form = element('form', 'answer-box');
  #expression;
  #inputs;
  #typing;
  #isClosed = false;

  /** `hasRemainder`: ask for a remainder, too. `onGiven(given)` for an answer, `onNothing()` for none. */
  constructor({ expression, hasRemainder, words, onGiven, onNothing }) {
    this.#expression = expression;
    const value = field('yourAnswer', 'value');
    const rest = field('remainder', 'rest');
    this.#inputs = hasRemainder ? [value.input, rest.input] : [value.input];
    this.#typing = value.input;
    for (const input of this.#inputs)
      input.addEventListener('focus', () => {
        this.#typing = input;
      });
    const fields = element('div', 'answer-fields');
    fields.append(value.label, ...(hasRemainder ? [rest.label] : []));
    const check = element('button', 'primary');
    check.type = 'submit';
    check.dataset.text = 'checkIt';
    const keys = keysFor(solve(expression)?.answer);
    const pad = buildPad({ keys, columns: 3, field: () => this.#typing, words });
    const row = element('div', 'actions');
    row.append(check);
    this.form.append(fields, pad, row);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#isClosed) return;
      const given = this.#read();
      if (given === null) onNothing();
      else onGiven(given);
    });
    applyWords(this.form, words);
  }

  focus() {
    this.#inputs[0].focus();
  }

  /** For another go: the text stays, selected. */
  select() {
    this.#inputs[0].focus();
    this.#inputs[0].select();
  }

  #read() {
    const [value, rest] = this.#inputs.map((input) => input.value);
    return readGiven(value, rest ?? '', this.#expression);
  }

  /** Nothing more can be given: the pad and the check go, the answer stays to be seen. */
  close() {
    for (const input of this.#inputs) input.readOnly = true;
    this.form.querySelector('.pad').hidden = true;
    this.form.querySelector('[type=submit]').hidden = true;
    this.#isClosed = true;
  }
}
