/* The JavaScript heaps of a page and of its workers, after a collection of garbage. */
import type { CDPSession } from 'playwright-core';

interface Reply {
  readonly id?: number;
  readonly result?: { readonly usedSize?: number };
}

export class JsHeaps {
  readonly #page: CDPSession;
  readonly #workers = new Set<string>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  private constructor(page: CDPSession) {
    this.#page = page;
  }

  /** Before the page starts its workers. */
  static async open(page: CDPSession): Promise<JsHeaps> {
    const heaps = new JsHeaps(page);
    page.on('Target.attachedToTarget', ({ sessionId }) => heaps.#workers.add(sessionId));
    page.on('Target.detachedFromTarget', ({ sessionId }) => heaps.#workers.delete(sessionId));
    page.on('Target.receivedMessageFromTarget', ({ message }) => {
      const reply = JSON.parse(message) as Reply;
      if (reply.id !== undefined) heaps.#waiting.get(reply.id)?.(reply);
    });
    await page.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    return heaps;
  }

  async usedBytes(): Promise<{ readonly page: number; readonly workers: number }> {
    /* The second collection takes what finalisers of the first let go. */
    for (let round = 0; round < 2; round++) {
      await this.#page.send('HeapProfiler.collectGarbage');
      for (const worker of this.#workers) await this.#ask(worker, 'HeapProfiler.collectGarbage');
    }
    const { usedSize } = await this.#page.send('Runtime.getHeapUsage');
    let workers = 0;
    for (const worker of this.#workers)
      workers += (await this.#ask(worker, 'Runtime.getHeapUsage')).result?.usedSize ?? 0;
    return { page: usedSize, workers };
  }

  async #ask(sessionId: string, method: string): Promise<Reply> {
    const id = ++this.#lastId;
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({ id, method });
    await this.#page.send('Target.sendMessageToTarget', { sessionId, message });
    const answered = await reply;
    this.#waiting.delete(id);
    return answered;
  }
}
