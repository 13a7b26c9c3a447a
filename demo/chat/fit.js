/* Which models of the registry are offered, and whether one fits this device: in numbers; the page has the words. */

/** By their ids, in the order in which they are shown. */
export const OFFERED = ['phi-3-mini-4k-q4', 'phi-3.5-mini', 'phi-4-mini', 'phi-3-medium-4k'];
const CONTEXT_MAX = 4096;
/* A cache of bytes and scales instead of halves. */
const Q8_SHARE = 0.53;
/* The browser and the system need room too. */
const DEVICE_SHARE = 0.8;

/** Bytes of memory: weights and cache. */
export function memoryOf({ needs, contextLength }, { context, kvType }) {
  const tokens = Math.min(context ?? CONTEXT_MAX, contextLength);
  const cache = needs.kvBytesPerToken * tokens * (kvType === 'q8' ? Q8_SHARE : 1);
  return needs.weightBytes + cache;
}

/** 'fits'; 'tight': more than this device seems to have; 'large': more than this build can hold; 'planned': its
 *  architecture is not implemented. `deviceBytes`: what the browser tells of the device, or undefined. */
export function fitOf(model, options, { maxHeapBytes, deviceBytes }) {
  if (model.state === 'planned') return 'planned';
  const bytes = memoryOf(model, options);
  if (model.state === 'needs memory64' || bytes > maxHeapBytes) return 'large';
  /* Browsers tell no more than 8 or 32 GB: what is above that may be anything. */
  return deviceBytes !== undefined && bytes > deviceBytes * DEVICE_SHARE ? 'tight' : 'fits';
}

/** Tokens a second, from what the kernels read in a second; undefined when that is not known. */
export function decodeRate({ needs }, speed) {
  return speed ? (speed.gemvGigabytesPerSecond * 1e9) / needs.weightBytes : undefined;
}
