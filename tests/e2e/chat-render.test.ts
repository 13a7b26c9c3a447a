/* demo/chat/render.js in a real Chromium: hostile Markdown makes nothing but harmless elements, loads nothing and runs
 * nothing; a text that streams looks in the end as the same text at once; no text holds the main thread. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT } from './lib/models.ts';
import { measureTasks, type TaskTimes } from './lib/tasks.ts';

interface Stream {
  update(text: string): void;
  finish(text: string): Promise<void>;
}
declare global {
  var renderer: {
    renderMarkdown(text: string, options?: { copyLabel?: string }): DocumentFragment;
    MarkdownStream: new (host: Element) => Stream;
  };
  var ran: unknown[];
}

const HTML = `<!doctype html><html lang="en"><head><title>renderer</title>
<link rel="stylesheet" href="/renderer.css"></head><body>
<script type="module">globalThis.ran = []; globalThis.renderer = await import('/renderer.js');</script></body></html>`;
const TASK_MS_MAX = 50;

let browser: Browser;
let folder: string;
let page: Page;
const asked: string[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pocketphi-render-'));
  const entryPoints = {
    renderer: join(ROOT, 'demo/chat/render.js'),
    styles: join(ROOT, 'demo/chat/markdown.css'),
  };
  const loader = { '.woff2': 'dataurl', '.woff': 'empty', '.ttf': 'empty' } as const;
  await build({
    entryPoints,
    outdir: folder,
    bundle: true,
    format: 'esm',
    loader,
    logLevel: 'silent',
  });
  const html = join(folder, 'renderer.html');
  writeFileSync(html, HTML);
  browser = await openBrowser({
    '/renderer.js': join(folder, 'renderer.js'),
    '/renderer.css': join(folder, 'styles.css'),
    '/renderer.html': html,
  });
  page = await browser.openPage({ path: '/renderer.html' });
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  await page.waitForFunction(() => 'renderer' in globalThis);
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a text becomes in the page: its HTML, and what in it could do harm. */
async function render(text: string): Promise<{ html: string; harm: string[]; text: string }> {
  return await page.evaluate(async (source) => {
    const host = document.createElement('div');
    host.className = 'markdown';
    host.append(renderer.renderMarkdown(source));
    document.body.replaceChildren(host);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const harm: string[] = [];
    const bad =
      'script,style,iframe,object,embed,form,input,button,img,audio,video,link,meta,base,template,svg *,math a';
    for (const each of host.querySelectorAll(bad)) {
      if (!each.closest('.katex')) harm.push(each.outerHTML);
    }
    for (const each of host.querySelectorAll('*')) {
      for (const { name, value } of each.attributes) {
        const isKatex = each.closest('.katex') !== null;
        if (/^on|^(?:src|srcset|action|formaction|xlink:href|id|name)$/.test(name))
          harm.push(`${name}=${value}`);
        if (name === 'style' && (!isKatex || /url|expression|position:\s*fixed/.test(value)))
          harm.push(`${name}=${value}`);
        if (name === 'href' && !/^(?:https?|mailto):/i.test(value)) harm.push(`${name}=${value}`);
      }
    }
    for (const link of host.querySelectorAll('a')) {
      if (link.target !== '_blank' || !link.relList.contains('noopener')) harm.push(link.outerHTML);
    }
    return { html: host.innerHTML, harm, text: host.textContent ?? '' };
  }, text);
}

const RUN = 'ran.push(1)';
const HOSTILE: Readonly<Record<string, string>> = {
  script: `<script>${RUN}</script>`,
  'script in a block': `<div>\n<script>${RUN}</script>\n</div>`,
  onerror: `<img src=x onerror="${RUN}">`,
  svg: `<svg onload="${RUN}"><script>${RUN}</script></svg>`,
  'javascript: link': ['javascript:', 'JAVASCRIPT:', 'java&#115;cript:', '\x01javascript:']
    .map((scheme) => `[a](${scheme}${RUN})`)
    .join(' '),
  'javascript: by reference': `[a]\n\n[a]: javascript:${RUN}`,
  autolink: `<javascript:${RUN}> <https://example.org/"onmouseover="${RUN}>`,
  'link title': `[a](https://example.org '" onmouseover="${RUN}')`,
  'data: svg': `![x](data:image/svg+xml;base64,PHN2Zy8+) [y](data:text/html,<script>${RUN}</script>)`,
  'image elsewhere': '![spy](https://example.org/spy.png?secret)',
  'mXSS: noscript': `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  'mXSS: math': `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;">`,
  'mXSS: svg style': `<svg></p><style><a id="</style><img src=1 onerror=${RUN}>">`,
  'mXSS: select': `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  'attribute of a slot': `<span data-slot="code" data-language="x" onclick="${RUN}">x</span>`,
  form: '<form action="https://example.org"><input name=q><button>go</button></form>',
  style: '<style>body{display:none}</style><p style="position:fixed;inset:0">over</p>',
  'base and meta':
    '<base href="https://example.org/"><meta http-equiv=refresh content="0;url=https://example.org">',
  iframe: `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  clobbering: '<a id=location name=cookie href=x>x</a><form id=body></form>',
  'code language': `\`\`\`"onload="${RUN}\n<img src=x onerror=${RUN}>\n\`\`\``,
  'code in a language': `\`\`\`html\n<script>${RUN}</script><img src=x onerror="${RUN}">\n\`\`\``,
  'table cell': `| <img src=x onerror=${RUN}> |\n|---|\n| [a](javascript:${RUN}) |`,
  'task list': `- [x] <input onfocus=${RUN} autofocus>\n- [ ] b`,
  'katex href': `$\\href{javascript:${RUN}}{x}$ \\(\\url{javascript:${RUN}}\\)`,
  'katex html': `$\\htmlStyle{position:fixed}{x} \\htmlId{a}{b} \\htmlData{a=b}{c}$`,
  'katex image': '$\\includegraphics{https://example.org/x.png}$',
  'katex text': `$\\text{<img src=x onerror=${RUN}>}$ $$<script>${RUN}</script>$$`,
  'katex colour': '$\\color{red;background:url(https://example.org/x)}{x}$',
  'unclosed things': '**bold `code [link](https://example.org <b <!-- $x \\( ```',
  'unclosed fence': `\`\`\`js\nlet a = '<script>';`,
  nul: 'a\0b <scr\0ipt>alert(1)</scr\0ipt> \ud800 \udc00',
};

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`harmless: ${name}`, async () => {
    asked.length = 0;
    const { harm, html } = await render(text);
    assert.deepEqual(harm, [], html);
    assert.deepEqual(await page.evaluate(() => globalThis.ran), []);
    assert.deepEqual(asked, []);
  });
}

test('bombs: macros, nesting, size; the source is shown, in no time', async () => {
  const bombs = [
    '$\\def\\a{xxxxxxxxxx}\\def\\b{\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a}\\def\\c{\\b\\b\\b\\b\\b\\b\\b\\b\\b}\\c$',
    '$\\newcommand{\\x}{\\x\\x}\\x$',
    `$${'{'.repeat(700)}x${'}'.repeat(700)}$`,
    `$${'\\frac{1}{'.repeat(150)}x${'}'.repeat(150)}$`,
    `$$\\begin{array}{${'c'.repeat(200)}}${'&'.repeat(1000)}\\end{array}$$`,
    '$\\rule{99999em}{99999em} \\kern999999em \\hspace{9999999pt}x$',
    `$${'\\dots '.repeat(240)}$`,
    '> '.repeat(3000),
    `${'- '.repeat(2000)}x`,
    Array.from({ length: 90 }, (_, i) => `${' '.repeat(i * 2)}- a`).join('\n'),
    `|${'a|'.repeat(1500)}\n|${'-|'.repeat(1500)}\n`,
    '['.repeat(20_000),
    '*a **b _c '.repeat(2000),
    '$x$ '.repeat(900),
  ];
  for (const bomb of bombs) {
    const start = performance.now();
    const { harm } = await render(bomb);
    const ms = performance.now() - start;
    assert.deepEqual(harm, []);
    /* All at once, which no page does with text of this length. */
    assert.ok(ms < 2000, `${bomb.slice(0, 40)}: ${ms} ms`);
  }
  const rule = await render('$\\rule{99999em}{99999em}$');
  const width = await page.evaluate(
    () => document.querySelector('.katex-html')?.getBoundingClientRect().width ?? 0,
  );
  assert.ok(width < 1000, `${width} wide: ${rule.html.slice(0, 300)}`);
});

test('what Markdown, formulas and code become', async () => {
  const { html } = await render(
    [
      '# Head',
      '**bold** *em* ~~gone~~ `code` H<sub>2</sub>O $x^2$',
      '1. one\n2. two\n   - [x] done',
      '| a | b |\n|---|--:|\n| 1 | 2 |',
      '$$\\frac{1}{2}$$',
      '```python\nprint("hi")\n```',
      '[site](https://example.org) <https://example.org>',
    ].join('\n\n'),
  );
  assert.match(html, /<h3>Head<\/h3>/);
  assert.match(html, /<strong>bold<\/strong> <em>em<\/em> <del>gone<\/del> <code>code<\/code>/);
  assert.match(html, /H<sub>2<\/sub>O <span class="math"><span class="katex">/);
  assert.match(html, /☑ done/);
  assert.match(html, /<div class="table" tabindex="0"><table>/);
  assert.match(html, /<td data-align="right">2<\/td>/);
  assert.match(html, /<span class="math math-display" tabindex="0"><span class="katex-display">/);
  assert.match(html, /<span>python<\/span>.*<span class="hljs-built_in">print<\/span>/);
  assert.match(html, /target="_blank" rel="noopener noreferrer nofollow"/);
});

/** An answer as long as the longest: everything that answers have; code, a list and a table that are long. */
function longAnswer(): string {
  const words = 'The quick brown fox jumps over the lazy dog and says *nothing* about `it`. ';
  const parts = [
    `# Answer\n\n${words.repeat(20)}`,
    Array.from({ length: 60 }, (_, i) => `${i + 1}. ${words}$x_{${i}}^2 + \\frac{${i}}{2}$`).join(
      '\n',
    ),
    `| a | b | c |\n|---|---|---|\n${Array.from({ length: 120 }, (_, i) => `| ${i} | $y_{${i}}$ | word |`).join('\n')}`,
    `\`\`\`js\n${'const value = compute(1, "two"); // three\n'.repeat(80)}\`\`\``,
    `$$\n\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}\n$$`,
    `> ${words.repeat(5)}`,
  ];
  let text = parts.join('\n\n');
  while (text.length < 20_000) text += `\n\n${words.repeat(6)}`;
  return text.slice(0, 20_000);
}

interface Streamed {
  readonly tasks: TaskTimes;
  /** It looks as the same text rendered at once. */
  readonly same: boolean;
}

/** Streams a text in pieces of `step` characters, one each `pause` ms. */
async function stream(text: string, step: number, pause: number): Promise<Streamed> {
  const tasks = await measureTasks(page, () =>
    page.evaluate(
      async ([source, by, wait]) => {
        const host = document.createElement('div');
        host.className = 'markdown';
        document.body.replaceChildren(host);
        const stream = new renderer.MarkdownStream(host);
        for (let end = by; end < source.length; end += by) {
          stream.update(source.slice(0, end));
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
        await stream.finish(source);
      },
      [text, step, pause] as const,
    ),
  );
  const same = await page.evaluate((source) => {
    const whole = document.createElement('div');
    whole.append(renderer.renderMarkdown(source));
    return whole.innerHTML === document.querySelector('.markdown')?.innerHTML;
  }, text);
  const observed = Math.max(0, ...tasks.observedMs);
  console.log(
    `  longest task: ${tasks.cpuMs.toFixed(0)} ms of computing; ` +
      `${observed === 0 ? 'none' : `${observed} ms`} observed as long`,
  );
  return { tasks, same };
}

test('20,000 characters stream without a long task, and look as if rendered at once', async () => {
  const text = longAnswer();
  await stream(text.slice(0, 3000), 100, 1); /* compiled */
  const { tasks, same } = await stream(text, 16, 4);
  assert.ok(same);
  assert.ok(tasks.cpuMs <= TASK_MS_MAX, `a task of ${tasks.cpuMs} ms`);
});

const LONG_BLOCKS: Readonly<Record<string, string>> = {
  'one paragraph': 'word *and* $x$ and more. '.repeat(800),
  'one line without spaces': 'x'.repeat(20_000),
  'one code block': `\`\`\`js\n${'let a = 1;\n'.repeat(1800)}`,
  'one list': '- item with `code` and **bold**\n'.repeat(620),
  'one table': `| a | b |\n|---|---|\n${'| one | $y$ |\n'.repeat(1400)}`,
  'one quote': '> a line of a quote\n'.repeat(1000),
  'formulas only': Array.from({ length: 1300 }, (_, i) => `$a_{${i}}+b$ `).join(''),
  stars: '*a **b _c '.repeat(2000),
  brackets: '[a]('.repeat(5000),
};
for (const [name, text] of Object.entries(LONG_BLOCKS)) {
  test(`20,000 characters of ${name}: no long task`, async () => {
    const { tasks, same } = await stream(text, 200, 4);
    assert.ok(same);
    assert.ok(tasks.cpuMs <= TASK_MS_MAX, `a task of ${tasks.cpuMs} ms`);
  });
}
