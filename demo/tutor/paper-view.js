/* Draws a paper (paper.js) as squares on the page, step by step; for screen readers it is a picture whose label tells
 * what stands in its rows. */
import { element } from '../site/text.js';
import { cellsAt, rowsAt } from './paper.js';

const place = (target, { row, column }, span = 1) => {
  target.style.gridArea = `${row + 1} / ${column + 1} / auto / span ${span}`;
};

function cellElement(cell) {
  const made = element('span', `square is-${cell.kind}`, cell.text);
  place(made, cell);
  return made;
}

function ruleElement({ row, first, last }, className) {
  const made = element('span', className);
  place(made, { row, column: first }, last - first + 1);
  return made;
}

/** What a cell says: signs in words, crossed digits as such. */
function cellWords({ text, isCrossed }, words) {
  if (isCrossed) return words.paperCrossed(text);
  return words.keys[text] ?? text;
}

/** The paper after a step, in words. */
export function describePaper(paper, step, words) {
  const rows = rowsAt(paper, step);
  if (paper.cells[0]?.kind === 'square') {
    const count = rows.at(-1)?.cells.at(-1)?.text ?? '0';
    return words.paper(
      `${words.paperTable(rows.length, paper.columns - 1)} ${words.paperRow(count)}`,
    );
  }
  const lines = rows.map(({ isSmall, cells }) => {
    const text = cells.map((cell) => cellWords(cell, words)).join(' ');
    return isSmall ? words.paperSmall(text) : words.paperRow(text);
  });
  return words.paper(lines.join(' '));
}

export class PaperView {
  /** A figure, to be put on the page. */
  figure = element('figure', 'paper');
  #paper;
  #step = 0;
  #marks = [];
  #timed = [];

  constructor(paper) {
    this.#paper = paper;
    const grid = element('div', 'squares');
    this.figure.style.setProperty('--columns', paper.columns);
    grid.style.setProperty('--rows', paper.rows);
    grid.setAttribute('aria-hidden', 'true');
    this.figure.setAttribute('role', 'img');
    for (const mark of paper.marks ?? []) {
      const made = element('span', 'mark');
      made.style.gridArea = `1 / ${mark.column + 1} / span ${paper.rows} / auto`;
      this.#marks.push({ made, at: mark.at });
      grid.append(made);
    }
    for (const cell of paper.cells) {
      const made = cellElement(cell);
      this.#timed.push({ made, cell });
      grid.append(made);
    }
    for (const rule of paper.rules) {
      const made = ruleElement(rule, 'rule');
      this.#timed.push({ made, cell: rule });
      grid.append(made);
    }
    if (paper.bracket) grid.append(ruleElement(paper.bracket, 'bracket'));
    this.figure.append(grid);
  }

  /** The paper as it is after a step (0: before the first), labelled in these words. */
  show(step, words) {
    this.#step = Math.min(step, this.#paper.steps);
    const there = new Map(
      cellsAt(this.#paper, this.#step).map((cell) => [this.#keyOf(cell), cell]),
    );
    for (const { made, cell } of this.#timed) {
      const isRule = cell.first !== undefined;
      const shown = there.get(this.#keyOf(cell));
      made.hidden = isRule ? cell.from > this.#step : shown === undefined;
      made.classList.toggle('crossed', shown?.isCrossed ?? false);
    }
    for (const { made, at } of this.#marks) made.hidden = at !== this.#step;
    this.describe(words);
  }

  describe(words) {
    this.figure.setAttribute('aria-label', describePaper(this.#paper, this.#step, words));
  }

  #keyOf({ row, column, from, kind }) {
    return `${row} ${column} ${from} ${kind}`;
  }
}
