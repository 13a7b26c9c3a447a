/* Feeds a model into the engine: headers first, then the ranges that the engine wants, in file order out of one stream, so
 * that packing goes on below while the next bytes arrive. A byte is copied once, from the stream's piece to where the
 * engine wants it. */
import type { WantedRange } from '../abi/calls.ts';
import { canceledError, EngineError } from '../base/errors.ts';
import { HEADER_BYTES_FIRST, PROGRESS_MS } from '../base/limits.ts';
import type { ModelSource, Progress } from './protocol.ts';
import { FileReader, openSource, splitNamesOf } from './sources.ts';

/** The engine while it loads (EngineHandle, or a stand-in in tests). */
export interface LoadTarget {
  readonly state: string;
  readonly nFiles: number;
  describe(
    fileIdx: number,
    pieces: readonly Uint8Array[],
    fileBytes: number | undefined,
  ): number | undefined;
  fileName(firstName: string, fileIdx: number): string;
  reserve(): void;
  wants(): WantedRange[];
  write(slot: number, at: number, piece: Uint8Array): void;
  provide(slot: number, bytes: number): void;
  lastError(): EngineError;
}

export interface FulfilOptions<T extends LoadTarget> {
  readonly signal: AbortSignal;
  onProgress(progress: Progress): void;
  /** The model is described, nothing is reserved yet: the bytes to come, or an error when it does not fit. */
  checkPlan(target: T): number;
  /** A turn of the event loop. */
  breathe(): Promise<void>;
}

class Meter {
  readonly #report: (progress: Progress) => void;
  readonly #start = performance.now();
  #last = 0;
  #loaded = 0;
  total = 0;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  add(file: string, bytes: number): void {
    this.#loaded += bytes;
    if (performance.now() - this.#last >= PROGRESS_MS) this.tell('download', file);
  }

  tell(phase: Progress['phase'], file: string): void {
    this.#last = performance.now();
    const seconds = (this.#last - this.#start) / 1000;
    this.#report({
      phase,
      file,
      loadedBytes: this.#loaded,
      totalBytes: this.total,
      fromCacheBytes: 0,
      bytesPerSecond: seconds > 0 ? this.#loaded / seconds : 0,
    });
  }
}

class Fulfilment<T extends LoadTarget> {
  readonly #target: T;
  readonly #options: FulfilOptions<T>;
  readonly #readers: [FileReader, ...FileReader[]];
  readonly #meter: Meter;
  readonly #source: ModelSource;

  constructor(target: T, first: FileReader, source: ModelSource, options: FulfilOptions<T>) {
    this.#target = target;
    this.#readers = [first];
    this.#source = source;
    this.#options = options;
    this.#meter = new Meter(options.onProgress);
  }

  async run(): Promise<void> {
    try {
      await this.#describeAll();
      this.#meter.total = this.#options.checkPlan(this.#target);
      this.#target.reserve();
      await this.#load();
      this.#meter.tell('load', this.#readers[0].source.name);
    } finally {
      await Promise.allSettled(this.#readers.map((reader) => reader.close()));
    }
  }

  async #describeAll(): Promise<void> {
    const { signal } = this.#options;
    const [first] = this.#readers;
    this.#meter.tell('plan', first.source.name);
    await this.#describe(first, 0);
    const { nFiles } = this.#target;
    if (nFiles === 1) return;
    const names = splitNamesOf(this.#source, signal);
    /* A server gives a page few connections at a time: none is kept between a header and its tensors. */
    await first.close();
    for (let idx = 1; idx < nFiles; idx++) {
      const reader = new FileReader(names.open(this.#target.fileName(names.first, idx)));
      this.#readers.push(reader);
      await this.#describe(reader, idx);
      await reader.close();
    }
  }

  /** Reads a file's start until the engine has enough of it, then puts it back for the tensors behind. */
  async #describe(reader: FileReader, idx: number): Promise<void> {
    const pieces: Uint8Array[] = [];
    let held = 0;
    let wanted: number | undefined = HEADER_BYTES_FIRST;
    await reader.seek(0);
    while (wanted !== undefined) {
      const goal: number = Math.min(wanted, reader.fileBytes ?? wanted);
      while (held < goal) {
        const piece = await reader.read(Number.POSITIVE_INFINITY);
        if (piece === undefined) break;
        pieces.push(piece);
        held += piece.length;
      }
      if (this.#options.signal.aborted) throw canceledError(this.#options.signal);
      /* A stream that ended says how long the file is. */
      const fileBytes: number | undefined = reader.fileBytes ?? (held < goal ? held : undefined);
      const more: number | undefined = this.#target.describe(idx, pieces, fileBytes);
      if (more !== undefined && (more <= held || held < goal)) {
        throw new EngineError(
          'PHI_ECORRUPT',
          `${reader.source.name}: the header needs ${more} bytes, the file has ${held}`,
          { where: reader.source.name },
        );
      }
      wanted = more;
    }
    reader.rewind(pieces);
  }

  async #load(): Promise<void> {
    while (this.#target.state === 'loading') {
      const ranges = this.#target.wants();
      /* None while loading: the engine waited for its packers, and will want more or be ready. */
      if (ranges.length === 0) await this.#options.breathe();
      for (const range of ranges) await this.#fill(range);
      if (this.#options.signal.aborted) throw canceledError(this.#options.signal);
    }
    if (this.#target.state !== 'ready') throw this.#target.lastError();
  }

  async #fill(range: WantedRange): Promise<void> {
    const reader = this.#readers[range.fileIdx];
    if (reader === undefined) {
      throw new EngineError(
        'PHI_EPOISONED',
        `the engine wants bytes of file ${range.fileIdx}, which it never described`,
      );
    }
    await reader.seek(range.offset);
    let filled = 0;
    while (filled < range.bytes) {
      const piece = await reader.read(range.bytes - filled);
      if (piece === undefined) {
        throw new EngineError(
          'PHI_ECORRUPT',
          `${reader.source.name}: the file ends at byte ${range.offset + filled}, expected ${range.bytes} bytes from ${range.offset} on`,
          { where: reader.source.name },
        );
      }
      this.#target.write(range.slot, filled, piece);
      filled += piece.length;
      this.#meter.add(reader.source.name, piece.length);
    }
    this.#target.provide(range.slot, range.bytes);
  }
}

/** `opening` may still be under way: the file's first bytes come meanwhile. */
export async function fulfil<T extends LoadTarget>(
  opening: T | Promise<T>,
  source: ModelSource,
  options: FulfilOptions<T>,
): Promise<T> {
  const first = new FileReader(openSource(source, options.signal));
  try {
    const [target] = await Promise.all([opening, first.seek(0)]);
    await new Fulfilment(target, first, source, options).run();
    return target;
  } finally {
    await first.close();
  }
}
