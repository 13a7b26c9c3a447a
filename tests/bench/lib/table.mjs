// Markdown tables with aligned columns.

/** Text of a table: `header` and `rows` are arrays of strings; the first column is left-aligned. */
export function formatTable(header, rows) {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i].length)),
  );
  const line = (cells) => `| ${cells.map((cell, i) => pad(cell, widths[i], i)).join(' | ')} |`;
  const dashes = (i) => (i === 0 ? '-'.repeat(widths[i] + 2) : `${'-'.repeat(widths[i] + 1)}:`);
  const rule = `|${header.map((_, i) => dashes(i)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

function pad(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** A summary of samples as text; `~` marks one taken while the machine was busy with other work. */
export function formatSummary(summary, digits = 1) {
  return summary === undefined
    ? '-'
    : `${summary.isQuiet ? '' : '~'}${summary.value.toFixed(digits)}`;
}
