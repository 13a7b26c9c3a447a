/* One message on the page: who, the text, which of several versions, a note, and what can be done with it. A person's
 * text goes in as text; a model's is rendered once the renderer is there (render.js), and is plain text until then. */
import { applyWords, button, element } from '../site/text.js';
import { copyText } from './copy.js';

const NOTES = ['stopped', 'length', 'full'];

export class MessageView {
  node;
  box;
  #frame;
  #actions;
  #text = element('div', 'text');
  #versions = element('div', 'versions');
  #note = element('p', 'note quiet');
  #tools = element('div', 'tools');
  /** Which versions are shown, in which language: buttons that stay can be pressed. */
  #shownVersions = '';
  /** A MarkdownStream, of a model's message. */
  #stream;

  /** `actions`: { onEdit(node, text), onRegenerate(node), onChoose(node) }. */
  constructor(node, frame, actions) {
    this.node = node;
    this.#frame = frame;
    this.#actions = actions;
    const isMine = node.role === 'user';
    this.box = element('article', `message ${node.role}`);
    this.box.dataset.id = node.id;
    const head = element('header');
    const who = element('span', 'who');
    who.dataset.text = isMine ? 'you' : 'model';
    this.box.dataset.label = who.dataset.text;
    head.append(who, this.#versions);
    this.box.append(head, this.#text, this.#note, this.#tools);
    this.#addTool('copy', (button) => void copyText(this.node.content, button, frame));
    if (isMine) this.#addTool('edit', () => this.#edit());
    else this.#addTool('regenerate', () => actions.onRegenerate(this.node));
    applyWords(this.box, frame.words);
    if (isMine) this.#text.textContent = node.content;
  }

  #addTool(action, onClick) {
    const tool = button(action, '', () => onClick(tool));
    this.#tools.append(tool);
    return tool;
  }

  /** The text of the node as it is now. `renderer`: { MarkdownStream, options }, or undefined when it is not there. */
  show(renderer, isFinal) {
    if (this.node.role === 'user') return;
    const { content } = this.node;
    if (!this.#stream && renderer) {
      this.#text.classList.add('markdown');
      this.#text.replaceChildren();
      const copyLabel = this.#frame.words.copyCode;
      this.#stream = new renderer.MarkdownStream(this.#text, { ...renderer.options, copyLabel });
    }
    if (!this.#stream) this.#text.textContent = content;
    else if (isFinal) void this.#stream.finish(content);
    else this.#stream.update(content);
  }

  /** A screen reader hears the whole answer at its end, not every token. */
  setBusy(isBusy) {
    if (isBusy) this.box.setAttribute('aria-busy', 'true');
    else this.box.removeAttribute('aria-busy');
  }

  /** What is around the text: `siblings` are the versions of this message. */
  frameWith(siblings) {
    this.#showVersions(siblings);
    const { role, finish } = this.node;
    const key = NOTES.includes(finish) ? finish : finish === undefined && 'interrupted';
    this.#note.textContent = '';
    delete this.#note.dataset.text;
    if (role !== 'assistant' || !key || this.box.hasAttribute('aria-busy')) return;
    this.#note.dataset.text = `notes.${key}`;
    applyWords(this.#note, this.#frame.words);
  }

  #showVersions(siblings) {
    const at = siblings.findIndex(({ id }) => id === this.node.id);
    const shown = `${siblings.map(({ id }) => id)} ${this.#frame.language}`;
    if (shown === this.#shownVersions) return;
    this.#shownVersions = shown;
    if (siblings.length < 2) {
      this.#versions.replaceChildren();
      return;
    }
    const step = (action, mark, to) => {
      const made = element('button', '', mark);
      made.type = 'button';
      made.dataset.label = action;
      made.disabled = to === undefined;
      made.addEventListener('click', () => this.#actions.onChoose(to, action));
      return made;
    };
    const place = element('span', '', `${at + 1}/${siblings.length}`);
    place.setAttribute('aria-hidden', 'true');
    const said = element('span', 'hidden');
    said.textContent = this.#frame.words.versionOf(at + 1, siblings.length);
    this.#versions.replaceChildren(
      step('previous', '‹', siblings[at - 1]),
      place,
      said,
      step('next', '›', siblings[at + 1]),
    );
    applyWords(this.#versions, this.#frame.words);
  }

  #edit() {
    const form = element('form', 'edit');
    const area = element('textarea');
    area.dataset.label = 'editLabel';
    area.value = this.node.content;
    area.rows = Math.min(12, this.node.content.split('\n').length + 1);
    area.required = true;
    const save = element('button', 'primary');
    save.dataset.text = 'saveEdit';
    const cancel = button('cancelEdit', '', () => close());
    const row = element('div', 'row');
    row.append(save, cancel);
    form.append(area, row);
    applyWords(form, this.#frame.words);
    const close = () => {
      form.replaceWith(this.#text);
      this.#tools.hidden = false;
      this.#tools.querySelector('[data-text="edit"]').focus();
    };
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close();
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (event.target === cancel) close();
      else form.requestSubmit();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = area.value.trim();
      if (text === '') return;
      close();
      if (text !== this.node.content) this.#actions.onEdit(this.node, text);
    });
    this.#text.replaceWith(form);
    this.#tools.hidden = true;
    area.focus();
  }

  /** It leaves the page. */
  stop() {
    this.#stream?.stop();
  }
}
