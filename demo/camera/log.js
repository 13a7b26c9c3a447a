/* Matches, newest first: thumbnail, time, what the model said. They live in this tab only, and are exported as one
 * file that any browser opens. The oldest leave when there are too many. */
import { blobOf, copyOf } from '../site/canvas.js';
import { formatMoment } from '../site/format.js';
import { byId, element } from '../site/text.js';

const MATCHES_MAX = 500;
const SHOWN_MAX = 50;
const THUMBNAIL = 320;

const ui = {
  list: byId('log-list'),
  count: byId('log-count'),
  more: byId('log-more'),
  actions: byId('log-actions'),
};

/** A small JPEG of a frame. */
async function thumbnailOf(canvas) {
  const scale = Math.min(1, THUMBNAIL / Math.max(canvas.width, canvas.height));
  const size = [canvas.width, canvas.height].map((side) => Math.round(side * scale));
  const small = copyOf(canvas, { width: size[0], height: size[1] });
  return await blobOf(small, 'image/jpeg', 0.85);
}

function dataUrlOf(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

export class MatchLog {
  #frame;
  /** Newest first: { time, rule, answer, description, blob, url }. */
  #matches = [];
  #nDropped = 0;

  constructor(frame) {
    this.#frame = frame;
    frame.onLanguage(() => this.#draw());
  }

  /** `seen`: what Looker.look() gave of the frame on the canvas. */
  async add(canvas, { rule, answer, description }) {
    const time = new Date();
    const blob = await thumbnailOf(canvas);
    const url = URL.createObjectURL(blob);
    this.#matches.unshift({ time, rule, answer, description, blob, url });
    if (this.#matches.length > MATCHES_MAX) {
      URL.revokeObjectURL(this.#matches.pop().url);
      this.#nDropped++;
    }
    this.#draw();
  }

  clear() {
    for (const { url } of this.#matches) URL.revokeObjectURL(url);
    this.#matches = [];
    this.#nDropped = 0;
    this.#draw();
  }

  /** The whole log as one HTML document, its pictures in it. Texts go in as text. */
  async export() {
    const { words, language } = this.#frame;
    const page = document.implementation.createHTMLDocument(words.exportTitle);
    page.documentElement.lang = language;
    const charset = page.createElement('meta');
    charset.setAttribute('charset', 'utf-8');
    page.head.prepend(charset);
    const style = page.createElement('style');
    style.textContent =
      'body{font:1rem/1.5 sans-serif;max-width:60rem;margin:1rem auto}img{max-width:20rem}';
    page.head.append(style);
    const add = (tag, text) => {
      const made = page.createElement(tag);
      made.textContent = text;
      page.body.append(made);
      return made;
    };
    add('h1', words.exportTitle);
    for (const { time, rule, answer, description, blob } of this.#matches) {
      add('h2', formatMoment(time));
      const image = add('img', '');
      image.alt = description || answer;
      image.src = await dataUrlOf(blob);
      for (const line of [`${rule} ${answer}`, description]) if (line) add('p', line);
    }
    return new Blob([`<!doctype html>\n${page.documentElement.outerHTML}`], { type: 'text/html' });
  }

  #draw() {
    const { words } = this.#frame;
    const count = this.#matches.length;
    ui.count.textContent = words.matches(count, this.#nDropped);
    ui.actions.hidden = count === 0;
    ui.more.textContent = count > SHOWN_MAX ? words.moreMatches(count - SHOWN_MAX) : '';
    const items = this.#matches.slice(0, SHOWN_MAX).map((match) => {
      match.item ??= this.#item(match);
      match.item.querySelector('time').textContent = formatMoment(match.time);
      return match.item;
    });
    /* What is there already stays: a list that is made anew loads its pictures anew. */
    const shown = new Set(items);
    for (const old of [...ui.list.children]) if (!shown.has(old)) old.remove();
    items.forEach((item, at) => {
      if (ui.list.children[at] !== item) ui.list.insertBefore(item, ui.list.children[at] ?? null);
    });
  }

  #item({ time, rule, answer, description, url }) {
    const item = element('li', 'match card');
    const image = element('img');
    image.src = url;
    image.alt = description || answer;
    const about = element('div', 'about');
    const when = element('time');
    when.dateTime = time.toISOString();
    about.append(when, element('p', 'rule', `${rule} ${answer}`));
    if (description) about.append(element('p', 'quiet', description));
    item.append(image, about);
    return item;
  }
}
