/* Progress of a load, a download or a check, as the page is told of it: bytes, their rate over the last seconds, time left. */
import { PROGRESS_MS } from '../base/limits.ts';
import type { Progress } from './protocol.ts';

/* The rate is that of the last few seconds: what a user sees of a network that has just slowed down. */
const WINDOW_MS = 5000;

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

export class Meter {
  readonly #report: (progress: Progress) => void;
  readonly #samples: Sample[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;
  #phase: Progress['phase'] = 'plan';
  #file = '';
  #fetched = 0;
  #cached = 0;
  #note: string | undefined;
  /** 0: not known yet. */
  totalBytes = 0;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  /** Told at once. */
  enter(phase: Progress['phase'], file: string, note?: string): void {
    this.#phase = phase;
    this.#file = file;
    this.#note = note;
    this.#samples.length = 0;
    this.#tell();
  }

  /** Bytes that came over the network; negative ones have to be fetched again. */
  addFetched(bytes: number): void {
    this.#become('download');
    this.#fetched = Math.max(0, this.#fetched + bytes);
    this.#tellSometimes();
  }

  /** Bytes that were there from an earlier visit. */
  addCached(bytes: number): void {
    if (this.#phase !== 'download') this.#become('load');
    this.#cached = Math.max(0, this.#cached + bytes);
    this.#tellSometimes();
  }

  /** All has been read: what nobody asked for (padding between tensors) counts too. */
  complete(): void {
    this.#cached += Math.max(0, this.totalBytes - this.#fetched - this.#cached);
  }

  /** Stored bytes that were hashed. */
  addChecked(bytes: number): void {
    this.#cached += bytes;
    this.#tellSometimes();
  }

  #become(phase: Progress['phase']): void {
    if (this.#phase !== phase) this.enter(phase, this.#file);
  }

  #tellSometimes(): void {
    if (performance.now() - this.#lastMs >= PROGRESS_MS) this.#tell();
  }

  #tell(): void {
    const now = performance.now();
    const loaded = this.#fetched + this.#cached;
    this.#lastMs = now;
    this.#samples.push({ ms: now, bytes: loaded });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.ms ?? now) > WINDOW_MS)
      this.#samples.shift();
    const [oldest = { ms: now, bytes: loaded }] = this.#samples;
    const seconds = (now - oldest.ms) / 1000;
    const rate = seconds > 0 ? Math.max(0, (loaded - oldest.bytes) / seconds) : 0;
    const left = this.totalBytes - loaded;
    this.#report({
      phase: this.#phase,
      file: this.#file,
      loadedBytes: loaded,
      totalBytes: this.totalBytes,
      fromCacheBytes: this.#cached,
      bytesPerSecond: rate,
      secondsLeft: rate > 0 && left >= 0 && this.totalBytes > 0 ? left / rate : null,
      ...(this.#note !== undefined && { note: this.#note }),
    });
  }
}
