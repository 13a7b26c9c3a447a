/* What Engine.probe() found, in words: what the browser has, and where it could do better, why not and the remedy. */
import { formatBytes } from '../site/format.js';

/* Of what a site may store, less than this is little for a language model. */
const ROOM_BYTES_MIN = 3e9;

function threads(probe, words) {
  if (probe.threads > 1) return { text: words.threads(probe.threads) };
  if (!probe.crossOriginIsolated) {
    const remedy = probe.isSecure && probe.hasServiceWorker ? words.reload : words.noIsolation;
    return { text: words.oneThread, remedy };
  }
  if (!probe.sharedMemory) return { text: words.oneThread, remedy: words.noSharedMemory };
  return { text: words.oneProcessor };
}

function kernels(probe, words) {
  if (probe.relaxed) return { text: words.relaxed };
  return probe.simd
    ? { text: words.simd, remedy: words.noRelaxed }
    : { text: words.noSimd, remedy: words.simdBrowsers };
}

function memory(probe, words) {
  const { maxHeapBytes, deviceGigabytes } = probe;
  const text = words.memory(formatBytes(maxHeapBytes));
  return { text, remedy: deviceGigabytes === null ? undefined : words.device(deviceGigabytes) };
}

function storage(probe, words) {
  const { usageBytes, quotaBytes, isPersisted } = probe.storage;
  if (quotaBytes === null) return { text: words.noRoom, remedy: words.noRoomRemedy };
  const room = Math.max(0, quotaBytes - (usageBytes ?? 0));
  const text = words.room(formatBytes(room), formatBytes(usageBytes ?? 0));
  if (room < ROOM_BYTES_MIN) return { text, remedy: words.littleRoom };
  return { text, remedy: isPersisted === null ? undefined : words.persisted[isPersisted] };
}

function offline(probe, words) {
  return probe.hasServiceWorker
    ? { text: words.offline }
    : { text: words.noOffline, remedy: words.noOfflineRemedy };
}

/** `probe`: what Engine.probe() gives, and { isSecure, hasServiceWorker, deviceGigabytes (or null) }. Returns
 *  { term, text, remedy? } each. */
export function describeBrowser(probe, words) {
  const facts = { threads, kernels, memory, storage, offline };
  return Object.entries(facts).map(([name, describe]) => ({
    term: words.terms[name],
    ...describe(probe, words),
  }));
}
