/* The messages of the visible branch. Messages that stay keep their elements; the page follows an answer that grows,
 * unless the person has scrolled away. */
import { applyWords, byId, element } from '../site/text.js';
import { copyText } from './copy.js';
import { MessageView } from './message.js';
import { pathOf, sentOf, siblingsOf } from './tree.js';

/** Pixels; nearer to the end than this is at the end. */
const NEAR_END = 16;

export class Thread {
  #frame;
  #actions;
  #host = byId('messages');
  #views = new Map();
  #renderer;
  #conversation;
  #busyId;
  #isFollowing = true;
  #lastY = 0;

  /** `actions`: see MessageView. */
  constructor(frame, actions) {
    this.#frame = frame;
    this.#actions = actions;
    addEventListener('scroll', () => this.#notePlace(), { passive: true });
    this.#host.addEventListener('click', ({ target }) => {
      const button = target.closest('.copy-code');
      if (!button) return;
      const code = button.closest('.code-block').querySelector('code').textContent;
      void copyText(code, button, frame);
    });
    frame.onLanguage(() => {
      if (this.#conversation) this.show(this.#conversation);
    });
  }

  /** Begins to load the renderer; what is shown is rendered when it is there. */
  async prepare() {
    if (this.#renderer) return;
    const { MarkdownStream, Frames } = await import('./render.js');
    const options = {
      frames: new Frames(),
      onDraw: () => this.#follow(),
    };
    this.#renderer = { MarkdownStream, options };
    for (const view of this.#views.values()) view.show(this.#renderer, !this.#isBusy(view.node));
  }

  #isBusy({ id }) {
    return id === this.#busyId;
  }

  /** Draws the visible branch of a conversation. */
  show(conversation) {
    if (this.#conversation?.id !== conversation.id) this.#clear();
    this.#conversation = conversation;
    const path = pathOf(conversation);
    const views = path.map((node) => this.#viewOf(node));
    const start = sentOf(conversation)[0];
    const boxes = views.map(({ box }) => box);
    const at = path.indexOf(start);
    for (const [i, { box }] of views.entries()) box.classList.toggle('left-out', i < at);
    if (at > 0) boxes.splice(at, 0, this.#border());
    this.#place(boxes);
    for (const view of views) view.frameWith(siblingsOf(conversation, view.node));
    byId('empty').hidden = path.length > 0;
  }

  /** The children are these, in this order; those that are there already stay, with the focus in them. */
  #place(boxes) {
    for (const child of [...this.#host.children]) {
      if (boxes.includes(child)) continue;
      this.#views.get(child.dataset.id)?.stop();
      this.#views.delete(child.dataset.id);
      child.remove();
    }
    for (const [i, box] of boxes.entries()) {
      const there = this.#host.children[i];
      if (there !== box) this.#host.insertBefore(box, there ?? null);
    }
  }

  #border() {
    const border = element('p', 'border quiet');
    border.dataset.text = 'leftOut';
    applyWords(border, this.#frame.words);
    return border;
  }

  #viewOf(node) {
    const known = this.#views.get(node.id);
    if (known) return known;
    const view = new MessageView(node, this.#frame, this.#actions);
    this.#views.set(node.id, view);
    view.setBusy(this.#isBusy(node));
    view.show(this.#renderer, !this.#isBusy(node));
    return view;
  }

  #clear() {
    for (const view of this.#views.values()) view.stop();
    this.#views.clear();
    this.#host.replaceChildren();
  }

  /** An answer begins. `conversation` is shown with it, to the end. */
  begin(conversation, node) {
    this.#busyId = node.id;
    this.show(conversation);
    this.scrollToEnd();
  }

  /** There is more of the answer. Nothing, when another conversation is shown meanwhile. */
  grow(node) {
    this.#views.get(node.id)?.show(this.#renderer, false);
    if (!this.#renderer) this.#follow();
  }

  /** No answer is under way any more. */
  end(node) {
    this.#busyId = undefined;
    const view = this.#views.get(node.id);
    view?.setBusy(false);
    view?.show(this.#renderer, true);
  }

  #distanceToEnd() {
    const dock = byId('dock').getBoundingClientRect().top;
    return this.#host.getBoundingClientRect().bottom - dock;
  }

  /** Only a person scrolls up; who does is not pulled back, not even from nearby. */
  #notePlace() {
    if (this.#distanceToEnd() < NEAR_END) this.#isFollowing = true;
    else if (scrollY < this.#lastY) this.#isFollowing = false;
    this.#lastY = scrollY;
  }

  #follow() {
    if (!this.#isFollowing) return;
    const distance = this.#distanceToEnd();
    if (distance > 0) scrollBy({ top: distance + 1, behavior: 'instant' });
  }

  scrollToEnd() {
    this.#isFollowing = true;
    this.#follow();
  }
}
