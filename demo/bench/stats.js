/* What samples become: a median, and how far they lie apart. */

export function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Above this, something else was going on: the figures of one machine left alone differ by less. */
export const SPREAD_MAX = 0.15;

/** Samples {value, isHidden} to {median, low, high, n, spread, isHidden}: those of a hidden page count only when there
 * are no others. `spread` is (high - low) / median; undefined without samples. */
export function summarise(samples) {
  const seen = samples.filter(({ isHidden }) => !isHidden);
  const used = (seen.length > 0 ? seen : samples).map(({ value }) => value);
  if (used.length === 0) return undefined;
  const middle = median(used);
  const low = Math.min(...used);
  const high = Math.max(...used);
  return {
    median: middle,
    low,
    high,
    n: used.length,
    spread: middle > 0 ? (high - low) / middle : 0,
    isHidden: seen.length === 0,
  };
}
