/* How an answer of the tutor compares with the right one: for evaluate.mjs and tests/e2e/tutor-model.test.ts. */
import { parseAnswer } from '../../demo/tutor/steps.js';

const CHUNK = 20;
/* Longer than any right answer. */
const TOKENS_MAX = 320;

/** What must be reached on held-out problems, as shares of right final answers. */
export const TARGETS = {
  add: 0.99,
  subtract: 0.99,
  table: 0.99,
  multiply: 0.97,
  divide: 0.97,
  story: 0.95,
};

/** A row is [language, messages, lines that an answer cannot be without]; held_out.py writes them. */
export function grade([, , lines], text) {
  const got = text.trim().split('\n');
  const parsed = parseAnswer(text);
  const isWorked = parsed.form === 'solve' || parsed.form === 'check';
  const tail = lines.slice(1);
  const isRight = got.at(-1) === lines.at(-1);
  const hasAllLines =
    got[0] === lines[0] && (tail.length === 0 || got.slice(-tail.length).join() === tail.join());
  const isExact = hasAllLines && (isWorked || got.length === lines.length);
  return { isRight, isExact, isConsistent: parsed.isConsistent, text };
}

/** { n, right, exact, consistent } of one category and language. */
export function tally(rows, texts) {
  const grades = rows.map((row, i) => grade(row, texts[i]));
  const count = (name) => grades.filter((one) => one[name]).length;
  return {
    n: rows.length,
    right: count('isRight'),
    exact: count('isExact'),
    consistent: count('isConsistent'),
    wrong: rows
      .map(([, messages], i) => ({ messages, ...grades[i] }))
      .filter((one) => !one.isExact),
  };
}

/** Runs in the page, whose `engine` has the model: greedy answers to lists of messages (user, assistant, user ...). */
async function answerInPage([chats, maxTokens]) {
  const texts = [];
  for (const contents of chats) {
    const messages = contents.map((content, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content,
    }));
    const request = { messages, temperature: 0, max_tokens: maxTokens };
    const answer = await globalThis.engine.chat.completions.create(request);
    texts.push(answer.choices[0]?.message.content ?? '');
  }
  return texts;
}

/** The texts that the engines of the pages give for the rows, in their order; each page works on its share. */
export async function answerAll(pages, rows) {
  const texts = new Array(rows.length).fill('');
  let next = 0;
  const work = async (page) => {
    while (next < rows.length) {
      const start = next;
      next += CHUNK;
      const chats = rows.slice(start, start + CHUNK).map(([, messages]) => messages);
      const got = await page.evaluate(answerInPage, [chats, TOKENS_MAX]);
      got.forEach((text, i) => {
        texts[start + i] = text;
      });
    }
  };
  await Promise.all(pages.map(work));
  return texts;
}
