/* Drawings of the figures, by a library that is fetched when there is something to draw. A drawing says nothing that
 * the table beside it does not: screen readers are given its title, and the table. */
import * as Plot from '@observablehq/plot';

const BAR_HEIGHT = 34;
const LABEL_LINE = 26;
const AXIS_HEIGHT = 56;
const FILLS = { recorded: 'var(--line)', measured: 'var(--accent)', estimate: 'transparent' };

function figure(title, plot) {
  /* The library names the parts of a drawing, which is one image here. */
  for (const part of plot.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', title);
  const made = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  made.append(caption, plot);
  return made;
}

function scale(label) {
  return { label, labelOffset: 42, ticks: 5, tickFormat: '~s', grid: true, nice: true, zero: true };
}

function options(width) {
  return { width, style: { background: 'transparent', fontSize: '13px', fontFamily: 'inherit' } };
}

/** Bars by the number of threads with the spread of the rounds. `rows`: {label, median, low, high}. */
export function threadsChart(rows, { title, axis, width }) {
  const plot = Plot.plot({
    ...options(width),
    height: rows.length * BAR_HEIGHT + AXIS_HEIGHT + 20,
    marginBottom: AXIS_HEIGHT,
    marginLeft: 92,
    marginRight: 56,
    x: scale(axis),
    y: { label: null, domain: rows.map(({ label }) => label) },
    marks: [
      Plot.barX(rows, {
        x: 'median',
        y: 'label',
        fill: 'var(--accent)',
        insetTop: 5,
        insetBottom: 5,
      }),
      Plot.ruleY(rows, {
        x1: 'low',
        x2: 'high',
        y: 'label',
        stroke: 'currentColor',
        strokeWidth: 2,
      }),
      Plot.text(rows, {
        x: 'high',
        y: 'label',
        text: 'said',
        dx: 8,
        textAnchor: 'start',
        fill: 'currentColor',
      }),
      Plot.ruleX([0], { stroke: 'currentColor' }),
    ],
  });
  return figure(title, plot);
}

/** Bars of machines, each with its name above. `bars`: {label, kind, value, said}. An estimate is hollow. */
export function machinesChart(bars, { title, axis, width }) {
  const plot = Plot.plot({
    ...options(width),
    height: bars.length * (BAR_HEIGHT + LABEL_LINE) + AXIS_HEIGHT + 20,
    marginBottom: AXIS_HEIGHT,
    marginLeft: 12,
    marginRight: 56,
    x: scale(axis),
    y: { axis: null, domain: bars.map(({ label }) => label), paddingInner: 0.05 },
    marks: [
      Plot.barX(bars, {
        x: 'value',
        y: 'label',
        fill: ({ kind }) => FILLS[kind],
        stroke: ({ kind }) => (kind === 'estimate' ? 'var(--accent)' : 'none'),
        strokeWidth: 2,
        strokeDasharray: '5 3',
        insetTop: LABEL_LINE,
        insetBottom: 4,
      }),
      Plot.text(bars, {
        x: 0,
        y: 'label',
        text: 'label',
        textAnchor: 'start',
        dy: -BAR_HEIGHT / 2 + 2,
        fill: 'currentColor',
      }),
      Plot.text(bars, {
        x: 'value',
        y: 'label',
        text: 'said',
        dx: 8,
        dy: LABEL_LINE / 2 - 2,
        textAnchor: 'start',
        fill: 'currentColor',
      }),
      Plot.ruleX([0], { stroke: 'currentColor' }),
    ],
  });
  return figure(title, plot);
}
