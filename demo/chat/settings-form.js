/* The fields of the settings: drawn from sampling.js, kept at each change. A field that holds something impossible says
 * so, and the last good value holds. */
import { applyWords, byId, element } from '../site/text.js';
import { initialSettings, NUMBERS, readSettings, validNumber, writeSettings } from './sampling.js';

/* 'topP' → 'top-p' */
const idOf = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export class SettingsForm {
  /** What holds now. */
  settings = readSettings();
  #frame;
  #inputs = new Map();
  #isKept;

  constructor(frame) {
    this.#frame = frame;
    for (const name of Object.keys(NUMBERS)) byId('settings-fields').append(this.#field(name));
    byId('system').addEventListener('input', () => {
      this.settings.system = byId('system').value;
      this.#keep();
    });
    byId('reset-settings').addEventListener('click', () => {
      this.settings = initialSettings();
      this.#show();
      this.#keep();
    });
    this.#show();
    frame.onLanguage(() => this.#speak());
  }

  #field(name) {
    const { min, max, step } = NUMBERS[name];
    const label = element('label');
    const text = element('span');
    text.dataset.text = name;
    const input = element('input');
    Object.assign(input, {
      id: idOf(name),
      type: 'number',
      min,
      max,
      step: step === 1 ? 1 : 'any',
    });
    input.addEventListener('input', () => this.#take(name));
    const problem = element('span', 'problem quiet');
    problem.id = `${input.id}-problem`;
    input.setAttribute('aria-describedby', problem.id);
    label.append(text, input, problem);
    applyWords(label, this.#frame.words);
    this.#inputs.set(name, { input, problem });
    return label;
  }

  #take(name) {
    const { input } = this.#inputs.get(name);
    /* A field with letters in it is empty to the page; the browser knows better. */
    const number = input.validity.badInput ? undefined : validNumber(name, input.value);
    if (number !== undefined) {
      this.settings[name] = number;
      this.#keep();
    }
    this.#judge(name, number !== undefined);
  }

  #judge(name, isGood) {
    const { input, problem } = this.#inputs.get(name);
    const { min, max } = NUMBERS[name];
    input.setAttribute('aria-invalid', String(!isGood));
    problem.textContent = isGood ? '' : this.#frame.words.range(min, max);
  }

  #show() {
    byId('system').value = this.settings.system;
    for (const [name, { input }] of this.#inputs) {
      input.value = this.settings[name] ?? '';
      this.#judge(name, true);
    }
  }

  #keep() {
    this.#isKept = writeSettings(this.settings);
    this.#speak();
  }

  #speak() {
    const { words } = this.#frame;
    const notes = { true: words.settingsKept, false: words.settingsNotKept };
    byId('settings-note').textContent = notes[this.#isKept] ?? '';
    for (const [name, { input }] of this.#inputs) {
      if (input.getAttribute('aria-invalid') === 'true') this.#judge(name, false);
    }
  }
}
