// Other work on the machine spoils a measurement, above all of code whose threads spin at barriers. Linux tells how
// long runnable tasks waited for a core (/proc/pressure/cpu): a sample during which that was more than STALL_MAX of the
// time is marked as disturbed. Elsewhere every sample counts as quiet.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export const STALL_MAX = 0.05;
const BUSY_CORES_MAX = 0.25;
const LOOK_MS = 1000;

function stalledMicroseconds() {
  try {
    return Number(/total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1]);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'EOPNOTSUPP')
      return NaN;
    throw error;
  }
}

function busyMilliseconds() {
  return os
    .cpus()
    .reduce((sum, { times }) => sum + times.user + times.sys + times.nice + times.irq, 0);
}

/** Runs `work`; returns {value, stall}: its result and the share of the time some task waited for a core. */
export async function watch(work) {
  const stalled = stalledMicroseconds();
  const start = performance.now();
  const value = await work();
  const share = (stalledMicroseconds() - stalled) / 1000 / (performance.now() - start);
  return { value, stall: Number.isNaN(share) ? 0 : share };
}

/** Waits until the cores are idle, at most `patienceMs`. Returns whether they are. */
export async function waitQuiet(patienceMs) {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const busy = busyMilliseconds();
    const { stall } = await watch(() => sleep(LOOK_MS));
    if (stall <= STALL_MAX && (busyMilliseconds() - busy) / LOOK_MS <= BUSY_CORES_MAX) return true;
  }
  return false;
}
