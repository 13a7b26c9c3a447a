/* A question that is answered yes or no, in a dialog of the page's. One is open at a time. */
import { element } from './text.js';

export class Confirm {
  #frame;
  #dialog = element('dialog');
  #text = element('p');
  #no = element('button');
  #yes = element('button', 'danger');
  /** Answers the question that is open. */
  #answer = (_isYes) => undefined;

  constructor(frame) {
    this.#frame = frame;
    this.#dialog.id = 'confirm';
    this.#text.id = 'confirm-text';
    this.#dialog.setAttribute('aria-labelledby', 'confirm-text');
    const form = element('form');
    form.method = 'dialog';
    const actions = element('div', 'actions');
    for (const [button, value] of [
      [this.#no, 'no'],
      [this.#yes, 'yes'],
    ]) {
      button.type = 'submit';
      button.value = value;
      actions.append(button);
    }
    this.#no.autofocus = true;
    form.append(this.#text, actions);
    this.#dialog.append(form);
    document.body.append(this.#dialog);
    this.#dialog.addEventListener('close', () => {
      /* The event comes late: the next question may be open already. */
      if (!this.#dialog.open) this.#answer(this.#dialog.returnValue === 'yes');
    });
  }

  /** Whether the person agrees. `yes` is what the button for it says. Escape is a no. */
  ask(text, yes) {
    this.#text.textContent = text;
    this.#yes.textContent = yes;
    this.#no.textContent = this.#frame.words.cancel;
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#answer(false);
      this.#answer = resolve;
    });
  }
}
