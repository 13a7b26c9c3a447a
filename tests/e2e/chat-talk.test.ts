/* Conversations on the chat's page, in a real Chromium. Most tests have a stand-in for the package (lib/fake-chat.js),
 * built into a site of its own, so that the model says what a test wants; the last ones run a tiny random model on the
 * real engine. Screenshots are left in build/e2e/. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, limitStorage, openBrowser } from './lib/browser.ts';
import { type FakeSite, openFakeSite } from './lib/fake-site.ts';
import { ROOT, tinyModel } from './lib/models.ts';
import { checkState, DESKTOP, PHONE, tabTo, watchErrors } from './lib/page-checks.ts';
import { measureTasks } from './lib/tasks.ts';

interface Message {
  readonly role: string;
  readonly content: string;
}
interface FakeChat {
  reply?: (messages: readonly Message[]) => string;
  chunk?: number;
  pauseMs?: number;
  loadMs?: number;
  failsToLoad?: string;
  fails?: string | undefined;
  contextLength?: number;
}
interface AskedRequest {
  readonly messages: readonly Message[];
  readonly [field: string]: unknown;
}
declare global {
  var fakeChat: FakeChat;
}

const TASK_MS_MAX = 50;
const MARKDOWN = `# Primes

A **prime** has two divisors, $p > 2$ is odd:

$$a^{p-1} \\equiv 1 \\pmod p$$

\`\`\`python
print("prime")
\`\`\`

| n | prime |
|--:|-------|
| 7 | yes |

[more](https://example.org/)`;

let browser: Browser;
let site: FakeSite;

interface Opening {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly fake?: Omit<FakeChat, 'reply'>;
  readonly allowed?: RegExp;
  /** Run on the page before its scripts. */
  readonly first?: () => void;
}

/** The page with the stand-in, and what it prints as errors. */
async function openChat({ viewport = DESKTOP, fake = {}, allowed, first }: Opening = {}) {
  const page = await browser.context.newPage();
  await page.setViewportSize(viewport);
  await page.addInitScript((config) => {
    globalThis.fakeChat = config;
  }, fake);
  if (first) await page.addInitScript(first);
  const errors = watchErrors(page, allowed);
  await page.goto(`${site.url}/chat/?embedded=/models/tiny.gguf`);
  return { page, errors };
}

async function loadEmbedded(page: Page): Promise<void> {
  await page.locator('#offered button').first().click();
  await page.locator('#chat').waitFor();
}

const answers = (page: Page) => page.locator('#messages .assistant');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Asks, and waits for the answer's end. */
async function ask(page: Page, question: string): Promise<void> {
  await page.fill('#question', question);
  await page.press('#question', 'Enter');
  await page.locator('#stop').waitFor({ state: 'hidden' });
}

async function allowLongAnswers(page: Page): Promise<void> {
  await page.click('#settings summary');
  await page.fill('#max-tokens', '100000');
  await page.click('#settings summary');
}

async function texts(page: Page): Promise<string[]> {
  return (await page.locator('#messages .message .text').allTextContents()).map((t) => t.trim());
}

const lastAsked = (page: Page): Promise<AskedRequest | undefined> =>
  page.evaluate(() => (globalThis.asked as unknown as AskedRequest[]).at(-1));

before(async () => {
  site = await openFakeSite('fake-chat.js');
  browser = await openBrowser({ '/models/tiny.gguf': tinyModel('phi3-mha') });
});

/** Nothing of a test is there for the next one. */
async function forget(origin: string): Promise<void> {
  const page = await browser.context.newPage();
  await page.goto(`${origin}/chat/`);
  const cdp = await page.context().newCDPSession(page);
  await page.goto('about:blank');
  await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  for (const open of browser.context.pages()) if (open !== page) await open.close();
}

afterEach(() => forget(site.url));

after(async () => {
  await browser.close();
  await site.close();
});

test('ask, answer again, edit: every version stays; all of it survives a reload', async () => {
  const { page, errors } = await openChat();
  await loadEmbedded(page);
  await page.evaluate(() => {
    let n = 0;
    fakeChat.reply = (messages) => `answer ${++n} to ${messages.at(-1)?.content}`;
  });
  await ask(page, 'one');
  await ask(page, 'two');
  assert.deepEqual(await texts(page), ['one', 'answer 1 to one', 'two', 'answer 2 to two']);
  await answers(page).last().getByText('Answer again').click();
  await page.locator('#messages', { hasText: 'answer 3 to two' }).waitFor();
  await page.locator('#messages', { hasText: '2/2' }).waitFor();
  await page.locator('#stop').waitFor({ state: 'hidden' });
  await button(page, 'Previous version').click();
  await answers(page).last().getByText('answer 2 to two').waitFor();
  await page.locator('.user').first().getByText('Edit').click();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'TEXTAREA');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('uno');
  await page.keyboard.press('Enter');
  await page.locator('#messages', { hasText: 'answer 4 to uno' }).waitFor();
  await page.locator('#stop').waitFor({ state: 'hidden' });
  assert.deepEqual(await texts(page), ['uno', 'answer 4 to uno']);
  assert.deepEqual((await lastAsked(page))?.messages, [{ role: 'user', content: 'uno' }]);
  await page.locator('#history-list', { hasText: 'one' }).waitFor();
  await page.reload();
  await page.locator('#history-list .title').click();
  await page.locator('#messages', { hasText: 'answer 4 to uno' }).waitFor();
  await page.locator('#no-model').waitFor();
  await button(page, 'Previous version').click();
  await page.locator('#messages', { hasText: 'answer 3 to two' }).waitFor();
  assert.deepEqual(await texts(page), ['one', 'answer 1 to one', 'two', 'answer 3 to two']);
  assert.deepEqual(errors, []);
});

test('Markdown, formulas and code are rendered; copying; links leave nothing', async () => {
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { page, errors } = await openChat();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await loadEmbedded(page);
  await page.evaluate((text) => {
    fakeChat.reply = () =>
      `${text}\n\n![spy](https://example.org/spy.png) <img src="https://example.org/x">`;
  }, MARKDOWN);
  await ask(page, 'Primes?');
  const answer = answers(page).last();
  await answer.locator('h3', { hasText: 'Primes' }).waitFor();
  await answer.locator('.katex-display').waitFor();
  assert.equal(await answer.locator('.hljs-built_in').textContent(), 'print');
  assert.equal(await answer.locator('td[data-align=right]').textContent(), '7');
  assert.equal(await answer.locator('img').count(), 0);
  await answer.getByText('Copy code').click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'print("prime")');
  await answer.locator('.tools').getByText('Copy', { exact: true }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^# Primes/);
  await page.locator('.status', { hasText: 'Copied' }).waitFor();
  assert.deepEqual(
    asked.filter((url) => !url.startsWith(site.url)),
    [],
  );
  await page.selectOption('#language', 'ko');
  assert.equal(await answer.locator('.copy-code').textContent(), '코드 복사');
  await page.selectOption('#language', 'en');
  await page.locator('#meter-line', { hasText: /Context: \d+ of 4,096 tokens/ }).waitFor();
  assert.match(
    (await page.textContent('#rate')) ?? '',
    /12\.3 tokens\/s · prompt: .* 99 tokens\/s/,
  );
  await checkState(page, 'chat-answer');
  assert.deepEqual(errors, []);
});

test('20,000 characters stream into the page without a long task; the page follows', async () => {
  const { page, errors } = await openChat({ fake: { chunk: 60, pauseMs: 4 } });
  await loadEmbedded(page);
  await page.evaluate((text) => {
    fakeChat.reply = () => `${text}\n\n`.repeat(80).slice(0, 20_000);
  }, MARKDOWN);
  await allowLongAnswers(page);
  const { cpuMs, observedMs } = await measureTasks(page, async () => {
    await page.fill('#question', 'A long answer, please');
    await page.press('#question', 'Enter');
    await page.locator('#stop').waitFor();
    await page.locator('#stop').waitFor({ state: 'hidden' });
  });
  console.log(
    `  longest task: ${cpuMs.toFixed(0)} ms of computing; observed: ${observedMs.join(', ') || 'none'}`,
  );
  assert.ok(cpuMs <= TASK_MS_MAX, `a task of ${cpuMs} ms`);
  const [end = 0, dock = 0] = await page.evaluate(() =>
    ['#messages', '#dock'].map(
      (s) =>
        document.querySelector(s)?.getBoundingClientRect()[s === '#dock' ? 'top' : 'bottom'] ?? 0,
    ),
  );
  assert.ok(end <= dock + 40, `the answer ends at ${end}, the dock begins at ${dock}`);
  assert.deepEqual(errors, []);
});

test('stop keeps what came; the page does not follow a person who reads above', async () => {
  const { page } = await openChat({ fake: { chunk: 30, pauseMs: 15 } });
  await loadEmbedded(page);
  await page.evaluate(() => {
    fakeChat.reply = () => 'A line of an answer.\n\n'.repeat(400);
  });
  await allowLongAnswers(page);
  await page.fill('#question', 'Go on');
  await page.press('#question', 'Enter');
  await page.waitForFunction(() => scrollY > 200);
  await page.mouse.move(800, 300);
  await page.mouse.wheel(0, -150);
  await page.waitForFunction(
    () => (document.querySelector('.assistant .text')?.textContent ?? '').length > 3000,
  );
  const distance = await page.evaluate(
    () => document.documentElement.scrollHeight - innerHeight - scrollY,
  );
  assert.ok(distance > 200, `the page followed: ${distance}`);
  await page.locator('#stop').focus();
  await page.keyboard.press('Enter');
  await answers(page).locator('.note', { hasText: '(stopped)' }).waitFor();
  await page.evaluate(() => {
    fakeChat.reply = () => 'short';
  });
  await ask(page, 'Thank you');
  const roles = (await lastAsked(page))?.messages.map(({ role }) => role);
  assert.deepEqual(roles, ['user', 'assistant', 'user']);
});

test('conversations: new, open, rename, export, delete one, delete all', async () => {
  const { page, errors } = await openChat();
  await loadEmbedded(page);
  await ask(page, 'First **conversation**');
  await button(page, 'New chat').first().click();
  await page.locator('#empty').waitFor();
  await ask(page, 'Second conversation');
  await page.locator('#history-title', { hasText: 'Conversations (2)' }).waitFor();
  await page.locator('#history-list .title', { hasText: 'First' }).click();
  await page.locator('#messages', { hasText: 'First **conversation**' }).waitFor();
  await button(page, 'Rename').click();
  await page.keyboard.type('A new name');
  await page.keyboard.press('Enter');
  await page.locator('#history-list .title[aria-current]', { hasText: 'A new name' }).waitFor();
  const [one] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()]);
  assert.equal(one.suggestedFilename(), 'A-new-name.json');
  const [all] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'Export all').click(),
  ]);
  const read = JSON.parse(readFileSync(await all.path(), 'utf8'));
  assert.equal(read.format, 'pocketphi-chats/1');
  assert.deepEqual(
    read.conversations.map((c: { title: string; nodes: unknown[] }) => [c.title, c.nodes.length]),
    [
      ['A new name', 2],
      ['Second conversation', 2],
    ].sort((a, b) => String(b[0]).localeCompare(String(a[0]))),
  );
  await button(page, 'Delete').click();
  await page.locator('#confirm', { hasText: 'Delete “A new name”?' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#history-title', { hasText: 'Conversations (1)' }).waitFor();
  await page.locator('#empty').waitFor();
  await button(page, 'Delete all').click();
  await page.locator('#confirm button[value=yes]').click();
  await page.locator('#history-none').waitFor();
  await page.reload();
  await page.locator('#history-none').waitFor();
  assert.deepEqual(errors, []);
});

test('two tabs: the list is the same, and none overwrites the other', async () => {
  const { page } = await openChat();
  await loadEmbedded(page);
  await ask(page, 'In the first tab');
  const { page: other } = await openChat();
  await loadEmbedded(other);
  await other.locator('#history-list .title').click();
  await ask(other, 'From the second tab');
  await ask(page, 'From the first tab again');
  await other.reload();
  await other.locator('#history-list .title').click();
  await other.locator('#messages', { hasText: 'From the first tab again' }).waitFor();
  await button(other, 'Previous version').click();
  await other.locator('#messages', { hasText: 'From the second tab' }).waitFor();
});

test('the context is full: leave out the oldest turns, or start anew with the question', async () => {
  const { page, errors } = await openChat({ fake: { contextLength: 60 } });
  await loadEmbedded(page);
  await page.evaluate(() => {
    fakeChat.reply = () => 'Ten words that make this answer as long as said.';
  });
  const question = 'Ten words of a question that is always the same.';
  await ask(page, question);
  await ask(page, question);
  await page.locator('#meter-warning', { hasText: '' }).waitFor({ state: 'attached' });
  await ask(page, question);
  await page.locator('#meter-warning', { hasText: 'The context is nearly full.' }).waitFor();
  await page.fill('#question', `${question} More`);
  await page.press('#question', 'Enter');
  await page.locator('#full', { hasText: 'longer than the model’s context' }).waitFor();
  assert.equal(await page.inputValue('#question'), `${question} More`);
  assert.equal((await texts(page)).length, 6);
  await checkState(page, 'chat-full');
  await button(page, 'Leave out the oldest turns').click();
  await page.locator('#messages .border').waitFor();
  await page.locator('#stop').waitFor({ state: 'hidden' });
  assert.equal((await texts(page)).length, 8);
  const sent = (await lastAsked(page))?.messages ?? [];
  assert.ok(sent.length < 7 && sent[0]?.role === 'user', JSON.stringify(sent));
  await ask(page, question);
  await page.fill('#question', question);
  await page.press('#question', 'Enter');
  await page.locator('#full').waitFor();
  await button(page, 'Start a new chat with it').click();
  await answers(page).locator('.text', { hasText: 'Ten words' }).waitFor();
  assert.equal((await texts(page)).length, 2);
  await button(page, 'New chat').first().click();
  await page.fill('#question', `${question} `.repeat(9));
  await page.press('#question', 'Enter');
  await page.locator('#full', { hasText: 'Your message alone is longer' }).waitFor();
  assert.equal(await button(page, 'Leave out the oldest turns').isVisible(), false);
  assert.deepEqual(errors, []);
});

test('the page is there at once: the renderer comes when a model is loaded', async () => {
  const { page } = await openChat();
  await page.locator('#offered button').first().waitFor();
  const scripts = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('.js'))
        .reduce((n, entry) => n + (entry as PerformanceResourceTiming).decodedBodySize, 0),
    );
  const before = await scripts();
  assert.ok(before > 0 && before < 150_000, `${before} bytes of scripts at first`);
  await loadEmbedded(page);
  await ask(page, '# one');
  await answers(page).locator('h3').waitFor();
  assert.ok((await scripts()) > before + 200_000);
});

test('settings: sent, kept, checked, reset', async () => {
  const { page } = await openChat();
  await loadEmbedded(page);
  await page.click('#settings summary');
  await page.fill('#system', 'Be brief.');
  await page.fill('#temperature', '0.2');
  await page.fill('#seed', '7');
  await page.fill('#top-k', '-1');
  assert.match((await page.textContent('#top-k-problem')) ?? '', /from 0 to 1000/);
  await ask(page, 'one');
  const sent = await lastAsked(page);
  assert.deepEqual(sent?.messages[0], { role: 'system', content: 'Be brief.' });
  assert.deepEqual([sent?.temperature, sent?.seed, sent?.top_k], [0.2, 7, 0]);
  await page.reload();
  await loadEmbedded(page);
  await page.click('#settings summary');
  assert.equal(await page.inputValue('#seed'), '7');
  await checkState(page, 'chat-settings');
  await button(page, 'Reset the settings').click();
  assert.equal(await page.inputValue('#system'), '');
  assert.equal(await page.inputValue('#temperature'), '0.7');
});

test('storage full: the chat works, and says that it is not kept', async () => {
  const { page, errors } = await openChat();
  await loadEmbedded(page);
  await limitStorage(page, 1);
  await ask(page, 'x'.repeat(20_000));
  await page.locator('#unkept', { hasText: 'This conversation is not kept' }).waitFor();
  await page.locator('#history-title', { hasText: '(1)' }).waitFor();
  await page.screenshot({ path: join(ROOT, 'build/e2e/chat-unkept.png') });
  await button(page, 'New chat').first().click();
  await page.locator('#history-list .title').click();
  await page.locator('#messages', { hasText: 'xxx' }).waitFor();
  assert.match((await page.textContent('#unkept')) ?? '', /not kept/);
  await limitStorage(page);
  await ask(page, 'now there is room');
  await page.locator('#unkept:empty').waitFor({ state: 'attached' });
  await page.reload();
  await page.locator('#history-list .title').waitFor();
  assert.deepEqual(errors, []);
});

test('no storage at all, as in some private windows: everything works until the page is left', async () => {
  const { page, errors } = await openChat({
    first: () => {
      Object.defineProperty(globalThis, 'localStorage', {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      });
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'InvalidStateError');
      };
    },
  });
  await loadEmbedded(page);
  await ask(page, 'one');
  await page.locator('#unkept', { hasText: 'not kept' }).waitFor();
  await button(page, 'New chat').first().click();
  await ask(page, 'two');
  await page.locator('#history-title', { hasText: '(2)' }).waitFor();
  await page.locator('#history-list .title', { hasText: 'one' }).click();
  await page.locator('#messages', { hasText: 'one' }).waitFor();
  await button(page, 'Delete').click();
  await page.locator('#confirm button[value=yes]').click();
  await page.locator('#history-title', { hasText: '(1)' }).waitFor();
  assert.equal(await page.locator('#error').isVisible(), false);
  assert.deepEqual(errors, []);
});

test('a damaged conversation is said to be one, and can be deleted', async () => {
  const { page } = await openChat();
  await loadEmbedded(page);
  await ask(page, 'one');
  await page.locator('#history-list .title').waitFor();
  await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const asked = indexedDB.open('pocketphi-chats');
      asked.onsuccess = () => resolve(asked.result);
    });
    const bodies = database.transaction('bodies', 'readwrite').objectStore('bodies');
    const all = bodies.getAll();
    all.onsuccess = () => bodies.put({ ...all.result[0], nodes: 'gone' });
    await new Promise((resolve) => {
      bodies.transaction.oncomplete = resolve;
    });
    database.close();
  });
  await page.reload();
  await page.locator('#history-list .title').click();
  await page.locator('#error', { hasText: 'cannot be read' }).waitFor();
  await button(page, 'Delete all').click();
  await page.locator('#confirm button[value=yes]').click();
  await page.locator('#history-none').waitFor();
});

test('a model that does not load; an engine that breaks: said, and the text is not lost', async () => {
  const { page, errors } = await openChat({ fake: { failsToLoad: 'PHI_ENOMEM' } });
  await page.locator('#offered button').first().click();
  await page.locator('#error', { hasText: 'There is not enough memory' }).waitFor();
  assert.equal(await page.locator('#loader').isVisible(), true);
  await checkState(page, 'chat-load-failed');
  await page.evaluate(() => {
    globalThis.fakeChat = {};
  });
  await loadEmbedded(page);
  assert.equal(await page.locator('#error').isVisible(), false);
  await ask(page, 'one');
  await page.evaluate(() => {
    fakeChat.fails = 'PHI_EPOISONED';
  });
  await page.fill('#question', 'two');
  await page.press('#question', 'Enter');
  await page.locator('#error', { hasText: 'The engine stopped working.' }).waitFor();
  await page.locator('#no-model').waitFor();
  assert.deepEqual(await texts(page), ['one', 'one']);
  await page.evaluate(() => {
    fakeChat.fails = undefined;
  });
  await button(page, 'Choose a model').click();
  await loadEmbedded(page);
  assert.equal(await page.inputValue('#question'), 'two');
  await page.press('#question', 'Enter');
  await page.locator('#messages .message:nth-child(4):not([aria-busy])').waitFor();
  assert.deepEqual(errors, []);
});

test('what is offered says what it takes and whether it fits', async () => {
  const { page, errors } = await openChat();
  const card = (name: string) => page.locator('#offered li', { hasText: name });
  await card('phi-3-mini-4k-q4').waitFor();
  const mini = (await card('phi-3-mini-4k-q4').textContent()) ?? '';
  assert.match(mini, /2\.4 GB to download · about 4\.01 GB of memory/);
  await card('phi-3-medium-4k')
    .getByText(/Does not fit: this build holds 4\.29 GB/)
    .waitFor();
  assert.equal(await card('phi-3-medium-4k').locator('button').count(), 0);
  await page.click('#loader details summary');
  await page.selectOption('#kv-type', 'q8');
  await card('phi-3-mini-4k-q4')
    .getByText(/about 3\.25 GB of memory/)
    .waitFor();
  await card('phi-4-mini').getByRole('button').click();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'url');
  await checkState(page, 'chat-loader');
  assert.deepEqual(errors, []);
});

test('by the keyboard only, on a phone', async () => {
  const { page, errors } = await openChat({ viewport: PHONE });
  await page.locator('#offered button').first().waitFor();
  await tabTo(page, '#offered button');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'question');
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('more');
  await page.keyboard.press('Enter');
  await page.locator('#messages .assistant:not([aria-busy])').waitFor();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Copy');
  await tabTo(page, '.user [data-text=edit]', 80);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  assert.equal(
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.text),
    'edit',
  );
  await tabTo(page, '#history summary', 80);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await tabTo(page, '#history-list .title', 5);
  await checkState(page, 'chat-history');
  assert.deepEqual(errors, []);
});

test('the real engine: a tiny model answers, its nonsense is harmless', async () => {
  const page = await browser.openPage({ path: '/chat/?embedded=/models/tiny.gguf' });
  const errors = watchErrors(page);
  await loadEmbedded(page);
  await page.locator('#kept', { hasText: 'Part of this site' }).waitFor();
  await ask(page, 'Tell me about <b id="bold">primes</b>');
  assert.equal(await page.locator('#bold').count(), 0);
  await page.locator('#meter-line', { hasText: /of 512 tokens/ }).waitFor();
  assert.match((await page.textContent('#rate')) ?? '', /tokens\/s/);
  const first = (await texts(page))[1] ?? '';
  assert.ok(first.length > 0);
  await page.locator('#history-list .title').waitFor();
  await page.reload();
  await page.locator('#history-list .title').click();
  await answers(page).waitFor();
  assert.deepEqual(errors, []);
  await forget(new URL(page.url()).origin);
});
