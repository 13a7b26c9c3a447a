/* Cuts a text into parts of at most so many tokens, each at the best border there is (borders.js). Every character is
 * in exactly one part. Counting is the tokenizer's work in its worker; here, between two counts, only one window of the
 * text is looked at, so that ten megabytes in one line hold the page no longer than ten pages of prose. */
import { findCut } from './borders.js';

/** Characters of one count: more would keep the tokenizer from its other callers. */
const WINDOW_MAX = 1 << 16;
const CHARACTERS_PER_TOKEN_FIRST = 3;
/** A part that came out smaller than this share of what is wanted is tried larger. */
const SMALL = 0.6;
const GROWS_MAX = 2;

function sizeFor(tokens, charactersPerToken) {
  return Math.max(1, Math.min(WINDOW_MAX, Math.floor(tokens * charactersPerToken)));
}

/** One part from `start` on, of at most `target` tokens unless a single character takes more. */
async function nextPart(text, start, target, state) {
  const { count, isMessageStart } = state;
  let size = sizeFor(target, state.charactersPerToken);
  let best;
  for (let grows = 0; ; ) {
    const end = findCut(text, start, Math.min(text.length, start + size), isMessageStart);
    const tokens = await count(text.slice(start, end));
    const characters = end - start;
    state.charactersPerToken = characters / Math.max(1, tokens);
    if (tokens > target && characters > 2) {
      /* What fitted before is taken; else a smaller window, each time by a tenth at least. */
      if (best !== undefined) return best;
      size = Math.max(
        1,
        Math.min(characters - 1, Math.floor((characters * target * 0.9) / tokens)),
      );
      continue;
    }
    if (best === undefined || end > best.end) best = { start, end, tokens };
    const larger = sizeFor(target * 0.95, state.charactersPerToken);
    const mayGrow = end < text.length && tokens < target * SMALL && larger > size;
    if (!mayGrow || grows++ === GROWS_MAX) return best;
    size = Math.min(larger, size * 8);
  }
}

/** A last part much smaller than the others shares with the one before it. */
async function balanceEnd(text, parts, budget, state) {
  const [before, last] = parts.slice(-2);
  if (last === undefined || last.tokens * 3 > budget) return;
  const target = Math.min(budget, Math.ceil((before.tokens + last.tokens) * 0.55));
  const first = await nextPart(text, before.start, target, state);
  if (first.end >= text.length) return;
  const tokens = await state.count(text.slice(first.end));
  if (tokens <= budget) parts.splice(-2, 2, first, { start: first.end, end: text.length, tokens });
}

/** Parts {start, end, tokens} of the text, in order, of at most `budget` tokens each.
 *
 *   count(text) -> Promise<number>     tokens of a piece of the text
 *   isMessageStart(line) -> boolean    for a message thread: the line begins a message
 *   signal                             rejects with its reason
 *   onProgress(characters)             how much of the text has been cut */
export async function splitByTokens(text, { budget, count, isMessageStart, signal, onProgress }) {
  const state = { count, isMessageStart, charactersPerToken: CHARACTERS_PER_TOKEN_FIRST };
  const parts = [];
  for (let start = 0; start < text.length; ) {
    signal?.throwIfAborted();
    const part = await nextPart(text, start, budget, state);
    parts.push(part);
    start = part.end;
    onProgress?.(start);
  }
  signal?.throwIfAborted();
  await balanceEnd(text, parts, budget, state);
  return parts;
}

/** Groups of consecutive texts that fit `budget` tokens together; a group has two at least, so that putting each group
 * into one text makes fewer texts. `counts` are their tokens. */
export function groupByTokens(counts, budget) {
  const groups = [];
  let group = [];
  let tokens = 0;
  for (const [i, each] of counts.entries()) {
    if (group.length >= 2 && tokens + each > budget) {
      groups.push(group);
      [group, tokens] = [[], 0];
    }
    group.push(i);
    tokens += each;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
