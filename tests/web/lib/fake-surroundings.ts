/* Time that passes when a test says so: waits end at once and are recorded, alarms ring by hand. Counts live memory. */
import type { Surroundings } from '../../../web/net/surroundings.ts';

export class FakeSurroundings implements Surroundings {
  /** Milliseconds of every wait so far. */
  readonly waits: number[] = [];
  readonly #alarms = new Set<() => void>();
  readonly #online = new Set<() => void>();
  #time = Date.parse('2024-07-01T12:00:00Z');
  #isOnline = true;
  allocated = 0;
  /** What random() gives. */
  chance = 1;

  now(): number {
    return this.#time;
  }

  random(): number {
    return this.chance;
  }

  async wait(ms: number, signal: AbortSignal, untilOnline: boolean): Promise<void> {
    this.waits.push(ms);
    if (untilOnline && !this.#isOnline) await this.#nextOnline(signal);
    else this.#time += ms;
  }

  alarm(_ms: number, ring: () => void): () => void {
    this.#alarms.add(ring);
    return () => this.#alarms.delete(ring);
  }

  isOnline(): boolean {
    return this.#isOnline;
  }

  allocate(bytes: number): Uint8Array<ArrayBuffer> {
    this.allocated++;
    return new Uint8Array(bytes);
  }

  /** Every alarm that is set rings once. */
  ring(): void {
    for (const ring of [...this.#alarms]) {
      this.#alarms.delete(ring);
      ring();
    }
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  goOffline(): void {
    this.#isOnline = false;
  }

  goOnline(): void {
    this.#isOnline = true;
    for (const resolve of this.#online) resolve();
    this.#online.clear();
  }

  #nextOnline(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#online.add(resolve);
      signal.addEventListener('abort', () => resolve());
    });
  }
}
