/* Messages in JSON, as chat programs and language models keep them, as lines "Name: text". */

const DEPTH_MAX = 6;
const LIST_NAMES = ['messages', 'chats', 'conversations', 'items', 'data', 'list'];
const NAME_FIELDS = ['author', 'from', 'sender', 'sender_name', 'name', 'user', 'username', 'role'];
const TEXT_FIELDS = ['text', 'content', 'message', 'body', 'parts'];
const PARTS_MAX = 1000;

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or the texts of a list of parts (Telegram, OpenAI). */
function textOf(value, depth = 0) {
  if (typeof value === 'string') return value;
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) {
    const parts = value.slice(0, PARTS_MAX).map((part) => textOf(part, depth + 1) ?? '');
    return parts.join('');
  }
  return isObject(value)
    ? textOf(value.text ?? value.content ?? value.parts, depth + 1)
    : undefined;
}

function nameOf(value) {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (!isObject(value)) return undefined;
  return nameOf(value.name ?? value.username ?? value.displayName ?? value.role);
}

function firstOf(message, fields, read) {
  for (const field of fields) {
    const value = read(message[field]);
    if (value !== undefined) return value;
  }
  return undefined;
}

function lineOf(message) {
  if (!isObject(message)) return undefined;
  const name = firstOf(message, NAME_FIELDS, nameOf);
  const text = firstOf(message, TEXT_FIELDS, (value) => textOf(value));
  return name !== undefined && text ? `${name.replaceAll(/[\r\n]+/g, ' ')}: ${text}` : undefined;
}

/** The longest list of messages that the usual names lead to. */
function findLines(value, depth = 0) {
  if (depth > DEPTH_MAX) return [];
  if (Array.isArray(value)) {
    const lines = value.map(lineOf).filter((line) => line !== undefined);
    if (lines.length > 0) return lines;
    return value.length === 1 ? findLines(value[0], depth + 1) : [];
  }
  if (!isObject(value)) return [];
  const lists = LIST_NAMES.map((name) => findLines(value[name], depth + 1));
  return lists.reduce((longest, lines) => (lines.length > longest.length ? lines : longest), []);
}

/** The messages as a thread, one a line or more; undefined when the text is no JSON with at least two messages. */
export function threadFromJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const lines = findLines(value);
  return lines.length >= 2 ? lines.join('\n') : undefined;
}
