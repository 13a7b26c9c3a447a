/* The table of conformance tests in docs/PROMPT_API.md, made of what the tests in Chromium left in build/e2e.
 *
 *   npm run test:browser && node tools/docs/conformance.mjs */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runMain, SetupError, say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const DOC = join(REPOSITORY, 'docs/PROMPT_API.md');
const RESULTS = join(REPOSITORY, 'build/e2e/prompt-api.json');
const BEGIN = '<!-- conformance: begin -->';
const END = '<!-- conformance: end -->';

function verdict(result) {
  return result?.failure === undefined ? 'passes' : '**fails**';
}

/** One row a test, one column a place where it ran. */
export function conformanceTable({ window, worker }) {
  const passed = (list) =>
    `${list.filter(({ failure }) => failure === undefined).length} of ${list.length}`;
  const rows = window.map((result, i) => {
    const other = worker[i];
    const hasFailed = result.failure !== undefined || other?.failure !== undefined;
    const why = hasFailed
      ? (result.departure ?? result.pending ?? result.failure ?? other.failure)
      : '';
    const cells = [result.group, result.name, verdict(result), verdict(other), why];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `${passed(window)} pass in a window, ${passed(worker)} in a dedicated worker.`,
    '',
    '| of | test | window | worker | why it fails |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** The document with this table between its marks. */
export function withTable(doc, table) {
  const [start, end] = [doc.indexOf(BEGIN), doc.indexOf(END)];
  if (start < 0 || end < start) throw new SetupError(`${DOC}: no place marked ${BEGIN} … ${END}`);
  return `${doc.slice(0, start)}${BEGIN}\n${table}\n${doc.slice(end)}`;
}

function readResults() {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8'));
  } catch (error) {
    throw new SetupError(`${RESULTS}: ${error.message}; run \`npm run test:browser\` first`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    const doc = readFileSync(DOC, 'utf8');
    writeFileSync(DOC, withTable(doc, conformanceTable(readResults())));
    say(`  ${DOC}: table written`);
  });
}
