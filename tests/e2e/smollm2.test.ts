/* A real language model in Chromium: the same tokens as natively, cancelling while it computes, cached prefixes, and
 * the chat page from the address bar to an answer. Screenshots of the page are left in build/e2e/. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { fetchSmolLm2, NO_SMOLLM2, ROOT, tinyModel } from './lib/models.ts';

interface Answer {
  readonly question: string;
  readonly text: string;
  readonly prompt_ids: readonly number[];
}

const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const SCREENSHOTS = join(ROOT, 'build/e2e');
const N_TOKENS = 64;
/* Much longer than one layer on a slow machine, much shorter than the prompt that is cancelled. */
const CANCEL_MS_MAX = 1500;

const model = fetchSmolLm2();
const skip = model === undefined && NO_SMOLLM2;
const hasNative = existsSync(PHI);
let browser: Browser;

function goldenAnswers(): readonly Answer[] {
  const path = join(ROOT, 'tests/golden/smollm2/greedy.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { answers: Answer[] }).answers;
}

function nativeTokens(prompt: readonly number[]): number[] {
  const args = [
    'generate',
    '--model',
    model ?? '',
    '--threads',
    '2',
    '--json',
    '--tokens',
    prompt.join(','),
  ];
  const out = execFileSync(PHI, [...args, '--max-tokens', String(N_TOKENS)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(out.toString()) as { ids: number[] }).ids;
}

async function openEngine(page: Page, threads: number): Promise<void> {
  await page.evaluate(async (n) => {
    globalThis.engine = await pocketphi.Engine.create({ model: '/smollm2.gguf', threads: n });
  }, threads);
}

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await openBrowser(model === undefined ? {} : { '/smollm2.gguf': model });
});

after(() => browser.close());

const skipNative =
  skip || (!hasNative && `${PHI} is not built: Chromium was NOT compared with the native engine`);
test('ten prompts give the tokens of the native engine', { skip: skipNative }, async () => {
  const page = await browser.openPage();
  await openEngine(page, 2);
  for (const { question, prompt_ids: prompt } of goldenAnswers()) {
    const ids = await page.evaluate(
      async ([tokens, n]) => {
        const session = await engine.session();
        await session.sync(tokens);
        const out: number[] = [];
        for await (const token of session.generate({ maxTokens: n }))
          if (token.id >= 0) out.push(token.id);
        await session.destroy();
        return out;
      },
      [prompt, N_TOKENS] as const,
    );
    assert.deepEqual(ids, nativeTokens(prompt), question);
  }
  await page.close();
});

test('the chat template, the tokenizer and their count agree with the reference', {
  skip,
}, async () => {
  const page = await browser.openPage();
  await openEngine(page, 1);
  for (const { question, text, prompt_ids: prompt } of goldenAnswers().slice(0, 3)) {
    const got = await page.evaluate(async (content) => {
      const messages = [{ role: 'user', content }];
      const rendered = await engine.tokenizer.applyChatTemplate(messages);
      const ids = await engine.tokenizer.encode(rendered, { addSpecial: false });
      return {
        rendered,
        ids: [...ids],
        count: await engine.tokenizer.count(messages),
        again: await engine.tokenizer.decode(ids, { showSpecial: true }),
      };
    }, question);
    assert.equal(got.rendered, text);
    assert.deepEqual(got.ids, prompt);
    assert.equal(got.count, prompt.length);
    assert.equal(got.again, text);
  }
  await page.close();
});

for (const threads of [1, 2]) {
  test(`cancelling a prompt takes effect while it computes (threads: ${threads})`, {
    skip,
  }, async () => {
    const page = await browser.openPage();
    await openEngine(page, threads);
    const result = await page.evaluate(async () => {
      const messages = [
        {
          role: 'user' as const,
          content: 'The quick brown fox jumps over the lazy dog. '.repeat(180),
        },
      ];
      const abort = new AbortController();
      const answer = outcome(
        engine.chat.completions.create({ messages, max_tokens: 4 }, { signal: abort.signal }),
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      const start = performance.now();
      abort.abort();
      const first = await answer;
      const waited = performance.now() - start;
      const usable = await engine.chat.completions.create({
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        temperature: 0,
        max_tokens: 3,
      });
      return { first, waited, usable, stats: engine.stats() };
    });
    assert.equal(result.first.error?.code, 'PHI_ECANCELED', JSON.stringify(result.first));
    assert.ok(result.waited < CANCEL_MS_MAX, `cancelled after ${result.waited} ms`);
    assert.ok(
      result.stats.prefillTokens < 1500,
      `${result.stats.prefillTokens} tokens were computed`,
    );
    assert.equal(result.usable.usage.completion_tokens, 3);
    await page.close();
  });
}

test('leaving the loop stops the generation; the next request uses the cached prefix', {
  skip,
}, async () => {
  const page = await browser.openPage();
  await openEngine(page, 2);
  const result = await page.evaluate(async () => {
    const messages = [
      { role: 'user' as const, content: 'Count from one to one hundred in words.' },
    ];
    const request = { messages, temperature: 0, max_tokens: 300, stream: true } as const;
    let chunks = 0;
    for await (const chunk of await engine.chat.completions.create(request)) {
      if (chunk.choices[0]?.delta.content && ++chunks === 5) break;
    }
    const decoded = engine.stats().decodeTokens;
    const again = await engine.chat.completions.create({ messages, temperature: 0, max_tokens: 8 });
    return { decoded, again };
  });
  assert.ok(result.decoded < 60, `${result.decoded} tokens were computed after the loop was left`);
  const { usage, choices } = result.again;
  assert.equal(choices[0]?.finish_reason, 'length');
  assert.ok(
    usage.prompt_tokens_details.cached_tokens >= usage.prompt_tokens - 1,
    JSON.stringify(usage),
  );
  await page.close();
});

test('the request’s fields: seed, stop, logit_bias, n, logprobs, usage', { skip }, async () => {
  const page = await browser.openPage();
  await openEngine(page, 2);
  const result = await page.evaluate(async () => {
    const create = engine.chat.completions.create.bind(engine.chat.completions);
    const messages = [{ role: 'user' as const, content: 'Name three colours.' }];
    const warm = { messages, max_tokens: 24, temperature: 1.2 };
    const [first, second, other] = [
      await create({ ...warm, seed: 7 }),
      await create({ ...warm, seed: 7 }),
      await create({ ...warm, seed: 8 }),
    ].map((answer) => answer.choices[0]?.message.content);
    const greedy = await create({
      messages,
      max_tokens: 12,
      temperature: 0,
      logprobs: true,
      top_logprobs: 2,
    });
    const content = greedy.choices[0]?.logprobs?.content ?? [];
    const text = greedy.choices[0]?.message.content ?? '';
    const stop = text.slice(4, 9);
    const stopped = await create({ messages, max_tokens: 12, temperature: 0, stop });
    const [banned = 0] = await engine.tokenizer.encode(content[0]?.token ?? '', {
      addSpecial: false,
    });
    const biased = await create({
      messages,
      max_tokens: 1,
      temperature: 0,
      logit_bias: { [banned]: -100 },
    });
    const two = await create({ ...warm, n: 2, seed: 7 });
    const plain = await engine.completions.create({
      prompt: 'The capital of France is',
      max_tokens: 3,
      temperature: 0,
    });
    return { first, second, other, text, content, stop, stopped, biased, two, plain };
  });
  assert.equal(result.first, result.second);
  assert.notEqual(result.first, result.other);
  assert.equal(result.content.map(({ token }) => token).join(''), result.text);
  for (const { token, logprob, top_logprobs: top } of result.content) {
    assert.equal(top[0]?.token, token);
    assert.equal(top[0]?.logprob, logprob);
    assert.ok(top.length === 2 && (top[1]?.logprob ?? 0) <= logprob);
  }
  assert.equal(
    result.stopped.choices[0]?.message.content,
    result.text.slice(0, result.text.indexOf(result.stop)),
  );
  assert.equal(result.stopped.choices[0]?.finish_reason, 'stop');
  assert.notEqual(result.biased.choices[0]?.message.content, result.content[0]?.token);
  assert.equal(result.two.choices.length, 2);
  assert.equal(result.two.choices[0]?.message.content, result.first);
  assert.equal(result.two.choices[1]?.message.content, result.other);
  assert.match(result.plain.choices[0]?.text ?? '', /Paris/);
  await page.close();
});

async function ask(page: Page, question: string): Promise<string> {
  await page.fill('#question', question);
  await page.press('#question', 'Enter');
  await page.locator('#messages .assistant:last-child:not([aria-busy])').waitFor();
  return (await page.locator('#messages .assistant:last-child .text').textContent()) ?? '';
}

const SIZES = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
} as const;
for (const [name, viewport] of Object.entries(SIZES)) {
  test(`chat page: ?model=, a question, an answer (${name})`, { skip }, async () => {
    const page = await browser.openPage({ path: '/chat/?model=/smollm2.gguf', viewport });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.click('#chat summary');
    await page.fill('#max-tokens', '40');
    await page.fill('#temperature', '0');
    const answer = await ask(page, 'What is <b id="bold">2 + 2</b>?');
    assert.ok(answer.length > 0);
    assert.equal(await page.locator('#bold').count(), 0, 'text went in as HTML');
    assert.match(
      (await page.textContent('#variant')) ?? '',
      /relaxed-mt \(\d threads; relaxed SIMD\)/,
    );
    assert.match((await page.textContent('#rate')) ?? '', /tokens\/s/);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= viewport.width, `the page is ${width} wide`);
    await page.screenshot({ path: join(SCREENSHOTS, `chat-${name}.png`) });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.selectOption('#language', 'ko');
    assert.equal(await page.textContent('#send'), '보내기');
    await page.screenshot({ path: join(SCREENSHOTS, `chat-${name}-dark-ko.png`) });
    /* The choice is kept. */
    await page.selectOption('#language', 'en');
    assert.deepEqual(problems, []);
    await page.close();
  });
}

test('chat page: the stop button stops, the conversation goes on', { skip }, async () => {
  const page = await browser.openPage({ path: '/chat/?model=/smollm2.gguf' });
  await page.click('#chat summary');
  await page.fill('#max-tokens', '2000');
  await page.fill('#question', 'Write a very long story about the sea.');
  await page.press('#question', 'Enter');
  await page.waitForFunction(
    () => (document.querySelector('.assistant .text')?.textContent ?? '').length > 20,
  );
  await page.click('#stop');
  await page.locator('.assistant:not([aria-busy])').waitFor();
  assert.match((await page.textContent('.assistant')) ?? '', /\(stopped\)/);
  await page.fill('#max-tokens', '8');
  assert.ok((await ask(page, 'Thank you.')).length > 0);
  assert.equal(await page.locator('#messages .message').count(), 4);
  await page.close();
});

test('chat page: errors are said in words, in the language of the page', async () => {
  const page = await browser.openPage({ path: '/chat/?model=/nowhere.gguf' });
  await page.locator('#error').waitFor();
  assert.match(
    (await page.textContent('#error')) ?? '',
    /could not be fetched.*HTTP status 404: there is no such file/,
  );
  await page.selectOption('#language', 'ko');
  assert.match((await page.textContent('#error')) ?? '', /모델을 가져오지 못했습니다/);
  const cut = readFileSync(tinyModel('phi3-mha')).subarray(0, 200_000);
  await page.setInputFiles('#file', {
    name: 'bad.gguf',
    mimeType: '',
    buffer: cut,
  });
  await page.locator('#error', { hasText: '이 파일은 모델로 읽을 수 없습니다' }).waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, 'chat-error.png') });
  await page.selectOption('#language', 'en');
  await page.close();
});
