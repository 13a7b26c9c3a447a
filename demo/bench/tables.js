/* The figures as tables, which every reader can read. */
import { formatDay, formatNumber } from '../site/format.js';
import { element } from '../site/text.js';

const SYSTEMS = {
  pocketphi: 'PocketPhi',
  'wllama-old': 'wllama 2',
  'wllama-new': 'wllama',
  'llama-cpp': 'llama.cpp (native)',
  'llama-cpp-nofa': 'llama.cpp (native, no flash attention)',
};

/** Small figures with more digits. */
export function figureText(value) {
  return formatNumber(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

function put(table, headings, rows) {
  const head = element('thead');
  const titles = element('tr');
  for (const heading of headings) {
    const cell = element('th', '', heading);
    cell.scope = 'col';
    titles.append(cell);
  }
  head.append(titles);
  const body = element('tbody');
  for (const [first, ...rest] of rows) {
    const row = element('tr');
    const name = element('th', '', first);
    name.scope = 'row';
    row.append(name, ...rest.map((text) => element('td', '', text)));
    body.append(row);
  }
  table.replaceChildren(head, body);
}

function withRange({ median, low, high }, words) {
  return words.range(figureText(median), figureText(low), figureText(high));
}

/** Of one model here, a row for each number of threads. */
export function drawThreads(table, rows, words) {
  const { columns } = words;
  const lines = rows.map(({ threads, prefill, decode }) => [
    formatNumber(threads),
    withRange(prefill, words),
    withRange(decode, words),
  ]);
  put(table, [columns.threads, columns.prefill, columns.decode], lines);
}

/** What the recorded machines did, newest rows, all systems; this device first, if there is anything to say of it. */
export function drawMachines(table, rows, here, words) {
  const { columns } = words;
  const own = here.map(({ label, kind, model, threads, prefill, decode }) => [
    label,
    model,
    words.kinds[kind],
    formatNumber(threads),
    figureText(prefill),
    figureText(decode),
    '',
  ]);
  const recorded = rows.map(({ run, model, system, threads, prefill, decode }) => [
    words.machine(run.cpu, run.cores),
    model,
    SYSTEMS[system] ?? system,
    formatNumber(threads),
    figureText(prefill),
    figureText(decode),
    `${formatDay(new Date(run.date))}, ${run.commit}`,
  ]);
  const { machine, model, kind, threads, prefill, decode, date } = columns;
  put(table, [machine, model, kind, threads, prefill, decode, date], [...own, ...recorded]);
}
