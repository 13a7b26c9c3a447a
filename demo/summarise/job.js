/* One summary, as map and reduce:
 *
 *   text --split--> parts --note on each--> notes --merged in groups, level by level--> notes that fit --> summary
 *
 * A text that fits the context is summarised at once. What has been written is kept: run() after a cancelled run goes
 * on with the step that was under way. */
import { sum } from '../site/numbers.js';
import {
  dealContext,
  disarm,
  emptyPrompts,
  finalPrompt,
  mergePrompt,
  notePrompt,
} from './prompts.js';
import { groupByTokens, splitByTokens } from './split.js';
import { isMessageStart } from './thread.js';

/** The model's context cannot hold the questions themselves. */
export class ContextTooSmall extends Error {
  constructor(contextLength) {
    super(`a context of ${contextLength} tokens is too short to summarise with`);
    this.contextLength = contextLength;
  }
}

export class SummaryJob {
  #text;
  #wishes;
  #model;
  #room;
  #parts;
  /** Texts of steps that have ended, by their key. */
  #done = new Map();

  /** `wishes`: {kind, length, language, aspects}. `model`:
   *
   *   contextLength
   *   count(text or messages) -> Promise<number>                             tokens
   *   ask(messages, {maxTokens, signal, onText}) -> Promise<{text, isCut}>   onText is given all of the text so far */
  constructor(text, wishes, model) {
    this.#text = text;
    this.#wishes = wishes;
    this.#model = model;
  }

  get parts() {
    return this.#parts;
  }

  get tokens() {
    return this.#parts && sum(this.#parts.map(({ tokens }) => tokens));
  }

  /** Cuts the text. `onProgress` is given the share that has been cut. Throws ContextTooSmall. */
  async plan({ signal, onProgress } = {}) {
    const { count, contextLength } = this.#model;
    const prompts = emptyPrompts(this.#wishes);
    const overheads = [];
    for (const prompt of prompts) overheads.push(await count(prompt));
    signal?.throwIfAborted();
    this.#room = dealContext(contextLength, this.#wishes, Math.max(...overheads));
    if (this.#room === undefined) throw new ContextTooSmall(contextLength);
    const { length } = this.#text;
    this.#parts = await splitByTokens(this.#text, {
      budget: this.#room.text,
      count: (piece) => count(disarm(piece)),
      ...(this.#wishes.kind === 'thread' && { isMessageStart }),
      signal,
      onProgress: (characters) => onProgress?.(characters / length),
    });
  }

  /** Runs what is left to do, and gives {text, isCut}. `onStep` is given each step as it begins, as it writes and as it
   * ends: {key, kind: 'part' | 'merge' | 'final', index, of, level, text, isDone}. */
  async run({ signal, onStep }) {
    const nParts = this.#parts.length;
    const step = (about, messages, maxTokens) =>
      this.#step(about, messages, maxTokens, { signal, onStep });
    if (nParts === 1)
      return await step(FINAL, finalPrompt(this.#text, this.#wishes, {}), this.#room.answer);
    let notes = [];
    for (const [index, { start, end }] of this.#parts.entries()) {
      const prompt = notePrompt(this.#text.slice(start, end), this.#wishes, { index, of: nParts });
      const about = { kind: 'part', level: 0, index, of: nParts };
      notes.push((await step(about, prompt, this.#room.note)).text);
    }
    for (let level = 1; ; level++) {
      notes = notes.filter((note) => note.trim() !== '');
      if (notes.length === 0) return { text: '', isCut: false };
      const groups = await this.#group(notes, signal);
      if (groups.length <= 1) break;
      notes = await this.#merge(notes, groups, { level, step });
    }
    const prompt = finalPrompt(numbered(notes), this.#wishes, { isOfNotes: true });
    return await step(FINAL, prompt, this.#room.answer);
  }

  async #merge(notes, groups, { level, step }) {
    const merged = [];
    for (const [index, group] of groups.entries()) {
      const prompt = mergePrompt(numbered(group.map((i) => notes[i])), this.#wishes);
      const about = { kind: 'merge', level, index, of: groups.length };
      merged.push((await step(about, prompt, this.#room.note)).text);
    }
    return merged;
  }

  /** A note cannot take more than #room.note tokens and some for its number, of which three fit. */
  async #group(notes, signal) {
    const counts = [];
    for (const note of notes) {
      signal?.throwIfAborted();
      counts.push(await this.#model.count(disarm(`999. ${note}\n\n`)));
    }
    return groupByTokens(counts, this.#room.text);
  }

  async #step({ kind, level, index, of }, messages, maxTokens, { signal, onStep }) {
    const key = `${kind} ${level} ${index}`;
    const about = { key, kind, level, index, of };
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    signal?.throwIfAborted();
    onStep({ ...about, text: '', isDone: false });
    const onText = (text) => onStep({ ...about, text, isDone: false });
    const answer = await this.#model.ask(messages, { maxTokens, signal, onText });
    this.#done.set(key, answer);
    onStep({ ...about, text: answer.text, isDone: true });
    return answer;
  }
}

const FINAL = { kind: 'final', level: 0, index: 0, of: 1 };

function numbered(notes) {
  return notes.map((note, i) => `${i + 1}. ${note.trim()}`).join('\n\n');
}
