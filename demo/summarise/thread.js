/* Tells a message thread from a document: lines that begin with who wrote them, as chat programs export or copy them.
 * Looks at the beginning of the text only, and at the beginning of each line. */
import { LINE_START_MAX } from './borders.js';

const SAMPLE_CHARACTERS = 1 << 16;
const SAMPLE_LINES = 1000;
const NAMES_KEPT = 200;
const NAME = String.raw`(?<name>[^\s:\[\]<>|][^:\[\]<>|\n]{0,58}?)`;
const CLOCK = String.raw`(?:(?:오전|오후|AM|PM)\s?)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f]?[AaPp]\.?[Mm]\.?)?`;
const DAY = String.raw`(?:\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}\.?|\d{4}년 \d{1,2}월 \d{1,2}일)`;
/* WhatsApp on iOS puts a mark of direction before some lines. */
const BEGIN = '^\\u200e?';

function pattern(source) {
  return new RegExp(BEGIN + source, 'u');
}

/** Tried in this order. `isSure`: a few such lines are enough. */
const FORMATS = [
  {
    id: 'kakaotalk',
    isSure: true,
    line: pattern(String.raw`\[(?<name>[^\]\n]{1,60})\] \[${CLOCK}\] `),
  },
  { id: 'kakaotalk', isSure: true, line: pattern(`${DAY},? ${CLOCK}, ${NAME} : `) },
  {
    id: 'bracketed',
    isSure: true,
    line: pattern(String.raw`\[(?:${DAY}(?:,|T)?\s?)?${CLOCK}\]\s?${NAME}:(?:\s|$)`),
  },
  {
    id: 'whatsapp',
    isSure: true,
    line: pattern(String.raw`${DAY},? ${CLOCK} [-–] ${NAME}:(?:\s|$)`),
  },
  {
    id: 'irc',
    isSure: true,
    line: pattern(String.raw`(?:\[?${CLOCK}\]?\s)?<[@+ ]?(?<name>[^\s<>]{1,40})> `),
  },
  {
    id: 'copied',
    isSure: true,
    line: pattern(
      String.raw`(?<name>[^\s:][^:\n]{0,40}?)(?:\s{2,}|\s?—\s?)(?:\p{L}+ (?:at )?)?(?:${DAY} )?${CLOCK}\s*$`,
    ),
  },
  { id: 'plain', isSure: false, line: pattern(String.raw`${NAME} ?:(?:\s|$)`) },
];

/** Of lines that begin "Name: ", those that could be a person: no sentence, no address, no heading of a form. */
function couldBeName(name) {
  const words = name.trim().split(/\s+/);
  return words.length <= 4 && name.length <= 40 && !/[.!?;,"“”(){}=/\\]|https?$/.test(name);
}

function nameIn({ line, isSure }, text) {
  const name = line.exec(text.slice(0, LINE_START_MAX))?.groups?.name?.trim();
  return name !== undefined && (isSure || couldBeName(name)) ? name : undefined;
}

function sampleLines(text) {
  const lines = [];
  const sample = text.slice(0, SAMPLE_CHARACTERS);
  for (let at = 0; at < sample.length && lines.length < SAMPLE_LINES; ) {
    const end = sample.indexOf('\n', at);
    const line = sample.slice(at, Math.min(end < 0 ? sample.length : end, at + LINE_START_MAX));
    if (line.trim() !== '') lines.push(line.replace(/\r$/, ''));
    if (end < 0) break;
    at = end + 1;
  }
  return lines;
}

function countNames(format, lines) {
  const names = new Map();
  let nMessages = 0;
  for (const line of lines) {
    const name = nameIn(format, line);
    if (name === undefined) continue;
    nMessages++;
    if (names.has(name) || names.size < NAMES_KEPT) names.set(name, (names.get(name) ?? 0) + 1);
  }
  return { names, nMessages };
}

function isThread({ isSure }, { names, nMessages }, nLines) {
  if (isSure) return nMessages >= 2 && nMessages * 8 >= nLines;
  /* "Subject: …", "Total: …": people come again, and most lines are theirs. */
  const comeAgain = [...names.values()].filter((n) => n > 1).length;
  return nMessages >= 4 && names.size >= 2 && comeAgain >= 2 && nMessages * 2 >= nLines;
}

/** {kind: 'thread' | 'document', format, people}: people in the order of how much they wrote at its beginning. */
export function recognise(text) {
  const lines = sampleLines(text);
  for (const format of FORMATS) {
    const counted = countNames(format, lines);
    if (!isThread(format, counted, lines.length)) continue;
    const people = [...counted.names].sort(([, a], [, b]) => b - a).map(([name]) => name);
    return { kind: 'thread', format: format.id, people };
  }
  return { kind: 'document', format: 'document', people: [] };
}

/** A test for lines that begin a message, in any of the formats that name somebody. */
export function isMessageStart(line) {
  return FORMATS.some((format) => nameIn(format, line) !== undefined);
}
