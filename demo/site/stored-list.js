/* The list "Stored on this device": load, continue, check, delete, and how much room there is. Texts of others (names,
 * reasons) go in as text, never as HTML.
 *
 *     const list = new StoredList(byId('stored'), frame, { onLoad: ({ id, name }) => …, onError: (error) => … });
 *     await list.refresh();
 *
 * Styles: stored-list.css. One a page. */
import { models } from 'pocketphi';
import { Confirm } from './confirm.js';
import { formatBytes, formatDay } from './format.js';
import { STORED_WORDS } from './stored-words.js';
import { element } from './text.js';

/** Where it came from, when that is not this site. */
function hostOf({ id }) {
  const host = URL.canParse(id) ? new URL(id).host : '';
  return host === location.host ? '' : host;
}

function withId(id, tag, className) {
  const made = element(tag, className);
  made.id = id;
  return made;
}

export class StoredList {
  #host;
  #frame;
  #options;
  #confirm;
  #ui = {
    title: withId('stored-title', 'h3'),
    list: withId('stored-list', 'ul'),
    note: withId('stored-note', 'p'),
    room: withId('stored-room', 'p', 'quiet'),
    persist: withId('persist', 'button'),
  };
  #models = [];
  #usage;
  /** Words of the last thing that was done, to say it again in another language. */
  #note = () => '';
  #nRefreshes = 0;
  /** Checks that run, by the model's id: { abort, done, total, bar }. */
  #checks = new Map();

  /** `host`, an empty section, becomes the list; it is hidden while there is nothing in it, unless `showsEmpty`.
   *  `onLoad` takes a model of the list (without it there is no such button), `onError` what a call threw, `onChange`
   *  is called with all models when they have been read anew, `onEmpty` when the last one was deleted and the focus
   *  needs a place. `about(model)` gives more texts for the line below a name. `confirm`: the page's Confirm, if it has
   *  one. */
  constructor(host, frame, options) {
    this.#host = host;
    this.#frame = frame;
    this.#options = { showsEmpty: false, ...options };
    this.#confirm = options.confirm ?? new Confirm(frame);
    const { title, list, note, room, persist } = this.#ui;
    title.tabIndex = -1;
    note.setAttribute('role', 'status');
    persist.type = 'button';
    persist.addEventListener('click', () => void this.#askToKeep());
    host.classList.add('stored');
    host.setAttribute('aria-labelledby', 'stored-title');
    host.replaceChildren(title, list, note, room, persist);
    frame.onLanguage(() => this.render());
  }

  get #words() {
    return STORED_WORDS[this.#frame.language];
  }

  get models() {
    return this.#models;
  }

  get hasPartial() {
    return this.#models.some(({ state }) => state === 'partial');
  }

  /** Reads the list anew. A browser that stores nothing has an empty one. */
  async refresh() {
    const turn = ++this.#nRefreshes;
    const { onError, onChange } = this.#options;
    try {
      const read = await Promise.all([models.list(), models.usage()]);
      if (turn !== this.#nRefreshes) return; /* a later one knows better */
      [this.#models, this.#usage] = read;
    } catch (error) {
      if (turn !== this.#nRefreshes) return;
      this.#models = [];
      this.#usage = undefined;
      if (error.code !== 'PHI_EUNSUPPORTED') onError(error);
    }
    this.render();
    onChange?.(this.#models);
  }

  /** Draws what is known. The focus stays on the same button, or goes to the list's title. */
  render() {
    const { title, list, note } = this.#ui;
    const focused = list.contains(document.activeElement)
      ? document.activeElement.dataset.key
      : undefined;
    title.textContent = this.#words.title;
    this.#host.hidden = this.#models.length === 0 && !this.#options.showsEmpty;
    list.replaceChildren(...this.#models.map((model) => this.#item(model)));
    list.hidden = this.#models.length === 0;
    this.#showRoom();
    note.textContent =
      this.#note(this.#words) || (this.#models.length === 0 ? this.#words.none : '');
    if (focused === undefined) return;
    const again = [...list.querySelectorAll('[data-key]')].find((b) => b.dataset.key === focused);
    (again ?? title).focus();
  }

  #showRoom() {
    const { room, persist } = this.#ui;
    const words = this.#words;
    const { modelBytes = 0, quotaBytes = null, isPersisted = null } = this.#usage ?? {};
    const line = words.room(formatBytes(modelBytes), quotaBytes && formatBytes(quotaBytes));
    room.textContent = isPersisted === null ? line : `${line} ${words.kept[isPersisted]}`;
    persist.textContent = words.persist;
    persist.hidden = isPersisted !== false;
  }

  #item(model) {
    const item = element('li');
    const about = element('div', 'about');
    const name = element('strong', '', model.name);
    name.title = model.id;
    about.append(name, element('span', 'quiet', this.#describe(model)));
    item.append(about, this.#actions(model));
    const check = this.#checks.get(model.id);
    if (check) item.append(this.#checkBar(check));
    return item;
  }

  #actions(model) {
    const words = this.#words;
    const { onLoad } = this.#options;
    const actions = element('div', 'actions');
    const add = (action, className, onClick) => {
      const button = element('button', className, words.actions[action]);
      button.type = 'button';
      button.dataset.key = `${action} ${model.id}`;
      button.setAttribute('aria-label', words.of(words.actions[action], model.name));
      button.addEventListener('click', onClick);
      actions.append(button);
    };
    const { state } = model;
    if (state === 'complete' && onLoad) add('load', 'primary', () => onLoad(model));
    if (state === 'partial' && onLoad) add('resume', 'primary', () => onLoad(model));
    const check = this.#checks.get(model.id);
    if (check) add('cancel', '', () => check.abort.abort());
    else if (state !== 'damaged') add('check', '', () => void this.#check(model));
    add('delete', 'danger', () => void this.#delete(model));
    return actions;
  }

  #describe(model) {
    const words = this.#words;
    const { bytes, storedBytes, state, lastUsed, verified } = model;
    const stored = formatBytes(storedBytes);
    const states = {
      complete: () => words.complete(stored),
      partial: () => words.partial(stored, bytes === null ? undefined : formatBytes(bytes)),
      damaged: () => words.damaged,
    };
    return [
      states[state](),
      lastUsed && words.used(formatDay(lastUsed)),
      verified && words.checkedOn(formatDay(verified)),
      hostOf(model),
      ...(this.#options.about?.(model) ?? []),
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #checkBar(check) {
    const bar = element('progress');
    bar.setAttribute('aria-label', this.#words.checkBar);
    if (check.total > 0) {
      bar.max = check.total;
      bar.value = check.done;
    }
    check.bar = bar;
    return bar;
  }

  #verdict({ bytes }, { badBytes, missingBytes }) {
    const words = this.#words;
    if (badBytes > 0) return words.bad(formatBytes(Math.min(badBytes, bytes ?? badBytes)));
    return missingBytes > 0 ? words.goodSoFar : words.good;
  }

  async #check(model) {
    const check = { abort: new AbortController(), done: 0, total: 0, bar: undefined };
    this.#checks.set(model.id, check);
    this.#say((words) => words.checking(model.name));
    try {
      const result = await models.verify(model.id, {
        signal: check.abort.signal,
        onProgress: ({ loadedBytes, totalBytes }) => {
          [check.done, check.total] = [loadedBytes, totalBytes];
          if (check.bar) [check.bar.max, check.bar.value] = [totalBytes || 1, loadedBytes];
        },
      });
      this.#note = () => `${model.name}: ${this.#verdict(model, result)}`;
    } catch (error) {
      this.#note = () => '';
      if (error.code !== 'PHI_ECANCELED') this.#options.onError(error);
    }
    this.#checks.delete(model.id);
    await this.refresh();
  }

  async #delete(model) {
    const words = this.#words;
    const question = words.confirmDelete(model.name, formatBytes(model.storedBytes));
    if (!(await this.#confirm.ask(question, words.actions.delete))) return;
    try {
      await models.delete(model.id);
      this.#note = (spoken) => spoken.deleted(model.name);
    } catch (error) {
      this.#options.onError(error);
    }
    await this.refresh();
    if (this.#models.length === 0) this.#options.onEmpty?.();
  }

  async #askToKeep() {
    const isKept = await models.persist().catch(() => false);
    this.#note = (words) => (isKept ? words.kept.true : words.declined);
    await this.refresh();
    if (this.#ui.persist.hidden) this.#ui.title.focus();
  }

  #say(note) {
    this.#note = note;
    this.render();
  }
}
