/* Mathematics: where it is in Markdown, and KaTeX for it. Its source is the model's: bounded in length, in what macros
 * may grow to and in size; nothing that could load, link or define (trust: false). */
import katex from 'katex';

/** Symbols; a page of an ordinary derivation has a quarter. */
const SOURCE_LENGTH_MAX = 1500;
/* Cells of matrices cost much more than symbols: 500 take 90 ms, 100 take 10. */
const CELLS_MAX = 100;
const OPTIONS = {
  trust: false,
  strict: 'ignore',
  throwOnError: true,
  maxExpand: 200,
  maxSize: 20,
  output: 'htmlAndMathml',
};
/* A macro that is defined may say anything any number of times. */
const DEFINES =
  /\\(?:[gex]?def|(?:re)?newcommand|providecommand|(?:future)?let|global|long)(?![a-z])/i;

/* As Pandoc: no space inside the dollars, no digit behind the closing one, so that "$5 and $10" stays money. */
const DOLLAR = String.raw`\$(?![\s$])((?:\\.|[^\\$\n\u0060])+?)(?<![\s\\])\$(?!\d)`;
const DOLLARS = String.raw`\$\$((?:\\.|[^\\$])+?)\$\$`;
const PAREN = String.raw`\\\(([\s\S]+?)\\\)`;
const BRACKET = String.raw`\\\[([\s\S]+?)\\\]`;
const ANYWHERE = new RegExp(`${DOLLARS}|${DOLLAR}|${PAREN}|${BRACKET}`, 'g');
const INLINE = new RegExp(`^(?:${DOLLARS}|${BRACKET}|${DOLLAR}|${PAREN})`);
const BLOCK = new RegExp(`^ {0,3}(?:${DOLLARS}|${BRACKET})[ \\t]*(?:\\n|$)`);
const BLOCK_START = /\n {0,3}(?:\$\$|\\\[)/;
const INLINE_START = /\$|\\[([]/;

function token(type, match) {
  const display = match[1] ?? match[2];
  const source = (display ?? match[3] ?? match[4]).trim();
  return { type, raw: match[0], source, isDisplay: display !== undefined };
}

/** For Marked.use(): tokens with `source` and `isDisplay`. `toHtml` makes HTML of one. */
export function mathExtensions(toHtml) {
  const block = {
    name: 'mathBlock',
    level: 'block',
    start: (text) => {
      const at = text.search(BLOCK_START);
      return at < 0 ? undefined : at + 1;
    },
    tokenizer: (text) => {
      const match = BLOCK.exec(text);
      return match ? token('mathBlock', match) : undefined;
    },
    renderer: toHtml,
  };
  const inline = {
    name: 'math',
    level: 'inline',
    start: (text) => {
      const at = text.search(INLINE_START);
      return at < 0 ? undefined : at;
    },
    tokenizer: (text) => {
      const match = INLINE.exec(text);
      return match ? token('math', match) : undefined;
    },
    renderer: toHtml,
  };
  return {
    extensions: [block, inline],
    /* A star inside a formula ends no emphasis outside. */
    hooks: { emStrongMask: (text) => text.replace(ANYWHERE, (math) => 'a'.repeat(math.length)) },
  };
}

/** Why a formula is shown as its source; undefined when it is drawn. */
export function refuseMath(source) {
  if (source.length > SOURCE_LENGTH_MAX) return 'too long';
  if (DEFINES.test(source)) return 'it defines macros';
  const cells = source.match(/&|\\\\|\\cr(?![a-z])/gi)?.length ?? 0;
  return cells > CELLS_MAX ? 'too many cells' : undefined;
}

/** A formula; its source where it cannot be drawn. */
export function mathNode(source, isDisplay) {
  const host = document.createElement('span');
  host.className = isDisplay ? 'math math-display' : 'math';
  if (isDisplay) host.tabIndex = 0; /* it may be wider than the page and scroll */
  if (refuseMath(source) === undefined) {
    try {
      katex.render(source, host, { ...OPTIONS, displayMode: isDisplay });
      return host;
    } catch {
      /* Half a formula, or one that KaTeX does not know: its source says as much as can be said. */
    }
  }
  const code = document.createElement('code');
  code.textContent = source;
  host.className += ' math-source';
  host.replaceChildren(code);
  return host;
}
