/* The chat page's logic without a page: conversations as trees, settings, what fits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRate, fitOf, memoryOf, OFFERED } from '../../demo/chat/fit.js';
import {
  initialSettings,
  NUMBERS,
  readSettings,
  requestFields,
  validNumber,
} from '../../demo/chat/sampling.js';
import { exportText } from '../../demo/chat/store.js';
import * as tree from '../../demo/chat/tree.js';
import { WORDS } from '../../demo/chat/words.js';
import { STORED_WORDS } from '../../demo/site/stored-words.js';

function talk(...contents) {
  const conversation = tree.newConversation(1);
  contents.forEach((content, i) => {
    tree.append(conversation, { role: i % 2 === 0 ? 'user' : 'assistant', content }, i + 2);
  });
  return conversation;
}

const texts = (nodes) => nodes.map(({ content }) => content);

test('a conversation: its branch, its title, its messages', () => {
  const conversation = talk('Hello\nthere', 'Hi', 'More');
  assert.deepEqual(texts(tree.pathOf(conversation)), ['Hello\nthere', 'Hi', 'More']);
  assert.equal(conversation.title, 'Hello');
  assert.deepEqual(tree.messagesOf(tree.sentOf(conversation), ' Be brief. ')[0], {
    role: 'system',
    content: 'Be brief.',
  });
  assert.equal(tree.messagesOf(tree.sentOf(conversation)).length, 3);
  assert.ok(tree.isConversation(structuredClone(conversation)));
});

test('titles are one line, cut at a word, never inside a character', () => {
  assert.equal(tree.titleOf('  a\t b \n c'), 'a b');
  const long = tree.titleOf('word '.repeat(40));
  assert.ok(long.length <= 61 && long.endsWith('word…'));
  assert.ok(tree.titleOf('😀'.repeat(100)).isWellFormed());
});

test('an edited question branches; both branches stay and can be chosen', () => {
  const conversation = talk('one', 'two', 'three', 'four');
  const [, answer, question] = tree.pathOf(conversation);
  conversation.leaf = answer.id;
  const edited = tree.append(conversation, { role: 'user', content: 'other' }, 9);
  tree.append(conversation, { role: 'assistant', content: 'five' }, 10);
  assert.deepEqual(texts(tree.pathOf(conversation)), ['one', 'two', 'other', 'five']);
  assert.deepEqual(texts(tree.siblingsOf(conversation, edited)), ['three', 'other']);
  tree.choose(conversation, question);
  assert.deepEqual(texts(tree.pathOf(conversation)), ['one', 'two', 'three', 'four']);
  tree.choose(conversation, edited);
  assert.equal(tree.pathOf(conversation).at(-1).content, 'five');
});

test('the first question can be edited too', () => {
  const conversation = talk('one', 'two');
  conversation.leaf = null;
  const first = tree.append(conversation, { role: 'user', content: 'uno' }, 9);
  assert.deepEqual(texts(tree.pathOf(conversation)), ['uno']);
  assert.equal(tree.siblingsOf(conversation, first).length, 2);
});

test('an answer that failed goes, with its question', () => {
  const conversation = talk('one', 'two', 'three', '');
  for (let n = 0; n < 2; n++) tree.removeLeaf(conversation, tree.pathOf(conversation).at(-1));
  assert.deepEqual(texts(tree.pathOf(conversation)), ['one', 'two']);
  assert.equal(conversation.nodes.length, 2);
});

test('the oldest turns can be left out of what is sent', () => {
  const conversation = talk('1', 'a', '2', 'b', '3');
  const starts = tree.laterStarts(conversation);
  assert.deepEqual(texts(starts), ['2', '3']);
  conversation.start = starts[0].id;
  assert.deepEqual(texts(tree.sentOf(conversation)), ['2', 'b', '3']);
  assert.deepEqual(texts(tree.laterStarts(conversation)), ['3']);
  conversation.leaf = tree.pathOf(conversation)[1].id;
  assert.deepEqual(texts(tree.sentOf(conversation)), ['1', 'a']);
});

test('two tabs: no message is lost', () => {
  const mine = talk('one', 'two');
  const theirs = structuredClone(mine);
  tree.append(mine, { role: 'user', content: 'mine' }, 20);
  tree.append(theirs, { role: 'user', content: 'theirs' }, 10);
  const merged = tree.merge(mine, theirs);
  assert.deepEqual(texts(merged.nodes), ['one', 'two', 'theirs', 'mine']);
  assert.equal(merged.leaf, mine.leaf);
  assert.equal(tree.merge(mine, mine), mine);
});

test('records that this page did not write are not taken', () => {
  const good = talk('one', 'two');
  const bad = [undefined, null, 1, 'x', {}, { ...good, nodes: 'x' }, { ...good, leaf: 3 }];
  bad.push({ ...good, nodes: [{ ...good.nodes[0], role: 'system' }] });
  bad.push({ ...good, nodes: [{ ...good.nodes[0], content: { html: 'x' } }] });
  for (const value of bad) assert.equal(tree.isConversation(value), false);
  const [a, b] = structuredClone(good).nodes;
  const circle = { ...good, nodes: [{ ...a, parent: b.id }, b] };
  assert.ok(tree.pathOf(circle).length <= 3);
});

test('an export holds everything, and says what it is', () => {
  const conversation = talk('one', 'two');
  const read = JSON.parse(exportText([conversation], new Date(0)));
  assert.equal(read.format, 'pocketphi-chats/1');
  assert.deepEqual(read.conversations, [conversation]);
});

test('settings: what was kept wrongly is as in the beginning', () => {
  assert.deepEqual(readSettings('{"temperature": 0.3, "topK": 40, "seed": 7}').topK, 40);
  for (const text of [
    '',
    'x',
    'null',
    '[]',
    '{"temperature": 9, "topK": 1.5, "maxTokens": "many", "system": 4}',
  ])
    assert.deepEqual(readSettings(text), initialSettings());
  for (const [name, { min, max }] of Object.entries(NUMBERS)) {
    assert.equal(validNumber(name, String(min)), min);
    assert.equal(validNumber(name, max + 1), undefined);
    assert.equal(validNumber(name, 'x'), undefined);
  }
  assert.equal(validNumber('seed', ''), null);
  assert.ok(!('seed' in requestFields(initialSettings())));
  assert.equal(requestFields({ ...initialSettings(), seed: 0 }).seed, 0);
});

test('what fits: by this build, and by this device', () => {
  const needs = { weightBytes: 2.4e9, kvBytesPerToken: 400_000 };
  const mini = { needs, contextLength: 4096, state: 'works' };
  const options = { context: undefined, kvType: 'f16' };
  const here = { maxHeapBytes: 4 * 2 ** 30, deviceBytes: 8e9 };
  assert.ok(memoryOf(mini, options) > 4e9);
  assert.equal(fitOf(mini, options, here), 'fits');
  assert.equal(fitOf(mini, options, { ...here, deviceBytes: 4e9 }), 'tight');
  assert.equal(fitOf(mini, { ...options, kvType: 'q8' }, { ...here, deviceBytes: 4.5e9 }), 'fits');
  assert.equal(fitOf(mini, options, { ...here, deviceBytes: undefined }), 'fits');
  assert.equal(
    fitOf({ ...mini, contextLength: 131_072 }, { context: 8192, kvType: 'f16' }, here),
    'large',
  );
  assert.equal(fitOf({ ...mini, state: 'needs memory64' }, options, here), 'large');
  assert.equal(fitOf({ ...mini, state: 'planned' }, options, here), 'planned');
  assert.equal(decodeRate(mini, { gemvGigabytesPerSecond: 24 }), 10);
  assert.equal(decodeRate(mini, undefined), undefined);
  assert.ok(OFFERED.length >= 4);
});

function keysOf(words, path = '') {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'object' ? keysOf(value, `${path}${key}.`) : [`${path}${key}:${typeof value}`],
  );
}

test('both languages have the same words', () => {
  for (const { en, ko } of [WORDS, STORED_WORDS]) assert.deepEqual(keysOf(ko), keysOf(en));
});
