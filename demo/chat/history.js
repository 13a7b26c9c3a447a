/* The list of conversations: open, rename, export, delete. On a wide page it stands beside the conversation, on a
 * narrow one it is folded away. */
import { formatDay } from '../site/format.js';
import { saveFile } from '../site/save-file.js';
import { applyWords, byId, element } from '../site/text.js';
import { NameDialog } from './name-dialog.js';
import { exportText } from './store.js';

const WIDE = '(min-width: 56rem)';

const jsonOf = (conversations) =>
  new Blob([exportText(conversations)], { type: 'application/json' });

/** A title as a file may be called. */
function fileName(title) {
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  return `${name.slice(0, 40) || 'chat'}.json`;
}

export class History {
  #frame;
  #store;
  #confirm;
  #actions;
  #names;
  #heads = [];
  #currentId;
  #nRefreshes = 0;
  #host = byId('history');
  #wide = matchMedia(WIDE);

  /** `actions`: { onOpen(id), onRenamed(id, title), onDeleted(ids), onError(error) }. */
  constructor({ frame, store, confirm, actions }) {
    this.#frame = frame;
    this.#store = store;
    this.#confirm = confirm;
    this.#actions = actions;
    this.#names = new NameDialog(frame);
    byId('export-all').addEventListener('click', () => void this.#exportAll());
    byId('delete-all').addEventListener('click', () => void this.#deleteAll());
    this.#wide.addEventListener('change', () => this.#unfold());
    this.#unfold();
    frame.onLanguage(() => this.#draw());
  }

  #unfold() {
    this.#host.open = this.#wide.matches;
  }

  /** Reads the list anew; `currentId` is the one on the page. */
  async refresh(currentId = this.#currentId) {
    this.#currentId = currentId;
    const turn = ++this.#nRefreshes;
    const heads = await this.#store.list();
    if (turn !== this.#nRefreshes) return;
    this.#heads = heads;
    this.#draw();
  }

  #draw() {
    const { words } = this.#frame;
    const n = this.#heads.length;
    byId('history-title').textContent = n > 0 ? words.count(n) : words.history;
    byId('history-none').hidden = n > 0;
    byId('history-all').hidden = n === 0;
    const list = byId('history-list');
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : '';
    list.hidden = n === 0;
    list.replaceChildren(...this.#heads.map((head) => this.#item(head)));
    if (!focused) return;
    const again = [...list.querySelectorAll('button')].find(
      ({ dataset }) => dataset.key === focused,
    );
    (again ?? byId('history-title')).focus();
  }

  #item(head) {
    const { words } = this.#frame;
    const item = element('li');
    const open = element('button', 'title');
    open.type = 'button';
    open.dataset.key = `open ${head.id}`;
    open.append(
      element('span', 'name', head.title || words.untitled),
      element('span', 'quiet', formatDay(new Date(head.updated))),
    );
    open.addEventListener('click', () => {
      if (!this.#wide.matches) this.#host.open = false;
      this.#actions.onOpen(head.id);
    });
    item.append(open);
    if (head.id !== this.#currentId) return item;
    open.setAttribute('aria-current', 'true');
    item.append(this.#itemActions(head));
    return item;
  }

  #itemActions(head) {
    const row = element('div', 'row');
    const add = (action, onClick) => {
      const button = element('button', action === 'delete' ? 'danger' : '');
      button.type = 'button';
      button.dataset.text = action;
      button.dataset.key = `${action} ${head.id}`;
      button.addEventListener('click', () => void onClick().catch(this.#actions.onError));
      row.append(button);
    };
    add('rename', () => this.#rename(head));
    add('export', () => this.#export(head));
    add('delete', () => this.#delete(head));
    applyWords(row, this.#frame.words);
    return row;
  }

  async #rename(head) {
    const title = await this.#names.ask(head.title);
    if (title === undefined) return;
    this.#actions.onRenamed(head.id, title);
  }

  async #export(head) {
    const conversation = await this.#store.get(head.id);
    if (conversation) saveFile(jsonOf([conversation]), fileName(head.title));
  }

  async #exportAll() {
    const all = await this.#store.all().catch(this.#actions.onError);
    if (all) saveFile(jsonOf(all), 'pocketphi-chats.json');
  }

  async #delete(head) {
    const { words } = this.#frame;
    const question = words.confirmDelete(head.title || words.untitled);
    if (!(await this.#confirm.ask(question, words.delete))) return;
    await this.#store.delete(head.id);
    this.#actions.onDeleted([head.id]);
  }

  async #deleteAll() {
    const { words } = this.#frame;
    const ids = this.#heads.map(({ id }) => id);
    if (!(await this.#confirm.ask(words.confirmDeleteAll(ids.length), words.deleteAll))) return;
    try {
      await this.#store.deleteAll();
      this.#actions.onDeleted(ids);
    } catch (error) {
      this.#actions.onError(error);
    }
  }
}
