/* The page's end of the service worker: registers it, has it fetch the site's files once the page is idle, and tells
 * when they are all there or a new version waits. Without service workers (an insecure page, some private windows)
 * nothing happens: the page works as long as there is a network. */
import { siteUrl } from './root.js';
import { versionName } from './sw-files.js';

/** Calls `work` when the page has loaded and has nothing better to do. */
export function whenIdle(work) {
  const idle = globalThis.requestIdleCallback ?? ((fn) => setTimeout(fn, 200));
  const wait = () => idle(() => void work(), { timeout: 5000 });
  if (document.readyState === 'complete') wait();
  else addEventListener('load', wait, { once: true });
}

/** As long as the page lives, its version's files are not deleted (sw.js asks who holds these). */
function holdVersion() {
  const { version } = document.documentElement.dataset;
  const name = versionName(siteUrl(''), version);
  const forEver = () => new Promise(() => undefined);
  navigator.locks?.request(name, { mode: 'shared' }, forEver).catch((error) => {
    console.warn(`offline: ${error.message}`);
  });
}

export class Offline {
  #container = navigator.serviceWorker;
  #onReady;
  #onUpdate;
  #registration;

  /** `onReady`: all of this version is in the browser's cache. `onUpdate`: a new version waits for update(). */
  constructor({ onReady, onUpdate }) {
    this.#onReady = onReady;
    this.#onUpdate = onUpdate;
  }

  /** Resolves when the worker is registered, or not to be had. */
  async begin() {
    if (this.#container === undefined) return;
    holdVersion();
    this.#container.addEventListener('message', ({ data }) => {
      if (data?.type === 'filled') this.#onReady();
      if (data?.type === 'not-filled') console.warn(`offline: ${data.reason}`);
    });
    try {
      this.#registration = await this.#container.register(siteUrl('sw.js'), { scope: siteUrl('') });
    } catch (error) {
      console.warn(`offline: ${error.message}`);
    }
    if (!this.#registration) return;
    this.#watch();
    whenIdle(async () => (await this.#container.ready).active?.postMessage({ type: 'fill' }));
  }

  /** The page again, of the version that waits. Other tabs stay as they are. */
  update() {
    const { waiting } = this.#registration;
    if (!waiting) {
      location.reload(); /* another tab has let it in already */
      return;
    }
    /* Chromium puts it off, for half a minute at most, when the old worker is given work just now. */
    this.#container.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage({ type: 'activate' });
  }

  #watch() {
    const registration = this.#registration;
    if (registration.waiting) this.#onUpdate();
    registration.addEventListener('updatefound', () => {
      const { installing, active } = registration;
      if (!active) return; /* the first one */
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed') this.#onUpdate();
      });
    });
  }
}
