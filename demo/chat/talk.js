/* Talking: a conversation and an engine. It asks, streams, stops, edits, answers again, leaves old turns out, and keeps
 * what was said. Elements belong to others (thread.js, meter.js); this tells them. */
import { countTokens, firstThatFits, rateOf, streamAnswer } from './answer.js';
import { requestFields } from './sampling.js';
import * as tree from './tree.js';

/** An answer that grows is stored so often. */
const SAVE_MS = 3000;
/** Tokens: with less room than this for an answer the context is full. */
const ROOM_MIN = 8;

export class Talk {
  conversation = tree.newConversation();
  #engine;
  #modelName = '';
  #parts;
  /** Of the answer under way: { abort, conversation, node }. */
  #running;
  #savedAt = 0;
  #nCounts = 0;

  /** `parts`: { thread, meter, store, form (SettingsForm) } and what this page does when
   *  onBusy(isBusy): an answer begins or has ended; onFail(error): it failed; onFull({ canDrop }): it is too long;
   *  onReturned(text): a question got no answer, its text comes back; onSaved(conversation, error): it was stored, or
   *  could not be. */
  constructor(parts) {
    this.#parts = parts;
  }

  get isBusy() {
    return this.#running !== undefined;
  }

  /** undefined: the engine is gone. */
  setEngine(engine, name = '') {
    this.stop();
    this.#engine = engine;
    this.#modelName = name;
    this.#parts.meter.showRate(undefined);
    void this.#count();
  }

  open(conversation) {
    this.stop();
    this.conversation = conversation;
    this.#parts.thread.show(conversation);
    this.#parts.meter.showRate(undefined);
    void this.#count();
  }

  stop() {
    this.#running?.abort.abort();
  }

  async ask(text) {
    if (this.isBusy || !this.#engine) return;
    await this.#answer(tree.append(this.conversation, { role: 'user', content: text }));
  }

  /** The edited message becomes another version beside the old one. */
  async edit(node, text) {
    if (this.isBusy || !this.#engine) return;
    this.conversation.leaf = node.parent;
    await this.ask(text);
  }

  async regenerate(node) {
    if (this.isBusy || !this.#engine) return;
    this.conversation.leaf = node.parent;
    await this.#answer();
  }

  choose(node) {
    if (this.isBusy) return;
    tree.choose(this.conversation, node);
    this.#parts.thread.show(this.conversation);
    void this.#count();
    void this.#save();
  }

  /** Asks with as many of the latest turns as leave a quarter of the context, or the longest answer, free. */
  async askWithoutOldest(text) {
    const engine = this.#engine;
    if (this.isBusy || !engine) return;
    const { conversation } = this;
    const question = tree.append(conversation, { role: 'user', content: text });
    const { contextLength } = engine.info;
    const { maxTokens } = this.#parts.form.settings;
    const room = Math.max(ROOM_MIN, Math.min(maxTokens, Math.floor(contextLength / 4)));
    const start = await firstThatFits(
      tree.laterStarts(conversation),
      contextLength - room,
      ({ id }) => countTokens(engine, this.#messages({ ...conversation, start: id })),
    );
    /* Not even the question fits with an answer: it is asked alone, and the engine says what it says. */
    conversation.start = (start ?? question).id;
    await this.#answer(question);
  }

  #messages(conversation) {
    return tree.messagesOf(tree.sentOf(conversation), this.#parts.form.settings.system);
  }

  /** Answers the message that the branch ends with. `question`: it, where it is new and goes if there is no answer. */
  async #answer(question) {
    const { thread, onBusy } = this.#parts;
    const { conversation } = this;
    const engine = this.#engine;
    const messages = this.#messages(conversation);
    const node = tree.append(conversation, { role: 'assistant', content: '' });
    conversation.model = this.#modelName;
    const running = { abort: new AbortController(), conversation, node };
    this.#running = running;
    onBusy(true);
    thread.begin(conversation, node);
    void this.#save(conversation);
    const failure = await this.#stream(engine, messages, running);
    this.#running = undefined;
    if (node.content === '') this.#takeBack(conversation, node, question);
    thread.end(node);
    if (this.conversation === conversation) thread.show(conversation);
    onBusy(false);
    this.#report(failure, question);
    await this.#save(conversation);
  }

  /** Returns what went wrong, or undefined. Being stopped is nothing wrong. */
  async #stream(engine, messages, { abort, conversation, node }) {
    const { meter, thread, form } = this.#parts;
    const { contextLength } = engine.info;
    const isShown = () => this.conversation === conversation;
    try {
      const prompt = await countTokens(engine, messages);
      if (isShown()) meter.show(prompt, contextLength);
      if (prompt + ROOM_MIN > contextLength) return { code: 'PHI_ECONTEXT' };
      let nChunks = 0;
      const { finish, used } = await streamAnswer(engine, {
        messages,
        fields: requestFields(form.settings),
        signal: abort.signal,
        onText: (text) => {
          node.content = text;
          thread.grow(node);
          nChunks++;
          if (isShown()) meter.show(prompt + nChunks, contextLength);
          if (Date.now() - this.#savedAt > SAVE_MS) void this.#save(conversation);
        },
      });
      node.finish = finish;
      if (isShown()) {
        meter.show(used, contextLength);
        meter.showRate(rateOf(engine));
      }
      return undefined;
    } catch (error) {
      if (error.code !== 'PHI_ECANCELED') return error;
      node.finish = 'stopped';
      return undefined;
    }
  }

  /** An answer that said nothing goes, and a question without any answer with it, so that roles keep alternating. */
  #takeBack(conversation, node, question) {
    tree.removeLeaf(conversation, node);
    const others = tree.siblingsOf(conversation, node);
    if (others.length > 0) {
      tree.choose(conversation, others.at(-1));
      return;
    }
    if (!question) return;
    tree.removeLeaf(conversation, question);
    const [older] = tree.siblingsOf(conversation, question).slice(-1);
    if (older) tree.choose(conversation, older);
    if (conversation.nodes.length === 0) conversation.title = '';
    if (this.conversation === conversation) this.#parts.onReturned(question.content);
  }

  #report(failure, question) {
    if (failure?.code === 'PHI_ECONTEXT') {
      /* The question is back with the person; before it, there must be turns to leave out. */
      const canDrop = question !== undefined && tree.sentOf(this.conversation).length > 0;
      this.#parts.onFull({ canDrop });
    } else if (failure) {
      this.#parts.onFail(failure);
    }
  }

  /** What the context holds, without an answer under way. */
  async #count() {
    const turn = ++this.#nCounts;
    const engine = this.#engine;
    const { meter } = this.#parts;
    if (!engine) {
      meter.show(0, 0);
      return;
    }
    const { contextLength } = engine.info;
    const nodes = tree.sentOf(this.conversation);
    const used = nodes.length === 0 ? 0 : await countTokens(engine, tree.messagesOf(nodes));
    if (turn === this.#nCounts && !this.isBusy) meter.show(used, contextLength);
  }

  /** Also called when the page is about to go. */
  save() {
    return this.#save();
  }

  async #save(conversation = this.conversation) {
    if (conversation.nodes.length === 0) return;
    this.#savedAt = Date.now();
    const error = await this.#parts.store.put(conversation);
    this.#parts.onSaved(conversation, error);
  }
}
