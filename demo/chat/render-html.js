/* Markdown of a model → tokens of blocks → HTML. HTML that the model wrote is text here, but for a few tags without
 * attributes; images are links (nothing is loaded from anywhere); formulas and code are slots that render.js fills.
 * Nesting is bounded: each level costs a pass over its text and a piece of the stack. */
import { Marked, Tokenizer } from 'marked';
import { mathExtensions } from './render-math.js';

const DEPTH_MAX = 12;
/* Headings of an answer lie below those of the page. */
const HEADING_SHIFT = 2;
const HARMLESS = /&lt;(\/?)(br|sub|sup|kbd|mark|small|b|i|u|s|em|strong)\s*\/?&gt;/gi;
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const FOLLOWED = /^(?:https?:\/\/|mailto:)/i;

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

class BoundedTokenizer extends Tokenizer {
  #depth = 0;

  #below(lex) {
    if (this.#depth >= DEPTH_MAX) return undefined;
    this.#depth++;
    try {
      return lex();
    } finally {
      this.#depth--;
    }
  }

  blockquote(text) {
    return this.#below(() => super.blockquote(text));
  }

  list(text) {
    return this.#below(() => super.list(text));
  }
}

function slot(tag, kind, language, text) {
  const attributes = `data-slot="${kind}" data-language="${escapeHtml(language)}"`;
  return `<${tag} ${attributes}>${escapeHtml(text)}</${tag}>`;
}

function mathSlot({ type, source, isDisplay }) {
  const kind = isDisplay ? 'display' : 'math';
  return type === 'mathBlock'
    ? `${slot('div', kind, '', source)}\n`
    : slot('span', kind, '', source);
}

const renderer = {
  html: ({ text }) => escapeHtml(text).replace(HARMLESS, (_, slash, tag) => `<${slash}${tag}>`),
  heading({ tokens, depth }) {
    const level = Math.min(6, depth + HEADING_SHIFT);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  },
  code({ text, lang }) {
    const language = /^[\w+#.-]{1,20}/.exec(lang ?? '')?.[0].toLowerCase() ?? '';
    return `${slot('div', 'code', language, text)}\n`;
  },
  checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  tablecell({ tokens, header, align }) {
    const tag = header ? 'th' : 'td';
    const aligned = align ? ` data-align="${align}"` : '';
    return `<${tag}${aligned}>${this.parser.parseInline(tokens)}</${tag}>`;
  },
  link({ href, tokens }) {
    const text = this.parser.parseInline(tokens);
    return FOLLOWED.test(href) ? `<a href="${escapeHtml(href)}">${text}</a>` : text;
  },
  image({ href, text }) {
    const label = escapeHtml(text || href.slice(0, 100));
    return FOLLOWED.test(href) ? `<a href="${escapeHtml(href)}">▧ ${label}</a>` : `▧ ${label}`;
  },
};

/** Lexes and writes Markdown piece by piece; remembers the link definitions of earlier pieces. */
export class MarkdownWriter {
  #marked = new Marked({ gfm: true, breaks: false, renderer }, mathExtensions(mathSlot));
  #links = Object.create(null);

  constructor() {
    this.#marked.setOptions({ tokenizer: new BoundedTokenizer() });
  }

  /** Blocks, whose `raw` make up the text. */
  lex(text) {
    const lexer = new this.#marked.Lexer(this.#marked.defaults);
    Object.assign(lexer.tokens.links, this.#links);
    return lexer.lex(text);
  }

  /** Blocks that will not change: their link definitions count for what is lexed later. */
  keep(tokens) {
    for (const { type, tag, href, title } of tokens) {
      if (type === 'def') this.#links[tag] ??= { href, title };
    }
  }

  /** Not sanitised. Its last node is no slot: whoever fills slots replaces them. */
  html(token) {
    return this.#marked.parser([token]);
  }
}
