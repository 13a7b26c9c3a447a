/* The list "Stored on this device": load, continue, check, delete, and how much room there is. Texts of others (names,
 * reasons) go in as text, never as HTML. */
import { models } from 'pocketphi';
import { formatBytes, formatDay } from '../site/format.js';

const byId = (id) => document.getElementById(id);

const ui = {
  section: byId('stored'),
  title: byId('stored-title'),
  list: byId('stored-list'),
  room: byId('stored-room'),
  persist: byId('persist'),
  note: byId('stored-note'),
  confirm: byId('confirm'),
  confirmText: byId('confirm-text'),
};

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Where it came from, when that is not this site. */
function hostOf({ id }) {
  const host = URL.canParse(id) ? new URL(id).host : '';
  return host === location.host ? '' : host;
}

export class StoredList {
  #words = () => ({});
  #onLoad;
  #onError;
  #models = [];
  #usage;
  /** Words of the last thing that was done, to say it again in another language. */
  #note = () => '';
  /** Answers the question that is open. */
  #answer = (_isYes) => undefined;
  #nRefreshes = 0;
  /** Checks that run, by the model's id: { abort, done, total, bar }. */
  #checks = new Map();

  /** `words` gives the page's; `onLoad` takes a model of the list, `onError` what a call threw. */
  constructor({ words, onLoad, onError }) {
    this.#words = words;
    this.#onLoad = onLoad;
    this.#onError = onError;
    ui.confirm.addEventListener('close', () => {
      /* The event comes late: the next question may be open already. */
      if (!ui.confirm.open) this.#answer(ui.confirm.returnValue === 'delete');
    });
    ui.persist.addEventListener('click', () => void this.#askToKeep());
  }

  /** Reads the list anew. A browser that stores nothing has an empty one. */
  async refresh() {
    const turn = ++this.#nRefreshes;
    try {
      const read = await Promise.all([models.list(), models.usage()]);
      if (turn !== this.#nRefreshes) return; /* a later one knows better */
      [this.#models, this.#usage] = read;
    } catch (error) {
      if (turn !== this.#nRefreshes) return;
      this.#models = [];
      this.#usage = undefined;
      if (error.code !== 'PHI_EUNSUPPORTED') this.#onError(error);
    }
    this.render();
  }

  get hasPartial() {
    return this.#models.some(({ state }) => state === 'partial');
  }

  /** Draws what is known. The focus stays on the same button, or goes to the list's title. */
  render() {
    const words = this.#words();
    const focused = ui.list.contains(document.activeElement)
      ? document.activeElement.dataset.key
      : undefined;
    ui.section.hidden = this.#models.length === 0;
    ui.list.replaceChildren(...this.#models.map((model) => this.#item(model)));
    this.#showRoom(words);
    ui.note.textContent = this.#note(words);
    if (focused === undefined) return;
    const again = [...ui.list.querySelectorAll('[data-key]')].find(
      (b) => b.dataset.key === focused,
    );
    (again ?? ui.title).focus();
  }

  #showRoom(words) {
    const { modelBytes = 0, quotaBytes = null, isPersisted = null } = this.#usage ?? {};
    const room = words.room(formatBytes(modelBytes), quotaBytes && formatBytes(quotaBytes));
    ui.room.textContent = isPersisted === null ? room : `${room} ${words.kept[isPersisted]}`;
    ui.persist.hidden = isPersisted !== false;
  }

  #item(model) {
    const words = this.#words();
    const item = element('li');
    const about = element('div', 'about');
    const name = element('strong', '', model.name);
    name.title = model.id;
    about.append(name, element('span', 'quiet', this.#describe(model)));
    const actions = element('div', 'actions');
    const add = (action, className, onClick) => {
      const button = element('button', className, words[action]);
      button.type = 'button';
      button.dataset.key = `${action} ${model.id}`;
      button.setAttribute('aria-label', words.of(words[action], model.name));
      button.addEventListener('click', onClick);
      actions.append(button);
    };
    const { state } = model;
    if (state === 'complete') add('load', 'primary', () => this.#onLoad(model));
    if (state === 'partial') add('resume', 'primary', () => this.#onLoad(model));
    const check = this.#checks.get(model.id);
    if (check) add('cancel', '', () => check.abort.abort());
    else if (state !== 'damaged') add('check', '', () => void this.#check(model));
    add('delete', 'danger', () => void this.#delete(model));
    item.append(about, actions);
    if (check) item.append(this.#checkBar(check));
    return item;
  }

  #describe(model) {
    const words = this.#words();
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
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #checkBar(check) {
    const bar = document.createElement('progress');
    bar.setAttribute('aria-label', this.#words().phases.verify);
    if (check.total > 0) {
      bar.max = check.total;
      bar.value = check.done;
    }
    check.bar = bar;
    return bar;
  }

  #verdict({ bytes }, { badBytes, missingBytes }) {
    const words = this.#words();
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
      if (error.code !== 'PHI_ECANCELED') this.#onError(error);
    }
    this.#checks.delete(model.id);
    await this.refresh();
  }

  async #delete(model) {
    if (!(await this.#confirmed(model))) return;
    try {
      await models.delete(model.id);
      this.#note = (words) => words.deleted(model.name);
    } catch (error) {
      this.#onError(error);
    }
    await this.refresh();
    if (ui.section.hidden) byId('url').focus();
  }

  #confirmed({ name, storedBytes }) {
    ui.confirmText.textContent = this.#words().confirmDelete(name, formatBytes(storedBytes));
    ui.confirm.returnValue = '';
    ui.confirm.showModal();
    return new Promise((resolve) => {
      this.#answer(false);
      this.#answer = resolve;
    });
  }

  async #askToKeep() {
    const isKept = await models.persist().catch(() => false);
    this.#note = (words) => (isKept ? words.kept.true : words.declined);
    await this.refresh();
    if (ui.persist.hidden) ui.title.focus();
  }

  #say(note) {
    this.#note = note;
    this.render();
  }
}
