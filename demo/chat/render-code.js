/* Blocks of code: highlighted, with their language and a button that copies them. */
import highlighter from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import { sanitizeHighlight } from './render-safe.js';

const LANGUAGES = {
  ...{ bash, c, cpp, css, go, java, javascript, json, python, rust, sql, typescript, xml },
};
for (const [name, language] of Object.entries(LANGUAGES)) {
  highlighter.registerLanguage(name, language);
}
/* Characters; what lies behind stays plain: colouring costs about 1 ms per 1000 of them, ten on a slow machine. */
const HIGHLIGHT_MAX = 4000;

/** How much of a text is coloured: whole lines. */
function colouredLength(text) {
  return text.length <= HIGHLIGHT_MAX ? text.length : text.lastIndexOf('\n', HIGHLIGHT_MAX) + 1;
}

function nodesOf(text, language) {
  if (!highlighter.getLanguage(language)) return [text];
  const end = colouredLength(text);
  try {
    const coloured = highlighter.highlight(text.slice(0, end), { language }).value;
    return [sanitizeHighlight(coloured), text.slice(end)];
  } catch {
    return [text]; /* a grammar that fails leaves the text as it is */
  }
}

/** A block of code. `copyLabel`: the text of a button `.copy-code`, which the page makes work; without it, none. */
export function codeBlock(text, language, copyLabel) {
  const block = document.createElement('div');
  block.className = 'code-block';
  const bar = document.createElement('div');
  bar.className = 'code-bar';
  const name = document.createElement('span');
  name.textContent = language;
  bar.append(name);
  if (copyLabel) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy-code';
    button.dataset.text = 'copyCode';
    button.textContent = copyLabel;
    bar.append(button);
  }
  const pre = document.createElement('pre');
  pre.tabIndex = 0; /* it may be wider than the page and scroll */
  const code = document.createElement('code');
  code.append(...nodesOf(text, language));
  pre.append(code);
  block.append(bar, pre);
  return block;
}

/** More text at the end of a block that is still being written. */
export function extendCode(block, text, language) {
  const code = block.querySelector('code');
  const { length } = code.textContent;
  if (length > HIGHLIGHT_MAX) code.append(text.slice(length));
  else code.replaceChildren(...nodesOf(text, language));
}
