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
import { MathCache } from './render-math.js';
import { sanitize } from './render-safe.js';

/* An unfinished block that took so long is drawn again no sooner than this many times as long. */
const TAIL_PAUSE = 5;

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

class BlockDrawer {
  #writer = new MarkdownWriter();
  #math;
  #copyLabel;

  constructor({ copyLabel, math }) {
    this.#copyLabel = copyLabel;
    this.#math = math;
  }

  reader() {
    return new BlockReader(this.#writer);
  }

  /** Sanitised elements of a block; formulas and code are slots still. */
  draw(token) {
    try {
      const fragment = sanitize(this.#writer.html(token));
      wrapTables(fragment);
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
    if (kind === 'code') slot.replaceWith(codeBlock(text, language, this.#copyLabel));
    else slot.replaceWith(this.#math.node(text, kind === 'display'));
  }
}

const slotsOf = (fragment) => fragment.querySelectorAll('[data-slot]');

/** All of a text at once, for short ones. `copyLabel`: see codeBlock(). */
export function renderMarkdown(text, { copyLabel, math = new MathCache() } = {}) {
  const drawer = new BlockDrawer({ copyLabel, math });
  const reader = drawer.reader();
  const source = normalize(text);
  const whole = new DocumentFragment();
  for (let hasMore = true; hasMore; ) {
    const read = reader.read(source, true);
    for (const token of read.settled) whole.append(drawer.draw(token));
    ({ hasMore } = read);
  }
  for (const slot of slotsOf(whole)) drawer.fill(slot);
  return whole;
}

/** A text that grows, in an element of its own. Blocks that cannot change any more are drawn once; the unfinished one
 *  is drawn again as it grows. */
export class MarkdownStream {
  #frames;
  #onDraw;
  #drawer;
  #reader;
  #text = '';
  #isFinal = false;
  #isRead = true;
  /** Read, and not drawn yet. */
  #settled = [];
  #tail = [];
  /** Formulas and code of what is drawn for good. */
  #slots = [];
  #tailBox = document.createElement('div');
  #tailCode;
  #tailDue = 0;
  #finished = Promise.withResolvers();
  #job = (isOver) => this.#work(isOver);

  /** `frames` is shared by the streams of a page, `math` too (a MathCache); `onDraw` is called when something was
   *  drawn. */
  constructor(host, { copyLabel, frames = new Frames(), math = new MathCache(), onDraw } = {}) {
    this.#frames = frames;
    this.#onDraw = onDraw;
    this.#drawer = new BlockDrawer({ copyLabel, math });
    this.#reader = this.#drawer.reader();
    this.#tailBox.className = 'tail';
    host.append(this.#tailBox);
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
    return this.#finished.promise;
  }

  /** Draws no more; for an element that leaves the page. */
  stop() {
    this.#frames.stop(this.#job);
    this.#finished.resolve();
  }

  #work(isOver) {
    let isDrawn = false;
    while (!isOver() && this.#step(isOver)) isDrawn = true;
    const isIdle = this.#isRead && !this.#isDrawing;
    if (isIdle && this.#isFinal) {
      this.#tailBox.remove();
      this.#finished.resolve();
    }
    if (isDrawn) this.#onDraw?.();
    return !isIdle;
  }

  get #isDrawing() {
    return this.#settled.length + this.#tail.length + this.#slots.length > 0;
  }

  /** One piece of work; false when there is none for now. */
  #step(isOver) {
    if (this.#settled.length > 0) this.#settle(this.#settled.shift());
    else if (this.#slots.length > 0) this.#drawer.fill(this.#slots.shift());
    else if (performance.now() < this.#tailDue && !this.#isFinal) return false;
    else if (!this.#isRead) this.#read();
    else if (this.#tail.length > 0) this.#drawTail(isOver);
    else return false;
    return true;
  }

  #read() {
    const { settled, tail, hasMore } = this.#reader.read(this.#text, this.#isFinal);
    this.#settled = settled;
    this.#tail = tail;
    this.#isRead = !hasMore;
    /* The first of them replaces the tail: the new tail is to follow at once. */
    if (settled.length > 0) this.#tailDue = 0;
  }

  #settle(token) {
    this.#clearTail();
    const fragment = this.#drawer.draw(token);
    this.#slots.push(...slotsOf(fragment));
    this.#tailBox.before(fragment);
  }

  #drawTail(isOver) {
    const start = performance.now();
    const tokens = this.#tail;
    this.#tail = [];
    const code = tokens.length === 1 && tokens[0].type === 'code' ? tokens[0] : undefined;
    if (code && this.#tailCode === code.lang) {
      extendCode(this.#tailBox, code.text);
    } else {
      this.#clearTail();
      for (const token of tokens) this.#tailBox.append(this.#drawer.draw(token));
      for (const slot of slotsOf(this.#tailBox)) {
        if (isOver() && !code) break; /* the others show their source until the block is finished */
        this.#drawer.fill(slot);
      }
      this.#tailCode = code?.lang;
    }
    this.#tailDue = start + TAIL_PAUSE * (performance.now() - start);
  }

  #clearTail() {
    this.#tailBox.replaceChildren();
    this.#tailCode = undefined;
  }
}
