/* Keeps the screen on while a watch goes on, where the browser can. It lets go when the page is hidden, and holds
 * again when it is shown. */
export class Awake {
  #lock;
  #isWanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.#hold();
    });
  }

  /** Whether the browser can at all. */
  get isPossible() {
    return navigator.wakeLock !== undefined;
  }

  begin() {
    this.#isWanted = true;
    void this.#hold();
  }

  end() {
    this.#isWanted = false;
    void this.#lock?.release();
    this.#lock = undefined;
  }

  async #hold() {
    if (!this.#isWanted || !this.isPossible) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (!this.#isWanted) {
        await lock.release();
        return;
      }
      this.#lock = lock;
    } catch {
      /* A battery that is low refuses it: the watch goes on, the screen may go dark. */
    }
  }
}
