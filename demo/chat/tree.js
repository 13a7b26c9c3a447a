/* A conversation as a tree of messages: what was edited or answered again branches off, and nothing is lost. Plain
 * data, as it is stored:
 *
 *   { id, title, created, updated, model,         times in ms; model: the name of the last one that answered, or ''
 *     nodes: [{ id, parent, role, content, created, finish? }],   parent: null for a first message; oldest first
 *     leaf,                                       the message that the visible branch ends with, or null
 *     start }                                     the message that the model's view begins with, or null: all
 *
 * role is 'user' or 'assistant', one after the other. finish of an answer: 'stop', 'length', 'stopped' (by the person),
 * 'full' (the context was), or undefined: it was cut off by something else. */

const TITLE_MAX = 60;
const FINISHES = ['stop', 'length', 'stopped', 'full', undefined];

/** 96 random bits; crypto.randomUUID() is not there on insecure pages. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function newConversation(now = Date.now()) {
  const base = { title: '', created: now, updated: now, model: '' };
  return { id: newId(), ...base, nodes: [], leaf: null, start: null };
}

/** A title out of a first message: its first line, shortened at a word. */
export function titleOf(text) {
  const line = text.trim().split('\n', 1)[0].trim().replace(/\s+/g, ' ');
  const characters = [...line];
  if (characters.length <= TITLE_MAX) return line;
  const cut = characters.slice(0, TITLE_MAX).join('');
  const space = cut.lastIndexOf(' ');
  return `${space > TITLE_MAX / 2 ? cut.slice(0, space) : cut}…`;
}

/** The visible branch, from its first message on. */
export function pathOf({ nodes, leaf }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const path = [];
  /* A damaged record may go round in circles. */
  for (let at = byId.get(leaf); at && path.length <= nodes.length; at = byId.get(at.parent)) {
    path.unshift(at);
  }
  return path;
}

/** What stands beside a message, itself included: other wordings of a question, other answers to it. */
export function siblingsOf({ nodes }, { parent }) {
  return nodes.filter((node) => node.parent === parent);
}

/** Adds a message behind the visible branch, which ends with it then. */
export function append(conversation, { role, content }, now = Date.now()) {
  const node = { id: newId(), parent: conversation.leaf, role, content, created: now };
  conversation.nodes.push(node);
  conversation.leaf = node.id;
  conversation.updated = now;
  if (conversation.title === '' && role === 'user') conversation.title = titleOf(content);
  return node;
}

/** Shows the branch that a message lies on; behind it, the latest one. */
export function choose(conversation, node) {
  let leaf = node;
  for (;;) {
    const next = conversation.nodes.findLast(({ parent }) => parent === leaf.id);
    if (next === undefined) break;
    leaf = next;
  }
  conversation.leaf = leaf.id;
}

/** Takes a message without anything behind it out again; its parent ends the branch. */
export function removeLeaf(conversation, { id, parent }) {
  conversation.nodes = conversation.nodes.filter((node) => node.id !== id);
  conversation.leaf = parent;
  if (conversation.start === id) conversation.start = null;
}

/** What the model is shown of a branch: from `start` on, if that lies on it. */
export function sentOf(conversation) {
  const path = pathOf(conversation);
  const start = path.findIndex(({ id }) => id === conversation.start);
  return path.slice(Math.max(0, start));
}

/** Messages for the engine. `system` comes first, if there is one. */
export function messagesOf(nodes, system = '') {
  return [
    ...(system.trim() ? [{ role: 'system', content: system.trim() }] : []),
    ...nodes.map(({ role, content }) => ({ role, content })),
  ];
}

/** The questions that what is sent may begin with instead, oldest first: fewer and fewer turns. */
export function laterStarts(conversation) {
  return sentOf(conversation)
    .slice(1)
    .filter(({ role }) => role === 'user');
}

/** Two tabs may have gone on with the same conversation: what `mine` lacks of `stored` joins it. */
export function merge(mine, stored) {
  const known = new Set(mine.nodes.map(({ id }) => id));
  const others = stored.nodes.filter(({ id }) => !known.has(id));
  if (others.length === 0) return mine;
  const nodes = [...mine.nodes, ...others].sort((a, b) => a.created - b.created);
  return { ...mine, nodes };
}

function isNode(value) {
  const { id, parent, role, content, created, finish } = value ?? {};
  return (
    typeof id === 'string' &&
    (parent === null || typeof parent === 'string') &&
    (role === 'user' || role === 'assistant') &&
    typeof content === 'string' &&
    Number.isFinite(created) &&
    FINISHES.includes(finish)
  );
}

/** Whether a stored record is what this page can show. */
export function isConversation(value) {
  const { id, title, created, updated, model, nodes, leaf, start } = value ?? {};
  const isReference = (some) => some === null || typeof some === 'string';
  return (
    [id, title, model].every((text) => typeof text === 'string') &&
    Number.isFinite(created) &&
    Number.isFinite(updated) &&
    isReference(leaf) &&
    isReference(start) &&
    Array.isArray(nodes) &&
    nodes.every(isNode)
  );
}
