/* The watch itself: a frame every so often, one after the other; a frame that takes longer than that delays the next
 * one, and none is left waiting. Knows no page and no engine. */

/** Waits, or ends at once when the signal does. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** `look()` gives what is known of a frame of now. `onWait(ms)` before each pause, `onFrame(seen)` after each look,
 *  with `seconds`. Resolves when the signal is aborted; what look() throws ends it. `wait` and `now` (ms) are for
 *  tests. */
export async function watch({
  look,
  everyMs,
  signal,
  onFrame,
  onWait,
  wait = pause,
  now = () => performance.now(),
}) {
  while (!signal.aborted) {
    const begin = now();
    const seen = await look();
    if (signal.aborted) return;
    const took = now() - begin;
    onFrame({ ...seen, seconds: took / 1000 });
    const left = Math.max(0, everyMs - took);
    onWait(left);
    await wait(left, signal);
  }
}
