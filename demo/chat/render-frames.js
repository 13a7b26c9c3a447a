/* Work on the page in slices, one an animation frame, so that typing and scrolling stay smooth whatever a model writes.
 * All streams of a page share one: their slices add up within a frame. */

const SLICE_MS = 8;
/* A hidden tab has no frames; its text goes on. */
const HIDDEN_MS = 200;

export class Frames {
  #jobs = new Set();
  #isAsked = false;

  /** Calls `job(isOver)` in each frame until it returns false; it returns, with true, soon after isOver() is true. */
  run(job) {
    this.#jobs.add(job);
    this.#ask();
  }

  stop(job) {
    this.#jobs.delete(job);
  }

  #ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    let isDone = false;
    const once = () => {
      if (isDone) return;
      isDone = true;
      this.#isAsked = false;
      this.#slice();
    };
    requestAnimationFrame(once);
    setTimeout(once, HIDDEN_MS);
  }

  #slice() {
    const end = performance.now() + SLICE_MS;
    const isOver = () => performance.now() >= end;
    for (const job of [...this.#jobs]) {
      if (isOver()) break;
      /* Behind the others for the next frame; one that is asked for again meanwhile is in the set again. */
      this.#jobs.delete(job);
      if (job(isOver)) this.#jobs.add(job);
    }
    if (this.#jobs.size > 0) this.#ask();
  }
}
