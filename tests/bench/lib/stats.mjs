// What samples become: a median over the undisturbed ones, or over all when none is.
import { STALL_MAX } from './quiet.mjs';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Samples {value, stall} to {value, best, worst, n, isQuiet}; undefined without samples. */
export function summarise(samples) {
  if (samples.length === 0) return undefined;
  const quiet = samples.filter(({ stall }) => stall <= STALL_MAX);
  const used = (quiet.length > 0 ? quiet : samples).map(({ value }) => value);
  return {
    value: median(used),
    best: Math.max(...used),
    worst: Math.min(...used),
    n: used.length,
    isQuiet: quiet.length > 0,
  };
}
