/* Where a text may be cut so that both halves still read well: between messages, paragraphs, lines, sentences, words;
 * in a text without any of them, between characters. What lies at a cut stays with the part before it, so that the
 * parts joined are the text again. Work is bounded by the window that is looked at, whatever the text. */

/** Longest beginning of a line that is looked at to tell a message. */
export const LINE_START_MAX = 200;
/** Marks that belong to one character: more of them in a row are no writing, and are cut. */
const MARKS_MAX = 32;
/* One character each and what closes it: a run of full stops costs no second look. */
const SENTENCE_END = /(?:[.!?…]["'”’)\]]?(?=\s)|[。！？])/gu;
const BLANK_LINE = /\n[ \t\r]*\n/g;
const JOINER = /[\p{M}\p{Emoji_Modifier}]|\u200d/u;

function isHighSurrogate(code) {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLowSurrogate(code) {
  return code >= 0xdc00 && code <= 0xdfff;
}

/** A cut at `at` would divide a surrogate pair or a CR LF. */
function isInsideUnit(text, at) {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return (isHighSurrogate(before) && isLowSurrogate(after)) || (before === 13 && after === 10);
}

/** A cut at `at` would take a mark from its letter, or divide a joined emoji. */
function isInsideCharacter(text, at) {
  if (isInsideUnit(text, at)) return true;
  const after = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return JOINER.test(after) || text[at - 1] === '\u200d';
}

/** The last place in (start, end] that divides no character; `end` itself, moved by one, where all are joined. */
function cutBetweenCharacters(text, start, end) {
  for (let at = end; at > start && end - at < MARKS_MAX; at--) {
    if (!isInsideCharacter(text, at)) return at;
  }
  const isPair = isInsideUnit(text, end);
  return isPair && end - 1 === start ? end + 1 : end - (isPair ? 1 : 0);
}

function lastEndOf(pattern, window) {
  let last = 0;
  for (const match of window.matchAll(pattern)) last = match.index + match[0].length;
  return last;
}

/** The last line of the window that begins a message. */
function lastMessage(window, isMessageStart) {
  let at = window.length;
  while (at > 0) {
    const lineEnd = window.lastIndexOf('\n', at - 1);
    if (lineEnd < 0) return 0;
    const start = lineEnd + 1;
    if (start < window.length && isMessageStart(window.slice(start, start + LINE_START_MAX)))
      return start;
    at = lineEnd;
  }
  return 0;
}

function lastSpace(window) {
  for (let at = window.length; at > 0; at--) {
    if (/\s/.test(window[at - 1])) return at;
  }
  return 0;
}

/** The best place to cut in the second half of text[start, end): a number in (start, end], or one more where `end`
 * would divide the only character there is. The text's own end is always a place. */
export function findCut(text, start, end, isMessageStart) {
  if (end >= text.length) return text.length;
  const middle = start + ((end - start) >> 1);
  const window = text.slice(middle, end);
  const found =
    (isMessageStart && lastMessage(window, isMessageStart)) ||
    lastEndOf(BLANK_LINE, window) ||
    window.lastIndexOf('\n') + 1 ||
    lastEndOf(SENTENCE_END, window) ||
    lastSpace(window);
  return cutBetweenCharacters(text, start, found > 0 ? middle + found : end);
}
