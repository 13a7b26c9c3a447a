/* demo/chat/render-*.js without a page: blocks of a growing text, HTML before it is sanitised, bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockReader } from '../../demo/chat/render-blocks.js';
import { MarkdownWriter } from '../../demo/chat/render-html.js';
import { refuseMath } from '../../demo/chat/render-math.js';
import { cpuNow } from './lib/cpu-time.mjs';

const MIXED = [
  '# Title',
  'A paragraph with *stars*, `code` and $a_b$,\nin two lines.',
  '- one\n- two\n  - inner\n\n    more\n- three',
  '1. a\n\n2. b\n\n3. c',
  '```js\nlet a = 1;\n\n# no title\n```',
  '| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | $x$ |',
  '> quoted\n> more\n\n> again',
  '$$\nx = \\frac{1}{2}\n\n+ 1\n$$',
  '    indented\n\n    code',
  '[a]: https://example.org\n\nsee [a]',
  '---',
  'Title\n=====',
  '\\[ e^{i\\pi} \\]',
  'the end',
].join('\n\n');

function readAll(text, steps) {
  const writer = new MarkdownWriter();
  const reader = new BlockReader(writer);
  const settled = [];
  for (const length of [...steps, text.length]) {
    for (let hasMore = true; hasMore; ) {
      const read = reader.read(text.slice(0, length), false);
      settled.push(...read.settled);
      ({ hasMore } = read);
    }
  }
  for (let hasMore = true; hasMore; ) {
    const read = reader.read(text, true);
    settled.push(...read.settled);
    ({ hasMore } = read);
  }
  return { tokens: settled, html: settled.map((token) => writer.html(token)).join('') };
}

const html = (text) => readAll(text, []).html;

/* The same numbers on every run. */
function randomNumbers(seed) {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % max;
  };
}

test('a text that grows by one character gives the same blocks as the whole', () => {
  const steps = Array.from(MIXED, (_, i) => i);
  assert.equal(readAll(MIXED, steps).html, html(MIXED));
});

test('every character is in one block, in order, whatever the text and its steps', () => {
  const random = randomNumbers(7);
  const pieces = [
    '\n',
    '\n\n',
    '- ',
    '1. ',
    '> ',
    '```',
    '`',
    '|',
    '|-|\n',
    '$$',
    '$',
    '\\[',
    '\\]',
    '#',
  ];
  pieces.push(
    ' ',
    '    ',
    'word',
    '*',
    '**',
    '[a]',
    '(b)',
    '<b>',
    '<!--',
    '\t',
    '~~~',
    '===',
    '한글',
    '😀',
  );
  for (let round = 0; round < 300; round++) {
    let text = '';
    const steps = [];
    for (let n = random(200); n >= 0; n--) {
      text += pieces[random(pieces.length)];
      if (random(3) === 0) steps.push(text.length);
    }
    const { tokens } = readAll(text, steps);
    /* marked may write one space for another. */
    const visible = (some) => some.replace(/\s/g, '');
    const read = tokens.map(({ raw }) => raw).join('');
    assert.equal(visible(read), visible(text), JSON.stringify(text));
  }
});

test('a block longer than the window is cut: rows keep their table, code stays code', () => {
  const rows = Array.from({ length: 2000 }, (_, i) => `| ${i} | b |\n`).join('');
  const table = readAll(`| n | m |\n|---|---|\n${rows}\nend`, []);
  assert.ok(table.tokens.length > 3);
  assert.equal(table.tokens.flatMap((token) => token.rows ?? []).length, 2000);
  const code = `\`\`\`c\n${'int a;\n'.repeat(5000)}\`\`\`\n\nafter *it*`;
  const read = readAll(code, [100, 6000, 20_000]);
  assert.deepEqual(
    read.tokens.map(({ type }) => type).filter((type) => type !== 'space'),
    ['code', 'paragraph'],
  );
  const inList = readAll(
    `1. do:\n   \`\`\`c\n${'   int a;\n'.repeat(1000)}   \`\`\`\n\nafter *it*`,
    [],
  );
  assert.match(inList.html, /<p>after <em>it<\/em><\/p>\n$/);
  assert.doesNotMatch(inList.html, /<p>\s*int a/);
});

test('a character of two code units is never cut in two', () => {
  const { tokens } = readAll('😀'.repeat(10_000), []);
  for (const { raw } of tokens) assert.ok(raw.isWellFormed());
});

test('formulas: what is one and what is money', () => {
  const isMath = (text) => html(text).includes('data-slot');
  for (const text of ['$x$', '$a_b$, $c_d$', '\\(x\\)', 'a $$x$$ b', '\\[x\\]', '*a $b*c$ d*'])
    assert.ok(isMath(text), text);
  for (const text of ['$5 and $10', 'US$ 5, $ 6', '`$x$`', '\\$x\\$', '$a', '```\n$x$\n```\n'])
    assert.ok(!html(text).includes('"math"'), text);
  assert.equal(html('*a $b*c$ d*').match(/<em>/g)?.length, 1);
  assert.match(html('$a<b$'), />a&lt;b</);
});

test('formulas that could grow without bound are refused', () => {
  for (const source of [
    '\\def\\a{\\a\\a}\\a',
    '\\newcommand{\\x}{y}',
    '\\gdef\\x{}',
    '\\let\\x=y',
    'x'.repeat(2000),
  ])
    assert.notEqual(refuseMath(source), undefined, source.slice(0, 30));
  assert.notEqual(refuseMath(`\\begin{matrix}${'&'.repeat(500)}\\end{matrix}`), undefined);
  assert.equal(
    refuseMath('\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix} \\leq \\left( \\defeq'),
    undefined,
  );
});

test('HTML of the model is text, but for tags without attributes', () => {
  assert.equal(html('a<br>b H<sub>2</sub>O'), '<p>a<br>b H<sub>2</sub>O</p>\n');
  for (const text of [
    '<script>x</script>',
    '<img src=x onerror=y>',
    '<b onclick=x>',
    '<style>',
    '<form>',
    '<svg/onload=x>',
  ])
    assert.doesNotMatch(html(text), /<(?!\/?p>)/, text);
  assert.doesNotMatch(html('<div>\n<iframe src="x">\n</div>'), /<(?:div|iframe)/);
});

test('links go to the web and to mail only; images are links', () => {
  assert.match(
    html('[a](https://example.org/?q="x")'),
    /<a href="https:\/\/example.org\/\?q=&quot;x&quot;">/,
  );
  for (const text of [
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:x)',
    '[a](data:text/html,x)',
    '[a](/models/)',
    '[a](vbscript:x)',
  ])
    assert.doesNotMatch(html(text), /<a/, text);
  assert.match(html('![cat](https://example.org/cat.png)'), /<a href="https:[^"]+">▧ cat<\/a>/);
  assert.doesNotMatch(html('![x](data:image/svg+xml,<svg onload=x>)'), /<(?!\/?p>)/);
});

test('nesting is bounded, and 4000 of anything is lexed within a moment', () => {
  const kinds = [
    '> ',
    '>',
    '- ',
    '* ',
    '1. ',
    '+ ',
    '[',
    '![',
    '[a](',
    '*a ',
    '**',
    '_a ',
    '__a_',
    '~a ',
    '` ',
  ];
  kinds.push(
    '<',
    '<a ',
    '<!--',
    '|',
    '&#',
    '\\',
    '$',
    '$a',
    '\\(',
    '\\[',
    '$$',
    '(',
    '`a` ',
    '#\n',
    '***a** b* ',
  );
  const nested = Array.from({ length: 60 }, (_, i) => `${' '.repeat(i * 2)}- a\n`).join('');
  for (const kind of [...kinds, nested]) {
    const text = kind.repeat(Math.ceil(4000 / kind.length)).slice(0, 4000);
    html(text); /* compiled */
    const start = cpuNow();
    const written = html(text);
    const ms = cpuNow() - start;
    /* 25 ms here, on a machine that is doing something else besides. */
    assert.ok(ms < 250, `${JSON.stringify(kind.slice(0, 10))}: ${ms} ms`);
    assert.ok((written.match(/<(?:blockquote|ul|ol)/g)?.length ?? 0) <= 2100);
  }
});
