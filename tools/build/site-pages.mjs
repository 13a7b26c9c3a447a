/* A page of demo/ on its way into the site: which scripts and styles it names, and the same page with the addresses of
 * what became of them. Pages are our own; a form that this does not know is refused, not guessed. */
import { readFileSync } from 'node:fs';
import { dirname, posix, resolve } from 'node:path';
import { SetupError } from '../setup/report.mjs';

const REFERENCE = /(<script type="module" src=|<link rel="stylesheet" href=)"([^":?#]+)"/g;
const HEAD_END = '</head>';
const HTML_TAG = /<html lang="en"/;

/** `file`: where the page is; `path`: where it will be in the site. */
export function readPage(file, path) {
  const text = readFileSync(file, 'utf8');
  for (const needed of [HEAD_END, '<meta name="viewport"', '<title>']) {
    if (!text.includes(needed)) throw new SetupError(`${file}: expected ${needed}`);
  }
  if (!HTML_TAG.test(text)) throw new SetupError(`${file}: expected <html lang="en">`);
  const references = [...text.matchAll(REFERENCE)].map(([, , name]) => name);
  const loads = [...text.matchAll(/<script\b[^>]*>|<link\b[^>]*rel="stylesheet"[^>]*>/g)];
  if (references.length !== loads.length) {
    throw new SetupError(
      `${file}: expected scripts and styles as <script type="module" src="…"> and <link rel="stylesheet" href="…">`,
    );
  }
  const entries = references.map((name) => resolve(dirname(file), name));
  return { file, path, text, entries };
}

/** The page's text with addresses relative to it. `outputs`: source file → { file, css } as paths in the site. */
export function completePage({ file, path, text }, outputs, { start, version }) {
  const from = (target) => posix.relative(posix.dirname(path), target);
  const styles = [];
  const replaced = text.replace(REFERENCE, (_, opening, name) => {
    const output = outputs.get(resolve(dirname(file), name));
    if (output.css) styles.push(`<link rel="stylesheet" href="${from(output.css)}" />`);
    return `${opening}"${from(output.file)}"`;
  });
  const head = [
    `<script src="${from(outputs.get(start).file)}"></script>`,
    ...styles,
    '<meta name="theme-color" content="#fdfcf9" media="(prefers-color-scheme: light)" />',
    '<meta name="theme-color" content="#181715" media="(prefers-color-scheme: dark)" />',
    `<link rel="icon" href="${from('icons/icon.svg')}" type="image/svg+xml" />`,
    `<link rel="apple-touch-icon" href="${from('icons/icon-180.png')}" />`,
    `<link rel="manifest" href="${from('manifest.webmanifest')}" />`,
  ];
  return replaced
    .replace(HTML_TAG, `$& data-version="${version}"`)
    .replace(HEAD_END, `  ${head.join('\n    ')}\n  ${HEAD_END}`);
}
