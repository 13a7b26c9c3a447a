/* Progress of a load, a download or a check, as the page is told of it: bytes, their rate over the last seconds,
 * time left. */
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
  #alarm: ReturnType<typeof setTimeout> | undefined;
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

  /** Until the network is tried again. */
  wait(file: string, ms: number, reason: string): void {
    this.enter('wait', file, `${reason}; trying again in ${Math.ceil(ms / 1000)} s`);
  }

  /** Bytes that came over the network; negative ones have to be fetched again. */
  addFetched(bytes: number): void {
    this.#become('download');
    this.#fetched += bytes;
    this.#tellSometimes();
  }

  /** Bytes that were there from an earlier visit; negative ones are void. */
  addCached(bytes: number): void {
    if (this.#phase !== 'download') this.#become('load');
    this.#cached += bytes;
    this.#tellSometimes();
  }

  /** All has been read: what nobody asked for (padding between tensors) counts too. */
  complete(): void {
    const rest = Math.max(0, this.totalBytes - this.#fetched - this.#cached);
    if (this.#phase === 'download') this.#fetched += rest;
    else this.#cached += rest;
    this.#tell();
  }

  /** Stored bytes that were hashed. */
  addChecked(bytes: number): void {
    this.#cached += bytes;
    this.#tellSometimes();
  }

  #become(phase: Progress['phase']): void {
    if (this.#phase !== phase) this.enter(phase, this.#file);
  }

  /** What comes too soon after a report is in the next one, even if nothing more comes. */
  #tellSometimes(): void {
    const ms = this.#lastMs + PROGRESS_MS - performance.now();
    if (ms <= 0) this.#tell();
    else this.#alarm ??= setTimeout(() => this.#tell(), ms);
  }

  #tell(): void {
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
    const now = performance.now();
    const most = this.totalBytes > 0 ? this.totalBytes : Number.POSITIVE_INFINITY;
    const loaded = Math.min(most, Math.max(0, this.#fetched + this.#cached));
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
      fromCacheBytes: Math.min(loaded, Math.max(0, this.#cached)),
      bytesPerSecond: rate,
      secondsLeft: rate > 0 && left >= 0 && this.totalBytes > 0 ? left / rate : null,
      ...(this.#note !== undefined && { note: this.#note }),
    });
  }
}
