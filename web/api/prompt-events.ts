/* Events: handlers that are attributes, and the monitor of create(). */
import type { CreateMonitor } from './prompt-types.ts';
import { finishInterface } from './prompt-webidl.ts';

type Handler<E extends Event> = ((event: E) => unknown) | null;

/** One on… attribute. It is called in the order in which it was first set, and what is not a function clears it. */
export class EventHandler<E extends Event> {
  readonly #target: EventTarget;
  readonly #type: string;
  #handler: Handler<E> = null;

  constructor(target: EventTarget, type: string) {
    this.#target = target;
    this.#type = type;
  }

  get value(): Handler<E> {
    return this.#handler;
  }

  set value(handler: unknown) {
    const isFirst = this.#handler === null;
    this.#handler = typeof handler === 'function' ? (handler as Handler<E>) : null;
    if (this.#handler === null) this.#target.removeEventListener(this.#type, this.#listener);
    else if (isFirst) this.#target.addEventListener(this.#type, this.#listener);
  }

  readonly #listener = (event: Event): void => {
    this.#handler?.call(this.#target, event as E);
  };
}

class Monitor extends EventTarget implements CreateMonitor {
  readonly #onProgress = new EventHandler<ProgressEvent>(this, 'downloadprogress');

  get ondownloadprogress(): Handler<ProgressEvent> {
    return this.#onProgress.value;
  }

  set ondownloadprogress(handler: Handler<ProgressEvent>) {
    this.#onProgress.value = handler;
  }
}
finishInterface(Monitor, 'CreateMonitor');

/* What the specification rounds to, so that events do not tell the size of a download. */
const STEPS = 0x10000;

/** Fires downloadprogress: 0 first, 1 last, rising between, until end(). */
export class DownloadMonitor {
  readonly #monitor = new Monitor();
  #loaded = -1;
  #hasEnded = false;

  /** Throws what the callback throws. */
  constructor(callback: ((...args: readonly unknown[]) => unknown) | undefined) {
    callback?.(this.#monitor);
  }

  /** `share`: 0…1. */
  tell(share: number): void {
    const loaded = Math.floor(Math.min(Math.max(share, 0), 1) * STEPS) / STEPS;
    if (this.#hasEnded || !(loaded > this.#loaded)) return;
    this.#loaded = loaded;
    this.#monitor.dispatchEvent(
      new ProgressEvent('downloadprogress', { lengthComputable: true, loaded, total: 1 }),
    );
  }

  end(): void {
    this.#hasEnded = true;
  }
}
