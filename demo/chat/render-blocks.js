/* A growing text → blocks, each read once it can no longer change. No more than a window of the text is lexed at a
 * time: the time of a step does not depend on the length of the text. */

/** Characters. The worst that 4000 were made to take is 25 ms on a slow machine (tests/web/chat-render.test.mjs). */
const WINDOW = 4000;
/* A fence is found by its ends and costs no lexing inside. */
const CODE_MAX = 200_000;
/* What follows a block by so much decides nothing about it any more: "1", then "1. item" makes a list longer. */
const SETTLED = /\S[^\n]{15}|\S[^\n]*\n/;
/* A formula whose end has not come may hold empty lines. */
const OPEN_FORMULA = /^ {0,3}(?:\$\$(?![\s\S]*\$\$)|\\\[(?![\s\S]*\\\]))/m;
const FORMULA_MAX = 1600;
const FENCE = /^\s*? {0,3}(`{3,}|~{3,})[^\n]*\n/;
const FENCE_LINE = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}|~{3,})([^\n`]*)$/gm;
const TABLE_HEAD = /^[^\n]*\n[^\n]*\n/;

/** Where the fence that begins `text` ends; 0 when none begins. */
function fenceEnd(text) {
  const open = FENCE.exec(text.slice(0, WINDOW));
  if (!open) return 0;
  const close = new RegExp(`\\n {0,3}${open[1][0]}{${open[1].length},} *(?:\\n|$)`, 'g');
  close.lastIndex = open[0].length - 1;
  const found = close.exec(text);
  return found ? found.index + found[0].length : text.length;
}

function isHighSurrogate(code) {
  return code >= 0xd800 && code < 0xdc00;
}

/** Where to cut a text of one block that is longer than the window. */
function placeToCut(text) {
  const half = text.length / 2;
  for (const mark of ['\n', '. ', ' ']) {
    const at = text.lastIndexOf(mark) + mark.length;
    if (at > half) return at;
  }
  return isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
}

/** The line that opens a fence which is still open at the end of `text`, wherever it lies; else ''. */
function openFence(text) {
  let open;
  for (const [, marks, info] of text.matchAll(FENCE_LINE)) {
    if (!open) open = { marks, info };
    else if (marks.startsWith(open.marks) && info.trim() === '') open = undefined;
  }
  return open ? `${open.marks}${open.info}\n` : '';
}

const lengthOf = (tokens) => tokens.reduce((sum, { raw }) => sum + raw.length, 0);

export class BlockReader {
  #writer;
  #at = 0;
  /** Of a table or a fence that goes on: its head again. */
  #prefix = '';

  /** A MarkdownWriter: lex() gives blocks whose `raw` make up the text, keep() is told which of them stay. */
  constructor(writer) {
    this.#writer = writer;
  }

  /** Reads on in `text`, which begins with what it was before.
   *  `settled`: blocks to be shown for good, given once. `tail`: what may still change, as it looks now.
   *  `hasMore`: there is more to be read already. */
  read(text, isFinal) {
    const end = this.#windowEnd(text);
    const source = this.#prefix + text.slice(this.#at, end);
    if (source === this.#prefix) return { settled: [], tail: [], hasMore: false };
    const tokens = this.#writer.lex(source);
    const isWhole = end === text.length;
    if (isWhole && isFinal) return this.#take(tokens, tokens.length, false);
    const nSettled = isWhole ? this.#nSettled(tokens, source) : this.#lastBlock(tokens);
    if (nSettled === 0 && !isWhole) return this.#cut(tokens, source);
    return this.#take(tokens, nSettled, !isWhole);
  }

  #windowEnd(text) {
    const rest = text.slice(this.#at, this.#at + CODE_MAX);
    const reach = Math.max(WINDOW, this.#prefix === '' ? fenceEnd(rest) : 0);
    const end = Math.min(text.length, this.#at + reach);
    return end < text.length && isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
  }

  /** Of the last block that is not just space: what comes behind the window may belong to it. */
  #lastBlock(tokens) {
    return Math.max(
      0,
      tokens.findLastIndex(({ type }) => type !== 'space'),
    );
  }

  #nSettled(tokens, source) {
    let n = this.#lastBlock(tokens);
    while (n > 0 && !SETTLED.test(source.slice(lengthOf(tokens.slice(0, n))))) n--;
    const open = tokens.findIndex(
      ({ type, raw }) => type === 'paragraph' && OPEN_FORMULA.test(raw),
    );
    if (open < 0 || open >= n) return n;
    return source.length - lengthOf(tokens.slice(0, open)) > FORMULA_MAX ? n : open;
  }

  #take(tokens, n, hasMore) {
    const settled = tokens.slice(0, n);
    if (n > 0) {
      this.#at += lengthOf(settled) - this.#prefix.length;
      this.#prefix = '';
      this.#writer.keep(settled);
    }
    return { settled, tail: hasMore ? [] : tokens.slice(n), hasMore };
  }

  /** One block fills the window: its first part is shown for good, the rest begins a new one of its kind. */
  #cut(tokens, source) {
    const { type, items } = tokens[this.#lastBlock(tokens)];
    const inItems = type === 'list' ? lengthOf(items.slice(0, -1)) : 0;
    const at = Math.max(inItems || placeToCut(source), this.#prefix.length + 1);
    const head =
      type === 'table' ? (TABLE_HEAD.exec(source)?.[0] ?? '') : openFence(source.slice(0, at));
    const part = this.#writer.lex(source.slice(0, at));
    const taken = this.#take(part, part.length, true);
    if (head.length < WINDOW / 4) this.#prefix = head;
    return taken;
  }
}
