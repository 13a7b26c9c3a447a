/* Feeds a model into the engine: headers first, then the ranges that the engine wants, in file order, so that packing
 * goes on below while the next bytes arrive. A byte is copied once, from where it arrives to where the engine wants
 * it. */
import type { WantedRange } from '../abi/calls.ts';
import { canceledError, EngineError } from '../base/errors.ts';
import { HEADER_BYTES_FIRST } from '../base/limits.ts';
import type { ModelFile, ModelFiles, ReadTarget } from './model-file.ts';

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
  /** Where [at, at + bytes) of a wanted range go; good until the next call. */
  view(slot: number, at: number, bytes: number): Uint8Array;
  provide(slot: number, bytes: number): void;
  lastError(): EngineError;
}

export interface FulfilOptions<T extends LoadTarget> {
  readonly signal: AbortSignal;
  /** The model is described, nothing is reserved yet: an error when it does not fit. */
  checkPlan(target: T): void;
  /** A turn of the event loop. */
  breathe(): Promise<void>;
}

/** A file and what was read of it for its description: tensors may begin inside of that. */
class HeadedFile {
  readonly file: ModelFile;
  #head: Uint8Array[] = [];
  #headBytes = 0;

  constructor(file: ModelFile) {
    this.file = file;
  }

  get head(): readonly Uint8Array[] {
    return this.#head;
  }

  get headBytes(): number {
    return this.#headBytes;
  }

  /** Reads on until the head has `goal` bytes; false when the file ends before. */
  async extendHead(goal: number): Promise<boolean> {
    const wanted = goal - this.#headBytes;
    if (wanted <= 0) return true;
    const piece = new Uint8Array(wanted);
    const got = await this.file.read(this.#headBytes, wanted, (at, bytes) =>
      piece.subarray(at, at + bytes),
    );
    this.#head.push(piece.subarray(0, got));
    this.#headBytes += got;
    return got === wanted;
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const fromHead = Math.max(0, Math.min(bytes, this.#headBytes - offset));
    if (fromHead > 0) this.#copyHead(offset, fromHead, target);
    else this.#head = [];
    if (fromHead === bytes) return bytes;
    const rest = await this.file.read(offset + fromHead, bytes - fromHead, (at, n) =>
      target(fromHead + at, n),
    );
    return fromHead + rest;
  }

  #copyHead(offset: number, bytes: number, target: ReadTarget): void {
    let start = 0;
    for (const piece of this.#head) {
      const first = Math.max(offset, start);
      const end = Math.min(offset + bytes, start + piece.length);
      if (first < end)
        target(first - offset, end - first).set(piece.subarray(first - start, end - start));
      start += piece.length;
    }
  }
}

class Fulfilment<T extends LoadTarget> {
  readonly #target: T;
  readonly #options: FulfilOptions<T>;
  readonly #files: HeadedFile[] = [];
  readonly #model: ModelFiles;

  constructor(target: T, model: ModelFiles, options: FulfilOptions<T>) {
    this.#target = target;
    this.#model = model;
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#describe(0, this.#model.firstName);
    for (let idx = 1; idx < this.#target.nFiles; idx++)
      await this.#describe(idx, this.#target.fileName(this.#model.firstName, idx));
    this.#options.checkPlan(this.#target);
    this.#target.reserve();
    await this.#load();
  }

  /** Reads a file's start until the engine has enough of it. */
  async #describe(idx: number, name: string): Promise<void> {
    const headed = new HeadedFile(await this.#model.open(idx, name));
    const { file } = headed;
    this.#files.push(headed);
    let wanted: number | undefined = HEADER_BYTES_FIRST;
    while (wanted !== undefined) {
      const hasAll: boolean = await headed.extendHead(Math.min(wanted, file.bytes ?? wanted));
      if (this.#options.signal.aborted) throw canceledError(this.#options.signal);
      const held: number = headed.headBytes;
      const more: number | undefined = this.#target.describe(
        idx,
        headed.head,
        file.bytes ?? (hasAll ? undefined : held),
      );
      if (more !== undefined && (more <= held || !hasAll)) {
        throw new EngineError(
          'PHI_ECORRUPT',
          `${file.name}: the header needs ${more} bytes, the file has ${held}`,
          { where: file.name },
        );
      }
      wanted = more;
    }
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

  async #fill({ fileIdx, offset, bytes, slot }: WantedRange): Promise<void> {
    const headed = this.#files[fileIdx];
    if (headed === undefined) {
      throw new EngineError(
        'PHI_EPOISONED',
        `the engine wants bytes of file ${fileIdx}, which it never described`,
      );
    }
    const got = await headed.read(offset, bytes, (at, n) => this.#target.view(slot, at, n));
    if (got < bytes) {
      const { name } = headed.file;
      throw new EngineError(
        'PHI_ECORRUPT',
        `${name}: the file ends at byte ${offset + got}, expected ${bytes} bytes from ${offset} on`,
        { where: name },
      );
    }
    this.#target.provide(slot, bytes);
  }
}

/** Loads a model into an engine; the files are the caller's to finish and close. */
export async function fulfil<T extends LoadTarget>(
  target: T,
  model: ModelFiles,
  options: FulfilOptions<T>,
): Promise<void> {
  await new Fulfilment(target, model, options).run();
}
