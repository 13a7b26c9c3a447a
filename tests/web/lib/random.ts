/* Random numbers that a seed repeats. */

/** 0 <= x < 1, the same for the same numbers. */
export function chance(...numbers: number[]): number {
  let h = 0x9e3779b9;
  for (const n of numbers) {
    h = Math.imul(h ^ (n | 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return (h >>> 0) / 2 ** 32;
}

/** An integer, min <= n <= max. */
export function between(min: number, max: number, ...numbers: number[]): number {
  return min + Math.floor(chance(...numbers) * (max - min + 1));
}
