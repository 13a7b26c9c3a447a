/* What the tutor reaches on held-out problems: greedy decoding of the int4 file by the engine, in Chromium.
 *
 *   python3 tools/tutor/held_out.py --seed 3 --count 1000 --minor 400 --out build/tutor/held-out.json
 *   node tools/tutor/evaluate.mjs --problems build/tutor/held-out.json \
 *     [--model FILE] [--categories add,story] [--out FILE] [--show 3]
 *
 * Prints a Markdown table: right final answers, answers right word for word in all their lines, and answers whose every
 * step agrees with the arithmetic (demo/tutor/steps.js). --show N prints so many wrong answers of each category. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from '../../demo/serve.mjs';
import { runMain, say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';
import { answerAll, TARGETS, tally } from './grade.mjs';

const LANGUAGES = ['en', 'ko'];
const N_PAGES = 2;
const PATIENCE_MS = 600_000;
const LIB = join(REPOSITORY, 'tests/e2e/lib');
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];

async function openPage(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${url}/blank.html`);
  await page.waitForFunction(() => 'outcome' in globalThis);
  await page.evaluate(async () => {
    const options = { model: '/tutor.gguf', threads: 1, contextLength: 1024, storage: 'none' };
    globalThis.engine = await globalThis.pocketphi.Engine.create(options);
  });
  return page;
}

async function withPages(model, work) {
  const files = {
    '/tutor.gguf': model,
    '/blank.html': join(LIB, 'blank.html'),
    '/blank.js': join(LIB, 'blank.js'),
  };
  const site = await serve({ files });
  const profile = await mkdtemp(join(tmpdir(), 'pocketphi-tutor-'));
  const executablePath =
    process.env.POCKETPHI_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium';
  const options = { executablePath, headless: true, args: ARGUMENTS };
  const context = await chromium.launchPersistentContext(profile, options);
  try {
    const pages = [];
    for (let i = 0; i < N_PAGES; i++) pages.push(await openPage(context, site.url));
    return await work(pages);
  } finally {
    await context.close();
    await site.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const percent = (part, whole) => (whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`);

function tableRow(name, results) {
  const cells = LANGUAGES.flatMap((language) => {
    const { n, right, exact, consistent } = results[language];
    return [String(n), percent(right, n), percent(exact, n), percent(consistent, n)];
  });
  const target = TARGETS[name] ? `${100 * TARGETS[name]} %` : '';
  return `| ${[name, target, ...cells].join(' | ')} |`;
}

async function evaluate(pages, problems, categories, nShown) {
  const results = {};
  const names = ['n', 'right', 'exact', 'steps'];
  const head = LANGUAGES.flatMap((language) => names.map((name) => `${language} ${name}`));
  say(`| category | target | ${head.join(' | ')} |`);
  say(`|---|${'---|'.repeat(head.length + 1)}`);
  const wrongs = [];
  for (const [name, rows] of Object.entries(problems)) {
    if (categories && !categories.includes(name)) continue;
    const texts = await answerAll(pages, rows);
    results[name] = {};
    for (const language of LANGUAGES) {
      const at = rows.map((_, i) => i).filter((i) => rows[i][0] === language);
      const { wrong, ...counts } = tally(
        at.map((i) => rows[i]),
        at.map((i) => texts[i]),
      );
      results[name][language] = counts;
      wrongs.push(...wrong.slice(0, nShown));
    }
    say(tableRow(name, results[name]));
  }
  for (const { messages, text } of wrongs) say(`\n${messages.join('\n--\n')}\n=> ${text}`);
  return results;
}

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      problems: { type: 'string', default: join(REPOSITORY, 'tests/tutor/held-out.json') },
      model: { type: 'string', default: join(REPOSITORY, 'demo/models/tutor.gguf') },
      categories: { type: 'string' },
      out: { type: 'string' },
      show: { type: 'string', default: '0' },
    },
  });
  const problems = JSON.parse(await readFile(values.problems, 'utf8'));
  const results = await withPages(values.model, (pages) =>
    evaluate(pages, problems, values.categories?.split(','), Number(values.show)),
  );
  if (values.out) await writeFile(values.out, `${JSON.stringify(results, null, 1)}\n`);
});
