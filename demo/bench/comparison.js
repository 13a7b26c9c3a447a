/* This device beside the recorded machines: bars of one model, Phi-3-mini. A device that has not run it gets what its
 * kernels promise, marked as an estimate. */

/** Parameters of Phi-3-mini, give or take what conversions add. */
const MINI_PARAMETERS = 3.82e9;
const SAME_SHARE = 0.02;

export function isMini({ parameters }) {
  return Math.abs(parameters - MINI_PARAMETERS) < MINI_PARAMETERS * SAME_SHARE;
}

/** Rows of all runs with their run; of a machine's rows for the same system, model and threads the newest. */
export function newestRows({ runs }) {
  const newest = new Map();
  for (const run of runs) {
    for (const row of run.rows) {
      const key = [run.cpu, run.cores, row.system, row.model, row.threads].join('|');
      const known = newest.get(key);
      if (known === undefined || known.run.date < run.date) newest.set(key, { ...row, run });
    }
  }
  return [...newest.values()];
}

/** Bars {kind: 'recorded' | 'measured' | 'estimate', prefill, decode, row}; of the recorded, our own engine's. */
export function compare(machines, { kernels, model, rows = [] } = {}) {
  const bars = newestRows(machines)
    .filter(({ system }) => system === 'pocketphi')
    .map((row) => ({ kind: 'recorded', prefill: row.prefill, decode: row.decode, row }));
  const best = rows.at(-1);
  if (model !== undefined && best !== undefined && isMini(model)) {
    const { prefill, decode } = best;
    bars.push({ kind: 'measured', prefill: prefill.median, decode: decode.median, row: best });
  } else if (kernels?.decode !== undefined) {
    const { prefill, decode } = kernels;
    bars.push({ kind: 'estimate', prefill: prefill.median, decode: decode.median, row: kernels });
  }
  return bars;
}
