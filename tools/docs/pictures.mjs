/* node tools/docs/pictures.mjs [--chat-model FILE]: the pictures of README.md, docs/pictures/, taken of the built site
 * in Chromium. What they show are real answers: of the embedded model, and on the chat page of FILE if it is given. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from '../../demo/serve.mjs';
import { ensureChromium } from '../setup/chromium.mjs';
import { runMain, say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const FOLDER = join(REPOSITORY, 'docs/pictures');
const SUM = '347 + 285';
const QUESTION = 'Write a Python function that adds two numbers, and say how it works.';

async function showHome(page) {
  await page.fill('#question', SUM);
  await page.click('#send');
  await page.locator('#verdict:not(:empty)').waitFor();
}

async function showTutor(page) {
  await page.fill('#sum', SUM);
  await page.click('#explain');
  await page.locator('.work').waitFor();
  for (let step = 0; step < 2; step++)
    await page.getByRole('button', { name: 'Next step' }).click();
}

async function showChat(page, { model }) {
  await page.fill('#url', model);
  await page.press('#url', 'Enter');
  await page.fill('#question', QUESTION);
  await page.press('#question', 'Enter');
  await page.locator('#stop').waitFor({ state: 'hidden', timeout: 120_000 });
}

async function showVision(page) {
  await page.click('[data-example="writtenSum"]');
  await page.locator('.picture-facts', { hasText: 'tokens' }).waitFor();
  await page.click('.suggestion');
  await page.locator('.turn[aria-busy="false"]').waitFor({ timeout: 120_000 });
}

/* Long enough for what the rule is about to come into the scene. */
async function showCamera(page) {
  await page.selectOption('#every', '2');
  await page.click('#prepare');
  await page.locator('#start').click({ timeout: 120_000 });
  await page.locator('#log-list li').first().waitFor({ timeout: 120_000 });
}

/** At the top, with the new colours everywhere. */
async function settle(page) {
  await page.evaluate(async () => {
    scrollTo(0, 0);
    for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(done));
    await Promise.all(document.getAnimations().map((animation) => animation.finished));
  });
}

const PICTURES = [
  { name: 'home', path: '/', width: 1280, height: 860, show: showHome },
  { name: 'tutor', path: '/tutor/', width: 1280, height: 860, show: showTutor },
  { name: 'vision', path: '/vision/', width: 1280, height: 1330, show: showVision },
  { name: 'camera', path: '/camera/', width: 1280, height: 1160, show: showCamera },
  { name: 'chat', path: '/chat/', width: 1280, height: 860, show: showChat, isModelWanted: true },
];

await runMain(async () => {
  const { values } = parseArgs({ options: { 'chat-model': { type: 'string' } } });
  const file = values['chat-model'];
  const model = file === undefined ? undefined : `/models/${basename(file)}`;
  mkdirSync(FOLDER, { recursive: true });
  const { file: executablePath, env } = ensureChromium();
  const browser = await chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
  const server = await serve({ files: model === undefined ? {} : { [model]: file } });
  for (const { name, path, width, height, show, isModelWanted } of PICTURES) {
    if (isModelWanted && model === undefined) continue;
    const page = await browser.newPage({
      viewport: { width, height },
      locale: 'en',
      reducedMotion: 'reduce',
    });
    await page.goto(server.url + path);
    await show(page, { model });
    for (const theme of ['light', 'dark']) {
      await page.selectOption('#theme', theme);
      await settle(page);
      await page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`) });
      say(`docs/pictures/${name}-${theme}.png`);
    }
    await page.close();
  }
  await browser.close();
  await server.close();
});
