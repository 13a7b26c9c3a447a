// First and second visits, as text and as targets.
import { formatTable } from './table.mjs';

const MIB = 2 ** 20;

export function storageText({ name, bytes, storage }) {
  if (storage === undefined) return '';
  const lines = storage.map((row) => [
    row.title,
    seconds(row.first),
    seconds(row.baseline),
    seconds(row.unhashed),
    seconds(row.second),
    seconds(row.raw),
    mebibytes(row.memory.baselinePeakBytes),
    peak(row, 'firstPeakBytes'),
    peak(row, 'secondPeakBytes'),
    mebibytes(row.memory.idleBytes),
    mebibytes(row.memory.destroyedBytes),
  ]);
  const header = [
    `${name} (${(bytes / 1e9).toFixed(2)} GB), seconds`,
    'first visit',
    'fetch, hash, store',
    'fetch, store',
    'second visit',
    'raw read',
    'peak MiB: fetch, hash, store',
    'first visit',
    'second visit',
    'MiB before',
    'when destroyed',
  ];
  const failed = storage
    .filter(({ error }) => error !== undefined)
    .map(({ title, error }) => `  ${title}: ${error}`);
  const legend =
    '  renderer memory; the peaks of PocketPhi are over weights + KV, those of the others are all of it';
  return [formatTable(header, lines), legend, ...failed].join('\n');
}

/** Targets of one model: {title, value, unit, least, aim}. */
export function storageTargets({ storage = [] }) {
  return storage.filter(({ isOurs }) => isOurs).flatMap(rowTargets);
}

function rowTargets({ title, kind, first, baseline, second, raw }) {
  const target = (what, value, least, aim, unit = 'x') => ({
    title: `${title}: ${what}`,
    value,
    unit,
    least,
    aim,
  });
  return [
    target('first visit / fetch, hash, store', ratio(first, baseline), 1.15, 1.05),
    kind === 'opfs'
      ? target('second visit', toSeconds(second), 3, 1.5, ' s')
      : target('second visit / raw read', ratio(second, raw), 1.15, 1.05),
  ];
}

function ratio(a, b) {
  return a === undefined || b === undefined ? undefined : a.value / b.value;
}

function toSeconds(summary) {
  return summary === undefined ? undefined : summary.value / 1000;
}

function seconds(summary) {
  return summary === undefined ? '-' : (summary.value / 1000).toFixed(2);
}

function peak({ isOurs, memory }, name) {
  const over = isOurs ? memory.heldBytes : 0;
  return memory[name] === undefined ? '-' : mebibytes(memory[name] - over);
}

function mebibytes(bytes) {
  return bytes === undefined ? '-' : (bytes / MIB).toFixed(0);
}
