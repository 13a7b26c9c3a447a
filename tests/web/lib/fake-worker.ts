/* A Worker that does nothing by itself: the test sees what the page sends, and answers. */
import type { ToPage, ToWorker } from '../../../web/worker/protocol.ts';

type Call = Extract<ToWorker, { type: 'call' }>;

export class FakeWorker {
  static last: FakeWorker | undefined;
  readonly sent: ToWorker[] = [];
  isTerminated = false;
  onmessage: ((event: { data: ToPage }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;

  constructor() {
    FakeWorker.last = this;
  }

  postMessage(message: ToWorker): void {
    this.sent.push(structuredClone(message));
  }

  terminate(): void {
    this.isTerminated = true;
  }

  answer(message: ToPage): void {
    this.onmessage?.({ data: message });
  }

  fail(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined });
  }

  /** The calls so far, by name. */
  calls(name?: Call['name']): Call[] {
    return this.sent.filter(
      (m): m is Call => m.type === 'call' && (name === undefined || m.name === name),
    );
  }

  get cancels(): number[] {
    return this.sent.flatMap((m) => (m.type === 'cancel' ? [m.id] : []));
  }
}

/** Puts the stand-in in place of Worker for new links. */
export function installFakeWorker(): void {
  Object.assign(globalThis, { Worker: FakeWorker });
}
