/* Conversations on this device: IndexedDB, and memory for what it does not take (private windows, a full disk). Two
 * stores, so that the list is read without the texts:
 *   heads: { id, title, created, updated, model }      bodies: the conversation (tree.js), by id */
import { openDB } from 'idb';
import { isConversation, merge } from './tree.js';

const NAME = 'pocketphi-chats';
const STORES = ['heads', 'bodies'];

const headOf = ({ id, title, created, updated, model }) => ({ id, title, created, updated, model });

function isHead(value) {
  return typeof value?.id === 'string' && typeof value.title === 'string' && value.updated > 0;
}

/** Latest first. */
const byTime = (a, b) => b.updated - a.updated;

export class ChatStore {
  #database;
  /** What could not be stored, by id. */
  #unkept = new Map();
  #channel;
  #onChange;

  /** `onChange` is called when another tab has changed something. */
  constructor({ onChange }) {
    this.#onChange = onChange;
    if (globalThis.BroadcastChannel) {
      this.#channel = new BroadcastChannel(NAME);
      this.#channel.addEventListener('message', () => this.#onChange());
    }
  }

  #open() {
    this.#database ??= openDB(NAME, 1, {
      upgrade(database) {
        for (const store of STORES) database.createObjectStore(store, { keyPath: 'id' });
      },
      terminated: () => {
        this.#database = undefined;
      },
    });
    /* Refused now, perhaps not the next time. */
    this.#database.catch(() => {
      this.#database = undefined;
    });
    return this.#database;
  }

  isKept(id) {
    return !this.#unkept.has(id);
  }

  /** Heads, latest first. Where nothing can be read, those of this page. */
  async list() {
    const mine = [...this.#unkept.values()].map(headOf);
    let stored = [];
    try {
      stored = (await (await this.#open()).getAll('heads')).filter(isHead);
    } catch {
      /* A browser that keeps nothing has kept nothing; put() tells the reason. */
    }
    const known = new Set(mine.map(({ id }) => id));
    return [...mine, ...stored.filter(({ id }) => !known.has(id))].sort(byTime);
  }

  /** undefined when there is none, or none that can be read. */
  async get(id) {
    if (this.#unkept.has(id)) return this.#unkept.get(id);
    const found = await (await this.#open()).get('bodies', id);
    return isConversation(found) ? found : undefined;
  }

  async all() {
    const stored = await (await this.#open()).getAll('bodies').catch(() => []);
    const others = stored.filter((one) => isConversation(one) && !this.#unkept.has(one.id));
    return [...this.#unkept.values(), ...others].sort(byTime);
  }

  /** Stores a conversation as it is now. Returns undefined, or the error for which it is only in this page. */
  async put(conversation) {
    const copy = structuredClone(conversation);
    try {
      const transaction = (await this.#open()).transaction(STORES, 'readwrite');
      const bodies = transaction.objectStore('bodies');
      const stored = await bodies.get(copy.id);
      const merged = isConversation(stored) ? merge(copy, stored) : copy;
      await Promise.all([
        bodies.put(merged),
        transaction.objectStore('heads').put(headOf(copy)),
        transaction.done,
      ]);
      this.#unkept.delete(copy.id);
      this.#channel?.postMessage('changed');
      return undefined;
    } catch (error) {
      this.#unkept.set(copy.id, copy);
      return error;
    }
  }

  async delete(id) {
    /* One that was never stored needs no database to be forgotten. */
    const wasHere = this.#unkept.delete(id);
    await this.#write((store) => store.delete(id)).catch((error) => {
      if (!wasHere) throw error;
    });
  }

  async deleteAll() {
    const wasHere = this.#unkept.size > 0;
    this.#unkept.clear();
    await this.#write((store) => store.clear()).catch((error) => {
      if (!wasHere) throw error;
    });
  }

  async #write(change) {
    const transaction = (await this.#open()).transaction(STORES, 'readwrite');
    const changes = STORES.map((name) => change(transaction.objectStore(name)));
    await Promise.all([...changes, transaction.done]);
    this.#channel?.postMessage('changed');
  }
}

/** Conversations as a file for the person. */
export function exportText(conversations, now = new Date()) {
  const whole = { format: 'pocketphi-chats/1', exported: now.toISOString(), conversations };
  return `${JSON.stringify(whole, null, 2)}\n`;
}
