/* Asks for a name, in a dialog. */
import { applyWords, button, element } from '../site/text.js';

const LENGTH_MAX = 200;

export class NameDialog {
  #frame;
  #dialog = element('dialog');
  #input = element('input');
  #answer = (_name) => undefined;

  constructor(frame) {
    this.#frame = frame;
    this.#dialog.id = 'rename';
    const form = element('form');
    form.method = 'dialog';
    const label = element('label');
    const text = element('span');
    text.dataset.text = 'renameLabel';
    this.#input.maxLength = LENGTH_MAX;
    this.#input.required = true;
    label.append(text, this.#input);
    const cancel = button('cancel', '', () => this.#dialog.close(''));
    const save = element('button', 'primary');
    save.value = 'save';
    save.dataset.text = 'save';
    const actions = element('div', 'actions');
    actions.append(cancel, save);
    form.append(label, actions);
    this.#dialog.append(form);
    this.#dialog.addEventListener('close', () => {
      const name = this.#input.value.trim();
      this.#answer(this.#dialog.returnValue === 'save' && name !== '' ? name : undefined);
    });
    document.body.append(this.#dialog);
  }

  /** The new name, or undefined when the person wants none. */
  ask(name) {
    applyWords(this.#dialog, this.#frame.words);
    this.#input.value = name;
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    this.#input.select();
    return new Promise((resolve) => {
      this.#answer(undefined);
      this.#answer = resolve;
    });
  }
}
