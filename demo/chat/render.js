/* A model's Markdown → elements of the page. Its text is hostile: HTML in it is shown as text, what is made of it is
 * sanitised, nothing in it loads anything, and no text takes long (render-blocks.js bounds a step, render-frames.js a
 * frame). Formulas are drawn by KaTeX, code is coloured by highlight.js.
 *
 *     host.append(renderMarkdown('**bold** $x^2$'));
 *
 *     const stream = new MarkdownStream(host);
 *     stream.update('**bo');            as often as there is more: the whole text so far
 *     await stream.finish('**bold**');
 *
 * Styles: markdown.css. This module is heavy: pages import it when they are about to need it. */
import { BlockReader } from './render-blocks.js';
import { codeBlock, extendCode } from './render-code.js';
import { Frames } from './render-frames.js';
import { MarkdownWriter } from './render-html.js';
import { mathNode } from './render-math.js';
import { patch, removeAfter } from './render-patch.js';
import { sanitize } from './render-safe.js';

export { Frames };

/* An unfinished block that took so long is drawn again no sooner than this many times as long. */
const TAIL_PAUSE = 5;
/* A formula is some forty elements; a block with more of them than this shows the others' source. */
const FORMULAS_MAX = 100;
const SLOTS = '[data-slot]';
const FORMULAS = '[data-slot="math"], [data-slot="display"]';

function normalize(text) {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

function plain(text) {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  return paragraph;
}

/** Tables scroll by themselves when they are wider than the page. */
function wrapTables(fragment) {
  for (const table of fragment.querySelectorAll('table')) {
    const wrap = document.createElement('div');
    wrap.className = 'table';
    wrap.tabIndex = 0;
    table.replaceWith(wrap);
    wrap.append(table);
  }
}

function boundFormulas(fragment) {
  for (const slot of [...fragment.querySelectorAll(FORMULAS)].slice(FORMULAS_MAX)) {
    const code = document.createElement('code');
    code.textContent = slot.textContent;
    slot.replaceWith(code);
  }
}

class BlockDrawer {
  #writer = new MarkdownWriter();
  #copyLabel;
  /** What filled slots were made of: { kind, language, text }. */
  #sources = new WeakMap();

  constructor(copyLabel) {
    this.#copyLabel = copyLabel;
  }

  reader() {
    return new BlockReader(this.#writer);
  }

  /** Sanitised elements of a block; formulas and code are slots still. */
  draw(token) {
    try {
      const fragment = sanitize(this.#writer.html(token));
      wrapTables(fragment);
      boundFormulas(fragment);
      return fragment;
    } catch {
      const fragment = new DocumentFragment();
      fragment.append(plain(token.raw)); /* too deep for the stack: the text itself */
      return fragment;
    }
  }

  fill(slot) {
    const { slot: kind, language } = slot.dataset;
    const text = slot.textContent;
    const isCode = kind === 'code';
    const node = isCode
      ? codeBlock(text, language, this.#copyLabel)
      : mathNode(text, kind === 'display');
    this.#sources.set(node, { kind, language, text });
    slot.replaceWith(node);
  }

  /** For patch(): whether a filled slot is good for a fresh one. */
  keeps(old, fresh) {
    const source = this.#sources.get(old);
    if (source === undefined) return undefined;
    const { slot: kind, language } = fresh.dataset ?? {};
    if (source.kind !== kind || source.language !== language) return false;
    const text = fresh.textContent;
    if (source.text === text) return true;
    if (kind !== 'code' || !text.startsWith(source.text)) return false;
    extendCode(old, text, language);
    source.text = text;
    return true;
  }
}

/** All of a text at once, for short ones. `copyLabel`: see codeBlock(). */
export function renderMarkdown(text, { copyLabel } = {}) {
  const drawer = new BlockDrawer(copyLabel);
  const reader = drawer.reader();
  const source = normalize(text);
  const whole = new DocumentFragment();
  for (let hasMore = true; hasMore; ) {
    const read = reader.read(source, true);
    for (const token of read.settled) whole.append(drawer.draw(token));
    ({ hasMore } = read);
  }
  for (const slot of whole.querySelectorAll(SLOTS)) drawer.fill(slot);
  return whole;
}

/** A text that grows, in an element of its own. Blocks that cannot change any more are drawn once; the unfinished one
 *  is drawn again as it grows. */
export class MarkdownStream {
  #host;
  #frames;
  #onDraw;
  #drawer;
  #reader;
  #text = '';
  #isFinal = false;
  #isRead = true;
  /** Read, and not drawn yet. */
  #settled = [];
  /** The same, of what may still change; undefined when it is drawn. */
  #tail;
  /** The last node of what is drawn for good; what is behind it may still change. */
  #end = null;
  #tailDue = 0;
  #onFinished = () => undefined;
  #finished = new Promise((resolve) => {
    this.#onFinished = resolve;
  });
  #job = (isOver) => this.#work(isOver);
  #keep = (old, fresh) => this.#drawer.keeps(old, fresh);

  /** `frames` is shared by the streams of a page; `onDraw` is called when something was drawn. */
  constructor(host, { copyLabel, frames = new Frames(), onDraw } = {}) {
    this.#host = host;
    this.#frames = frames;
    this.#onDraw = onDraw;
    this.#drawer = new BlockDrawer(copyLabel);
    this.#reader = this.#drawer.reader();
  }

  /** `text` begins with what it was before. */
  update(text) {
    this.#text = normalize(text);
    this.#isRead = false;
    this.#frames.run(this.#job);
  }

  /** Resolves when all of it is drawn. */
  finish(text) {
    this.#isFinal = true;
    this.update(text);
    return this.#finished;
  }

  /** Draws no more; for an element that leaves the page. */
  stop() {
    this.#frames.stop(this.#job);
    this.#onFinished();
  }

  #work(isOver) {
    let isDrawn = false;
    while (!isOver() && this.#step()) isDrawn = true;
    if (isDrawn) this.#onDraw?.();
    const isIdle = this.#isRead && !this.#isDrawing;
    if (isIdle && this.#isFinal) this.#onFinished();
    return !isIdle;
  }

  get #isDrawing() {
    return (
      this.#settled.length > 0 ||
      this.#tail !== undefined ||
      this.#host.querySelector(SLOTS) !== null
    );
  }

  /** One piece of work; false when there is none for now. */
  #step() {
    const slot = this.#host.querySelector(SLOTS);
    if (slot) this.#drawer.fill(slot);
    else if (this.#settled.length > 0) this.#settle(this.#settled.shift());
    else if (performance.now() < this.#tailDue && !this.#isFinal) return false;
    else if (!this.#isRead) this.#read();
    else if (this.#tail) this.#drawTail();
    else return false;
    return true;
  }

  #read() {
    const { settled, tail, hasMore } = this.#reader.read(this.#text, this.#isFinal);
    this.#settled = settled;
    this.#tail = tail;
    this.#isRead = !hasMore;
  }

  #settle(token) {
    this.#end = patch(this.#host, this.#end, this.#drawer.draw(token), this.#keep);
  }

  #drawTail() {
    const start = performance.now();
    let end = this.#end;
    for (const token of this.#tail) {
      end = patch(this.#host, end, this.#drawer.draw(token), this.#keep);
    }
    removeAfter(this.#host, end);
    this.#tail = undefined;
    this.#tailDue = start + TAIL_PAUSE * (performance.now() - start);
  }
}
